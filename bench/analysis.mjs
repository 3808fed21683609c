/**
 * The whole data-quality run of a window of captured JSON Lines: 20 mixed features and the answer
 * as CSV inside capture events, as the gateway writes them. Statistics, sketches, constraints,
 * drift and violations against a baseline of 20,000 rows, by the thread that a server's jobs are
 * given to, in a process of its own: its start, reading the files and the documents are counted.
 *
 * The baseline reads the same files with DuckDB over two threads and does nothing with them:
 * read_json of the events with their columns told, payloads split, and the cells that are numbers
 * cast. (Of what it reads it keeps one sum, so that nothing can be left out.)
 *
 * Claims are about processor time, on both sides that of all threads, since what else the machine
 * does changes that least; wall time is beside it. Memory is the largest resident size of the
 * process.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measured } from './analysis/run.mjs';
import { writeTraining, writeWindow } from './analysis/window.mjs';
import { median } from './support/rounds.mjs';

export const title = 'Data quality of captured JSON Lines: rows a second, and memory by rows';

const quickSizes = { rows: [10_000, 100_000, 1_000_000], rounds: 2 };
const fullSizes = { rows: [10_000, 100_000, 1_000_000, 10_000_000], rounds: 3 };
/** Sizes at which DuckDB reads too; beyond, its time is known to be linear. */
const mostOfDuckdb = 1_000_000;
const cores = 2;
const captureFormat =
  '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}';

export async function run({ say, quick }) {
  const sizes = quick ? quickSizes : fullSizes;
  const folder = mkdtempSync(join(tmpdir(), 'modelkeep-bench-analysis-'));
  try {
    const baseline = await baselineOf(folder);
    say('| | rows | MiB read | s | processor s | rows/s | rows/processor s | peak MiB |');
    say('|---|---:|---:|---:|---:|---:|---:|---:|');
    const found = [];
    for (const rows of sizes.rows) {
      const window = await writeWindow(folder, rows);
      found.push(await one(say, { rows, rounds: rows > 1e6 ? 1 : sizes.rounds, window, baseline }));
      for (const path of window.paths) rmSync(path);
    }
    return claimsOf(say, found);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function baselineOf(folder) {
  const path = await writeTraining(folder, 20_000);
  const { constraintsText, statisticsText } = await measured({
    kind: 'analysis',
    request: { inputs: [path], datasetFormat: '{"csv":{"header":true}}' },
  });
  return { baselineConstraintsText: constraintsText, baselineStatisticsText: statisticsText };
}

async function one(say, { rows, rounds, window: { paths, sizeBytes }, baseline }) {
  const request = { inputs: paths, datasetFormat: captureFormat, ...baseline };
  const asked = { Modelkeep: { kind: 'analysis', request } };
  if (rows <= mostOfDuckdb) asked['DuckDB reading'] = { kind: 'duckdb', query: readBy(paths) };
  const found = await rounded(asked, rounds, rows);
  for (const [name, figures] of Object.entries(found)) {
    const { seconds, cpuSeconds, peakBytes } = figures;
    const sizes = [count(rows), mebibytes(sizeBytes), seconds.toFixed(2), cpuSeconds.toFixed(2)];
    const rates = [count(rows / seconds), count(rows / cpuSeconds), mebibytes(peakBytes)];
    say(`| ${name} | ${[...sizes, ...rates].join(' | ')} |`);
  }
  return { rows, ours: found.Modelkeep, duckdb: found['DuckDB reading'] };
}

/** Name → medians of the rounds, and the largest memory. The sides take turns. */
async function rounded(asked, rounds, rows) {
  const all = Object.fromEntries(Object.keys(asked).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, request] of Object.entries(asked)) {
      const figures = await measured(request);
      if (figures.rows !== rows) throw new Error(`${name} read ${figures.rows} of ${rows} rows`);
      all[name].push(figures);
    }
  }
  const summary = (list) => ({
    seconds: median(list.map(({ seconds }) => seconds)),
    cpuSeconds: median(list.map(({ cpuSeconds }) => cpuSeconds)),
    peakBytes: Math.max(...list.map(({ peakBytes }) => peakBytes)),
    violations: list[0].violations,
  });
  return Object.fromEntries(Object.entries(all).map(([name, list]) => [name, summary(list)]));
}

function claimsOf(say, found) {
  const compared = found.filter(({ duckdb }) => duckdb).at(-1);
  const { ours, duckdb, rows } = compared;
  const largest = found.at(-1);
  const rate = ({ rows: of, ours: figures }) => of / figures.cpuSeconds;
  const perSecond = Math.round(rate(largest) * cores);
  say('');
  say(`${ours.violations} violations in ${count(rows)} rows`);
  say(`${count(perSecond)} rows a second on ${cores} cores, ${count(largest.rows)} rows at once`);
  const reading = `DuckDB's reading of the same ${rows} rows`;
  const detail = `${perSecond} rows a second on ${cores} cores; wall ${ours.seconds.toFixed(2)} s`;
  // The smallest are over before everything is warm.
  const [smallest, warm] = found;
  const sizes = `${smallest.rows} to ${largest.rows} rows`;
  return [
    {
      metric: 'processor time of the run, of which twice is the bound',
      ratio: duckdb.cpuSeconds / ours.cpuSeconds,
      ...{ goal: 0.5, baseline: reading, detail },
    },
    {
      metric: 'linear time: rows a second of the most rows, of those of the second window',
      ratio: rate(largest) / rate(warm),
      ...{ goal: 1 / 1.5, baseline: `${warm.rows} rows` },
    },
    {
      metric: "flat memory: 1.5 of the smallest window's, of the largest's",
      ratio: (1.5 * smallest.ours.peakBytes) / largest.ours.peakBytes,
      ...{ goal: 1, baseline: `${smallest.rows} rows`, detail: sizes },
    },
  ];
}

/** Members of the events that an analysis reads, and the payloads as cells. */
function readBy(paths) {
  const files = paths.map((path) => `'${path}'`).join(', ');
  const side = 'STRUCT("data" VARCHAR, encoding VARCHAR)';
  const columns =
    `{captureData: 'STRUCT(endpointInput ${side}, endpointOutput ${side})', ` +
    `eventMetadata: 'STRUCT(inferenceTime VARCHAR, invocationSource VARCHAR)'}`;
  const split = (name) => `string_split(rtrim(captureData.${name}.data, chr(10)), ',')`;
  const numbers = Array.from({ length: 15 }, (_, i) => `TRY_CAST(cells[${i + 1}] AS DOUBLE)`);
  const texts = Array.from({ length: 5 }, (_, i) => `length(cells[${i + 16}])`);
  const all = [...numbers, ...texts, 'TRY_CAST(answer[1] AS DOUBLE)'];
  return (
    `SELECT count(*), ${all.map((cell) => `sum(${cell})`).join(', ')} FROM (` +
    `SELECT ${split('endpointInput')} AS cells, ${split('endpointOutput')} AS answer FROM ` +
    `read_json([${files}], format = 'newline_delimited', columns = ${columns}))`
  );
}

function count(number) {
  return Math.round(number).toLocaleString('en-US');
}

function mebibytes(sizeBytes) {
  return Math.round(sizeBytes / 2 ** 20);
}
