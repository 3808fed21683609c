/**
 * The thread in which data is profiled and judged, so that requests never wait for it. Answers one
 * message per task, with lines of progress before it; a task is cancelled by a message with its id.
 */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { duckdbAnalytics } from '../adapters/duckdb/analytics.ts';
import { undiciForwarder } from '../adapters/forwarder/forwarder.ts';
import { jmespathQuery } from '../adapters/jmespath/json-query.ts';
import { modelInArchive } from '../adapters/onnx/archive.ts';
import { localScripts } from '../adapters/scripts/scripts.ts';
import { systemClock, systemRandom } from '../adapters/system/system.ts';
import { profileToText } from '../engines/profile/profile.ts';
import { analyzeClarify } from '../jobs/clarify/analyze.ts';
import { analyzeDataQuality } from '../jobs/data-quality/analyze.ts';
import { parseDatasetFormat } from '../jobs/data-quality/format.ts';
import { profileInputs } from '../jobs/data-quality/read.ts';
import { mergeGroundTruth } from '../jobs/ground-truth/merge.ts';
import { analyzeModelQuality } from '../jobs/model-quality/analyze.ts';
import { defined } from '../kernel/assert.ts';
import { silentLogger } from '../kernel/log.ts';
import { type Outcome, ok } from '../kernel/outcome.ts';
import type { FromWorker, Task, ToWorker, WorkerOptions } from './analysis-messages.ts';

const port = defined(parentPort, 'the port to the server');
const options = workerData as WorkerOptions;
const { temporaryFolder } = options;
const analytics = duckdbAnalytics(options);
const query = jmespathQuery();
const log = silentLogger;
// Of models that this server has started itself: on loopback, or a URL that passed its policy.
const forwarder = undiciForwarder();
const scripts = localScripts({ workFolder: join(temporaryFolder, 'scripts') });
const running = new Map<number, AbortController>();

interface Performing {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

async function profileGroups(
  { groups, datasetFormat, preprocessor }: Extract<Task, { kind: 'profile' }>,
  performing: Performing,
): Promise<Outcome<readonly string[]>> {
  const format = parseDatasetFormat(datasetFormat);
  if (!format.ok) return format;
  const texts: string[] = [];
  for (const group of groups) {
    const files = group.map(({ path, uri }) => ({ path, name: uri }));
    const inputs = { files, format: format.value, ...(preprocessor ? { preprocessor } : {}) };
    const profile = await profileInputs({ analytics, scripts }, inputs, performing);
    if (!profile.ok) return profile;
    texts.push(profileToText(profile.value));
  }
  return ok(texts);
}

function perform(task: Task, performing: Performing): Promise<Outcome<unknown>> {
  switch (task.kind) {
    case 'profile':
      return profileGroups(task, performing);
    case 'data-quality':
      return analyzeDataQuality({ analytics, log, scripts }, task.request, performing);
    case 'merge':
      return mergeGroundTruth({ temporaryFolder, random: systemRandom }, task.request, performing);
    case 'model-quality':
      return analyzeModelQuality({ analytics, query, log, scripts }, task.request, performing);
    case 'clarify':
      return analyzeClarify(
        {
          ...{ analytics, forwarder, query, temporaryFolder, modelInArchive },
          clock: systemClock,
        },
        task.request,
        performing,
      );
  }
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
