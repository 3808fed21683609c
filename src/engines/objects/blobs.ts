/**
 * The blobs behind objects: how many rows name each, who is reading them, and when they go.
 * A blob is deleted when no row names it and nobody in this process reads it. Of small ones all is
 * in their row: that is one sync of the disk instead of three, and no file.
 */
import { createHash } from 'node:crypto';
import { defined } from '../../kernel/assert.ts';
import { type ByteStream, once } from '../../kernel/bytes.ts';
import { type Logger, silentLogger } from '../../kernel/log.ts';
import type { Digests, RunningDigest } from '../../ports/digests.ts';
import type { Abortable, MetadataStore, Transaction } from '../../ports/metadata-store.ts';
import type { Blob, BlobFile, ByteRange, ReadOptions } from '../../ports/object-store.ts';
import type { SealedStore, Small } from '../sealing/sealed-store.ts';
import { type Answer, no } from './answer.ts';
import { beginningOf } from './beginning.ts';
import { makeDigest } from './digest.ts';
import { blobRows, type ChecksumAlgorithm, orphanRows } from './rows.ts';
import type { Seal } from './seals.ts';

/** S3's limit for one put and for one part. */
export const maxPutBytes = 5 * 1024 ** 3;

/** What is in a row is read with it, so rows must stay small. */
export const mostInRowBytes = 4_096;

/** Bytes that are kept, and that no row names yet. */
export interface Taken {
  readonly blob: string;
  /** Of `BlobRow`: it is kept by nobody else. */
  readonly sealed?: string;
  readonly sizeBytes: number;
  /** Hex: the MD5 of what the store's own key encrypts; of all else it tells nothing. */
  readonly etag: string;
  /** Base64, by the algorithm asked for. */
  readonly digest?: string;
}

export interface TakeOptions extends Abortable {
  readonly digest?: ChecksumAlgorithm;
}

export interface Taking extends TakeOptions {
  readonly seal: Seal;
  /** Gives an etag that is not the MD5 of the bytes. */
  readonly anyEtag?: () => string;
  /** What is small is answered sealed, for its row. */
  readonly mayBeInRow?: boolean;
}

export interface Reads extends ReadOptions {
  readonly seal: Seal;
}

export interface Segment {
  readonly blob: string;
  readonly range: ByteRange;
  /** Of `BlobRow`. */
  readonly sealed?: string;
}

/** A hold on blobs that keeps them from being deleted; `release` may be called more than once. */
export interface Pin {
  release(): Promise<void>;
}

export interface Blobs {
  /** Refuses `tooLarge` past `maxPutBytes`; what the stream throws is rethrown and nothing kept. */
  take(content: ByteStream, options: Taking): Promise<Answer<Taken>>;
  /** After the commit that named them last: deletes them, those being read once they are not. */
  drop(ids: readonly string[]): Promise<void>;
  pin(ids: readonly string[]): Pin;
  /** One after another; releases the pin at the end, however it comes. */
  read(segments: readonly Segment[], pin: Pin, options: Reads): ByteStream;
  /** A blob of all that, which no row names: it is the caller's to drop. */
  join(content: ByteStream, options: Abortable): Promise<Blob>;
  asFile(whole: Segment, options: Reads): Promise<BlobFile>;
  /** Of what is in a row, its bytes without a stream. */
  open(whole: Segment, seal: Seal): Uint8Array | undefined;
  /** See `Objects.sweepOrphans`. */
  sweep(options: SweepOptions): Promise<number>;
}

export interface SweepOptions extends Abortable {
  readonly nowMs: number;
  readonly graceMs: number;
}

/** In a transaction: the first row names a blob just taken. */
export async function hold(tx: Transaction, { blob, sealed }: Taken): Promise<void> {
  await tx.put(blobRows, blob, sealed === undefined ? { refs: 1 } : { refs: 1, sealed });
}

/** In a transaction: one more row names the blob. False when it is named no longer. */
export async function holdAgain(tx: Transaction, blob: string): Promise<boolean> {
  const row = await tx.get(blobRows, blob);
  if (!row) return false;
  await tx.put(blobRows, blob, { ...row, refs: row.refs + 1 });
  return true;
}

