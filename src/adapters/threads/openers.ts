/**
 * Sealed chunks opened by a thread of their own: a core opens a gigabyte in 0.7 seconds, in which
 * the event loop would serve nobody. The memory that they are opened in goes over and comes back,
 * and is used again: memory that is made for each chunk has the collector go through the whole heap
 * every 30 MB. It belongs to one content alone, so that nobody's bytes get to others. Not shared
 * memory, which the collector does not count, and so leaves lying.
 */
import { availableParallelism } from 'node:os';
import { assert } from '../../kernel/assert.ts';
import type {
  ChunkKey,
  ChunkOpeners,
  RunningOpener,
  SentBatch,
} from '../../ports/chunk-openers.ts';
import { HelperThread } from './helper-thread.ts';
import {
  type Batch,
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
const memoriesEach = 4;
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
  readonly #memoryBytes: number;
  readonly #running = new Map<number, ThreadOpener>();
  #lastId = 0;

  constructor(chunkBytes: number, runs: () => string) {
    this.#memoryBytes = batchChunks * (chunkBytes + tagBytes);
    this.#helper = new HelperThread<Order, Told>({
      program: runs,
      data: (): ThreadData => ({ chunkBytes }),
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
    // Not in the message, whose copies nobody wipes: the thread wipes these.
    const shared = new SharedArrayBuffer(materialBytes);
    const material = new Uint8Array(shared);
    material.set(key);
    material.set(baseNonce, keyBytes);
    const opener = new ThreadOpener(this, { id, material, memoryBytes: this.#memoryBytes });
    this.#running.set(id, opener);
    this.send({ id, material: shared });
    return opener;
  }

  send(order: Order, handedOver?: readonly ArrayBuffer[]): void {
    this.#helper.send(order, handedOver);
  }

  forget(id: number): void {
    this.#running.delete(id);
    if (this.#running.size === 0) this.#helper.rest();
  }
}

interface OpenerParts {
  readonly id: number;
  readonly material: Uint8Array;
  readonly memoryBytes: number;
}

interface Waiting {
  readonly resolve: (told: Told) => void;
  readonly reject: (cause: Error) => void;
}

class ThreadOpener implements RunningOpener {
  readonly #thread: OpenerThread;
  readonly #parts: OpenerParts;
  /** Made when they are needed, of which there are so many left. */
  readonly #free: ArrayBuffer[] = [];
  #unmade = memoriesEach;
  readonly #waiting = new Map<number, Waiting>();
  #lastNumber = 0;
  #cause: Error | undefined;
  #ended = false;

  constructor(thread: OpenerThread, parts: OpenerParts) {
    this.#thread = thread;
    this.#parts = parts;
  }

  async send(first: number, fill: (memory: Uint8Array) => Promise<number>): Promise<SentBatch> {
    const memory = this.#free.pop() ?? this.#made();
    let sizeBytes: number;
    try {
      sizeBytes = await fill(new Uint8Array(memory));
    } catch (cause) {
      this.#free.push(memory);
      throw cause;
    }
    this.#lastNumber += 1;
    const batch = { id: this.#parts.id, number: this.#lastNumber, first, memory, sizeBytes };
    const back: { memory?: ArrayBuffer } = {};
    const release = () => {
      if (back.memory) this.#free.push(back.memory);
      delete back.memory;
    };
    const opened = this.#sent(batch).then(({ memory: own, openedBytes, chunks }) => {
      back.memory = own;
      return { content: new Uint8Array(own, 0, openedBytes), chunks };
    });
    // Whoever gave up what comes before does not wait for it.
    opened.catch(() => {});
    return { sizeBytes, opened, release };
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { id } = this.#parts;
    if (!this.#cause) this.#thread.send({ id, end: true });
    this.#thread.forget(id);
    this.lost(new Error('it was ended'));
  }

  opened(told: Told): void {
    this.#waiting.get(told.number)?.resolve(told);
    this.#waiting.delete(told.number);
  }

  lost(cause: Error): void {
    this.#cause ??= cause;
    this.#parts.material.fill(0);
    for (const { reject } of this.#waiting.values()) reject(cause);
    this.#waiting.clear();
  }

  #made(): ArrayBuffer {
    assert(this.#unmade > 0 && !this.#ended, 'memory for a batch of chunks');
    this.#unmade -= 1;
    return new ArrayBuffer(this.#parts.memoryBytes);
  }

  #sent(batch: Batch): Promise<Told> {
    return new Promise((resolve, reject) => {
      if (this.#cause) return reject(this.#cause);
      this.#waiting.set(batch.number, { resolve, reject });
      this.#thread.send(batch, [batch.memory]);
    });
  }
}
