/**
 * Runs the conformance suites against a server of their own on a fresh data folder, and closes with
 * `N passed, N failed`. `--quick FILE …` runs only those files and shows more of what fails. With
 * `MODELKEEP_LONG=1` the tests of crashes and of long traffic do all they can, which takes an hour.
 * Not a test itself, and no part of the server: it starts the built command line as a user would.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const cli = process.env.CONFORMANCE_CLI ?? resolve(here, '../dist/cli/main.js');
/** Suites whose clients do not go together with the others': each has its own virtual environment. */
const apart = ['sagemaker3'];
const venvOf = (folder) => join(here, folder, '.venv');
const pythonOf = (folder) => join(venvOf(folder), 'bin', 'python');
const startTimeoutMs = 30_000;
const stopTimeoutMs = 30_000;
// Not handed on: a server refuses settings of its prefix that it does not know.
const isLong = process.env.MODELKEEP_LONG === '1';
delete process.env.MODELKEEP_LONG;
const suiteTimeoutMs = (isLong ? 180 : 20) * 60_000;

/** A virtual environment with what requirements.txt names, made again when that file changes. */
function installClients(folder = '.') {
  const requirements = join(here, folder, 'requirements.txt');
  const venv = venvOf(folder);
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const stamp = join(venv, '.requirements');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  console.log(`installing the Python clients of ${relative(here, requirements)} …`);
  must(process.env.PYTHON ?? 'python3', ['-m', 'venv', '--clear', venv]);
  const python = pythonOf(folder);
  // The lists are whole, so nothing is resolved. Most is never imported: what is gets compiled then.
  const flags = ['-q', '--no-deps', '--no-compile', '--only-binary', ':all:'];
  must(python, ['-m', 'pip', 'install', ...flags, '-r', requirements]);
  writeFileSync(stamp, digest);
}

function must(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error ?? status}`);
}

/** What the server has to say, beside its data; its end is shown when something failed. */
const logPath = (data) => `${data}.log`;
const shownLogLines = 40;

function showLog(data) {
  const lines = readFileSync(logPath(data), 'utf8').trimEnd().split('\n');
  console.log(`== the last of ${lines.length} lines of the server's log`);
  console.log(lines.slice(-shownLogLines).join('\n'));
}

