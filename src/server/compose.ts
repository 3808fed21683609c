/**
 * Joins the parts of one server: engines over the world's adapters, façades over the engines, and
 * the loops that do what recurs. Nothing here decides anything: it only says what is given to what.
 */

import type { Access } from '../engines/access/access.ts';
import { defaultSpoolLimits, Spool } from '../engines/capture/spool.ts';
import type { Keyring } from '../engines/envelope/keyring.ts';
import { makeVault } from '../engines/envelope/vault.ts';
import { makeEventBus } from '../engines/events/bus.ts';
import { RequestCounters } from '../engines/hosting/counters.ts';
import { Fleet } from '../engines/hosting/fleet.ts';
import { type ManagedKeys, makeKeys } from '../engines/keys/make-keys.ts';
import { endpointLog } from '../engines/logs/names.ts';
import { makeObjects } from '../engines/objects/objects.ts';
import { makeOrphanLoop } from '../engines/objects/orphan-loop.ts';
import type { ObjectsFor } from '../engines/objects/space.ts';
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
import type { Scope } from '../kernel/arn.ts';
import { type ByteBudget, byteBudget } from '../kernel/byte-budget.ts';
import { uuid } from '../kernel/ids.ts';
import type { Loop } from '../kernel/loop.ts';
import { type Outcome, ok } from '../kernel/outcome.ts';
import { type Listener, makeListener } from '../wire/listener.ts';
import { type Mounted } from '../wire/operation.ts';
import type { KeyPair } from './administrator.ts';
import { type Analyzers, makeAnalyzers } from './analyzers.ts';
import type { DataPlane } from './data-plane/data-plane.ts';
import { joinDataPlane } from './data-plane/join.ts';
import type { WatchedStore } from './data-plane/watched-store.ts';
import { type Guards, makeGuards, makeRoleObjects } from './guards.ts';
import type { Route } from './http.ts';
import { Loops } from './loops.ts';
import { roleManagerRoutes } from './role-manager.ts';
import { makeSafekeeping, type Safekeeping } from './safekeeping.ts';
import { mountServices, partition } from './services.ts';
import { sessionRoutes } from './session-routes.ts';
import { signInRoute } from './sign-in.ts';
import { trailQueryRoute } from './trail-query.ts';
import type { World } from './world.ts';

export interface App {
  /** Undefined when all of the administrator's keys were deleted or made inactive. */
  readonly administrator: KeyPair | undefined;
  readonly guards: Guards;
  /** Every service with its operations and what each needs. */
  readonly services: readonly Mounted[];
  readonly listener: Listener;
  /** Of our own, beside the services: roles from activities, signing in, ending sessions. */
  readonly routes: readonly Route[];
  readonly gateway: Gateway;
  /** Processes that serve invocations beside this one, where they were asked for. */
  readonly dataPlane: DataPlane | undefined;
  readonly loops: Loops;
  /** The certificate under which topics sign, for whoever checks their messages. */
  certificatePem(name: string): Promise<string | undefined>;
  /** May be asked more than once. */
  stop(): Promise<void>;
}

export interface ComposeOptions {
  readonly keyring: Keyring;
  /** Where clients reach the server; asked late, because a free port is known late. */
  readonly publicUrl: () => string;
  /** The world's store, where other processes follow what is written to it. */
  readonly watched?: WatchedStore | undefined;
}

/** Processing jobs at a time: each holds a core while it profiles. */
const processingParallelism = 2;
/** Transform jobs at a time: each runs a model server of its own. */
const transformParallelism = 2;
/** What may be called without a signature; policies decide on each call all the same. */
const anonymous = new Set([
  's3',
  'sns.ConfirmSubscription',
  'sns.Unsubscribe',
  // Not built: clients do not sign it, and are told so all the same.
  'sts.AssumeRoleWithSAML',
  'sts.AssumeRoleWithWebIdentity',
]);