/** In a transaction: one row less names the blob; adds it to `freed` when that was the last. */
export async function letGo(tx: Transaction, blob: string, freed: string[]): Promise<void> {
  const row = await tx.get(blobRows, blob);
  if (row && row.refs > 1) return tx.put(blobRows, blob, { ...row, refs: row.refs - 1 });
  await tx.delete(blobRows, blob);
  if (row?.sealed === undefined) freed.push(blob);
}

export interface BlobParts {
  readonly store: MetadataStore;
  readonly blobs: SealedStore;
  /** Absent: MD5s are computed where the bytes are. */
  readonly digests?: Digests | undefined;
  readonly log?: Logger;
}

class TooLarge extends Error {}

export function makeBlobs({ store, blobs, digests, log = silentLogger }: BlobParts): Blobs {
  const readers = new Map<string, number>();
  const doomed = new Set<string>();

  async function remove(id: string): Promise<void> {
    // The rows are gone and the client has its answer: a blob left behind is the sweep's to find.
    await blobs
      .delete(id)
      .catch((cause: unknown) => log.error('a freed blob stays until a sweep', cause, { id }));
  }

  async function drop(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      if (readers.has(id)) doomed.add(id);
      else await remove(id);
    }
  }

  async function unpin(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const count = (readers.get(id) ?? 0) - 1;
      if (count > 0) readers.set(id, count);
      else readers.delete(id);
      if (count <= 0 && doomed.delete(id)) await remove(id);
    }
  }

  return {
    take: (content, options) => take({ blobs, digests }, content, options),
    drop,

    pin(ids) {
      for (const id of ids) readers.set(id, (readers.get(id) ?? 0) + 1);
      let held = true;
      return {
        async release() {
          if (!held) return;
          held = false;
          await unpin(ids);
        },
      };
    },

    read: (segments, pin, options) => new Reading(readAll(blobs, segments, options), pin, options),

    join: (content, options) => blobs.put(content, options),
    async asFile(whole, { seal, ...options }) {
      const sealed = { ...options, ...seal.options() };
      const small = smallOf(whole);
      return small ? smallSeals(blobs).asFile(small, sealed) : blobs.asFile(whole.blob, sealed);
    },
    open(whole, seal) {
      const small = smallOf(whole);
      return small && smallSeals(blobs).open(small, seal.options());
    },
    sweep: (options) => sweep({ store, blobs, isRead: (id) => readers.has(id) }, options),
  };
}

/** Ends a stream that may not have been begun: a held one would keep its blobs. */
export async function giveUp(stream: ByteStream): Promise<void> {
  await stream[Symbol.asyncIterator]().return?.();
}

function smallOf({ blob, sealed }: Segment): Small | undefined {
  return sealed === undefined ? undefined : { id: blob, sealed: Buffer.from(sealed, 'base64') };
}

function smallSeals({ small }: SealedStore) {
  return defined(small, 'the seals of what is in rows');
}

async function take(
  { blobs, digests }: Pick<BlobParts, 'blobs' | 'digests'>,
  content: ByteStream,
  { seal, mayBeInRow = false, anyEtag, ...options }: Taking,
): Promise<Answer<Taken>> {
  // The MD5 of what others must not read would tell them when they guess right.
  const newEtag = seal.newEtag ?? anyEtag;
  const md5 = newEtag ? undefined : (digests?.md5() ?? md5Here());
  const digest = options.digest && makeDigest(options.digest);
  async function* tapped(): ByteStream {
    let sizeBytes = 0;
    for await (const bytes of content) {
      sizeBytes += bytes.length;
      if (sizeBytes > maxPutBytes) throw new TooLarge();
      const room = md5?.update(bytes);
      digest?.update(bytes);
      yield bytes;
      if (room) await room;
    }
  }
  try {
    const kept = await keep(blobs, tapped(), { seal, mayBeInRow, ...options });
    const etag = newEtag?.() ?? (await defined(md5, 'the MD5').hex());
    const taken = { ...kept, etag };
    return { ok: true, value: digest ? { ...taken, digest: digest.base64() } : taken };
  } catch (error) {
    if (error instanceof TooLarge) return no('tooLarge', `more than ${maxPutBytes} bytes`);
    throw error;
  } finally {
    md5?.end();
  }
}

