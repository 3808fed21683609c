/** The built-in analyses, by image repository, and the thread they run in. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type DataQualityTasks, makeDataQualityAnalyzer } from '../jobs/data-quality/analyzer.ts';
import type { Analyze } from '../jobs/processing/analysis.ts';
import type { Outcome } from '../kernel/outcome.ts';
import type { Abortable } from '../ports/metadata-store.ts';
import type { FromWorker, Task, ToWorker, WorkerOptions } from './analysis-messages.ts';
import type { World } from './world.ts';

const memoryLimit = '1GB';

export interface Analyzers {
  /** Repository of the image to what is built in under that name, whatever its account and tag. */
  readonly byRepository: ReadonlyMap<string, Analyze>;
  close(): Promise<void>;
}

export function makeAnalyzers({ store, config, temporaryFolder }: World): Analyzers {
  const threads = Math.max(1, availableParallelism() - 1);
  const thread = new AnalysisThread({ temporaryFolder, threads, memoryLimit });
  const { minimumSampleSize } = config;
  const dataQuality = makeDataQualityAnalyzer({
    store,
    tasks: tasksOf(thread),
    ...(minimumSampleSize > 0 ? { minimumSampleSize } : {}),
  });
  return {
    byRepository: new Map([['sagemaker-model-monitor-analyzer', dataQuality]]),
    close: () => thread.close(),
  };
}

/** The thread answers each kind of task with the type `DataQualityTasks` gives it. */
function tasksOf(thread: AnalysisThread): DataQualityTasks {
  return {
    analyze: (request, options) => thread.perform({ kind: 'analyze', request }, options),
    profile: (groups, { datasetFormat, ...options }) =>
      thread.perform({ kind: 'profile', groups, datasetFormat }, options),
  };
}

interface Waiting {
  resolve(outcome: Outcome<unknown>): void;
  reject(cause: Error): void;
}

/** Started by the first task, and again by the next one after it died. */
class AnalysisThread {
  readonly #options: WorkerOptions;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  perform<T>(task: Task, { signal }: Abortable): Promise<Outcome<T>> {
    this.#worker ??= this.#start();
    this.#lastId += 1;
    const id = this.#lastId;
    const worker = this.#worker;
    const cancel = () => worker.postMessage({ id } satisfies ToWorker);
    return new Promise<Outcome<unknown>>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, task } satisfies ToWorker);
      if (signal?.aborted) cancel();
      signal?.addEventListener('abort', cancel, { once: true });
    }).finally(() => signal?.removeEventListener('abort', cancel)) as Promise<Outcome<T>>;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./analysis-worker.js', import.meta.url), {
      workerData: this.#options,
    });
    worker.on('message', ({ id, outcome, failure }: FromWorker) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (outcome) waiting?.resolve(outcome);
      else waiting?.reject(new Error('an analysis failed unexpectedly', { cause: failure }));
    });
    worker.on('error', (cause) => this.#lost(worker, cause));
    worker.on('exit', () => this.#lost(worker, new Error('the analysis thread ended')));
    worker.unref();
    return worker;
  }

  #lost(worker: Worker, cause: Error): void {
    // A thread that failed ends a moment later, when another may have taken its place.
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(cause);
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }
}
