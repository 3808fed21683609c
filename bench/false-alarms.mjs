/**
 * How often a monitor rings without cause, and how often with: windows of the flights drawn from the
 * same days as the baseline, as they are and with a column moved by a part of its deviation. Ours at
 * default settings, the rule of Model Monitor (robust distance over 0.1, no other check), and Evidently at its defaults.
 * A window rings when any column does. Evidently is asked of the first windows of each kind.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { evidentlyPins, pythonWith } from './peers.mjs';

export const title = 'False alarms and detected shifts on the flights';

const here = dirname(fileURLToPath(import.meta.url));
const mayRing01 = 0.01;
const sizes = [100, 1_000, 10_000];
const shifts = [0, 0.1, 0.25, 0.5];
/** Evidently takes about a second a window. */
const peerWindows = 20;
const peerWindowsQuick = 5;
const baselineRows = 20_000;
const poolRows = 300_000;
const names = ['hour', 'delay', 'distance', 'origin', 'destination'];
const moved = 'distance';

export async function run({ say, quick }) {
  const engine = await import('../dist/engines/report/compare.js');
  const { seededRandom } = await import('../dist/kernel/random.js');
  const kit = {
    ...engine,
    ...(await import('../dist/engines/profile/profile.js')),
    ...(await import('../dist/engines/profile/batcher.js')),
  };
  const random = seededRandom(20_010_101);
  const pool = await poolOf();
  const deviation = deviationOf(pool.map((row) => row[names.indexOf(moved)]));
  const baseline = draw(pool, baselineRows, random);
  const before = { name: 'baseline', profile: profileOf(kit, baseline) };
  const windowsOfNone = quick ? 40 : 200;
  const windowsOfShift = quick ? 10 : 50;
  const peer = evidently(baseline);
  if (peer.reason) say(`Evidently was not measured: ${peer.reason}`);
  say(
    '| rows in a window | shift of distance | windows | Modelkeep | Model Monitor’s rule | Evidently |',
  );
  say('|---:|---:|---:|---:|---:|---:|');
  const alarms = { windows: 0, rang: 0 };
  for (const size of sizes) {
    for (const shift of shifts) {
      const count = shift === 0 ? windowsOfNone : windowsOfShift;
      const windows = Array.from({ length: count }, () =>
        draw(pool, size, random).map((row) =>
          row.map((cell, i) => (names[i] === moved ? cell + shift * deviation : cell)),
        ),
      );
      const reports = windows.map((rows) =>
        kit.compareProfiles(before, { name: 'window', profile: profileOf(kit, rows) }),
      );
      const ours = reports.filter((report) => report.features.some(kit.isDrift)).length;
      const rule = reports.filter(({ features }) =>
        features.some(({ distance }) => (distance?.robust ?? 0) > 0.1),
      ).length;
      const asked = windows.slice(0, quick ? peerWindowsQuick : peerWindows);
      const theirs = peer.rang?.(asked);
      if (shift === 0) {
        alarms.windows += count;
        alarms.rang += ours;
      }
      const share = (rang, of) =>
        rang === undefined ? '–' : `${((100 * rang) / of).toFixed(1)} %`;
      const label = shift === 0 ? 'none' : `${shift} sd`;
      say(
        `| ${size} | ${label} | ${count} | ${share(ours, count)} | ${share(rule, count)} | ${share(theirs, asked.length)} |`,
      );
    }
  }
  peer.close?.();
  // No alarm at all is read as half of one, so that the ratio has an end.
  const observed = Math.max(alarms.rang, 0.5) / alarms.windows;
  return [
    {
      metric: 'windows without drift that ring',
      ratio: mayRing01 / observed,
      goal: 1,
      baseline: 'one window in a hundred',
      detail: `${alarms.rang} of ${alarms.windows} rang`,
    },
  ];
}

/** Flights of the first quarter, a fixed sample in a fixed order. */
async function poolOf() {
  const require = createRequire(import.meta.url);
  const entry = require.resolve('vega-datasets');
  const root = entry.slice(0, entry.lastIndexOf('vega-datasets') + 'vega-datasets'.length);
  const path = join(root, 'data', 'flights-3m.parquet').replaceAll("'", "''");
  const database = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await database.connect();
  const reader = await connection.runAndReadAll(`
    select hour(date)::int, delay::int, distance::double + 0.25, origin, destination
    from read_parquet('${path}') where date < '2001-04-01'
    order by hash(date, delay, distance, origin, destination) limit ${poolRows}`);
  const rows = reader.getRows();
  connection.closeSync();
  database.closeSync();
  return rows;
}

function draw(pool, size, random) {
  return Array.from({ length: size }, () => pool[Math.floor(random.next01() * pool.length)]);
}

function deviationOf(values) {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
}

function profileOf({ observe, emptyProfile, batchOf }, rows) {
  const table = rows.map((row) => ({ names, cells: row.map(String) }));
  return observe(emptyProfile(), batchOf(table));
}

/** Rings by Evidently of a list of windows, in a process for each list. */
function evidently(baseline) {
  const made = pythonWith('drift-evidently', evidentlyPins);
  if (made.reason) return made;
  const folder = mkdtempSync(join(tmpdir(), 'modelkeep-bench-alarms-'));
  const reference = join(folder, 'reference.csv');
  writeFileSync(reference, csv(names, baseline));
  const rang = (windows) => {
    const path = join(folder, 'windows.csv');
    const numbered = windows.flatMap((rows, i) => rows.map((row) => [...row, i]));
    writeFileSync(path, csv([...names, 'window'], numbered));
    const outcome = spawnSync(made.python, [join(here, 'false-alarms.py')], {
      encoding: 'utf8',
      input: `${JSON.stringify({ reference, windows: path })}\n`,
    });
    if (outcome.status !== 0) throw new Error(outcome.stderr.slice(-2_000));
    return JSON.parse(outcome.stdout.trim().split('\n').at(-1)).filter((count) => count > 0).length;
  };
  return { rang, close: () => rmSync(folder, { recursive: true, force: true }) };
}

function csv(header, rows) {
  return `${header.join(',')}\n${rows.map((row) => row.join(',')).join('\n')}\n`;
}
