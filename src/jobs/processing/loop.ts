/**
 * Takes processing jobs from the work queue and runs them, a few at a time. A job whose server died
 * is run again once; the third time it fails, because it is then likely the cause.
 */
import { hasEnded, type ProcessingWork, processingJobs } from '../../engines/processing/rows.ts';
import type { WorkItem, WorkQueue } from '../../engines/work/queue.ts';
import type { Loop, Wake } from '../../kernel/loop.ts';
import { type Outcome, refuse } from '../../kernel/outcome.ts';
import { type FinishParts, finishJob, publishJobState } from './finish.ts';
import { type Ending, type RunParts, runProcessingJob } from './run.ts';

const leaseMs = 30_000;
const renewEveryMs = 10_000;
const mostAttempts = 2;

export interface ProcessingParts extends FinishParts, RunParts {
  readonly queue: WorkQueue<ProcessingWork>;
  readonly wake: Wake;
  /** Unique to this process: a lease of a process that died is not ours. */
  readonly holder: string;
  readonly parallelism: number;
}

export const processingLoopName = 'processing';

export interface ProcessingLoop extends Loop {
  idle(): Promise<void>;
  /** Asks a running job to stop; its row must already say so. */
  stopJob(key: string): void;
}

interface Running {
  readonly item: WorkItem<ProcessingWork>;
  readonly done: Promise<void>;
  stop(): void;
  /** Somebody else has the item now: nothing of this run may count. */
  lose(): void;
}

export function makeProcessingLoop(parts: ProcessingParts): ProcessingLoop {
  const running = new Map<string, Running>();

  const start = (item: WorkItem<ProcessingWork>, server: AbortSignal) => {
    const stopping = new AbortController();
    const losing = new AbortController();
    const left = AbortSignal.any([server, losing.signal]);
    const signal = AbortSignal.any([left, stopping.signal]);
    const done = runItem(item, parts, { left, signal })
      .catch((cause: unknown) =>
        parts.log.error('a processing job could not be ended', cause, { id: item.id }),
      )
      .finally(() => {
        running.delete(item.id);
        parts.wake(processingLoopName);
        parts.wake('schedules');
      });
    const stop = () => stopping.abort();
    running.set(item.id, { item, done, stop, lose: () => losing.abort() });
  };

  return {
    name: processingLoopName,
    async tick(nowMs, { signal }) {
      for (const { item, lose } of running.values()) {
        const renewed = await parts.queue.renew(item, nowMs, leaseMs);
        if (!renewed.ok) lose();
      }
      const limit = parts.parallelism - running.size;
      const holder = parts.holder;
      const items = limit > 0 ? await parts.queue.claim(nowMs, { leaseMs, limit, holder }) : [];
      for (const item of items) start(item, signal);
      const nextMs = running.size < parts.parallelism ? await parts.queue.nextDueMs() : Infinity;
      return running.size > 0 ? Math.min(nextMs, nowMs + renewEveryMs) : nextMs;
    },
    async idle() {
      while (running.size > 0) await Promise.all([...running.values()].map(({ done }) => done));
    },
    stopJob(key) {
      running.get(key)?.stop();
    },
  };
}

interface Signals {
  /** Aborts when the server goes down or the lease is lost: the job is left to be run again. */
  readonly left: AbortSignal;
  /** Aborts for that too, and when the client stops the job. */
  readonly signal: AbortSignal;
}

async function runItem(
  item: WorkItem<ProcessingWork>,
  parts: ProcessingParts,
  { left, signal }: Signals,
): Promise<void> {
  const { key } = item.payload;
  const result = await attempt(item, parts, signal);
  if (left.aborted) return parts.queue.release(item, parts.clock.nowMs());
  if (result) await finishJob(key, result, parts);
  await parts.queue.complete(item);
}

/** Undefined when there is nothing to run any more. */
async function attempt(
  { payload: { key }, attempt: times }: WorkItem<ProcessingWork>,
  parts: ProcessingParts,
  signal: AbortSignal,
): Promise<Outcome<Ending> | undefined> {
  const job = await parts.store.get(processingJobs, key);
  if (!job || hasEnded(job)) return undefined;
  if (job.status === 'Stopping') return refuse('The job was stopped before it ran');
  if (times > mostAttempts) {
    return refuse('InternalServerError: the server stopped twice while this job ran');
  }
  const nowMs = parts.clock.nowMs();
  const started = { ...job, startedAtMs: nowMs, modifiedAtMs: nowMs };
  await parts.store.write((tx) => tx.put(processingJobs, key, started));
  await publishJobState(started, parts.events);
  try {
    return await runProcessingJob(started, parts, { signal });
  } catch (cause) {
    if (signal.aborted) return refuse('The job was stopped');
    parts.log.error('a processing job failed in an unexpected way', cause, { key });
    return refuse(`InternalServerError: ${(cause as Error).message}`);
  }
}
