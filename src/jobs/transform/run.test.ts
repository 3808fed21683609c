/** What a transform job sends to its model, and what it writes of the answers. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { gather } from '../../kernel/bytes.ts';
import { Batches, bucket, planOf } from './transform.fixture.ts';

let b: Batches;
beforeEach(async () => {
  b = await new Batches().open();
});
afterEach(() => b.close());

const plan = planOf();
const lines = (...rows: (string | number)[]) => rows.map((row) => `${row}\n`).join('');
const bodies = () => b.asked.map(({ body }) => body);

test('every object goes through the model, and its answers lie below the output', async () => {
  await b.put('in/a.csv', lines('1,2', '3,4'));
  await b.put('in/deep/b.csv', '5,6');
  expect(await b.ran('one')).toMatchObject({ status: 'Completed' });
  expect(await b.keys('out')).toEqual(['out/a.csv.out', 'out/deep/b.csv.out']);
  expect(await b.text('out/a.csv.out')).toBe(lines(3, 7));
  expect(await b.text('out/deep/b.csv.out')).toBe(lines(11));
  expect(bodies()).toEqual(['1,2\n3,4', '5,6']);
  expect(b.asked[0]?.headers).toMatchObject({ 'content-type': 'text/csv', accept: 'text/csv' });
  expect(b.served).toMatchObject([
    { name: 'transform-one', image: 'model', environment: { A: '1' } },
  ]);
  expect(b.stopped).toBe(1);
});

test.each([
  ['s3://data/in', ['out/a.csv.out', 'out/b.csv.out']],
  ['s3://data/in/', ['out/a.csv.out', 'out/b.csv.out']],
  ['s3://data/in/a', ['out/a.csv.out']],
  ['s3://data/in/a.csv', ['out/a.csv.out']],
  ['s3://data/i', ['out/in/a.csv.out', 'out/in/b.csv.out']],
  ['s3://data', ['out/in/a.csv.out', 'out/in/b.csv.out']],
])('%s is written to %j', async (uri, expected) => {
  await b.put('in/a.csv', '1');
  await b.put('in/b.csv', '1');
  expect(await b.ran('one', { source: { ...plan.source, uri } })).toMatchObject({
    status: 'Completed',
  });
  expect(await b.keys('out')).toEqual(expected);
});

test('a manifest names the objects', async () => {
  await b.put('in/x/a.csv', '1');
  await b.put('in/y/a.csv', '2');
  await b.put('in/z.csv', '3');
  await b.put('lists/m', JSON.stringify([{ prefix: 's3://data/in/' }, 'x/a.csv', 'y/a.csv']));
  const source = { ...plan.source, uri: 's3://data/lists/m', isManifest: true };
  expect(await b.ran('one', { source })).toMatchObject({ status: 'Completed' });
  expect(await b.keys('out')).toEqual(['out/x/a.csv.out', 'out/y/a.csv.out']);
});

test('a payload holds what fits, or one record; blank lines are not sent', async () => {
  await b.put('in/a.csv', '11\n22\n\n33\n44');
  await b.ran('many', { payloadBytes: 5 });
  await b.ran('single', { singleRecord: true });
  expect(bodies()).toEqual(['11\n22', '33\n44', '11', '22', '33', '44']);
  expect(await b.text('out/a.csv.out')).toBe(lines(11, 22, 33, 44));
});

test('an object that is not split goes whole, and its answer is kept as it is', async () => {
  const bytes = Buffer.from([0xff, 0x0a, 0x00]);
  await b.put('in/a.png', bytes);
  b.model = () => ({ body: bytes, type: 'image/png' });
  const { contentType: _, ...bare } = plan.source;
  const source = { ...bare, split: 'None' as const };
  await b.ran('one', { source, target: { uri: 's3://data/out', assemble: 'None' } });
  expect(b.asked[0]?.headers).not.toHaveProperty('content-type');
  const body = await b.objects.read({ bucket, key: 'out/a.png.out' });
  expect(body && (await gather(body, 100))).toEqual(bytes);
});

test('an empty object needs no model and gives an empty output', async () => {
  await b.put('in/a.csv', '\n');
  await b.put('in/b.csv', '');
  expect(await b.ran('one')).toMatchObject({ status: 'Completed' });
  expect(await b.text('out/a.csv.out')).toBe('');
  expect(await b.text('out/b.csv.out')).toBe('');
  expect(b.asked).toEqual([]);
});

test('gzip is undone on the way; what is no gzip is told', async () => {
  await b.putZipped('in/a.csv.gz', lines('1,2', '3,4'));
  const source = { ...plan.source, gzip: true };
  expect(await b.ran('one', { source })).toMatchObject({ status: 'Completed' });
  expect(await b.text('out/a.csv.gz.out')).toBe(lines(3, 7));
  await b.put('in/b.csv.gz', 'plain');
  expect(await b.ran('two', { source })).toMatchObject({
    status: 'Failed',
    failureReason: expect.stringMatching(
      /^ClientError: s3:\/\/data\/in\/b.csv.gz: CompressionType is Gzip, and it is not whole gzip/,
    ),
  });
});

test('requests overlap up to the limit, over all objects, and the order is kept', async () => {
  const numbers = Array.from({ length: 20 }, (_, index) => index);
  for (const name of ['a', 'b', 'c']) await b.put(`in/${name}`, lines(...numbers));
  // Later requests are answered before earlier ones.
  b.model = async ({ body }) => {
    await new Promise((resolve) => setTimeout(resolve, 20 - Number(body)));
    return { body };
  };
  const wide = { singleRecord: true, concurrency: 4 };
  expect(await b.ran('one', wide)).toMatchObject({ status: 'Completed' });
  for (const name of ['a', 'b', 'c']) {
    expect(await b.text(`out/${name}.out`)).toBe(lines(...numbers));
  }
  expect(b.inFlight.most).toBe(4);
});

test('filters choose what is sent and what is kept; the input is joined before', async () => {
  await b.put('in/a.csv', 'id1,1,2\r\n"id,2",3,4\n');
  await b.ran('one', { inputFilter: '$[1:]', outputFilter: '$[0,-1]', joinsInput: true });
  expect(bodies()).toEqual(['1,2\n3,4']);
  expect(await b.text('out/a.csv.out')).toBe(lines('id1,3', '"id,2",7'));
});

test('JSON lines get the answer as a member', async () => {
  await b.put('in/a.jsonl', '{"id":1.0,"x":[1,2]}\n{"id":2,"x":[3,4]}');
  b.model = ({ body }) => ({ body: body.replaceAll('[', '{"p":').replaceAll(/,\d+\]/g, '.50}') });
  const type = 'application/jsonlines';
  await b.ran('one', {
    source: { ...plan.source, contentType: type },
    target: { ...plan.target, accept: type },
    inputFilter: '$.x',
    outputFilter: "$['id','SageMakerOutput']",
    joinsInput: true,
  });
  expect(bodies()).toEqual(['[1,2]\n[3,4]']);
  expect(await b.text('out/a.jsonl.out')).toBe(
    lines('{"id":1.0,"SageMakerOutput":{"p":1.50}}', '{"id":2,"SageMakerOutput":{"p":3.50}}'),
  );
});

test('a document that is sent whole is one record, over several lines or not', async () => {
  await b.put('in/a.json', '[\n 1,\n 2.0\n]');
  b.model = () => ({ body: '{\n "p": 1 }', type: 'application/json' });
  await b.ran('one', {
    source: { ...plan.source, contentType: 'application/json', split: 'None' },
    target: { uri: 's3://data/out', assemble: 'None' },
    joinsInput: true,
  });
  expect(bodies()).toEqual(['[\n 1,\n 2.0\n]']);
  expect(await b.text('out/a.json.out')).toBe(
    '{"SageMakerInput":[1,2.0],"SageMakerOutput":{"p":1}}',
  );
});

const joins = { joinsInput: true };

test.each<[string, string | Buffer, object, string]>([
  [
    'too few answers',
    lines(1, 2),
    joins,
    'records 1 to 2: the model answered 1 records to 2, which',
  ],
  [
    'a filter out of range',
    lines('1', '2'),
    { inputFilter: '$[1]' },
    'record 1: InputFilter: $[1]: ',
  ],
  [
    'an output filter out of range',
    lines('1'),
    { outputFilter: '$[1]' },
    'record 1: OutputFilter: $[1]: there is no place 1 among 1',
  ],
  [
    'a line that is not UTF-8',
    Buffer.concat([Buffer.from('1\n2\n'), Buffer.from([0xff])]),
    { inputFilter: '$[0]' },
    'record 3: is not UTF-8',
  ],
  [
    'a record over the payload',
    lines('1', '2'.repeat(11)),
    { payloadBytes: 10 },
    'record 2 is larger than the 10 bytes that MaxPayloadInMB',
  ],
  [
    'an object over the payload',
    lines('1', '2'.repeat(11)),
    { payloadBytes: 10, source: { ...plan.source, split: 'None' } },
    'the object is larger than the 10 bytes that MaxPayloadInMB lets a request carry, and ',
  ],
])('%s: the job fails, naming the object and the record', async (_, text, over, reason) => {
  await b.put('in/a.csv', text);
  b.model = () => ({ body: '1', type: 'text/csv' });
  const { status, failureReason } = await b.ran('one', over);
  expect(status).toBe('Failed');
  expect(failureReason).toContain('ClientError: s3://data/in/a.csv: ');
  expect(failureReason).toContain(reason);
  expect(await b.keys('out')).toEqual([]);
  expect(b.stopped).toBe(1);
});

test('an answer of another form cannot be joined', async () => {
  await b.put('in/a.csv', '1');
  b.model = () => ({ body: '{}', type: 'application/json' });
  expect((await b.ran('one', joins)).failureReason).toContain(
    'record 1: the model answered application/json to text/csv, which cannot be joined',
  );
});

test('a request that fails is tried again while trying may help', async () => {
  await b.put('in/a.csv', '1,2');
  const statuses = [500, 503, 429];
  b.model = (asked) => {
    const status = statuses.shift();
    return status ? { status, body: 'busy' } : { body: asked.body };
  };
  expect(await b.ran('one')).toMatchObject({ status: 'Completed' });
  expect(b.waitedMs).toEqual([200, 400, 800]);
  b.model = () => ({ status: 500, body: `it broke ${'x'.repeat(500)}` });
  const { failureReason } = await b.ran('two', { retries: 1 });
  expect(failureReason).toMatch(/record 1: the model answered 500: "it broke x{191}…" \(tried 2/);
  b.asked.length = 0;
  b.model = () => ({ status: 400, body: 'no numbers' });
  expect((await b.ran('three')).failureReason).toBe(
    'ClientError: s3://data/in/a.csv: record 1: the model answered 400: "no numbers"',
  );
  expect(b.asked).toHaveLength(1);
});

test('a model that does not answer in time has failed', async () => {
  await b.put('in/a.csv', '1');
  b.model = () => new Promise(() => {});
  expect((await b.ran('one', { timeoutMs: 20, retries: 0 })).failureReason).toContain(
    'the model gave no answer: no answer within 20 ms',
  );
});

test('the outputs of the objects that passed are kept when others fail', async () => {
  for (const name of ['a', 'b', 'c']) await b.put(`in/${name}`, name);
  b.model = ({ body }) => ({ status: body === 'b' ? 200 : 400, body });
  expect((await b.ran('one')).failureReason).toBe(
    'ClientError: s3://data/in/a: record 1: the model answered 400: "a" ' +
      '(and 1 more objects failed)',
  );
  expect(await b.keys('out')).toEqual(['out/b.out']);
});

test('when all objects fail the rest is not tried', async () => {
  for (let index = 0; index < 30; index += 1) await b.put(`in/${index}`, 'x');
  b.model = () => ({ status: 400, body: '' });
  await b.ran('one');
  expect(b.asked).toHaveLength(10);
});

test.each<[string, object, RegExp]>([
  ['an empty prefix', {}, /^input TransformInput: no object's key starts with s3:\/\/data\/in$/],
  [
    'no bucket to read',
    { source: { ...plan.source, uri: 's3://gone/in' } },
    /^input TransformInput: the bucket gone does not exist/,
  ],
  [
    'no bucket to write to',
    { target: { ...plan.target, uri: 's3://gone/out' } },
    /^the bucket of s3:\/\/gone\/out does not exist/,
  ],
  [
    'no bucket for the manifests',
    { capture: { destinationUri: 's3://gone/c', marksRecords: false } },
    /^the bucket of s3:\/\/gone\/c does not exist/,
  ],
  [
    'no manifest',
    { source: { ...plan.source, uri: 's3://data/m', isManifest: true } },
    /the manifest s3:\/\/data\/m does not exist/,
  ],
])('%s fails before a model is started', async (_, over, reason) => {
  expect(await b.ran('one', over)).toMatchObject({
    status: 'Failed',
    failureReason: expect.stringMatching(reason),
  });
  expect(b.served).toEqual([]);
});

test('an object that a manifest names and that is not there fails', async () => {
  await b.put('m', JSON.stringify([{ prefix: 's3://data/in/' }, 'gone', 'gone']));
  const source = { ...plan.source, uri: 's3://data/m', isManifest: true };
  expect((await b.ran('one', { source })).failureReason).toBe(
    'two inputs would both be written to gone.out',
  );
  await b.put('m', JSON.stringify([{ prefix: 's3://data/in/' }, 'gone']));
  expect((await b.ran('two', { source })).failureReason).toBe(
    'ClientError: s3://data/in/gone does not exist',
  );
});

test('the record is named within its payload', async () => {
  await b.put('in/a.csv', lines('1,2', '3', '4,5'));
  expect((await b.ran('one', { inputFilter: '$[1]' })).failureReason).toBe(
    'ClientError: s3://data/in/a.csv: record 2: InputFilter: $[1]: there is no place 1 among 1',
  );
});

test('a model that cannot be started fails the job with the reason', async () => {
  await b.put('in/a.csv', '1');
  expect(
    (await b.ran('one', { model: { ...plan.model, image: 'unknown' } })).failureReason,
  ).toMatch(/^the model summer could not be started: the image unknown is not known here: add/);
  b.start = async () => ({ ok: false, reason: 'no /ping' });
  expect((await b.ran('two')).failureReason).toBe(
    'the model summer could not be started: no /ping',
  );
  const model = { ...plan.model, archiveUri: 's3://data/model.tar.gz' };
  expect((await b.ran('three', { model })).failureReason).toMatch(
    /could not find model data at s3:\/\/data\/model.tar.gz: the object does not exist/,
  );
});
