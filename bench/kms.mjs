/**
 * What managed keys do in a second on one core: data keys, and texts sealed and opened, in the
 * server's own process, beside the policy at the heart of Vault's transit engine (OpenBao's is a fork
 * of it, whose modules no Go proxy had).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sqliteMetadataStore } from '../dist/adapters/sqlite/metadata-store.js';
import { systemClock, systemRandom } from '../dist/adapters/system/system.js';
import { keyringOf } from '../dist/engines/envelope/keyring.js';
import { makeVault } from '../dist/engines/envelope/vault.js';
import { makeKeys } from '../dist/engines/keys/make-keys.js';

export const title = 'managed keys: data keys, sealing and opening, a second and core';

const ROUNDS = 5;
const ROUND_MS = 2_000;
const TEXT_BYTES = 256;
const DATA_KEYS_GOAL = 10_000;
const OPENED_GOAL = 5_000;
/** Of what Go does, whose ciphers cost no crossing into another language, and which reads no row. */
const SEALED_SHARE = 0.05;
const OPENED_SHARE = 0.02;
const BUILD_LIMIT_MS = 15 * 60_000;
const folder = dirname(fileURLToPath(import.meta.url));
const scope = { partition: 'aws', region: 'eu-west-1', account: '000000000000' };
const context = { purpose: 'bench' };

export async function run({ say, quick }) {
  const data = mkdtempSync(join(tmpdir(), 'modelkeep-bench-kms-'));
  const store = await sqliteMetadataStore(join(data, 'metadata.db'));
  try {
    const keyring = keyringOf([systemRandom.bytes(32)]);
    const vault = makeVault({ keyring, random: systemRandom });
    const keys = makeKeys({ store, vault, random: systemRandom, clock: systemClock });
    return await compare(keys, { say, quick });
  } finally {
    await store.close();
    rmSync(data, { recursive: true, force: true });
  }
}

async function compare(keys, { say, quick }) {
  const peer = buildPeer(say);
  const key = await keys.ofService('bench', scope);
  const text = systemRandom.bytes(TEXT_BYTES);
  const sealed = good(await keys.seal(key, text, context));
  const work = {
    seal: async () => good(await keys.seal(key, text, context)),
    open: async () => good(await keys.open(sealed, { context })),
    dataKey: async () => good(await keys.dataKey(key, { context, sizeBytes: 32 })),
  };
  const rates = { seal: [], open: [], dataKey: [], encrypts: [], decrypts: [] };
  const rounds = quick ? 1 : ROUNDS;
  // The first round only warms up.
  for (let round = 0; round <= rounds; round++) {
    const seen = { ...(peer ? askPeer(peer) : {}) };
    for (const [name, once] of Object.entries(work)) seen[name] = await perSecond(once);
    if (round > 0) for (const [name, rate] of Object.entries(seen)) rates[name].push(rate);
  }
  for (const name of Object.keys(work)) say(`${name.padEnd(9)} ${shown(rates[name])} a second`);
  const claims = [
    budgeted('data keys made', rates.dataKey, DATA_KEYS_GOAL),
    budgeted('texts of 256 bytes opened', rates.open, OPENED_GOAL),
  ];
  if (!peer) return claims;
  say(`transit   ${shown(rates.encrypts)} encrypts, ${shown(rates.decrypts)} decrypts a second`);
  return [
    ...claims,
    compared('texts of 256 bytes sealed', [rates.seal, rates.encrypts], SEALED_SHARE),
    compared('texts of 256 bytes opened', [rates.open, rates.decrypts], OPENED_SHARE),
  ];
}

/** Where Go is: built once a machine. The claim is about what one core does in either language. */
function buildPeer(say) {
  const built = join(tmpdir(), 'modelkeep-bench-transit');
  const peer = join(built, `peer-${digestOf('main.go', 'go.sum')}`);
  if (existsSync(peer)) return peer;
  mkdirSync(built, { recursive: true });
  cpSync(join(folder, 'kms'), built, { recursive: true });
  const options = { cwd: built, encoding: 'utf8', timeout: BUILD_LIMIT_MS };
  const made = spawnSync('go', ['build', '-o', peer, '.'], options);
  if (made.status === 0) return peer;
  say(`no peer to compare with: go build: ${made.error?.message ?? made.stderr.slice(-300)}`);
  return undefined;
}

function digestOf(...files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(folder, 'kms', file)));
  return hash.digest('hex').slice(0, 16);
}

function askPeer(peer) {
  const told = spawnSync(peer, [], { encoding: 'utf8', timeout: 60_000 });
  if (told.status !== 0) throw new Error(`the peer failed: ${told.stderr}`);
  return JSON.parse(told.stdout);
}

async function perSecond(work) {
  const started = performance.now();
  let count = 0;
  while (performance.now() - started < ROUND_MS) {
    for (let at = 0; at < 50; at++) await work();
    count += 50;
  }
  return (count * 1_000) / (performance.now() - started);
}

function budgeted(metric, rates, goal) {
  const baseline = `${goal.toLocaleString('en')} a second on one core`;
  return { metric, ratio: median(rates) / goal, goal: 1, baseline, detail: shown(rates) };
}

function compared(metric, [ours, theirs], goal) {
  const ratio = median(ours.map((rate, at) => rate / theirs[at]));
  const detail = `${shown(ours)} against ${shown(theirs)} a second`;
  const baseline = "the policy of Vault's transit engine, in Go, on one core";
  return { metric, ratio, goal, baseline, detail };
}

function good(answer) {
  if (!answer.ok) throw new Error(answer.reason);
  return answer.value;
}

const shown = (rates) => Math.round(median(rates)).toLocaleString('en');

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
