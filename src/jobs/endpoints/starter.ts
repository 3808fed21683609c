/** Starts a server of a model: fetches its archive, hands both to the launcher. */
import { setMaxListeners } from 'node:events';
import { formatObjectUri, type ObjectSpace, parseObjectUri } from '../../engines/objects/space.ts';
import { minuteMs } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Launcher, ModelServer } from '../../ports/launcher.ts';
import type { BlobFile } from '../../ports/object-store.ts';

export interface StarterParts {
  readonly launcher: Launcher;
  readonly objects: ObjectSpace;
}

/** A variant of an endpoint is one, and so is the model of a job. */
export interface Startable {
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly archiveUri?: string;
  /** As the service gives when nothing is said: 10 and 20 minutes. */
  readonly startTimeoutMs?: number;
  readonly downloadTimeoutMs?: number;
}

export interface StartOptions {
  readonly signal: AbortSignal;
  /** Unique among running servers. */
  readonly name: string;
  /** Each line that the program prints. */
  readonly onLog: (line: string) => void;
}

const defaultStartTimeoutMs = 10 * minuteMs;
const defaultDownloadTimeoutMs = 20 * minuteMs;

/** Refused with a reason the user can act on. Throws when `signal` aborts. */
export async function startModel(
  { launcher, objects }: StarterParts,
  model: Startable,
  { signal, name, onLog }: StartOptions,
): Promise<Outcome<ModelServer>> {
  const { image, environment, startTimeoutMs = defaultStartTimeoutMs } = model;
  if (!launcher.accepts(image)) return refuse(unknownImage(image));
  const archive = await fetchArchive(objects, model, signal);
  if (!archive.ok) return archive;
  const file = archive.value;
  try {
    const spec = {
      ...{ name, image, environment, startTimeoutMs, onLog },
      ...(file ? { modelArchivePath: file.path } : {}),
    };
    return await launcher.serve(spec, { signal });
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
  objects: ObjectSpace,
  { archiveUri, downloadTimeoutMs = defaultDownloadTimeoutMs }: Startable,
  signal: AbortSignal,
): Promise<Outcome<BlobFile | undefined>> {
  if (archiveUri === undefined) return ok(undefined);
  const at = parseObjectUri(archiveUri);
  if (!at.ok) return at;
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(downloadTimeoutMs)]);
  setMaxListeners(0, bounded);
  try {
    const file = await objects.asFile(at.value, { signal: bounded });
    if (file) return ok(file);
  } catch (cause) {
    signal.throwIfAborted();
    if (!bounded.aborted) throw cause;
    return refuse(`the model data at ${archiveUri} took over ${downloadTimeoutMs} ms to download`);
  }
  return refuse(
    `could not find model data at ${formatObjectUri(at.value)}: the object does not exist`,
  );
}
