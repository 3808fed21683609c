/**
 * Sealed messages as streams: content in, message out, and any range of the content back without
 * reading the rest. A message may be inside another: what reads one reads both.
 */
import { assert } from '../../kernel/assert.ts';
import type { ByteStream } from '../../kernel/bytes.ts';
import type { ChunkOpener, ChunkOpeners } from '../../ports/chunk-openers.ts';
import type { ByteRange, OpenBlob } from '../../ports/object-store.ts';
import { type ChunkCipher, tagBytes } from './chunked.ts';
import { ahead, Puller } from './pulling.ts';
import { DamagedBlob } from './sealed-store.ts';

export type ReadRange = (range: ByteRange) => ByteStream;

/** What begins with the salt and the commitment, after whatever its owner puts before them. */
export interface Head {
  readonly lengthBytes: number;
  /** Of the cipher that it is likely to give. */
  readonly chunkBytes: number;
  /** Gives the message's cipher, or throws what is wrong with the head. */
  open(head: Uint8Array): ChunkCipher;
  /** For what is long. */
  readonly aside?: Aside | undefined;
  /** As `ReadOptions` have it. */
  readonly partsPass?: true | undefined;
}

/** Another thread, which reads the same as `ReadRange` does. Chunks are under AES-256-GCM. */
export interface Aside {
  readonly openers: ChunkOpeners;
  openBlob(): Promise<OpenBlob>;
  readonly signal?: AbortSignal | undefined;
}

/** Salt, commitment, chunks; in the pieces the cipher gives, which are not joined. */
export async function* sealMessage(
  cipher: ChunkCipher,
  salt: Uint8Array,
  content: ByteStream,
): ByteStream {
  yield Buffer.concat([salt, cipher.commitment]);
  let index = 0;
  let chunk = cipher.seal(index);
  let room = cipher.chunkBytes;
  for await (const part of content) {
    for (let at = 0; at < part.length; ) {
      const piece = part.subarray(at, at + room);
      yield chunk.update(piece);
      at += piece.length;
      room -= piece.length;
      if (room > 0) continue;
      yield chunk.end();
      index += 1;
      chunk = cipher.seal(index);
      room = cipher.chunkBytes;
    }
  }
  yield chunk.end();
}

/** Nothing that was not verified is handed on. Throws `DamagedBlob`. */
export async function* openMessage(read: ReadRange, head: Head, range: ByteRange): ByteStream {
  const whole = { start: 0, end: Number.MAX_SAFE_INTEGER };
  const { start, end } = range;
  const pulled = pull(read, head, range);
  let seen = false;
  for await (const { at, content } of pulled) {
    if (content === passes) {
      yield passes;
      continue;
    }
    seen = true;
    const from = Math.max(0, start - at);
    const piece = content.subarray(from, Math.max(from, end - at));
    if (piece.length > 0) yield piece;
  }
  // Begins past the end, which may be there because the end is missing: only all of it tells.
  if (!seen && start > 0 && start < end) for await (const _ of pull(read, head, whole));
}

interface Opened {
  /** Of its first byte in the content. */
  readonly at: number;
  readonly content: Uint8Array;
}

/** Every chunk that the range touches, none when it begins behind the last. */
async function* pull(read: ReadRange, head: Head, range: ByteRange): AsyncGenerator<Opened> {
  const { past, first } = wantedOf(range, head.chunkBytes);
  const aside = past - first > 1 ? head.aside : undefined;
  const opener = aside?.openers.reserve();
  if (!aside || !opener) return yield* pullHere(read, head, range);
  let blob: OpenBlob | undefined;
  try {
    blob = await aside.openBlob();
    const found = Buffer.alloc(head.lengthBytes);
    const cipher = head.open(wholeHead(head, found.subarray(0, await blob.read(found, 0))));
    assert(aside.openers.chunkBytes === head.chunkBytes, 'openers of such chunks');
    if (cipher.chunkBytes === head.chunkBytes) {
      const { fd } = blob;
      opener.begin({ fd, startBytes: head.lengthBytes, first, past, ...cipher.material });
      const { partsPass } = head;
      const opened = chunksBeside(opener, cipher, { first, partsPass, signal: aside.signal });
      return yield* partsPass ? passing(opened) : opened;
    }
  } finally {
    await opener.end();
    await blob?.close();
  }
  // Of a form that the other thread does not know.
  yield* pullHere(read, head, range);
}

