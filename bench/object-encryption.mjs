/**
 * What it costs that objects are kept encrypted: MB a second over HTTP, put and got, against the same
 * server over a store that keeps bytes as they are, which only this bench has.
 */
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { SignatureV4 } from '@smithy/signature-v4';
import { fileObjectStore } from '../dist/adapters/files/object-store.js';
import { folderTemporaryFiles } from '../dist/adapters/files/temporary-files.js';
import { systemRandom } from '../dist/adapters/system/system.js';
import { threadOpeners } from '../dist/adapters/threads/openers.js';
import { keyringOf } from '../dist/engines/envelope/keyring.js';
import { makeVault } from '../dist/engines/envelope/vault.js';
import { makeKeys } from '../dist/engines/keys/make-keys.js';
import { makeObjects } from '../dist/engines/objects/objects.js';
import { storageForm } from '../dist/engines/sealing/chunked.js';
import { sealedObjects } from '../dist/engines/sealing/sealed-objects.js';
import { silentLogger } from '../dist/kernel/log.js';
import { openMetadata } from '../dist/server/metadata.js';
import { s3 } from '../dist/services/s3/index.js';
import { s3Permissions } from '../dist/services/s3/permissions.js';
import { makeListener } from '../dist/wire/listener.js';
import { mount } from '../dist/wire/operation.js';

export const title = 'objects put and got, encrypted against not';

const account = '000000000000';
const scope = { partition: 'aws', region: 'us-east-1', account };
const keys = { accessKeyId: 'AKIABENCH', secretAccessKey: 'a-secret-for-the-bench' };
const clock = { nowMs: () => Date.now() };
const BUCKET = 'bench';
/** At 1 KB it is the sync of the disk that is measured: no goal there. */
const SIZES = [
  { name: '1 KB', sizeBytes: 1 << 10, count: 300, concurrency: 8 },
  { name: '1 MB', sizeBytes: 1 << 20, count: 150, concurrency: 4, goal: 0.7 },
  { name: '1 GB', sizeBytes: 1 << 30, count: 1, concurrency: 1, goal: 0.7, rounds: 3 },
];
const ROUNDS = 7;

/**
 * Each side by the store it has and the headers its puts carry; the first is the baseline. Sealed is
 * under the store's own key, managed under a data key of KMS.
 */
const SIDES = {
  plain: { store: (inner) => inner, headers: {} },
  sealed: { store: sealed, headers: {} },
  managed: { store: sealed, headers: { 'x-amz-server-side-encryption': 'aws:kms' } },
};

