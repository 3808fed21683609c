/**
 * Profile and drift of 50 mixed columns, 1,000,000 rows against 1,000,000 (100,000 when quick), from
 * Parquet: ours as `modelkeep report` does it, and the Python libraries that do the same, each in a
 * process of its own. Time is without starting the interpreter and importing; memory is the peak of
 * the process.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { evidentlyPins, pythonWith } from './peers.mjs';

export const title = 'Drift of 50 mixed columns against Evidently, NannyML and whylogs';

const here = dirname(fileURLToPath(import.meta.url));
const speedGoal = 10;
const memoryGoal = 4;
const peerLimitMs = 30 * 60_000;

const old = ['pandas==2.1.4', 'numpy==1.26.4', 'pyarrow==17.0.0', 'scipy==1.17.1'];
const peers = [
  { name: 'evidently', pins: evidentlyPins },
  { name: 'nannyml', pins: ['nannyml==0.13.1', 'statsmodels==0.15.0', ...old] },
  { name: 'whylogs', pins: ['whylogs[viz]==1.6.4', ...old] },
];

export async function run({ say, quick }) {
  const rows = quick ? 100_000 : 1_000_000;
  const folder = mkdtempSync(join(tmpdir(), 'modelkeep-bench-drift-'));
  try {
    const files = await makeFiles(folder, rows);
    say(`50 columns, ${rows.toLocaleString('en-US')} rows against as many, Parquet`);
    say('');
    say('| | seconds | of processor | peak MiB |');
    say('|---|---:|---:|---:|');
    const rounds = Array.from({ length: quick ? 3 : 2 }, () => ours(files));
    const mine = median(rounds);
    show(say, 'Modelkeep', mine);
    const found = peers.map((peer) => ({ name: peer.name, ...measured(peer, files) }));
    for (const peer of found) {
      if (peer.reason) say(`| ${peer.name} | not measured: ${peer.reason} | | |`);
      else show(say, peer.name, peer);
    }
    return claimsOf(
      mine,
      found.filter(({ reason }) => !reason),
      rows,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function claimsOf(mine, found, rows) {
  const [fastest] = found.sort((a, b) => a.seconds - b.seconds);
  if (!fastest) return [];
  const baseline = fastest.name;
  const detail = `${rows} rows against as many, 50 columns`;
  return [
    { metric: 'time', ratio: fastest.seconds / mine.seconds, goal: speedGoal, baseline, detail },
    {
      metric: 'peak memory',
      ratio: fastest.peakKib / mine.peakKib,
      goal: memoryGoal,
      baseline,
      detail,
    },
  ];
}

function median(rounds) {
  const at = (key) => rounds.map((one) => one[key]).sort((a, b) => a - b)[rounds.length >> 1];
  return { seconds: at('seconds'), cpuSeconds: at('cpuSeconds'), peakKib: at('peakKib') };
}

function show(say, name, { seconds, cpuSeconds, peakKib }) {
  say(
    `| ${name} | ${seconds.toFixed(1)} | ${cpuSeconds.toFixed(1)} | ${Math.round(peakKib / 1024)} |`,
  );
}

function ours([before, after]) {
  const script = fileURLToPath(import.meta.url);
  return jsonOf(spawnSync(process.execPath, [script, 'ours', before, after], { encoding: 'utf8' }));
}

function measured({ name, pins }, [before, after]) {
  const made = pythonWith(`drift-${name}`, pins);
  if (made.reason) return made;
  const script = join(here, 'drift-peers.py');
  const options = { encoding: 'utf8', timeout: peerLimitMs, maxBuffer: 1e8 };
  const outcome = spawnSync(made.python, [script, name, before, after], options);
  if (outcome.status === 0) return jsonOf(outcome);
  return { reason: outcome.stderr.trim().split('\n').at(-1) };
}

function jsonOf({ status, stdout, stderr }) {
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** The child that is measured. */
async function compare(before, after) {
  const { compareFiles } = await import('../dist/jobs/data-quality/compare.js');
  const { duckdbAnalytics } = await import('../dist/adapters/duckdb/analytics.js');
  const temporaryFolder = mkdtempSync(join(tmpdir(), 'modelkeep-bench-duckdb-'));
  const analytics = duckdbAnalytics({ temporaryFolder, threads: 2, memoryLimit: '1GB' });
  const started = process.hrtime.bigint();
  const report = await compareFiles({ analytics }, [before, after]);
  if (!report.ok) throw new Error(report.reason);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  await analytics.close();
  rmSync(temporaryFolder, { recursive: true, force: true });
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
  console.log(JSON.stringify({ seconds, cpuSeconds, peakKib: maxRSS }));
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
