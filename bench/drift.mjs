/**
 * Profile and drift of 50 mixed columns, 1,000,000 rows against 1,000,000 (100,000 when quick), of
 * Parquet files, each program in a process of its own, and all of them with default settings:
 *
 * - Modelkeep: all that `modelkeep report` does. The profile of every column of both files (kinds of
 *   cells, missing, distinct, moments, quantile sketch, counts of values), every measure of drift
 *   that fits the column with its noise floor, and the report as text, page and JSON.
 * - Evidently: DataDriftPreset alone. One measure a column, the one it chooses by type and size
 *   (Wasserstein or Jensen-Shannon for this many rows). No profile, no page.
 * - NannyML: UnivariateDriftCalculator over one chunk, with four measures a column (Jensen-Shannon,
 *   Kolmogorov-Smirnov, Wasserstein, Hellinger; Jensen-Shannon, chi-squared, L-infinity, Hellinger
 *   for texts). No profile, no page.
 * - whylogs: the profile of both files, and one measure a column that it chooses by type.
 *
 * `process` is the time of the whole process; `work` is without starting it and importing, and is what
 * the claim is about, although it leaves out more of the peers than of ours. Memory is the largest
 * resident size of the process (VmHWM). Peers have a limit of time, and their fastest round counts;
 * of ours the median time and the largest memory do. Usage reports of the peers over the network are turned off.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { evidentlyPins, pythonWith } from './peers.mjs';

export const title = 'Drift of 50 mixed columns against Evidently, NannyML and whylogs';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * The peers share `peersSeconds`, from the fastest on; one that is done within `againSeconds` has a
 * second round. The goals of the quick size are lower: starting up weighs as much as the work there.
 */
const sizes = {
  quick: {
    ...{ rows: 100_000, rounds: 3, peersSeconds: 110, againSeconds: 8 },
    goals: { time: 2, memory: 1 },
  },
  full: {
    ...{ rows: 1_000_000, rounds: 3, peersSeconds: 960, againSeconds: 110 },
    goals: { time: 10, memory: 4 },
  },
};

const old = ['pandas==2.1.4', 'numpy==1.26.4', 'pyarrow==17.0.0', 'scipy==1.17.1'];
const peers = [
  { name: 'NannyML', key: 'nannyml', pins: ['nannyml==0.13.1', 'statsmodels==0.15.0', ...old] },
  { name: 'whylogs', key: 'whylogs', pins: ['whylogs[viz]==1.6.4', ...old] },
  { name: 'Evidently', key: 'evidently', pins: evidentlyPins },
];
const silent = { NML_DISABLE_USAGE_LOGGING: '1', DO_NOT_TRACK: '1', WHYLOGS_NO_ANALYTICS: 'True' };

