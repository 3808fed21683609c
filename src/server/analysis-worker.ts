/**
 * The thread in which data is profiled and judged, so that requests never wait for it. Answers one
 * message per task, with lines of progress before it; a task is cancelled by a message with its id.
 */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { localScripts } from '../adapters/scripts/scripts.ts';
import { systemClock, systemRandom } from '../adapters/system/system.ts';
import { profileToText } from '../engines/profile/profile.ts';
import { analyzeDataQuality } from '../jobs/data-quality/analyze.ts';
import { parseDatasetFormat } from '../jobs/data-quality/format.ts';
import { profileInputs } from '../jobs/data-quality/read.ts';
import { shareProfiler } from '../jobs/data-quality/share.ts';
import { defined } from '../kernel/assert.ts';
import { silentLogger } from '../kernel/log.ts';
import { type Outcome, ok } from '../kernel/outcome.ts';
import type { Forwarder } from '../ports/forwarder.ts';
import { shareAmong } from './analysis-helpers.ts';
import type { FromWorker, Task, ToWorker, WorkerOptions } from './analysis-messages.ts';
import { yieldToRequests } from './analysis-priority.ts';
import { analyticsOnDemand } from './analysis-tables.ts';

yieldToRequests();
const port = defined(parentPort, 'the port to the server');
const options = workerData as WorkerOptions;
const { temporaryFolder } = options;
const analytics = analyticsOnDemand(options);
const log = silentLogger;
let forwarder: Forwarder | undefined;
const scripts = localScripts({ workFolder: join(temporaryFolder, 'scripts') });
const sharing = shareAmong(shareProfiler(analytics), options);
const running = new Map<number, AbortController>();

interface Performing {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** As many groups at a time as there are threads: most are one share. */
async function profileGroups(
  { groups, datasetFormat, preprocessor }: Extract<Task, { kind: 'profile' }>,
  performing: Performing,
): Promise<Outcome<readonly string[]>> {
  const format = parseDatasetFormat(datasetFormat);
  if (!format.ok) return format;
  const found: Outcome<string>[] = [];
  let next = 0;
  const work = async () => {
    for (let at = next++; at < groups.length && found.every(({ ok }) => ok); at = next++) {
      const files = (groups[at] ?? []).map(({ path, uri }) => ({ path, name: uri }));
      const inputs = { files, format: format.value, ...(preprocessor ? { preprocessor } : {}) };
      const profile = await profileInputs({ analytics, scripts, sharing }, inputs, performing);
      found[at] = profile.ok ? ok(profileToText(profile.value)) : profile;
    }
  };
  await Promise.all(Array.from({ length: sharing.width }, work));
  const texts: string[] = [];
  for (const outcome of found) {
    if (outcome?.ok === false) return outcome;
    texts.push(outcome?.value ?? '');
  }
  return ok(texts);
}

function perform(task: Task, performing: Performing): Promise<Outcome<unknown>> {
  switch (task.kind) {
    case 'profile':
      return profileGroups(task, performing);
    case 'data-quality':
      return analyzeDataQuality({ analytics, log, scripts, sharing }, task.request, performing);
    case 'merge':
      return merged(task.request, performing);
    case 'model-quality':
      return judged(task.request, performing);
    case 'clarify':
      return clarified(task.request, performing);
  }
}

// What only some tasks need is loaded by the first of them: the others start sooner, and smaller.
async function merged(
  request: Extract<Task, { kind: 'merge' }>['request'],
  performing: Performing,
): Promise<Outcome<unknown>> {
  const { mergeGroundTruth } = await import('../jobs/ground-truth/merge.ts');
  return mergeGroundTruth({ temporaryFolder, random: systemRandom }, request, performing);
}

async function judged(
  request: Extract<Task, { kind: 'model-quality' }>['request'],
  performing: Performing,
): Promise<Outcome<unknown>> {
  const { jmespathQuery } = await import('../adapters/jmespath/json-query.ts');
  const { analyzeModelQuality } = await import('../jobs/model-quality/analyze.ts');
  return analyzeModelQuality(
    { analytics, query: jmespathQuery(), log, scripts },
    request,
    performing,
  );
}

async function clarified(
  request: Extract<Task, { kind: 'clarify' }>['request'],
  performing: Performing,
): Promise<Outcome<unknown>> {
  const { undiciForwarder } = await import('../adapters/forwarder/forwarder.ts');
  const { jmespathQuery } = await import('../adapters/jmespath/json-query.ts');
  const { modelInArchive } = await import('../adapters/onnx/archive.ts');
  const { analyzeClarify } = await import('../jobs/clarify/analyze.ts');
  // Of models that this server has started itself: on loopback, or a URL that passed its policy.
  forwarder ??= undiciForwarder();
  const parts = { analytics, forwarder, query: jmespathQuery(), temporaryFolder, modelInArchive };
  return analyzeClarify({ ...parts, clock: systemClock }, request, performing);
}

function tell(message: FromWorker): void {
  port.postMessage(message);
}

port.on('message', (message: ToWorker) => {
  if (!message.task) {
    running.get(message.id)?.abort();
    return;
  }
  const { id, task } = message;
  const stopping = new AbortController();
  running.set(id, stopping);
  perform(task, { signal: stopping.signal, say: (said) => tell({ id, said }) })
    .then(
      (outcome) => tell({ id, outcome }),
      (cause: unknown) => tell({ id, failure: String((cause as Error).stack) }),
    )
    .finally(() => running.delete(id));
});
