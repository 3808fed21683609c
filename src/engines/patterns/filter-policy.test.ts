/** Filter policies: their two scopes, and their bounds. */
import { expect, test } from 'vitest';
import { compileFilterPolicy, type FilteredMessage, type FilterScope } from './filter-policy.ts';

function passes(policy: object, message: Partial<FilteredMessage>, scope: FilterScope) {
  const compiled = compileFilterPolicy(JSON.stringify(policy), scope);
  if (!compiled.ok) throw new Error(compiled.reason);
  return compiled.value.matches({ body: '', attributes: {}, ...message });
}

const text = (value: string) => ({ type: 'String', text: value });

test('attributes are matched by their type', () => {
  const by = (policy: object, attributes: FilteredMessage['attributes']) =>
    passes(policy, { attributes }, 'attributes');
  expect(by({ store: ['x'] }, { store: text('x') })).toBe(true);
  expect(by({ store: ['x'] }, { other: text('x') })).toBe(false);
  const price = { type: 'Number', text: '120.50' };
  expect(by({ price: [{ numeric: ['>=', 100] }] }, { price })).toBe(true);
  expect(by({ price: [120.5] }, { price })).toBe(true);
  expect(by({ price: ['120.50'] }, { price })).toBe(false);
  expect(by({ price: [{ numeric: ['>=', 100] }] }, { price: text('120.50') })).toBe(false);
  const interests = { type: 'String.Array', text: '["rugby", "golf", 3]' };
  expect(by({ interests: ['golf'] }, { interests })).toBe(true);
  expect(by({ interests: [3] }, { interests })).toBe(true);
  expect(by({ interests: ['chess'] }, { interests })).toBe(false);
  expect(by({ interests: ['x'] }, { interests: { type: 'String.Array', text: '[' } })).toBe(false);
  expect(by({ blob: [{ exists: true }] }, { blob: { type: 'Binary' } })).toBe(false);
});

test('a body is matched as a document, and one that is none is not wanted', () => {
  const by = (policy: object, body: unknown) =>
    passes(policy, { body: typeof body === 'string' ? body : JSON.stringify(body) }, 'body');
  expect(by({ a: { b: [{ prefix: 'x' }] } }, { a: { b: 'xy' } })).toBe(true);
  expect(by({ a: { b: [{ prefix: 'x' }] } }, { a: { b: 'y' } })).toBe(false);
  expect(by({ a: ['x'] }, { a: ['y', 'x'] })).toBe(true);
  expect(by({ a: [{ exists: false }] }, 'not JSON')).toBe(false);
  expect(by({ a: [{ exists: false }] }, '[1]')).toBe(false);
});

test('what is nested without end is refused, and matched by nothing', () => {
  const nested = (inner: string) => `${'{"a":'.repeat(50_000)}${inner}${'}'.repeat(50_000)}`;
  expect(compileFilterPolicy(nested('["x"]'), 'body').ok).toBe(false);
  const alternatives = `${'{"$or":[{"a":[1]},'.repeat(20_000)}{"b":[1]}${']}'.repeat(20_000)}`;
  expect(compileFilterPolicy(alternatives, 'body').ok).toBe(false);
  expect(passes({ a: [{ exists: false }] }, { body: nested('1') }, 'body')).toBe(false);
  const brackets = { a: '{['.repeat(500) };
  expect(passes({ a: [{ prefix: '{[' }] }, { body: JSON.stringify(brackets) }, 'body')).toBe(true);
});

test('an empty policy lets everything through', () => {
  expect(passes({}, {}, 'attributes')).toBe(true);
  expect(passes({}, { body: 'not JSON' }, 'body')).toBe(true);
});

const values = (count: number) => Array.from({ length: count }, (_, i) => String(i));

test.each<[object | string, FilterScope, string]>([
  ['{', 'body', 'failed to parse JSON.'],
  ['[]', 'body', 'Filter is not an object'],
  [{ a: 'x' }, 'attributes', '"a" must be an object or an array'],
  [
    { a: { b: ['x'] } },
    'attributes',
    'Filter policy scope MessageAttributes does not support nested filter policy',
  ],
  [
    { a: ['1'], b: ['1'], c: ['1'], d: ['1'], e: ['1'], f: ['1'] },
    'attributes',
    'Filter policy can not have more than 5 keys',
  ],
  [{ a: values(151) }, 'attributes', 'Filter policy is too complex'],
  [{ a: values(16), b: values(10) }, 'attributes', 'Filter policy is too complex'],
  [{ a: { b: values(76) } }, 'body', 'Filter policy is too complex'],
])('%j is refused in the %s', (policy, scope, reason) => {
  const source = typeof policy === 'string' ? policy : JSON.stringify(policy);
  expect(compileFilterPolicy(source, scope)).toEqual({ ok: false, reason });
});

test('what is within the bounds is accepted', () => {
  const accepted = (policy: object, scope: FilterScope) =>
    compileFilterPolicy(JSON.stringify(policy), scope).ok;
  expect(accepted({ a: values(15), b: values(10) }, 'attributes')).toBe(true);
  expect(accepted({ a: { b: values(75) } }, 'body')).toBe(true);
  // Alternatives add up instead of multiplying.
  expect(accepted({ $or: [{ a: values(75) }, { b: values(75) }] }, 'attributes')).toBe(true);
});
