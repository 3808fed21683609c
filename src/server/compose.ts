/**
 * Joins the parts of one server: engines over the world's adapters, façades over the engines, and
 * the loops that do what recurs. Nothing here decides anything: it only says what is given to what.
 */

import { defaultSpoolLimits, Spool } from '../engines/capture/spool.ts';
import { makeVault } from '../engines/envelope/vault.ts';
import { makeEventBus } from '../engines/events/bus.ts';
import { RequestCounters } from '../engines/hosting/counters.ts';
import { Fleet } from '../engines/hosting/fleet.ts';
import { makeIdentity } from '../engines/identity/identity.ts';
import { endpointLog } from '../engines/logs/names.ts';
import { schedules, scoped } from '../engines/monitoring/rows.ts';
import { makeObjects } from '../engines/objects/objects.ts';
import { makeOrphanLoop } from '../engines/objects/orphan-loop.ts';
import { type ProcessingWork, processingQueueName } from '../engines/processing/rows.ts';
import { makeQueues } from '../engines/queues/queues.ts';
import { makeSeriesLoop } from '../engines/series/loop.ts';
import { makeSeries } from '../engines/series/series.ts';
import { makeTopics } from '../engines/topics/topics.ts';
import { type TransformWork, transformQueueName } from '../engines/transform/rows.ts';
import { makeWorkQueue } from '../engines/work/store-queue.ts';
import { type Gateway, makeGateway } from '../gateway/gateway.ts';
import { makeAlarmLoop } from '../jobs/alarms/alarm-loop.ts';
import { captureLoopName, makeCaptureLoop } from '../jobs/capture-flush/loop.ts';
import { makeEndpointMetricsLoop } from '../jobs/endpoint-metrics/loop.ts';
import { type EndpointLoop, makeEndpointLoop } from '../jobs/endpoints/loop.ts';
import { makeSchedulesLoop, requeueLost } from '../jobs/monitoring/schedules.ts';
import { makeProcessingLoop } from '../jobs/processing/loop.ts';
import { makeTopicDelivery, topicDeliveryLoop } from '../jobs/topic-delivery/loop.ts';
import { makeTransformLoop, requeueTransforms } from '../jobs/transform/loop.ts';
import { uuid } from '../kernel/ids.ts';
import type { Loop } from '../kernel/loop.ts';
import { type Outcome, ok } from '../kernel/outcome.ts';
import type { Reader } from '../ports/metadata-store.ts';
import { cloudwatch } from '../services/cloudwatch/index.ts';
import { logs } from '../services/logs/index.ts';
import { s3 } from '../services/s3/index.ts';
import { hostingOperations, tagOperations } from '../services/sagemaker/index.ts';
import { monitoringOperations } from '../services/sagemaker/monitoring-operations.ts';
import { transformOperations } from '../services/sagemaker/transform-operations.ts';
import { sns } from '../services/sns/index.ts';
import { makeSqs } from '../services/sqs/index.ts';
import { sts } from '../services/sts/index.ts';
import { type Listener, makeListener } from '../wire/listener.ts';
import { mount } from '../wire/operation.ts';
import type { KeyPair } from './administrator.ts';
import { type Analyzers, makeAnalyzers } from './analyzers.ts';
import { Loops } from './loops.ts';
import type { World } from './world.ts';

