/**
 * Sealed chunks read from their file and opened by a thread of their own: a core opens a gigabyte
 * in half a second, in which the event loop would serve nobody. The memory that they are opened in
 * is shared, made once, and wiped between one content and the next: memory that is made for each
 * chunk has the collector go through the whole heap every 30 MB.
 */
import { availableParallelism } from 'node:os';
import { assert, defined } from '../../kernel/assert.ts';
import type {
  ChunkOpener,
  ChunkOpeners,
  OpenedBatch,
  SealedChunks,
} from '../../ports/chunk-openers.ts';
import { HelperThread } from './helper-thread.ts';
import {
  keyBytes,
  materialBytes,
  nonceBytes,
  type OpenedChunks,
  type Order,
  program,
  seatBytes,
  slotsEach,
  type ThreadData,
  type Told,
  tagBytes,
} from './opener-program.ts';

/** A message costs both threads some microseconds; only what is long waits for so many. */
const mostChunks = 4;
/** Opened before they are asked for, which leaves two slots for what was given last. */
const batchesAhead = slotsEach - 2;
/** With more, each would wait for the others longer than it takes where it is. */
const mostRunning = 4;

export interface ThreadOpenersOptions {
  /** Of the machine. With one there is nothing to gain: callers open for themselves. */
  readonly cores?: number;
  /** Of tests: what the thread runs. */
  readonly runs?: () => string;
}

export function threadOpeners(
  chunkBytes: number,
  { cores = availableParallelism(), runs = () => program }: ThreadOpenersOptions = {},
): ChunkOpeners {
  const thread = cores > 1 ? new OpenerThread(chunkBytes, runs) : undefined;
  return { chunkBytes, reserve: () => thread?.reserve() };
}

class OpenerThread {
  readonly chunkBytes: number;
  readonly slotBytes: number;
  readonly #shared: SharedArrayBuffer;
  readonly #helper: HelperThread<Order, Told>;
  readonly #taken = new Map<number, ThreadOpener>();

  constructor(chunkBytes: number, runs: () => string) {
    this.chunkBytes = chunkBytes;
    this.slotBytes = mostChunks * (chunkBytes + tagBytes);
    this.#shared = new SharedArrayBuffer(mostRunning * seatBytes(this.slotBytes));
    const { slotBytes } = this;
    this.#helper = new HelperThread<Order, Told>({
      program: runs,
      data: (): ThreadData => ({ shared: this.#shared, chunkBytes, slotBytes }),
      onTold: (told) => this.#taken.get(told.seat)?.told(told),
      onLost: (cause) => {
        for (const opener of this.#taken.values()) opener.lost(cause);
      },
    });
  }

  reserve(): ChunkOpener | undefined {
    for (let seat = 0; seat < mostRunning; seat += 1) {
      if (this.#taken.has(seat)) continue;
      const sizeBytes = seatBytes(this.slotBytes);
      const memory = Buffer.from(this.#shared, seat * sizeBytes, sizeBytes);
      const opener = new ThreadOpener(this, seat, memory);
      this.#taken.set(seat, opener);
      return opener;
    }
    return undefined;
  }

  send(order: Order): void {
    this.#helper.send(order);
  }

  leave(seat: number): void {
    this.#taken.delete(seat);
    if (this.#taken.size === 0) this.#helper.rest();
  }
}

interface Waiting {
  readonly resolve: (batch: OpenedChunks) => void;
  readonly reject: (cause: Error) => void;
}

interface Ordered {
  readonly opened: Promise<OpenedChunks>;
  readonly slot: number;
  readonly wantedBytes: number;
}

class ThreadOpener implements ChunkOpener {
  readonly #thread: OpenerThread;
  readonly #seat: number;
  readonly #memory: Buffer;
  readonly #ordered: Ordered[] = [];
  readonly #waiting: Waiting[] = [];
  /** The first chunk that was not ordered, and the one behind the last that is to be. */
  #next = 0;
  #past = 0;
  #batches = 0;
  #begun = false;
  #cause: Error | undefined;
  #ended: Promise<void> | undefined;
  #onEnded: () => void = () => {};

  constructor(thread: OpenerThread, seat: number, memory: Buffer) {
    this.#thread = thread;
    this.#seat = seat;
    this.#memory = memory;
  }

  begin({ fd, startBytes, first, past, key, baseNonce }: SealedChunks): void {
    assert(!this.#begun && !this.#ended, 'a seat that was taken once');
    assert(key.length === keyBytes && baseNonce.length === nonceBytes, 'a key of chunks');
    this.#begun = true;
    [this.#next, this.#past] = [first, past];
    // Not in the message, whose copies nobody wipes: the thread wipes these.
    this.#memory.set(key);
    this.#memory.set(baseNonce, keyBytes);
    this.#thread.send({ seat: this.#seat, fd, startBytes });
    this.#order();
  }

  async next(): Promise<OpenedBatch | undefined> {
    assert(!this.#ended, 'an opener at work');
    if (this.#cause) throw this.#cause;
    this.#order();
    const ordered = this.#ordered.shift();
    if (!ordered) return undefined;
    const { slot, wantedBytes, opened } = ordered;
    const { sizeBytes, openedBytes, chunks } = await opened;
    const at = materialBytes + slot * this.#thread.slotBytes;
    return { content: this.#memory.subarray(at, at + openedBytes), chunks, sizeBytes, wantedBytes };
  }

  end(): Promise<void> {
    this.#ended ??= new Promise((resolve) => {
      this.#onEnded = () => {
        this.#thread.leave(this.#seat);
        resolve();
      };
      // Not when it was lost: who was given something may still be at it.
      if (this.#begun && this.#cause) this.#memory.fill(0);
      if (!this.#begun || this.#cause) this.#onEnded();
      else this.#thread.send({ seat: this.#seat, end: true });
    });
    return this.#ended;
  }

  told(told: Told): void {
    if ('ended' in told) return this.#onEnded();
    const { resolve, reject } = defined(this.#waiting.shift(), 'who waits for a batch');
    if ('batch' in told) resolve(told.batch);
    else reject(new Error(told.failure));
  }

  lost(cause: Error): void {
    if (!this.#begun) return;
    this.#cause = cause;
    for (const { reject } of this.#waiting.splice(0)) reject(cause);
    if (!this.#ended) return;
    this.#memory.fill(0);
    this.#onEnded();
  }

  /** What comes next, as long as slots are free of what was given last. */
  #order(): void {
    while (this.#ordered.length < batchesAhead && this.#next < this.#past) {
      const count = Math.min(this.#batches + 1, mostChunks, this.#past - this.#next);
      const slot = this.#batches % slotsEach;
      const opened = new Promise<OpenedChunks>((resolve, reject) => {
        this.#waiting.push({ resolve, reject });
      });
      // Whoever gave up what comes before does not wait for it.
      opened.catch(() => {});
      this.#thread.send({ seat: this.#seat, slot, first: this.#next, count });
      this.#ordered.push({
        opened,
        slot,
        wantedBytes: count * (this.#thread.chunkBytes + tagBytes),
      });
      this.#batches += 1;
      this.#next += count;
    }
  }
}
