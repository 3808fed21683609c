/**
 * How bucket names, object keys and versions become keys of the metadata store. Object keys are
 * data: every UTF-8 text is a key, nothing in it is a path. Not the collections; see rows.ts.
 *
 * A locator is `bucket/` + escaped key + U+0001. Escaping keeps the order of keys and keeps
 * prefixes prefixes, and leaves U+0001 (and U+0000, which some databases refuse) for us alone, so
 * that a key is never confused with a longer one, nor with its own versions.
 */
import { sortable } from '../../ports/metadata-store.ts';
import type { ObjectAddress } from './space.ts';

const end = '\u0001';
const escape = '\u0002';

/** U+0000…U+0002 become two characters, in the same order; anything else stands for itself. */
export function escapeKey(key: string): string {
  return key
    .replaceAll('\u0002', `${escape}\u0004`)
    .replaceAll('\u0001', `${escape}\u0003`)
    .replaceAll('\u0000', `${escape}\u0002`);
}

/** Where keys of a bucket that start with `prefix` are. */
export function prefixOf(bucket: string, prefix: string): string {
  return `${bucket}/${escapeKey(prefix)}`;
}

/** Where a key is; its versions and uploads extend this text. */
export function locatorOf(bucket: string, key: string): string {
  return prefixOf(bucket, key) + end;
}

/** An inclusive lower bound for whatever follows the key and all that extends its locator. */
export function pastLocator(bucket: string, key: string): string {
  return prefixOf(bucket, key) + escape;
}

/** Newest first under one locator. */
export function versionOrder(seq: number): string {
  return sortable(Number.MAX_SAFE_INTEGER - seq);
}

const lastCodePoint = 0x10ffff;

/**
 * The least text above every text that starts with `prefix`, in order of UTF-8 bytes; undefined
 * when there is none.
 */
export function successor(prefix: string): string | undefined {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0;
    if (point === lastCodePoint) continue;
    // Surrogates are no characters: the one after U+D7FF is U+E000.
    const next = point === 0xd7ff ? 0xe000 : point + 1;
    return points.join('') + String.fromCodePoint(next);
  }
  return undefined;
}

export interface UploadAddress extends ObjectAddress {
  readonly uploadId: string;
}

export function uploadKey(at: UploadAddress): string {
  return locatorOf(at.bucket, at.key) + at.uploadId;
}

export const maxPartNumber = 10_000;

export function partKey(uploadId: string, number: number): string {
  return `${uploadId}/${String(number).padStart(5, '0')}`;
}
