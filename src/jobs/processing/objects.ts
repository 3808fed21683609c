/** The objects that an input of a job names: by a prefix, or one by one in a manifest. */

import {
  formatObjectUri,
  type ObjectAddress,
  type ObjectSpace,
  objectsUnder,
  parseObjectUri,
} from '../../engines/objects/space.ts';
import type { ProcessingInput } from '../../engines/processing/rows.ts';
import { gather } from '../../kernel/bytes.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

/** Objects of one input; more is a mistake in the prefix. */
const mostObjects = 1_000_000;
const largestManifestBytes = 16 * 1024 * 1024;

export interface Found extends ObjectAddress {
  /** The key without the input's prefix: where a program finds it below the local path. */
  readonly relative: string;
  readonly etag: string;
}

export interface InputParts {
  readonly objects: ObjectSpace;
}

/** Every object of an input, in order of keys. */
export async function objectsOf(
  input: ProcessingInput,
  { objects }: InputParts,
): Promise<Outcome<readonly Found[]>> {
  const at = parseObjectUri(input.uri);
  if (!at.ok) return at;
  if (!(await objects.hasBucket(at.value.bucket))) {
    return refuse(`input ${input.name}: the bucket ${at.value.bucket} does not exist`);
  }
  if (input.isManifest) return objectsOfManifest(input, at.value, objects);
  const found: Found[] = [];
  for await (const { key, etag } of objectsUnder(objects, at.value)) {
    if (key.endsWith('/')) continue;
    found.push({ bucket: at.value.bucket, key, etag, relative: relativeTo(at.value.key, key) });
    if (found.length > mostObjects) return refuse(`input ${input.name}: too many objects`);
  }
  if (found.length === 0) {
    return refuse(`input ${input.name}: no object's key starts with ${input.uri}`);
  }
  return ok(found);
}

/** `a/b` names the object `a/b` (its last part is left) or a folder `a/b/` (the rest is left). */
function relativeTo(prefix: string, key: string): string {
  const folder = prefix.endsWith('/') || key.startsWith(`${prefix}/`);
  const rest = folder ? key.slice(prefix.length).replace(/^\/+/, '') : '';
  return rest !== '' ? rest : (key.split('/').at(-1) ?? key);
}

async function objectsOfManifest(
  input: ProcessingInput,
  at: ObjectAddress,
  objects: ObjectSpace,
): Promise<Outcome<readonly Found[]>> {
  const found = await readManifest(at, objects);
  return found.ok ? found : refuse(`input ${input.name}: ${found.reason}`);
}

/** Refused where there is no such object, or it is no manifest. */
export async function readManifest(
  at: ObjectAddress,
  objects: ObjectSpace,
): Promise<Outcome<readonly Found[]>> {
  const body = await objects.read(at);
  if (!body) return refuse(`the manifest ${formatObjectUri(at)} does not exist`);
  const wrong = refuse(
    `the manifest ${formatObjectUri(at)} must be [{"prefix": "s3://bucket/path/"}, "key", …]`,
  );
  let value: unknown;
  try {
    value = JSON.parse((await gather(body, largestManifestBytes)).toString('utf8'));
  } catch {
    return wrong;
  }
  if (!Array.isArray(value)) return wrong;
  const [first, ...keys] = value as unknown[];
  const prefix = (first as { prefix?: unknown } | undefined)?.prefix;
  if (typeof prefix !== 'string' || !keys.every((key) => typeof key === 'string')) return wrong;
  const base = parseObjectUri(prefix);
  if (!base.ok) return base;
  return ok(
    keys.map((key) => ({
      bucket: base.value.bucket,
      key: `${base.value.key}${key as string}`,
      relative: key as string,
      etag: '',
    })),
  );
}
