/**
 * MD5 on a thread of its own: it takes longer than all else that is done with long content, some
 * 450 MB a second on a core. Bytes are copied into memory that both threads share. What is short is
 * computed at once. The thread starts when it is needed, and again when it was lost.
 */
import { createHash, type Hash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Digests, RunningDigest } from '../../ports/digests.ts';
import { type Order, program, type ThreadData, type Told } from './digest-program.ts';
import { HelperThread } from './helper-thread.ts';
import { put } from './shared-memory.ts';

/** What is shorter never leaves its thread. Each message costs both threads some microseconds. */
export const slotBytes = 262_144;
/** Bounds the memory of all, and how far the thread may lag behind. */
const slotCount = 12;
/** With more, each would wait for the others longer than it takes where it is. */
const mostRunning = 4;

export interface ThreadDigestsOptions {
  /** Of the machine. With one there is nothing to gain: callers compute for themselves. */
  readonly cores?: number;
  /** Of tests: what the thread runs. */
  readonly runs?: () => string;
}

export function threadDigests({
  cores = availableParallelism(),
  runs = () => program,
}: ThreadDigestsOptions = {}): Digests {
  const thread = cores > 1 ? new DigestThread(runs) : undefined;
  return { md5: () => thread?.begin() };
}

class DigestThread {
  readonly #shared = new SharedArrayBuffer(slotBytes * slotCount);
  readonly #free = Array.from({ length: slotCount }, (_, slot) => slot);
  readonly #running = new Map<number, ThreadDigest>();
  readonly #helper: HelperThread<Order, Told>;
  #lastId = 0;

  constructor(runs: () => string) {
    this.#helper = new HelperThread<Order, Told>({
      program: runs,
      data: (): ThreadData => ({ shared: this.#shared, slotBytes }),
      onTold: (told) => {
        if ('slot' in told) this.giveBack(told.slot);
        else this.#running.get(told.id)?.finished(told.hex);
      },
      onLost: (cause) => this.#lost(cause),
    });
  }

  begin(): RunningDigest | undefined {
    if (this.#running.size >= mostRunning) return undefined;
    this.#lastId += 1;
    const digest = new ThreadDigest(this, this.#lastId);
    this.#running.set(this.#lastId, digest);
    return digest;
  }

  send(order: Order): void {
    this.#helper.send(order);
  }

  forget(id: number): void {
    this.#running.delete(id);
    if (this.#running.size === 0) this.#helper.rest();
  }

  takeSlot(): number | undefined {
    return this.#free.pop();
  }

  giveBack(slot: number): void {
    this.#free.push(slot);
    for (const digest of this.#running.values()) digest.wake();
  }

  bytesOf(slot: number): Buffer {
    return Buffer.from(this.#shared, slot * slotBytes, slotBytes);
  }

  #lost(cause: Error): void {
    const held = [...this.#running.values()].map((digest) => digest.lost(cause));
    // What no digest holds was with the thread.
    this.#free.splice(0);
    for (let slot = 0; slot < slotCount; slot += 1) if (!held.includes(slot)) this.giveBack(slot);
  }
}

class ThreadDigest implements RunningDigest {
  readonly #thread: DigestThread;
  readonly #id: number;
  /** Being filled. */
  #slot: number | undefined;
  #filledBytes = 0;
  /** Some of it is with the thread: from then on all must go there. */
  #away = false;
  /** Where it is computed when there was no room from the beginning. */
  #here: Hash | undefined;
  #wake = () => {};
  #cause: Error | undefined;
  #settle: ((result: string | Error) => void) | undefined;

  constructor(thread: DigestThread, id: number) {
    this.#thread = thread;
    this.#id = id;
  }

  update(bytes: Uint8Array): Promise<void> | undefined {
    const rest = this.#copied(bytes);
    if (rest.length === 0) return undefined;
    if (this.#away) return this.#whenFree(rest);
    this.#here ??= this.#soFar();
    this.#here.update(rest);
    return undefined;
  }

  async hex(): Promise<string> {
    if (!this.#away) return (this.#here ?? this.#soFar()).digest('hex');
    if (this.#filledBytes > 0) this.#sendSlot();
    const result = await new Promise<string | Error>((settle) => {
      this.#settle = settle;
      if (this.#cause) settle(this.#cause);
      else this.#thread.send({ id: this.#id, finish: true });
    });
    if (result instanceof Error) throw result;
    this.#away = false;
    return result;
  }

  end(): void {
    if (this.#away && !this.#cause) this.#thread.send({ id: this.#id, forget: true });
    this.#away = false;
    this.#thread.forget(this.#id);
    if (this.#slot !== undefined) this.#thread.giveBack(this.#slot);
    this.#slot = undefined;
  }

  wake(): void {
    this.#wake();
  }

  finished(hex: string): void {
    this.#settle?.(hex);
  }

  /** Answers the slot that it holds. */
  lost(cause: Error): number | undefined {
    if (!this.#away) return this.#slot;
    this.#cause = cause;
    this.#settle?.(cause);
    this.#wake();
    this.#slot = undefined;
    return undefined;
  }

  /** Answers what found no room. */
  #copied(bytes: Uint8Array): Uint8Array {
    if (this.#cause) throw this.#cause;
    let rest = bytes;
    while (rest.length > 0 && !this.#here) {
      this.#slot ??= this.#thread.takeSlot();
      if (this.#slot === undefined) break;
      const piece = rest.subarray(0, slotBytes - this.#filledBytes);
      put(piece, this.#thread.bytesOf(this.#slot), this.#filledBytes);
      this.#filledBytes += piece.length;
      rest = rest.subarray(piece.length);
      if (this.#filledBytes === slotBytes) this.#sendSlot();
    }
    return rest;
  }

  async #whenFree(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
      rest = this.#copied(rest);
    }
  }

  #sendSlot(): void {
    if (this.#slot === undefined) return;
    this.#thread.send({ id: this.#id, slot: this.#slot, sizeBytes: this.#filledBytes });
    this.#away = true;
    this.#slot = undefined;
    this.#filledBytes = 0;
  }

  #soFar(): Hash {
    const hash = createHash('md5');
    if (this.#slot === undefined) return hash;
    return hash.update(this.#thread.bytesOf(this.#slot).subarray(0, this.#filledBytes));
  }
}
