/**
 * Makes one plan of the ways to say what a run does: a definition inline in the schedule (data
 * quality alone), and a named definition of one of the four monitors.
 */
import type {
  BatchTransformInput,
  EndpointInput,
  MonitoringAppSpecification,
  MonitoringJobDefinition,
  MonitoringNetworkConfig,
  MonitoringOutputConfig,
  MonitoringResources,
  MonitoringStoppingCondition,
} from '@aws-sdk/client-sagemaker';
import { parseDurationMs } from '../../engines/cron/cadence.ts';
import type { BatchSource, MonitoringPlan, MonitoringType } from '../../engines/monitoring/rows.ts';
import { parseObjectUri } from '../../engines/objects/space.ts';
import { checkedEnvironment } from './environment.ts';
import { faults } from './faults.ts';

const defaultRuntimeSeconds = 3_600;

/** Environment keys that a run sets itself. */
const reserved: ReadonlySet<string> = new Set([
  'dataset_format',
  'dataset_source',
  'start_time',
  'end_time',
  'output_path',
  'sagemaker_endpoint_name',
  'sagemaker_monitoring_schedule_name',
  'sagemaker_endpoint_datacapture_prefix',
  'baseline_constraints',
  'baseline_statistics',
]);

export function planOfInline(definition: MonitoringJobDefinition): MonitoringPlan {
  const [input, ...more] = definition.MonitoringInputs ?? [];
  if (!input || more.length > 0) {
    throw faults.badMember('monitoringInputs', 'Member must have length equal to 1');
  }
  refuseAttributes(input);
  return planOf({
    app: definition.MonitoringAppSpecification,
    environment: definition.Environment,
    input,
    output: definition.MonitoringOutputConfig,
    baseline: definition.BaselineConfig,
    resources: definition.MonitoringResources,
    network: definition.NetworkConfig,
    maxRuntimeSeconds: definition.StoppingCondition?.MaxRuntimeInSeconds,
    roleArn: definition.RoleArn,
  });
}

/** The members that the four kinds of definitions have, each under a name with its kind. */
export interface DefinitionRequest {
  readonly JobResources?: MonitoringResources | undefined;
  readonly NetworkConfig?: MonitoringNetworkConfig | undefined;
  readonly StoppingCondition?: MonitoringStoppingCondition | undefined;
  readonly RoleArn?: string | undefined;
}

/** The wire has checked the members against the model of the kind. */
export function planOfDefinition(type: MonitoringType, request: DefinitionRequest): MonitoringPlan {
  const members = request as Readonly<Record<string, unknown>>;
  const app = members[`${type}AppSpecification`] as App | undefined;
  const input = members[`${type}JobInput`] as Input | undefined;
  if (type === 'DataQuality') refuseAttributes(input);
  const plan = planOf({
    app,
    environment: app?.Environment,
    input,
    output: members[`${type}JobOutputConfig`] as MonitoringOutputConfig | undefined,
    baseline: members[`${type}BaselineConfig`] as Baseline | undefined,
    resources: request.JobResources,
    network: request.NetworkConfig,
    maxRuntimeSeconds: request.StoppingCondition?.MaxRuntimeInSeconds,
    roleArn: request.RoleArn,
  });
  const labels = input?.GroundTruthS3Input?.S3Uri;
  const needsLabels = type === 'ModelQuality' || type === 'ModelBias';
  if (needsLabels && !labels) {
    throw faults.badMember('groundTruthS3Input.s3Uri', 'Member must not be null');
  }
  if (type === 'ModelQuality' && !app?.ProblemType) {
    throw faults.badMember('problemType', 'Member must not be null');
  }
  if ((type === 'ModelBias' || type === 'ModelExplainability') && !app?.ConfigUri) {
    throw faults.badMember('configUri', 'Member must not be null');
  }
  const source = input?.EndpointInput ?? input?.BatchTransformInput;
  return {
    ...plan,
    attributes: {
      ...attributesOf(source),
      ...(type === 'ModelQuality' ? { analysis_type: 'MODEL_QUALITY' } : {}),
      ...optional('problem_type', app?.ProblemType),
    },
    ...optional('groundTruthUri', uri('groundTruthS3Input.s3Uri', labels)),
    ...optional('configUri', uri('configUri', app?.ConfigUri)),
  };
}

