/** Records through scripts: what they are given, what becomes of the rows, how failures read. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { localScripts } from '../../adapters/scripts/scripts.ts';
import { statisticsOf } from '../../engines/quality/statistics.ts';
import { defaultCaptureFormat } from '../../engines/records/rows.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { type Analytics, UnreadableData } from '../../ports/analytics.ts';
import type { Scripts } from '../../ports/scripts.ts';
import { profileInputs } from '../data-quality/read.ts';
import { dryRunScript, mostDryRunRecords } from './dry-run.ts';
import { fingerprintOf, scriptsOfJob } from './environment.ts';
import { postprocessed } from './postprocess.ts';
import { preprocessedRows, ScriptFailed } from './preprocess.ts';
import { type RecordFormat, recordsOf } from './records.ts';

const folder = mkdtempSync(join(tmpdir(), 'modelkeep-records-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const scripts = localScripts({ workFolder: join(folder, 'work') });

let files = 0;
function file(text: string): string {
  files += 1;
  const path = join(folder, `file-${files}`);
  writeFileSync(path, text);
  return path;
}

const all = async <T>(items: AsyncIterable<T>) => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};

async function sentOf(text: string, format: RecordFormat) {
  return (await all(recordsOf([file(text)], format))).map(({ number, sent }) => [number, sent]);
}

const captured = (data: string, eventMetadata: object = {}) =>
  JSON.stringify({ captureData: { endpointInput: { data, encoding: 'CSV' } }, eventMetadata });

test('captured records of other times and of shadow variants are left out', async () => {
  const lines = [
    captured('1', { inferenceTime: '2026-01-05T09:59:59Z' }),
    captured('2', { inferenceTime: '2026-01-05T10:00:00Z' }),
    captured('3', { invocationSource: 'ShadowExperiment' }),
    '',
    captured('4'),
  ];
  const startMs = Date.parse('2026-01-05T10:00:00Z');
  const as = { between: { startMs, endMs: startMs + 1 } };
  expect(await sentOf(lines.join('\n'), { kind: 'capture', as })).toEqual([
    [2, lines[1]],
    [5, lines[4]],
  ]);
});

test('lines of CSV are records, with the line ends that are quoted', async () => {
  const text = 'a,b\r\n1,"x"\r\n2,"y\n\nz, ""q"""\n3,\n';
  expect(await sentOf(text, { kind: 'csv', header: true })).toEqual([
    [2, '"1,\\"x\\""'],
    [3, JSON.stringify('2,"y\n\nz, ""q"""')],
    [6, '"3,"'],
  ]);
  expect(await sentOf('1,2\n', { kind: 'csv', header: false })).toEqual([[1, '"1,2"']]);
});

test('documents keep their numbers as they were written', async () => {
  const text = '[{"a": 3.0, "b": [1e5, null, true, "ü\\n"]}, 7]';
  expect(await sentOf(text, { kind: 'json' })).toEqual([
    [1, '{"a":3.0,"b":[1e5,null,true,"ü\\n"]}'],
    [2, '7'],
  ]);
  expect(await sentOf('{"a": 3.0}\n', { kind: 'jsonLines' })).toEqual([[1, '{"a": 3.0}']]);
});

test.each<[string, RecordFormat, RegExp]>([
  ['{"captureData":', { kind: 'capture', as: {} }, /line 1: not JSON/],
  ['{}', { kind: 'capture', as: {} }, /line 1: has no captureData/],
  ['1,"2\n3', { kind: 'csv', header: false }, /line 1: a quote is not closed/],
  ['{}\n{', { kind: 'jsonLines' }, /line 2: not JSON/],
  ['[1,', { kind: 'json' }, /not JSON/],
])('%j is no record', async (text, format, reason) => {
  const reading = all(recordsOf([file(text)], format));
  await expect(reading).rejects.toThrow(UnreadableData);
  await expect(all(recordsOf([file(text)], format))).rejects.toThrow(reason);
});

const doubling = {
  name: 'double.mjs',
  text: `
export function preprocessHandler({ endpointInput: { data } }) {
  if (data === 'bad') throw new Error('a bad one');
  const n = Number(data);
  return n % 3 === 0 ? undefined : [{ n, half: n / 2 }, { n: -n }];
}`,
};
const format: RecordFormat = { kind: 'capture', as: {} };

test('rows come in the order of records, over batches', async () => {
  const count = 900;
  const path = file(Array.from({ length: count }, (_, n) => captured(String(n))).join('\n'));
  const request = { source: doubling, paths: [path], format };
  const rows = (await all(preprocessedRows({ scripts }, request))).flat();
  const kept = Array.from({ length: count }, (_, n) => n).filter((n) => n % 3 !== 0);
  expect(rows.map(({ cells }) => cells[0])).toEqual(kept.flatMap((n) => [`${n}`, `${-n}`]));
  expect(rows[0]?.names).toEqual(['n', 'half']);
});

test('a failure names the record, begins as expected, and is short', async () => {
  const path = file([captured('1'), captured('bad'), captured('2')].join('\n'));
  const said: string[] = [];
  const request = { source: doubling, paths: [path], format };
  const reading = all(preprocessedRows({ scripts }, request, { say: (line) => said.push(line) }));
  const error = await reading.catch((cause: unknown) => cause as Error);
  expect(error).toBeInstanceOf(ScriptFailed);
  const { message } = error as Error;
  expect(message).toMatch(/^Exception while invoking preprocessor script\. Error: a bad one\n/);
  expect(message).toContain('double.mjs:3:');
  expect(message).toContain(`at the record ${path}:2: {"captureData"`);
  expect(message.length).toBeLessThan(1_000);
  expect(said[0]).toContain('a bad one');
});

test('a script that cannot be loaded fails before any record', async () => {
  const source = { name: 'no.mjs', text: 'export const x = 1;' };
  const reading = all(preprocessedRows({ scripts }, { source, paths: [], format }));
  await expect(reading).rejects.toThrow(
    'Exception while invoking preprocessor script. the script has no function',
  );
});

const analytics: Analytics = {
  scan() {
    throw new Error('preprocessed records are not scanned as tables');
  },
  close: async () => {},
};

test('rows of a script are profiled in place of the records', async () => {
  const path = file([captured('1'), captured('2')].join('\n'));
  const inputs = { files: [path], preprocessor: doubling };
  const asked = { ...inputs, format: { kind: 'capture', as: defaultCaptureFormat } as const };
  const profile = await profileInputs({ analytics, scripts }, asked);
  if (!profile.ok) throw new Error(profile.reason);
  expect(profile.value.rows).toBe(4);
  expect([...profile.value.columns.keys()]).toEqual(['n', 'half']);
  expect(JSON.stringify(statisticsOf(profile.value))).toContain('"num_missing":2');
});

test('a profile with a script is refused by name, or where there are no scripts', async () => {
  const named = { path: file(captured('bad')), name: 's3://b/k' };
  const asked = { files: [named], format: { kind: 'parquet' } as const, preprocessor: doubling };
  expect(await profileInputs({ analytics }, asked)).toMatchObject({ ok: false });
  const table = await profileInputs({ analytics, scripts }, asked);
  expect(table).toMatchObject({ ok: false, reason: expect.stringContaining('not Parquet') });
  const capture = { kind: 'capture', as: defaultCaptureFormat } as const;
  const failed = await profileInputs({ analytics, scripts }, { ...asked, format: capture });
  expect(failed).toMatchObject({
    ok: false,
    reason: expect.stringContaining('at the record s3://b/k:1:'),
  });
});

const clock = new VirtualClock(0);

test('a dry run tells rows, errors and what was printed', async () => {
  const text = `
export function preprocessHandler({ endpointInput: { data } }) {
  console.log('saw ' + data);
  return data === 'bad' ? { x: {} } : { x: data, y: null };
}`;
  const source = { name: 'try.mjs', text };
  const records = [captured('1'), captured('bad'), captured('2')];
  const done = await dryRunScript({ scripts, clock }, { source, kind: 'capture', records });
  const { kind } = (await scripts.available()).sandbox;
  expect(done).toMatchObject(
    ok({
      records: [
        { rows: [{ names: ['x', 'y'], cells: ['1', null] }], tookMs: 0 },
        { rows: [], error: expect.stringContaining('the value of "x" is of type Object') },
        { rows: [{ names: ['x', 'y'], cells: ['2', null] }] },
      ],
      logs: ['saw 1', 'saw bad', 'saw 2'],
      sandbox: { kind },
    }),
  );
});

test('a dry run of a script that cannot be loaded says why', async () => {
  const source = { name: 'try.mjs', text: 'null.x;' };
  const done = await dryRunScript({ scripts, clock }, { source, kind: 'csv', records: ['1'] });
  expect(done).toMatchObject(ok({ error: expect.stringContaining('try.mjs:1'), records: [] }));
});

test.each<[string, 'capture' | 'json', readonly string[], string]>([
  ['too many', 'json', Array(mostDryRunRecords + 1).fill('1'), 'at most 100 records'],
  ['not JSON', 'json', ['1', '{'], 'record 2 is not JSON'],
  ['two in one', 'json', ['1 2'], 'record 1 is not one JSON document'],
  ['several lines', 'json', ['{\n}'], 'record 1 has several lines'],
  ['no captured record', 'capture', ['{}'], 'record 1 has no captureData'],
])('a dry run refuses records: %s', async (_, kind, records, reason) => {
  const done = await dryRunScript({ scripts, clock }, { source: doubling, kind, records });
  expect(done).toEqual(refuse(expect.stringContaining(reason)));
});

test('a post-processor changes texts and leaves other files alone', async () => {
  const text = `
import { appendFileSync, writeFileSync, readdirSync } from 'node:fs';
export function postprocessHandler() {
  const folder = process.env.output_path;
  appendFileSync(folder + '/statistics.json', ' more');
  writeFileSync(folder + '/names', readdirSync(folder).join());
}`;
  const other = { path: '/elsewhere' };
  const request = {
    source: { name: 'post.mjs', text },
    files: { 'statistics.json': 'text', 'big.jsonl': other, 'merge/part.jsonl': 'part' },
    environment: { output_path: '/opt/ml/processing/output' },
  };
  expect(await postprocessed({ scripts }, request)).toEqual(
    ok({
      'statistics.json': 'text more',
      names: 'statistics.json',
      'big.jsonl': other,
      'merge/part.jsonl': 'part',
    }),
  );
});

test('a post-processor that fails fails the analysis', async () => {
  const failing: Scripts = { ...scripts, runPostprocessor: async () => refuse('Traceback: x') };
  const request = { source: doubling, files: {}, environment: {} };
  expect(await postprocessed({ scripts: failing }, request)).toEqual(
    refuse('Exception while invoking postprocessor script. Traceback: x'),
  );
});

test('the scripts of a job are those its environment names', async () => {
  const environment = { record_preprocessor_script: '/opt/ml/code/pre.py', other: 'x' };
  const textOf = async (path: string) => ok(`text of ${path}`);
  expect(await scriptsOfJob(environment, { textOf })).toEqual(
    ok({ preprocessor: { name: 'pre.py', text: 'text of /opt/ml/code/pre.py' } }),
  );
  const missing = await scriptsOfJob(environment, { textOf: async () => refuse('no input') });
  expect(missing).toEqual(refuse('record_preprocessor_script: no input'));
});

test('another script has another fingerprint', () => {
  const { name, text } = doubling;
  expect(fingerprintOf({ name, text })).toBe(fingerprintOf(doubling));
  expect(fingerprintOf({ name, text: `${text} ` })).not.toBe(fingerprintOf(doubling));
});
