/** Comparisons of small tables, and what their renderings say, hide and escape. */
import { expect, test } from 'vitest';
import { batchOf } from '../profile/batcher.ts';
import { emptyProfile, observe } from '../profile/profile.ts';
import { compareProfiles } from './compare.ts';
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
