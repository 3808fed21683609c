/** Starts a server of a model: fetches its archive, hands both to the launcher. */
import { setMaxListeners } from 'node:events';
import {
  formatObjectUri,
  ObjectAccessDenied,
  type ObjectsFor,
  parseObjectUri,
} from '../../engines/objects/space.ts';
import type { Scope } from '../../kernel/arn.ts';
import { minuteMs } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Launcher, ModelServer } from '../../ports/launcher.ts';
import type { BlobFile } from '../../ports/object-store.ts';
import { spaceFor } from '../roles/acting.ts';
import type { Safekeeping } from '../roles/safekeeping.ts';

export interface StarterParts {
  readonly launcher: Launcher;
  readonly objectsFor: ObjectsFor;
  readonly safekeeping: Safekeeping;
}

/** A variant of an endpoint is one, and so is the model of a job. */
export interface Startable {
  readonly image: string;
  /** Secrets that it names are read by the right of the model's role. */
  readonly environment: Readonly<Record<string, string>>;
  readonly archiveUri?: string;
  /** Of the model: by its right the archive is read. */
  readonly roleArn?: string;
  /** As the service gives when nothing is said: 10 and 20 minutes. */
  readonly startTimeoutMs?: number;
  readonly downloadTimeoutMs?: number;
}

export interface StartOptions {
  readonly signal: AbortSignal;
  /** Unique among running servers. */
  readonly name: string;
  readonly scope: Scope;
  /** The endpoint or the job that it is for. */
  readonly sourceArn: string;
  /** Each line that the program prints. */
  readonly onLog: (line: string) => void;
}

const defaultStartTimeoutMs = 10 * minuteMs;
const defaultDownloadTimeoutMs = 20 * minuteMs;

/** Refused with a reason the user can act on. Throws when `signal` aborts. */
export async function startModel(
  { launcher, objectsFor, safekeeping }: StarterParts,
  model: Startable,
  options: StartOptions,
): Promise<Outcome<ModelServer>> {
  const { signal, name, scope, sourceArn } = options;
  const { image, roleArn, startTimeoutMs = defaultStartTimeoutMs } = model;
  if (!launcher.accepts(image)) return refuse(unknownImage(image));
  const acting = { roleArn, who: 'the model', scope, sourceArn };
  const environment = await safekeeping.environment(acting, model.environment);
  if (!environment.ok) return environment;
  const { values, masked } = environment.value;
  const archive = await fetchArchive(objectsFor, model, options);
  if (!archive.ok) return archive;
  const file = archive.value;
  try {
    const spec = {
      ...{ name, image, environment: values, startTimeoutMs },
      onLog: (line: string) => options.onLog(masked(line)),
      ...(file ? { modelArchivePath: file.path } : {}),
    };
    const served = await launcher.serve(spec, { signal });
    return served.ok ? served : refuse(masked(served.reason));
  } finally {
    await file?.release();
  }
}

function unknownImage(image: string): string {
  return (
    `the image ${image} is not known here: add its repository to "images" in the configuration ` +
    'with the command that starts it, or use the http(s) URL of a model server as the image'
  );
}

async function fetchArchive(
  objectsFor: ObjectsFor,
  { archiveUri, roleArn, downloadTimeoutMs = defaultDownloadTimeoutMs }: Startable,
  { signal, scope, sourceArn }: StartOptions,
): Promise<Outcome<BlobFile | undefined>> {
  if (archiveUri === undefined) return ok(undefined);
  const at = parseObjectUri(archiveUri);
  if (!at.ok) return at;
  const space = await spaceFor(objectsFor, { roleArn, who: 'its model', scope, sourceArn });
  if (!space.ok) return refuse(inaccessible(archiveUri, roleArn, space.reason));
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(downloadTimeoutMs)]);
  setMaxListeners(0, bounded);
  try {
    const file = await space.value.asFile(at.value, { signal: bounded });
    if (file) return ok(file);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof ObjectAccessDenied) {
      return refuse(inaccessible(archiveUri, roleArn, cause.message));
    }
    if (!bounded.aborted) throw cause;
    return refuse(`the model data at ${archiveUri} took over ${downloadTimeoutMs} ms to download`);
  }
  return refuse(
    `could not find model data at ${formatObjectUri(at.value)}: the object does not exist`,
  );
}

/** In the original's words, and then the reason that it does not give. */
function inaccessible(archiveUri: string, roleArn: string | undefined, reason: string): string {
  const role = roleArn === undefined ? 'its model has an execution role' : trusted(roleArn);
  return `Could not access model data at ${archiveUri}. Please ensure that ${role} (${reason})`;
}

function trusted(roleArn: string): string {
  return (
    `the role "${roleArn}" exists, that its trust relationship policy allows the action ` +
    '"sts:AssumeRole" for the service principal "sagemaker.amazonaws.com", and that the role has ' +
    '"s3:GetObject" permissions'
  );
}
