/**
 * The data of batches that were captured as manifests: each names a prefix and the files of one
 * batch below it, and lies in the folder of the hour in which the batch began. A batch has two
 * sides, what went into its model and what came out, each with a folder of its own.
 */
import {
  formatObjectUri,
  type ObjectAddress,
  type ObjectSpace,
  objectsUnder,
} from '../../engines/objects/space.ts';
import type { MonitoringOfJob } from '../../engines/processing/rows.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type Found, type InputParts, readManifest } from './objects.ts';

export type BatchSide = 'input' | 'output';

const sides: readonly BatchSide[] = ['input', 'output'];

export interface BatchParts extends InputParts {
  /** Which side is read where both are there; `input` when left out. */
  readonly side?: BatchSide;
}

/**
 * Labels are joined with predictions, so those monitors read what came out; the others judge the
 * features, and read what went in. So do the original's own notebooks.
 */
export function watchedSide({ type }: Pick<MonitoringOfJob, 'type'>): BatchSide {
  return type === 'ModelQuality' || type === 'ModelBias' ? 'output' : 'input';
}

/**
 * Every object that a manifest of these hours names, each once, in order of the hours. `folder` is
 * where a batch was told to capture, or the folder of one of its sides. Refused where a manifest
 * is none, or names what is not there: half of a batch is no picture of it.
 */
export async function batchObjects(
  folder: ObjectAddress,
  hours: readonly string[],
  { objects, side = 'input' }: BatchParts,
): Promise<Outcome<readonly Found[]>> {
  const base = await sideFolder(folder, side, objects);
  const found = new Map<string, Found>();
  const taken = new Set<string>();
  for (const hour of hours) {
    const at = { bucket: base.bucket, key: `${base.key}${hour}/` };
    for await (const { key } of objectsUnder(objects, at)) {
      if (key.endsWith('/')) continue;
      const named = await objectsNamedBy({ bucket: base.bucket, key }, objects);
      if (!named.ok) return named;
      for (const one of named.value) {
        const uri = formatObjectUri(one);
        if (found.has(uri)) continue;
        // Batches of the same file names must not overwrite one another where they are staged.
        const relative = taken.has(one.relative)
          ? `${lastPart(key)}/${one.relative}`
          : one.relative;
        taken.add(relative);
        found.set(uri, { ...one, relative });
      }
    }
  }
  return ok([...found.values()]);
}

/** The folder of the side where there is one of either, else the folder itself. */
async function sideFolder(
  { bucket, key }: ObjectAddress,
  side: BatchSide,
  objects: ObjectSpace,
): Promise<ObjectAddress> {
  const folder = key.replace(/^\/+/, '');
  for (const one of sides) {
    const [first] = await objects.list(bucket, { prefix: `${folder}${one}/`, limit: 1 });
    if (first) return { bucket, key: `${folder}${side}/` };
  }
  return { bucket, key: folder };
}

async function objectsNamedBy(
  manifest: ObjectAddress,
  objects: ObjectSpace,
): Promise<Outcome<readonly Found[]>> {
  const named = await readManifest(manifest, objects);
  if (!named.ok) return named;
  const found: Found[] = [];
  for (const one of named.value) {
    // A manifest says nothing of versions: an object is read as it is now.
    const head = await objects.head(one);
    if (!head) {
      const [what, where] = [one, manifest].map(formatObjectUri);
      return refuse(`${what}, which the manifest ${where} names, does not exist`);
    }
    // The prefix of a single object is the object, and what follows it is empty.
    found.push({ ...one, etag: head.etag, relative: one.relative || lastPart(one.key) });
  }
  return ok(found);
}

function lastPart(key: string): string {
  return key.split('/').at(-1) ?? key;
}
