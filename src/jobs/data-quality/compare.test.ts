/** Comparing files of the same and of different formats. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { duckdbAnalytics } from '../../adapters/duckdb/analytics.ts';
import { compareFiles, renderTerminal } from './compare.ts';

const analytics = duckdbAnalytics({ temporaryFolder: tmpdir(), threads: 2, memoryLimit: '512MB' });
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'compare-'));
});
afterAll(async () => {
  await analytics.close();
  await rm(folder, { recursive: true });
});

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('');

test('a CSV with a header, one without, and JSON Lines', async () => {
  const named = await file(
    'named.csv',
    `age,plan\n${lines(200, (i) => `${i},${i % 2 ? 'a' : 'b'}`)}`,
  );
  const bare = await file(
    'bare.csv',
    lines(200, (i) => `${i + 90},${i % 2 ? 'a' : 'b'}`),
  );
  const json = await file(
    'now.jsonl',
    lines(200, (i) => `{"plan":"${i % 2 ? 'a' : 'b'}","age":${i}.5}`),
  );
  const moved = await compareFiles({ analytics }, [named, bare]);
  expect(moved.ok && moved.value.features.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['age', 'large'],
    ['plan', 'none'],
  ]);
  const same = await compareFiles({ analytics }, [named, json]);
  expect(same.ok && same.value.features.map(({ verdict }) => verdict)).toEqual(['none', 'none']);
  expect(moved.ok && renderTerminal(moved.value)).toContain('baseline  named.csv  200 rows');
});

test('a header is told from a first row, and may be said', async () => {
  const text = await file(
    'words.csv',
    lines(40, (i) => `w${i},v${i}`),
  );
  const outcome = await compareFiles({ analytics }, [text, text], { header: false });
  expect(outcome.ok && outcome.value.baseline.rows).toBe(40);
  const guessed = await compareFiles({ analytics }, [text, text]);
  expect(guessed.ok && guessed.value.baseline.rows).toBe(39);
});

test('captured traffic is recognized', async () => {
  const side = (data: string) => ({ data, encoding: 'CSV' });
  const record = (i: number) =>
    JSON.stringify({ captureData: { endpointInput: side(`${i}`), endpointOutput: side('0') } });
  const path = await file('captured.jsonl', lines(50, record));
  const outcome = await compareFiles({ analytics }, [path, path]);
  expect(outcome.ok && outcome.value.features.map(({ name }) => name)).toEqual(['_c0', '_c1']);
});

test('files that cannot be compared are refused by name', async () => {
  const good = await file('good.csv', 'a\n1\n');
  const refused = async (path: string) => {
    const outcome = await compareFiles({ analytics }, [good, path]);
    return outcome.ok ? 'not refused' : outcome.reason;
  };
  const none = join(folder, 'none.csv');
  expect(await refused(none)).toBe(`${none}: there is no such file`);
  const odd = await file('odd.xlsx', 'x');
  expect(await refused(odd)).toContain('must end in .csv');
  const empty = await file('head.csv', 'a,b\n');
  expect(await refused(empty)).toBe(`${empty}: has no rows`);
  const ragged = await file('ragged.csv', 'a,b\n1\n');
  expect(await refused(ragged)).toContain('line 2: 1 columns where 2 are expected');
});
