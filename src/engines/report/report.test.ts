/** Comparisons of small tables, and what their renderings say, hide and escape. */
import { expect, test } from 'vitest';
import { batchOf } from '../profile/batcher.ts';
import { emptyProfile, observe } from '../profile/profile.ts';
import { parseStatistics } from '../quality/documents.ts';
import { formatStatistics, statisticsOf } from '../quality/statistics.ts';
import { compareProfiles, compareWithStatistics } from './compare.ts';
import { renderHtml } from './html.ts';
import { renderJson, renderTerminal } from './text.ts';

type Table = Record<string, readonly (string | number | undefined)[]>;

function profileOf(columns: Table) {
  const names = Object.keys(columns);
  const rows = Object.values(columns)[0]?.length ?? 0;
  const table = Array.from({ length: rows }, (_, at) => ({
    names,
    cells: names.map((name) => columns[name]?.[at]?.toString()),
  }));
  return observe(emptyProfile(), batchOf(table));
}

const many = <T>(count: number, value: (i: number) => T) =>
  Array.from({ length: count }, (_, i) => value(i));

const compared = (before: Table, after: Table) =>
  compareProfiles(
    { name: 'before.csv', profile: profileOf(before) },
    { name: 'after.csv', profile: profileOf(after) },
  );

const find = (report: ReturnType<typeof compared>, name: string) =>
  report.features.find((feature) => feature.name === name);

test('columns are judged, and those that moved most come first', () => {
  const report = compared(
    {
      same: many(1_000, (i) => i % 100),
      moved: many(1_000, (i) => i),
      plan: many(1_000, (i) => (i % 2 ? 'a' : 'b')),
      gaps: many(1_000, (i) => i),
      gone: many(1_000, () => 1),
      turned: many(1_000, (i) => i),
    },
    {
      same: many(1_000, (i) => (i * 3) % 100),
      moved: many(1_000, (i) => i + 400),
      plan: many(1_000, (i) => (i % 50 === 0 ? 'c' : i % 2 ? 'a' : 'b')),
      gaps: many(1_000, (i) => (i % 10 === 0 ? undefined : i)),
      turned: many(1_000, (i) => `t${i % 3}`),
      added: many(1_000, () => 'x'),
    },
  );
  expect(report.features.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['gone', 'missing'],
    ['added', 'new'],
    ['turned', 'type changed'],
    ['moved', 'large'],
    ['plan', 'moderate'],
    ['gaps', 'moderate'],
    ['same', 'none'],
  ]);
  expect(find(report, 'moved')).toMatchObject({
    distance: {
      simple: expect.closeTo(0.4, 9),
      robust: expect.closeTo(0.4 - 1.8 * Math.sqrt(2 / 1_000), 9),
    },
    meanShift: expect.closeTo(400 / Math.sqrt((1_000 ** 2 - 1) / 12), 9),
    deviationRatio: expect.closeTo(1, 9),
  });
  expect(find(report, 'plan')?.newCategories).toEqual([{ value: 'c', share01: 0.02 }]);
  expect(find(report, 'gaps')?.missingShift).toBeCloseTo(0.1, 12);
});

test('shares of a shape add up to one on both sides', () => {
  const report = compared(
    { n: many(500, (i) => i ** 2), t: many(500, (i) => `v${i % 40}`) },
    { n: many(300, (i) => i * 7), t: many(300, (i) => `v${i % 35}`) },
  );
  for (const { shape } of report.features) {
    for (const shares of [shape?.before ?? [], shape?.after ?? []]) {
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    }
  }
  expect(find(report, 't')?.shape?.labels).toHaveLength(13);
});

test('a constant column and a small one are said to be so', () => {
  const report = compared(
    { constant: many(100, () => 7), small: [1, ...many(99, () => undefined)] },
    { constant: many(100, () => 7), small: [2, ...many(99, () => undefined)] },
  );
  expect(find(report, 'constant')).toMatchObject({
    verdict: 'none',
    distance: { simple: 0, robust: 0 },
    jensenShannon: 0,
  });
  expect(find(report, 'constant')?.meanShift).toBeUndefined();
  expect(find(report, 'small')?.verdict).toBe('too few');
});

test('identifiers are compared by their frequent values alone', () => {
  const report = compared(
    { id: many(11_000, (i) => `before-${i}`) },
    { id: many(11_000, (i) => `after-${i}`) },
  );
  const id = find(report, 'id');
  expect(id).toMatchObject({ verdict: 'none', newCategories: [] });
  expect(id?.populationStability).toBeUndefined();
  expect(id?.jensenShannon).toBeUndefined();
});

test('a column that lost all its values is not passed over', () => {
  const report = compared({ x: many(100, (i) => i) }, { x: many(100, () => undefined) });
  expect(find(report, 'x')).toMatchObject({ verdict: 'large', missingShift: 1 });
});

