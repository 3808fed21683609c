/**
 * Argon2id on a thread of its own: a hash takes a tenth of a second, which no request may wait for
 * that did not ask for one. The thread starts with the first hash and is started again when lost.
 */
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

/** Memory in KiB, the hash's length in bytes. */
export interface HashOptions {
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly memorySize: number;
  readonly iterations: number;
  readonly parallelism: number;
  readonly hashLength: number;
}

interface Answer {
  readonly id: number;
  readonly hash?: Uint8Array;
  readonly failure?: string;
}

interface Waiting {
  resolve(hash: Uint8Array): void;
  reject(cause: Error): void;
}

/** As text, so that it runs the same from sources and from what is built of them. */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const { argon2id } = require(workerData);
parentPort.on('message', ({ id, options }) => {
  argon2id({ ...options, outputType: 'binary' }).then(
    (hash) => parentPort.postMessage({ id, hash }),
    (cause) => parentPort.postMessage({ id, failure: String(cause) }),
  );
});`;

export class HashThread {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;

  hash(options: HashOptions): Promise<Uint8Array> {
    const worker = this.#worker ?? this.#start();
    this.#lastId += 1;
    const id = this.#lastId;
    // A process that waits for a hash must not end; an idle thread must not keep it.
    worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, options });
    });
  }

  #start(): Worker {
    const workerData = createRequire(import.meta.url).resolve('hash-wasm');
    const worker = new Worker(program, { eval: true, workerData });
    worker.on('message', ({ id, hash, failure }: Answer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) worker.unref();
      if (hash) waiting?.resolve(hash);
      else waiting?.reject(new Error(failure));
    });
    worker.on('error', (cause: Error) => this.#lost(worker, cause));
    worker.on('exit', () => this.#lost(worker, new Error('the hashing thread ended')));
    this.#worker = worker;
    return worker;
  }

  #lost(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const waiting of this.#waiting.values()) waiting.reject(cause);
    this.#waiting.clear();
  }
}
