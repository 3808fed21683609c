/** The report of a bias run: it fits the shape of all reports and says what to do. */
import { expect, test } from 'vitest';
import { analyzeBias } from './analyze.ts';
import { columnOfNumbers } from './column.ts';
import type { BiasAnalysis } from './config.ts';
import { documentOf } from './documents.ts';
import { biasViolations } from './drift.ts';
import { biasReport } from './report-parts.ts';

function analysisOf(answer: (row: number) => number, rows = 400): BiasAnalysis {
  const column = (of: (row: number) => number) =>
    columnOfNumbers(Float64Array.from({ length: rows }, (_, row) => of(row)));
  const table = new Map([
    ['sex', column((row) => row % 2)],
    ['label', column((row) => (row % 5 < 2 ? 1 : 0))],
    ['answer', column(answer)],
    ['age', column((row) => row % 7)],
  ]);
  const analysis = analyzeBias(table, {
    label: 'label',
    labelValues: [1],
    predictedLabel: 'answer',
    facets: [{ name: 'sex', values: [1] }],
  });
  if (!analysis.ok) throw new Error(analysis.reason);
  return analysis.value;
}

const fair = analysisOf((row) => (row % 5 < 2 ? 1 : 0));
const unfair = analysisOf((row) => (row % 5 < 2 && row % 2 === 0 ? 1 : 0));

test('a violation carries what to do and the numbers that speak for it', () => {
  const baseline = documentOf(fair);
  const violations = biasViolations(documentOf(unfair), baseline);
  const report = biasReport({ analysis: unfair, baseline, violations });
  const recall = report.findings.find((finding) => finding.subject === 'sex = 1: RD');
  expect(recall?.advice.action).toContain('Compare the errors of both groups');
  expect(recall?.advice.evidence).toContain('Recall Difference (RD) is 1; the baseline is 0.');
  expect(report.summary).toContain(`${violations.length} measures of bias are beyond the baseline`);
  const figure = report.figures.find((one) => one.name === 'DPPL (sex = 1)');
  expect(figure).toMatchObject({ value: 0.4, threshold: 0, badIs: 'above' });
  expect(figure?.deviation).toBeGreaterThan(0);
  const [table] = report.tables;
  expect(table?.rows.find(([name]) => name === 'Recall Difference (RD)')?.slice(-1)).toEqual([
    'beyond baseline',
  ]);
  expect(report.notes).toContain('CDDL of sex = 1 was not compared: this run has no value.');
});

test('a baseline within the interval is advised to be waited out', () => {
  const observed = analysisOf((row) => (row % 5 < 2 || row === 9 ? 1 : 0), 100);
  const before = analysisOf((row) => (row % 5 < 2 || row === 9 ? 1 : 0), 110);
  const baseline = documentOf(before);
  const violations = biasViolations(documentOf(observed), baseline);
  const [first] = biasReport({ analysis: observed, baseline, violations }).findings;
  expect(first?.advice.action).toContain('Wait for more rows');
});

test('without a baseline the values are shown and few rows are pointed out', () => {
  const report = biasReport({ analysis: analysisOf((row) => row % 2, 40) });
  expect(report.summary).toBe(
    '40 rows were looked at for 1 group; there is no baseline to compare with.',
  );
  expect(report.charts[0]?.series).toEqual(['current']);
  expect(report.notes[0]).toContain('sex = 1 has few rows on one side');
});

test('every bar has one value a series', () => {
  const baseline = documentOf(fair);
  const [chart] = biasReport({ analysis: unfair, baseline }).charts;
  expect(chart?.items.length).toBeGreaterThan(5);
  expect(chart?.items.every((item) => item.values.length === chart.series.length)).toBe(true);
});
