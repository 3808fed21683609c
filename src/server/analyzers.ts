/** The built-in analyses, by image repository, and the thread they run in. */
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { localScripts } from '../adapters/scripts/scripts.ts';
import type { Access } from '../engines/access/access.ts';
import type { ObjectsFor } from '../engines/objects/space.ts';
import { makeClarifyAnalyzer } from '../jobs/clarify/analyzer.ts';
import { makeDataQualityAnalyzer } from '../jobs/data-quality/analyzer.ts';
import { makeGroundTruthMerger } from '../jobs/ground-truth/merger.ts';
import { makeModelQualityAnalyzer } from '../jobs/model-quality/analyzer.ts';
import { mergerImage } from '../jobs/monitoring/job-of-run.ts';
import type { Analyze } from '../jobs/processing/analysis.ts';
import type { Safekeeping } from '../jobs/roles/safekeeping.ts';
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

export interface AnalyzerParts {
  /** Roles of jobs may ask models only when their policies allow it. */
  readonly access: Access;
  readonly objectsFor: ObjectsFor;
  readonly safekeeping: Safekeeping;
}

export function makeAnalyzers(
  world: World,
  { access, objectsFor, safekeeping }: AnalyzerParts,
): Analyzers {
  const { store, config, clock, launcher, temporaryFolder } = world;
  // A server that was killed could not remove what its analyses had written.
  rmSync(temporaryFolder, { recursive: true, force: true });
  const threads = Math.max(1, availableParallelism() - 1);
  const thread = new AnalysisThread({ temporaryFolder, threads, memoryLimit });
  const { minimumSampleSize } = config;
  const scripts = localScripts({ workFolder: join(temporaryFolder, 'scripts') });
  // The thread answers each kind of task with the type that its analyzer gives it.
  const dataQuality = makeDataQualityAnalyzer({
    store,
    tasks: {
      analyze: (request, options) => thread.perform({ kind: 'data-quality', request }, options),
      profile: (groups, { datasetFormat, preprocessor, ...options }) => {
        const task = { kind: 'profile', groups, datasetFormat } as const;
        return thread.perform({ ...task, ...(preprocessor ? { preprocessor } : {}) }, options);
      },
    },
    scripts,
    ...(minimumSampleSize > 0 ? { minimumSampleSize } : {}),
  });
  const modelQuality = makeModelQualityAnalyzer({
    ...{ clock, scripts },
    tasks: {
      analyze: (request, options) => thread.perform({ kind: 'model-quality', request }, options),
    },
  });
  const merger = makeGroundTruthMerger({
    tasks: { merge: (request, options) => thread.perform({ kind: 'merge', request }, options) },
  });
  const clarify = makeClarifyAnalyzer({
    ...{ store, launcher, objectsFor, safekeeping, access, clock: world.wallClock },
    tasks: {
      analyze: (request, options) => thread.perform({ kind: 'clarify', request }, options),
    },
  });
  return {
    byRepository: new Map([
      ['sagemaker-model-monitor-analyzer', byAnalysisType({ modelQuality, dataQuality })],
      [mergerImage, merger],
      ['sagemaker-clarify-processing', clarify],
    ]),
    close: () => thread.close(),
  };
}

/** One image of the original does both: the environment says which is wanted. */
function byAnalysisType(of: Readonly<Record<'modelQuality' | 'dataQuality', Analyze>>): Analyze {
  return (job, ...rest) => {
    const isModel = job.plan.environment['analysis_type'] === 'MODEL_QUALITY';
    return (isModel ? of.modelQuality : of.dataQuality)(job, ...rest);
  };
}

interface Waiting {
  say(line: string): void;
  resolve(outcome: Outcome<unknown>): void;
  reject(cause: Error): void;
}

interface Performing extends Abortable {
  readonly say?: (line: string) => void;
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

  perform<T>(task: Task, { signal, say = () => {} }: Performing): Promise<Outcome<T>> {
    this.#worker ??= this.#start();
    this.#lastId += 1;
    const id = this.#lastId;
    const worker = this.#worker;
    const cancel = () => worker.postMessage({ id } satisfies ToWorker);
    return new Promise<Outcome<unknown>>((resolve, reject) => {
      this.#waiting.set(id, { say, resolve, reject });
      worker.postMessage({ id, task } satisfies ToWorker);
      if (signal?.aborted) cancel();
      signal?.addEventListener('abort', cancel, { once: true });
    }).finally(() => signal?.removeEventListener('abort', cancel)) as Promise<Outcome<T>>;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./analysis-worker.js', import.meta.url), {
      workerData: this.#options,
    });
    worker.on('message', ({ id, said, outcome, failure }: FromWorker) => {
      const waiting = this.#waiting.get(id);
      if (said !== undefined) return waiting?.say(said);
      this.#waiting.delete(id);
      if (outcome) waiting?.resolve(outcome);
      else waiting?.reject(unexpected(failure));
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

/** The cause is an error again: of a text logs show nothing. */
function unexpected(stack = 'without a reason'): Error {
  const cause = Object.assign(new Error('in the analysis thread'), { stack });
  return new Error('an analysis failed unexpectedly', { cause });
}
