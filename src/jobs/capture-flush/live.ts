/**
 * Objects that are written while their records come: what a journal keeps goes, from memory, into
 * the object that it becomes. Reading it back, and doing all of it in one go, would cost more than
 * capturing did, and hold requests up. The journal stays until the object is there, so nothing
 * hangs on this: what does not come about here is written from the journal.
 */
import { Pieces } from '../../engines/capture/pieces.ts';
import type { BeginTap, SpoolHeader } from '../../engines/capture/spool.ts';
import type { ByteStream } from '../../kernel/bytes.ts';
import type { Logger } from '../../kernel/log.ts';
import { type Outcome, reasonOf, refuse } from '../../kernel/outcome.ts';

export interface LiveParts {
  /** Writes the object, to the end of the content. */
  readonly write: (
    content: ByteStream,
    header: SpoolHeader,
    signal: AbortSignal,
  ) => Promise<Outcome<void>>;
  /** Whether it may still be written: a right may go while records come. */
  readonly check: (header: SpoolHeader) => Promise<Outcome<void>>;
  readonly log: Logger;
}

export interface LivePuts {
  readonly begin: BeginTap;
  /** Puts are begun from now on, until the signal aborts. */
  allow(signal: AbortSignal): void;
  /** Of a sealed journal: whether it is an object now. */
  finish(journalName: string): Promise<boolean>;
  /** After an abort: resolves when none is under way. */
  idle(): Promise<void>;
}

/** Each holds a file and some hundred kilobytes; further journals are read when they are whole. */
const mostPuts = 16;
/** Journals that end before become objects by being read: they are short. */
const leastBytes = 65_536;
/** Of all puts, when the disk is slower than the records: the put that finds it so is given up. */
const mostWaitingBytes = 16 * 1_048_576;

interface LivePut {
  readonly header: SpoolHeader;
  readonly pieces: Pieces;
  /** Undefined until there is enough. */
  written: Promise<boolean> | undefined;
}

export function makeLivePuts({ write, check, log }: LiveParts): LivePuts {
  const puts = new Map<string, LivePut>();
  let allowed: AbortSignal | undefined;

  async function* checkedAtEnd({ header, pieces }: LivePut): ByteStream {
    yield* pieces.stream();
    const may = await check(header);
    if (!may.ok) throw new Error(may.reason);
  }

  async function writeOut(put: LivePut, signal: AbortSignal): Promise<boolean> {
    const written = await write(checkedAtEnd(put), put.header, signal).catch((cause: unknown) =>
      refuse(reasonOf(cause)),
    );
    put.pieces.drop();
    if (!written.ok && !signal.aborted) {
      const { uri } = put.header;
      log.info('captured records go by their journal', { uri, reason: written.reason });
    }
    return written.ok;
  }

  function waitingBytes(): number {
    let sum = 0;
    for (const { pieces } of puts.values()) sum += pieces.waitingBytes;
    return sum;
  }

  function take(put: LivePut, bytes: Uint8Array): void {
    const { pieces } = put;
    pieces.add(bytes);
    if (!allowed || allowed.aborted || waitingBytes() > mostWaitingBytes) return pieces.drop();
    if (pieces.waitingBytes >= leastBytes) put.written ??= writeOut(put, allowed);
  }

  return {
    begin(name, header) {
      if (!allowed || allowed.aborted || puts.size >= mostPuts) return undefined;
      const put: LivePut = { header, pieces: new Pieces(), written: undefined };
      puts.set(name, put);
      return { take: (bytes) => take(put, bytes) };
    },
    allow(signal) {
      allowed = signal;
    },
    async finish(name) {
      const put = puts.get(name);
      if (!put) return false;
      puts.delete(name);
      put.pieces.end();
      return (await put.written) ?? false;
    },
    async idle() {
      if (!allowed?.aborted) return;
      const left = [...puts.values()];
      for (const { pieces } of left) pieces.drop();
      for (const { written } of left) await written;
      puts.clear();
    },
  };
}
