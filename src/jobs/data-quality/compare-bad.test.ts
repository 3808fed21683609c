/** Files nobody would choose: each gets a verdict, or a refusal that names the place. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { duckdbAnalytics } from '../../adapters/duckdb/analytics.ts';
import { compareFiles, renderHtml, renderJson, renderTerminal } from './compare.ts';

const analytics = duckdbAnalytics({ temporaryFolder: tmpdir(), threads: 2, memoryLimit: '512MB' });
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'compare-bad-'));
});
afterAll(async () => {
  await analytics.close();
  await rm(folder, { recursive: true });
});

let files = 0;
async function file(content: string | Uint8Array, ending = 'csv'): Promise<string> {
  files += 1;
  const path = join(folder, `f${files}.${ending}`);
  await writeFile(path, content);
  return path;
}

const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('');

/** The report, once all its renderings have shown that they show no NaN. */
async function compared(before: string, after: string) {
  const outcome = await compareFiles({ analytics }, [before, after], { header: true });
  if (!outcome.ok) throw new Error(outcome.reason);
  for (const text of [renderTerminal(outcome.value), renderHtml(outcome.value)]) {
    expect(text).not.toMatch(/\bNaN\b|\bInfinity\b|undefined/);
  }
  const features: Record<string, unknown>[] = JSON.parse(renderJson(outcome.value)).features;
  for (const feature of features) {
    // A null has its reason beside it.
    if (JSON.stringify(feature).includes('null')) {
      expect(feature['unmeasured'], String(feature['name'])).toBeDefined();
    }
  }
  const verdicts = Object.fromEntries(features.map((of) => [of['name'], of['verdict']]));
  const reasons = Object.fromEntries(features.map((of) => [of['name'], of['unmeasured']]));
  return { verdicts, reasons };
}

async function refused(before: string, after: string): Promise<string> {
  const outcome = await compareFiles({ analytics }, [before, after], { header: true });
  return outcome.ok ? 'not refused' : outcome.reason;
}

test('one row says too few', async () => {
  const many = await file(`a,b\n${lines(500, (i) => `${i},x${i % 3}`)}`);
  const one = await file('a,b\n250,x1\n');
  const few = { a: 'too few', b: 'too few' };
  expect((await compared(many, one)).verdicts).toEqual(few);
  expect((await compared(one, many)).verdicts).toEqual(few);
  expect((await compared(one, one)).verdicts).toEqual(few);
});

test('constant, empty and emptied columns', async () => {
  const before = await file(`same,other,never,lost\n${lines(200, (i) => `5,5,,${i}`)}`);
  const after = await file(`same,other,never,lost\n${lines(200, () => '5,6,,')}`);
  const { verdicts, reasons } = await compared(before, after);
  expect(verdicts).toEqual({ same: 'none', other: 'large', never: 'too few', lost: 'large' });
  expect(reasons['other']).toMatchObject({
    wasserstein: 'the baseline has no standard deviation',
  });
  expect(reasons['never']).toEqual({ all: 'the baseline has no value in it' });
  expect(reasons['lost']).toEqual({ all: 'the current data have no value in it' });
});

test('infinities and numbers at the end of doubles', async () => {
  const before = await file(`huge,inf\n${lines(100, (i) => `${i % 2 ? '-' : ''}1e308,${i}`)}`);
  const after = await file(
    `huge,inf\n${lines(100, (i) => `${i % 3 ? '' : '-'}1.5e308,${i === 50 ? 'inf' : i}`)}`,
  );
  const { verdicts, reasons } = await compared(before, after);
  expect(verdicts['inf']).toBe('type changed');
  expect(reasons['huge']).toMatchObject({
    'mean and deviation': expect.stringContaining('too large for a double'),
    shape: 'the range of the values is too wide for a double',
  });
});

test('mixed types are a change of type', async () => {
  const before = await file(`n,t\n${lines(100, (i) => `${i},w${i % 4}`)}`);
  const after = await file(`n,t\n${lines(100, (i) => `${i % 10 ? i : 'n/a'},${i}`)}`);
  const { verdicts } = await compared(before, after);
  expect(verdicts).toEqual({ n: 'type changed', t: 'type changed' });
});

test('wide files up to the limit are compared, wider ones refused with their number', async () => {
  const wide = (columns: number, rows: number) =>
    `${lines(1, () => Array.from({ length: columns }, (_, i) => `c${i}`).join(','))}${lines(
      rows,
      (i) => Array.from({ length: columns }, (_, j) => `${(i * 7 + j) % 11}`).join(','),
    )}`;
  const fits = await file(wide(60, 40));
  const { verdicts } = await compared(fits, fits);
  expect(new Set(Object.values(verdicts))).toEqual(new Set(['none']));
  const tooWide = await file(wide(10_000, 1));
  expect(await refused(fits, tooWide)).toContain('10000 columns, more than 4096');
});

test('headers that repeat a name, are named by the reader or refused by name', async () => {
  const good = await file(`a,b\n${lines(40, (i) => `${i},${i}`)}`);
  const twice = await file(`a,a\n${lines(40, (i) => `${i},${i}`)}`);
  expect(await refused(good, twice)).toMatch(/"?a"?.*twice|duplicate/i);
});

test('a cell of a million characters is a category like others', async () => {
  const long = 'x'.repeat(1_000_000);
  const before = await file(`t\n${lines(40, (i) => `v${i % 2}`)}`);
  const after = await file(`t\n${long}\n${lines(39, (i) => `v${i % 2}`)}`);
  const outcome = await compareFiles({ analytics }, [before, after], { header: true });
  if (!outcome.ok) throw new Error(outcome.reason);
  expect(renderTerminal(outcome.value).length).toBeLessThan(5_000);
  expect(renderHtml(outcome.value).length).toBeLessThan(50_000);
});

test('bytes that are not UTF-8 are refused with their line', async () => {
  const good = await file('a\n1\n');
  const bad = await file(Buffer.concat([Buffer.from('a\nok\n'), Buffer.from([0xff, 0xfe, 0x0a])]));
  expect(await refused(good, bad)).toMatch(/line 3|UTF-8|utf-8/);
});

test('unequal rows, empty files and other things that are no tables', async () => {
  const good = await file('a,b\n1,2\n');
  expect(await refused(good, await file('a,b\n1,2,3\n'))).toContain('line 2');
  expect(await refused(good, await file(''))).toContain('is empty');
  expect(await refused(good, await file('PAR1 no', 'parquet'))).toContain('.parquet');
  expect(await refused(good, await file('{"a":1}\n[1\n', 'jsonl'))).toContain('line 2');
});
