/** Whole analyses on files: recorded data and documents, captured traffic, hours and days. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { duckdbAnalytics } from '../../adapters/duckdb/analytics.ts';
import { defaultCaptureFormat } from '../../engines/records/rows.ts';
import { silentLogger } from '../../kernel/log.ts';
import { analyzeDataQuality, type DataQualityRequest } from './analyze.ts';
import { profileCapture } from './read.ts';

const analytics = duckdbAnalytics({
  temporaryFolder: tmpdir(),
  threads: 2,
  memoryLimit: '512MB',
});
const parts = { analytics, log: silentLogger };
const golden = fileURLToPath(new URL('../../engines/quality/golden/', import.meta.url));
const captureJson =
  '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quality-'));
});
afterAll(async () => {
  await analytics.close();
  await rm(folder, { recursive: true });
});

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function analyzed(request: DataQualityRequest) {
  const outcome = await analyzeDataQuality(parts, request);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

const refused = async (request: DataQualityRequest) => {
  const outcome = await analyzeDataQuality(parts, request);
  return outcome.ok ? 'not refused' : outcome.reason;
};

function captured(input: string, output: string, encoding = 'CSV'): string {
  const side = (mode: string, data: string) => ({
    mode,
    data,
    encoding,
    observedContentType: null,
  });
  return `${JSON.stringify({
    captureData: { endpointInput: side('INPUT', input), endpointOutput: side('OUTPUT', output) },
    eventMetadata: { eventId: 'e', inferenceTime: '2026-01-01T00:00:00Z' },
    eventVersion: '0',
  })}\n`;
}

test('the recorded data set gives the recorded documents, byte for byte', async () => {
  const result = await analyzed({
    inputs: [join(golden, 'quality-check/baseline_dataset.csv')],
    datasetFormat: '{"csv":{"header":false,"output_columns_position":"START"}}',
  });
  const recorded = (name: string) => readFile(join(golden, 'quality-check', name), 'utf8');
  expect(result.statisticsText).toBe(await recorded('statistics.json'));
  expect(result.constraintsText).toBe(await recorded('good_cases/constraints.json'));
  expect(result).toMatchObject({ rows: 100, files: 1, violations: [] });
  expect(result.violationsText).toBeUndefined();
});

test.each(['csv', 'jsonLines', 'json', 'parquet'] as const)(
  'the recorded data set as %s with named columns gives the recorded documents too',
  async (kind) => {
    const csv = await readFile(join(golden, 'quality-check/baseline_dataset.csv'), 'utf8');
    const rows = csv
      .trim()
      .split(/\r?\n/)
      .map((line) => line.split(','));
    const names = (rows[0] ?? []).map((_, at) => `_c${at}`);
    // As text, so that 3.0 stays the fraction it is in the recorded file.
    const objects = rows.map(
      (cells) => `{${cells.map((cell, at) => `"${names[at]}":${cell}`).join(',')}}`,
    );
    const inputs = {
      csv: () => file('golden.csv', [names, ...rows].map((cells) => cells.join(',')).join('\n')),
      jsonLines: () => file('golden.jsonl', objects.join('\n')),
      json: () => file('golden.json', `[${objects.join(',')}]`),
      parquet: () => parquet('golden.parquet', join(folder, 'golden.csv')),
    };
    const formats = {
      csv: '{"csv":{"header":true}}',
      jsonLines: '{"json":{"lines":true}}',
      json: '{"json":{"lines":false}}',
      parquet: '{"parquet":{}}',
    };
    await inputs.csv();
    const result = await analyzed({
      inputs: [await inputs[kind]()],
      datasetFormat: formats[kind],
    });
    const recorded = (name: string) => readFile(join(golden, 'quality-check', name), 'utf8');
    expect(result.statisticsText).toBe(await recorded('statistics.json'));
    expect(result.constraintsText).toBe(await recorded('good_cases/constraints.json'));
  },
);

/** A CSV file with a header, its columns as doubles, written by the library itself. */
async function parquet(name: string, csvPath: string): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const path = join(folder, name);
  await connection.run(
    `copy (select columns(*)::double from read_csv('${csvPath}', header = true))
      to '${path}' (format parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
  return path;
}

test('recorded captures have their output first', async () => {
  const inputs = [join(golden, 'monitor/capture.jsonl')];
  const { rows, statisticsText } = await analyzed({ inputs, datasetFormat: captureJson });
  const { features } = JSON.parse(statisticsText);
  expect(rows).toBe(44);
  expect(features.map((f: { inferred_type: string }) => f.inferred_type)).toEqual([
    'Fractional',
    ...Array.from({ length: 7 }, () => 'Integral'),
  ]);
});

/** A training file with a header, the label first, and traffic against it that may have moved. */
async function trained() {
  const row = (i: number) => `${(i % 10) / 10 + 0.05},${i},${i % 2 ? 'red' : 'blue'}`;
  const lines = Array.from({ length: 400 }, (_, i) => row(i)).join('\n');
  const path = await file('train.csv', `score,age,color\n${lines}\n`);
  const { constraintsText, statisticsText } = await analyzed({
    inputs: [path],
    datasetFormat: '{"csv":{"header":true}}',
  });
  return {
    datasetFormat: captureJson,
    baselineConstraintsText: constraintsText,
    baselineStatisticsText: statisticsText,
  };
}

const traffic = (rows: number, moved: number, color: (i: number) => string) =>
  Array.from({ length: rows }, (_, i) =>
    captured(`${i + moved},${color(i)}`, String((i % 10) / 10 + 0.05)),
  ).join('');

test('captured traffic takes the names of the baseline, and what moved is found', async () => {
  const baseline = await trained();
  const colors = (i: number) => (i % 2 ? 'red' : 'blue');
  const same = await file('same.jsonl', traffic(400, 0, colors));
  const good = await analyzed({ ...baseline, inputs: [same] });
  expect(good.violations).toEqual([]);
  expect(JSON.parse(good.statisticsText).features[1]).toMatchObject({
    name: 'age',
    inferred_type: 'Integral',
  });
  const moved = await file(
    'moved.jsonl',
    traffic(400, 300, (i) => (i % 4 ? 'green' : 'blue')),
  );
  const bad = await analyzed({ ...baseline, inputs: [moved] });
  expect(bad.violations.map((v) => [v.feature_name, v.constraint_check_type])).toEqual([
    ['age', 'baseline_drift_check'],
    ['color', 'categorical_values_check'],
    ['color', 'baseline_drift_check'],
  ]);
  expect(JSON.parse(bad.violationsText ?? '').violations).toEqual(bad.violations);
  expect(bad.metrics).toContainEqual({
    metric: 'feature_data_age',
    feature: 'age',
    statistics: { sampleCount: 400, sum: 199_800, minimum: 300, maximum: 699 },
  });
  expect(bad.metrics).toContainEqual({
    metric: 'feature_baseline_drift_age',
    feature: 'age',
    value: expect.closeTo(0.75 - 1.8 * Math.sqrt(2 / 400), 12),
  });
});

test('a day is the merge of its hours', async () => {
  const lines = traffic(900, 0, (i) => `c${i % 7}`)
    .trimEnd()
    .split('\n');
  const hours = [lines.slice(0, 250), lines.slice(250, 600), lines.slice(600)];
  const day = await file('day.jsonl', lines.join('\n'));
  const whole = await analyzed({ inputs: [day], datasetFormat: captureJson });
  const profiles: string[] = [];
  for (const [i, hour] of hours.entries()) {
    const files = [await file(`hour-${i}.jsonl`, hour.join('\n'))];
    const made = await profileCapture(parts, { files, as: defaultCaptureFormat });
    if (made.ok) profiles.push(made.value);
  }
  const merged = await analyzed({ inputs: [], profiles, datasetFormat: captureJson });
  expect(merged).toMatchObject({ rows: 900, files: 3 });
  const [a, b] = [JSON.parse(merged.statisticsText), JSON.parse(whole.statisticsText)];
  // Sums and deviations of parts differ in the last digits.
  for (const feature of [...a.features, ...b.features]) {
    const numbers = feature.numerical_statistics;
    if (!numbers) continue;
    numbers.std_dev = Number(numbers.std_dev.toFixed(9));
    numbers.sum = Number(numbers.sum.toFixed(9));
    numbers.mean = Number(numbers.mean.toFixed(9));
  }
  expect(a).toEqual(b);
});

test('whole numbers in JSON satisfy a Fractional column', async () => {
  const line = (x: string) => `{"x":${x}}\n`;
  const base = await file(
    'base.jsonl',
    [1.5, 2.5, 3.5]
      .map((x) => line(String(x)))
      .join('')
      .repeat(20),
  );
  const format = '{"json":{"lines":true}}';
  const baseline = await analyzed({ inputs: [base], datasetFormat: format });
  const now = await file('now.jsonl', line('2') + line('2.5'));
  const { violations } = await analyzed({
    inputs: [now],
    datasetFormat: format,
    baselineConstraintsText: baseline.constraintsText,
  });
  expect(violations).toEqual([]);
});

test('metrics are left out where they are turned off', async () => {
  const path = await file('two.csv', 'a,b\n1,2\n');
  const baselineConstraintsText = JSON.stringify({
    features: [
      {
        name: 'a',
        inferred_type: 'Integral',
        monitoring_config_overrides: { emit_metrics: 'Disabled' },
      },
      { name: 'b', inferred_type: 'Integral' },
    ],
  });
  const datasetFormat = '{"csv":{"header":true}}';
  const { metrics } = await analyzed({ inputs: [path], datasetFormat, baselineConstraintsText });
  expect(new Set(metrics.map(({ feature }) => feature))).toEqual(new Set(['b']));
});

test('a window without rows says what was looked for', async () => {
  const hour = 3_600_000;
  const window = { startMs: 0, endMs: hour, where: 's3://bucket/capture' };
  expect(await refused({ inputs: [], datasetFormat: captureJson, window })).toBe(
    'Job inputs had no data: there are no files from 1970-01-01T00:00:00Z ' +
      'to 1970-01-01T01:00:00Z in s3://bucket/capture',
  );
  const path = await file('void.jsonl', '\n\n');
  expect(await refused({ inputs: [path], datasetFormat: captureJson })).toBe(
    'Job inputs had no data: one file has no rows',
  );
});

test('what cannot be read is refused by file, line and value', async () => {
  const path = await file('bad.jsonl', captured('1', '2') + captured('1\n2\n3', '1\n2'));
  const name = 's3://bucket/bad.jsonl';
  expect(await refused({ inputs: [{ path, name }], datasetFormat: captureJson })).toBe(
    's3://bucket/bad.jsonl: line 2: the sides have different numbers of rows: ' +
      'endpointOutput has 2, endpointInput has 3',
  );
  const none = join(folder, 'none.jsonl');
  expect(await refused({ inputs: [none], datasetFormat: captureJson })).toBe(
    `${none}: there is no such file`,
  );
  const latin = await file('latin.jsonl', Buffer.from(captured('1', 'caf\xe9'), 'latin1'));
  expect(await refused({ inputs: [latin], datasetFormat: captureJson })).toBe(
    `${latin}: line 1: is not UTF-8`,
  );
  const csv = await file('bad.csv', 'a,b\n1,2\n3\n');
  expect(await refused({ inputs: [csv], datasetFormat: '{"csv":{"header":true}}' })).toBe(
    `${csv}: line 3: 1 columns where 2 are expected: "3"`,
  );
});

test('bad formats, baselines and profiles are refused', async () => {
  const inputs = [await file('one.csv', 'a\n1\n')];
  const datasetFormat = '{"csv":{"header":true}}';
  expect(await refused({ inputs, datasetFormat: '{"xml":{}}' })).toContain('must be one of csv');
  expect(await refused({ inputs, datasetFormat: 'csv' })).toContain('dataset_format is not JSON');
  expect(await refused({ inputs, datasetFormat, baselineConstraintsText: '{}' })).toBe(
    'the baseline constraints: features: is missing',
  );
  expect(await refused({ inputs, datasetFormat, baselineStatisticsText: '[' })).toMatch(
    /^the baseline statistics: not JSON/,
  );
  expect(await refused({ inputs, datasetFormat, profiles: ['{}'] })).toContain('not a stored');
  const options = { categoricalDriftMethod: 'Wild' };
  expect(await refused({ inputs, datasetFormat, options })).toContain('LInfinity or ChiSquared');
});

test('an aborted analysis rejects', async () => {
  const path = await file('long.jsonl', captured('1', '2').repeat(10));
  const request = { inputs: [path], datasetFormat: captureJson };
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(analyzeDataQuality(parts, request, { signal })).rejects.toThrow();
});