type App = MonitoringAppSpecification & {
  readonly Environment?: Record<string, string> | undefined;
  readonly ProblemType?: string | undefined;
  readonly ConfigUri?: string | undefined;
};

interface Input {
  readonly EndpointInput?: EndpointInput | undefined;
  readonly BatchTransformInput?: BatchTransformInput | undefined;
  readonly GroundTruthS3Input?: { readonly S3Uri?: string | undefined } | undefined;
}

interface Baseline {
  readonly BaseliningJobName?: string | undefined;
  readonly ConstraintsResource?: { readonly S3Uri?: string | undefined } | undefined;
  readonly StatisticsResource?: { readonly S3Uri?: string | undefined } | undefined;
}

interface Parts {
  readonly app: MonitoringAppSpecification | undefined;
  readonly environment: Record<string, string> | undefined;
  readonly input: Input | undefined;
  readonly output: MonitoringOutputConfig | undefined;
  readonly baseline: Baseline | undefined;
  readonly resources: MonitoringResources | undefined;
  readonly network: MonitoringNetworkConfig | undefined;
  readonly maxRuntimeSeconds: number | undefined;
  readonly roleArn: string | undefined;
}

function planOf(parts: Parts): MonitoringPlan {
  const { app, baseline } = parts;
  refuseUnbuilt(parts);
  const output = outputOf(parts.output);
  const environment = checkedEnvironment('environment', parts.environment);
  const clash = Object.keys(environment).find((key) => reserved.has(key));
  if (clash) throw faults.invalid(`Environment: ${clash} is set by the service itself.`);
  const scripts = {
    ...optional('preprocessorUri', scriptUri('recordPreprocessorSourceUri', app)),
    ...optional('postprocessorUri', scriptUri('postAnalyticsProcessorSourceUri', app)),
  };
  return {
    image: app?.ImageUri ?? '',
    entrypoint: app?.ContainerEntrypoint ?? [],
    arguments: app?.ContainerArguments ?? [],
    environment,
    ...sourceOf(parts.input),
    ...scripts,
    outputUri: output.uri,
    outputLocalPath: output.localPath,
    ...optional('constraintsUri', uri('constraintsResource', baseline?.ConstraintsResource?.S3Uri)),
    ...optional('statisticsUri', uri('statisticsResource', baseline?.StatisticsResource?.S3Uri)),
    ...optional('baseliningJobName', baseline?.BaseliningJobName),
    ...optional('outputKeyId', parts.output?.KmsKeyId),
    ...optional('volumeKeyId', parts.resources?.ClusterConfig?.VolumeKmsKeyId),
    maxRuntimeSeconds: parts.maxRuntimeSeconds ?? defaultRuntimeSeconds,
    roleArn: parts.roleArn ?? '',
    resources: { ...parts.resources },
  };
}

type Source = Pick<
  MonitoringPlan,
  'endpointName' | 'batch' | 'inputLocalPath' | 'startTimeOffset' | 'endTimeOffset'
>;

function sourceOf(input: Input | undefined): Source {
  const { EndpointInput: endpoint, BatchTransformInput: batch } = input ?? {};
  if (endpoint && batch) {
    throw faults.badMember(
      'endpointInput',
      'EndpointInput and BatchTransformInput exclude another',
    );
  }
  const from = endpoint ?? batch;
  if (!from?.LocalPath || (endpoint && !endpoint.EndpointName)) {
    throw faults.badMember('endpointInput', 'EndpointName and LocalPath must not be null');
  }
  return {
    ...optional('endpointName', endpoint?.EndpointName),
    ...(batch ? { batch: batchOf(batch) } : {}),
    inputLocalPath: from.LocalPath,
    ...optional('startTimeOffset', duration('startTimeOffset', from.StartTimeOffset)),
    ...optional('endTimeOffset', duration('endTimeOffset', from.EndTimeOffset)),
  };
}

