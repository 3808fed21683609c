/** Every check, its words and its order of precedence, against recorded files and small tables. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { batchOf } from '../profile/batcher.ts';
import { emptyProfile, observe, type Profile } from '../profile/profile.ts';
import { type MonitoringConfig, suggestConstraints } from './constraints.ts';
import { parseConstraints, parseStatistics } from './documents.ts';
import { formatStatistics, statisticsOf } from './statistics.ts';
import { type CheckOptions, findViolations, formatViolations } from './violations.ts';

const golden = (name: string) => readFileSync(new URL(`./golden/${name}`, import.meta.url), 'utf8');

function profileOf(columns: Record<string, readonly (string | number | undefined)[]>): Profile {
  const names = Object.keys(columns);
  const rows = Object.values(columns)[0]?.length ?? 0;
  const table = Array.from({ length: rows }, (_, at) => ({
    names,
    cells: names.map((name) => columns[name]?.[at]?.toString()),
  }));
  return observe(emptyProfile(), batchOf(table));
}

function parsed<T>(outcome: { ok: true; value: T } | { ok: false; reason: string }): T {
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

const recorded = () => {
  const lines = golden('quality-check/baseline_dataset.csv').trimEnd().split('\n');
  const names = lines[0]?.split(',').map((_, i) => `_c${i}`) ?? [];
  const rows = lines.map((line) => ({ names, cells: line.split(',') }));
  return observe(emptyProfile(), batchOf(rows));
};

function against(
  baseline: Profile,
  current: Profile,
  more: { config?: Partial<MonitoringConfig>; options?: CheckOptions } = {},
) {
  const constraints = suggestConstraints(baseline, more.config);
  const baselineStatistics = statisticsOf(baseline);
  return findViolations({ constraints, baselineStatistics, current, options: more.options ?? {} });
}

const many = <T>(count: number, value: (i: number) => T) =>
  Array.from({ length: count }, (_, i) => value(i));

test('the recorded good constraints hold for the recorded data, and the bad ones do not', () => {
  const baselineStatistics = parsed(parseStatistics(golden('quality-check/statistics.json')));
  const judge = (file: string) =>
    findViolations({
      constraints: parsed(parseConstraints(golden(file))),
      baselineStatistics,
      current: recorded(),
    }).violations;
  expect(judge('quality-check/good_cases/constraints.json')).toEqual([]);
  expect(judge('quality-check/bad_cases/constraints.json')).toEqual([
    {
      feature_name: '_c5',
      constraint_check_type: 'data_type_check',
      description:
        'Data type match requirement is not met. Expected data type: String, Expected match: ' +
        '100.0%. Observed: Only 0.0% of data is String.',
    },
  ]);
});

test('statistics alone are judged like the profile they came from', () => {
  const current = statisticsOf(recorded());
  const constraints = parsed(parseConstraints(golden('quality-check/bad_cases/constraints.json')));
  const { violations } = findViolations({ constraints, baselineStatistics: current, current });
  expect(violations.map((v) => v.constraint_check_type)).toEqual(['data_type_check']);
});

test('a recorded share of matching cells is printed as recorded', () => {
  const baseline = profileOf({ State_NV: many(1_977, () => 1) });
  const current = profileOf({ State_NV: many(1_977, (i) => (i < 1_970 ? '0' : '0.5')) });
  expect(against(baseline, current).violations[0]?.description).toBe(
    'Data type match requirement is not met. Expected data type: Integral, Expected match: ' +
      '100.0%. Observed: Only 99.64592817400101% of data is Integral.',
  );
});

test('the type threshold is strict, and lower ones let columns pass', () => {
  const baseline = profileOf({ n: many(100, (i) => i) });
  const current = profileOf({ n: many(100, (i) => (i === 0 ? 'x' : i)) });
  const at = (datatypeCheckThreshold: number) =>
    against(baseline, current, { config: { datatypeCheckThreshold } }).violations.length;
  expect([at(1), at(0.991), at(0.99)]).toEqual([1, 1, 0]);
});

test('a column that fails its type gets no drift verdict, and a note says so', () => {
  const baseline = profileOf({ churn: many(500, (i) => i % 2) });
  const current = profileOf({ churn: many(500, (i) => (0.1 + (i % 5) / 100).toFixed(3)) });
  const { violations, notes, distances } = against(baseline, current);
  expect(violations.map((v) => v.constraint_check_type)).toEqual(['data_type_check']);
  expect(distances).toEqual([]);
  expect(notes).toContainEqual({
    feature: 'churn',
    note: 'its type did not hold, so its values and drift were not judged',
  });
});

test('whole numbers in a Fractional column violate, unless asked otherwise', () => {
  const baseline = profileOf({ x: many(100, (i) => `${i}.5`) });
  const current = profileOf({ x: many(100, (i) => (i % 2 ? `${i}.5` : `${i}`)) });
  expect(against(baseline, current).violations[0]?.description).toContain('Only 50.0% of data');
  const options = { integralIsFractional: true };
  expect(against(baseline, current, { options }).violations).toEqual([]);
});

test('completeness, domains and drift, in their words', () => {
  const baseline = profileOf({
    full: many(100, (i) => i),
    plan: many(100, (i) => (i % 2 ? 'a' : 'b')),
    moved: many(100, (i) => i),
  });
  const current = profileOf({
    full: many(100, (i) => (i < 25 ? undefined : i)),
    plan: many(100, (i) => (i < 1 ? 'c' : i % 2 ? 'a' : 'b')),
    moved: many(100, (i) => i + 80),
  });
  const { violations, distances } = against(baseline, current);
  expect(violations).toEqual([
    {
      feature_name: 'full',
      constraint_check_type: 'completeness_check',
      description: 'Value: 0.75 does not meet the constraint requirement! ',
    },
    {
      feature_name: 'plan',
      constraint_check_type: 'categorical_values_check',
      description: 'Value: 0.99 does not meet the constraint requirement! ',
    },
    {
      feature_name: 'moved',
      constraint_check_type: 'baseline_drift_check',
      description: `Baseline drift distance: ${0.8 - 1.8 * Math.sqrt(0.02)} exceeds threshold: 0.1`,
    },
  ]);
  expect(distances.map((d) => [d.feature, d.method])).toEqual([
    ['full', 'Robust'],
    ['plan', 'LInfinity'],
    ['moved', 'Robust'],
  ]);
});

test('an all-missing column fails completeness alone', () => {
  const baseline = profileOf({ x: many(100, (i) => i) });
  const current = profileOf({ x: many(100, () => undefined) });
  expect(against(baseline, current).violations).toEqual([
    {
      feature_name: 'x',
      constraint_check_type: 'completeness_check',
      description: 'Value: 0.0 does not meet the constraint requirement! ',
    },
  ]);
});

test('Simple does not correct for sample sizes', () => {
  const baseline = profileOf({ x: many(100, (i) => i) });
  const current = profileOf({ x: many(100, (i) => i + 20) });
  const simple = against(baseline, current, { config: { comparisonMethod: 'Simple' } });
  expect(simple.distances).toEqual([
    { feature: 'x', method: 'Simple', value: expect.closeTo(0.2, 12), threshold: 0.1 },
  ]);
  expect(simple.violations).toHaveLength(1);
  expect(against(baseline, current).violations).toEqual([]);
});

test('categorical drift by L-infinity, and by chi-squared in the sense of a p-value', () => {
  const letters = (counts: readonly number[]) =>
    profileOf({ c: counts.flatMap((n, i) => many(n, () => 'abc'[i])) });
  const [baseline, same, moved] = [
    letters([50, 30, 20]),
    letters([100, 60, 40]),
    letters([20, 30, 50]),
  ];
  const simple = { config: { comparisonMethod: 'Simple' } } as const;
  expect(against(baseline, moved, simple).violations[0]?.description).toBe(
    'Baseline drift distance: 0.3 exceeds threshold: 0.1',
  );
  expect(against(baseline, same, simple).violations).toEqual([]);
  const chi = { config: { categoricalDriftMethod: 'ChiSquared' } } as const;
  expect(against(baseline, same, chi).distances[0]?.value).toBe(1);
  expect(against(baseline, same, chi).violations).toEqual([]);
  expect(against(baseline, moved, chi).violations[0]?.description).toMatch(
    /^Baseline drift chi-squared p-value: \S+ is below threshold: 0\.1$/,
  );
});

test('missing and extra columns name what they are about', () => {
  const baseline = profileOf({ a: [1], b: [2], c: [3] });
  const { violations } = against(baseline, profileOf({ a: [1], d: [2] }));
  expect(violations).toEqual([
    {
      feature_name: 'b, c',
      constraint_check_type: 'missing_column_check',
      description:
        'There are missing columns in current dataset. Number of columns in current dataset: 2, ' +
        'Number of columns in baseline constraints: 3',
    },
    {
      feature_name: 'd',
      constraint_check_type: 'extra_column_check',
      description:
        'There are extra columns in current dataset. Number of columns in current dataset: 2, ' +
        'Number of columns in baseline constraints: 3',
    },
  ]);
});

test('drift is withheld below the minimum sample size, with a note', () => {
  const baseline = profileOf({ x: many(1_000, (i) => i) });
  const current = profileOf({ x: many(29, (i) => i + 5_000) });
  const { violations, notes } = against(baseline, current);
  expect(violations).toEqual([]);
  expect(notes[0]?.note).toContain('29 values in this window, fewer than the minimum sample size');
  const options = { minimumSampleSize: 10 };
  expect(against(baseline, current, { options }).violations).toHaveLength(1);
});

test('evaluation can be turned off for all and for one', () => {
  const baseline = profileOf({ x: [1], y: [2] });
  const current = profileOf({ x: ['a'], y: ['b'] });
  const off = { config: { evaluateConstraints: 'Disabled' } } as const;
  expect(against(baseline, current, off)).toEqual({
    violations: [],
    notes: [{ note: 'evaluate_constraints is Disabled: nothing was judged' }],
    distances: [],
  });
  const constraints = suggestConstraints(baseline);
  const features = constraints.features.map((f) =>
    f.name === 'x' ? { ...f, overrides: { evaluateConstraints: 'Disabled' as const } } : f,
  );
  const { violations } = findViolations({ constraints: { ...constraints, features }, current });
  expect(violations.map((v) => v.feature_name)).toEqual(['y']);
});

test('the sign is judged only when asked', () => {
  const baseline = profileOf({ x: many(40, (i) => i) });
  const current = profileOf({ x: many(40, (i) => i - 1) });
  expect(against(baseline, current).violations).toEqual([]);
  const options = { checkNonNegative: true };
  expect(against(baseline, current, { options }).violations).toEqual([
    {
      feature_name: 'x',
      constraint_check_type: 'non_negative_check',
      description:
        'Sign requirement is not met: the smallest value is -1.0 where is_non_negative is true.',
    },
  ]);
});

test('a baseline judged against itself, through its documents, is clean', () => {
  const current = recorded();
  const constraints = suggestConstraints(current);
  const text = formatStatistics(statisticsOf(current));
  const baselineStatistics = parsed(parseStatistics(text));
  const { violations, distances } = findViolations({ constraints, baselineStatistics, current });
  expect(violations).toEqual([]);
  expect(distances.map((d) => d.value)).toEqual([0, 0, 0, 0, 0, 0]);
});

test('the file is laid out as the recorded one', () => {
  const text = golden('monitor/constraint_violations.json');
  expect(formatViolations(JSON.parse(text).violations)).toBe(text.trimEnd());
});