export async function run({ say, quick }) {
  const folder = mkdtempSync(join(tmpdir(), 'modelkeep-bench-objects-'));
  const worker = new Worker(new URL('./object-encryption/client.mjs', import.meta.url));
  const servers = {};
  try {
    for (const [name, side] of Object.entries(SIDES)) {
      servers[name] = await served(join(folder, name), side);
    }
    const claims = [];
    for (const size of SIZES.filter(({ rounds }) => !quick || !rounds)) {
      claims.push(...(await measured({ size, servers, worker, quick, say })));
    }
    return claims;
  } finally {
    worker.postMessage({});
    for (const { server } of Object.values(servers)) server.closeAllConnections();
    for (const { server } of Object.values(servers)) server.close();
    await worker.terminate();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measured({ size, servers, worker, quick, say }) {
  const rates = { PUT: {}, GET: {} };
  const rounds = quick ? 3 : (size.rounds ?? ROUNDS);
  const names = Object.keys(SIDES);
  for (let round = 0; round <= rounds; round++) {
    // In turn, so that no side has the quieter half; the first round only warms up.
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      for (const method of ['PUT', 'GET']) {
        const requests = await signed(method, { ...size, headers: SIDES[name].headers });
        const { port } = servers[name].server.address();
        worker.postMessage({ port, requests, ...size });
        const [{ ms, error }] = await once(worker, 'message');
        if (error) throw new Error(`${name}: ${error}`);
        const rate = (size.sizeBytes * size.count) / 1e6 / (ms / 1e3);
        if (round > 0) (rates[method][name] ??= []).push(rate);
      }
      await servers[name].empty();
    }
  }
  const [baseline, ...others] = names;
  return ['PUT', 'GET'].flatMap((method) =>
    others.map((name) => claimOf({ size, method, name, of: rates[method], baseline, say })),
  );
}

function claimOf({ size, method, name, of, baseline, say }) {
  const ratio = median(of[name].map((rate, at) => rate / of[baseline][at]));
  const [own, plain] = [median(of[name]), median(of[baseline])];
  const detail = `${own.toFixed(1)} MB/s against ${plain.toFixed(1)} MB/s`;
  say(`${method} ${size.name.padEnd(5)} ${name.padEnd(7)} ${detail}: ${ratio.toFixed(3)}`);
  return {
    metric: `${method} of ${size.name}, ${name}`,
    ratio,
    goal: size.goal ?? 0,
    baseline: 'the same server over a store that does not encrypt',
    unit: 'MB/s',
    detail: `${detail}, median ratio of ${of[name].length} rounds`,
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function sealed(inner, folder) {
  const temporaryFiles = folderTemporaryFiles(join(folder, 'temporary'));
  const keyring = keyringOf([systemRandom.bytes(32)]);
  const openers = threadOpeners(storageForm.chunkBytes);
  return sealedObjects(inner, { keyring, random: systemRandom, temporaryFiles, openers });
}

async function served(folder, side) {
  const inner = await fileObjectStore(folder);
  const blobs = side.store(inner, folder);
  const keyring = keyringOf([systemRandom.bytes(32)]);
  mkdirSync(join(folder, 'metadata'), { recursive: true });
  const store = await openMetadata(join(folder, 'metadata'), keyring);
  const vault = makeVault({ keyring, random: systemRandom });
  const managed = makeKeys({ store, vault, random: systemRandom, clock });
  const parts = { store, blobs, clock, random: systemRandom, keys: managed };
  const objects = makeObjects({ ...parts, log: silentLogger });
  await objects.buckets.create({ name: BUCKET, owner: account, region: scope.region });
  const arn = `arn:aws:iam::${account}:user/bench`;
  const caller = { accessKeyId: keys.accessKeyId, arn, userId: 'AIDABENCH', account };
  const signer = { secretAccessKey: keys.secretAccessKey, caller };
  const listener = makeListener({
    services: [mount('s3', { operations: s3, permissions: s3Permissions }, { objects, clock })],
    findSecret: async (id) => (id === keys.accessKeyId ? signer : undefined),
    ...{ clock, scope, random: systemRandom, log: silentLogger, objectDomains: [] },
    authorize: async () => new Map(),
  });
  const server = createServer((request, response) => void listener(request, response));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  // Or the disk is full of what earlier rounds have put.
  const empty = async () => {
    const ids = [];
    for await (const id of blobs.ids()) ids.push(id);
    for (const id of ids) await blobs.delete(id);
  };
  return { server, empty };
}

/** Of `count` objects. Payloads are not signed, which leaves more of the time to what is measured. */
async function signed(method, { count, sizeBytes, headers: more }) {
  const signer = new SignatureV4({
    ...{ credentials: keys, region: scope.region, service: 's3', sha256: Sha256 },
    uriEscapePath: false,
  });
  const own = method === 'PUT' ? { 'content-length': String(sizeBytes), ...more } : {};
  const request = async (_, n) => {
    const path = `/${BUCKET}/object-${n}`;
    const { headers } = await signer.sign({
      ...{ method, protocol: 'http:', hostname: 'localhost', path, query: {} },
      headers: { host: 'localhost', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...own },
    });
    return { method, path, headers };
  };
  return Promise.all(Array.from({ length: count }, request));
}

class Sha256 {
  #hash;

  constructor(secret) {
    this.#hash = secret ? createHmac('sha256', secret) : createHash('sha256');
  }

  update(data) {
    this.#hash.update(data);
  }

  async digest() {
    return new Uint8Array(this.#hash.digest());
  }
}
