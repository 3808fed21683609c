/** From local values to global ones, to documents, to drift and to a report's parts. */
import { describe, expect, test } from 'vitest';
import { ok } from '../../kernel/outcome.ts';
import { aggregate, kernelShapOf, labelNames, localLines } from './aggregate.ts';
import { explanationsDocument, readExplanations } from './document.ts';
import { type AttributionDrift, attributionDrift, type DriftOptions } from './drift.ts';
import { type PdpRequest, partialDependence } from './pdp.ts';
import { reportParts } from './report-parts.ts';
import type { Explanation } from './types.ts';

/** Two rows, two labels, three features. */
const explanation: Explanation = {
  featureNames: ['Age', 'Sex, at birth', 'Hours'],
  rows: 2,
  labels: 2,
  expected: [0.5, -0.5],
  values: Float64Array.of(1, -2, 0.5, -1, 2, -0.5, -3, 4, 0.5, 3, -4, -0.5),
  predictions: Float64Array.of(0.25, 0.75, 0.1, 0.9),
  exact: true,
  asked: 1,
  calls: 1,
  notes: [],
};

describe('aggregation', () => {
  test('global values of each label', () => {
    expect(kernelShapOf(explanation)).toEqual({
      label0: {
        global_shap_values: { Age: 2, 'Sex, at birth': 3, Hours: 0.5 },
        expected_value: 0.5,
      },
      label1: {
        global_shap_values: { Age: 2, 'Sex, at birth': 3, Hours: 0.5 },
        expected_value: -0.5,
      },
    });
    const named = kernelShapOf(explanation, { aggregation: 'median', labelHeaders: ['yes', 'no'] });
    expect(named.yes?.global_shap_values).toEqual({ Age: -1, 'Sex, at birth': 1, Hours: 0.5 });
    const squares = kernelShapOf(explanation, { aggregation: 'mean_sq' });
    expect(squares.label1?.global_shap_values).toEqual({
      Age: 5,
      'Sex, at birth': 10,
      Hours: 0.25,
    });
    expect(aggregate(Float64Array.of(5, -1, 2), 'median')).toBe(2);
    expect(labelNames(2, ['a'])).toEqual(['a', 'label1']);
  });

  test('lines of local values', () => {
    expect([...localLines(explanation)]).toEqual([
      'Age_label0,"Sex, at birth_label0",Hours_label0,' +
        'Age_label1,"Sex, at birth_label1",Hours_label1',
      '1,-2,0.5,-1,2,-0.5',
      '-3,4,0.5,3,-4,-0.5',
    ]);
    const key = { header: 'id', cells: ['a', 'b,c'] };
    const lines = [
      ...localLines(explanation, { labelHeaders: ['n', 'y'], predictionHeader: 'p', key }),
    ];
    expect(lines[0]).toMatch(/,Hours_y,p_n,p_y,id$/);
    expect(lines[2]).toBe('-3,4,0.5,3,-4,-0.5,0.1,0.9,"b,c"');
  });
});

const shap = (values: Record<string, number>, label = 'label0') => ({
  [label]: { global_shap_values: values, expected_value: 0.1 },
});

