/**
 * The thread in which data is profiled, so that requests never wait for it. Answers one message per
 * task; a task is cancelled by a message with its id alone.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { duckdbAnalytics } from '../adapters/duckdb/analytics.ts';
import { profileToText } from '../engines/profile/profile.ts';
import { analyzeDataQuality } from '../jobs/data-quality/analyze.ts';
import { parseDatasetFormat } from '../jobs/data-quality/format.ts';
import { profileInputs } from '../jobs/data-quality/read.ts';
import { defined } from '../kernel/assert.ts';
import { silentLogger } from '../kernel/log.ts';
import { type Outcome, ok } from '../kernel/outcome.ts';
import type { Abortable } from '../ports/metadata-store.ts';
import type { Task, ToWorker, WorkerOptions } from './analysis-messages.ts';

const port = defined(parentPort, 'the port to the server');
const options = workerData as WorkerOptions;
const analytics = duckdbAnalytics(options);
const running = new Map<number, AbortController>();

async function profileGroups(
  { groups, datasetFormat }: Extract<Task, { kind: 'profile' }>,
  { signal }: Abortable,
): Promise<Outcome<readonly string[]>> {
  const format = parseDatasetFormat(datasetFormat);
  if (!format.ok) return format;
  const texts: string[] = [];
  for (const group of groups) {
    const files = group.map(({ path, uri }) => ({ path, name: uri }));
    const inputs = { files, format: format.value };
    const profile = await profileInputs({ analytics }, inputs, signal ? { signal } : {});
    if (!profile.ok) return profile;
    texts.push(profileToText(profile.value));
  }
  return ok(texts);
}

function perform(task: Task, abortable: Abortable): Promise<Outcome<unknown>> {
  if (task.kind === 'profile') return profileGroups(task, abortable);
  return analyzeDataQuality({ analytics, log: silentLogger }, task.request, abortable);
}

port.on('message', (message: ToWorker) => {
  if (!message.task) {
    running.get(message.id)?.abort();
    return;
  }
  const { id, task } = message;
  const stopping = new AbortController();
  running.set(id, stopping);
  perform(task, { signal: stopping.signal })
    .then(
      (outcome) => port.postMessage({ id, outcome }),
      (cause: unknown) => port.postMessage({ id, failure: String((cause as Error).stack) }),
    )
    .finally(() => running.delete(id));
});
