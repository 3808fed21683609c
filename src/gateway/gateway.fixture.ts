/** A gateway on a real port in front of real model servers, for the tests of this folder. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { undiciForwarder } from '../adapters/forwarder/forwarder.ts';
import { memoryJournals } from '../adapters/memory/journals.ts';
import { memoryMetadataStore } from '../adapters/memory/metadata-store.ts';
import { Spool } from '../engines/capture/spool.ts';
import { RequestCounters } from '../engines/hosting/counters.ts';
import { Fleet, Instance, type RunningVariant } from '../engines/hosting/fleet.ts';
import { hostedArn, hostedKey } from '../engines/hosting/names.ts';
import type { CapturePlan } from '../engines/hosting/rows.ts';
import { VirtualClock } from '../kernel/clock.ts';
import { silentLogger } from '../kernel/log.ts';
import { seededRandom } from '../kernel/random.ts';
import type { Journals } from '../ports/journals.ts';
import type { GatewayParts } from './gateway.ts';
import { makeGateway } from './gateway.ts';

export const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
export const secret = 'a-secret-for-tests';
export const inferenceTimeMs = Date.UTC(2026, 0, 5, 10, 59, 58, 250);

const caller = {
  accessKeyId: 'AKIATEST',
  arn: `arn:aws:iam::${scope.account}:user/ada`,
  userId: 'AIDATEST',
  account: scope.account,
};

export async function listening(handler: RequestListener): Promise<Server> {
  const server = createServer(handler);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

export const portOf = (server: Server) => (server.address() as AddressInfo).port;

export function closed(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
}

export const instanceAt = (id: string, port: number, path = '/invocations') =>
  new Instance(id, {
    invocationsUrl: new URL(`http://127.0.0.1:${port}${path}`),
    healthy: async () => true,
    usage: async () => undefined,
    stop: async () => {},
  });

export function variantOn(instance: Instance, name: string, weight = 1): RunningVariant {
  const variant = {
    name,
    weight,
    modelName: `model-${name}`,
    instanceId: instance.id,
    instanceCount: 2,
    startTimeoutMs: 1_000,
    downloadTimeoutMs: 1_000,
    image: 'img',
    environment: {},
  };
  return { variant, instance };
}

export const plan: CapturePlan = {
  enabled: true,
  samplingPercent: 100,
  destinationUri: 's3://captures/prefix',
  input: true,
  output: true,
  csvTypes: ['text/csv'],
  jsonTypes: ['application/json'],
};

export interface Bench {
  readonly parts: GatewayParts;
  readonly fleet: Fleet;
  readonly journals: Journals;
  readonly clock: VirtualClock;
  readonly port: number;
  readonly client: SageMakerRuntimeClient;
  /** Starts a model server for the test. */
  model(handler: RequestListener): Promise<number>;
  route(variants: readonly RunningVariant[], options?: RouteOptions): void;
  /** Every captured line so far, parsed, the headers of journals left out. */
  captured(): Promise<readonly Captured[]>;
  idle(): Promise<void>;
  close(): Promise<void>;
}

export interface RouteOptions {
  readonly name?: string;
  readonly shadows?: readonly RunningVariant[];
  readonly capture?: CapturePlan;
}

interface Side {
  readonly observedContentType: string | null;
  readonly mode: string;
  readonly data: string;
  readonly encoding: string;
}

export interface Captured {
  readonly captureData: { readonly endpointInput?: Side; readonly endpointOutput?: Side };
  readonly eventMetadata: Readonly<Record<string, unknown>>;
  readonly eventVersion: string;
}

export async function bench(over: Partial<GatewayParts> = {}): Promise<Bench> {
  const journals = memoryJournals();
  const random = seededRandom(7);
  const clock = new VirtualClock(inferenceTimeMs);
  const fleet = new Fleet();
  const limits = { maxAgeMs: 60_000, maxSizeBytes: 5_000_000, maxTotalBytes: 100_000_000 };
  const forwarder = undiciForwarder({ connectTimeoutMs: 500 });
  const parts: GatewayParts = {
    findSecret: async (id) =>
      id === caller.accessKeyId ? { secretAccessKey: secret, caller } : undefined,
    authorize: async () => {},
    wallClock: { nowMs: () => Date.now() },
    store: memoryMetadataStore(),
    spool: new Spool({ journals, random, limits, onChange: () => {} }),
    counters: new RequestCounters(),
    log: silentLogger,
    fleet,
    forwarder,
    random,
    clock,
    ...over,
  };
  const gateway = makeGateway(parts);
  const server = await listening((req, res) => {
    if (gateway.matches(req)) void gateway.handle(req, res);
    else res.writeHead(404).end();
  });
  const models: Server[] = [];
  const client = new SageMakerRuntimeClient({
    endpoint: `http://127.0.0.1:${portOf(server)}`,
    region: scope.region,
    credentials: { accessKeyId: caller.accessKeyId, secretAccessKey: secret },
    maxAttempts: 1,
  });
  return {
    parts,
    fleet,
    journals,
    clock,
    port: portOf(server),
    client,
    async model(handler) {
      const model = await listening(handler);
      models.push(model);
      return portOf(model);
    },
    route(variants, { name = 'Churn', shadows = [], capture } = {}) {
      fleet.route({
        key: hostedKey(scope, name),
        name,
        arn: hostedArn(scope, 'endpoint', name),
        scope,
        variants,
        shadows,
        ...(capture ? { capture } : {}),
      });
    },
    captured: () => linesOf(journals),
    idle: () => gateway.idle(),
    async close() {
      client.destroy();
      await Promise.all([...models, server].map(closed));
      await forwarder.close();
    },
  };
}

async function linesOf(journals: Journals): Promise<readonly Captured[]> {
  const lines: Captured[] = [];
  for (const name of await journals.names()) {
    const parts: Uint8Array[] = [];
    for await (const part of (await journals.open(name)).read()) parts.push(part);
    const [, ...records] = Buffer.concat(parts).toString('utf8').trimEnd().split('\n');
    lines.push(...records.map((line) => JSON.parse(line)));
  }
  return lines;
}
