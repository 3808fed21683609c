/** Records filtered, joined and marked, as text; numbers and quotes stay as they are written. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readExact, writeExact } from './exact-json.ts';
import { parsePath } from './path.ts';
import { cellsOf, filtered, idsOf, joined, kindOf, linesOf, marked } from './records.ts';

const path = (text: string) => {
  const parsed = parsePath(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
};
const value = (text: string) => ({ ok: true, value: text });

test('cells keep their quotes, and joined they are the row they came from', () => {
  expect(cellsOf('1,"a,b",,"say ""hi"""')).toEqual(['1', '"a,b"', '', '"say ""hi"""']);
  fc.assert(fc.property(fc.string(), (row) => cellsOf(row).join(',') === row));
});

test('columns are picked as they are written', () => {
  expect(filtered('7,"a,b",0.50', 'csv', path('$[1:]'))).toEqual(value('"a,b",0.50'));
  expect(filtered('7,"a,b",0.50', 'csv', path('$[2]'))).toEqual(value('0.50'));
  expect(filtered('7', 'csv', path('$[1]'))).toEqual({
    ok: false,
    reason: '$[1]: there is no place 1 among 1',
  });
});

test('members are picked with their numbers as they are written', () => {
  const record = '{"id": 12345678901234567890, "x": [3.0, 1e-7, -0.0, "4.0"]}';
  expect(filtered(record, 'json', path('$.id'))).toEqual(value('12345678901234567890'));
  expect(filtered(record, 'jsonLines', path('$.x'))).toEqual(value('[3.0,1e-7,-0.0,"4.0"]'));
  expect(filtered('{"a"', 'json', path('$.a'))).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/^is not JSON/),
  });
});

test('rows are joined column after column, documents as members', () => {
  expect(joined('1,2', '0.7', 'csv')).toEqual(value('1,2,0.7'));
  expect(joined('{"x":1.0}', '{"p":0.70}', 'json')).toEqual(
    value('{"x":1.0,"SageMakerOutput":{"p":0.70}}'),
  );
  expect(joined('[1.0,2]', '0.5', 'jsonLines')).toEqual(
    value('{"SageMakerInput":[1.0,2],"SageMakerOutput":0.5}'),
  );
  expect(joined('{"x":1}', 'oops', 'json')).toMatchObject({
    reason: expect.stringMatching(/^the answer is not JSON/),
  });
});

test('a mark is two columns or two members; what is no object becomes a member', () => {
  const mark = { id: 'i', time: 't' };
  expect(marked('1,2', 'csv', mark)).toEqual(value('1,2,i,t'));
  expect(marked('{"p":1.0}', 'json', mark)).toEqual(
    value('{"p":1.0,"SageMakerInferenceId":"i","SageMakerInferenceTime":"t"}'),
  );
  expect(marked('[1.0]', 'json', mark)).toEqual(
    value('{"SageMakerOutput":[1.0],"SageMakerInferenceId":"i","SageMakerInferenceTime":"t"}'),
  );
});

test('JSON that is read and written again means the same', () => {
  const same = (document: unknown) => {
    const read = readExact(JSON.stringify(document));
    return read.ok && JSON.stringify(JSON.parse(writeExact(read.value)));
  };
  fc.assert(fc.property(fc.jsonValue(), (document) => same(document) === JSON.stringify(document)));
  const text = '{"n1":"n2","__proto__":{"a":-1.50E+3},"s":["\\"3",true,null]}';
  const read = readExact(text);
  expect(read.ok && writeExact(read.value)).toBe(text);
});

test('ids are UUIDs that name a record, always the same one', () => {
  expect(idsOf('job', 'a.csv', 1)(0)).toBe(idsOf('job', 'a.csv', 1)(0));
  expect(idsOf('job', 'a.csv', 1)(0xabc)).toMatch(
    /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{4}00000abc$/,
  );
  const ids = ['a', 'b'].flatMap((name) => Array.from({ length: 1_000 }, (_, i) => idsOf(name)(i)));
  expect(new Set(ids).size).toBe(2_000);
  expect(idsOf('a', 'b')(0)).not.toBe(idsOf('ab')(0));
});

test.each([
  ['text/csv; charset=utf-8', 'csv'],
  ['TEXT/CSV', 'csv'],
  ['application/json', 'json'],
  ['application/vnd.x+json', 'json'],
  ['application/jsonlines', 'jsonLines'],
  ['application/x-ndjson', 'jsonLines'],
  ['image/png', undefined],
  [undefined, undefined],
])('%s is %s', (type, kind) => {
  expect(kindOf(type)).toBe(kind);
});

test('blank lines are no records', () => {
  expect(linesOf('a\r\n\nb\n\r\n')).toEqual(['a', 'b']);
});

test('a text of twenty million characters is a text like others', () => {
  const record = `{"a":"${'x'.repeat(20_000_000)}","b":1.50}`;
  expect(filtered(record, 'json', path('$.b'))).toEqual(value('1.50'));
});

test('what is nested too deep is refused, and quotes and brackets in texts are no nesting', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}1.0${']'.repeat(depth)}`;
  const kept = readExact(`[${nested(500)},"\\\\\\"${'['.repeat(600)}"]`);
  expect(kept.ok && writeExact(kept.value)).toContain('1.0');
  expect(readExact(nested(100_000))).toEqual({ ok: false, reason: 'is nested deeper than 512' });
});