export async function compose(world: World, options: ComposeOptions): Promise<Outcome<App>> {
  const { config, store, clock, random, log } = world;
  const vault = makeVault({ keyring: options.keyring, random });
  const keys = makeKeys({ store, vault, random, clock });
  const guards = makeGuards(world, { vault, partition });
  const { identity, access } = guards;
  const administrator = await identity.ensureAdministrator(givenKeys(world));
  if (!administrator.ok) return administrator;

  const loops = new Loops({ clock, log });
  let dataPlane: DataPlane | undefined;
  const isElsewhere = (journal: string) => dataPlane?.isElsewhere(journal) ?? false;
  const engines = makeEngines(world, { loops, vault, keys, isElsewhere });
  const objectsFor = makeRoleObjects(world, { objects: engines.objects, guards, partition });
  const { publicUrl } = options;
  const safekeeping = makeSafekeeping(world, {
    ...{ vault, keys, guards, partition, publicUrl, wake: loops.wake },
    ...{ events: engines.events, objects: engines.objects, topics: engines.topics },
  });
  const { forJobs } = safekeeping;
  const sealElsewhere = async (beforeMs: number) => dataPlane?.sealBefore(beforeMs);
  const jobs = makeJobs(world, {
    ...{ engines, loops, access, objectsFor, forJobs, publicUrl, sealElsewhere },
  });
  for (const loop of [...jobs.loops, ...guards.loops, ...safekeeping.loops]) loops.add(loop);
  await takeUp(world, engines);
  await safekeeping.begin();

  const scope = { partition, region: config.region, account: config.account };
  const services = mountServices(world, { engines, loops, jobs, guards, vault, keys, safekeeping });
  // Processes of the data plane have the same share each.
  const bodies = byteBudget((config.bodyMemoryMb * 2 ** 20) / (config.dataPlaneProcesses + 1));
  const listener = makeOperations(world, { services, guards, safekeeping, bodies, scope });
  const gateway = makeDataPlane(world, { engines, guards, safekeeping, loops, bodies });
  dataPlane = joinDataPlane(world, { engines, guards, safekeeping, loops, ...options });
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await dataPlane?.stop();
    await loops.stop();
    await gateway.idle();
    await jobs.endpoints.close();
    await jobs.analyzers.close();
    await identity.flush();
    await safekeeping.idle();
  };
  return ok({
    administrator: administrator.value,
    guards,
    services,
    routes: ownRoutes(world, { guards, scope, safekeeping }),
    listener,
    gateway,
    dataPlane,
    loops,
    certificatePem: (name) => engines.topics.certificatePem(name),
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  });
}

interface OperationParts extends Pick<DataPlaneParts, 'guards' | 'safekeeping' | 'bodies'> {
  readonly services: readonly Mounted[];
  readonly scope: Scope;
}

function makeOperations(
  { config, wallClock: clock, random, log }: World,
  { services, guards, safekeeping, bodies, scope }: OperationParts,
): Listener {
  return makeListener({
    ...{ bodies, services, clock, scope, random, log, anonymous },
    findSecret: guards.identity.findSecret,
    authorize: guards.authorize,
    audit: safekeeping.calls.audit,
    objectDomains: config.objectDomains,
  });
}

/** Work that a server which died has left. */
async function takeUp(
  { store, clock }: World,
  { processingQueue, transformQueue }: Engines,
): Promise<void> {
  await processingQueue.endLeases();
  await requeueLost({ store, queue: processingQueue }, clock.nowMs());
  await transformQueue.endLeases();
  await requeueTransforms({ store, queue: transformQueue }, clock.nowMs());
}

interface DataPlaneParts {
  readonly engines: Engines;
  readonly guards: Guards;
  readonly safekeeping: Safekeeping;
  readonly loops: Loops;
  readonly bodies: ByteBudget;
}

function makeDataPlane(
  { store, clock, wallClock, random, log, forwarder }: World,
  { engines, guards, safekeeping, loops, bodies }: DataPlaneParts,
): Gateway {
  return makeGateway({
    ...{ store, clock, wallClock, random, log, forwarder },
    findSecret: guards.identity.findSecret,
    authorize: guards.authorizeInvoke,
    audit: safekeeping.calls.invocations,
    bodies,
    fleet: engines.fleet,
    counters: engines.counters,
    spool: engines.spool,
    onCounted: () => loops.wake('endpoint-metrics'),
  });
}

interface OwnRouteParts {
  readonly guards: Guards;
  readonly scope: Scope;
  readonly safekeeping: Safekeeping;
}

