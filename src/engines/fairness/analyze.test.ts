/** What an analysis refuses, says and leaves out; its numbers are checked elsewhere. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { analyzeBias } from './analyze.ts';
import { binomial } from './bootstrap.ts';
import { type BiasColumn, columnOfCells, columnOfNumbers, columnOfTexts } from './column.ts';
import type { BiasAnalysis, BiasConfig } from './config.ts';
import { selectNth } from './neighbours.ts';

function tableOf(columns: Readonly<Record<string, readonly (string | number)[]>>) {
  const cells = (values: readonly (string | number)[]) => columnOfCells(values.map(String));
  return new Map<string, BiasColumn>(
    Object.entries(columns).map(([name, values]) => [name, cells(values)]),
  );
}

const repeat = (rows: number, of: (row: number) => string | number) =>
  Array.from({ length: rows }, (_, row) => of(row));

/** 60 rows: sex 0/1 in turn, label and answer, a score, an age and a region. */
const people = tableOf({
  sex: repeat(60, (row) => row % 2),
  label: repeat(60, (row) => (row % 3 === 0 ? 1 : 0)),
  answer: repeat(60, (row) => (row % 4 === 0 ? 1 : 0)),
  score: repeat(60, (row) => ((row * 7) % 60) / 60),
  age: repeat(60, (row) => 20 + row / 2),
  region: repeat(60, (row) => 'nsew'[row % 4] ?? ''),
});

const base: BiasConfig = {
  label: 'label',
  labelValues: [1],
  predictedLabel: 'answer',
  facets: [{ name: 'sex', values: [0] }],
  resamples: 20,
};

function analyzed(config: Partial<BiasConfig> = {}, table = people): BiasAnalysis {
  const analysis = analyzeBias(table, { ...base, ...config });
  if (!analysis.ok) throw new Error(analysis.reason);
  return analysis.value;
}

const metric = (analysis: BiasAnalysis, name: string, at = 0) =>
  [...(analysis.preTraining?.[at]?.metrics ?? []), ...(analysis.postTraining?.[at]?.metrics ?? [])]
    .filter((one) => one.name === name)
    .map(({ value, error }) => error ?? value)[0];

test.each<[string, Partial<BiasConfig>]>([
  ['label "lable" is not a column of the data; its columns: sex, label,', { label: 'lable' }],
  ['facet "gender" is not a column', { facets: [{ name: 'gender', values: [1] }] }],
  ['predicted label "x" is not a column', { predictedLabel: 'x' }],
  ['group variable "x" is not a column', { groupVariable: 'x' }],
  ['feature "x" is not a column', { features: ['age', 'x'] }],
  ['label "region" holds text such as "n", which no number', { label: 'region', labelValues: [2] }],
  ['facet "age" holds continuous numbers and needs a threshold', { facets: [{ name: 'age' }] }],
  [
    'facet "region" holds text such as "n", which no number',
    { facets: [{ name: 'region', scale: 'continuous', values: [3] }] },
  ],
  ['needs one number as its threshold, not "old"', { facets: [{ name: 'age', values: ['old'] }] }],
  ['label "label" needs at least one value', { labelValues: [] }],
  ['at least one facet', { facets: [] }],
  ['facet "label" is also the label', { facets: [{ name: 'label', values: [1] }] }],
  [
    '"XYZ" is not a pre_training measure; there are CDDL, CI',
    { methods: { preTraining: ['XYZ'] } },
  ],
  ['an intersection names "age", which is no facet', { intersections: [['sex', 'age']] }],
  ['resamples must be a whole number', { resamples: -1 }],
])('refused: %s', (reason, config) => {
  const refused = analyzeBias(people, { ...base, ...config });
  expect(refused).toEqual({ ok: false, reason: expect.stringContaining(reason) });
});

test('no rows, no label in any row, and columns of different length are refused', () => {
  const none = tableOf({ label: [], answer: [], sex: [] });
  expect(analyzeBias(none, base)).toEqual({ ok: false, reason: 'the data has no rows' });
  const empty = tableOf({ label: ['', ''], answer: [1, 0], sex: [1, 0] });
  expect(analyzeBias(empty, base)).toMatchObject({
    reason: 'label "label" has no value in any row',
  });
  const ragged = tableOf({ label: [1, 0], answer: [1], sex: [1, 0] });
  expect(analyzeBias(ragged, base)).toMatchObject({
    reason: 'the columns of the data differ in length',
  });
});

test('rows without label, facet or prediction are left out, counted and said', () => {
  const table = tableOf({
    label: [1, 0, '', 1, 0, 1],
    answer: [1, '', 1, 0, 0, 1],
    sex: [0, 0, 0, 1, 1, ''],
  });
  const analysis = analyzed({}, table);
  expect(analysis).toMatchObject({ rows: 6, withoutLabel: 1, withoutPrediction: 1 });
  expect(analysis.preTraining?.[0]).toMatchObject({ disadvantaged: 2, advantaged: 2 });
  expect(analysis.postTraining?.[0]).toMatchObject({ disadvantaged: 1, advantaged: 2 });
  expect(analysis.notes).toEqual([
    '1 rows without a label are left out.',
    'Facet "sex": 1 rows without a value are left out.',
    '1 rows without a prediction are left out after training.',
  ]);
});

