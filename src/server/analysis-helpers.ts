/**
 * Shares of scans among this thread and helpers, which start when this one is busy and end when
 * there has been nothing to do for a while.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Profile } from '../engines/profile/profile.ts';
import type { ProfileShare, Share, Sharing } from '../jobs/data-quality/pieces.ts';
import { assert } from '../kernel/assert.ts';
import type { Outcome } from '../kernel/outcome.ts';
import type { Abortable } from '../ports/metadata-store.ts';
import type { FromHelper, ToHelper, WorkerOptions } from './analysis-messages.ts';

/** Each has a database of its own beside what it reads. */
const mostHelpers = 7;
const idleMs = 20_000;
/** They read bytes and make few objects: left to itself, more memory is filled than is used. */
const limits = { maxYoungGenerationSizeMb: 8 };

/** `here` does shares in this thread, and is asked first. */
export function shareAmong(here: ProfileShare, options: WorkerOptions): Sharing {
  const helpers = Math.min(mostHelpers, availableParallelism() - 1);
  const free: ProfileShare[] = [here];
  for (let i = 0; i < helpers; i += 1) {
    const helper = new Helper(options);
    free.push((share, abort) => helper.profile(share, abort));
  }
  const waiting: ((profile: ProfileShare) => void)[] = [];
  const taken = () =>
    new Promise<ProfileShare>((resolve) => {
      const profile = free.shift();
      if (profile) resolve(profile);
      else waiting.push(resolve);
    });
  const give = (profile: ProfileShare) => {
    const next = waiting.shift();
    if (next) next(profile);
    // This thread has nothing to start.
    else if (profile === here) free.unshift(profile);
    else free.push(profile);
  };
  return {
    width: helpers + 1,
    async profile(share, abort) {
      const profile = await taken();
      try {
        return await profile(share, abort);
      } finally {
        give(profile);
      }
    },
  };
}

interface Waiting {
  readonly id: number;
  resolve(outcome: Outcome<Profile | undefined>): void;
  reject(cause: Error): void;
}

/** One share at a time. */
class Helper {
  readonly #options: WorkerOptions;
  #worker: Worker | undefined;
  #waiting: Waiting | undefined;
  #lastId = 0;
  #ending: NodeJS.Timeout | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  profile(share: Share, { signal }: Abortable): Promise<Outcome<Profile | undefined>> {
    assert(!this.#waiting, 'a helper has a share already');
    clearTimeout(this.#ending);
    this.#worker ??= this.#start();
    const worker = this.#worker;
    this.#lastId += 1;
    const id = this.#lastId;
    const cancel = () => worker.postMessage({ id } satisfies ToHelper);
    return new Promise<Outcome<Profile | undefined>>((resolve, reject) => {
      this.#waiting = { id, resolve, reject };
      worker.postMessage({ id, share } satisfies ToHelper);
      if (signal?.aborted) cancel();
      signal?.addEventListener('abort', cancel, { once: true });
    }).finally(() => {
      signal?.removeEventListener('abort', cancel);
      this.#waiting = undefined;
      this.#ending = setTimeout(() => void this.#end(), idleMs).unref();
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./analysis-helper.js', import.meta.url), {
      workerData: this.#options,
      resourceLimits: limits,
    });
    worker.on('message', ({ id, outcome, failure }: FromHelper) => {
      if (this.#waiting?.id !== id) return;
      if (outcome) this.#waiting.resolve(outcome);
      else this.#waiting.reject(new Error(`in a helper of the analysis thread: ${failure}`));
    });
    worker.on('error', (cause) => this.#lost(worker, cause));
    worker.on('exit', () => this.#lost(worker, new Error('a helper of the analysis thread ended')));
    worker.unref();
    return worker;
  }

  #lost(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#waiting?.reject(cause);
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}
