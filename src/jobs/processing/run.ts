/** Runs one processing job from its inputs to its outputs, and says how it ended. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { processingLog } from '../../engines/logs/names.ts';
import {
  formatObjectUri,
  type ObjectSpace,
  type ObjectsFor,
  parseObjectUri,
} from '../../engines/objects/space.ts';
import type { MonitoringOfJob, ProcessingJobRow } from '../../engines/processing/rows.ts';
import { once } from '../../kernel/bytes.ts';
import type { Clock } from '../../kernel/clock.ts';
import { repositoryOf } from '../../kernel/image.ts';
import type { Logger } from '../../kernel/log.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { JobSpec, Launcher } from '../../ports/launcher.ts';
import type { Abortable, MetadataStore } from '../../ports/metadata-store.ts';
import type { LogWriter } from '../../ports/program-logs.ts';
import type { Workspace, Workspaces } from '../../ports/workspace.ts';
import { refusingDenied, roleIn, spaceFor, uploadFailure } from '../roles/acting.ts';
import type { OpenEnvironment, Safekeeping } from '../roles/safekeeping.ts';
import type { AnalysisMetric, Analyze, FileContent } from './analysis.ts';
import { belowMl, openInputs, stageInputs } from './inputs.ts';
import { figuresOf, reportName, reportPage } from './report.ts';

/** What the service keeps of a program's last words. */
const exitMessageBytes = 1_024;
const metricsFileBytes = 16 * 1024 * 1024;

export interface RunParts {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly objectsFor: ObjectsFor;
  readonly safekeeping: Safekeeping;
  readonly workspaces: Workspaces;
  readonly launcher: Launcher;
  /** Image repository to the analysis that is built in under that name. */
  readonly analyzers: ReadonlyMap<string, Analyze>;
  readonly log: Logger;
  readonly programLogs: LogWriter;
  /** Resolves when what was captured before the instant is in the object space. */
  readonly captured?: (beforeMs: number) => Promise<void>;
}

/** With the objects as the role of the job may use them, and the secrets that it names. */
interface ActingParts extends RunParts {
  readonly objects: ObjectSpace;
  readonly environment: OpenEnvironment;
}