test('an absent facet value, one class and a missing group variable are errors of measures', () => {
  const absent = analyzed({ facets: [{ name: 'sex', values: [7] }] });
  expect(metric(absent, 'CI')).toContain('the disadvantaged group is empty');
  expect(metric(absent, 'AD')).toContain('the disadvantaged group is empty');
  expect(metric(absent, 'CDDL')).toBe('no group variable is given');
  expect(metric(absent, 'GE')).toBeTypeOf('number');
  const always = tableOf({ label: [1, 1, 1], answer: [1, 0, 1], sex: [0, 1, 1], age: [1, 2, 3] });
  const constant = analyzed({ groupVariable: 'age' }, always);
  expect(metric(constant, 'CDDL')).toBe('no row is negative');
  expect(metric(constant, 'DPL')).toBe(0);
  expect(constant.notes).toContain('Every row has a positive label.');
});

test('a model that says no to all has no post-training value, as in the original', () => {
  const analysis = analyzed(
    {},
    new Map([...people, ['answer', columnOfCells(repeat(60, () => '0') as string[])]]),
  );
  const values = analysis.postTraining?.flatMap((facet) => facet.metrics.map((one) => one.value));
  expect(new Set(values)).toEqual(new Set([null]));
  expect(metric(analysis, 'DI')).toBe('no row is predicted positive');
});

test('scores above the threshold, strictly, are positive', () => {
  const { predictedLabel: _, ...scored } = { ...base, score: 'score', probabilityThreshold: 0.5 };
  const table = tableOf({ label: [1, 1, 0, 0], score: [0.5, 0.9, 0.4, 0.6], sex: [0, 1, 0, 1] });
  const analysis = analyzeBias(table, scored);
  if (!analysis.ok) throw new Error(analysis.reason);
  expect(metric(analysis.value, 'DPPL')).toBe(1);
  // Where 0 is the positive label, low scores are the positive answers.
  const inverted = analyzeBias(table, { ...scored, labelValues: [0] });
  if (!inverted.ok) throw new Error(inverted.reason);
  expect(metric(inverted.value, 'DPPL')).toBe(-1);
});

test('values are the same as numbers, texts and truths', () => {
  const words = new Map(people);
  words.set('sex', columnOfTexts(repeat(60, (row) => (row % 2 ? 'true' : 'False')) as string[]));
  words.set(
    'label',
    columnOfTexts(repeat(60, (row) => (row % 3 === 0 ? '1.0' : '0.0')) as string[]),
  );
  const plain = analyzed().preTraining?.[0]?.metrics;
  const facets = [{ name: 'sex', values: [false] }];
  expect(analyzed({ facets }, words).preTraining?.[0]?.metrics).toEqual(plain);
});

test('a flag keeps its meaning in a small window, unless the original reading is asked for', () => {
  const small = new Map(
    [...people].map(([name, column]) => [
      name,
      column.kind === 'numbers' ? columnOfNumbers(column.values.slice(0, 30)) : column,
    ]),
  );
  small.delete('region');
  const text = (typing: 'steady' | 'original') =>
    analyzed({ typing }, small).preTraining?.map((facet) => facet.valueOrThreshold);
  expect(text('steady')).toEqual(['0']);
  expect(text('original')).toEqual(['(0, 1]']);
});

test('whole numbers stay whole beside missing cells; decimals and infinities do not', () => {
  expect(columnOfCells(['1', '', '2', undefined])).toMatchObject({ integral: true, distinct: 2 });
  expect(columnOfCells(['1.0', '2'])).toMatchObject({ integral: false });
  expect(columnOfCells(['1', '-inf'])).toMatchObject({ kind: 'numbers', integral: false });
  expect(columnOfCells(['1', 'x', 'NaN'])).toMatchObject({ dictionary: ['1', 'x'] });
});

test('every value in turn, several facets, and facets together', () => {
  const analysis = analyzed({
    facets: [{ name: 'region' }, { name: 'sex', values: [0] }],
    intersections: [['sex', 'region']],
  });
  const seen = analysis.preTraining?.map((one) => `${one.facet}: ${one.valueOrThreshold}`);
  expect(seen).toEqual([
    ...['n', 's', 'e', 'w'].map((value) => `region: ${value}`),
    'sex: 0',
    ...['n', 's', 'e', 'w'].map((value) => `sex & region: 0 & ${value}`),
  ]);
  // Regions n and e are those of the even rows, where sex is 0.
  const sizes = analysis.preTraining?.slice(5).map((one) => one.disadvantaged);
  expect(sizes).toEqual([15, 0, 15, 0]);
});

