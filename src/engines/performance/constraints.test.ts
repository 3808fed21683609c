/** Constraints of the original, edited ones and broken ones, and what is judged by them. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { judge, parseConstraints, suggestConstraints } from './constraints.ts';
import type { Measures, Performance } from './measures.ts';

const read = (name: string) => readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8');

const recorded: Performance = {
  problem: 'regression',
  rows: 100,
  notes: [],
  measures: Object.fromEntries(
    Object.entries(
      JSON.parse(read('regression.statistics.json')).regression_metrics as Record<
        string,
        { value: number }
      >,
    ).map(([name, { value }]) => [name, { value }]),
  ),
};

const performance = (measures: Measures): Performance => ({ ...recorded, measures });

test('the recorded constraints are suggested from the recorded statistics', () => {
  const good = parseConstraints(read('regression.constraints.good.json'));
  expect(good).toEqual({ ok: true, value: suggestConstraints(recorded) });
});

test('the recorded good case passes and the bad one fails', () => {
  for (const [name, expected] of [
    ['regression.constraints.good.json', []],
    [
      'regression.constraints.bad.json',
      [
        {
          measure: 'mse',
          operator: 'GreaterThanThreshold',
          description:
            "Metric mse with 0.33364933609800973 was GreaterThanThreshold '0.03364933609800973'",
        },
      ],
    ],
  ] as const) {
    const constraints = parseConstraints(read(name));
    if (!constraints.ok) throw new Error(constraints.reason);
    expect(judge(recorded, constraints.value, String).violations).toEqual(expected);
  }
});

test('the deviation is told, and widens nothing; equal is good', () => {
  const constraints = parseConstraints(
    JSON.stringify({
      binary_classification_constraints: {
        f2: { threshold: '0.625', comparison_operator: 'LessThanThreshold' },
        recall: { threshold: 0.5, comparison_operator: 'LessThanThreshold' },
        auc: { threshold: 0.9, comparison_operator: 'LessThanThreshold' },
        precision: { threshold: 0.9, comparison_operator: 'LessThanThreshold' },
      },
    }),
  );
  if (!constraints.ok) throw new Error(constraints.reason);
  const measures = {
    f2: { value: 0.62, deviation: 0.01 },
    recall: { value: 0.5 },
    precision: { value: 0, caveat: 'nothing was there' },
  };
  expect(judge(performance(measures), constraints.value, String)).toEqual({
    violations: [
      {
        measure: 'f2',
        operator: 'LessThanThreshold',
        description: "Metric f2 with 0.62 +/- 0.01 was LessThanThreshold '0.625'",
      },
    ],
    notes: [
      'The constraint of auc was not judged: it cannot be computed from these rows.',
      'The constraint of precision was not judged: nothing was there.',
    ],
  });
});

test('constants, the standard r2 and conventions are not suggested', () => {
  const measures = {
    recall: { value: 0.5 },
    recall_best_constant_classifier: { value: 1 },
    false_positive_rate: { value: 0.1 },
    r2_standard: { value: 1 },
    auc: { value: 0, caveat: 'x' },
  };
  expect([...suggestConstraints(performance(measures)).thresholds]).toEqual([
    ['recall', { threshold: 0.5, operator: 'LessThanThreshold' }],
    ['false_positive_rate', { threshold: 0.1, operator: 'GreaterThanThreshold' }],
  ]);
});

const inMember = (entry: unknown) => JSON.stringify({ regression_constraints: { mae: entry } });
const below = 'LessThanThreshold';

test.each([
  ['{', /^not JSON: /],
  ['null', /^must have one of binary_classification_constraints, multiclass/],
  ['{}', /^must have one of /],
  ['{"regression_constraints":{},"binary_classification_constraints":{}}', /^must have one of /],
  ['{"regression_constraints":[]}', /^regression_constraints must be an object$/],
  [inMember(null), /^regression_constraints.mae.threshold must be a number, and is missing$/],
  [inMember({ threshold: 'much', comparison_operator: below }), /must be a number, and is "much"$/],
  [inMember({ threshold: '', comparison_operator: below }), /must be a number, and is ""$/],
  [inMember({ threshold: 1 }), /^regression_constraints.mae.comparison_operator must be Less/],
  [inMember({ threshold: 1, comparison_operator: '<' }), /GreaterThanThreshold, and is "<"$/],
])('constraints that cannot be read: %s', (text, reason) => {
  expect(parseConstraints(text)).toMatchObject({
    ok: false,
    reason: expect.stringMatching(reason),
  });
});
