/** Which objects a transform job reads, and what each becomes. */
import { type ObjectSpace, parseObjectUri } from '../../engines/objects/space.ts';
import type { TransformPlan, TransformSource } from '../../engines/transform/rows.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type Found, objectsOf } from '../processing/objects.ts';
import type { Captured, Listing } from './capture.ts';
import type { Passage } from './object.ts';

export interface Listed {
  readonly passages: readonly Passage[];
  /** The same, for the manifests of a capture. */
  readonly captured: Captured;
}

/** Refused where there is nothing to read, or no bucket to write to. */
export async function listPassages(
  { source, target, capture }: TransformPlan,
  objects: ObjectSpace,
): Promise<Outcome<Listed>> {
  for (const uri of [target.uri, ...(capture ? [capture.destinationUri] : [])]) {
    const bucket = parseObjectUri(uri);
    if (!bucket.ok) return bucket;
    if (!(await objects.hasBucket(bucket.value.bucket))) {
      return refuse(`the bucket of ${uri} does not exist`);
    }
  }
  const { uri, isManifest } = source;
  const found = await objectsOf(
    { name: 'TransformInput', uri, isManifest, localPath: '' },
    { objects },
  );
  if (!found.ok) return found;
  const input = listingOf(source, found.value);
  const output = {
    prefix: target.uri.replace(/\/*$/, '/'),
    keys: found.value.map(({ key }, at) => `${input.keys[at] || lastPart(key)}.out`),
  };
  const twice = firstTwice(output.keys);
  if (twice !== undefined) return refuse(`two inputs would both be written to ${twice}`);
  const passages: Passage[] = [];
  for (const [at, { bucket, key }] of found.value.entries()) {
    const to = parseObjectUri(`${output.prefix}${output.keys[at]}`);
    if (!to.ok) return to;
    passages.push({ from: { bucket, key }, to: to.value });
  }
  return ok({ passages, captured: { input, output } });
}

/**
 * `s3://b/in` names the folder `in/`, the object `in` (which is then the prefix itself, with
 * nothing after it) or whatever begins so (told apart by what follows the last slash).
 */
function listingOf({ uri, isManifest }: TransformSource, found: readonly Found[]): Listing {
  const [first] = found;
  if (!first) return { prefix: uri, keys: [] };
  if (isManifest) {
    const prefix = first.key.slice(0, first.key.length - first.relative.length);
    return {
      prefix: `s3://${first.bucket}/${prefix}`,
      keys: found.map(({ relative }) => relative),
    };
  }
  const given = uri.slice(`s3://${first.bucket}/`.length);
  if (found.length === 1 && first.key === given) return { prefix: uri, keys: [''] };
  const isFolder = given === '' || given.endsWith('/');
  const holdsAll = found.every(({ key }) => key.startsWith(`${given}/`));
  const above = given.slice(0, given.lastIndexOf('/') + 1);
  const folder = isFolder ? given : holdsAll ? `${given}/` : above;
  return {
    prefix: `s3://${first.bucket}/${folder}`,
    keys: found.map(({ key }) => key.slice(folder.length)),
  };
}

function lastPart(key: string): string {
  return key.split('/').at(-1) ?? key;
}

function firstTwice(texts: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return texts.find((text) => seen.size === seen.add(text).size);
}
