/**
 * Sealed chunks opened by a thread of their own: a core opens a gigabyte in 0.7 seconds, in which
 * the event loop would serve nobody. Both threads share the memory that chunks are opened in, which
 * is used again and again: memory that is made for each chunk has the collector go through the
 * whole heap every 30 MB. It belongs to one content alone, so that nobody's bytes get to others.
 */
import { availableParallelism } from 'node:os';
import { assert } from '../../kernel/assert.ts';
import type {
  ChunkKey,
  ChunkOpeners,
  OpenedBatch,
  RunningOpener,
  SentBatch,
} from '../../ports/chunk-openers.ts';
import { HelperThread } from './helper-thread.ts';
import {
  keyBytes,
  materialBytes,
  nonceBytes,
  type Order,
  program,
  type ThreadData,
  type Told,
  tagBytes,
} from './opener-program.ts';

/** A message costs both threads some microseconds. */
const batchChunks = 4;
/** Three are held by who takes them, while the next is read and opened. */
const slotsEach = 4;
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
  return { chunkBytes, begin: (key) => thread?.begin(key) };
}

class OpenerThread {
  readonly #helper: HelperThread<Order, Told>;
  readonly #slotBytes: number;
  readonly #running = new Map<number, ThreadOpener>();
  #lastId = 0;

  constructor(chunkBytes: number, runs: () => string) {
    const slotBytes = batchChunks * (chunkBytes + tagBytes);
    this.#slotBytes = slotBytes;
    this.#helper = new HelperThread<Order, Told>({
      program: runs,
      data: (): ThreadData => ({ slotBytes, chunkBytes }),
      onTold: (told) => this.#running.get(told.id)?.opened(told),
      onLost: (cause) => {
        for (const opener of this.#running.values()) opener.lost(cause);
      },
    });
  }

  begin({ key, baseNonce }: ChunkKey): RunningOpener | undefined {
    if (this.#running.size >= mostRunning) return undefined;
    assert(key.length === keyBytes && baseNonce.length === nonceBytes, 'a key of chunks');
    this.#lastId += 1;
    const id = this.#lastId;
    const shared = new SharedArrayBuffer(materialBytes + slotsEach * this.#slotBytes);
    // Here and not in the message, whose copies nobody wipes; the thread wipes these.
    const material = new Uint8Array(shared, 0, materialBytes);
    material.set(key);
    material.set(baseNonce, keyBytes);
    const opener = new ThreadOpener(this, { id, shared, slotBytes: this.#slotBytes });
    this.#running.set(id, opener);
    this.send({ id, shared });
    return opener;
  }

  send(order: Order): void {
    this.#helper.send(order);
  }

  forget(id: number): void {
    this.#running.delete(id);
    if (this.#running.size === 0) this.#helper.rest();
  }
}

interface OpenerParts {
  readonly id: number;
  readonly shared: SharedArrayBuffer;
  readonly slotBytes: number;
}

interface Waiting {
  readonly resolve: (opened: OpenedBatch) => void;
  readonly reject: (cause: Error) => void;
}

type Batch = Extract<Order, { readonly slot: number }>;

class ThreadOpener implements RunningOpener {
  readonly #thread: OpenerThread;
  readonly #parts: OpenerParts;
  readonly #free = Array.from({ length: slotsEach }, (_, slot) => slot);
  readonly #waiting = new Map<number, Waiting>();
  #cause: Error | undefined;
  #ended = false;

  constructor(thread: OpenerThread, parts: OpenerParts) {
    this.#thread = thread;
    this.#parts = parts;
  }

  async send(first: number, fill: (memory: Uint8Array) => Promise<number>): Promise<SentBatch> {
    const slot = this.#free.pop();
    assert(slot !== undefined && !this.#ended, 'memory for a batch of chunks');
    const release = () => void this.#free.push(slot);
    try {
      const sizeBytes = await fill(this.#memory(slot));
      const opened = this.#opened({ id: this.#parts.id, slot, first, sizeBytes });
      return { sizeBytes, opened, release };
    } catch (cause) {
      release();
      throw cause;
    }
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { id } = this.#parts;
    if (!this.#cause) this.#thread.send({ id, end: true });
    this.#thread.forget(id);
    this.lost(new Error('it was ended'));
  }

  opened({ slot, openedBytes, chunks }: Told): void {
    const content = this.#memory(slot).subarray(0, openedBytes);
    this.#waiting.get(slot)?.resolve({ content, chunks });
    this.#waiting.delete(slot);
  }

  lost(cause: Error): void {
    this.#cause ??= cause;
    new Uint8Array(this.#parts.shared, 0, materialBytes).fill(0);
    for (const { reject } of this.#waiting.values()) reject(cause);
    this.#waiting.clear();
  }

  #memory(slot: number): Uint8Array {
    const { shared, slotBytes } = this.#parts;
    return new Uint8Array(shared, materialBytes + slot * slotBytes, slotBytes);
  }

  #opened(batch: Batch): Promise<OpenedBatch> {
    const opened = new Promise<OpenedBatch>((resolve, reject) => {
      if (this.#cause) return reject(this.#cause);
      this.#waiting.set(batch.slot, { resolve, reject });
      this.#thread.send(batch);
    });
    // Whoever gave up what comes before does not wait for it.
    opened.catch(() => {});
    return opened;
  }
}
