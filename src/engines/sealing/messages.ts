/**
 * Sealed messages as streams: content in, message out, and any range of the content back without
 * reading the rest. A message may be inside another: what reads one reads both.
 */
import type { ByteStream } from '../../kernel/bytes.ts';
import type { ChunkOpeners, RunningOpener, SentBatch } from '../../ports/chunk-openers.ts';
import type { ByteRange } from '../../ports/object-store.ts';
import { type ChunkCipher, tagBytes } from './chunked.ts';
import { ahead, Puller } from './pulling.ts';
import { DamagedBlob } from './sealed-store.ts';

export type ReadRange = (range: ByteRange) => ByteStream;

/** What begins with the salt and the commitment, after whatever its owner puts before them. */
export interface Head {
  readonly lengthBytes: number;
  /** Of the cipher that it gives. */
  readonly chunkBytes: number;
  /** Gives the message's cipher, or throws what is wrong with the head. */
  open(head: Uint8Array): ChunkCipher;
  /** For what is long; its chunks are of the same size, under AES-256-GCM. */
  readonly openers?: ChunkOpeners | undefined;
  /** As `ReadOptions` have it. */
  readonly partsPass?: true | undefined;
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
async function* pull(read: ReadRange, head: Head, { start, end }: ByteRange) {
  const { chunkBytes, lengthBytes } = head;
  const first = start < end ? Math.floor(start / chunkBytes) : 0;
  const past = start < end ? Math.ceil(end / chunkBytes) : 0;
  const place = (index: number) =>
    Math.min(Number.MAX_SAFE_INTEGER, lengthBytes + index * (chunkBytes + tagBytes));
  const headEnd = first === 0 ? place(past) : lengthBytes;
  let source = new Puller(ahead(read({ start: 0, end: headEnd })));
  try {
    const found = await source.take(lengthBytes);
    if (found.length < lengthBytes) throw new DamagedBlob('it ends before its content');
    const cipher = head.open(found);
    if (first > 0) {
      await source.close();
      source = new Puller(ahead(read({ start: place(first), end: place(past) })));
    }
    yield* chunksOf(source, cipher, { ...head, first, past });
  } finally {
    await source.close();
  }
}

interface Wanted extends Pick<Head, 'openers' | 'partsPass'> {
  readonly first: number;
  readonly past: number;
}

/** Shorter content is opened sooner than it is given to another thread. */
const chunksAlone = 4;

async function* chunksOf(
  source: Puller,
  cipher: ChunkCipher,
  { first, past, openers, partsPass }: Wanted,
): AsyncGenerator<Opened> {
  const sealedBytes = cipher.chunkBytes + tagBytes;
  for (let index = first; index < past; index += 1) {
    if (index === first + chunksAlone) {
      const opener = openers?.begin(cipher.material);
      const rest = { first: index, past, cipher, partsPass };
      if (opener) return yield* openedAside(source, opener, rest);
    }
    const sealed = await source.take(sealedBytes);
    if (sealed.length === 0 && index === first && first > 0) return;
    if (sealed.length === 0) throw endMissing();
    const content = cipher.open(index, sealed);
    if (!content) throw chunkChanged(index);
    yield { at: index * cipher.chunkBytes, content };
    if (sealed.length < sealedBytes) return;
  }
}

interface Aside extends Wanted {
  readonly cipher: ChunkCipher;
}

/** That stay as they are while another is asked for: one more than `partsPass` promises. */
const heldBatches = 2;

/** The same by another thread: while one batch is handed on the next is opened, and one is read. */
async function* openedAside(
  source: Puller,
  opener: RunningOpener,
  { first, past, cipher: { chunkBytes }, partsPass }: Aside,
): AsyncGenerator<Opened> {
  const sealedBytes = chunkBytes + tagBytes;
  async function* sent() {
    for (let index = first, ended = false; index < past && !ended; ) {
      let roomBytes = 0;
      const batch = await opener.send(index, (memory) => {
        roomBytes = Math.min(memory.length, (past - index) * sealedBytes);
        return source.takeInto(memory.subarray(0, roomBytes));
      });
      ended = batch.sizeBytes < roomBytes;
      yield { batch, index };
      // Chunks that are all whole had one behind them.
      if (ended && batch.sizeBytes % sealedBytes === 0) throw endMissing();
      index += batch.sizeBytes / sealedBytes;
    }
  }
  const held: SentBatch[] = [];
  try {
    for await (const { batch, index } of ahead(sent())) {
      const { content, chunks } = await batch.opened;
      const at = index * chunkBytes;
      if (content.length > 0) yield { at, content: partsPass ? content : Buffer.from(content) };
      held.push(batch);
      if (!partsPass || held.length > heldBatches) held.shift()?.release();
      if (chunks < Math.ceil(batch.sizeBytes / sealedBytes)) throw chunkChanged(index + chunks);
    }
  } finally {
    opener.end();
  }
}

function endMissing(): DamagedBlob {
  return new DamagedBlob('its end is missing');
}

function chunkChanged(index: number): DamagedBlob {
  return new DamagedBlob(`chunk ${index} was changed`);
}