/** @returns the running process and the environment that `modelkeep env` prints for it. */
async function startServer(data) {
  const flags = ['--data', data, '--port', '0', '--capture-flush-seconds', '1'];
  const child = spawn(process.execPath, [cli, 'up', ...flags, '--log-level', 'warn'], {
    stdio: ['ignore', 'pipe', openSync(logPath(data), 'a')],
  });
  const url = await readyUrl(child);
  const told = spawnSync(process.execPath, [cli, 'env', '--data', data], { encoding: 'utf8' });
  if (told.status !== 0) throw new Error(`modelkeep env failed: ${told.stderr}`);
  const words = told.stdout.matchAll(/(\w+)=('[^']*'|\S+)/g);
  const environment = Object.fromEntries(
    Array.from(words, ([, name, value]) => [name, value.replace(/^'|'$/g, '')]),
  );
  if (environment.AWS_ENDPOINT_URL !== url) {
    throw new Error(`modelkeep env says ${environment.AWS_ENDPOINT_URL}, the server is at ${url}`);
  }
  return { child, environment };
}

function readyUrl(child) {
  return new Promise((found, failed) => {
    const timer = setTimeout(() => failed(new Error('the server did not start')), startTimeoutMs);
    child.once('exit', (code) => failed(new Error(`the server ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, url] = /^modelkeep ready (http:\S+)$/.exec(line) ?? [];
      if (!url) {
        console.log(`[server] ${line}`);
        return;
      }
      clearTimeout(timer);
      found(url);
    });
  });
}

async function stopServer(child) {
  if (child.exitCode !== null || child.signalCode !== null) return 'ended by itself';
  const ended = new Promise((done) => child.once('exit', (code, signal) => done(code ?? signal)));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  const outcome = await ended;
  clearTimeout(timer);
  return outcome;
}

/** Runs a suite, passes its output on, and counts what its own summary says. */
async function suite(name, command, args, environment) {
  console.log(`== ${name}`);
  const child = spawn(command, args, {
    cwd: here,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), suiteTimeoutMs);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part;
    process.stdout.write(part);
  });
  const code = await new Promise((done) => child.once('close', done));
  clearTimeout(timer);
  const count = (...patterns) =>
    patterns.reduce((sum, pattern) => sum + Number(pattern.exec(text)?.[1] ?? 0), 0);
  const summary = text.split('\n').findLast((line) => /\d+ (passed|failed|error)/.test(line)) ?? '';
  const inSummary = (word) => Number(new RegExp(`(\\d+) ${word}`).exec(summary)?.[1] ?? 0);
  const wired = /^botocore \S+: [1-9]\d* operations, 0 problems$/m.test(text) ? 1 : 0;
  const passed = inSummary('passed') + count(/^# pass (\d+)/m) + wired;
  const failed =
    inSummary('failed') + inSummary('error') + count(/^# fail (\d+)/m, /(\d+) problems$/m);
  // A suite that died before it could count has failed once at least, and so has an empty one.
  const broke = code !== 0 || passed === 0;
  return { passed, failed: failed === 0 && broke ? 1 : failed };
}

const isApart = (file) => apart.some((folder) => file.split('/')[0] === folder);

const jsFiles = () =>
  readdirSync(join(here, 'js'))
    .filter((file) => file.endsWith('.test.mjs'))
    .map((file) => join('js', file));

async function runSuites(files, environment) {
  const quick = files.length > 0;
  const chosen = files.map((file) => relative(here, resolve(here, file)));
  const js = quick ? chosen.filter((file) => file.startsWith('js')) : jsFiles();
  const others = chosen.filter((file) => !file.startsWith('js') && !isApart(file));
  const results = [];
  const flags = [
    '-m',
    'pytest',
    '--color=no',
    ...(quick ? ['-v', '--durations=5'] : ['--durations=10']),
  ];
  if (!quick || others.length > 0) {
    results.push(await suite('pytest', pythonOf('.'), [...flags, ...others], environment));
  }
  for (const folder of apart) {
    const wanted = quick ? chosen.filter((file) => file.split('/')[0] === folder) : [folder];
    if (wanted.length === 0) continue;
    installClients(folder);
    const name = `pytest ${folder}`;
    results.push(await suite(name, pythonOf(folder), [...flags, ...wanted], environment));
  }
  if (!quick) {
    for (const flags of [[], ['--cbor']]) {
      const args = ['wire_botocore.py', ...flags];
      results.push(await suite(`wire ${flags.join(' ')}`, pythonOf('.'), args, environment));
    }
  }
  if (js.length > 0) {
    const expanded = js.includes('js') ? jsFiles() : js;
    const args = ['--test', '--test-reporter=tap', '--test-concurrency=1', ...expanded];
    results.push(await suite('node --test', process.execPath, args, environment));
  }
  return results;
}

async function main(args) {
  const files = args[0] === '--quick' ? args.slice(1) : [];
  if (args.length > 0 && files.length === 0) {
    console.error('usage: node conformance/run.mjs [--quick FILE ...]');
    return 2;
  }
  if (!existsSync(cli)) throw new Error(`${cli} is missing: run npm run build`);
  installClients();
  const folder = mkdtempSync(join(tmpdir(), 'modelkeep-conformance-'));
  // What opens the data lies beside it.
  const data = join(folder, 'data');
  const { child, environment } = await startServer(data).catch((error) => {
    showLog(data);
    throw error;
  });
  let results;
  try {
    const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
    results = await runSuites(files, {
      ...Object.fromEntries(clean),
      ...environment,
      CONFORMANCE_CLI: cli,
      CONFORMANCE_LONG: isLong ? '1' : '0',
      // For the commands that find the server by its folder.
      MODELKEEP_DATA: data,
      // The clients' own advice about the version of Node is not a finding.
      NODE_NO_WARNINGS: '1',
      // No profile, no instance metadata: only what the server said.
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: join(data, 'no-config'),
      AWS_SHARED_CREDENTIALS_FILE: join(data, 'no-credentials'),
    });
  } finally {
    const outcome = await stopServer(child);
    // The drain is part of the contract: SIGTERM ends in exit code 0.
    results?.push(outcome === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
    if (outcome !== 0) console.error(`the server ended with ${outcome}, not 0`);
  }
  const sum = (member) => results.reduce((total, result) => total + result[member], 0);
  if (sum('failed') > 0) showLog(data);
  rmSync(folder, { recursive: true, force: true });
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