function md5Here(): RunningDigest {
  const hash = createHash('md5');
  return {
    update: (bytes) => void hash.update(bytes),
    hex: async () => hash.digest('hex'),
    end: () => {},
  };
}

type Kept = Pick<Taken, 'blob' | 'sizeBytes' | 'sealed'>;

async function keep(
  blobs: SealedStore,
  content: ByteStream,
  { seal, mayBeInRow, signal }: Taking,
): Promise<Kept> {
  const options = signal ? { signal } : {};
  let stream = content;
  if (mayBeInRow && blobs.small) {
    const beginning = await beginningOf(content, mostInRowBytes, options);
    if (beginning.whole) {
      const { id, sealed } = blobs.small.seal(beginning.whole, seal.options());
      const sizeBytes = beginning.whole.length;
      return { blob: id, sizeBytes, sealed: Buffer.from(sealed).toString('base64') };
    }
    stream = beginning.stream;
  }
  const { id, sizeBytes } = await blobs.put(stream, { ...options, ...seal.options() });
  return { blob: id, sizeBytes };
}

async function* readAll(
  blobs: SealedStore,
  segments: readonly Segment[],
  { seal, ...options }: Reads,
): ByteStream {
  // Whoever gave up before the first read has ended the key as well.
  options.signal?.throwIfAborted();
  const sealed = { ...options, ...seal.options() };
  for (const segment of segments) {
    const { blob, range } = segment;
    const small = smallOf(segment);
    if (!small) yield* blobs.read(blob, range, sealed);
    else yield* once(smallSeals(blobs).open(small, sealed).subarray(range.start, range.end));
  }
}

/** A stream that lets go of its blobs when it ends, is given up, or its request is aborted. */
class Reading implements AsyncIterableIterator<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #pin: Pin;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.#end();

  constructor(source: ByteStream, pin: Pin, { signal }: Abortable) {
    this.#source = source[Symbol.asyncIterator]();
    this.#pin = pin;
    this.#signal = signal;
    if (signal?.aborted) void this.#end();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    try {
      const step = await this.#source.next();
      if (step.done) await this.#end();
      return step;
    } catch (error) {
      await this.#end();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    try {
      await this.#source.return?.();
      return { done: true, value: undefined };
    } finally {
      await this.#end();
    }
  }

  async #end(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    await this.#pin.release();
  }
}

/**
 * A blob may be without rows because its put is about to commit, so it goes only when an earlier
 * sweep, at least `graceMs` ago, saw it without rows as well.
 */
async function sweep(
  { store, blobs, isRead }: BlobParts & { readonly isRead: (id: string) => boolean },
  { nowMs, graceMs, signal }: SweepOptions,
): Promise<number> {
  await forgetNamed(store);
  let removed = 0;
  for await (const id of blobs.ids()) {
    signal?.throwIfAborted();
    // Files made for the moment of several parts have no row, and may be lent for long.
    if (isRead(id) || (await store.get(blobRows, id))) continue;
    const orphaned = await store.write(async (tx) => {
      if (await tx.get(blobRows, id)) return false;
      const seen = await tx.get(orphanRows, id);
      if (!seen) await tx.put(orphanRows, id, { seenAtMs: nowMs });
      if (!seen || nowMs - seen.seenAtMs < graceMs) return false;
      return tx.delete(orphanRows, id);
    });
    if (!orphaned) continue;
    await blobs.delete(id);
    removed += 1;
  }
  return removed;
}

/** Blobs that were named after a sweep saw them are no orphans. */
async function forgetNamed(store: MetadataStore): Promise<void> {
  const limit = 500;
  let after: string | undefined;
  do {
    const page = await store.list(orphanRows, { limit, ...(after === undefined ? {} : { after }) });
    for (const { key } of page) {
      if (await store.get(blobRows, key)) await store.write((tx) => tx.delete(orphanRows, key));
    }
    after = page.length < limit ? undefined : page.at(-1)?.key;
  } while (after !== undefined);
}
