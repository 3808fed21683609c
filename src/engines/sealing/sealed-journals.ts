/**
 * Journals whose records are kept sealed, over journals that keep bytes as they are: frames of
 * `length(4, big-endian) ‖ CRC-32 of the length(4) ‖ sealed piece`, each bound to the journal's
 * name and its number. What is appended while a frame is being written becomes the next frame. A
 * frame that a dying process left half written is cut off when the journal is opened, and told to
 * the log, since damage of the last frame looks the same; any other damage throws. Whole frames
 * that are missing at the end are not noticed.
 */
import { crc32 } from 'node:zlib';
import { assert } from '../../kernel/assert.ts';
import { type ByteStream, joined } from '../../kernel/bytes.ts';
import { type Logger, silentLogger } from '../../kernel/log.ts';
import type { Journal, Journals } from '../../ports/journals.ts';
import type { Sealer } from '../../ports/sealer.ts';
import { Puller } from './pulling.ts';

const headBytes = 8;
const pieceBytes = 65_536;

export class DamagedJournal extends Error {
  override readonly name = 'DamagedJournal';
}

export function sealedJournals(
  inner: Journals,
  sealer: Sealer,
  log: Logger = silentLogger,
): Journals {
  const journals = new Map<string, Promise<SealedJournal>>();
  const openSealed = async (name: string) => {
    const journal = await inner.open(name);
    const found = await scan(journal, sealer);
    const { keptBytes } = found;
    const cutBytes = journal.sizeBytes - keptBytes;
    if (cutBytes > 0) {
      const what = 'the end of a journal was cut off: a write was interrupted, or it is damaged';
      log.warn(what, { journal: name, keptBytes, cutBytes });
      await journal.truncate(keptBytes);
    }
    return new SealedJournal({ journal, sealer, found, gone: () => journals.delete(name) });
  };
  return {
    async open(name) {
      const opening = journals.get(name) ?? openSealed(name);
      journals.set(name, opening);
      opening.catch(() => journals.delete(name));
      return opening;
    },
    names: () => inner.names(),
    async close() {
      for (const opening of journals.values()) await (await opening).idle();
      journals.clear();
      await inner.close();
    },
  };
}

/** What is in a journal when it is opened. */
interface Found {
  readonly frames: number;
  /** Of the records. */
  readonly sizeBytes: number;
  /** Of the frames that hold them. */
  readonly keptBytes: number;
}

