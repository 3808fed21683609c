/**
 * What authorization costs: requests a second over HTTP with it and without it, and how start-up and
 * the first decision stand with 10,000 users, 1,000 roles and 5,000 policies in the store.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { SignatureV4 } from '@smithy/signature-v4';
import { undiciForwarder } from '../dist/adapters/forwarder/forwarder.js';
import { memoryJournals } from '../dist/adapters/memory/journals.js';
import { makeAccess } from '../dist/engines/access/authorizer.js';
import { Spool } from '../dist/engines/capture/spool.js';
import { RequestCounters } from '../dist/engines/hosting/counters.js';
import { Fleet, Instance } from '../dist/engines/hosting/fleet.js';
import { hostedArn, hostedKey } from '../dist/engines/hosting/names.js';
import { endpoints } from '../dist/engines/hosting/rows.js';
import { makeIdentitySpace } from '../dist/engines/identity/space.js';
import { makeGateway } from '../dist/gateway/gateway.js';
import { silentLogger } from '../dist/kernel/log.js';
import { seededRandom } from '../dist/kernel/random.js';
import { makeAuthorize, makeInvokeAuthorize } from '../dist/server/authorize.js';
import { hostingPermissions } from '../dist/services/sagemaker/hosting-permissions.js';
import { hostingOperations } from '../dist/services/sagemaker/index.js';
import { makeListener } from '../dist/wire/listener.js';
import { mount } from '../dist/wire/operation.js';
import { account, counts, populate, userId, userName } from './authorization/population.mjs';
import { openStored } from './authorization/stored.mjs';

export const title = 'what authorization costs, and how it stands with 10,000 users';

const ROUNDS = 9;
const ROUND_MS = 1_500;
const STARTS = 5;
const START_GOAL_MS = 1_500;
const FIRST_GOAL_MS = 5;
const NAME = 'Churn';
const folder = dirname(fileURLToPath(import.meta.url));
const scope = { partition: 'aws', region: 'eu-west-1', account };
const keys = { accessKeyId: 'AKIABENCH', secretAccessKey: 'a-secret-for-the-bench' };
const clock = { nowMs: () => Date.now() };

export async function run({ say, quick }) {
  const above = mkdtempSync(join(tmpdir(), 'modelkeep-bench-authorization-'));
  const data = join(above, 'data');
  try {
    // Made by a server, so that it has everything that a start looks for.
    await timeToReady(data);
    const store = await openStored(data);
    const claims = [];
    try {
      const space = makeIdentitySpace(store);
      await populate(space);
      say(
        Object.entries(counts)
          .map(([what, count]) => `${count} ${what}`)
          .join(', '),
      );
      claims.push(...(await throughput({ store, space, say, quick })));
    } finally {
      await store.close();
    }
    claims.push(firstDecision(data, say), await starts(data, { say, quick }));
    return claims;
  } finally {
    rmSync(above, { recursive: true, force: true });
  }
}

async function throughput({ store, space, say, quick }) {
  const worker = new Worker(new URL('./authorization/load.mjs', import.meta.url));
  const { modelPort } = await told(worker);
  const forwarder = undiciForwarder();
  const parts = { store, space, forwarder, modelPort };
  const access = makeAccess({ partition: 'aws', space, clock, log: silentLogger });
  const sides = {
    on: await served({ ...parts, access, authorized: true }),
    off: await served({ ...parts, access, authorized: false }),
  };
  try {
    const claims = [];
    for (const [operation, request] of Object.entries(await requests())) {
      const rates = { on: [], off: [] };
      const rounds = quick ? 3 : ROUNDS;
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
      claims.push(cost(operation, rates, say));
    }
    return claims;
  } finally {
    worker.postMessage({});
    for (const server of Object.values(sides)) server.closeAllConnections();
    for (const server of Object.values(sides)) server.close();
    await forwarder.close();
  }
}

function cost(operation, { on, off }, say) {
  const ratio = median(on.map((rate, at) => rate / off[at]));
  const [with_, without] = [Math.round(median(on)), Math.round(median(off))];
  say(`${operation.padEnd(18)} ${with_}/s authorized, ${without}/s not: ${ratio.toFixed(3)}`);
  return {
    metric: `${operation}, throughput with authorization`,
    ratio,
    goal: 0.9,
    baseline: 'the same server without authorization',
    detail: `${with_}/s against ${without}/s, median ratio of ${on.length} rounds`,
  };
}

/** A listener and a gateway as the server has them; what is stored and who calls is the same. */
async function served({ store, forwarder, modelPort, access, authorized }) {
  const fleet = new Fleet();
  const random = seededRandom(7);
  const arn = `arn:aws:iam::${account}:user/${userName(42)}`;
  const caller = { accessKeyId: keys.accessKeyId, arn, userId: userId(42), account };
  const signer = { secretAccessKey: keys.secretAccessKey, caller };
  const findSecret = async (id) => (id === keys.accessKeyId ? signer : undefined);
  const limits = { maxAgeMs: 60_000, maxSizeBytes: 5_000_000, maxTotalBytes: 100_000_000 };
  await routed({ store, fleet, modelPort });
  const hosting = { operations: hostingOperations, permissions: hostingPermissions };
  const listener = makeListener({
    services: [
      mount('sagemaker', hosting, { access, store, clock, random, fleet, wake: () => {} }),
    ],
    ...{ findSecret, clock, scope, random, log: silentLogger, objectDomains: [] },
    authorize: authorized ? makeAuthorize({ access, clock }) : async () => new Map(),
  });
  const gateway = makeGateway({
    ...{ findSecret, store, fleet, forwarder, random, clock, wallClock: clock },
    log: silentLogger,
    counters: new RequestCounters(),
    spool: new Spool({ journals: memoryJournals(), random, limits, onChange: () => {} }),
    authorize: authorized ? makeInvokeAuthorize({ access }) : async () => {},
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
      headers: { host, 'content-length': String(request.body.length), ...request.headers },
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

function firstDecision(data, say) {
  const script = join(folder, 'authorization', 'first.mjs');
  const colds = [];
  const warms = [];
  for (let round = 0; round < 5; round++) {
    const [cold, ...rest] = JSON.parse(
      execFileSync(process.execPath, [script, data], { encoding: 'utf8' }),
    );
    colds.push(cold);
    warms.push(median(rest));
  }
  say(
    `the first decision about a user: ${median(warms).toFixed(2)} ms; ` +
      `the first of a process, its code not yet compiled: ${median(colds).toFixed(1)} ms`,
  );
  return {
    metric: 'first decision about a user, budget of 5 ms',
    ratio: FIRST_GOAL_MS / median(warms),
    goal: 1,
    baseline: 'a budget of 5 ms',
    detail: `${median(warms).toFixed(2)} ms; first of the process ${median(colds).toFixed(1)} ms`,
  };
}

async function starts(data, { say, quick }) {
  const times = [];
  for (let start = 0; start < (quick ? 2 : STARTS); start++) times.push(await timeToReady(data));
  say(`the server is ready after ${median(times).toFixed(0)} ms`);
  return {
    metric: 'start-up, budget of 1,500 ms',
    ratio: START_GOAL_MS / median(times),
    goal: 1,
    baseline: 'a budget of 1,500 ms',
    detail: `${median(times).toFixed(0)} ms, median of ${times.length}`,
  };
}

/** Starts a server on the folder, waits until it serves, and ends it. */
function timeToReady(data) {
  const cli = join(dirname(folder), 'dist', 'cli', 'main.js');
  const args = [cli, 'up', '--data', data, '--port', '0', '--account', account];
  const start = performance.now();
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let said = '';
    let readyMs;
    const listen = (part) => {
      said += part;
      if (readyMs !== undefined || !said.includes('modelkeep ready')) return;
      readyMs = performance.now() - start;
      server.kill('SIGTERM');
    };
    server.stdout.on('data', listen);
    server.stderr.on('data', listen);
    server.on('error', reject);
    server.on('exit', (code) => {
      if (readyMs !== undefined) return resolve(readyMs);
      reject(new Error(`the server ended with ${code}: ${said.slice(-2_000)}`));
    });
  });
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
