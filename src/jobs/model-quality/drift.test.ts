/** Windows whose drift is known, against baselines of this analysis, from records to the report. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jmespathQuery } from '../../adapters/jmespath/json-query.ts';
import { mostSampleRows } from '../../engines/performance/sample.ts';
import { silentLogger } from '../../kernel/log.ts';
import { seededRandom } from '../../kernel/random.ts';
import { analyzeModelQuality, type ModelQualityResult } from './analyze.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-quality-drift-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

const analytics = {
  scan() {
    throw new Error('records are not scanned as tables');
  },
  close: async () => {},
};
const parts = { analytics, query: jmespathQuery(), log: silentLogger };
const window = { startMs: Date.UTC(2026, 0, 5, 10), endMs: Date.UTC(2026, 0, 5, 11) };
const common = {
  dataset_format: '{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}',
};
const binary = {
  ...{ ...common, problem_type: 'BinaryClassification' },
  ...{ inference_attribute: '0', probability_attribute: '1' },
};
const regression = { ...common, problem_type: 'Regression' };
const multiclass = { ...common, problem_type: 'MulticlassClassification' };

interface Row {
  readonly output: string;
  readonly label: string;
}

const line = ({ output, label }: Row) =>
  JSON.stringify({
    captureData: { endpointOutput: { data: output, encoding: 'CSV' } },
    groundTruthData: { data: label, encoding: 'CSV' },
    eventMetadata: { eventId: 'e', inferenceTime: '2026-01-05T10:30:00Z' },
  });

let files = 0;
async function analyze(environment: Record<string, string>, rows: readonly Row[], more = {}) {
  files += 1;
  const path = join(folder, `${files}.jsonl`);
  await writeFile(path, `${rows.map(line).join('\n')}\n`);
  const request = { files: [{ path, name: 'records' }], environment, evaluatedAtMs: 0, ...more };
  const outcome = await analyzeModelQuality(parts, request);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

const baselineName = 'baseline_distributions.json';

async function compared(
  environment: Record<string, string>,
  [before, after]: readonly [readonly Row[], readonly Row[]],
) {
  const baseline = await analyze(environment, before);
  expect(baseline.files['drift.json']).toBeUndefined();
  return against(baseline.files[baselineName] ?? '', environment, after);
}

async function against(
  text: string | undefined,
  environment: Record<string, string>,
  rows: readonly Row[],
) {
  const more = text === undefined ? {} : { baselineDistributionsText: text };
  const result = await analyze(environment, rows, { window, ...more });
  return { result, drift: driftOf(result), verdicts: verdictsOf(result) };
}

const driftOf = ({ files: made }: ModelQualityResult) => JSON.parse(made['drift.json'] ?? 'null');
const verdictsOf = ({ report }: ModelQualityResult) =>
  Object.fromEntries(report.comparisons.map(({ name, verdict }) => [name, verdict]));
const captions = ({ report }: ModelQualityResult) => report.tables.map(({ caption }) => caption);

const random = seededRandom(11);
const spread = () => random.next01();
/** Nearer to the threshold, where a calibrated model errs more. */
const unsure = () => 0.25 + random.next01() / 2;

/** Labels drawn from a calibrated score; a share of them is turned round. */
function scored(count: number, score: () => number, flip01 = 0): Row[] {
  return Array.from({ length: count }, () => {
    const p = score();
    const isTrue = random.next01() < p !== random.next01() < flip01;
    return { output: `${Number(p >= 0.5)},${p}`, label: String(Number(isTrue)) };
  });
}

test('nothing changed: nothing is said', async () => {
  const { result, drift, verdicts } = await compared(binary, [
    scored(2_000, spread),
    scored(900, spread),
  ]);
  expect(verdicts).toEqual({ score: 'none', 'predicted label': 'none', 'true label': 'none' });
  expect(drift).toMatchObject({ main_cause: 'none', missing: { residuals: expect.any(String) } });
  expect(drift.accuracy_change.change.low).toBeLessThan(0);
  expect(drift.accuracy_change.change.high).toBeGreaterThan(0);
  expect(result.report.summary).not.toContain('shift');
  expect(captions(result)).not.toContain('Drift that was found, and what to do');
  expect(result.report.notes).toEqual([]);
  expect(result.report.comparisons[0]?.shape).toBeDefined();
});