export async function run({ say, quick }) {
  const size = quick ? sizes.quick : sizes.full;
  const folder = mkdtempSync(join(tmpdir(), 'modelkeep-bench-drift-'));
  try {
    const files = await makeFiles(folder, size.rows);
    say(`50 columns, ${size.rows.toLocaleString('en-US')} rows against as many, Parquet`);
    say(`load of the machine before: ${load()}`);
    say('');
    say('| | work s | process s | processor s | peak MiB | rounds |');
    say('|---|---:|---:|---:|---:|---:|');
    const mine = median(Array.from({ length: size.rounds }, () => ours(files)));
    show(say, 'Modelkeep', mine);
    let leftSeconds = size.peersSeconds;
    const found = peers.map((peer) => {
      const made = pythonWith(`drift-${peer.key}`, peer.pins);
      const started = process.hrtime.bigint();
      const limits = { ...size, limitSeconds: Math.ceil(leftSeconds) };
      const figures = { name: peer.name, ...measured({ ...peer, made }, files, limits) };
      leftSeconds = Math.max(1, leftSeconds - Number(process.hrtime.bigint() - started) / 1e9);
      if (figures.reason) say(`| ${peer.name} | ${figures.reason} | | | | |`);
      else show(say, peer.name, figures);
      return figures;
    });
    say('');
    say(`load of the machine after: ${load()}`);
    const compared = found.filter(({ reason }) => !reason);
    if (compared.length === 0) say('no peer was measured: there is nothing to claim');
    return claimsOf(mine, compared, size);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function load() {
  return loadavg()
    .map((one) => one.toFixed(1))
    .join(', ');
}

function claimsOf(mine, found, { rows, goals }) {
  const [fastest] = found.sort((a, b) => a.seconds - b.seconds);
  if (!fastest) return [];
  const baseline = fastest.name;
  const detail = `${rows} rows against as many, 50 columns; of the fastest peer`;
  const ratio = (key) => fastest[key] / mine[key];
  return [
    { metric: 'time of the work', ratio: ratio('seconds'), goal: goals.time, baseline, detail },
    { metric: 'peak memory', ratio: ratio('peakKib'), goal: goals.memory, baseline, detail },
  ];
}

function median(rounds) {
  const middle = [...rounds].sort((a, b) => a.seconds - b.seconds)[rounds.length >> 1];
  // Of memory the largest: a round may have luck.
  const peakKib = Math.max(...rounds.map((one) => one.peakKib));
  return { ...middle, peakKib, rounds: rounds.length };
}

function show(say, name, { seconds, processSeconds, cpuSeconds, peakKib, rounds }) {
  const times = [seconds, processSeconds, cpuSeconds].map((time) => time.toFixed(1));
  say(`| ${name} | ${times.join(' | ')} | ${Math.round(peakKib / 1024)} | ${rounds} |`);
}

function ours([before, after]) {
  const script = fileURLToPath(import.meta.url);
  const child = timed(process.execPath, [script, 'ours', before, after], {});
  if (child.status !== 0) throw new Error(child.error?.message ?? child.stderr);
  return figuresOf(child);
}

function measured({ key, made }, [before, after], { limitSeconds, againSeconds }) {
  if (made.reason) return { reason: `not installed: ${made.reason}` };
  const script = join(here, 'drift-peers.py');
  const options = { timeout: 1_000 * limitSeconds, env: { ...process.env, ...silent } };
  const rounds = [];
  do {
    const child = timed(made.python, [script, key, before, after], options);
    if (child.error?.code === 'ETIMEDOUT') {
      if (rounds.length > 0) break;
      return { reason: `stopped after ${limitSeconds} s` };
    }
    if (child.status !== 0) return { reason: `failed: ${child.stderr.trim().split('\n').at(-1)}` };
    rounds.push(figuresOf(child));
  } while (rounds.length < 2 && rounds[0].processSeconds < againSeconds);
  const [fastest] = rounds.sort((a, b) => a.seconds - b.seconds);
  return { ...fastest, rounds: rounds.length };
}

function timed(program, args, options) {
  const started = process.hrtime.bigint();
  const all = { encoding: 'utf8', maxBuffer: 1e8, killSignal: 'SIGKILL', ...options };
  const child = spawnSync(program, args, all);
  return { ...child, processSeconds: Number(process.hrtime.bigint() - started) / 1e9 };
}

/** Of the last line, which is JSON; and how long the process took. */
function figuresOf({ stdout, processSeconds }) {
  return { ...JSON.parse(stdout.trim().split('\n').at(-1)), processSeconds };
}

/** The child that is measured. */
async function compare(baselinePath, currentPath) {
  const { makeReports } = await import('../dist/server/report.js');
  const started = process.hrtime.bigint();
  const request = { baselinePath, currentPath, header: undefined, color: false };
  const reports = await makeReports(request);
  if (!reports.ok) throw new Error(reports.reason);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
  console.log(JSON.stringify({ seconds, cpuSeconds, peakKib: peakKib() ?? maxRSS }));
}

/** Of this program alone: maxRSS may be that of the process it was started from. */
function peakKib() {
  const status = '/proc/self/status';
  if (!existsSync(status)) return undefined;
  const [, found] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(status, 'utf8')) ?? [];
  return found === undefined ? undefined : Number(found);
}

async function makeFiles(folder, rows) {
  if (!existsSync(folder)) mkdirSync(folder);
  const database = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await database.connect();
  const paths = [];
  for (const [name, shift] of [
    ['before', 0],
    ['after', 0.25],
  ]) {
    const path = join(folder, `${name}.parquet`);
    const seed = shift + 0.25;
    await connection.run(`select setseed(${seed})`);
    const query = `select ${columns(shift).join(', ')} from range(${rows})`;
    await connection.run(`copy (${query}) to '${path}' (format parquet)`);
    paths.push(path);
  }
  connection.closeSync();
  database.closeSync();
  return paths;
}

const wholes = [10, 100, 1_000, 24, 60, 365, 5_000, 100_000, 7, 12];
const categories = [2, 3, 5, 10, 20, 50, 100, 200, 300, 500, 1_000, 26];

/** Twenty normal, ten whole, twelve categorical, six with a tenth missing, two with a fifth. */
function columns(shift) {
  const normal = 'sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())';
  return [
    ...Array.from({ length: 20 }, (_, i) => `${normal} + ${i < 4 ? shift : 0} as n${i}`),
    ...wholes.map((most, i) => `floor(random() * ${most})::integer as i${i}`),
    ...categories.map((most, i) => `'v' || floor(${most} * random() * random())::integer as c${i}`),
    ...Array.from(
      { length: 6 },
      (_, i) => `case when random() < 0.1 then null else -ln(1 - random()) * ${i + 1} end as m${i}`,
    ),
    ...Array.from(
      { length: 2 },
      (_, i) =>
        `case when random() < 0.2 then null else 'k' || floor(random() * 40)::integer end as k${i}`,
    ),
  ];
}

if (process.argv[2] === 'ours' && process.argv[1] === fileURLToPath(import.meta.url)) {
  await compare(process.argv[3], process.argv[4]);
}