export interface Ending {
  readonly status: 'Completed' | 'Stopped';
  readonly exitMessage: string;
  readonly metrics: readonly AnalysisMetric[];
  /** Lines of the metrics file a program left, as it wrote them. */
  readonly metricLines: readonly string[];
  /** Of the report, for later ones. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** Refused with the job's FailureReason. */
export async function runProcessingJob(
  job: ProcessingJobRow,
  parts: RunParts,
  options: Abortable,
): Promise<Outcome<Ending>> {
  if (job.monitoring) await parts.captured?.(job.monitoring.windowEndMs);
  const { arn: sourceArn, scope } = job;
  const acting = { roleArn: roleIn(job.request), who: 'the job', scope, sourceArn };
  const space = await spaceFor(parts.objectsFor, acting);
  if (!space.ok) return space;
  const ready = await parts.safekeeping.ready(acting, job.plan);
  if (!ready.ok) return ready;
  const environment = await parts.safekeeping.environment(acting, job.plan.environment);
  if (!environment.ok) return environment;
  const own = { ...parts, objects: space.value, environment: environment.value };
  const analyze = parts.analyzers.get(repositoryOf(job.plan.image));
  const ended = await refusingDenied(() =>
    analyze ? runAnalysis(job, analyze, { parts: own, options }) : runProgram(job, own, options),
  );
  const { masked } = environment.value;
  if (!ended.ok) return refuse(masked(ended.reason));
  return ok({ ...ended.value, exitMessage: masked(ended.value.exitMessage) });
}

interface Around {
  readonly parts: ActingParts;
  readonly options: Abortable;
}

async function runAnalysis(
  job: ProcessingJobRow,
  analyze: Analyze,
  { parts, options }: Around,
): Promise<Outcome<Ending>> {
  const output = job.plan.outputs[0];
  if (!output) return refuse('ProcessingOutputConfig.Outputs: the analyzer needs one output');
  const opened = await openInputs(job, parts, options);
  if (!opened.ok) return opened;
  const { inputs, release } = opened.value;
  try {
    if (job.monitoring && inputs.dataset.length === 0) return noData(job.monitoring, parts.objects);
    const say = sayer(job, parts);
    // Only scripts of the job's own look at values that were secrets.
    const open = { ...job, plan: { ...job.plan, environment: parts.environment.values } };
    const result = await inTime(job, options, (limits) =>
      analyze(open, inputs, { ...limits, say }),
    );
    if (!result.ok) {
      say(result.reason);
      return result;
    }
    const { files, violations, metrics, report } = result.value;
    const page = report && {
      [reportName]: await reportPage(job, report, {
        store: parts.store,
        nowMs: parts.clock.nowMs(),
      }),
    };
    for (const [name, content] of Object.entries({ ...files, ...page })) {
      const stored = await storeFile(job, name, { content, objects: parts.objects });
      if (!stored.ok) return stored;
    }
    const exitMessage = verdict(violations);
    say(exitMessage);
    const figures = report ? { figures: figuresOf(report) } : {};
    return ok({ status: 'Completed', exitMessage, metrics, metricLines: [], ...figures });
  } finally {
    await release();
  }
}

const tooLong = refuse('The job ran longer than MaxRuntimeInSeconds');

/** What a launcher does for programs: ends the work when it takes longer than the job may. */
async function inTime<T>(
  { plan }: ProcessingJobRow,
  { signal }: Abortable,
  work: (options: Abortable) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const limit = AbortSignal.timeout(plan.maxRuntimeMs);
  try {
    const done = await work({ signal: signal ? AbortSignal.any([signal, limit]) : limit });
    // What was cut short says that it was stopped, not why.
    return !done.ok && limit.aborted && !signal?.aborted ? tooLong : done;
  } catch (cause) {
    if (limit.aborted && !signal?.aborted) return tooLong;
    throw cause;
  }
}

function verdict(violations: number): string {
  if (violations === 0) return 'Completed: Job completed successfully with no violations.';
  return `CompletedWithViolations: Job completed successfully with ${violations} violations.`;
}

async function noData(monitoring: MonitoringOfJob, objects: ObjectSpace): Promise<Outcome<never>> {
  const { captureUri, endpointName, windowStartMs, windowEndMs } = monitoring;
  const at = parseObjectUri(captureUri);
  if (at.ok && !(await objects.hasBucket(at.value.bucket))) {
    return refuse(`Job inputs had no data: the bucket of ${captureUri} does not exist`);
  }
  const [from, to] = [windowStartMs, windowEndMs].map((ms) => new Date(ms).toISOString());
  const folders = endpointName === undefined ? '' : '<variant>/';
  return refuse(
    `Job inputs had no data: looked under ${captureUri}/${folders}yyyy/mm/dd/hh/ ` +
      `for captured records from ${from} until ${to}, and found no object`,
  );
}

interface Storing {
  readonly content: FileContent;
  readonly objects: ObjectSpace;
}

const contentTypes: Readonly<Record<string, string>> = {
  json: 'application/json',
  jsonl: 'application/jsonlines',
  csv: 'text/csv',
  html: 'text/html; charset=utf-8',
};

async function storeFile(
  { plan }: ProcessingJobRow,
  name: string,
  { content, objects }: Storing,
): Promise<Outcome<void>> {
  const uri = plan.outputs[0]?.uri ?? '';
  const at = parseObjectUri(uri);
  if (!at.ok) return at;
  const key = [at.value.key.replace(/\/+$/, ''), name].filter((part) => part !== '').join('/');
  const contentType = contentTypes[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
  const isText = typeof content === 'string';
  const body = isText ? once(Buffer.from(content)) : createReadStream(content.path);
  try {
    const options = { contentType, ...keyOf(plan) };
    const put = await objects.put({ bucket: at.value.bucket, key }, body, options);
    return put.ok ? ok(undefined) : refuse(uploadFailure(uri, put.reason));
  } finally {
    if (!isText) await rm(content.path, { force: true });
  }
}

/** What is written is under the key that the job names. */
function keyOf({ outputKeyId }: ProcessingJobRow['plan']) {
  return outputKeyId === undefined ? {} : { keyId: outputKeyId };
}

function sayer(job: ProcessingJobRow, { programLogs, environment }: ActingParts) {
  return (line: string) => programLogs.append(processingLog(job), environment.masked(line));
}

async function runProgram(
  job: ProcessingJobRow,
  parts: ActingParts,
  options: Abortable,
): Promise<Outcome<Ending>> {
  const workspace = await parts.workspaces.make(`processing-${job.name}`);
  try {
    const staged = await stageInputs(job, workspace, parts);
    if (!staged.ok) return staged;
    const prepared = await prepare(job, workspace);
    if (!prepared.ok) return prepared;
    const ended = await parts.launcher.run(specOf(job, workspace, parts), options);
    if (!ended.ok) return ended;
    const uploaded = await upload(job, workspace, parts.objects);
    if (!uploaded.ok) return uploaded;
    const message = (await workspace.readText('output/message', exitMessageBytes))?.trim() ?? '';
    if (ended.value.stopped) {
      return ok({ status: 'Stopped', exitMessage: message, metrics: [], metricLines: [] });
    }
    if (ended.value.timedOut) return tooLong;
    if (ended.value.exitCode !== 0) return refuse(failure(ended.value.exitCode, message));
    return ok({
      status: 'Completed',
      exitMessage: message,
      metrics: [],
      metricLines: await metricLines(workspace),
    });
  } finally {
    await workspace.remove();
  }
}

function failure(exitCode: number | undefined, message: string): string {
  const said = message === '' ? 'see the job logs for more information' : message;
  return `AlgorithmError: ${said}, exit code: ${exitCode ?? 'killed'}`;
}

async function metricLines(workspace: Workspace): Promise<readonly string[]> {
  const text = await workspace.readText('output/metrics/cloudwatch', metricsFileBytes);
  return (text ?? '').split('\n').filter((line) => line.trim() !== '');
}

async function prepare(job: ProcessingJobRow, workspace: Workspace): Promise<Outcome<void>> {
  for (const output of job.plan.outputs) {
    const folder = belowMl(output.localPath);
    if (!folder.ok) return folder;
    await workspace.makeFolder(folder.value);
  }
  await workspace.makeFolder('output/metrics');
  const json = (value: unknown) => once(Buffer.from(JSON.stringify(value)));
  // With the references as they were sent: nothing of a secret is written down.
  const described = {
    ...job.request,
    ProcessingJobArn: job.arn,
    Environment: job.plan.environment,
  };
  const hosts = { current_host: 'algo-1', hosts: ['algo-1'] };
  // A page of the original's guide names the second folder, another the first.
  for (const folder of ['config', 'processing']) {
    await workspace.write(`${folder}/processingjobconfig.json`, json(described));
    await workspace.write(`${folder}/resourceconfig.json`, json(hosts));
  }
  return ok(undefined);
}

function specOf(job: ProcessingJobRow, workspace: Workspace, parts: ActingParts): JobSpec {
  const { image, entrypoint, maxRuntimeMs } = job.plan;
  return {
    name: `processing-${job.name}`,
    image,
    entrypoint,
    arguments: job.plan.arguments,
    environment: parts.environment.values,
    rootPath: workspace.rootPath,
    timeoutMs: maxRuntimeMs,
    onLog: sayer(job, parts),
  };
}

async function upload(
  job: ProcessingJobRow,
  workspace: Workspace,
  objects: ObjectSpace,
): Promise<Outcome<void>> {
  for (const output of job.plan.outputs) {
    const folder = belowMl(output.localPath);
    const at = parseObjectUri(output.uri);
    if (!folder.ok) return folder;
    if (!at.ok) return at;
    const prefix = at.value.key.replace(/\/+$/, '');
    for (const file of await workspace.files(folder.value)) {
      const key = prefix === '' ? file : `${prefix}/${file}`;
      const to = { bucket: at.value.bucket, key };
      const body = workspace.read(`${folder.value}/${file}`);
      const put = await objects.put(to, body, keyOf(job.plan));
      if (!put.ok) return refuse(uploadFailure(formatObjectUri(to), put.reason));
    }
  }
  return ok(undefined);
}
