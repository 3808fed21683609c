/** Makes a runnable plan of a CreateTransformJob request; refuses what is not built by name. */
import type {
  BatchDataCaptureConfig,
  CreateTransformJobRequest,
  DataProcessing,
  TransformInput,
  TransformOutput,
} from '@aws-sdk/client-sagemaker';
import { executionRoleOf } from '../../engines/hosting/execution-role.ts';
import type { Model } from '../../engines/hosting/rows.ts';
import { parseObjectUri } from '../../engines/objects/space.ts';
import { type Path, parsePath } from '../../engines/transform/path.ts';
import { kindOf, sameForm } from '../../engines/transform/records.ts';
import type {
  TransformCapture,
  TransformModel,
  TransformPlan,
  TransformSource,
  TransformTarget,
} from '../../engines/transform/rows.ts';
import { secondMs } from '../../kernel/clock.ts';
import { checkedEnvironment } from './environment.ts';
import { faults } from './faults.ts';

const mebibyte = 1024 * 1024;
const defaultPayloadMb = 6;
/** Of all requests in flight together, and so of one as well. */
const mostPayloadMb = 100;
const defaultTimeoutSeconds = 600;
const mostTimeoutSeconds = 3_600;
const defaultRetries = 3;
const mostRetries = 3;

export function transformPlan(request: CreateTransformJobRequest, model: Model): TransformPlan {
  refuseUnbuilt(request);
  const source = sourceOf(request.TransformInput);
  const target = targetOf(request.TransformOutput);
  const load = loadOf(request);
  const singleRecord = request.BatchStrategy === 'SingleRecord';
  const capture = captureOf(request.DataCaptureConfig);
  const volumeKeyId = request.TransformResources?.VolumeKmsKeyId;
  return {
    model: modelOf(request, model, { ...load, singleRecord }),
    source,
    target,
    singleRecord,
    payloadBytes: (load.payloadMb || mostPayloadMb) * mebibyte,
    concurrency: load.concurrency,
    ...clientOf(request),
    ...processingOf(request.DataProcessing, source, target),
    ...(capture ? { capture } : {}),
    ...(volumeKeyId ? { volumeKeyId } : {}),
  };
}

function refuseUnbuilt({ DataCaptureConfig }: Request): void {
  if (DataCaptureConfig?.KmsKeyId) throw faults.notImplemented('DataCaptureConfig.KmsKeyId');
}

type Request = CreateTransformJobRequest;

const splits: Readonly<Record<string, 'None' | 'Line'>> = { None: 'None', Line: 'Line' };

function sourceOf(input: TransformInput | undefined): TransformSource {
  const from = input?.DataSource?.S3DataSource;
  const member = 'transformInput.dataSource.s3DataSource';
  if (!from) throw faults.badMember(member, 'Member must not be null');
  if (from.S3DataType !== 'S3Prefix' && from.S3DataType !== 'ManifestFile') {
    throw faults.notImplemented(`S3DataType ${from.S3DataType}`);
  }
  const split = splits[input.SplitType ?? 'None'];
  if (!split) throw faults.notImplemented(`SplitType ${input.SplitType}`);
  return {
    uri: checkedUri(`${member}.s3Uri`, from.S3Uri),
    isManifest: from.S3DataType === 'ManifestFile',
    ...(input.ContentType ? { contentType: input.ContentType } : {}),
    gzip: input.CompressionType === 'Gzip',
    split,
  };
}

function targetOf(output: TransformOutput | undefined): TransformTarget {
  return {
    uri: checkedUri('transformOutput.s3OutputPath', output?.S3OutputPath),
    ...(output?.Accept ? { accept: output.Accept } : {}),
    assemble: output?.AssembleWith === 'Line' ? 'Line' : 'None',
    ...(output?.KmsKeyId ? { keyId: output.KmsKeyId } : {}),
  };
}

function captureOf(config: BatchDataCaptureConfig | undefined): TransformCapture | undefined {
  if (!config) return undefined;
  const destinationUri = checkedUri('dataCaptureConfig.destinationS3Uri', config.DestinationS3Uri);
  return { destinationUri, marksRecords: config.GenerateInferenceId ?? false };
}

function checkedUri(member: string, uri: string | undefined): string {
  if (!uri) throw faults.badMember(member, 'Member must not be null');
  const parsed = parseObjectUri(uri);
  if (!parsed.ok) throw faults.badMember(member, parsed.reason);
  return uri;
}

function within(member: string, value: number, [least, most]: readonly [number, number]): number {
  if (value >= least && value <= most) return value;
  throw faults.badMember(member, `Member must be between ${least} and ${most}`);
}

interface Load {
  /** 0: as much as a request may carry. */
  readonly payloadMb: number;
  readonly concurrency: number;
}

