/**
 * Suggesting a baseline: statistics, sketches and constraints of a file of 20 mixed columns,
 * Parquet and CSV, by the thread that a server's jobs are given to. Against
 *
 * - DuckDB's `SUMMARIZE` of the same file over two threads, which has no kinds of cells, no counts
 *   of values, and quantiles at three places;
 * - Deequ's analyzers for the same statistics on Spark with two local threads (Completeness,
 *   ApproxCountDistinct, DataType, Mean, Sum, Minimum, Maximum, StandardDeviation, KLLSketch), in
 *   one run. Starting Spark is not counted, and its faster round counts. Left out with a word where
 *   there is no Java, or Spark or Deequ cannot be had.
 *
 * Against DuckDB processor time is compared, and wall time against Spark, whose time is not only
 * its own.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { measured } from './analysis/run.mjs';
import { pythonWith } from './peers.mjs';
import { median } from './support/rounds.mjs';

export const title = 'Baselines of Parquet and CSV files against DuckDB and Deequ on Spark';

const quickSize = { rows: 300_000, rounds: 2 };
const fullSize = { rows: 10_000_000, rounds: 2 };
const deequPins = ['pyspark==3.5.3', 'pydeequ==1.4.0', 'setuptools==75.8.0'];
const deequLimitMs = 45 * 60_000;

export async function run({ say, quick }) {
  const { rows, rounds } = quick ? quickSize : fullSize;
  const folder = mkdtempSync(join(tmpdir(), 'modelkeep-bench-baseline-'));
  try {
    const files = await writeFiles(folder, rows);
    const peer = deequ();
    if (peer.reason) say(`Deequ is left out: ${peer.reason}`);
    say(`${rows.toLocaleString('en-US')} rows of 20 columns`);
    say('');
    say('| | file | MiB | s | processor s | rows/s | peak MiB |');
    say('|---|---|---:|---:|---:|---:|---:|');
    const claims = [];
    for (const file of files) claims.push(...(await compared(say, { file, rows, rounds, peer })));
    return claims;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compared(say, { file, rows, rounds, peer }) {
  const { path, kind, datasetFormat, reader } = file;
  const asked = {
    Modelkeep: { kind: 'analysis', request: { inputs: [path], datasetFormat } },
    SUMMARIZE: { kind: 'duckdb', query: `SELECT max(count) FROM (SUMMARIZE FROM ${reader})` },
  };
  const found = { Modelkeep: [], SUMMARIZE: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, request] of Object.entries(asked)) {
      const figures = await measured(request);
      if (figures.rows !== rows) throw new Error(`${name} read ${figures.rows} of ${rows} rows`);
      found[name].push(figures);
    }
  }
  const of = (name, key) => median(found[name].map((figures) => figures[key]));
  const fileMib = Math.round(statSync(path).size / 2 ** 20);
  const show = (name, { seconds, cpuSeconds, peakBytes }) => {
    const spent = [seconds, cpuSeconds].map((time) => time?.toFixed(1) ?? '');
    const peakMib = peakBytes ? Math.round(peakBytes / 2 ** 20) : '';
    const rate = Math.round(rows / seconds).toLocaleString('en-US');
    say(`| ${[name, kind, fileMib, ...spent, rate, peakMib].join(' | ')} |`);
  };
  for (const name of Object.keys(asked)) {
    const keys = ['seconds', 'cpuSeconds', 'peakBytes'];
    show(name, Object.fromEntries(keys.map((key) => [key, of(name, key)])));
  }
  const claims = [
    {
      metric: `${kind}: processor time, of which three times is the bound`,
      ratio: of('SUMMARIZE', 'cpuSeconds') / of('Modelkeep', 'cpuSeconds'),
      ...{ goal: 1 / 3, baseline: 'DuckDB SUMMARIZE', detail: `${rows} rows` },
    },
  ];
  const seconds = peer.run?.(kind, path);
  if (seconds === undefined) return claims;
  show('Deequ', { seconds });
  const ratio = seconds / of('Modelkeep', 'seconds');
  const detail = `${rows} rows; wall time`;
  const baseline = 'Deequ on local Spark';
  return [...claims, { metric: `${kind}: time of the work`, ratio, goal: 3, baseline, detail }];
}

/** `{ run }`, which answers seconds, or `{ reason }`. */
function deequ() {
  if (spawnSync('java', ['-version']).status !== 0) return { reason: 'there is no java' };
  const made = pythonWith('deequ', deequPins);
  if (made.reason) return made;
  const script = fileURLToPath(new URL('./analysis/deequ.py', import.meta.url));
  return {
    run(kind, path) {
      const options = { encoding: 'utf8', timeout: deequLimitMs, maxBuffer: 1e8 };
      const child = spawnSync(made.python, [script, kind, path], options);
      if (child.status !== 0) {
        const why = child.error?.message ?? child.stderr.trim().split('\n').at(-1);
        console.error(`Deequ failed on ${kind}: ${why}`);
        return undefined;
      }
      const { rounds } = JSON.parse(child.stdout.trim().split('\n').at(-1));
      return Math.min(...rounds.map(({ seconds }) => seconds));
    },
  };
}

async function writeFiles(folder, rows) {
  const database = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await database.connect();
  await connection.run('SELECT setseed(0.25)');
  const parquet = join(folder, 'baseline.parquet');
  const csv = join(folder, 'baseline.csv');
  await connection.run(
    `COPY (SELECT ${columns().join(', ')} FROM range(${rows})) TO '${parquet}' (FORMAT parquet)`,
  );
  await connection.run(`COPY (FROM '${parquet}') TO '${csv}' (FORMAT csv, HEADER)`);
  connection.closeSync();
  database.closeSync();
  return [
    {
      ...{ kind: 'parquet', path: parquet, datasetFormat: '{"parquet":{}}' },
      reader: `read_parquet('${parquet}')`,
    },
    {
      ...{ kind: 'csv', path: csv, datasetFormat: '{"csv":{"header":true}}' },
      reader: `read_csv('${csv}')`,
    },
  ];
}

/** Five whole numbers, seven of a few places, three of all places (one with gaps), five texts. */
function columns() {
  const wholes = [10, 100, 1_000, 65, 100_000].map((most) => `floor(random() * ${most})::integer`);
  const rounded = Array.from({ length: 7 }, (_, i) => `round(random() * 100, ${(i % 4) + 1})`);
  const whole = ['random() * random()', 'random() - random()'];
  const gaps = ['CASE WHEN random() < 0.05 THEN NULL ELSE -ln(1 - random()) END'];
  const texts = [2, 5, 50, 300, 5_000].map((most) => `'v' || floor(random() * ${most})::integer`);
  return [...wholes, ...rounded, ...whole, ...gaps, ...texts].map((sql, i) => `${sql} AS f${i}`);
}
