/** Suggested constraints and the reading of files of every spelling, good and bad. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { batchOf } from '../profile/batcher.ts';
import { emptyProfile, observe } from '../profile/profile.ts';
import { explainConstraints, formatConstraints, suggestConstraints } from './constraints.ts';
import { parseConstraints, parseStatistics } from './documents.ts';
import { javaDouble } from './java-json.ts';

const golden = (name: string) => readFileSync(new URL(`./golden/${name}`, import.meta.url), 'utf8');

const table = (names: readonly string[], lines: readonly string[]) =>
  observe(emptyProfile(), batchOf(lines.map((line) => ({ names, cells: line.split(',') }))));

test('suggested constraints equal the recorded ones byte for byte', () => {
  const lines = golden('quality-check/baseline_dataset.csv').trimEnd().split('\n');
  const names = ['_c0', '_c1', '_c2', '_c3', '_c4', '_c5'];
  const text = formatConstraints(suggestConstraints(table(names, lines)));
  expect(text).toBe(golden('quality-check/good_cases/constraints.json'));
});

test('domains are suggested for few, recurring values, most frequent first', () => {
  const profile = table(['plan', 'id'], ['b,x', 'a,y', 'b,z', 'a,v', 'b,w', ',u']);
  const [plan, id] = suggestConstraints(profile).features;
  expect(plan).toEqual({
    name: 'plan',
    inferredType: 'String',
    completeness: 5 / 6,
    domains: ['b', 'a'],
  });
  expect(id?.domains).toBeUndefined();
  const because = explainConstraints(profile).filter((e) => e.constraint === 'domains');
  expect(because.map((e) => e.because)).toEqual([
    'The values seen are the domain: 0 of 2 different values occurred only once, at most 10%.',
    'No domain: 6 of 6 different values occurred only once, more than 10%, ' +
      'so new values are likely.',
  ]);
});

test('what is written is read back the same', () => {
  const constraints = {
    ...suggestConstraints(table(['a', 'b'], ['1,x', '2,x', '-3,x'])),
    config: {
      evaluateConstraints: 'Enabled',
      emitMetrics: 'Disabled',
      datatypeCheckThreshold: 0.9,
      domainContentThreshold: 0.8,
      performComparison: 'Enabled',
      comparisonThreshold: 0.2,
      comparisonMethod: 'Simple',
      categoricalComparisonThreshold: 0.3,
      categoricalDriftMethod: 'ChiSquared',
    },
  } as const;
  expect(parseConstraints(formatConstraints(constraints))).toEqual({
    ok: true,
    value: constraints,
  });
});

test('old, documented and misspelt names mean the same', () => {
  const read = (config: object, feature: object = {}) =>
    parseConstraints(
      JSON.stringify({
        features: [{ name: 'x', inferred_type: 'String', ...feature }],
        monitoring_config: config,
      }),
    );
  const old = { enable_comparisons: true, min_domain_mass: 0.5, comparison_threshold: 1 };
  expect(read({ distribution_constraints: old })).toMatchObject({
    value: { config: { performComparison: 'Enabled', domainContentThreshold: 0.5 } },
  });
  const misspelt = { comparion_method: 'linf_simple', categorical_drift_method: 'chi_squared' };
  expect(read({ distribution_constraints: misspelt })).toMatchObject({
    value: { config: { comparisonMethod: 'Simple', categoricalDriftMethod: 'ChiSquared' } },
  });
  const off = { evaluate_constraints: 'Disabled' };
  for (const feature of [
    { monitoring_config_overrides: off },
    { monitoringConfigOverrides: { evaluateConstraints: 'Disabled' } },
    { string_constraints: { monitoring_config_overrides: off } },
    { num_constraints: { monitoringConfigOverrides: off } },
  ]) {
    expect(read({}, feature)).toMatchObject({
      value: { features: [{ overrides: { evaluateConstraints: 'Disabled' } }] },
    });
  }
  expect(parseConstraints(golden('monitor/constraints.json'))).toMatchObject({ ok: true });
  expect(parseStatistics(golden('monitor/statistics.json'))).toMatchObject({
    value: { dataset: { item_count: 418 } },
  });
});

test.each([
  ['{', /^not JSON: /],
  ['[]', /^the document: must be an object$/],
  ['{}', /^features: is missing$/],
  ['{"features":{}}', /^features: must be a list$/],
  ['{"features":[{}]}', /^features\[0\]\.name: is missing$/],
  ['{"features":[{"name":"a","inferred_type":"Date"}]}', /^features\[0\]\.inferred_type: must be/],
  ['{"features":[{"name":"a","completeness":"1"}]}', /^features\[0\]\.completeness: must be a num/],
  ['{"features":[{"name":"a","completeness":1.5}]}', /from 0 to 1, and is 1.5$/],
  ['{"features":[{"name":"a"},{"name":"a"}]}', /^features\[1\]\.name: "a" is there twice$/],
  [
    '{"features":[{"name":"a","string_constraints":{"domains":["x",{}]}}]}',
    /^features\[0\]\.string_constraints\.domains\[1\]: must be a value$/,
  ],
  [
    '{"features":[],"monitoring_config":{"distribution_constraints":{"comparison_method":"X"}}}',
    /^monitoring_config\.distribution_constraints\.comparison_method: must be Simple or Robust/,
  ],
])('bad constraints are refused with the path: %s', (text, reason) => {
  expect(parseConstraints(text)).toMatchObject({
    ok: false,
    reason: expect.stringMatching(reason),
  });
});

test.each([
  ['{"features":[{"name":"a","numerical_statistics":{"mean":"x"}}]}', /numerical_statistics\.mean/],
  [
    '{"features":[{"name":"a","numerical_statistics":{"distribution":{"kll":{"sketch":' +
      '{"data":[[1,"b"]]}}}}}]}',
    /sketch\.data\[0\]\[1\]: must be a number/,
  ],
])('bad statistics are refused with the path: %s', (text, reason) => {
  expect(parseStatistics(text)).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
});

test.each([
  [1, '1.0'],
  [0, '0.0'],
  [100, '100.0'],
  [0.1 + 0.2, '0.30000000000000004'],
  [1e-5, '1.0E-5'],
  [0.001, '0.001'],
  [0.00012345, '1.2345E-4'],
  [9_999_999, '9999999.0'],
  [1e7, '1.0E7'],
  [-12_345_678.9, '-1.23456789E7'],
  [Number.NaN, 'NaN'],
  [-Infinity, '-Infinity'],
])('%d prints as Java prints it', (x, text) => {
  expect(javaDouble(x)).toBe(text);
});