/** Chunks by their numbers, the last exclusive. */
function wantedOf({ start, end }: ByteRange, chunkBytes: number) {
  if (start >= end) return { first: 0, past: 0 };
  return { first: Math.floor(start / chunkBytes), past: Math.ceil(end / chunkBytes) };
}

function wholeHead({ lengthBytes }: Head, found: Uint8Array): Uint8Array {
  if (found.length < lengthBytes) throw new DamagedBlob('it ends before its content');
  return found;
}

async function* pullHere(read: ReadRange, head: Head, range: ByteRange): AsyncGenerator<Opened> {
  const { lengthBytes } = head;
  const reach = (chunkBytes: number) => {
    const { first, past } = wantedOf(range, chunkBytes);
    const place = (index: number) =>
      Math.min(Number.MAX_SAFE_INTEGER, lengthBytes + index * (chunkBytes + tagBytes));
    return { first, past, start: place(first), end: place(past) };
  };
  const likely = reach(head.chunkBytes);
  const end = likely.first === 0 ? likely.end : lengthBytes;
  let source = new Puller(ahead(read({ start: 0, end })));
  try {
    const cipher = head.open(wholeHead(head, await source.take(lengthBytes)));
    const { first, past, ...place } = reach(cipher.chunkBytes);
    if (first > 0 || cipher.chunkBytes !== head.chunkBytes) {
      await source.close();
      source = new Puller(ahead(read(place)));
    }
    yield* chunksOf(source, cipher, { first, past });
  } finally {
    await source.close();
  }
}

interface Wanted {
  readonly first: number;
  readonly past: number;
}

async function* chunksOf(
  source: Puller,
  cipher: ChunkCipher,
  { first, past }: Wanted,
): AsyncGenerator<Opened> {
  const sealedBytes = cipher.chunkBytes + tagBytes;
  for (let index = first; index < past; index += 1) {
    const sealed = await source.take(sealedBytes);
    if (sealed.length === 0 && index === first && first > 0) return;
    if (sealed.length === 0) throw endMissing();
    const content = cipher.open(index, sealed);
    if (!content) throw chunkChanged(index);
    yield { at: index * cipher.chunkBytes, content };
    if (sealed.length < sealedBytes) return;
  }
}

interface Beside extends Pick<Head, 'partsPass'>, Pick<Aside, 'signal'> {
  readonly first: number;
}

/** The same by another thread. */
async function* chunksBeside(
  opener: ChunkOpener,
  { chunkBytes }: ChunkCipher,
  { first, signal, partsPass }: Beside,
): AsyncGenerator<Opened> {
  const sealedBytes = chunkBytes + tagBytes;
  for (let index = first; ; ) {
    signal?.throwIfAborted();
    const batch = await opener.next();
    if (!batch) return;
    const { content, chunks, sizeBytes, wantedBytes } = batch;
    if (sizeBytes === 0 && index === first && first > 0) return;
    const at = index * chunkBytes;
    if (chunks > 0) yield { at, content: partsPass ? content : Buffer.from(content) };
    if (chunks < Math.ceil(sizeBytes / sealedBytes)) throw chunkChanged(index + chunks);
    // Chunks that are all whole had one behind them.
    if (sizeBytes < wantedBytes && sizeBytes % sealedBytes === 0) throw endMissing();
    if (sizeBytes < wantedBytes) return;
    index += chunks;
  }
}

const passes = new Uint8Array(0);

/**
 * With parts that are empty behind the others, however those end: when they were asked for, the
 * memory of all before them is free. Two, one more than `partsPass` asks for: `ahead` asks early.
 */
async function* passing(opened: AsyncIterable<Opened>): AsyncGenerator<Opened> {
  let failed: { readonly cause: unknown } | undefined;
  try {
    yield* opened;
  } catch (cause) {
    failed = { cause };
  }
  for (let count = 0; count < 2; count += 1) yield { at: 0, content: passes };
  if (failed) throw failed.cause;
}

function endMissing(): DamagedBlob {
  return new DamagedBlob('its end is missing');
}

function chunkChanged(index: number): DamagedBlob {
  return new DamagedBlob(`chunk ${index} was changed`);
}
