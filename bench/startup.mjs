/**
 * How long a start takes, on a new folder and on one that exists, what the server holds in memory
 * while nobody asks for anything, and how much is installed.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cpuMsOf, rssBytesOf } from './support/processes.mjs';
import { median } from './support/rounds.mjs';

export const title = 'how long a start takes, and what the server holds when idle';

const STARTS = 9;
const READY_GOAL_MS = 1_000;
const IDLE_GOAL_BYTES = 150 * 1_048_576;
/** After it a first round of all that recurs has run. */
const IDLE_MS = 5_000;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const entry = join(root, 'dist/cli/main.js');

export async function run({ say, quick }) {
  const above = mkdtempSync(join(tmpdir(), 'modelkeep-bench-startup-'));
  try {
    const starts = quick ? 3 : STARTS;
    const claims = [];
    const fresh = [];
    for (let start = 0; start < starts; start++) fresh.push(await timed(join(above, `${start}`)));
    claims.push(startClaim('a new folder', fresh, say));
    const existing = [];
    for (let start = 0; start < starts; start++) existing.push(await timed(join(above, '0')));
    claims.push(startClaim('a folder that exists', existing, say));
    claims.push(await idle(join(above, '0'), say));
    installed(say);
    return claims;
  } finally {
    rmSync(above, { recursive: true, force: true });
  }
}

/** Starts, waits until it serves, and ends: `{ readyMs, cpuMs }`. */
async function timed(data, { idleMs = 0 } = {}) {
  const startedAtMs = performance.now();
  const server = spawn(process.execPath, [entry, 'up', '--data', data, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  let said = '';
  for await (const part of server.stdout) {
    said += part;
    if (said.includes('modelkeep ready')) break;
  }
  const readyMs = performance.now() - startedAtMs;
  if (!said.includes('modelkeep ready')) throw new Error('the server ended before it was ready');
  const cpuMs = cpuMsOf(server.pid);
  await pause(idleMs);
  const rssBytes = rssBytesOf(server.pid);
  server.kill('SIGTERM');
  await ended;
  return { readyMs, cpuMs, rssBytes };
}

function startClaim(where, starts, say) {
  const readyMs = median(starts.map((start) => start.readyMs));
  const cpuMs = median(starts.map((start) => start.cpuMs));
  const detail = `${readyMs.toFixed(0)} ms, of it ${cpuMs.toFixed(0)} ms of CPU`;
  say(`ready on ${where} after ${detail} (median of ${starts.length})`);
  return {
    ...{ metric: `start on ${where}`, ratio: READY_GOAL_MS / readyMs, goal: 1, detail },
    baseline: `a budget of ${READY_GOAL_MS} ms`,
  };
}

async function idle(data, say) {
  const { rssBytes } = await timed(data, { idleMs: IDLE_MS });
  const detail = `${megabytes(rssBytes)} MB`;
  say(`idle with all services it holds ${detail}`);
  return {
    ...{ metric: 'resident memory, idle', ratio: IDLE_GOAL_BYTES / rssBytes, goal: 1, detail },
    baseline: `a budget of ${megabytes(IDLE_GOAL_BYTES)} MB`,
  };
}

/** Stated, and no claim: what a user downloads of ours, and what it brings along. */
function installed(say) {
  const told = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    ...{ cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  });
  const [{ size, unpackedSize }] = JSON.parse(told);
  const list = execFileSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], {
    ...{ cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  });
  const folders = list.split('\n').filter((path) => path.includes('node_modules'));
  const outermost = folders.filter(
    (path) => !folders.some((other) => other !== path && path.startsWith(`${other}/`)),
  );
  const kilobytes = execFileSync('du', ['-skc', ...new Set(outermost)], { encoding: 'utf8' });
  const total = Number(/(\d+)\s+total/.exec(kilobytes)?.[1] ?? 0) * 1_024;
  say(
    `the package has ${megabytes(size)} MB packed and ${megabytes(unpackedSize)} MB unpacked, ` +
      `the packages it needs ${megabytes(total)} MB`,
  );
}

function megabytes(bytes) {
  return Math.round(bytes / 1_048_576);
}
