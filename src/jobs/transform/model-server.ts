/** Starts a model server for as long as one job needs it: fetches its archive, hands both over. */
import { setMaxListeners } from 'node:events';
import { formatObjectUri, type ObjectSpace, parseObjectUri } from '../../engines/objects/space.ts';
import type { TransformModel } from '../../engines/transform/rows.ts';
import { minuteMs } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Launcher, ModelServer } from '../../ports/launcher.ts';
import type { BlobFile } from '../../ports/object-store.ts';

const startTimeoutMs = 10 * minuteMs;
const downloadTimeoutMs = 10 * minuteMs;

export interface ModelServerParts {
  readonly launcher: Launcher;
  readonly objects: ObjectSpace;
}

export interface ModelServerOptions {
  readonly signal: AbortSignal;
  /** Unique among running instances. */
  readonly name: string;
  readonly onLog: (line: string) => void;
}

/** Refused with a reason the user can act on. Throws when `signal` aborts. */
export async function startModelServer(
  model: TransformModel,
  { launcher, objects }: ModelServerParts,
  { signal, name, onLog }: ModelServerOptions,
): Promise<Outcome<ModelServer>> {
  const { image, environment } = model;
  if (!launcher.accepts(image)) return refuse(unknownImage(image));
  const archive = await fetchArchive(model, objects, signal);
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
  { archiveUri }: TransformModel,
  objects: ObjectSpace,
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