function ownRoutes(
  { wallClock, random, log, config, eventQueries: queries }: World,
  { guards, scope, safekeeping }: OwnRouteParts,
): readonly Route[] {
  const { space, identity, authorize, signIn } = guards;
  const { findSecret } = identity;
  const { calls, signInAudit, trail } = safekeeping;
  const shared = { space, findSecret, authorize, wallClock, random, scope, log, trail: calls };
  return [
    ...roleManagerRoutes({ ...shared, clock: wallClock }),
    ...sessionRoutes({ ...shared, sessions: identity.sessions }),
    signInRoute({ signIn, account: config.account, log, audit: signInAudit }),
    trailQueryRoute({ ...shared, lookup: trail.lookup, queries }),
  ];
}

function givenKeys({ config }: World): KeyPair | undefined {
  const { accessKeyId, secretAccessKey } = config;
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey };
}

export interface Shared {
  readonly loops: Loops;
  readonly keys: ManagedKeys;
  readonly vault: ReturnType<typeof makeVault>;
}

interface EngineParts extends Shared {
  /** Whether another process writes to the journal. */
  readonly isElsewhere: (journal: string) => boolean;
}

export type Engines = ReturnType<typeof makeEngines>;

function makeEngines(world: World, { loops, vault, keys, isElsewhere }: EngineParts) {
  const { store, blobs, digests, journals, clock, random, log, certificates, config } = world;
  const maxAgeMs = config.captureFlushSeconds * 1_000;
  return {
    objects: makeObjects({ store, blobs, digests, keys, partition, clock, random, log }),
    queues: makeQueues({ store, clock, random, wait }),
    topics: makeTopics({ store, certificates, secrets: secretsOf(vault), clock, random }),
    series: makeSeries({ store, clock }),
    events: makeEventBus({ clock, random, log }),
    fleet: new Fleet(),
    counters: new RequestCounters(),
    spool: new Spool({
      ...{ journals, random, isElsewhere },
      limits: { ...defaultSpoolLimits, maxAgeMs },
      onChange: () => loops.wake('capture'),
      onUnreadable: (journal, cause) =>
        log.error('a journal of captured records cannot be opened', cause, { journal }),
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
  readonly access: Access;
  readonly objectsFor: ObjectsFor;
  readonly forJobs: Safekeeping['forJobs'];
  readonly publicUrl: () => string;
  /** Takes over what other processes have captured before the instant. */
  readonly sealElsewhere: (beforeMs: number) => Promise<void>;
}

export interface Jobs {
  readonly loops: readonly Loop[];
  readonly endpoints: EndpointLoop;
  readonly analyzers: Analyzers;
  readonly stopProcessing: (key: string) => void;
  readonly stopTransform: (key: string) => void;
}

function makeJobs(world: World, parts: JobParts): Jobs {
  const { engines, loops, access, objectsFor, forJobs: safekeeping, publicUrl } = parts;
  const { store, clock, random, log, launcher, workspaces, poster } = world;
  const { objects, queues, topics, series, events, fleet, counters, spool } = engines;
  const { wake } = loops;
  const analyzers = makeAnalyzers(world, { access, objectsFor, safekeeping });
  topics.onDue(() => wake(topicDeliveryLoop));
  const endpoints = makeEndpointLoop({
    store,
    fleet,
    launcher,
    objectsFor,
    safekeeping,
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
    objectsFor,
    safekeeping,
    workspaces,
    launcher,
    events,
    metrics: series,
    programLogs: world.programLogs,
    analyzers: analyzers.byRepository,
    async captured(beforeMs) {
      spool.sealBefore(beforeMs);
      await parts.sealElsewhere(beforeMs);
      await loops.run(captureLoopName);
    },
    queue: engines.processingQueue,
    holder: uuid(random),
    parallelism: processingParallelism,
  });
  const transform = makeTransformLoop({
    ...{ store, clock, log, wake, objectsFor, safekeeping, launcher, events, wait },
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
      makeCaptureLoop({ spool, objects, objectsFor, safekeeping, events, log }),
      makeEndpointMetricsLoop({ counters, fleet, recorder: series, log }),
      makeSchedulesLoop({ store, random, events, queue: engines.processingQueue, wake, log }),
      processing,
      transform,
      makeSeriesLoop(series),
      makeAlarmLoop({ store, series, topics, access, events, clock, log }),
      makeTopicDelivery({ topics, queues, access, poster, clock, random, log, publicUrl }),
      queues.sweeper,
      makeOrphanLoop({ objects }),
    ],
  };
}
