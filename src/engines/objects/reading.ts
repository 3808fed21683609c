/** The bytes of an object, whole or in part, from one blob or many. */
import { defined } from '../../kernel/assert.ts';
import type { ByteStream } from '../../kernel/bytes.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { BlobFile, ByteRange, ReadOptions as StoreReads } from '../../ports/object-store.ts';
import { type Answer, no } from './answer.ts';
import type { Pin, Segment } from './blobs.ts';
import type { Kit } from './kit.ts';
import { blobRows, manifestRows, type Part, type StoredVersion } from './rows.ts';
import { ownSeal, type Seal, type Unlocking } from './seals.ts';

export interface ReadOptions extends StoreReads, Unlocking {
  /** Within the object; all of it when absent. */
  readonly range?: ByteRange;
}

/** The bytes of an object; with `whole` they are all there already. */
export interface Opened extends ByteStream {
  readonly whole?: Uint8Array;
}

type WholeBytes = Opened & { readonly whole: Uint8Array };

/** The parts of an object made of parts; undefined when it has one blob or has been deleted. */
export async function partsOf(
  kit: Kit,
  { object }: StoredVersion,
): Promise<readonly Part[] | undefined> {
  if (object.content.kind === 'blob') return undefined;
  return (await kit.store.get(manifestRows, object.content.manifest))?.parts;
}

interface Pinned {
  readonly segments: readonly Segment[];
  readonly pin: Pin;
}

/** Refuses `changed` when the version has been deleted or replaced since it was looked up. */
async function pinned(kit: Kit, version: StoredVersion): Promise<Answer<Pinned>> {
  const gone = no('changed', 'the object was deleted or replaced meanwhile');
  const { content, sizeBytes } = version.object;
  const parts = await partsOf(kit, version);
  if (content.kind === 'parts' && !parts) return gone;
  const whole =
    content.kind === 'blob' ? [{ blob: content.blob, sizeBytes }] : defined(parts, 'parts');
  const pin = kit.blobs.pin(whole.map((part) => part.blob));
  // Rows of all parts go in one transaction. If the first is named now, after the pin, then none
  // has been deleted, and none will be until the pin is released.
  const [first] = whole;
  const row = first && (await kit.store.get(blobRows, first.blob));
  if (first && !row) {
    await pin.release();
    return gone;
  }
  // Of parts none is in its row.
  const sealed = row?.sealed === undefined ? {} : { sealed: row.sealed };
  const segments = whole.map((part) => ({
    ...{ blob: part.blob, range: { start: 0, end: part.sizeBytes } },
    ...sealed,
  }));
  return { ok: true, value: { segments, pin } };
}

interface Unlocked extends Pinned {
  readonly seal: Seal;
}

/** Opens the key and holds the blobs; releasing the pin ends the key as well. */
async function unlocked(
  kit: Kit,
  version: StoredVersion,
  unlocking: Unlocking,
): Promise<Answer<Unlocked>> {
  const { encryption } = version.object;
  const opened = await kit.keeper.open({ at: version, encryption }, unlocking);
  if (!opened.ok) return opened;
  const seal = opened.value;
  const held = await pinned(kit, version);
  if (!held.ok) seal.end();
  if (!held.ok) return held;
  const { segments, pin } = held.value;
  const release = async () => {
    seal.end();
    await pin.release();
  };
  return { ok: true, value: { segments, seal, pin: { release } } };
}

export async function unlock(
  kit: Kit,
  version: StoredVersion,
  unlocking: Unlocking,
): Promise<Answer<undefined>> {
  const { encryption } = version.object;
  const opened = await kit.keeper.open({ at: version, encryption }, unlocking);
  if (!opened.ok) return opened;
  opened.value.end();
  return { ok: true, value: undefined };
}

/** The version must have been looked up just now; see `pinned` for the refusal. */
export async function openVersion(
  kit: Kit,
  version: StoredVersion,
  { range, customerKey, ...options }: ReadOptions,
): Promise<Answer<Opened>> {
  const held = await unlocked(kit, version, customerKey ? { customerKey } : {});
  if (!held.ok) return held;
  const { segments, seal, pin } = held.value;
  const wanted = range ? clip(segments, range) : segments;
  const whole = await wholeOf(kit, wanted, held.value);
  if (whole) return { ok: true, value: whole };
  return { ok: true, value: kit.blobs.read(wanted, pin, { ...options, seal }) };
}

/** What is in a row needs no stream; opened at once, its key and its pin end here. */
async function wholeOf(
  { blobs }: Kit,
  wanted: readonly Segment[],
  { seal, pin }: Unlocked,
): Promise<WholeBytes | undefined> {
  const [only] = wanted;
  if (only?.sealed === undefined) return undefined;
  try {
    const bytes = blobs.open(only, seal)?.subarray(only.range.start, only.range.end);
    return bytes && { whole: bytes, [Symbol.asyncIterator]: () => iterated(bytes) };
  } finally {
    await pin.release();
  }
}

async function* iterated(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

/** The pieces of segments one after another that lie within a range of the whole. */
export function clip(segments: readonly Segment[], { start, end }: ByteRange): readonly Segment[] {
  const clipped: Segment[] = [];
  let offset = 0;
  for (const segment of segments) {
    const { range } = segment;
    const size = range.end - range.start;
    const from = Math.max(start - offset, 0);
    const to = Math.min(end - offset, size);
    if (from < to) {
      clipped.push({ ...segment, range: { start: range.start + from, end: range.start + to } });
    }
    offset += size;
  }
  return clipped;
}

/** Objects of one blob are lent as they are; others are joined into a blob of the moment. */
export async function versionAsFile(
  kit: Kit,
  version: StoredVersion,
  options: Abortable,
): Promise<Answer<BlobFile>> {
  const held = await unlocked(kit, version, {});
  if (!held.ok) return held;
  const { segments, seal, pin } = held.value;
  const [only] = segments;
  if (only && segments.length === 1) {
    return { ok: true, value: await lend(kit, { whole: only, seal, pin }, options) };
  }
  const bytes = kit.blobs.read(segments, pin, { ...options, seal });
  const joined = await kit.blobs.join(bytes, options);
  const all = { blob: joined.id, range: { start: 0, end: joined.sizeBytes } };
  const lending = { whole: all, seal: ownSeal, pin: kit.blobs.pin([joined.id]) };
  const file = await lend(kit, lending, options);
  await kit.blobs.drop([joined.id]);
  return { ok: true, value: file };
}

interface Lending {
  readonly whole: Segment;
  readonly seal: Seal;
  readonly pin: Pin;
}

async function lend(
  kit: Kit,
  { whole, seal, pin }: Lending,
  options: Abortable,
): Promise<BlobFile> {
  try {
    const file = await kit.blobs.asFile(whole, { ...options, seal });
    const release = async () => {
      await file.release();
      await pin.release();
    };
    return { path: file.path, release };
  } catch (error) {
    await pin.release();
    throw error;
  }
}
