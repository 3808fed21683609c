/**
 * What the audit trail costs: requests a second over HTTP with it and without it, everything else as
 * the server has it: metadata in its database, journals and stretches sealed in files. Stretches are
 * sealed while requests are served.
 */
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { SignatureV4 } from '@smithy/signature-v4';
import { fileJournals } from '../dist/adapters/files/journals.js';
import { fileObjectStore } from '../dist/adapters/files/object-store.js';
import { folderTemporaryFiles } from '../dist/adapters/files/temporary-files.js';
import { undiciForwarder } from '../dist/adapters/forwarder/forwarder.js';
import { memoryJournals } from '../dist/adapters/memory/journals.js';
import { systemRandom } from '../dist/adapters/system/system.js';
import { makeAccess } from '../dist/engines/access/authorizer.js';
import { Spool } from '../dist/engines/capture/spool.js';
import { keyringOf } from '../dist/engines/envelope/keyring.js';
import { makeEventBus } from '../dist/engines/events/bus.js';
import { RequestCounters } from '../dist/engines/hosting/counters.js';
import { Fleet, Instance } from '../dist/engines/hosting/fleet.js';
import { hostedArn, hostedKey } from '../dist/engines/hosting/names.js';
import { endpoints } from '../dist/engines/hosting/rows.js';
import { makeIdentitySpace } from '../dist/engines/identity/space.js';
import { sealedJournals } from '../dist/engines/sealing/sealed-journals.js';
import { sealedObjects } from '../dist/engines/sealing/sealed-objects.js';
import { makeSealer } from '../dist/engines/sealing/sealer.js';
import { makeTrail } from '../dist/engines/trail/make-trail.js';
import { makeGateway } from '../dist/gateway/gateway.js';
import { makeAuthorize, makeInvokeAuthorize } from '../dist/server/authorize.js';
import { openMetadata } from '../dist/server/metadata.js';
import { makeTrailCalls } from '../dist/server/trail-calls.js';
import { hostingPermissions } from '../dist/services/sagemaker/hosting-permissions.js';
import { hostingOperations } from '../dist/services/sagemaker/index.js';
import { makeListener } from '../dist/wire/listener.js';
import { mount } from '../dist/wire/operation.js';

export const title = 'what the audit trail costs, data events of endpoints included';

const ROUNDS = 9;
const ROUND_MS = 1_500;
const NAME = 'Churn';
const account = '111122223333';
const scope = { partition: 'aws', region: 'eu-west-1', account };
const keys = { accessKeyId: 'AKIABENCH', secretAccessKey: 'a-secret-for-the-bench' };
const clock = { nowMs: () => Date.now() };
const failing = (message, cause) => {
  throw new Error(message, { cause });
};
/** Nothing may go wrong unseen: a trail that fails is quick. */
const log = { info: () => {}, warn: failing, error: failing };

export async function run({ say, quick }) {
  const data = mkdtempSync(join(tmpdir(), 'modelkeep-bench-trail-'));
  const worker = new Worker(new URL('./authorization/load.mjs', import.meta.url));
  const forwarder = undiciForwarder();
  const servers = [];
  try {
    const { modelPort } = await told(worker);
    const keyring = keyringOf([systemRandom.bytes(32)]);
    mkdirSync(join(data, 'metadata'));
    const store = await openMetadata(join(data, 'metadata'), keyring);
    const trail = await trailIn(data, { keyring, store });
    const parts = { store, forwarder, modelPort };
    const on = await served({ ...parts, trail });
    const off = await served(parts);
    servers.push(on, off);
    const claims = [];
    for (const [operation, request] of Object.entries(await requests())) {
      const rounds = quick ? 3 : ROUNDS;
      const rates = await measured({ worker, request, sides: { on, off }, rounds, operation });
      claims.push(cost(operation, rates, say));
    }
    await trail.seal();
    const answered = await counted(trail);
    say(`${answered.count} records in ${answered.stretches} stretches`);
    for (const server of servers) server.closeAllConnections();
    await store.close();
    return claims;
  } finally {
    worker.postMessage({});
    for (const server of servers) server.close();
    await forwarder.close();
    rmSync(data, { recursive: true, force: true });
  }
}

async function measured({ worker, request, sides, rounds, operation }) {
  const rates = { on: [], off: [] };
  for (let round = 0; round <= rounds; round++) {
    // In turn, so that neither side has the quieter half; the first round only warms up.
    for (const side of round % 2 === 0 ? ['on', 'off'] : ['off', 'on']) {
      const { port } = sides[side].address();
      worker.postMessage({ port, request, forMs: ROUND_MS });
      const { perSecond, error } = await told(worker);
      if (error) throw new Error(`${operation}: ${error}`);
      if (round > 0) rates[side].push(perSecond);
    }
  }
  return rates;
}

function cost(operation, { on, off }, say) {
  const ratio = median(on.map((rate, at) => rate / off[at]));
  const [with_, without] = [Math.round(median(on)), Math.round(median(off))];
  say(
    `${operation.padEnd(18)} ${with_}/s with the trail, ${without}/s without: ${ratio.toFixed(3)}`,
  );
  return {
    metric: `${operation}, throughput with the audit trail`,
    ratio,
    goal: 0.9,
    baseline: 'the same server without a trail',
    detail: `${with_}/s against ${without}/s, median ratio of ${on.length} rounds`,
  };
}

