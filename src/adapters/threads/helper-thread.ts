/**
 * A thread that takes work off the event loop: it starts when it is needed, and again when it was
 * lost. A process that waits for it does not end; while it rests, it keeps no process.
 */
import { Worker } from 'node:worker_threads';

export interface HelperThreadParts<Told> {
  /** What the thread runs, as text: the same from sources and when built. */
  readonly program: () => string;
  readonly data: () => unknown;
  readonly onTold: (told: Told) => void;
  /** What it was asked before is not answered any more. */
  readonly onLost: (cause: Error) => void;
}

export class HelperThread<Order, Told> {
  readonly #parts: HelperThreadParts<Told>;
  #worker: Worker | undefined;

  constructor(parts: HelperThreadParts<Told>) {
    this.#parts = parts;
  }

  send(order: Order): void {
    const worker = this.#worker ?? this.#start();
    worker.ref();
    worker.postMessage(order);
  }

  rest(): void {
    this.#worker?.unref();
  }

  #start(): Worker {
    const { program, data, onTold } = this.#parts;
    const worker = new Worker(program(), { eval: true, workerData: data() });
    worker.on('message', (told: Told) => {
      if (this.#worker === worker) onTold(told);
    });
    worker.on('error', (cause: Error) => this.#lost(worker, cause));
    worker.on('exit', () => this.#lost(worker, new Error('a helping thread ended')));
    this.#worker = worker;
    return worker;
  }

  #lost(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#parts.onLost(cause);
  }
}
