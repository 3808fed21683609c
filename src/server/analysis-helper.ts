/**
 * A thread that does shares of scans for the analysis thread. Answers one message per share; a
 * share is cancelled by a message with its id.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { buffersOf } from '../engines/profile/profile.ts';
import { shareProfiler } from '../jobs/data-quality/share.ts';
import { defined } from '../kernel/assert.ts';
import type { FromHelper, ToHelper, WorkerOptions } from './analysis-messages.ts';
import { yieldToRequests } from './analysis-priority.ts';
import { analyticsOnDemand } from './analysis-tables.ts';

yieldToRequests();
const port = defined(parentPort, 'the port to the analysis thread');
const analytics = analyticsOnDemand(workerData as WorkerOptions);
const profile = shareProfiler(analytics);
const running = new Map<number, AbortController>();

function tell(message: FromHelper): void {
  const profile = message.outcome?.ok ? message.outcome.value : undefined;
  port.postMessage(message, profile ? buffersOf(profile) : []);
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