interface SealedJournalParts {
  readonly journal: Journal;
  readonly sealer: Sealer;
  readonly found: Found;
  readonly gone: () => void;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

class SealedJournal implements Journal {
  readonly name: string;
  readonly #journal: Journal;
  readonly #sealer: Sealer;
  readonly #gone: () => void;
  #frames: number;
  #sizeBytes: number;
  /** Bounded by the callers, each of which waits for its append. */
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  constructor({ journal, sealer, found, gone }: SealedJournalParts) {
    this.name = journal.name;
    this.#journal = journal;
    this.#sealer = sealer;
    this.#gone = gone;
    this.#frames = found.frames;
    this.#sizeBytes = found.sizeBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(bytes: Uint8Array): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject });
    });
    this.#writing ??= this.#write();
    return done;
  }

  read(): ByteStream {
    return this.#opened(this.#journal.read());
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.#writing;
    assert(sizeBytes <= this.#sizeBytes, `journal ${this.name} has ${this.#sizeBytes} bytes`);
    let kept = { frames: 0, sizeBytes: 0, keptBytes: 0 };
    let rest: Uint8Array | undefined;
    for await (const { sealed, number } of eachFrame(this.name, this.#journal.read())) {
      const content = this.#open(sealed, number);
      if (kept.sizeBytes + content.length > sizeBytes) {
        rest = content.subarray(0, sizeBytes - kept.sizeBytes);
        break;
      }
      kept = {
        frames: number + 1,
        sizeBytes: kept.sizeBytes + content.length,
        keptBytes: kept.keptBytes + headBytes + sealed.length,
      };
    }
    await this.#journal.truncate(kept.keptBytes);
    this.#frames = kept.frames;
    this.#sizeBytes = kept.sizeBytes;
    if (rest && rest.length > 0) await this.append(rest);
  }

  async remove(): Promise<void> {
    await this.#journal.remove();
    this.#gone();
  }

  /** Resolves when everything that was appended is written. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#writeFrame(joined(group.map(({ bytes }) => bytes)));
        for (const { resolve } of group) resolve();
      } catch (cause) {
        for (const { reject } of group) reject(cause);
      }
    }
    this.#writing = undefined;
  }

  async #writeFrame(content: Uint8Array): Promise<void> {
    const frame = this.#sealer.seal(content, bindingOf(this.name, this.#frames), headBytes);
    frame.set(headOf(frame.length - headBytes));
    await this.#journal.append(frame);
    this.#frames += 1;
    this.#sizeBytes += content.length;
  }

  async *#opened(kept: ByteStream): ByteStream {
    for await (const frames of framesOf(this.name, kept)) {
      const pieces: Uint8Array[] = [];
      try {
        for (const { sealed, number } of frames) pieces.push(this.#open(sealed, number));
      } finally {
        // What is before a damaged frame is sound.
        if (pieces.length > 0) yield Buffer.concat(pieces);
      }
    }
  }

  #open(sealed: Uint8Array, number: number): Uint8Array {
    const opened = this.#sealer.open(sealed, bindingOf(this.name, number));
    if (!opened.ok) throw damaged(this.name, number, opened.reason);
    return opened.value;
  }
}

function bindingOf(name: string, number: number): string {
  return `journal ${name} ${number}`;
}

function headOf(lengthBytes: number): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(lengthBytes);
  head.writeUInt32BE(crc32(head.subarray(0, 4)), 4);
  return head;
}

function damaged(name: string, number: number, reason: string): DamagedJournal {
  return new DamagedJournal(`frame ${number} of journal ${name}: ${reason}`);
}

interface Frame {
  readonly number: number;
  readonly sealed: Uint8Array;
}

async function* eachFrame(name: string, kept: ByteStream): AsyncGenerator<Frame> {
  for await (const frames of framesOf(name, kept)) yield* frames;
}

/**
 * The frames that are whole, those together that were read together: frames may be short, and
 * waiting for each would cost more than it. Ends at one that is not whole. Throws for a head that
 * was never written.
 */
async function* framesOf(name: string, kept: ByteStream): AsyncGenerator<readonly Frame[]> {
  const source = new Puller(kept);
  try {
    for (let number = 0; ; number += 1) {
      const together = framesAtHand(source, number);
      if (together.length > 0) yield together;
      number += together.length;
      const head = Buffer.from(await source.take(headBytes));
      if (head.length < headBytes) return;
      const lengthBytes = head.readUInt32BE();
      if (!headOf(lengthBytes).equals(head)) {
        // A file system that lost power may leave the end of a file as zeros.
        if (await isZeros(source)) return;
        throw damaged(name, number, 'its length was changed');
      }
      const sealed = await source.take(lengthBytes);
      if (sealed.length < lengthBytes) return;
      yield [{ number, sealed }];
    }
  } finally {
    await source.close();
  }
}

/** Without waiting. Ends at what is not whole or not sound as well, for others to tell which. */
function framesAtHand(source: Puller, first: number): readonly Frame[] {
  const frames: Frame[] = [];
  for (;;) {
    const head = source.peek(headBytes);
    if (!head) return frames;
    const lengthBytes = Buffer.from(head.buffer, head.byteOffset, headBytes).readUInt32BE();
    const frame = headOf(lengthBytes).equals(head) && source.peek(headBytes + lengthBytes);
    if (!frame) return frames;
    source.skip(frame.length);
    frames.push({ number: first + frames.length, sealed: frame.subarray(headBytes) });
  }
}

async function isZeros(source: Puller): Promise<boolean> {
  for (;;) {
    const piece = await source.take(pieceBytes);
    if (piece.some((byte) => byte !== 0)) return false;
    if (piece.length < pieceBytes) return true;
  }
}

/** The last frame is opened as well: a machine that lost power may have written some of it. */
async function scan(journal: Journal, sealer: Sealer): Promise<Found> {
  let found = { frames: 0, sizeBytes: 0, keptBytes: 0 };
  let before = found;
  let last: Frame | undefined;
  for await (const frame of eachFrame(journal.name, journal.read())) {
    before = found;
    last = frame;
    found = {
      frames: found.frames + 1,
      sizeBytes: found.sizeBytes + frame.sealed.length - sealer.overheadBytes,
      keptBytes: found.keptBytes + headBytes + frame.sealed.length,
    };
  }
  if (!last) return found;
  const sound = sealer.open(last.sealed, bindingOf(journal.name, last.number)).ok;
  return sound ? found : before;
}
