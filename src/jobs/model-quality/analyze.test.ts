/** Baselines from tables, windows of merged records, and the rows that cannot be judged. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { duckdbAnalytics } from '../../adapters/duckdb/analytics.ts';
import { jmespathQuery } from '../../adapters/jmespath/json-query.ts';
import { silentLogger } from '../../kernel/log.ts';
import {
  analyzeModelQuality,
  type ModelQualityParts,
  type ModelQualityRequest,
  type ModelQualityResult,
} from './analyze.ts';
import type { NamedFile } from './read.ts';

let folder: string;
let parts: ModelQualityParts;
const golden = (name: string) =>
  new URL(`../../engines/performance/golden/${name}`, import.meta.url).pathname;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-quality-test-'));
  const analytics = duckdbAnalytics({
    temporaryFolder: join(folder, 'spill'),
    threads: 1,
    memoryLimit: '256MB',
  });
  parts = { analytics, query: jmespathQuery(), log: silentLogger };
});
afterAll(async () => {
  await parts.analytics.close();
  await rm(folder, { recursive: true });
});

let files = 0;
async function file(text: string, kind = 'csv'): Promise<NamedFile> {
  files += 1;
  const path = join(folder, `in-${files}.${kind}`);
  await writeFile(path, text);
  return { path, name: `s3://b/in.${kind}` };
}

const table = {
  dataset_format: '{"csv":{"header":true}}',
  inference_attribute: 'prediction',
  ground_truth_attribute: 'label',
};
const merged = '{"sagemakerMergeJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}';
const evaluatedAtMs = Date.UTC(2026, 0, 5, 11);
const binary = { problem_type: 'BinaryClassification' };

async function run(
  input: NamedFile,
  environment: Record<string, string>,
  more: Partial<ModelQualityRequest> = {},
) {
  return analyzeModelQuality(parts, { files: [input], environment, evaluatedAtMs, ...more });
}

async function result(...given: Parameters<typeof run>): Promise<ModelQualityResult> {
  const outcome = await run(...given);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

async function reason(...given: Parameters<typeof run>): Promise<string> {
  const outcome = await run(...given);
  return outcome.ok ? JSON.stringify(outcome.value.files) : outcome.reason;
}

const document = ({ files: made }: ModelQualityResult, name: string) =>
  JSON.parse(made[name] ?? 'null');

const numbered = { ...table, inference_attribute: 'Prediction', ground_truth_attribute: 'Label' };

test('the recorded regression gives the recorded documents', async () => {
  const environment = { ...numbered, problem_type: 'Regression' };
  const input = { path: golden('regression.csv'), name: 'x' };
  const made = await result(input, environment);
  const recorded = JSON.parse(await readFile(golden('regression.statistics.json'), 'utf8'));
  const statistics = document(made, 'statistics.json');
  expect(statistics).toMatchObject(recorded);
  expect(statistics.dataset.evaluation_time).toBe('2026-01-05T11:00:00.000Z');
  const good = await readFile(golden('regression.constraints.good.json'), 'utf8');
  expect(made.files['constraints.json']?.trim()).toBe(good);
  const passed = await result(input, environment, { baselineConstraintsText: good });
  expect(passed.files['constraint_violations.json']).toBeUndefined();
  const bad = await readFile(golden('regression.constraints.bad.json'), 'utf8');
  const failed = await result(input, environment, { baselineConstraintsText: bad });
  expect(document(failed, 'constraint_violations.json')).toEqual({
    violations: [
      {
        constraint_check_type: 'GreaterThanThreshold',
        description:
          "Metric mse with 0.33364933609800973 was GreaterThanThreshold '0.03364933609800973'",
        metric_name: 'mse',
      },
    ],
  });
  expect(failed.report.findings[0]).toMatchObject({
    subject: 'mse',
    advice: { action: expect.stringContaining('longer window') },
  });
  expect(failed.report.figures[0]).toMatchObject({ name: 'mse', badIs: 'above' });
});

test('the recorded churn baseline', async () => {
  const input = { path: golden('churn.csv'), name: 'x' };
  const environment = { ...table, ...binary, probability_attribute: '0' };
  const made = await result(input, environment);
  const { binary_classification_metrics: metrics } = document(made, 'statistics.json');
  expect(metrics).toMatchObject({
    confusion_matrix: { '0': { '0': 173, '1': 0 }, '1': { '0': 12, '1': 16 } },
    recall: { value: 0.5714285714285714, standard_deviation: expect.any(Number) },
    auc: { value: 0.9395127993393889 },
  });
  expect(metrics.receiver_operating_characteristic_curve.true_positive_rates.at(-1)).toBe(1);
  expect(made.files['statistics.json']).toContain('"precision" : {\n      "value" : 1.0,');
  expect(made.metrics).toContainEqual({ metric: 'f2', value: 0.625 });
  expect(made.report.charts.map(({ title }) => title)).toEqual([
    'ROC curve',
    'Precision and recall',
    'Shares of labels',
  ]);
  const distributions = document(made, 'baseline_distributions.json');
  expect(distributions).toMatchObject({ rows: 201, label: { shares: { '1': 28 / 201 } } });
  expect(distributions.score.quantiles).toHaveLength(201);
});

interface Merged {
  readonly input?: string;
  readonly output: string;
  readonly label?: string;
  readonly id?: string;
  readonly json?: boolean;
}

const line = ({ input = '1,2', output, label, id = 'e', json = false }: Merged) =>
  JSON.stringify({
    captureData: {
      endpointInput: { data: input, encoding: 'CSV' },
      endpointOutput: { data: output, encoding: json ? 'JSON' : 'CSV' },
    },
    ...(label === undefined ? {} : { groundTruthData: { data: label, encoding: 'CSV' } }),
    eventMetadata: { eventId: id, inferenceTime: '2026-01-05T10:30:00Z' },
  });
const records = (...lines: readonly Merged[]) => file(`${lines.map(line).join('\n')}\n`, 'jsonl');

const window = { startMs: Date.UTC(2026, 0, 5, 10), endMs: Date.UTC(2026, 0, 5, 11) };
const scored = { ...binary, dataset_format: merged, probability_attribute: '0' };

test('merged records are judged against a baseline, and drift is told', async () => {
  const baseline = await result(
    { path: golden('churn.csv'), name: 'x' },
    { ...table, ...binary, probability_attribute: 'probability' },
  );
  const rows = Array.from({ length: 400 }, (_, i) => ({
    output: String(((i * 37) % 100) / 100),
    label: i % 2 === 0 ? '1' : '0',
  }));
  const made = await result(await records(...rows), scored, {
    window,
    baselineConstraintsText: baseline.files['constraints.json'] ?? '',
    baselineDistributionsText: baseline.files['baseline_distributions.json'] ?? '',
    joined: { captured: 500, matched: 400 },
  });
  const names = made.violations.map(({ measure }) => measure);
  expect(names).toContain('precision');
  const { violations } = document(made, 'constraint_violations.json');
  expect(violations[0].description).toMatch(
    /^Metric \w+ with 0\.\d+ \+\/- [\d.E-]+ was (Less|Greater)ThanThreshold '[\d.]+'$/,
  );
  expect(made.files['baseline_distributions.json']).toBeUndefined();
  const precision = made.report.findings.find(({ subject }) => subject === 'precision');
  expect(precision?.advice.action).toMatch(/^Retrain on a sliding window of recent data/);
  expect(precision?.advice.evidence.join(' ')).toContain(
    'The distribution of labels moved by 0.36',
  );
  expect(made.report.figures).toContainEqual({
    name: 'drift of labels',
    value: expect.closeTo(0.3607, 4),
  });
  expect(made.report.notes).toContain('400 of 500 captured records (80.0 %) have a label.');
  expect(made.report.summary).toMatch(/^400 labelled predictions were judged by \d+ thresholds: /);
});

test('labels of any spelling are the same, and rows of a batch are rows', async () => {
  const input = await records(
    { input: '1\n2', output: '1.0\n0', label: '1\n1' },
    { output: 'true', label: '1.00' },
    { output: 'false', label: '0' },
  );
  const made = await result(input, { ...binary, dataset_format: merged });
  expect(document(made, 'statistics.json').binary_classification_metrics).toMatchObject({
    confusion_matrix: { '0': { '0': 1, '1': 0 }, '1': { '0': 1, '1': 2 } },
    accuracy: { value: 0.75, standard_deviation: 'NaN' },
  });
});

test('one output cell may be a score, and the threshold decides', async () => {
  const input = await records(
    { output: '0.7', label: '1' },
    { output: '0.3', label: '0' },
    { output: '0.6', label: '0' },
  );
  const environment = { ...binary, dataset_format: merged };
  const made = await result(input, { ...environment, probability_threshold_attribute: '0.65' });
  const { accuracy, auc } = document(made, 'statistics.json').binary_classification_metrics;
  expect([accuracy.value, auc.value]).toEqual([1, 1]);
  expect(made.report.notes.join()).toContain('taken for probabilities: above 0.65, 1 is');
});

test('CSV in, JSON out; two probabilities; a positive label of its own', async () => {
  const output = (label: string, p: number) =>
    JSON.stringify({ predictions: [{ label, probabilities: [1 - p, p] }] });
  const input = await records(
    { output: output('yes', 0.9), label: 'yes', json: true },
    { output: output('yes', 0.6), label: 'no', json: true },
    { output: output('no', 0.2), label: 'no', json: true },
  );
  const made = await result(input, {
    ...{ ...binary, dataset_format: merged, positive_label: 'yes' },
    inference_attribute: 'predictions[*].label',
    probability_attribute: 'predictions[*].probabilities',
  });
  expect(document(made, 'statistics.json').binary_classification_metrics).toMatchObject({
    confusion_matrix: { no: { no: 1, yes: 1 }, yes: { no: 0, yes: 1 } },
    auc: { value: 1 },
  });
});

test('several classes, from labels or from the greatest probability', async () => {
  const problem_type = 'MulticlassClassification';
  const csv = 'prediction,label\n1,1.0\n2,2\n2,1\n3,3\n';
  const made = await result(await file(csv), { ...table, problem_type });
  expect(document(made, 'statistics.json').multiclass_classification_metrics).toMatchObject({
    confusion_matrix: { '1': { '1': 1, '2': 1, '3': 0 }, '2': { '2': 1 }, '3': { '3': 1 } },
    accuracy: { value: 0.75 },
  });
  const input = await records(
    { output: '"[0.2,0.7,0.1]"', label: '1' },
    { output: '"[0.2,0.1,0.7]"', label: '0' },
  );
  const greatest = await result(input, { ...scored, problem_type });
  const metrics = document(greatest, 'statistics.json').multiclass_classification_metrics;
  expect(metrics.confusion_matrix).toEqual({
    ...{ '0': { '0': 0, '1': 0, '2': 1 }, '1': { '0': 0, '1': 1, '2': 0 } },
    '2': { '0': 0, '1': 0, '2': 0 },
  });
});

test('JSON and JSON Lines are tables too, and columns may be named by place', async () => {
  const rows = [
    { p: 1, y: { true: 2 } },
    { p: 3, y: { true: 2.5 } },
  ];
  const json = await file(JSON.stringify(rows), 'json');
  const lines = await file(rows.map((row) => JSON.stringify(row)).join('\n'), 'jsonl');
  for (const [input, dataset_format] of [
    [json, '{"json":{}}'],
    [lines, '{"json":{"lines":true}}'],
  ] as const) {
    const environment = {
      ...{ problem_type: 'Regression', dataset_format },
      ...{ inference_attribute: '0', ground_truth_attribute: 'y.true' },
    };
    const made = await result(input, environment);
    expect(document(made, 'statistics.json').regression_metrics.mae.value).toBe(0.75);
  }
});

test('one row, and constant predictions, are judged with care', async () => {
  const one = await result(await file('prediction,label\n1,0\n'), { ...table, ...binary });
  expect(document(one, 'statistics.json').binary_classification_metrics).toMatchObject({
    recall: { value: 0 },
    precision: { value: 0 },
  });
  expect(one.metrics.map(({ metric }) => metric)).not.toContain('recall');
  const constraints = JSON.stringify({
    binary_classification_constraints: {
      recall: { threshold: 0.5, comparison_operator: 'LessThanThreshold' },
    },
  });
  const judged = await result(
    await file('prediction,label\n1,0\n'),
    { ...table, ...binary },
    { baselineConstraintsText: constraints },
  );
  expect(judged.violations).toEqual([]);
  expect(judged.report.notes.join()).toContain('The constraint of recall was not judged');
  const constant = 'prediction,label\n0.4,1\n0.4,2\n';
  const regression = await result(await file(constant), { ...table, problem_type: 'Regression' });
  expect(document(regression, 'statistics.json').regression_metrics.r2.value).toBe(0);
  expect(regression.report.notes.join()).toContain('Every prediction is the same');
});

test('rows without a label or a prediction are counted and left out', async () => {
  const made = await result(await file('prediction,label\n1,1\n,1\n0,\n0,0\n'), {
    ...table,
    ...binary,
  });
  expect(made.rows).toBe(2);
  expect(made.report.notes.slice(0, 2)).toEqual([
    '1 of 4 rows have no label and are left out.',
    '1 of 4 rows have no prediction and are left out.',
  ]);
});

test.each<[string, string, Record<string, string>, RegExp]>([
  ['no problem', 'p', { problem_type: '' }, /^problem_type must be one of .* and is not set$/],
  ['a problem', 'p', { problem_type: 'Ranking' }, /^problem_type must be .* and is Ranking$/],
  ['no format', 'p', { ...binary, dataset_format: '' }, /dataset_format is not set$/],
  ['a format', 'p', { ...binary, dataset_format: '{"x":{}}' }, /^dataset_format must be one of/],
  [
    'a threshold',
    'p',
    { ...binary, probability_threshold_attribute: '2' },
    /^probability_threshold_attribute must be a number from 0 to 1, and is 2$/,
  ],
  [
    'no label',
    'p',
    { ...binary, ground_truth_attribute: '' },
    /^ground_truth_attribute is not set/,
  ],
  [
    'no attribute',
    'p',
    { ...binary, inference_attribute: '' },
    /^neither inference_attribute nor probability_attribute is set$/,
  ],
  [
    'no such column',
    'a,label\n1,1\n',
    binary,
    /^inference_attribute: there is no column prediction; there are a, label$/,
  ],
  [
    'a probability outside',
    'p,label\n0.5,1\n1.5,0\n',
    { ...binary, inference_attribute: '', probability_attribute: 'p' },
    /^row 2: the probability in column p must be a number from 0 to 1, and is "1.5"$/,
  ],
  [
    'a probability that is text',
    'p,label\nhigh,1\n',
    { ...binary, inference_attribute: '', probability_attribute: 'p' },
    /^row 1: the probability in column p must be a number from 0 to 1, and is "high"$/,
  ],
  [
    'a score outside',
    'prediction,label\n0.5,1\n7,0\n',
    binary,
    /^row 2: the probability in the inference must be .* and is "7"$/,
  ],
  [
    'labels of another kind',
    'prediction,label\nyes,yes\nno,no\n',
    binary,
    /^the labels are no, yes: .* needs positive_label$/,
  ],
  [
    'mixed predictions',
    'prediction,label\n0.5,1\nyes,0\n',
    binary,
    /^the labels are 0, 0.5, 1, yes: /,
  ],
  [
    'text in a regression',
    'prediction,label\n1,2\nabc,3\n',
    { problem_type: 'Regression' },
    /^row 2: the inference \(prediction\) is no number: "abc"$/,
  ],
  [
    'an infinite label',
    'prediction,label\n1,Infinity\n',
    { problem_type: 'Regression' },
    /^row 1: the label is not finite: "Infinity"$/,
  ],
  [
    'numbers that cannot be squared',
    'prediction,label\n1e200,-1e200\n',
    { problem_type: 'Regression' },
    /^the labels or the predictions are too large to be squared$/,
  ],
  [
    'no labels at all',
    'prediction,label\n1,\n0,\n',
    binary,
    /^Job inputs had no labelled predictions: of 2 rows 2 have no label$/,
  ],
  ['no rows', 'prediction,label\n', binary, /^Job inputs had no data: there are no rows$/],
  ['an empty file', '', binary, /^s3:\/\/b\/in.csv: is empty$/],
])('refused: %s', async (_, text, environment, expected) => {
  expect(await reason(await file(text), { ...table, ...environment })).toMatch(expected);
});

test.each<[string, string, RegExp]>([
  ['malformed', '{', /^s3:\/\/b\/in.jsonl:2: not JSON: /],
  [
    'of other counts',
    line({ output: '1', label: '1\n0' }),
    /^s3:\/\/b\/in.jsonl:2: event e: the sides have different numbers of rows: /,
  ],
  [
    'a probability outside',
    line({ output: '-0.1', label: '1' }),
    /^s3:\/\/b\/in.jsonl:2: the probability in column 0 must be .* and is "-0.1"$/,
  ],
])('a record is refused by its file and line: %s', async (_, text, expected) => {
  const first = line({ output: '1', label: '1' });
  expect(await reason(await file(`${first}\n${text}\n`, 'jsonl'), scored)).toMatch(expected);
});

test('records without labels, or of other times, are no labelled predictions', async () => {
  const unlabelled = await records({ output: '1' }, { output: '0' });
  expect(await reason(unlabelled, scored)).toBe(
    'Job inputs had no labelled predictions: of 2 rows 2 have no label',
  );
  const labelled = await records({ output: '1', label: '1' });
  const later = { startMs: window.endMs, endMs: window.endMs + 1 };
  expect(await reason(labelled, scored, { window: later })).toBe(
    'Job inputs had no data: there are no rows',
  );
});

test('constraints that cannot be read, or of another problem, are refused', async () => {
  const input = await records({ output: '1', label: '1' });
  expect(await reason(input, scored, { baselineConstraintsText: '{' })).toMatch(
    /^the baseline constraints: not JSON: /,
  );
  const regression = '{"regression_constraints":{}}';
  expect(await reason(input, scored, { baselineConstraintsText: regression })).toBe(
    'the baseline constraints are of a regression problem, not binary',
  );
  const made = await result(input, scored, { baselineDistributionsText: '{"rows":"x"}' });
  expect(made.report.notes).toContain('baseline_distributions.json: rows cannot be read.');
});
