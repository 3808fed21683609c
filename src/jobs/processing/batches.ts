/**
 * The data of batches that were captured as manifests: each names a prefix and the files of one
 * batch below it, and lies in the folder of the hour in which the batch began.
 */
import { type ObjectAddress, objectsUnder } from '../../engines/objects/space.ts';
import { type Outcome, ok } from '../../kernel/outcome.ts';
import { type Found, type InputParts, readManifest } from './objects.ts';

/** Every object that a manifest of these hours names, each once. */
export async function batchObjects(
  folder: ObjectAddress,
  hours: readonly string[],
  { objects }: InputParts,
): Promise<Outcome<readonly Found[]>> {
  const found = new Map<string, Found>();
  for (const hour of hours) {
    const at = { bucket: folder.bucket, key: `${folder.key}${hour}/` };
    for await (const { key } of objectsUnder(objects, at)) {
      const named = await readManifest({ bucket: folder.bucket, key }, objects);
      if (!named.ok) return named;
      for (const one of named.value) {
        // A manifest says nothing of versions: an object is read as it is now.
        const head = await objects.head(one);
        if (head) found.set(`${one.bucket}/${one.key}`, { ...one, etag: head.etag });
      }
    }
  }
  return ok([...found.values()]);
}
