/** The recorded analyses and their verdicts, the file's shape, and files of every spelling. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { analyzeBias } from './analyze.ts';
import { columnOfCells } from './column.ts';
import type { BiasAnalysis } from './config.ts';
import { documentOf, formatAnalysis, parseAnalysis } from './documents.ts';
import { biasViolations, formatBiasViolations, uncompared } from './drift.ts';

const golden = (name: string) => readFileSync(new URL(`./golden/${name}`, import.meta.url), 'utf8');
const names = ['Label', 'F1', 'F2', 'F3', 'F4'];

function recorded(): BiasAnalysis {
  const lines = golden('dataset.csv').trimEnd().split('\n');
  const cells = lines.map((line) => line.split(','));
  const table = new Map(
    names.map((name, at) => [name, columnOfCells(cells.map((row) => row[at]))]),
  );
  const analysis = analyzeBias(table, {
    label: 'Label',
    labelValues: [1],
    facets: [{ name: 'F1', values: [0.5] }],
    groupVariable: 'F2',
  });
  if (!analysis.ok) throw new Error(analysis.reason);
  return analysis.value;
}

function baseline(text: string) {
  const parsed = parseAnalysis(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
}

test('the recorded analysis comes out to the last digit', () => {
  const [observed] = baseline(formatAnalysis(recorded())).preTraining;
  const [expected] = baseline(golden('good_analysis.json')).preTraining;
  expect(observed?.facet).toBe('F1');
  expect(observed?.valueOrThreshold).toBe(expected?.valueOrThreshold);
  const values = (facet: typeof observed) =>
    Object.fromEntries(facet?.metrics.map(({ name, value }) => [name, value]) ?? []);
  expect(values(observed)).toEqual(values(expected));
});

test('the file has the keys and texts of the recorded one', () => {
  const stripped = JSON.parse(formatAnalysis(recorded()), (key, value) =>
    key === 'confidence_interval' || key === 'value' ? undefined : value,
  );
  const expected = JSON.parse(golden('good_analysis.json'), (key, value) =>
    key === 'value' ? undefined : value,
  );
  expect(stripped).toEqual(expected);
});

test('the good baseline passes and the bad one is violated by the one measure', () => {
  const observed = documentOf(recorded());
  expect(biasViolations(observed, baseline(golden('good_analysis.json')))).toEqual([]);
  const violations = biasViolations(observed, baseline(golden('bad_analysis.json')));
  expect(JSON.parse(formatBiasViolations(violations))).toEqual({
    version: '1.0',
    violations: [
      {
        facet: 'F1',
        facet_value: '(0.5, 0.9936148802477393]',
        metric_name: 'KS',
        constraint_check_type: 'bias_drift_check',
        description:
          "Metric value 0.015297906602254496 doesn't meet the baseline constraint requirement " +
          '7.906602254496e-06',
      },
    ],
  });
});

test('another recorded file is read: several values of a facet, both stages', () => {
  const { preTraining, postTraining } = baseline(golden('clarify_bias.json'));
  expect(preTraining.map((facet) => facet.valueOrThreshold)).toEqual(['0']);
  expect(postTraining.map((facet) => facet.valueOrThreshold)).toEqual(['0', '1']);
});

const facet = (metrics: Record<string, number | string | null>, value = '0') =>
  baseline(
    JSON.stringify({
      post_training_bias_metrics: {
        facets: {
          Sex: [
            {
              value_or_threshold: value,
              metrics: Object.entries(metrics).map(([name, value]) => ({ name, value })),
            },
          ],
        },
      },
    }),
  );

test.each([
  ['farther from 0', { RD: 0.17253086419753086 }, { RD: 0.1308103661044837 }, ['RD']],
  ['on the other side of 0', { DCR: -0.077 }, { DCR: 0.028 }, ['DCR']],
  ['nearer', { DPL: -0.004 }, { DPL: 0.233 }, []],
  ['equal', { DPL: -0.2 }, { DPL: 0.2 }, []],
  ['farther from parity, by the original rule', { DI: 0.083 }, { DI: 0.178 }, []],
  ['infinite', { TE: 'Infinity' }, { TE: 4 }, ['TE']],
  ['infinite on both sides', { TE: '-Infinity' }, { TE: 'Infinity' }, []],
  ['null here', { FT: null }, { FT: 0 }, []],
  ['null before', { FT: 0.3 }, { FT: null }, []],
  ['unknown before', { AD: 0.3 }, {}, []],
] as const)('drift: %s', (_, observed, before, names) => {
  const violations = biasViolations(facet(observed), facet(before));
  expect(violations.map((violation) => violation.metricName)).toEqual(names);
});

test('by distance from parity a ratio is held against 1, a difference against 0', () => {
  const rule = { distanceFromParity: true };
  const beyond = (observed: number, before: number) =>
    biasViolations(facet({ DI: observed, DPPL: 0.1 }), facet({ DI: before, DPPL: 0.1 }), rule);
  expect(beyond(0.083, 0.178).map((violation) => violation.metricName)).toEqual(['DI']);
  expect(beyond(1.05, 0.9)).toEqual([]);
});

test('a threshold is the same facet value whatever the largest value of a run', () => {
  const violations = biasViolations(
    facet({ AD: 0.3 }, '(0.5, 0.98]'),
    facet({ AD: 0.1 }, '(0.5, 0.9936148802477393]'),
  );
  expect(violations.map((violation) => violation.facetValue)).toEqual(['(0.5, 0.98]']);
  expect(
    biasViolations(facet({ AD: 0.3 }, '(0.6, 1.0]'), facet({ AD: 0.1 }, '(0.5, 1.0]')),
  ).toEqual([]);
});

test('what could not be compared is said', () => {
  expect(uncompared(facet({ AD: 0.1, FT: null }), facet({ AD: 0.1, FT: 0 }))).toEqual([
    'FT of Sex = 0 was not compared: this run has no value.',
  ]);
  expect(uncompared(facet({ AD: 0.1 }, '1'), facet({ AD: 0.1 }, '0'))).toEqual([
    'The baseline has no post-training facet Sex = 1.',
  ]);
});

test('bare Infinity and NaN are read; what is no analysis is refused', () => {
  const bare =
    '{"pre_training_bias_metrics":{"facets":{"a":[{"value_or_threshold":"NaN","metrics":';
  expect(
    baseline(`${bare}[{"name":"KL","value":-Infinity},{"name":"JS","value":NaN}]}]}}}`),
  ).toEqual({
    preTraining: [
      {
        facet: 'a',
        valueOrThreshold: 'NaN',
        metrics: [
          { name: 'KL', value: Number.NEGATIVE_INFINITY },
          { name: 'JS', value: null },
        ],
      },
    ],
    postTraining: [],
  });
  expect(parseAnalysis('{').ok).toBe(false);
  expect(parseAnalysis('[]')).toEqual({ ok: false, reason: 'the analysis is not a JSON object' });
  expect(parseAnalysis('{"features":[]}').ok).toBe(false);
});