test('other records alone: covariate shift, told in words and not as a violation', async () => {
  const { result, drift, verdicts } = await compared(binary, [
    scored(2_000, spread),
    scored(2_000, unsure),
  ]);
  expect(verdicts['score']).toBe('large');
  expect(drift.main_cause).toBe('covariate');
  const { change, covariate, concept } = drift.accuracy_change;
  expect(covariate.value).toBeCloseTo(-0.125, 1);
  expect(covariate.value + concept.value).toBeCloseTo(change.value, 12);
  expect(result.report.summary).toMatch(
    /most of all by covariate shift \(records fall elsewhere\): −0\.1\d+ \(99 % interval −0\./,
  );
  expect(result.files['constraint_violations.json']).toBeUndefined();
  expect(result.report.findings).toEqual([]);
});

test('other labels of the same records: concept shift, and a window to retrain on', async () => {
  const { result, drift, verdicts } = await compared(binary, [
    scored(2_000, spread),
    scored(1_000, spread, 0.3),
  ]);
  expect(verdicts['score']).toBe('none');
  expect(drift.main_cause).toBe('concept');
  expect(drift.accuracy_change.concept.high).toBeLessThan(0);
  const [first] = result.report.tables;
  expect(first?.rows).toEqual([
    ['concept shift', expect.stringContaining('Accuracy changed by'), expect.any(String)],
  ]);
  expect(first?.rows[0]?.[2]).toContain('sliding window');
  const figures = result.report.figures.map(({ name }) => name);
  expect(figures).toContain('accuracy change by concept shift');
});

/** What the model says of a class is the same whatever the shares are. */
function classed(count: number, positive01: number): Row[] {
  return Array.from({ length: count }, () => {
    const truth = Number(random.next01() < positive01);
    const right = random.next01() < (truth === 1 ? 0.6 : 0.95);
    return { output: String(right ? truth : 1 - truth), label: String(truth) };
  });
}

test('other shares of the labels: label shift, and what predictions suggest of them', async () => {
  const environment = { ...common, problem_type: 'BinaryClassification' };
  const before = classed(5_500, 0.2);
  const { result, drift, verdicts } = await compared(environment, [before, classed(2_000, 0.6)]);
  expect(verdicts).toEqual({ 'predicted label': 'large', 'true label': 'large' });
  expect(drift).toMatchObject({
    main_cause: 'label',
    baseline_rows: 5_500,
    baseline_sample_rows: mostSampleRows,
    rows: 2_000,
  });
  expect(drift.estimated_label_shares.shares['1']).toBeCloseTo(0.6, 1);
  expect(drift.label_drift.true_label.measures.lInfinity).toBeCloseTo(0.4, 1);
  const [advice] = result.report.tables;
  expect(advice?.rows.map(([kind]) => kind)).toEqual(['prediction drift', 'label shift']);
  expect(advice?.rows[1]?.[1]).toMatch(/The true label moved: .* most of all by label shift/);
  expect(captions(result)).toContain(
    'Shares of labels, and what predictions alone suggest (label shift assumed)',
  );
});

/** An answer with noise around what it says. */
function numbered(count: number, { shift = 0, noise = 1, from = 0 }): Row[] {
  return Array.from({ length: count }, () => {
    const answer = from + 10 * random.next01();
    const error = shift + noise * (random.next01() + random.next01() - 1);
    return { output: String(answer), label: String(answer + error) };
  });
}

test('numbers: errors that moved are concept shift, answers alone are not', async () => {
  const baseline = (await analyze(regression, numbered(2_000, {}))).files[baselineName];
  const same = await against(baseline, regression, numbered(1_000, {}));
  expect(same.drift).toMatchObject({ main_cause: 'none', accuracy_change: null });
  expect(same.verdicts).toEqual({ prediction: 'none', 'true value': 'none', residual: 'none' });
  const biased = await against(baseline, regression, numbered(1_000, { shift: 0.5 }));
  expect(biased.drift.main_cause).toBe('concept');
  expect(biased.drift.residuals.mean_change.value).toBeCloseTo(0.5, 1);
  expect(biased.result.report.summary).toContain('which speaks for concept shift');
  const [advice] = biased.result.report.tables;
  expect(JSON.stringify(advice?.rows)).not.toContain('threshold');
  const wider = await against(baseline, regression, numbered(1_000, { noise: 2 }));
  expect(wider.drift.residuals.deviation_ratio.value).toBeCloseTo(2, 0);
  expect(wider.drift.residuals.deviation_ratio.low).toBeGreaterThan(1.5);
  expect(wider.drift.main_cause).toBe('concept');
  const elsewhere = await against(baseline, regression, numbered(1_000, { from: 5 }));
  expect(elsewhere.verdicts).toMatchObject({ prediction: 'large', residual: 'none' });
  expect(elsewhere.drift.main_cause).toBe('covariate');
  expect(elsewhere.drift.missing.accuracy_change).toBe('the answers are numbers: see residuals');
});

test('several classes, with the greatest probability as the score', async () => {
  const environment = { ...multiclass, probability_attribute: '0' };
  const rows = (count: number, right01: number) =>
    Array.from({ length: count }, (_, i) => {
      const said = i % 3;
      const p = [0.1, 0.1, 0.1].map((rest, at) => (at === said ? 0.8 : rest));
      const label = random.next01() < right01 ? said : (said + 1) % 3;
      return { output: `"[${p.join(',')}]"`, label: String(label) };
    });
  const { drift, verdicts } = await compared(environment, [rows(900, 0.9), rows(900, 0.6)]);
  expect(verdicts).toMatchObject({ score: 'none', 'predicted label': 'none' });
  expect(drift.main_cause).toBe('concept');
});

test('few rows, and one class: notes, and no causes', async () => {
  const baseline = (await analyze(binary, scored(500, spread))).files[baselineName];
  const tiny = await against(baseline, binary, scored(20, spread, 1));
  expect(Object.values(tiny.verdicts)).toEqual(['too few', 'too few', 'too few']);
  expect(tiny.drift).toMatchObject({ accuracy_change: null, estimated_label_shares: null });
  expect(tiny.result.report.notes.slice(-2)).toEqual([
    'No accuracy change, estimated label shares: 500 rows of the baseline and 20 of this run: ' +
      'what a change is made of is told of 200 rows on either side.',
    expect.stringContaining('Too few values to tell whether they moved: '),
  ]);
  const one = Array.from({ length: 300 }, () => ({ output: '1,0.9', label: '1' }));
  const { drift, result } = await compared(binary, [one, one]);
  expect(drift.main_cause).toBe('none');
  expect(drift.missing.estimated_label_shares).toBe('the reference has one class only');
  expect(result.report.notes.join()).toContain('the reference has one class only');
});

test('a model that does not tell the classes apart suggests no shares', async () => {
  const blind = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      output: `${i % 2},0.5`,
      label: String(Number(i % 4 < 2)),
    }));
  const { drift } = await compared(binary, [blind(400), blind(400)]);
  expect(drift.estimated_label_shares).toBeNull();
  expect(drift.missing.estimated_label_shares).toContain('does not tell the classes apart');
});