function drifted(
  baseline: ReturnType<typeof shap>,
  live: ReturnType<typeof shap>,
  options?: DriftOptions,
): AttributionDrift {
  const outcome = attributionDrift(baseline, live, options);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

describe('drift', () => {
  const admission = shap({ SAT: 0.7, GPA: 0.5, rank: 0.05 });
  const reversed = shap({ SAT: 0.1, GPA: 0.2, rank: 0.7 });

  test('the worked example of a reversed order', () => {
    const { labels, violations } = drifted(admission, reversed);
    const wanted = (0.05 + 0.5 / Math.log2(3) + 0.35) / (0.7 + 0.5 / Math.log2(3) + 0.025);
    expect(labels[0]?.ndcg).toBeCloseTo(wanted, 12);
    expect(wanted).toBeCloseTo(0.6876, 4);
    expect(violations).toEqual([
      {
        label: 'label0',
        metric_name: 'shap',
        constraint_check_type: 'feature_attribution_drift_check',
        description: `Feature attribution drift ${labels[0]?.ndcg} exceeds threshold 0.9`,
      },
    ]);
    expect(labels[0]?.features[2]).toEqual({
      feature: 'rank',
      baseline: 0.05,
      live: 0.7,
      baselineRank: 3,
      liveRank: 1,
    });
  });

  test('the threshold is strict and can be set', () => {
    expect(drifted(admission, admission, { threshold: 1 }).violations).toEqual([]);
    expect(drifted(admission, reversed, { threshold: 0.5 }).violations).toEqual([]);
    expect(drifted(admission, reversed, { threshold: 1 }).violations[0]?.description).toMatch(
      /exceeds threshold 1\.0$/,
    );
  });

  test('magnitude is seen beside order, and judged only when switched on', () => {
    const halved = shap({ SAT: 0.35, GPA: 0.25, rank: 0.025 });
    const [label] = drifted(admission, halved).labels;
    expect([label?.ndcg, label?.shareDistance01]).toEqual([1, expect.closeTo(0, 12)]);
    expect(label?.totalChange).toBeCloseTo(-0.5, 12);
    const shifted = shap({ SAT: 1.2, GPA: 0.02, rank: 0.01 });
    const magnitude = { maxShareDistance01: 0.2, maxTotalChange: 0.4 };
    expect(drifted(admission, shifted).violations).toEqual([]);
    const [share] = drifted(admission, shifted, { magnitude }).violations;
    expect(share?.constraint_check_type).toBe('feature_attribution_share_check');
    const [total] = drifted(admission, halved, { magnitude }).violations;
    expect(total?.description).toBe(
      'Change of the total feature attribution -0.5 exceeds threshold 0.4',
    );
  });

  test('features of one side count as nothing on the other', () => {
    const live = shap({ fresh: 0.9, SAT: 0.7, GPA: 0.5 });
    const { labels, notes } = drifted(admission, live);
    const log3 = Math.log2(3);
    const wanted = (0.7 / log3 + 0.25 + 0.05 / Math.log2(5)) / (0.7 + 0.5 / log3 + 0.025);
    expect(labels[0]?.ndcg).toBeCloseTo(wanted, 12);
    expect(notes).toEqual([
      'label0: only the baseline has rank, which count as 0 live.',
      'label0: only the live data has fresh, which give no gain.',
    ]);
  });

  test('nothing but zeros, negatives and ties have a score', () => {
    const zeros = shap({ a: 0, b: 0 });
    expect(drifted(zeros, zeros).labels[0]).toMatchObject({
      ndcg: 1,
      shareDistance01: 0,
      totalChange: 0,
    });
    const grown = drifted(zeros, shap({ a: 1, b: 2 }), { magnitude: { maxTotalChange: 9 } });
    expect(grown.labels[0]).toMatchObject({ shareDistance01: 1, totalChange: undefined });
    expect(grown.violations[0]?.description).toContain('Infinity');
    const negative = drifted(shap({ a: 1, b: -2 }), shap({ a: -2, b: 1 }));
    expect(negative.labels[0]?.ndcg).toBeGreaterThan(1);
    expect(negative.notes[0]).toContain('negative values');
    expect(drifted(shap({ a: 1, b: 0.5 }), shap({ b: 3, a: 3 })).labels[0]?.ndcg).toBe(1);
  });

  test('labels of one side alone are noted; none in common is refused', () => {
    const both = { ...admission, ...shap({ SAT: 1 }, 'label1') };
    expect(drifted(both, admission).notes[0]).toContain('label1 of the baseline');
    expect(drifted(admission, both).notes[0]).toContain('live label label1');
    expect(attributionDrift(admission, shap({ SAT: 1 }, 'other'))).toEqual({
      ok: false,
      reason: expect.stringContaining('the labels label0 and the live data other'),
    });
  });

  test('a report has bars, figures, a table and advice', () => {
    const live = reversed;
    const parts = reportParts({ drift: drifted(admission, live), live, rows: 50, notes: ['n'] });
    expect(parts.summary).toContain('has moved for label0');
    expect(parts.charts[0]?.items[0]).toEqual({ label: 'SAT', values: [0.7, 0.1] });
    expect(parts.figures[0]).toMatchObject({ name: 'NDCG of label0', threshold: 0.9 });
    expect(parts.figures.at(-1)).toEqual({ name: 'Expected value of label0', value: 0.1 });
    expect(parts.tables[0]?.rows[2]).toEqual(['rank', 0.05, 0.7, 0.7 - 0.05, 3, 1]);
    expect(parts.findings[0]?.advice.evidence[0]).toContain('rank went from 0.0500 (rank 3)');
    const calm = drifted(admission, admission);
    const same = reportParts({ drift: calm, live, rows: 50, notes: [] });
    expect([same.findings, same.summary]).toEqual([[], expect.stringContaining('as in the base')]);
  });
});

describe('documents', () => {
  test('what is written is read back', () => {
    const kernelShap = kernelShapOf(explanation);
    const document = explanationsDocument(kernelShap, []);
    expect(readExplanations(JSON.parse(JSON.stringify(document)))).toEqual(
      ok({ kernelShap, notes: [] }),
    );
    expect(explanationsDocument(undefined)).toEqual({ version: '1.0', explanations: {} });
  });

  test('what others write is read where it can be', () => {
    const foreign = {
      explanations: {
        kernel_shap: {
          label0: {
            global_shap_values: { Age: 0.03, Odd: 'NaN' },
            expected_value: 0.0006,
            global_top_shap_text: { x: { charming: 0.04 } },
          },
          label1: { expected_value: 1 },
        },
        pdp: [],
      },
    };
    const read = readExplanations(foreign);
    expect(read.ok && read.value.kernelShap.label0?.global_shap_values).toEqual({ Age: 0.03 });
    expect(read.ok && read.value.notes).toEqual([
      expect.stringContaining('Odd for label0 is not a number'),
      expect.stringContaining('label1 has no "global_shap_values"'),
    ]);
  });

  test.each([
    [null, 'not a JSON object'],
    [{ version: '1.0' }, 'no "explanations"'],
    [{ explanations: {} }, 'no "explanations.kernel_shap": it was made without the shap method'],
    [{ explanations: { kernel_shap: { label0: 3 } } }, 'no label of the baseline'],
    [{ explanations: { kernel_shap: { a: { global_shap_values: { x: '1' } } } } }, 'no label'],
  ])('%j is refused', (document, reason) => {
    const outcome = readExplanations(document);
    expect(outcome).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });
});

describe('partial dependence', () => {
  const signal = new AbortController().signal;
  const request: PdpRequest = {
    rows: [
      [19, 'Cat'],
      [75, 'Dog'],
      [20, 'Cat'],
      [22.74, 'Cat'],
    ],
    featureNames: ['Age', 'Animal'],
    features: ['Age', 1],
    predict: async (rows) =>
      ok(rows.map(([age, pet]) => [Number(age) + (pet === 'Cat' ? 1 : 5), pet === 'Cat' ? 0 : 1])),
    signal,
  };

  test('numbers in equally wide buckets, categories as they occur', async () => {
    const outcome = await partialDependence(request);
    const [age, animal] = outcome.ok ? outcome.value : [];
    expect(age?.data_type).toBe('numerical');
    expect(age?.feature_values).toHaveLength(15);
    // The published sample of a column from 19 to 75.
    expect(age?.feature_values.slice(0, 2)).toEqual([
      expect.closeTo(20.866666666666667, 10),
      expect.closeTo(24.6, 10),
    ]);
    expect(age?.data_distribution.slice(0, 2)).toEqual([0.5, 0.25]);
    expect(age?.data_distribution.at(-1)).toBe(0.25);
    expect(age?.model_predictions[0]?.[0]).toBeCloseTo(20.866666666666667 + 2, 10);
    expect(animal).toEqual({
      feature_name: 'Animal',
      data_type: 'categorical',
      feature_values: ['Cat', 'Dog'],
      model_predictions: [
        [expect.closeTo(35.185, 10), expect.closeTo(39.185, 10)],
        [0, 1],
      ],
      data_distribution: [0.75, 0.25],
      label_headers: ['label0', 'label1'],
    });
  });

  test('small batches come to the same', async () => {
    const whole = await partialDependence(request);
    const bytes = { maxRows: 3, maxBytes: 20, bytesOf: () => 10 };
    expect(await partialDependence({ ...request, batch: bytes })).toEqual(whole);
  });

  test('without names the features that add most are taken', async () => {
    const { features: _, ...unnamed } = request;
    const shapValues = shap({ Age: 0.1, Animal: -0.3 });
    const outcome = await partialDependence({ ...unnamed, shap: shapValues, topKFeatures: 1 });
    expect(outcome.ok && outcome.value.map((part) => part.feature_name)).toEqual(['Animal']);
    expect(await partialDependence(unnamed)).toMatchObject({ ok: false });
  });

  test.each<[Partial<PdpRequest>, string]>([
    [{ features: ['Weight'] }, 'there is no feature Weight'],
    [{ features: [2] }, 'there is no feature 2'],
    [{ rows: [] }, 'there are no rows'],
    [{ rows: [[1]] }, 'row 1 has 1 cells for 2 features'],
    [{ gridResolution: 0 }, 'grid_resolution must be'],
    [{ maxPredictions: 10 }, '68 predictions, more than the limit of 10'],
    [
      { predict: async (rows) => ok(rows.map(() => [Number.NaN])) },
      'NaN in output column 1 for row 1 with column 1 set to 20.86',
    ],
  ])('%j is refused', async (more, reason) => {
    const outcome = await partialDependence({ ...request, ...more });
    expect(outcome).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });
});
