/** The manifests and marks that a monitor of batches goes by. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Batches, planOf, startMs, sums } from './transform.fixture.ts';

let b: Batches;
beforeEach(async () => {
  b = await new Batches().open();
});
afterEach(() => b.close());

const plan = planOf();
const capture = { destinationUri: 's3://data/capture/', marksRecords: false };

async function manifest(side: string) {
  const keys = await b.keys(`capture/${side}/2026/01/05/09/`);
  const text = keys[0] === undefined ? undefined : await b.text(keys[0]);
  return { keys, manifest: text === undefined ? undefined : JSON.parse(text) };
}

test('both sides are listed, in the folder of the hour in which the job began', async () => {
  await b.put('in/a.csv', '1');
  await b.put('in/deep/b.csv', '2');
  const key = await b.job('one', { capture });
  await b.tick();
  b.clock.moveTo(startMs + 3_600_000);
  await b.loop.idle();
  expect(await b.row(key)).toMatchObject({ status: 'Completed', endedAtMs: startMs + 3_600_000 });
  const [input, output] = [await manifest('input'), await manifest('output')];
  expect(input.keys).toEqual([expect.stringMatching(/\/09\/one-[\da-f-]{36}\.jsonl$/)]);
  expect(input.manifest).toEqual([{ prefix: 's3://data/in/' }, 'a.csv', 'deep/b.csv']);
  expect(output.manifest).toEqual([{ prefix: 's3://data/out/' }, 'a.csv.out', 'deep/b.csv.out']);
});

test('an input that is one object is the prefix itself', async () => {
  await b.put('in/a.csv', '1');
  await b.ran('one', { capture, source: { ...plan.source, uri: 's3://data/in/a.csv' } });
  expect((await manifest('input')).manifest).toEqual([{ prefix: 's3://data/in/a.csv' }, '']);
  expect((await manifest('output')).manifest).toEqual([{ prefix: 's3://data/out/' }, 'a.csv.out']);
});

test('a job that failed is not captured', async () => {
  await b.put('in/a.csv', '1');
  b.model = () => ({ status: 400, body: '' });
  expect(await b.ran('one', { capture })).toMatchObject({ status: 'Failed' });
  expect(await b.keys('capture')).toEqual([]);
});

const marking = { ...capture, marksRecords: true };

test('records are marked with an id of their own and the time of the job', async () => {
  await b.put('in/a.csv', '1,2\n3,4\n5,6\n');
  await b.put('in/b.csv', '1,2\n');
  await b.ran('one', { capture: marking, payloadBytes: 7, joinsInput: true });
  const rows = (await b.text('out/a.csv.out'))?.split('\n') ?? [];
  expect(rows.map((row) => row.replace(/,[\da-f-]{36},/, ',ID,'))).toEqual([
    '1,2,3,ID,2026-01-05T09:59:58Z',
    '3,4,7,ID,2026-01-05T09:59:58Z',
    '5,6,11,ID,2026-01-05T09:59:58Z',
    '',
  ]);
  const all = `${rows.join('\n')}${await b.text('out/b.csv.out')}`;
  expect(new Set(all.match(/[\da-f]{8}-[\da-f-]{27}/g)).size).toBe(4);
});

test('without a join every row of the answer is a record', async () => {
  await b.put('in/a.csv', '1,2\n3,4');
  await b.ran('one', { capture: marking, source: { ...plan.source, split: 'None' } });
  expect(await b.text('out/a.csv.out')).toMatch(
    /^3,[\da-f-]{36},2026-01-05T09:59:58Z\n7,[\da-f-]{36},2026-01-05T09:59:58Z\n$/,
  );
});

test('a JSON answer is marked by two members', async () => {
  await b.put('in/a.json', '{"x":1}');
  b.model = () => ({ body: '{"p":1.0}' });
  await b.ran('one', {
    capture: marking,
    source: { ...plan.source, contentType: 'application/json', split: 'None' },
    target: { ...plan.target, accept: 'application/json', assemble: 'Line' },
  });
  expect(await b.text('out/a.json.out')).toMatch(
    /^\{"p":1\.0,"SageMakerInferenceId":"[\da-f-]{36}","SageMakerInferenceTime":"2026[^"]+Z"\}\n$/,
  );
});

test('a job that is run again writes the same ids and the same manifests', async () => {
  await b.put('in/a.csv', '1,2\n3,4');
  await b.put('in/b.csv', '1\n');
  const key = await b.job('one', { capture: marking });
  b.model = (asked) => (asked.body === '1' ? new Promise(() => {}) : sums(asked));
  await b.tick();
  await expect.poll(() => b.text('out/a.csv.out')).toBeDefined();
  const before = await b.text('out/a.csv.out');
  await b.shutDown();
  b.clock.moveTo(startMs + 7_200_000);
  b.model = sums;
  await b.settle();
  expect(await b.row(key)).toMatchObject({ status: 'Completed', startedAtMs: startMs });
  expect(await b.text('out/a.csv.out')).toBe(before);
  expect((await manifest('input')).keys).toHaveLength(1);
});

test('what cannot be told apart into records cannot be marked', async () => {
  await b.put('in/a.png', '1');
  b.model = () => ({ body: 'x', type: 'image/png' });
  const { contentType: _, ...source } = plan.source;
  const { failureReason } = await b.ran('one', {
    capture: marking,
    source: { ...source, split: 'None' },
    target: { uri: 's3://data/out', assemble: 'None' },
  });
  expect(failureReason).toContain('the model answered image/png, and records can be told apart in');
});
