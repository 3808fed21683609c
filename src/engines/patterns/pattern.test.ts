/** Patterns: cases of the grammar, its refusals, and a second implementation with random inputs. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { compilePattern } from './pattern.ts';
import { referenceMatches } from './reference.fixture.ts';

function matches(pattern: object, document: unknown): boolean {
  const compiled = compilePattern(pattern);
  if (!compiled.ok) throw new Error(compiled.reason);
  return compiled.value.matchesDocument(document);
}

interface Case {
  readonly pattern: object;
  readonly yes: readonly unknown[];
  readonly no: readonly unknown[];
}

const cases: Readonly<Record<string, Case>> = {
  'plain values': {
    pattern: { a: ['x', 1, true, null] },
    yes: [{ a: 'x' }, { a: 1 }, { a: true }, { a: null }, { a: ['y', 'x'] }, { a: 1.0 }],
    no: [{ a: 'y' }, { a: '1' }, { a: false }, {}, { a: [] }, { a: { x: 'x' } }],
  },
  'all fields, any value': {
    pattern: { a: ['x', 'y'], b: { c: [2] } },
    yes: [
      { a: 'y', b: { c: 2 } },
      { a: 'x', 'b.c': 2 },
    ],
    no: [{ a: 'y' }, { a: 'y', b: { c: 3 } }],
  },
  prefix: { pattern: { a: [{ prefix: 'ab' }] }, yes: [{ a: 'abc' }], no: [{ a: 'cab' }, { a: 1 }] },
  suffix: { pattern: { a: [{ suffix: 'ab' }] }, yes: [{ a: 'cab' }], no: [{ a: 'abc' }] },
  'folded prefix': {
    pattern: { a: [{ prefix: { 'equals-ignore-case': 'AB' } }] },
    yes: [{ a: 'abc' }, { a: 'ABc' }],
    no: [{ a: 'b' }],
  },
  'equals-ignore-case': {
    pattern: { a: [{ 'equals-ignore-case': 'AbC' }] },
    yes: [{ a: 'aBc' }],
    no: [{ a: 'abcd' }],
  },
  'anything-but': {
    pattern: { a: [{ 'anything-but': ['x', 'y'] }] },
    yes: [{ a: 'z' }, { a: ['x', 'z'] }, { a: null }, { a: 1 }],
    no: [{ a: 'x' }, { a: ['x', 'y'] }, {}],
  },
  'anything-but a number': {
    pattern: { a: [{ 'anything-but': 1 }] },
    yes: [{ a: 2 }, { a: '1' }],
    no: [{ a: 1 }],
  },
  'anything-but prefixes': {
    pattern: { a: [{ 'anything-but': { prefix: ['x', 'y'] } }] },
    yes: [{ a: 'zx' }],
    no: [{ a: 'xa' }, { a: 'ya' }, {}],
  },
  'anything-but a wildcard': {
    pattern: { a: [{ 'anything-but': { wildcard: '*/tmp/*' } }] },
    yes: [{ a: '/var/x' }],
    no: [{ a: '/var/tmp/x' }],
  },
  numeric: {
    pattern: { a: [{ numeric: ['>', 0, '<=', 5] }] },
    yes: [{ a: 5 }, { a: 0.1 }],
    no: [{ a: 0 }, { a: 5.1 }, { a: '3' }],
  },
  'numeric equality': {
    pattern: { a: [{ numeric: ['=', 3e2] }] },
    yes: [{ a: 300 }],
    no: [{ a: 3 }],
  },
  cidr: {
    pattern: { a: [{ cidr: '10.0.0.0/24' }] },
    yes: [{ a: '10.0.0.255' }],
    no: [{ a: '10.0.1.0' }, { a: 'x' }, { a: '::1' }],
  },
  'cidr of the sixth version': {
    pattern: { a: [{ cidr: '2001:db8::/32' }] },
    yes: [{ a: '2001:db8:1::2' }],
    no: [{ a: '2001:db9::' }, { a: '10.0.0.1' }],
  },
  exists: {
    pattern: { a: [{ exists: true }] },
    yes: [{ a: null }, { a: '' }],
    no: [{}, { a: { b: 1 } }, { a: [] }],
  },
  'exists not': {
    pattern: { a: [{ exists: false }] },
    yes: [{}, { a: { b: 1 } }],
    no: [{ a: 1 }],
  },
  'exists not, or a value': {
    pattern: { a: [{ exists: false }, 'x'] },
    yes: [{}, { a: 'x' }],
    no: [{ a: 'y' }],
  },
  wildcard: {
    pattern: { a: [{ wildcard: 'a*b\\*c*' }] },
    yes: [{ a: 'ab*c' }, { a: 'axxb*cyy' }],
    no: [{ a: 'abxc' }, { a: 'b*c' }],
  },
  'wildcard whose ends may not overlap': {
    pattern: { a: [{ wildcard: 'aba*ba' }] },
    yes: [{ a: 'ababa' }],
    no: [{ a: 'aba' }],
  },
  $or: {
    pattern: { z: [1], $or: [{ a: ['x'] }, { b: { c: [2] }, a: ['y'] }] },
    yes: [
      { z: 1, a: 'x' },
      { z: 1, a: 'y', b: { c: 2 } },
    ],
    no: [{ z: 1, a: 'y' }, { a: 'x' }],
  },
  '$or inside an object': {
    pattern: { d: { $or: [{ a: [1] }, { b: [1] }] } },
    yes: [{ d: { b: 1 } }],
    no: [{ b: 1 }],
  },
  'a field called $or': { pattern: { $or: ['x'] }, yes: [{ $or: 'x' }], no: [{ a: 'x' }] },
  'elements of arrays of objects': {
    pattern: { a: { b: [1] } },
    yes: [{ a: [{ b: 2 }, { b: 1 }] }, { a: [[{ b: 1 }]] }],
    no: [{ a: [{ b: 2 }] }],
  },
};

describe.each(Object.entries(cases))('%s', (_, { pattern, yes, no }) => {
  test.each(yes)('matches %j', (document) => expect(matches(pattern, document)).toBe(true));
  test.each(no)('does not match %j', (document) => expect(matches(pattern, document)).toBe(false));
});

test.each([
  [[], 'Filter is not an object'],
  [{}, 'Empty objects are not allowed'],
  [{ a: 'x' }, '"a" must be an object or an array'],
  [{ a: [] }, 'Empty arrays are not allowed'],
  [{ a: [['x']] }, 'Match value must be String, number, true, false, or null'],
  [{ a: [{ EXISTS: true }] }, 'Unrecognized match type EXISTS'],
  [{ a: [{ constructor: 1 }] }, 'Unrecognized match type constructor'],
  [{ a: [{ prefix: 'a', suffix: 'b' }] }, 'Only one key allowed in match expression'],
  [{ a: [{ exists: 'yes' }] }, 'exists match pattern must be either true or false.'],
  [{ a: [{ prefix: 1 }] }, 'prefix match pattern must be a string'],
  [{ a: [{ suffix: { 'equals-ignore-case': 1 } }] }, 'suffix match pattern must be a string'],
  [{ a: [{ wildcard: 'a**b' }] }, 'Consecutive wildcard characters at pos 1'],
  [{ a: [{ wildcard: 'a\\b' }] }, 'Invalid escape character at pos 1'],
  [{ a: [{ numeric: 5 }] }, 'Value of numeric must be an array.'],
  [{ a: [{ numeric: [] }] }, 'Invalid member in numeric match: ]'],
  [{ a: [{ numeric: ['~', 1] }] }, 'Unrecognized numeric range operator: ~'],
  [{ a: [{ numeric: ['=', '1'] }] }, 'Value of equals must be numeric'],
  [{ a: [{ numeric: ['<', '1'] }] }, 'Value of < must be numeric'],
  [{ a: [{ numeric: ['<', 1, '>', 0] }] }, 'Too many elements in numeric expression'],
  [{ a: [{ numeric: ['>', 1, '>', 2] }] }, 'Bad numeric range operator: >'],
  [{ a: [{ numeric: ['>', 1, '<', 1] }] }, 'Bottom must be less than top'],
  [{ a: [{ numeric: ['>', 1, '<', 2, 3] }] }, 'Too many terms in numeric range expression'],
  [{ a: [{ cidr: '10.0.0.0' }] }, "Malformed CIDR, one '/' required"],
  [{ a: [{ cidr: '10.0.0.0/a' }] }, 'Malformed CIDR, mask bits must be an integer'],
  [{ a: [{ cidr: '10.0.0/8' }] }, 'Nonstandard IP address: 10.0.0'],
  [{ a: [{ 'anything-but': [] }] }, 'Empty arrays are not allowed'],
  [
    { a: [{ 'anything-but': [null] }] },
    'Inside anything but list, start|null|boolean is not supported.',
  ],
  [
    { a: [{ 'anything-but': true }] },
    'Value of anything-but must be an array or single string/number value.',
  ],
  [{ a: [{ 'anything-but': { prefix: '' } }] }, 'Null prefix/suffix not allowed'],
  [{ a: [{ 'anything-but': { cidr: 'x' } }] }, 'Unsupported anything-but pattern: cidr'],
  [
    { a: [{ 'anything-but': { 'equals-ignore-case': [1] } }] },
    'Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.',
  ],
])('%j is refused', (pattern, reason) => {
  expect(compilePattern(pattern)).toEqual({ ok: false, reason });
});

test('a pattern deeper than any document is refused, not followed', () => {
  let pattern: object = { a: ['x'] };
  for (let i = 0; i < 100; i += 1) pattern = { a: pattern };
  expect(compilePattern(pattern)).toMatchObject({ ok: false });
});

test('a wildcard that would backtrack is matched in time', () => {
  const pattern = { a: [{ wildcard: '*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b' }] };
  expect(matches(pattern, { a: 'a'.repeat(5_000) })).toBe(false);
});

describe('against the reference', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = seededRandom(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random.next01() * all.length)] as T;
  const times = <T>(most: number, make: () => T): T[] =>
    Array.from({ length: 1 + Math.floor(random.next01() * most) }, make);
  const texts = ['', 'a', 'b', 'ab', 'ba', 'aba', 'AB', 'a*b', '10.0.0.1', '10.0.3.7', 'a\\b'];
  const leaves = [...texts, 0, 1, 2.5, -3, true, false, null];
  const keys = ['k', 'l', 'm', 'k.l'];

  function document(depth: number): unknown {
    const kind = random.next01();
    if (depth === 0 || kind < 0.4) return pick(leaves);
    if (kind < 0.6) return times(3, () => document(depth - 1));
    return object(depth);
  }
  function object(depth: number): object {
    return Object.fromEntries(times(3, () => [pick(keys), document(depth - 1)]));
  }
  const textMatcher = () => ({
    [pick(['prefix', 'suffix', 'equals-ignore-case'])]: pick(texts.slice(1)),
  });
  const wildcards = ['*', 'a*', '*b', 'a*a', 'a\\*b', '*b*', 'ab', '*a\\\\*'];
  const matcherKinds: readonly (() => unknown)[] = [
    () => pick(leaves),
    textMatcher,
    () => ({ exists: pick([true, false]) }),
    () => ({ wildcard: pick(wildcards) }),
    () => ({ 'anything-but': times(2, () => pick(texts)) }),
    () => ({ 'anything-but': pick([0, 1, 'a']) }),
    () => ({ 'anything-but': textMatcher() }),
    () => ({ 'anything-but': { wildcard: pick(wildcards) } }),
    () => ({ prefix: { 'equals-ignore-case': pick(texts) } }),
    () => ({ numeric: [pick(['=', '<', '<=', '>', '>=']), pick([0, 1, 2.5])] }),
    () => ({ numeric: [pick(['>', '>=']), -3, pick(['<', '<=']), pick([1, 2.5])] }),
    () => ({ cidr: pick(['10.0.0.0/24', '10.0.0.0/8', '0.0.0.0/0']) }),
  ];
  function pattern(depth: number): object {
    const entries = times(2, () => [
      pick(keys),
      depth > 0 && random.next01() < 0.4
        ? pattern(depth - 1)
        : times(3, () => pick(matcherKinds)()),
    ]);
    const alternatives = depth > 0 && random.next01() < 0.3;
    if (alternatives) entries.push(['$or', [pattern(depth - 1), pattern(depth - 1)]]);
    return Object.fromEntries(entries);
  }

  test(`20,000 random pairs agree (seed ${seed})`, () => {
    let matched = 0;
    for (let i = 0; i < 20_000; i += 1) {
      const [wanted, found] = [pattern(2), object(3)];
      const expected = referenceMatches(wanted as never, found as never);
      if (matches(wanted, found) !== expected) {
        throw new Error(`seed ${seed}: ${JSON.stringify({ wanted, found, expected })}`);
      }
      matched += Number(expected);
    }
    // Both answers must occur for the comparison to mean anything.
    expect(matched).toBeGreaterThan(500);
    expect(matched).toBeLessThan(19_500);
  });
});
