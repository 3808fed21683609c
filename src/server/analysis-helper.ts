/**
 * A thread that does shares of scans for the analysis thread. Answers one message per share; a
 * share is cancelled by a message with its id.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { shareProfiler } from '../jobs/data-quality/share.ts';
import { defined } from '../kernel/assert.ts';
import type { Analytics } from '../ports/analytics.ts';
import type { FromHelper, ToHelper, WorkerOptions } from './analysis-messages.ts';
import { yieldToRequests } from './analysis-priority.ts';

yieldToRequests();
const port = defined(parentPort, 'the port to the analysis thread');
/** Most shares are of lines: a helper is ready sooner without what reads columns. */
const analytics: Analytics = {
  async *scan(source, abort) {
    const { duckdbAnalytics } = await import('../adapters/duckdb/analytics.ts');
    yield* duckdbAnalytics(workerData as WorkerOptions).scan(source, abort);
  },
  close: async () => {},
};
const profile = shareProfiler(analytics);
const running = new Map<number, AbortController>();

function tell(message: FromHelper): void {
  port.postMessage(message);
}

port.on('message', ({ id, share }: ToHelper) => {
  if (!share) {
    running.get(id)?.abort();
    return;
  }
  const stopping = new AbortController();
  running.set(id, stopping);
  profile(share, stopping)
    .then(
      (outcome) => tell({ id, outcome }),
      (cause: unknown) => tell({ id, failure: String((cause as Error).stack) }),
    )
    .finally(() => running.delete(id));
});
