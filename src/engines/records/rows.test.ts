/** Captured lines of every encoding, nesting and batch size, and the ones that cannot be read. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type CaptureFormat, defaultCaptureFormat, rowsOfCapture } from './rows.ts';

interface Sides {
  readonly input?: readonly [encoding: string, data: string, type?: string];
  readonly output?: readonly [encoding: string, data: string, type?: string];
}

function line({ input, output }: Sides, metadata: object = {}): string {
  const side = (of: Sides['input']) =>
    of && { encoding: of[0], data: of[1], observedContentType: of[2] ?? null };
  return JSON.stringify({
    captureData: { endpointInput: side(input), endpointOutput: side(output) },
    eventMetadata: { eventId: 'e', inferenceTime: '2026-01-01T00:00:00Z', ...metadata },
    eventVersion: '0',
  });
}

function objects(sides: Sides, format: Partial<CaptureFormat> = {}) {
  const outcome = rowsOfCapture(line(sides), { ...defaultCaptureFormat, ...format });
  if (!outcome.ok) return outcome.reason;
  return outcome.value.rows.map(({ names, cells }) =>
    Object.fromEntries(names.map((name, i) => [name, cells[i]])),
  );
}

test('the output comes first, or last', () => {
  const sides: Sides = { input: ['CSV', '132,10,182.9'], output: ['CSV', '0.03\n'] };
  expect(objects(sides)).toEqual([{ _c0: '0.03', _c1: '132', _c2: '10', _c3: '182.9' }]);
  expect(objects(sides, { outputColumnsPosition: 'END' })).toEqual([
    { _c0: '132', _c1: '10', _c2: '182.9', _c3: '0.03' },
  ]);
});

test('quoted commas, quotes and line ends stay in their cell', () => {
  expect(objects({ input: ['CSV', '"a, b",2,"say ""hi""","x\ny"\r\n'] })).toEqual([
    { _c0: 'a, b', _c1: '2', _c2: 'say "hi"', _c3: 'x\ny' },
  ]);
});

test('rows of a batch are rows', () => {
  expect(objects({ input: ['CSV', '1,2\n3,4\n'], output: ['CSV', '0.1\n0.2\n'] })).toEqual([
    { _c0: '0.1', _c1: '1', _c2: '2' },
    { _c0: '0.2', _c1: '3', _c2: '4' },
  ]);
});

test('one line of answers belongs to the rows it answers', () => {
  expect(objects({ input: ['CSV', '1,2\n3,4'], output: ['CSV', '0.1,0.2'] })).toEqual([
    { _c0: '0.1', _c1: '1', _c2: '2' },
    { _c0: '0.2', _c1: '3', _c2: '4' },
  ]);
});

test('a body may stay one cell, as in the original', () => {
  expect(objects({ input: ['CSV', '1,2\n3,4'] }, { collapse: true })).toEqual([
    { _c0: '1,2\n3,4' },
  ]);
  expect(objects({ input: ['CSV', '1,2'] }, { collapse: true })).toEqual([{ _c0: '1', _c1: '2' }]);
});

test('each side has its own encoding', () => {
  expect(
    objects({ input: ['CSV', '5,x'], output: ['JSON', '{"score": 0.50, "ok": true}'] }),
  ).toEqual([{ score: '0.50', ok: 'true', _c0: '5', _c1: 'x' }]);
});

test('instances and predictions are taken apart and paired', () => {
  const recorded = readFileSync(
    new URL('../quality/golden/monitor/captured-data.jsonl', import.meta.url),
    'utf8',
  );
  const outcome = rowsOfCapture(recorded.split('\n')[0] ?? '', defaultCaptureFormat);
  expect(outcome).toMatchObject({
    value: {
      json: true,
      rows: [
        { names: ['_c0', '_c1'], cells: ['3.5', '1.0'] },
        { cells: ['4.0', '2.0'] },
        { cells: ['5.5', '5.0'] },
      ],
    },
  });
});

test('nested JSON has dotted names, numbers keep their spelling, null is missing', () => {
  const data = '{"instances":[{"features":[1, 2.0],"who":{"age":4e1,"name":null}}]}';
  expect(objects({ input: ['JSON', data] })).toEqual([
    { 'features.0': '1', 'features.1': '2.0', 'who.age': '4e1', 'who.name': undefined },
  ]);
});

test('JSON Lines are rows, and names that both sides have are told apart', () => {
  const input = '{"id":1,"x":2}\n{"id":2,"x":3}\n';
  const output = '{"id":1,"y":0}\n{"id":2,"y":1}\n';
  expect(objects({ input: ['JSON', input], output: ['JSON', output] })).toEqual([
    { id: '1', y: '0', 'endpointInput.id': '1', x: '2' },
    { id: '2', y: '1', 'endpointInput.id': '2', x: '3' },
  ]);
});

test('lists of lists are rows, a list is a row', () => {
  expect(objects({ input: ['JSON', '[[1,2],[3,4]]'], output: ['JSON', '[0.1,0.2]'] })).toEqual([
    { _c0: '0.1', _c1: '1', _c2: '2' },
    { _c0: '0.2', _c1: '3', _c2: '4' },
  ]);
  expect(objects({ input: ['JSON', '[1,2,3]'] })).toEqual([{ _c0: '1', _c1: '2', _c2: '3' }]);
});

test('BASE64 of text is decoded by its type, or by its looks', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  expect(objects({ input: ['BASE64', base64('1,é')] })).toEqual([{ _c0: '1', _c1: 'é' }]);
  expect(objects({ input: ['BASE64', base64(' {"a":1}')] })).toEqual([{ a: '1' }]);
  expect(objects({ input: ['BASE64', base64('"{"'), 'text/csv'] })).toEqual([{ _c0: '{' }]);
});

test('shadow records are skipped', () => {
  const text = line({ input: ['CSV', '1'] }, { invocationSource: 'ShadowExperiment' });
  expect(rowsOfCapture(text, defaultCaptureFormat)).toEqual({
    ok: true,
    value: { rows: [], json: false },
  });
});

test('joined batch output and input become one row', () => {
  const data = '{"SageMakerOutput":{"predictions":[{"p":0.5}]},"instances":[{"x":1}]}';
  const text = JSON.stringify({
    captureData: { batchTransformOutput: { data, encoding: 'JSON' } },
  });
  const format = { ...defaultCaptureFormat, captureIndexNames: ['batchTransformOutput'] };
  expect(rowsOfCapture(text, format)).toMatchObject({
    value: { rows: [{ names: ['p', 'x'], cells: ['0.5', '1'] }] },
  });
});

test.each<[string, Sides, RegExp]>([
  [
    'counts',
    { input: ['CSV', '1\n2\n3'], output: ['CSV', '0.1\n0.2'] },
    /different numbers of rows: endpointOutput has 2, endpointInput has 3$/,
  ],
  ['quote', { input: ['CSV', '1,"open'] }, /^endpointInput: not CSV: row 1: a quote is not closed/],
  [
    'json',
    { output: ['JSON', '{"a":}'] },
    /^endpointOutput: not JSON: character 6: unexpected "}"/,
  ],
  ['encoding', { input: ['XML', '<a/>'] }, /encoding must be CSV, JSON or BASE64, and is "XML"/],
  ['alphabet', { input: ['BASE64', '1,2'] }, /^endpointInput: data must be BASE64, and is "1,2"/],
  ['bytes', { input: ['BASE64', '/w=='] }, /BASE64 of bytes that are no text/],
  ['none', {}, /^has no endpointInput and no endpointOutput$/],
])('what cannot be read is refused with its reason: %s', (_, sides, reason) => {
  expect(objects(sides)).toMatch(reason);
});

test.each([
  ['{', /^not JSON: /],
  ['{"a":1}', /^has no captureData: /],
  ['null', /^has no captureData: /],
])('lines that are no records are refused: %s', (text, reason) => {
  const outcome = rowsOfCapture(text, defaultCaptureFormat);
  expect(outcome).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
});

test('JSON nested too deeply is refused', () => {
  expect(objects({ input: ['JSON', '['.repeat(100) + ']'.repeat(100)] })).toContain(
    'deeper than 64',
  );
});