test('newer names of measures are understood, and answered by the old', () => {
  const { preTraining, postTraining } = analyzed({ methods: { postTraining: ['DI', 'DCAcc'] } });
  expect(preTraining).toBeUndefined();
  expect(postTraining?.[0]?.metrics.map((one) => one.name)).toEqual(['DCA', 'DI']);
});

test('an interval holds its value, narrows with rows, and repeats with its seed', () => {
  const rows = (times: number) => {
    const column = (values: readonly number[]) => columnOfNumbers(Float64Array.from(values));
    const cycle = (of: readonly number[]) =>
      column(Array.from({ length: of.length * times }, (_, row) => of[row % of.length] ?? 0));
    return new Map([
      ['sex', cycle([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])],
      ['label', cycle([1, 0, 0, 0, 1, 1, 0, 1, 0, 0])],
      ['answer', cycle([1, 0, 1, 0, 1, 1, 0, 0, 0, 1])],
    ]);
  };
  const width = (times: number) => {
    const analysis = analyzed({ resamples: 400, methods: { preTraining: 'all' } }, rows(times));
    const dpl = analysis.preTraining?.[0]?.metrics.find((one) => one.name === 'DPL');
    const [low, high] = dpl?.interval ?? [0, 0];
    expect(low).toBeLessThan(dpl?.value ?? 0);
    expect(high).toBeGreaterThan(dpl?.value ?? 0);
    return high - low;
  };
  // 0.25 of 4000 against 0.5 of 6000: 2 · 1.96 · sqrt(0.1875 / 4000 + 0.25 / 6000) = 0.0369.
  expect(width(1000)).toBeGreaterThan(0.03);
  expect(width(1000)).toBeLessThan(0.044);
  expect(width(1000)).toBe(width(1000));
  expect(width(10)).toBeGreaterThan(5 * width(1000));
});

test('the flip test names the feature it cannot use, and samples beyond its work', () => {
  expect(metric(analyzed(), 'FT')).toBe('feature "region" is not numeric');
  const features = ['age', 'score'];
  expect(metric(analyzed({ features }), 'FT')).toBeTypeOf('number');
  const sampled = analyzed({ features, flipTestWorkMax: 450 });
  expect(sampled.notes).toContain(
    'Facet "sex": the flip test compares a sample of 50.0 % of the rows.',
  );
});

test('binomial draws have the mean and the spread of the distribution', () => {
  const random = seededRandom(5);
  for (const [n, p] of [
    [20, 0.1],
    [1000, 0.3],
    [100_000, 0.9],
    [1_000_000, 2e-6],
  ] as const) {
    const draws = Array.from({ length: 4000 }, () => binomial(n, p, random));
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length;
    const spread = Math.sqrt(n * p * (1 - p));
    expect(Math.abs(mean - n * p)).toBeLessThan((4 * spread) / Math.sqrt(4000));
    expect(variance / spread ** 2).toBeGreaterThan(0.88);
    expect(variance / spread ** 2).toBeLessThan(1.12);
  }
});

test('the nth item is in its sorted place, smaller before and larger after', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1 }),
      fc.nat(),
      (keys, at) => {
        const nth = at % keys.length;
        const items = Int32Array.from(keys, (_, index) => index);
        const key = (item: number) => keys[item] ?? 0;
        const before = (a: number, b: number) => (key(a) === key(b) ? a < b : key(a) < key(b));
        const sorted = [...items].sort((a, b) => (before(a, b) ? -1 : 1));
        selectNth(items, { from: 0, nth, to: items.length }, before);
        expect(items[nth]).toBe(sorted[nth]);
        expect([...items.slice(0, nth)].sort()).toEqual(sorted.slice(0, nth).sort());
      },
    ),
  );
});

test('no measure is ever not a number, whatever the table', () => {
  const cell = fc.constantFrom('', '0', '1', '2', '0.5', 'a', 'inf', '-inf');
  const row = fc.tuple(cell, cell, cell, cell);
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), (rows) => {
      const column = (at: number) => columnOfCells(rows.map((cells) => cells[at]));
      const table = new Map([
        ['label', column(0)],
        ['answer', column(1)],
        ['sex', column(2)],
        ['age', column(3)],
      ]);
      const analysis = analyzeBias(table, { ...base, groupVariable: 'age', resamples: 5 });
      if (!analysis.ok) {
        expect(analysis.reason).not.toBe('');
        return;
      }
      const { preTraining = [], postTraining = [] } = analysis.value;
      for (const { value, error, interval = [0, 0] } of [...preTraining, ...postTraining].flatMap(
        (facet) => facet.metrics,
      )) {
        expect(value === null).toBe(error !== undefined);
        expect([value, ...interval]).not.toContain(Number.NaN);
      }
    }),
  );
});