test('a baseline without a sample: distributions are compared, causes are not told', async () => {
  const baseline = await analyze(binary, scored(2_000, spread));
  const { sample, ...old } = JSON.parse(baseline.files[baselineName] ?? '{}');
  expect(sample.label).toHaveLength(2_000);
  expect(Object.keys(sample)).toEqual(['labels', 'predicted', 'label', 'score']);
  const { drift, verdicts, result } = await against(
    JSON.stringify(old),
    binary,
    scored(1_000, unsure),
  );
  expect(verdicts).toMatchObject({ score: 'large', 'true label': 'none' });
  expect(drift).toMatchObject({ accuracy_change: null, baseline_sample_rows: 0 });
  expect(drift.prediction_drift.score.unmeasured['exact measures']).toContain('no sample');
  expect(result.report.notes.join()).toContain('made without a sample of its answers');
});

test.each([
  [undefined, 'there is no baseline_distributions.json beside the constraints'],
  ['{"rows":3,"sample":{"predicted":[1],"label":[]}}', 'baseline_distributions.json cannot be'],
])('without what the baseline left: %s', async (text, reason) => {
  const { drift, result } = await against(text, binary, scored(300, spread));
  expect(drift).toMatchObject({ prediction_drift: null, label_drift: null, baseline_rows: null });
  expect(drift.missing.label_drift).toContain(reason);
  expect(result.report.notes.filter((note) => note.includes(reason))).toHaveLength(1);
  expect(result.report.comparisons).toEqual([]);
});

test('a baseline of another kind of answers is not compared', async () => {
  const baseline = (await analyze(regression, numbered(300, {}))).files[baselineName];
  const { drift } = await against(baseline, binary, scored(300, spread));
  expect(drift).toMatchObject({ prediction_drift: null, label_drift: null, main_cause: 'none' });
  expect(drift.missing.accuracy_change).toBe('the baseline is of answers of another kind');
});
