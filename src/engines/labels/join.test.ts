/** Labels joined to captured records: ids, repeats, contradictions, and what cannot be read. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { joinLabels } from './join.ts';

const captured = (metadata: object, extra: object = {}) =>
  JSON.stringify({
    captureData: { endpointOutput: { data: '1', encoding: 'CSV' } },
    eventMetadata: { inferenceTime: '2026-01-01T00:30:00Z', ...metadata },
    eventVersion: '0',
    ...extra,
  });

const label = (id: string, data: unknown, encoding = 'CSV') =>
  JSON.stringify({
    groundTruthData: { data, encoding },
    eventMetadata: { eventId: id },
    eventVersion: '0',
  });

test('the caller’s id joins before the event’s own, and the rest is counted', () => {
  const join = joinLabels();
  join.addLabels(label('mine', '1'), 'l:1');
  join.addLabels(label('event-2', 0), 'l:2');
  join.addLabels(label('event-1', '9'), 'l:3');
  const merged = [
    { eventId: 'event-1', inferenceId: 'mine' },
    { eventId: 'event-2' },
    { eventId: 'event-3' },
  ].map((metadata) => join.merge(captured(metadata), 'c:1'));
  expect(merged.map((line) => line && JSON.parse(line).groundTruthData)).toEqual([
    { data: '1', encoding: 'CSV' },
    { data: '0', encoding: 'CSV' },
    undefined,
  ]);
  expect(join.report()).toMatchObject({
    captured: 3,
    matched: 2,
    unmatchedCaptured: { count: 1, examples: ['event-3'] },
    labels: 3,
    labelsWithoutCaptured: { count: 1, examples: ['event-1'] },
    duplicateIds: { count: 0 },
  });
});

test('the text of a captured record is kept as it was written', () => {
  const join = joinLabels();
  join.addLabels(label('e', '{"a": 1}', 'json'), 'l:1');
  const line = '{"captureData" : {"x":1.50e3},  "eventMetadata":{"eventId":"e"}  } ';
  expect(join.merge(line, 'c:1')).toBe(
    '{"captureData" : {"x":1.50e3},  "eventMetadata":{"eventId":"e"},' +
      '"groundTruthData":{"data":"{\\"a\\": 1}","encoding":"JSON"}}',
  );
});

test('the last label of an id counts; repeats and contradictions are told', () => {
  const join = joinLabels();
  for (const [id, data] of [
    ['a', '1'],
    ['a', '1.0'],
    ['b', '1'],
    ['b', '0'],
  ] as const) {
    join.addLabels(label(id, data), 'l');
  }
  const merged = join.merge(captured({ eventId: 'b' }), 'c') ?? '{}';
  expect(JSON.parse(merged).groundTruthData.data).toBe('0');
  expect(join.report()).toMatchObject({
    duplicateIds: { count: 2, examples: ['a', 'b'] },
    contradictory: { count: 1, examples: ['b'] },
  });
});

test('an id that several captured records have is told; each gets the label', () => {
  const join = joinLabels();
  join.addLabels(label('a', '1'), 'l');
  expect(join.merge(captured({ inferenceId: 'a' }), 'c')).toBeDefined();
  expect(join.merge(captured({ inferenceId: 'a' }), 'c')).toBeDefined();
  expect(join.report()).toMatchObject({ matched: 2, reusedIds: { count: 1, examples: ['a'] } });
});

test('shadow answers and other times are left out', () => {
  const startMs = Date.parse('2026-01-01T00:00:00Z');
  const join = joinLabels({ between: { startMs, endMs: startMs + 3_600_000 } });
  for (const id of ['in', 'out', 'shadow', 'untimed']) join.addLabels(label(id, '1'), 'l');
  const lines = [
    captured({ eventId: 'in' }),
    captured({ eventId: 'out', inferenceTime: '2026-01-01T01:00:00Z' }),
    captured({ eventId: 'shadow', invocationSource: 'ShadowExperiment' }),
    captured({ eventId: 'untimed', inferenceTime: undefined }),
  ];
  expect(lines.map((line) => join.merge(line, 'c') !== undefined)).toEqual([
    true,
    false,
    false,
    true,
  ]);
  expect(join.report()).toMatchObject({ captured: 2, shadow: 1, outsideWindow: 1 });
});

test('examples are five at most, however many there are', () => {
  const join = joinLabels();
  for (let i = 0; i < 9; i += 1) join.merge(captured({ eventId: `e${i}` }), 'c');
  expect(join.report().unmatchedCaptured).toEqual({
    count: 9,
    examples: ['e0', 'e1', 'e2', 'e3', 'e4'],
  });
});

test.each([
  ['{', /^l:7: not JSON: .*"\{"$/],
  ['7', /^l:7: must be a JSON object, and is 7$/],
  ['{}', /^l:7: eventMetadata.eventId must be a text, and is missing$/],
  [label('', '1'), /^l:7: eventMetadata.eventId must be a text, and is ""$/],
  [label('a', { x: 1 }), /^l:7: groundTruthData.data must be a text, and is \{"x":1\}$/],
  [label('a', null), /^l:7: groundTruthData.data must be a text, and is null$/],
  [label('a', '1', 'XML'), /^l:7: groundTruthData.encoding must be CSV or JSON, and is "XML"$/],
  [`[${label('a', '1')},3]`, /^l:7, record 2: must be a JSON object, and is 3$/],
])('labels that cannot be read are told by their place: %s', (text, reason) => {
  const join = joinLabels();
  join.addLabels(text, 'l:7');
  expect(join.report().malformedLabels).toMatchObject({
    count: 1,
    examples: [expect.stringMatching(reason)],
  });
});

test('labels nested too deep to be shown are told all the same', () => {
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const join = joinLabels();
  join.addLabels(nested, 'l:1');
  join.addLabels(label('a', 'D').replace('"D"', nested), 'l:2');
  expect(join.report().malformedLabels).toEqual({
    count: 2,
    examples: [
      'l:1, record 1: must be a JSON object, and is nested too deep to be shown',
      'l:2: groundTruthData.data must be a text, and is nested too deep to be shown',
    ],
  });
});

test.each([
  ['{', /^c:3: not JSON: /],
  ['null', /^c:3: has no captureData$/],
  [captured({}), /^c:3: has no inferenceId and no eventId$/],
])('captured lines that cannot be read are told by their place: %s', (line, reason) => {
  const join = joinLabels();
  expect(join.merge(line, 'c:3')).toBeUndefined();
  expect(join.report().malformedCaptured).toMatchObject({
    count: 1,
    examples: [expect.stringMatching(reason)],
  });
});

test('the recorded labels join the recorded capture', () => {
  const lines = (name: string) =>
    readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8')
      .trim()
      .split('\n');
  const join = joinLabels();
  for (const line of lines('actuals.jsonl')) join.addLabels(line, 'actuals');
  const merged = lines('capture.jsonl').map((line) => join.merge(line, 'capture'));
  expect(merged.every((line) => line !== undefined)).toBe(true);
  expect(join.report()).toMatchObject({
    captured: merged.length,
    matched: merged.length,
    malformedLabels: { count: 0 },
  });
});
