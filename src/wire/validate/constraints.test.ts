/** The words of violations, as the original says them. */
import { describe, expect, test } from 'vitest';
import type { StructureType, Type } from '../model/types.ts';
import { violationsOf } from './constraints.ts';

const id: Type = { kind: 'string', min: 2, max: 4, pattern: '[a-z]+' };
const inner: StructureType = {
  kind: 'structure',
  name: 'Inner',
  members: [
    { name: 'Key', type: id, required: true },
    { name: 'Secret', type: { kind: 'string', max: 2, sensitive: true } },
  ],
};
const input: StructureType = {
  kind: 'structure',
  name: 'Input',
  members: [
    { name: 'Name', type: id, required: true },
    { name: 'Mode', type: { kind: 'string', enum: ['A', 'B'] } },
    { name: 'Count', type: { kind: 'integer', min: 1, max: 5 } },
    { name: 'Ids', type: { kind: 'list', max: 2, item: { type: id } } },
    { name: 'Inners', type: { kind: 'list', item: { type: inner } } },
    {
      name: 'Tags',
      type: { kind: 'map', max: 1, key: { type: id }, value: { type: { kind: 'string', max: 3 } } },
    },
    { name: 'Bytes', type: { kind: 'blob', max: 2 } },
  ],
};

const detected = (text: string) => `1 validation error detected: ${text}`;
const failed = 'failed to satisfy constraint:';

describe('violationsOf', () => {
  test.each([
    ['nothing wrong', { Name: 'ab', Mode: 'A', Count: 5, Ids: ['ab'] }, undefined],
    ['absent', {}, detected(`Value null at 'name' ${failed} Member must not be null`)],
    [
      'too short',
      { Name: 'a' },
      detected(`Value 'a' at 'name' ${failed} Member must have length greater than or equal to 2`),
    ],
    [
      'too long, in code points',
      { Name: 'abcde' },
      detected(`Value 'abcde' at 'name' ${failed} Member must have length less than or equal to 4`),
    ],
    [
      'not matching as a whole',
      { Name: 'ab1' },
      detected(
        `Value 'ab1' at 'name' ${failed} Member must satisfy regular expression pattern: [a-z]+`,
      ),
    ],
    [
      'no such value',
      { Name: 'ab', Mode: 'C' },
      detected(`Value 'C' at 'mode' ${failed} Member must satisfy enum value set: [A, B]`),
    ],
    [
      'too small a number',
      { Name: 'ab', Count: 0 },
      detected(`Value '0' at 'count' ${failed} Member must have value greater than or equal to 1`),
    ],
    [
      'too large a number',
      { Name: 'ab', Count: 6 },
      detected(`Value '6' at 'count' ${failed} Member must have value less than or equal to 5`),
    ],
    [
      'too many items',
      { Name: 'ab', Ids: ['ab', 'ab', 'ab'] },
      detected(
        `Value '[ab, ab, ab]' at 'ids' ${failed} Member must have length less than or equal to 2`,
      ),
    ],
    [
      'a bad item names all that items must be',
      { Name: 'ab', Ids: ['A'] },
      detected(
        `Value '[A]' at 'ids' ${failed} Member must satisfy constraint: ` +
          '[Member must have length less than or equal to 4, ' +
          'Member must have length greater than or equal to 2, ' +
          'Member must satisfy regular expression pattern: [a-z]+]',
      ),
    ],
    [
      'inside a list, counted from one',
      { Name: 'ab', Inners: [{ Key: 'ab' }, {}] },
      detected(`Value null at 'inners.2.member.key' ${failed} Member must not be null`),
    ],
    [
      'a secret is not shown',
      { Name: 'ab', Inners: [{ Key: 'ab', Secret: 'hush' }] },
      detected(
        `Value at 'inners.1.member.secret' ${failed} ` +
          'Member must have length less than or equal to 2',
      ),
    ],
    [
      'a value of a map',
      { Name: 'ab', Tags: { ab: 'long' } },
      detected(
        `Value '{ab=long}' at 'tags' ${failed} Map value must satisfy constraint: ` +
          '[Member must have length less than or equal to 3]',
      ),
    ],
    [
      'several at once',
      { Name: 'A', Mode: 'C' },
      `3 validation errors detected: Value 'A' at 'name' ${failed} Member must have length ` +
        `greater than or equal to 2; Value 'A' at 'name' ${failed} Member must satisfy regular ` +
        `expression pattern: [a-z]+; Value 'C' at 'mode' ${failed} Member must satisfy enum ` +
        'value set: [A, B]',
    ],
  ])('%s', (_what, value, message) => {
    expect(violationsOf(input, value)).toBe(message);
  });

  test('counts characters, not units', () => {
    const emoji: StructureType = {
      kind: 'structure',
      name: 'E',
      members: [{ name: 'Text', type: { kind: 'string', max: 2 } }],
    };
    expect(violationsOf(emoji, { Text: '😀😀' })).toBeUndefined();
    expect(violationsOf(emoji, { Text: '😀😀😀' })).toContain('less than or equal to 2');
  });

  test.each([
    [131_072, 131_072, undefined],
    [131_072, 131_073, 'regular expression pattern'],
    [1_048_576, 131_073, 'regular expression pattern'],
    [undefined, 65_537, 'regular expression pattern'],
  ])('of texts of at most %s, one of %i is matched within bounds', (max, length, broken) => {
    const type: Type = { kind: 'string', pattern: '[a-z]+', ...(max === undefined ? {} : { max }) };
    const long: StructureType = { kind: 'structure', name: 'L', members: [{ name: 'Text', type }] };
    const violations = violationsOf(long, { Text: 'a'.repeat(length) });
    if (broken === undefined) expect(violations).toBeUndefined();
    else expect(violations).toContain(broken);
  });

  test('asked for required members only, it looks at nothing else', () => {
    const value = { Name: 'A', Mode: 'C', Ids: ['A'], Tags: { A: 'long' }, Inners: [{}] };
    expect(violationsOf(input, value, { requiredOnly: true })).toBe(
      detected(`Value null at 'inners.1.member.key' ${failed} Member must not be null`),
    );
  });

  test('a message has an end', () => {
    const value = { Name: 'ab', Inners: Array.from({ length: 10_000 }, () => ({})) };
    const message = violationsOf(input, value) ?? '';
    expect(message).toMatch(/^50 validation errors detected/);
    expect(message.length).toBeLessThan(10_000);
  });
});
