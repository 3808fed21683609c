/** Lines of every encoding and batch size as observations, and the ones that cannot be read. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jmespathQuery } from '../../adapters/jmespath/json-query.ts';
import { type ObservationFormat, observationsOf } from './observations.ts';

const query = jmespathQuery();

type Text = readonly [encoding: string, data: string];
interface Sides {
  readonly input?: Text;
  readonly output?: Text;
  readonly joined?: Text;
  readonly label?: Text;
}

function line({ input, output, joined, label }: Sides, metadata: object = {}): string {
  const side = (of: Text | undefined) => of && { encoding: of[0], data: of[1] };
  return JSON.stringify({
    captureData: {
      endpointInput: side(input),
      endpointOutput: side(output),
      batchTransformOutput: side(joined),
    },
    groundTruthData: side(label),
    eventMetadata: { eventId: 'e', inferenceTime: '2026-01-01T00:00:00Z', ...metadata },
    eventVersion: '0',
  });
}

function read(sides: Sides, format: ObservationFormat = {}, metadata: object = {}) {
  const outcome = observationsOf(line(sides, metadata), format, query);
  return outcome.ok ? outcome.value : outcome.reason;
}

function shortly(sides: Sides, format: ObservationFormat = {}) {
  const found = read(sides, format);
  if (typeof found === 'string') return found;
  return found.map(({ inference, probabilities, groundTruth, features }) => [
    features.cells.join(' '),
    inference,
    probabilities?.join(' '),
    groundTruth,
  ]);
}

test('the only output cell is the inference', () => {
  expect(read({ input: ['CSV', '1,2'], output: ['CSV', '0.3\n'], label: ['CSV', '1'] })).toEqual([
    {
      features: { names: ['_c0', '_c1'], cells: ['1', '2'] },
      inference: '0.3',
      groundTruth: '1',
      eventId: 'e',
      timeMs: Date.UTC(2026, 0, 1),
    },
  ]);
});

test('the inference id comes before the event id, and other times and shadows are left out', () => {
  const sides: Sides = { input: ['CSV', '1'], output: ['CSV', '2'] };
  expect(read(sides, {}, { inferenceId: 'mine' })).toMatchObject([{ eventId: 'mine' }]);
  expect(read(sides, {}, { invocationSource: 'ShadowExperiment' })).toEqual([]);
  const startMs = Date.UTC(2026, 0, 1);
  expect(read(sides, { between: { startMs, endMs: startMs + 1 } })).toHaveLength(1);
  expect(read(sides, { between: { startMs: startMs - 1, endMs: startMs } })).toEqual([]);
});

test.each<[string, Sides, ObservationFormat, unknown]>([
  [
    'columns of CSV by index',
    { input: ['CSV', '5,6,7'], output: ['CSV', '1,0.9'], label: ['CSV', 'x,1'] },
    {
      ...{ inferenceAttribute: '0', probabilityAttribute: '1', groundTruthAttribute: '1' },
      featuresAttribute: '0,2',
    },
    [['5 7', '1', '0.9', '1']],
  ],
  [
    'a probability alone is no inference',
    { input: ['CSV', '5'], output: ['CSV', '0.9'] },
    { probabilityAttribute: '0' },
    [['5', undefined, '0.9', undefined]],
  ],
  [
    'CSV in, JSON out, JSON label',
    {
      input: ['CSV', '5,x\n6,y'],
      output: ['JSON', '{"predictions":[{"label":1,"score":0.9},{"label":0,"score":0.2}]}'],
      label: ['JSON', '{"instances":[{"label":0},{"label":1}]}'],
    },
    {
      inferenceAttribute: 'predictions[*].label',
      probabilityAttribute: '$.predictions[*].score',
      groundTruthAttribute: 'instances[*].label',
    },
    [
      ['5 x', '1', '0.9', '0'],
      ['6 y', '0', '0.2', '1'],
    ],
  ],
  [
    'expressions may be about each row, and labels need none',
    {
      input: ['JSON', '{"instances":[{"features":[1,2]},{"features":[3,4]}]}'],
      output: ['JSON', '{"predictions":[{"label":"a"},{"label":"b"}]}'],
      label: ['JSON', '{"instances":[{"label":"a"},{"label":"a"}]}'],
    },
    { inferenceAttribute: 'label', featuresAttribute: 'features' },
    [
      ['1 2', 'a', undefined, 'a'],
      ['3 4', 'b', undefined, 'a'],
    ],
  ],
  [
    'JSON Lines',
    { input: ['JSON', '{"x":1}\n{"x":2}\n'], output: ['JSON', '{"p":0.5,"q":1}\n{"p":1,"q":2}'] },
    { inferenceAttribute: 'p' },
    [
      ['1', '0.5', undefined, undefined],
      ['2', '1', undefined, undefined],
    ],
  ],
  [
    'a list is one row of classes when there is one row',
    { input: ['CSV', '5'], output: ['JSON', '{"scores":[0.2,0.8]}'] },
    { probabilityAttribute: 'scores' },
    [['5', undefined, '0.2 0.8', undefined]],
  ],
  [
    'and a value for each row when there are as many',
    { input: ['CSV', '5\n6'], output: ['JSON', '{"scores":[0.2,0.8]}'], label: ['CSV', '1,0'] },
    { probabilityAttribute: 'scores' },
    [
      ['5', undefined, '0.2', '1'],
      ['6', undefined, '0.8', '0'],
    ],
  ],
  [
    'a line of answers to a batch, with and without an attribute',
    { input: ['CSV', '5\n6'], output: ['CSV', '0.2,0.8'] },
    { inferenceAttribute: '0' },
    [
      ['5', '0.2', undefined, undefined],
      ['6', '0.8', undefined, undefined],
    ],
  ],
  [
    'probabilities as text',
    { input: ['CSV', '5'], output: ['CSV', 'b,"[0.2, 0.8]"'] },
    { inferenceAttribute: '0', probabilityAttribute: '1' },
    [['5', 'b', '0.2 0.8', undefined]],
  ],
  [
    'several output cells and nothing says which',
    { input: ['CSV', '5'], output: ['CSV', '1,0.9'] },
    {},
    [['5', undefined, undefined, undefined]],
  ],
  [
    'joined batch output by column',
    { joined: ['CSV', '1,2,0.7,id'], label: ['CSV', '1'] },
    { probabilityAttribute: '2', excludeFeatures: ['3'] },
    [['1 2', undefined, '0.7', '1']],
  ],
  [
    'joined batch output by expression',
    { joined: ['JSON', '{"SageMakerOutput":{"predictions":[{"p":0.5}]},"instances":[{"x":1}]}'] },
    { inferenceAttribute: 'predictions[*].p' },
    [['1', '0.5', undefined, undefined]],
  ],
  [
    'one side alone',
    { output: ['JSON', '{"predictions":[0.1,0.2]}'] },
    {},
    [
      ['', '0.1', undefined, undefined],
      ['', '0.2', undefined, undefined],
    ],
  ],
  [
    'features but some',
    { input: ['JSON', '{"a":1,"b":{"c":2.5},"d":null}'], output: ['CSV', '1'] },
    { excludeFeatures: ['a'] },
    [['2.5 ', '1', undefined, undefined]],
  ],
])('%s', (_, sides, format, expected) => {
  expect(shortly(sides, format)).toEqual(expected);
});

test('recorded lines of a batch of three', () => {
  const file = new URL('../quality/golden/monitor/captured-data.jsonl', import.meta.url);
  const [first = ''] = readFileSync(file, 'utf8').split('\n');
  const outcome = observationsOf(first, { inferenceAttribute: 'predictions' }, query);
  expect(outcome.ok && outcome.value.map(({ inference }) => inference)).toEqual([
    '3.5',
    '4',
    '5.5',
  ]);
});

test.each<[string, Sides, ObservationFormat, RegExp]>([
  [
    'labels of another number of rows',
    { input: ['CSV', '1\n2'], output: ['CSV', '3\n4'], label: ['CSV', '1\n0\n1'] },
    {},
    /^event e: the sides .*: endpointOutput has 2, groundTruthData has 3, endpointInput has 2$/,
  ],
  [
    'a name for a CSV column',
    { input: ['CSV', '1'], output: ['CSV', '3'] },
    { inferenceAttribute: 'score' },
    /^event e: endpointOutput: the inference attribute must be the 0-based index .* "score"$/,
  ],
  [
    'a column that is not there',
    { input: ['CSV', '1'], output: ['CSV', '3'] },
    { probabilityAttribute: '4' },
    /endpointOutput: the probability attribute is column 4, and a row has 1 columns$/,
  ],
  [
    'an expression that picks nothing',
    { input: ['CSV', '1'], output: ['JSON', '{"a":1}'] },
    { inferenceAttribute: 'b.c' },
    /endpointOutput: the inference attribute "b.c" picks nothing$/,
  ],
  [
    'an expression that is malformed',
    { input: ['CSV', '1'], output: ['JSON', '{"a":1}'] },
    { inferenceAttribute: 'a[' },
    /endpointOutput: the inference attribute is malformed: /,
  ],
  [
    'an object for an inference',
    { input: ['CSV', '1'], output: ['JSON', '{"a":{"b":1}}'] },
    { inferenceAttribute: 'a' },
    /the inference must be one value, and is \{"b":1\}$/,
  ],
  [
    'a list for an inference',
    { input: ['CSV', '1'], output: ['JSON', '{"a":[1,2]}'] },
    { inferenceAttribute: 'a' },
    /the inference must be one value, and is \[1,2\]$/,
  ],
  [
    'two labels for one row',
    { input: ['CSV', '1'], output: ['CSV', '1'], label: ['CSV', '1,0'] },
    {},
    /the label must be one value, and is \["1","0"\]$/,
  ],
  [
    'a label in bad CSV',
    { input: ['CSV', '1'], output: ['CSV', '1'], label: ['CSV', '"1'] },
    {},
    /^event e: groundTruthData: not CSV: /,
  ],
  ['no side', {}, {}, /^event e: has no endpointInput, no endpointOutput and no batchTransform/],
])('refused: %s', (_, sides, format, reason) => {
  expect(read(sides, format)).toMatch(reason);
});

test.each([
  ['{', /^not JSON: /],
  ['[]', /^has no captureData: /],
])('lines that are no records are refused: %s', (text, reason) => {
  const outcome = observationsOf(text, {}, query);
  expect(outcome).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
});

test('whatever was captured, and whatever is asked for, is read or refused', () => {
  const json = fc.json({ maxDepth: 3 });
  const text = fc.oneof(
    json,
    fc.string(),
    fc.array(json).map((items) => items.join('\n')),
  );
  const side = fc.option(fc.tuple(fc.constantFrom('CSV', 'JSON', 'BASE64'), text), {
    nil: undefined,
  });
  const attribute = fc.constantFrom('0', '3', 'a', 'a[*].b', 'predictions', '[0]', '@');
  const given = fc.record({ input: side, output: side, joined: side, label: side });
  fc.assert(
    fc.property(given, attribute, attribute, (sides, one, other) => {
      const all = { inferenceAttribute: one, probabilityAttribute: other };
      for (const format of [{}, all, { ...all, featuresAttribute: one }]) {
        const known = Object.entries(sides).filter(([, of]) => of !== undefined);
        const found = read(Object.fromEntries(known) as Sides, format);
        if (typeof found === 'string') expect(found).toMatch(/^event e: /);
        else expect(found.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 300 },
  );
});

test('a list of a thousand million columns is refused before it is made', () => {
  const featuresAttribute = '0-999999999';
  const found = observationsOf(line({ input: ['CSV', '1,2'] }), { featuresAttribute }, query);
  expect(found).toEqual({
    ok: false,
    reason: 'event e: endpointInput: the features attribute names more than 100000 columns',
  });
});

test('a body without rows is said to be so', () => {
  const found = observationsOf(line({ input: ['CSV', '1'], output: ['CSV', ''] }), {}, query);
  expect(found).toEqual({ ok: false, reason: 'event e: endpointOutput has no rows' });
});

test('a cell of twenty million characters is a cell like others', () => {
  const cell = 'x'.repeat(20_000_000);
  const input = ['CSV', `"${cell}","a ""b""\n",3\r\n`] as const;
  const found = observationsOf(line({ input, output: ['CSV', '1'] }), {}, query);
  expect(found.ok && found.value[0]?.features.cells.slice(1)).toEqual(['a "b"\n', '3']);
});

test('data that is nested too deep to be shown is refused all the same', () => {
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const text = line({ input: ['CSV', 'D'] }).replace('"D"', nested);
  expect(observationsOf(text, {}, query)).toEqual({
    ok: false,
    reason: 'event e: endpointInput: data must be a string, and is nested too deep to be shown',
  });
});