export interface App {
  readonly administrator: KeyPair;
  readonly listener: Listener;
  readonly gateway: Gateway;
  readonly loops: Loops;
  /** The certificate under which topics sign, for whoever checks their messages. */
  certificatePem(name: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

export interface ComposeOptions {
  readonly rootKey: Uint8Array;
  /** Where clients reach the server; asked late, because a free port is known late. */
  readonly publicUrl: () => string;
}

/** Processing jobs at a time: each holds a core while it profiles. */
const processingParallelism = 2;
/** Transform jobs at a time: each runs a model server of its own. */
const transformParallelism = 2;
const partition = 'aws';
const anonymousOperations = new Set(['sns.ConfirmSubscription', 'sns.Unsubscribe']);

export async function compose(world: World, options: ComposeOptions): Promise<Outcome<App>> {
  const { config, store, clock, wallClock, random, log } = world;
  const vault = makeVault({ rootKey: options.rootKey, random });
  const account = config.account;
  const identity = makeIdentity({ store, vault, random, clock, account, partition });
  const administrator = await identity.ensureAdministrator(givenKeys(world));
  if (!administrator.ok) return administrator;

  const loops = new Loops({ clock, log });
  const engines = makeEngines(world, { loops, vault });
  const jobs = makeJobs(world, { engines, loops, publicUrl: options.publicUrl });
  for (const loop of jobs.loops) loops.add(loop);
  await engines.processingQueue.endLeases();
  await requeueLost({ store, queue: engines.processingQueue }, clock.nowMs());
  await engines.transformQueue.endLeases();
  await requeueTransforms({ store, queue: engines.transformQueue }, clock.nowMs());

  const scope = { partition, region: config.region, account };
  const { findSecret } = identity;
  const listener = makeListener({
    services: mountServices(world, { engines, loops, jobs }),
    findSecret,
    clock: wallClock,
    scope,
    random,
    log,
    objectDomains: config.objectDomains,
    anonymous: anonymousOperations,
  });
  const gateway = makeGateway({
    findSecret,
    authorize: async () => {},
    wallClock,
    clock,
    random,
    log,
    store,
    forwarder: world.forwarder,
    fleet: engines.fleet,
    counters: engines.counters,
    spool: engines.spool,
    onCounted: () => loops.wake('endpoint-metrics'),
  });
  return ok({
    administrator: administrator.value,
    listener,
    gateway,
    loops,
    certificatePem: (name) => engines.topics.certificatePem(name),
    async stop() {
      await loops.stop();
      await gateway.idle();
      await jobs.endpoints.close();
      await jobs.analyzers.close();
    },
  });
}

function givenKeys({ config }: World): KeyPair | undefined {
  const { accessKeyId, secretAccessKey } = config;
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey };
}

interface Shared {
  readonly loops: Loops;
  readonly vault: ReturnType<typeof makeVault>;
}

type Engines = ReturnType<typeof makeEngines>;

function makeEngines(world: World, { loops, vault }: Shared) {
  const { store, blobs, journals, clock, random, log, certificates, config } = world;
  const maxAgeMs = config.captureFlushSeconds * 1_000;
  return {
    objects: makeObjects({ store, blobs, clock, random, log }),
    queues: makeQueues({ store, clock, random, wait }),
    topics: makeTopics({ store, certificates, secrets: secretsOf(vault), clock, random }),
    series: makeSeries({ store, clock }),
    events: makeEventBus({ clock, random, log }),
    fleet: new Fleet(),
    counters: new RequestCounters(),
    spool: new Spool({
      journals,
      random,
      limits: { ...defaultSpoolLimits, maxAgeMs },
      onChange: () => loops.wake('capture'),
    }),
    processingQueue: makeWorkQueue<ProcessingWork>({ store, name: processingQueueName }),
    transformQueue: makeWorkQueue<TransformWork>({ store, name: transformQueueName }),
  };
}

function secretsOf(vault: Shared['vault']) {
  const context = { purpose: 'topic-signing' };
  return {
    seal: (text: string) => vault.seal(text, context),
    open: (sealed: string) => {
      const opened = vault.open(sealed, context);
      if (!opened.ok) throw new Error(`the topics' signing key does not open: ${opened.reason}`);
      return opened.value;
    },
  };
}

/** Resolves after so long or when the signal aborts. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

interface JobParts {
  readonly engines: Engines;
  readonly loops: Loops;
  readonly publicUrl: () => string;
}

interface Jobs {
  readonly loops: readonly Loop[];
  readonly endpoints: EndpointLoop;
  readonly analyzers: Analyzers;
  readonly stopProcessing: (key: string) => void;
  readonly stopTransform: (key: string) => void;
}

function makeJobs(world: World, { engines, loops, publicUrl }: JobParts): Jobs {
  const { store, clock, random, log, launcher, workspaces, poster } = world;
  const { objects, queues, topics, series, events, fleet, counters, spool } = engines;
  const { wake } = loops;
  const analyzers = makeAnalyzers(world, objects);
  topics.onDue(() => wake(topicDeliveryLoop));
  const endpoints = makeEndpointLoop({
    store,
    fleet,
    launcher,
    objects,
    events,
    clock,
    log,
    wake,
    onServerLog: (endpoint, variant, line) =>
      world.programLogs.append(endpointLog(endpoint, variant), line),
  });
  const processing = makeProcessingLoop({
    store,
    clock,
    log,
    wake,
    objects,
    workspaces,
    launcher,
    events,
    metrics: series,
    programLogs: world.programLogs,
    analyzers: analyzers.byRepository,
    async captured(beforeMs) {
      spool.sealBefore(beforeMs);
      await loops.run(captureLoopName);
    },
    queue: engines.processingQueue,
    holder: uuid(random),
    parallelism: processingParallelism,
  });
  const transform = makeTransformLoop({
    ...{ store, clock, log, wake, objects, launcher, events, wait },
    forwarder: world.forwarder,
    programLogs: world.programLogs,
    queue: engines.transformQueue,
    holder: uuid(random),
    parallelism: transformParallelism,
  });
  return {
    endpoints,
    analyzers,
    stopTransform: (key) => transform.stopJob(key),
    stopProcessing: (key) => processing.stopJob(key),
    loops: [
      endpoints,
      makeCaptureLoop({ spool, objects, log }),
      makeEndpointMetricsLoop({ counters, fleet, recorder: series, log }),
      makeSchedulesLoop({ store, random, events, queue: engines.processingQueue, wake, log }),
      processing,
      transform,
      makeSeriesLoop(series),
      makeAlarmLoop({ store, series, topics, events, clock, log }),
      makeTopicDelivery({ topics, queues, poster, clock, random, log, publicUrl }),
      queues.sweeper,
      makeOrphanLoop({ objects }),
    ],
  };
}

interface Mounting {
  readonly engines: Engines;
  readonly loops: Loops;
  readonly jobs: Jobs;
}

function mountServices(world: World, { engines, loops, jobs }: Mounting) {
  const { store, clock, random } = world;
  const { objects, queues, topics, series, fleet, processingQueue, transformQueue } = engines;
  const { stopProcessing, stopTransform } = jobs;
  const { wake } = loops;
  const sagemaker = {
    ...hostingOperations,
    ...tagOperations,
    ...monitoringOperations,
    ...transformOperations,
  };
  const sagemakerParts = {
    ...{ store, clock, random, wake, fleet },
    ...{ processingQueue, stopProcessing, transformQueue, stopTransform },
    schedulesOn,
  };
  return [
    mount('sts', sts, {}),
    mount('s3', s3, { objects, clock }),
    makeSqs({ queues }),
    mount('sns', sns, { topics }),
    mount('cloudwatch', cloudwatch, { store, series, clock, wake }),
    mount('logs', logs, { programLogs: world.programLogs }),
    mount('sagemaker', sagemaker, sagemakerParts),
  ];
}

/** Names of the schedules that watch an endpoint; it cannot be deleted before them. */
async function schedulesOn(
  reader: Reader,
  at: { readonly account: string; readonly region: string; readonly name: string },
): Promise<readonly string[]> {
  const { account, region, name } = at;
  const equals = scoped({ partition, account, region }, name);
  const found = await reader.listBy(schedules, { index: 'endpoint', equals, limit: 10 });
  return found.map(({ row }) => row.name);
}
