/**
 * Modelkeep under every version of Node that it is for, the oldest included. For each, by that version
 * alone: the built server starts, real clients use it, two files are compared, and SIGTERM ends it. With
 * `MODELKEEP_LONG=1` the whole of `npm test` runs under each as well (minutes each). Closes with
 * `N passed, N failed`.
 *
 * The binaries are npm's packages `node-PLATFORM-ARCH`, kept in the folder for temporary files.
 * `node conformance/node/run.mjs 24` takes the versions that begin so.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const versions = ['20.19.0', '22.23.3', '24.21.0'];
const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const cli = join(root, 'dist/cli/main.js');
const startMs = 30_000;
const stopMs = 30_000;
const smokeMs = 120_000;
const wholeMs = 40 * 60_000;
// Not handed on: a server refuses settings of its prefix that it does not know.
const isLong = process.env.MODELKEEP_LONG === '1';
delete process.env.MODELKEEP_LONG;

/** @returns the folder of that version's `node`, installed when it is not there. */
function installed(version) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(tmpdir(), `modelkeep-node-${version}`);
  const bin = join(folder, 'node_modules', name, 'bin');
  if (existsSync(join(bin, 'node'))) return bin;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--silent'];
  const { status } = spawnSync('npm', ['install', ...flags, `${name}@${version}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`npm cannot install ${name}@${version}`);
  return bin;
}

/** Runs a command to its end under the version, and returns what it printed; throws when it fails. */
function ran(bin, args, { timeout = smokeMs, env = {}, show = false } = {}) {
  const PATH = `${bin}${delimiter}${process.env.PATH}`;
  const done = spawnSync(join(bin, 'node'), args, {
    cwd: root,
    encoding: 'utf8',
    timeout,
    stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...env, PATH },
  });
  if (done.status === 0) return done.stdout ?? '';
  const end = `${done.stdout ?? ''}${done.stderr ?? ''}`.split('\n').slice(-60).join('\n');
  throw new Error(`${args.join(' ')}: ${done.error ?? done.signal ?? done.status}\n${end}`);
}

async function startedServer(bin, data) {
  const args = ['up', '--data', data, '--port', '0', '--capture-flush-seconds', '1'];
  const child = spawn(join(bin, 'node'), [cli, ...args, '--log-level', 'warn'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), startMs);
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('modelkeep ready ')) continue;
    clearTimeout(timer);
    return child;
  }
  clearTimeout(timer);
  throw new Error(`the server ended with ${child.exitCode ?? child.signalCode}`);
}

async function stopped(child) {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
  const [code, signal] = await ended;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`SIGTERM ended the server with ${code ?? signal}, not 0`);
}

/** What is tried under each version, in order; the server is for what needs one. */
function attempts(bin, version, folder) {
  const data = join(folder, 'data');
  const text = (shift) =>
    `a,b\n${Array.from({ length: 300 }, (_, at) => `${(at % 30) + shift},${at / 7}`).join('\n')}\n`;
  const list = {
    'says its version': () => {
      const told = ran(bin, ['--version']).trim();
      if (told !== `v${version}`) throw new Error(`it is ${told}`);
    },
    'doctor finds nothing amiss': () => ran(bin, [cli, 'doctor', '--data', data]),
    'two files are compared': () => {
      writeFileSync(join(folder, 'old.csv'), text(0));
      writeFileSync(join(folder, 'new.csv'), text(20));
      ran(bin, [cli, 'report', join(folder, 'old.csv'), join(folder, 'new.csv')]);
    },
    'a server starts, clients use it, SIGTERM ends it': async () => {
      const child = await startedServer(bin, data);
      try {
        const told = ran(bin, [cli, 'env', '--data', data]);
        const words = told.matchAll(/(\w+)=('[^']*'|\S+)/g);
        const env = Object.fromEntries(
          Array.from(words, ([, name, value]) => [name, value.replace(/^'|'$/g, '')]),
        );
        const files = [join(here, 'smoke.test.mjs'), join(here, '../js/sagemaker.test.mjs')];
        ran(bin, ['--test', '--test-concurrency=1', ...files], { env });
      } finally {
        await stopped(child);
      }
    },
  };
  if (!isLong) return list;
  const whole = { timeout: wholeMs, show: true };
  return { ...list, 'npm test': () => ran(bin, ['tools/run.mjs', 'test'], whole) };
}

async function main([beginning = '']) {
  if (!existsSync(cli)) throw new Error(`${cli} is missing: run npm run build`);
  const chosen = versions.filter((version) => version.startsWith(beginning));
  let passed = 0;
  let failed = chosen.length === 0 ? 1 : 0;
  for (const version of chosen) {
    const folder = mkdtempSync(join(tmpdir(), 'modelkeep-under-node-'));
    const list = attempts(installed(version), version, folder);
    for (const [what, attempt] of Object.entries(list)) {
      const began = performance.now();
      const problem = await Promise.resolve()
        .then(attempt)
        .then(() => undefined, String);
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      console.log(`${problem ? 'FAILED' : 'ok    '} Node ${version}: ${what} (${seconds} s)`);
      if (problem) console.log(problem);
      if (problem) failed += 1;
      else passed += 1;
    }
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
