/**
 * A server of a model for one analysis alone, as the original's shadow endpoint: it is started for
 * the work, is in no route, and is stopped when the work ends, however it ends.
 */
import { executionRoleOf } from '../../engines/hosting/execution-role.ts';
import { hostedKey } from '../../engines/hosting/names.ts';
import { endpoints, models } from '../../engines/hosting/rows.ts';
import { type ObjectsFor, parseObjectUri } from '../../engines/objects/space.ts';
import type { Scope } from '../../kernel/arn.ts';
import { repositoryOf } from '../../kernel/image.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Launcher } from '../../ports/launcher.ts';
import type { Abortable, Reader } from '../../ports/metadata-store.ts';
import type { BlobFile } from '../../ports/object-store.ts';
import { type Startable, startModel } from '../endpoints/starter.ts';
import { permitted, type RightsParts, spaceFor } from '../roles/acting.ts';
import type { Safekeeping } from '../roles/safekeeping.ts';
import { askingChecks, shadowPrefix } from './rights.ts';

const stopGraceMs = 10_000;
const onnxRepository = 'modelkeep/onnx';
const largestArchiveBytes = 64 * 2 ** 20;
/** Lines of the model's output that are passed on; a server that logs each request says many. */
const mostLogLines = 200;

export interface ShadowParts extends RightsParts {
  readonly store: Reader;
  readonly launcher: Launcher;
  /** The archive is read by the right of the model's role, not of the job's. */
  readonly objectsFor: ObjectsFor;
  /** So are the secrets that the model's environment names. */
  readonly safekeeping: Safekeeping;
}

export interface ShadowRequest {
  readonly scope: Scope;
  /** Of the job. */
  readonly arn: string;
  /** Of the job: it must be allowed to ask the model. */
  readonly roleArn: string | undefined;
  /** The job's; names the server. Unique among the jobs that run. */
  readonly name: string;
  /** The model of the endpoint's first variant, when given, whatever `modelName` says. */
  readonly endpointName?: string | undefined;
  readonly modelName?: string | undefined;
}

export interface ShadowOptions extends Abortable {
  /** Lines about and of the server. */
  say(line: string): void;
}

export interface ShadowServer {
  readonly invocationsUrl: string;
  /**
   * The archive of a model of the built-in ONNX server, on this machine until the work ends;
   * undefined for other models, and where it is too large to be looked into.
   */
  readonly onnxArchivePath: string | undefined;
}

/**
 * Refused when the job's role may not ask, when the model or the endpoint is not there, or its
 * server does not start.
 */
export async function withShadow<T>(
  parts: ShadowParts,
  { request, options }: { readonly request: ShadowRequest; readonly options: ShadowOptions },
  work: (server: ShadowServer) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const { scope, arn: sourceArn, roleArn } = request;
  const acting = { roleArn, who: 'the job', scope, sourceArn };
  // Before it is looked whether there is such a model: who may not ask is not told.
  const allowed = await permitted(parts, acting, askingChecks(parts.store, request));
  if (!allowed.ok) return allowed;
  const model = await modelOf(parts.store, request);
  if (!model.ok) return model;
  const signal = options.signal ?? new AbortController().signal;
  options.say(`Starting a server of the model ${model.value.name} for this job.`);
  const started = await startModel(parts, model.value, {
    signal,
    ...{ scope, sourceArn },
    name: `${shadowPrefix}${request.name}`,
    onLog: limitedLog(options),
  });
  if (!started.ok) return refuse(`the model ${model.value.name}: ${started.reason}`);
  const server = started.value;
  let archive: BlobFile | undefined;
  try {
    signal.throwIfAborted();
    archive = await onnxArchiveOf(parts.objectsFor, model.value, { request, signal });
    const invocationsUrl = server.invocationsUrl.href;
    return await work({ invocationsUrl, onnxArchivePath: archive?.path });
  } finally {
    await archive?.release();
    await server.stop({ graceMs: stopGraceMs });
  }
}

async function onnxArchiveOf(
  objectsFor: ObjectsFor,
  { image, archiveUri, roleArn }: Startable,
  { request, signal }: { readonly request: ShadowRequest; readonly signal: AbortSignal },
): Promise<BlobFile | undefined> {
  if (repositoryOf(image) !== onnxRepository || archiveUri === undefined) return undefined;
  const at = parseObjectUri(archiveUri);
  if (!at.ok) return undefined;
  const { scope, arn: sourceArn } = request;
  const space = await spaceFor(objectsFor, { roleArn, who: 'the model', scope, sourceArn });
  if (!space.ok) return undefined;
  const summary = await space.value.head(at.value);
  if (!summary || summary.sizeBytes > largestArchiveBytes) return undefined;
  return space.value.asFile(at.value, { signal });
}

function limitedLog({ say }: ShadowOptions): (line: string) => void {
  let left = mostLogLines;
  return (line) => {
    if (left > 0) say(`[model] ${line}`);
    if (left === 1) say('[model] (what the model prints from here on is not shown)');
    left -= 1;
  };
}

type NamedModel = Startable & { readonly name: string };

async function modelOf(
  store: Reader,
  { scope, endpointName, modelName }: ShadowRequest,
): Promise<Outcome<NamedModel>> {
  if (endpointName !== undefined) {
    const endpoint = await store.get(endpoints, hostedKey(scope, endpointName));
    if (!endpoint) return refuse(`the endpoint ${endpointName} does not exist`);
    const variant = endpoint.active?.variants[0];
    if (!variant) return refuse(`the endpoint ${endpointName} is not in service`);
    return ok({ ...variant, name: variant.modelName });
  }
  if (modelName === undefined) {
    return refuse(
      'predictor.model_name is missing from analysis_config: this analysis asks the model',
    );
  }
  const model = await store.get(models, hostedKey(scope, modelName));
  if (!model) return refuse(`predictor.model_name: the model ${modelName} does not exist`);
  const roleArn = executionRoleOf(model);
  return ok({ ...model, ...(roleArn === undefined ? {} : { roleArn }) });
}
