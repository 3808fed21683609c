/**
 * Takes transform jobs from the work queue and runs them. A job whose server died is run again
 * once; the third time it fails, because it is then likely the cause.
 */
import { hasEnded, type TransformWork, transformJobs } from '../../engines/transform/rows.ts';
import type { WorkItem, WorkQueue } from '../../engines/work/queue.ts';
import type { Loop, Wake } from '../../kernel/loop.ts';
import { type Outcome, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { type FinishParts, finishTransform, publishTransformState } from './finish.ts';
import { makeLeasedLoop, type Signals } from './leased-loop.ts';
import { runTransform, type TransformRunParts } from './run.ts';

const mostAttempts = 2;
const pageSize = 1_000;

export const transformLoopName = 'transform';

export interface TransformParts extends FinishParts, TransformRunParts {
  readonly queue: WorkQueue<TransformWork>;
  readonly wake: Wake;
  /** Unique to this process: a lease of a process that died is not ours. */
  readonly holder: string;
  /** Jobs at a time; each runs a model server of its own. */
  readonly parallelism: number;
}

export interface TransformLoop extends Loop {
  idle(): Promise<void>;
  /** Asks a running job to stop; its row must already say so. */
  stopJob(key: string): void;
}

export function makeTransformLoop(parts: TransformParts): TransformLoop {
  const { queue, wake, log, holder, parallelism } = parts;
  const loop = makeLeasedLoop<TransformWork>({
    ...{ name: transformLoopName, queue, wake, log, holder, parallelism },
    run: (item, signals) => runItem(item, parts, signals),
  });
  return { ...loop, stopJob: (key) => loop.stopItem(key) };
}

async function runItem(
  item: WorkItem<TransformWork>,
  parts: TransformParts,
  { left, signal }: Signals,
): Promise<void> {
  const { key } = item.payload;
  const result = await attempt(item, parts, signal);
  if (left.aborted) return parts.queue.release(item, parts.clock.nowMs());
  if (result) await finishTransform(key, result, parts);
  await parts.queue.complete(item);
}

/** Undefined when there is nothing to run any more. */
async function attempt(
  { payload: { key }, attempt: times }: WorkItem<TransformWork>,
  parts: TransformParts,
  signal: AbortSignal,
): Promise<Outcome<void> | undefined> {
  const job = await parts.store.get(transformJobs, key);
  if (!job || hasEnded(job)) return undefined;
  if (job.status === 'Stopping') return refuse('The job was stopped before it ran');
  if (times > mostAttempts) {
    return refuse('InternalServerError: the server stopped twice while this job ran');
  }
  const nowMs = parts.clock.nowMs();
  const startedAtMs = job.startedAtMs ?? nowMs;
  const started = await parts.store.write(async (tx) => {
    const now = await tx.get(transformJobs, key);
    if (now?.status !== 'InProgress') return undefined;
    const row = { ...now, startedAtMs, modifiedAtMs: nowMs };
    await tx.put(transformJobs, key, row);
    return row;
  });
  if (!started) return refuse('The job was stopped before it ran');
  await publishTransformState(started, parts.events);
  try {
    return await runTransform({ ...started, startedAtMs }, parts, { signal });
  } catch (cause) {
    if (signal.aborted) return refuse('The job was stopped');
    parts.log.error('a transform job failed in an unexpected way', cause, { key });
    return refuse(`InternalServerError: ${reasonOf(cause)}`);
  }
}

/**
 * At start-up: a process may have died between writing a job and its work item. Enqueueing what is
 * in the queue already changes nothing.
 */
export async function requeueTransforms(
  { store, queue }: { readonly store: MetadataStore; readonly queue: WorkQueue<TransformWork> },
  nowMs: number,
): Promise<void> {
  for (let after: string | undefined; ; ) {
    const range = { limit: pageSize, ...(after === undefined ? {} : { after }) };
    const page = await store.list(transformJobs, range);
    for (const { key, row } of page) if (!hasEnded(row)) await queue.enqueue(key, { key }, nowMs);
    after = page.at(-1)?.key;
    if (page.length < pageSize) return;
  }
}