function batchOf({
  DataCapturedDestinationS3Uri,
  DatasetFormat,
}: BatchTransformInput): BatchSource {
  const dataUri = uri('dataCapturedDestinationS3Uri', DataCapturedDestinationS3Uri);
  if (!dataUri) throw faults.badMember('dataCapturedDestinationS3Uri', 'Member must not be null');
  const { Csv, Json, Parquet } = DatasetFormat ?? {};
  const given = [Csv, Json, Parquet].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw faults.badMember(
      'datasetFormat',
      'Member must hold exactly one of Csv, Json and Parquet',
    );
  }
  const format = Csv
    ? { csv: { header: Csv.Header ?? false } }
    : Json
      ? { json: { lines: Json.Line ?? false } }
      : { parquet: {} };
  return { dataUri, datasetFormat: JSON.stringify(format) };
}

/** Members that say where things are in a record, to the keys by which a container is told. */
const attributeKeys = {
  FeaturesAttribute: 'features_attribute',
  InferenceAttribute: 'inference_attribute',
  ProbabilityAttribute: 'probability_attribute',
  ProbabilityThresholdAttribute: 'probability_threshold_attribute',
  ExcludeFeaturesAttribute: 'exclude_features_attribute',
} as const;

type Attributed = { readonly [Name in keyof typeof attributeKeys]?: string | number | undefined };

function attributesOf(source: Attributed | undefined): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = {};
  for (const [name, key] of Object.entries(attributeKeys)) {
    const value = source?.[name as keyof Attributed];
    if (value !== undefined && value !== '') attributes[key] = String(value);
  }
  return attributes;
}

/** A profile is of every column, by its name: there is nothing to point at. */
function refuseAttributes(input: Input | undefined): void {
  const source: Attributed | undefined = input?.EndpointInput ?? input?.BatchTransformInput;
  const names = Object.keys(attributeKeys) as (keyof Attributed)[];
  const given = names.find((name) => source?.[name] !== undefined);
  if (given) throw faults.notImplemented(`${given} of a data-quality monitor`);
}

function refuseUnbuilt({ network }: Parts): void {
  if (network?.EnableNetworkIsolation) throw faults.notImplemented('EnableNetworkIsolation');
  if (network?.VpcConfig) throw faults.notImplemented('VpcConfig');
}

function scriptUri(
  member: 'recordPreprocessorSourceUri' | 'postAnalyticsProcessorSourceUri',
  app: MonitoringAppSpecification | undefined,
): string | undefined {
  const given =
    member === 'recordPreprocessorSourceUri'
      ? app?.RecordPreprocessorSourceUri
      : app?.PostAnalyticsProcessorSourceUri;
  return uri(member, given);
}

function outputOf(config: MonitoringOutputConfig | undefined) {
  const [first, ...more] = config?.MonitoringOutputs ?? [];
  const output = first?.S3Output;
  if (!output?.S3Uri || !output.LocalPath || more.length > 0) {
    throw faults.badMember('monitoringOutputs', 'Member must hold exactly one S3Output');
  }
  return { uri: uri('s3Uri', output.S3Uri) ?? '', localPath: output.LocalPath };
}

function uri(member: string, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  const parsed = parseObjectUri(value);
  if (!parsed.ok) throw faults.badMember(member, parsed.reason);
  return value;
}

/** The original's pattern is looser than what it then accepts: a bad duration fails at once. */
function duration(member: string, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  const parsed = parseDurationMs(value);
  if (!parsed.ok) throw faults.badMember(member, parsed.reason);
  return value;
}

function optional<Key extends string>(key: Key, value: string | undefined) {
  return (value === undefined || value === '' ? {} : { [key]: value }) as Record<Key, string>;
}
