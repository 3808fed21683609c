/**
 * Processes for benches that measure a server from outside, as its users have it: each on a core of
 * its own where the machine has `taskset`, with what it has cost so far. Linux only.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** Linux tells CPU time in these, whatever its own timer is. */
const tickMs = 10;
const readyMs = 60_000;
const canPin = cpus().length > 1 && existsSync('/usr/bin/taskset');
/** What is measured has the first core; clients and model servers share the second. */
export const serverCore = '0';
export const clientCore = '1';

/**
 * Starts `node ...args`; resolves with `{ pid, line, lines, cpuMs(), rssBytes(), stop() }` once a line
 * matches `ready`, and rejects with what was printed when it ends before.
 */
export async function started(args, { ready, core, env = {}, command = process.execPath }) {
  const whole = canPin && core ? ['/usr/bin/taskset', '-c', core, command] : [command];
  const [first, ...rest] = [...whole, ...args];
  const child = spawn(first, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const lines = [];
  const keep = (line) => {
    lines.push(line);
    if (lines.length > 200) lines.shift();
  };
  createInterface({ input: child.stderr }).on('line', keep);
  const line = await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`not ready: ${lines.join('\n')}`)), readyMs);
    createInterface({ input: child.stdout }).on('line', (text) => {
      keep(text);
      if (ready.test(text)) resolve(text);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${lines.join('\n')}`)));
    child.once('exit', () => clearTimeout(late));
  });
  return {
    ...{ pid: child.pid, line, lines, child },
    cpuMs: () => cpuMsOf(child.pid),
    rssBytes: () => rssBytesOf(child.pid),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    },
  };
}

/** User and system time of all threads of a process, its children not included. */
export function cpuMsOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

export function rssBytesOf(pid) {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found[1]) * 1_024;
}

/**
 * `modelkeep up` on a folder of its own, everything on as it is by default: authorization, encryption,
 * the trail. Adds `{ url, port, credentials, dataFolder }` to what `started` tells; `stop` removes
 * the folder. `flags` are more arguments of the command line and `nodeFlags` of Node; a
 * `folder` of the caller's is used as it is and left as it is.
 */
export async function startedServer({
  flags = [],
  nodeFlags = [],
  core = serverCore,
  env = {},
  folder: given,
} = {}) {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'modelkeep-bench-'));
  const dataFolder = join(folder, 'data');
  const args = [...nodeFlags, entry, 'up', '--data', dataFolder, '--port', '0', ...flags];
  const startedAtMs = performance.now();
  const server = await started(args, { ready: /^modelkeep ready /, core, env }).catch((cause) => {
    if (!given) rmSync(folder, { recursive: true, force: true });
    throw cause;
  });
  const readyAfterMs = performance.now() - startedAtMs;
  const url = server.line.split(' ')[2];
  const told = execFileSync(process.execPath, [entry, 'env', '--data', dataFolder], {
    encoding: 'utf8',
  });
  const value = (name) => new RegExp(`${name}='?([^'\\s]+)`).exec(told)?.[1];
  const credentials = {
    accessKeyId: value('AWS_ACCESS_KEY_ID'),
    secretAccessKey: value('AWS_SECRET_ACCESS_KEY'),
  };
  return {
    ...server,
    ...{ url, port: Number(new URL(url).port), credentials, dataFolder, readyAfterMs },
    region: 'us-east-1',
    async stop() {
      await server.stop();
      if (!given) rmSync(folder, { recursive: true, force: true });
    },
  };
}
