/** Which files a monitor of batches reads, from the manifests that the batches left. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bucket, Watch } from '../monitoring/monitoring.fixture.ts';
import { batchObjects, watchedSide } from './batches.ts';

let w: Watch;
beforeEach(async () => {
  w = await new Watch().open();
});
afterEach(() => w.close());

const hour = '2026/01/05/09';
const later = '2026/01/05/10';

async function manifest(key: string, prefix: string, ...names: string[]): Promise<void> {
  await w.put(key, JSON.stringify([{ prefix: `s3://${bucket}/${prefix}` }, ...names]));
}

async function read(key: string, hours = [hour], side?: 'input' | 'output') {
  const parts = { objects: w.objects, ...(side ? { side } : {}) };
  const found = await batchObjects({ bucket, key }, hours, parts);
  return found.ok ? found.value.map((one) => [one.key, one.relative]) : found.reason;
}

async function capturedBatch(): Promise<void> {
  for (const key of ['in/a.csv', 'in/b.csv', 'out/a.csv.out', 'out/b.csv.out']) await w.put(key);
  await manifest(`capture/input/${hour}/m.jsonl`, 'in/', 'a.csv', 'b.csv');
  await manifest(`capture/output/${hour}/m.jsonl`, 'out/', 'a.csv.out', 'b.csv.out');
}

const inputs = [
  ['in/a.csv', 'a.csv'],
  ['in/b.csv', 'b.csv'],
];
const outputs = [
  ['out/a.csv.out', 'a.csv.out'],
  ['out/b.csv.out', 'b.csv.out'],
];

test('the side is chosen below the folder that a batch captured to', async () => {
  await capturedBatch();
  expect(await read('capture/')).toEqual(inputs);
  expect(await read('capture/', [hour], 'input')).toEqual(inputs);
  expect(await read('capture/', [hour], 'output')).toEqual(outputs);
});

test('the folder of a side is read whichever side is watched', async () => {
  await capturedBatch();
  expect(await read('capture/output/', [hour], 'input')).toEqual(outputs);
  expect(await read('capture/input/', [hour], 'output')).toEqual(inputs);
});

test('a whole bucket may be captured to', async () => {
  await w.put('in/a.csv');
  await manifest(`input/${hour}/m.jsonl`, 'in/', 'a.csv');
  expect(await read('/')).toEqual([['in/a.csv', 'a.csv']]);
});

test.each([
  ['DataQuality', 'input'],
  ['ModelExplainability', 'input'],
  ['ModelQuality', 'output'],
  ['ModelBias', 'output'],
] as const)('a %s monitor watches the %s', (type, side) => {
  expect(watchedSide({ type })).toBe(side);
});

test('only the hours asked for are read', async () => {
  await capturedBatch();
  await w.put('in/c.csv');
  await manifest(`capture/input/${later}/m.jsonl`, 'in/', 'c.csv');
  expect(await read('capture/', [later])).toEqual([['in/c.csv', 'c.csv']]);
  expect(await read('capture/', [hour, later])).toEqual([...inputs, ['in/c.csv', 'c.csv']]);
  expect(await read('capture/', ['2026/01/05/11'])).toEqual([]);
  expect(await read('elsewhere/')).toEqual([]);
});

test('an object that several manifests name is read once, as it is now', async () => {
  await capturedBatch();
  await manifest(`capture/input/${later}/m.jsonl`, 'in/', 'a.csv');
  await w.put('in/a.csv', 'changed');
  const found = await batchObjects({ bucket, key: 'capture/' }, [hour, later], w);
  const head = await w.objects.head({ bucket, key: 'in/a.csv' });
  expect(found).toMatchObject({ ok: true, value: [{ etag: head?.etag }, { key: 'in/b.csv' }] });
});

test('batches of the same file names stay apart', async () => {
  await w.put('monday/a.csv');
  await w.put('tuesday/a.csv');
  await manifest(`capture/${hour}/one.jsonl`, 'monday/', 'a.csv');
  await manifest(`capture/${hour}/two.jsonl`, 'tuesday/', 'a.csv');
  expect(await read('capture/')).toEqual([
    ['monday/a.csv', 'a.csv'],
    ['tuesday/a.csv', 'two.jsonl/a.csv'],
  ]);
});

test('a prefix may be the one object itself', async () => {
  await w.put('in/a.csv');
  await manifest(`capture/${hour}/m.jsonl`, 'in/a.csv', '');
  expect(await read('capture/')).toEqual([['in/a.csv', 'a.csv']]);
});

test('what is gone, and what is no manifest, is told with its place', async () => {
  await manifest(`capture/${hour}/m.jsonl`, 'in/', 'gone.csv');
  expect(await read('capture/')).toBe(
    `s3://${bucket}/in/gone.csv, which the manifest s3://${bucket}/capture/${hour}/m.jsonl ` +
      'names, does not exist',
  );
  await w.put(`other/${hour}/m.jsonl`, '1,2,3');
  expect(await read('other/')).toMatch(
    /^the manifest s3:\/\/records\/other\/.* must be \[\{"prefix/,
  );
});