const hostile = '<script>alert("x")</script>\u001b[31m&';

test('the page escapes the data and fetches nothing', () => {
  const report = compared(
    { [hostile]: many(100, (i) => (i % 2 ? hostile : 'b')), n: many(100, (i) => i) },
    { [hostile]: many(100, (i) => (i % 3 ? '"><img src=x>' : 'b')), n: many(100, (i) => i / 2) },
  );
  const page = renderHtml(report);
  expect(page).not.toContain('<script');
  expect(page).not.toContain('<img');
  expect(page).not.toMatch(/https?:|url\(|src=(?!x)|@import/);
  expect(page).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;');
  expect(page.match(/<svg[^>]*role="img" aria-labelledby/g)).toHaveLength(2);
  expect(page).toContain('<th scope="row">');
  expect(page).toContain('prefers-color-scheme:dark');
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test('the table lists every column and obeys nothing in them', () => {
  const report = compared(
    { [hostile]: many(50, (i) => i), b: [] },
    { [hostile]: many(50, (i) => i + 40) },
  );
  const text = renderTerminal(report);
  expect(text).toContain('before.csv  50 rows');
  expect(text).not.toContain('\u001b');
  expect(text).toMatch(/large +0\.800/);
  expect(text).toContain('2 columns: 1 missing, 1 large.');
  expect(renderTerminal(report, { color: true })).toContain('\u001b[31m');
});

test('JSON is the report', () => {
  const report = compared({ x: [1] }, { x: [2] });
  expect(JSON.parse(renderJson(report))).toMatchObject({
    baseline: { name: 'before.csv', rows: 1 },
    features: [{ name: 'x', verdict: 'too few' }],
  });
});

test('recorded statistics stand for the rows they were made of', () => {
  const before = { n: many(1_000, (i) => i % 97), t: many(1_000, (i) => `v${i % 5}`) };
  const after = { n: many(800, (i) => (i % 97) + 30), t: many(800, (i) => `v${i % 4}`) };
  const text = formatStatistics(statisticsOf(profileOf(before)));
  const statistics = parseStatistics(text);
  if (!statistics.ok) throw new Error(statistics.reason);
  const current = { name: 'after.csv', profile: profileOf(after) };
  const recorded = compareWithStatistics(
    { name: 'before.csv', statistics: statistics.value },
    current,
  );
  expect(recorded).toEqual(compared(before, after));
});

test('buckets without a sketch are compared, and said to be coarse', () => {
  const { features, ...rest } = statisticsOf(profileOf({ n: many(1_000, (i) => i) }));
  const bare = JSON.parse(
    JSON.stringify({ ...rest, features }).replace(/"data":\[.*?\]\]/, '"data":[]'),
  );
  const profile = profileOf({ n: many(1_000, (i) => i + 500) });
  const report = compareWithStatistics({ name: 'b', statistics: bare }, { name: 'c', profile });
  const found = find(report, 'n');
  expect(found).toMatchObject({
    verdict: 'large',
    unmeasured: { 'exact measures': expect.any(String) },
  });
  expect(found?.measures?.ks?.distance).toBeCloseTo(0.5, 1);
});

test('a shift must be larger than chance, and says by which measure it is', () => {
  const part = (x: number) => 100 * (x - Math.floor(x));
  const bell = (i: number) => part(i * 0.8191725) + part(i * 0.6710436) + part(i * 0.5497005);
  const wave = (count: number, shift: number) => ({
    // The sum of three even spreads is nearly normal, with a deviation of 50.
    n: many(count, (i) => bell(i) + shift),
  });
  const small = compared(wave(5_000, 0), wave(40, 5));
  expect(find(small, 'n')?.verdict).toBe('none');
  const sure = compared(wave(5_000, 0), wave(5_000, 7));
  expect(find(sure, 'n')).toMatchObject({
    verdict: 'moderate',
    effect: { measure: 'wasserstein', threshold: 0.1, level: 'moderate' },
    reasons: [expect.stringMatching(/^Wasserstein distance in deviations 0\.1/)],
  });
  expect(sure.dataset).toEqual({
    compared: 1,
    drifted: 1,
    share01: 1,
    threshold01: 0.3,
    isDrifted: true,
  });
});

test('a value or two the baseline lacks is chance where it has many rare ones', () => {
  const rare = many(2_000, (i) => `v${i % 10 === 0 ? i : i % 7}`);
  const report = compared({ t: rare }, { t: many(100, (i) => (i < 4 ? `w${i}` : `v${i % 7}`)) });
  expect(find(report, 't')).toMatchObject({ verdict: 'none', newShare01: 0.04 });
});
