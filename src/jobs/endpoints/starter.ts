/** Starts the model server of one variant: fetches its archive, hands both to the launcher. */
import { setMaxListeners } from 'node:events';
import type { Endpoint, Variant } from '../../engines/hosting/rows.ts';
import { formatObjectUri, type ObjectSpace, parseObjectUri } from '../../engines/objects/space.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Launcher, ModelServer } from '../../ports/launcher.ts';
import type { BlobFile } from '../../ports/object-store.ts';

export interface StarterParts {
  readonly launcher: Launcher;
  readonly objects: ObjectSpace;
  /** Each line that the program of a variant prints. */
  readonly onServerLog?: (endpoint: Endpoint, variant: Variant, line: string) => void;
}

/** Refused with a reason the user can act on. Throws when `signal` aborts. */
export async function startVariant(
  { launcher, objects, onServerLog }: StarterParts,
  { row, variant }: { readonly row: Endpoint; readonly variant: Variant },
  { signal }: { readonly signal: AbortSignal },
): Promise<Outcome<ModelServer>> {
  if (!launcher.accepts(variant.image)) return refuse(unknownImage(variant.image));
  const archive = await fetchArchive(objects, variant, signal);
  if (!archive.ok) return archive;
  const file = archive.value;
  try {
    const spec = {
      name: `${row.name}-${variant.name}-${variant.instanceId.slice(0, 8)}`,
      image: variant.image,
      environment: variant.environment,
      ...(file ? { modelArchivePath: file.path } : {}),
      startTimeoutMs: variant.startTimeoutMs,
      onLog: (line: string) => onServerLog?.(row, variant, line),
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
  { archiveUri, downloadTimeoutMs }: Variant,
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