/** As the server has it, its loop run whenever it asks to be. */
async function trailIn(data, { keyring, store }) {
  const sealing = { keyring, random: systemRandom };
  const journals = sealedJournals(
    await fileJournals(join(data, 'journals')),
    makeSealer({ ...sealing, purpose: 'journals' }),
  );
  const temporaryFiles = folderTemporaryFiles(join(data, 'temporary'));
  const blobs = sealedObjects(await fileObjectStore(join(data, 'trail')), {
    ...sealing,
    temporaryFiles,
  });
  const { signal } = new AbortController();
  const wake = () => setImmediate(() => void trail.loop.tick(clock.nowMs(), { signal }));
  const trail = makeTrail({ journals, blobs, store, clock, random: systemRandom, log, wake });
  trail.chooseData(({ resourceType }) => resourceType === 'AWS::SageMaker::Endpoint');
  return trail;
}

async function counted(trail) {
  const found = await trail.stretches(undefined, 1_000);
  return { count: found.reduce((sum, { count }) => sum + count, 0), stretches: found.length };
}

/** A listener and a gateway as the server has them; only the trail differs. */
async function served({ store, forwarder, modelPort, trail }) {
  const fleet = new Fleet();
  const random = systemRandom;
  const caller = {
    ...{ accessKeyId: keys.accessKeyId, arn: `arn:aws:iam::${account}:root`, account },
    userId: account,
  };
  const signer = { secretAccessKey: keys.secretAccessKey, caller };
  const findSecret = async (id) => (id === keys.accessKeyId ? signer : undefined);
  const limits = { maxAgeMs: 60_000, maxSizeBytes: 5_000_000, maxTotalBytes: 100_000_000 };
  const access = makeAccess({ partition: 'aws', space: makeIdentitySpace(store), clock, log });
  await routed({ store, fleet, modelPort });
  const events = makeEventBus({ clock, random, log });
  const calls = trail && makeTrailCalls({ trail, events, clock, random, log });
  const hosting = { operations: hostingOperations, permissions: hostingPermissions };
  const listener = makeListener({
    services: [
      mount('sagemaker', hosting, { access, store, clock, random, fleet, wake: () => {} }),
    ],
    ...{ findSecret, clock, scope, random, log, objectDomains: [] },
    authorize: makeAuthorize({ access, clock }),
    ...(calls ? { audit: calls.audit } : {}),
  });
  const gateway = makeGateway({
    ...{ findSecret, store, fleet, forwarder, random, clock, wallClock: clock, log },
    counters: new RequestCounters(),
    spool: new Spool({ journals: memoryJournals(), random, limits, onChange: () => {} }),
    authorize: makeInvokeAuthorize({ access }),
    ...(calls ? { audit: calls.invocations } : {}),
  });
  const server = createServer((request, response) => {
    if (gateway.matches(request)) void gateway.handle(request, response);
    else void listener(request, response);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

async function routed({ store, fleet, modelPort }) {
  const variant = {
    ...{ name: 'AllTraffic', weight: 1, modelName: 'm', instanceId: 'i', instanceCount: 1 },
    ...{ startTimeoutMs: 1_000, downloadTimeoutMs: 1_000, image: 'img', environment: {} },
  };
  const instance = new Instance('i', {
    invocationsUrl: new URL(`http://127.0.0.1:${modelPort}/invocations`),
    healthy: async () => true,
    usage: async () => undefined,
    stop: async () => {},
  });
  const key = hostedKey(scope, NAME);
  const arn = hostedArn(scope, 'endpoint', NAME);
  fleet.route({ key, name: NAME, arn, scope, variants: [{ variant, instance }], shadows: [] });
  const active = { configName: 'c', variants: [variant], shadows: [], startedAtMs: 0 };
  const row = {
    ...{ name: NAME, arn, scope, status: 'InService', configName: 'c', active },
    ...{ createdAtMs: 0, modifiedAtMs: 0, generation: 1 },
  };
  await store.write((tx) => tx.put(endpoints, key, row));
}

/** By operation: the whole text of a signed request. Signatures hold for minutes. */
async function requests() {
  const signed = async (request) => {
    const signer = new SignatureV4({
      ...{ credentials: keys, region: scope.region, service: 'sagemaker' },
      sha256: Sha256,
    });
    const host = 'localhost:4566';
    const { headers } = await signer.sign({
      ...{ method: 'POST', protocol: 'http:', hostname: host, query: {}, ...request },
      headers: {
        host,
        'content-length': String(request.body.length),
        'user-agent': 'aws-cli/2.17.0 md/awscrt#0.20.11 ua/2.0 os/linux#6.1 lang/python#3.11.8',
        ...request.headers,
      },
    });
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    return `POST ${request.path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${request.body}`;
  };
  return {
    DescribeEndpoint: await signed({
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'SageMaker.DescribeEndpoint',
      },
      body: JSON.stringify({ EndpointName: NAME }),
    }),
    InvokeEndpoint: await signed({
      path: `/endpoints/${NAME}/invocations`,
      headers: { 'content-type': 'text/csv' },
      body: '39,13,2174,0,40',
    }),
  };
}

/** The thread's next message; rejects when it breaks. */
async function told(worker) {
  const [message] = await once(worker, 'message');
  return message;
}

/** What the signer needs of a hash. */
class Sha256 {
  constructor(secret) {
    this.hash = secret ? createHmac('sha256', secret) : createHash('sha256');
  }
  update(data) {
    this.hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.hash.digest());
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
