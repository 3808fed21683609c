/**
 * Schedules and processing over memory, on a virtual clock: an endpoint that captures, analyses and
 * programs that tests make up, and all that the jobs tell others.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { memoryObjectStore } from '../../adapters/memory/object-store.ts';
import { folderWorkspaces } from '../../adapters/workspace/workspaces.ts';
import { type Event, makeEventBus } from '../../engines/events/bus.ts';
import { hostedArn } from '../../engines/hosting/names.ts';
import { type CapturePlan, type Endpoint, endpoints } from '../../engines/hosting/rows.ts';
import {
  type ExecutionRow,
  executions,
  type MonitoringPlan,
  type ScheduleRow,
  schedules,
  scoped,
} from '../../engines/monitoring/rows.ts';
import { makeObjects } from '../../engines/objects/objects.ts';
import type { ObjectsFor } from '../../engines/objects/space.ts';
import {
  type ProcessingJobRow,
  type ProcessingPlan,
  type ProcessingWork,
  processingJobs,
  processingQueueName,
} from '../../engines/processing/rows.ts';
import type { Datum } from '../../engines/series/recorder.ts';
import { makeWorkQueue } from '../../engines/work/store-queue.ts';
import { formatArn } from '../../kernel/arn.ts';
import { defined } from '../../kernel/assert.ts';
import { gather, once } from '../../kernel/bytes.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { hourFolder } from '../../kernel/hours.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Loop } from '../../kernel/loop.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { JobEnd, JobSpec, Launcher } from '../../ports/launcher.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { AnalysisResult, Analyze } from '../processing/analysis.ts';
import { makeProcessingLoop, type ProcessingLoop } from '../processing/loop.ts';
import { Roles } from '../roles/roles.fixture.ts';
import { keptFor } from '../roles/safekeeping.fixture.ts';
import { mergerImage } from './job-of-run.ts';
import { makeSchedulesLoop } from './schedules.ts';

export const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
export const bucket = 'records';
export const startMs = Date.UTC(2026, 0, 5, 9, 30);
export const at = (text: string) => Date.parse(`2026-01-05T${text}Z`);

export const quiet: AnalysisResult = {
  files: { 'statistics.json': '{}' },
  violations: 0,
  metrics: [],
};

type Program = (spec: JobSpec, options: Abortable) => Promise<Outcome<JobEnd>>;

export const exited = (exitCode: number): Outcome<JobEnd> =>
  ok({ exitCode, timedOut: false, stopped: false });

const capture: CapturePlan = {
  enabled: true,
  samplingPercent: 100,
  destinationUri: `s3://${bucket}/capture`,
  input: true,
  output: true,
  csvTypes: ['text/csv'],
  jsonTypes: [],
};

export class Watch {
  readonly store = memoryMetadataStore();
  readonly clock = new VirtualClock(startMs);
  readonly random = seededRandom(5);
  readonly roles = new Roles();
  readonly kept = keptFor(this.roles, this.store);
  readonly objects = makeObjects({
    store: this.store,
    blobs: memoryObjectStore(),
    keys: this.kept.keys,
    clock: this.clock,
    random: this.random,
  });
  objectsFor: ObjectsFor = this.roles.objectsFor(this.objects);
  readonly queue = makeWorkQueue<ProcessingWork>({ store: this.store, name: processingQueueName });
  readonly events: Event[] = [];
  readonly recorded: Datum[] = [];
  /** Sizes of the batches they came in. */
  readonly recordedAtOnce: number[] = [];
  readonly logged: string[] = [];
  /** Lines of programs and of model servers. */
  readonly printed: string[] = [];
  readonly woken: string[] = [];
  /** Jobs that began, by name, in order. */
  readonly begun: string[] = [];
  analyze: Analyze = async () => ok(quiet);
  merge: Analyze = async () => ok(quiet);
  program: Program = async () => exited(0);
  captured: ((beforeMs: number) => Promise<void>) | undefined;
  readonly schedules: Loop;
  processing: ProcessingLoop;
  #process = new AbortController();
  #folder: string | undefined;
  #processes = 0;

  constructor() {
    this.schedules = makeSchedulesLoop({
      store: this.store,
      random: this.random,
      queue: this.queue,
      events: this.#bus(),
      wake: (name) => void this.woken.push(name),
      log: this.#log(),
    });
    this.processing = this.#makeProcessing();
  }

  async open(): Promise<this> {
    this.#folder = await mkdtemp(join(tmpdir(), 'modelkeep-watch-'));
    this.processing = this.#makeProcessing();
    const owner = scope.account;
    await this.objects.buckets.create({ name: bucket, owner, region: scope.region });
    return this;
  }

  async close(): Promise<void> {
    await rm(defined(this.#folder, 'the folder'), { recursive: true, force: true });
  }

  /** Runs both loops until neither has anything to do now. */
  async settle(): Promise<void> {
    for (let before = -1; before !== this.woken.length; ) {
      before = this.woken.length;
      await this.tick(this.schedules);
      await this.tick(this.processing);
      await this.processing.idle();
    }
  }

  async advanceTo(instantMs: number): Promise<void> {
    this.clock.moveTo(instantMs);
    await this.settle();
  }

  tick(loop: Loop): Promise<number> {
    return loop.tick(this.clock.nowMs(), { signal: this.#process.signal });
  }

  /** As when the process died: nothing it had under way counts, and a new one has begun. */
  crash(): void {
    this.processing = this.#makeProcessing();
  }

  /** As when the server was asked to stop: work under way is broken off. */
  async shutDown(): Promise<void> {
    this.#process.abort();
    await this.processing.idle();
    this.#process = new AbortController();
    this.crash();
  }

  async endpoint(name: string, over: Partial<Endpoint> = {}): Promise<void> {
    const row: Endpoint = {
      name,
      arn: hostedArn(scope, 'endpoint', name),
      scope,
      status: 'InService',
      configName: name,
      active: { configName: name, variants: [], shadows: [], capture, startedAtMs: startMs },
      createdAtMs: startMs,
      modifiedAtMs: startMs,
      generation: 1,
      ...over,
    };
    await this.store.write((tx) => tx.put(endpoints, scoped(scope, name), row));
  }

  async schedule(name: string, over: Partial<ScheduleRow> = {}): Promise<ScheduleRow> {
    const row: ScheduleRow = {
      arn: formatArn(scope, 'sagemaker', `monitoring-schedule/${name}`),
      name,
      scope,
      status: 'Scheduled',
      type: 'DataQuality',
      config: {},
      plan: planOf('churn'),
      endpointName: 'churn',
      expression: 'cron(0 * ? * * *)',
      createdAtMs: startMs,
      modifiedAtMs: startMs,
      nextRunAtMs: at('10:00'),
      alert: {
        name: 'MonitoringAlert',
        status: 'OK',
        datapointsToAlert: 1,
        evaluationPeriod: 1,
        createdAtMs: startMs,
        modifiedAtMs: startMs,
      },
      ...over,
    };
    await this.store.write((tx) => tx.put(schedules, scoped(scope, name), row));
    return row;
  }

  /** An object of captured records in the folder of an instant's hour. */
  async put(key: string, text = '{}\n'): Promise<void> {
    const put = await this.objects.put({ bucket, key }, once(Buffer.from(text)));
    if (!put.ok) throw new Error(put.reason);
  }

  async capture(endpoint: string, instantMs: number, name = 'a.jsonl', text = '{}\n') {
    await this.put(`capture/${endpoint}/AllTraffic/${hourFolder(instantMs)}/${name}`, text);
  }

  async text(key: string): Promise<string | undefined> {
    const body = await this.objects.read({ bucket, key });
    return body && (await gather(body, 1_000_000)).toString();
  }

  async job(name: string, plan: Partial<ProcessingPlan> = {}): Promise<string> {
    const key = scoped(scope, name);
    const row: ProcessingJobRow = {
      arn: formatArn(scope, 'sagemaker', `processing-job/${name}`),
      name,
      scope,
      status: 'InProgress',
      request: { ProcessingJobName: name, RoleArn: 'role' },
      plan: {
        image: 'program',
        entrypoint: ['run'],
        arguments: [],
        environment: {},
        inputs: [],
        outputs: [],
        maxRuntimeMs: 60_000,
        ...plan,
      },
      createdAtMs: this.clock.nowMs(),
      modifiedAtMs: this.clock.nowMs(),
    };
    await this.store.write((tx) => tx.put(processingJobs, key, row));
    await this.queue.enqueue(key, { key }, this.clock.nowMs());
    return key;
  }

  async jobRow(key: string): Promise<ProcessingJobRow> {
    return defined(await this.store.get(processingJobs, key), key);
  }

  async scheduleRow(name: string): Promise<ScheduleRow> {
    return defined(await this.store.get(schedules, scoped(scope, name)), name);
  }

  /** In order of nominal times. */
  async runs(name: string): Promise<readonly ExecutionRow[]> {
    const range = { prefix: `${scoped(scope, name)}/`, limit: 1_000 };
    return (await this.store.list(executions, range)).map(({ row }) => row);
  }

  #makeProcessing(): ProcessingLoop {
    const { store, clock, queue } = this;
    this.#processes += 1;
    return makeProcessingLoop({
      store,
      clock,
      objectsFor: (role) => this.objectsFor(role),
      safekeeping: this.kept.safekeeping,
      queue,
      log: this.#log(),
      events: this.#bus(),
      metrics: {
        record: async (_, data) => {
          this.recordedAtOnce.push(data.length);
          this.recorded.push(...data);
        },
      },
      workspaces: folderWorkspaces(this.#folder ?? tmpdir()),
      launcher: this.#launcher(),
      analyzers: new Map([
        ['analyzer', (...args) => this.#begin('analyze', args)],
        [mergerImage, (...args) => this.#begin('merge', args)],
      ]),
      captured: async (beforeMs) => this.captured?.(beforeMs),
      wake: (name) => void this.woken.push(name),
      holder: `process ${this.#processes}`,
      programLogs: {
        append: (_, line) => void this.printed.push(line),
        close: async () => {},
      },
      parallelism: 2,
    });
  }

  #begin(which: 'analyze' | 'merge', args: Parameters<Analyze>): ReturnType<Analyze> {
    this.begun.push(args[0].name);
    return this[which](...args);
  }

  #launcher(): Launcher {
    return {
      accepts: () => true,
      serve: async () => refuse('not a server'),
      run: (spec, options = {}) => {
        this.begun.push(spec.name);
        return this.program(spec, options);
      },
    };
  }

  #bus() {
    const bus = makeEventBus({ clock: this.clock, random: this.random, log: this.#log() });
    bus.subscribe(async (event) => void this.events.push(event));
    return bus;
  }

  #log(): Logger {
    const add = (message: string) => void this.logged.push(message);
    return { info: () => {}, warn: add, error: add };
  }
}

export function planOf(endpointName: string, over: Partial<MonitoringPlan> = {}): MonitoringPlan {
  return {
    image: '1.dkr.ecr.eu-west-1.amazonaws.com/analyzer:latest',
    entrypoint: [],
    arguments: [],
    environment: {},
    endpointName,
    inputLocalPath: '/opt/ml/processing/input/endpoint',
    outputUri: `s3://${bucket}/reports`,
    outputLocalPath: '/opt/ml/processing/output',
    maxRuntimeSeconds: 600,
    roleArn: 'role',
    resources: {},
    ...over,
  };
}

/** A promise and what ends it. */
export function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