/** 0 concurrent transforms leave the number to the model, which is not asked: it means one. */
function loadOf({ MaxPayloadInMB, MaxConcurrentTransforms }: Request): Load {
  const asked = MaxPayloadInMB ?? defaultPayloadMb;
  const payloadMb = within('maxPayloadInMB', asked, [0, mostPayloadMb]);
  const most = [0, Number.MAX_SAFE_INTEGER] as const;
  const concurrency = within('maxConcurrentTransforms', MaxConcurrentTransforms ?? 0, most) || 1;
  if (concurrency * (payloadMb || 1) > mostPayloadMb) {
    throw faults.badMember(
      'maxConcurrentTransforms',
      `MaxConcurrentTransforms times MaxPayloadInMB must be at most ${mostPayloadMb}, ` +
        `and is ${concurrency} times ${payloadMb || 1}`,
    );
  }
  if (payloadMb === 0 && concurrency > 1) {
    throw faults.badMember(
      'maxPayloadInMB',
      'Member must not be 0 (no limit) with more than one concurrent transform',
    );
  }
  return { payloadMb, concurrency };
}

function clientOf({ ModelClientConfig: config }: Request) {
  const seconds = config?.InvocationsTimeoutInSeconds ?? defaultTimeoutSeconds;
  const retries = config?.InvocationsMaxRetries ?? defaultRetries;
  const member = 'modelClientConfig';
  const timeout = within(`${member}.invocationsTimeoutInSeconds`, seconds, [1, mostTimeoutSeconds]);
  return {
    timeoutMs: timeout * secondMs,
    retries: within(`${member}.invocationsMaxRetries`, retries, [0, mostRetries]),
  };
}

/** The model with the job's environment, and what the service tells a container of a batch. */
function modelOf(
  { Environment }: Request,
  model: Model,
  { payloadMb, concurrency, singleRecord }: Load & { readonly singleRecord: boolean },
): TransformModel {
  const { name, image, environment, archiveUri } = model;
  const roleArn = executionRoleOf(model);
  return {
    name,
    image,
    environment: {
      ...environment,
      ...checkedEnvironment('environment', Environment),
      SAGEMAKER_BATCH: 'true',
      SAGEMAKER_BATCH_STRATEGY: singleRecord ? 'SINGLE_RECORD' : 'MULTI_RECORD',
      SAGEMAKER_MAX_PAYLOAD_IN_MB: String(payloadMb),
      SAGEMAKER_MAX_CONCURRENT_TRANSFORMS: String(concurrency),
    },
    ...(archiveUri === undefined ? {} : { archiveUri }),
    ...(roleArn === undefined ? {} : { roleArn }),
  };
}

function processingOf(
  processing: DataProcessing | undefined,
  source: TransformSource,
  target: TransformTarget,
) {
  const inputFilter = processing?.InputFilter || '$';
  const outputFilter = processing?.OutputFilter || '$';
  const joinsInput = processing?.JoinSource === 'Input';
  const input = checkedPath('dataProcessing.inputFilter', inputFilter);
  const output = checkedPath('dataProcessing.outputFilter', outputFilter);
  const kind = kindOf(source.contentType);
  const acceptKind = kindOf(target.accept) ?? kind;
  const isUsed = joinsInput || !input.isAll;
  if (isUsed && !kind) {
    throw faults.badMember(
      'transformInput.contentType',
      'DataProcessing needs text/csv, application/json or application/jsonlines',
    );
  }
  if (kind === 'csv') byPlace('dataProcessing.inputFilter', input);
  if (acceptKind === 'csv') byPlace('dataProcessing.outputFilter', output);
  if (joinsInput) assertJoinable(source, target);
  return { inputFilter, outputFilter, joinsInput };
}

function checkedPath(member: string, text: string): Path {
  const path = parsePath(text);
  if (!path.ok) throw faults.badMember(member, `the JSONPath ${path.reason}`);
  return path.value;
}

function byPlace(member: string, path: Path): void {
  if (path.isByPlace) return;
  throw faults.badMember(member, `columns of CSV are picked by place, as in $[0,2:]: ${path.text}`);
}

/** What is joined must be of one form, and come in the same pieces. */
function assertJoinable(source: TransformSource, target: TransformTarget): void {
  const [sent, asked] = [kindOf(source.contentType), kindOf(target.accept)];
  const isOther = target.accept !== undefined && !(sent && asked && sameForm(sent, asked));
  if (isOther) {
    throw faults.badMember(
      'transformOutput.accept',
      `JoinSource Input needs the form of the input, ${source.contentType}`,
    );
  }
  if (source.split !== target.assemble) {
    throw faults.badMember(
      'transformOutput.assembleWith',
      `JoinSource Input needs AssembleWith to be the same as SplitType, ${source.split}`,
    );
  }
}
