/**
 * What authorization costs: requests a second over HTTP with it and without it, and how start-up and
 * the first decision stand with 10,000 users, 1,000 roles and 5,000 policies in the store.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeIdentitySpace } from '../dist/engines/identity/space.js';
import { account, counts, populate } from './authorization/population.mjs';
import { openStored } from './authorization/stored.mjs';
import { median } from './support/rounds.mjs';
import { costOfPart } from './support/sides.mjs';

export const title = 'what authorization costs, and how it stands with 10,000 users';

const STARTS = 5;
const START_GOAL_MS = 1_500;
const FIRST_GOAL_MS = 5;
const folder = dirname(fileURLToPath(import.meta.url));

export async function run({ say, quick }) {
  const above = mkdtempSync(join(tmpdir(), 'modelkeep-bench-authorization-'));
  const data = join(above, 'data');
  try {
    // Made by a server, so that it has everything that a start looks for.
    await timeToReady(data);
    await populated(data);
    say(
      Object.entries(counts)
        .map(([what, count]) => `${count} ${what}`)
        .join(', '),
    );
    const script = join(folder, 'authorization', 'server.mjs');
    const claims = await costOfPart({
      ...{ part: 'authorization', script, folder: data, goal: 0.9, say, quick },
    });
    claims.push(firstDecision(data, say), await starts(data, { say, quick }));
    return claims;
  } finally {
    rmSync(above, { recursive: true, force: true });
  }
}

async function populated(data) {
  const store = await openStored(data);
  try {
    await populate(makeIdentitySpace(store));
  } finally {
    await store.close();
  }
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
