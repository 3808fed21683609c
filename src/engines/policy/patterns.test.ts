/** Actions, resources and variables: what a pattern matches and what it must not. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileGlob, globMatches, piecesOf } from './patterns.ts';
import { applies } from './policy.fixture.ts';

const matches = (pattern: string, text: string) =>
  globMatches(compileGlob(piecesOf(pattern)), text);

test.each([
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['**', 'abc', true],
  ['a*', 'a', true],
  ['a*', 'ba', false],
  ['*a', 'aba', true],
  ['a*a', 'a', false],
  ['a*ba', 'aba', true],
  ['*ab*ba*', 'aba', false],
  ['?', '', false],
  ['?', '\u{1F600}', true],
  ['??', '\u{1F600}', false],
  ['?*?', '\u{1F600}', false],
  ['a?c*', 'abcd', true],
  ['*?b', 'b', false],
  ['a.c', 'abc', false],
  ['[ab]', 'a', false],
  ['a\nb*', 'a\nbc\n', true],
])('%j over %j: %s', (pattern, text, expected) => {
  expect(matches(pattern, text)).toBe(expected);
});

test('a pattern without wildcards matches itself alone', () => {
  const plain = fc.string().filter((text) => !/[*?]/.test(text));
  fc.assert(fc.property(plain, plain, (a, b) => matches(a, b) === (a === b)));
});

test('putting any text in place of a star leaves a match', () => {
  const text = fc.string();
  const plain = text.map((each) => each.replace(/[*?]/g, 'x'));
  fc.assert(
    fc.property(plain, text, plain, (a, b, c) => {
      return matches(`${a}*${c}`, a + b + c) && matches(`${a}*${c}*`, a + b + c);
    }),
  );
});

// These would not end within the test's time if the matcher went back over earlier stars.
test.each([
  [`${'*a'.repeat(2_000)}b`, 'a'.repeat(20_000)],
  [`${'?*a'.repeat(500)}b`, 'a'.repeat(5_000)],
  [`*${'a'.repeat(2_000)}b*`, 'a'.repeat(20_000)],
])('a bomb is refused at once', (pattern, text) => {
  expect(matches(pattern, text)).toBe(false);
});

describe('actions', () => {
  test.each([
    ['*', 's3:GetObject', true],
    ['*:*', 's3:GetObject', true],
    ['s3:*', 's3:GetObject', true],
    ['s3:*', 's3-outposts:GetObject', false],
    ['S3:getOBJECT', 's3:GetObject', true],
    ['s3:Get*', 's3:PutObject', false],
    ['s3:?etObject', 'S3:GETOBJECT', true],
    ['s3:GetObject', 's3:GetObjectTagging', false],
    ['s3:*Object', 's3:GetObjectTagging', false],
    ['s3:Get.bject', 's3:GetObject', false],
    ['s3:Get Object', 's3:GetObject', false],
    ['s3:GetObject', 's3:GetObject ', false],
    ['s3:', 's3:GetObject', false],
    // The Kelvin sign becomes a k when it is made small, and a dotless i does not become an i.
    ['s3:Lin\u212a*', 's3:LinkObject', false],
    ['s3:L\u0131st', 's3:List', false],
  ])('%s is about %s: %s', (Action, action, expected) => {
    expect(applies({ Action }, { action })).toBe(expected);
  });

  test('NotAction is about all the others', () => {
    const elements = { Action: undefined, NotAction: ['s3:Get*', 'iam:*'] };
    expect(applies(elements, { action: 's3:GetObject' })).toBe(false);
    expect(applies(elements, { action: 'IAM:PassRole' })).toBe(false);
    expect(applies(elements, { action: 's3:PutObject' })).toBe(true);
  });
});

describe('resources', () => {
  test.each([
    ['*', '*', true],
    ['arn:aws:s3:::*', '*', false],
    ['arn:aws:s3:::b/*', 'arn:aws:s3:::b/a/b:c', true],
    ['arn:aws:s3:::b', 'arn:aws:s3:::b/k', false],
    ['arn:aws:s3:::B/k', 'arn:aws:s3:::b/k', false],
    ['arn:aws:s3:::b/\u00e9', 'arn:aws:s3:::b/\u00e9', true],
    ['arn:aws:s3:::b/\u00e9', 'arn:aws:s3:::b/e\u0301', false],
    ['arn:aws:s3:::b/a', 'arn:aws:s3:::b/\u0430', false],
    ['arn:aws:sns:*:1:t', 'arn:aws:sns:r:1:t', true],
    ['arn:aws:sns:*:t', 'arn:aws:sns:r:1:t', false],
    ['arn:aws:sns:r*:t', 'arn:aws:sns:r:1:t', false],
    ['arn:aws:sns:*:1:t*', 'arn:aws:sns:r:1:t:sub', true],
    ['arn:aws:sns', 'arn:aws:sns:r:1:t', true],
    ['arn:aws:sns', 'arn:aws:sqs:r:1:t', false],
    ['arn:*:sns:r:?:t', 'arn:aws-cn:sns:r:1:t', true],
    ['arn:aws:s3:::b/?', 'arn:aws:s3:::b/', false],
    ['arn:aws:s3:::?*', 'arn:aws:s3:::', false],
  ])('%s covers %s: %s', (Resource, resource, expected) => {
    expect(applies({ Resource }, { resource })).toBe(expected);
  });

  test('NotResource covers what no pattern of the list does', () => {
    const elements = { Resource: undefined, NotResource: ['arn:aws:s3:::a', 'arn:aws:s3:::b/*'] };
    expect(applies(elements, { resource: 'arn:aws:s3:::a' })).toBe(false);
    expect(applies(elements, { resource: 'arn:aws:s3:::b/c' })).toBe(false);
    expect(applies(elements, { resource: 'arn:aws:s3:::b' })).toBe(true);
    expect(applies(elements, { resource: '*' })).toBe(true);
  });
});

describe('variables', () => {
  const own = { Resource: 'arn:aws:s3:::b/${aws:username}/*' };
  const at = (name: string, keys = {}) => ({ resource: `arn:aws:s3:::b/${name}`, keys });

  test('a variable stands for the value of its key', () => {
    expect(applies(own, at('alice/x', { 'aws:username': 'alice' }))).toBe(true);
    expect(applies(own, at('bob/x', { 'aws:username': 'alice' }))).toBe(false);
  });

  test.each(['*', '?????', '${aws:userid}', 'a*', '${*}'])(
    'the value %s is no wildcard',
    (name) => {
      const keys = { 'aws:username': name, 'aws:userid': 'alice' };
      expect(applies(own, at('alice/x', keys))).toBe(false);
      expect(applies(own, at(`${name}/x`, keys))).toBe(true);
    },
  );

  test('any value that is put in matches itself and nothing else', () => {
    const name = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('*', '?', 'a', '/') }));
    fc.assert(
      fc.property(name, name, (put, found) => {
        const applied = applies(own, at(`${found}/`, { 'aws:username': put }));
        return applied === `${found}/`.startsWith(`${put}/`);
      }),
    );
  });

  test('without a value it covers nothing, and NotResource everything', () => {
    expect(applies(own, at('/x'))).toBe(false);
    expect(applies(own, at('${aws:username}/x'))).toBe(false);
    const not = { Resource: undefined, NotResource: own.Resource };
    expect(applies(not, at('alice/x'))).toBe(true);
  });

  test('a key of many values stands for none', () => {
    expect(applies(own, at('alice/x', { 'aws:username': ['alice'] }))).toBe(false);
  });

  test('a default is for a key without a value', () => {
    const team = { Resource: "arn:aws:s3:::b/${aws:PrincipalTag/team, 'all'}" };
    expect(applies(team, at('all'))).toBe(true);
    expect(applies(team, at('all', { 'aws:principaltag/team': 'x' }))).toBe(false);
    expect(applies(team, at('x', { 'aws:principaltag/team': 'x' }))).toBe(true);
  });

  test.each([
    ['${*}', '*', true],
    ['${*}', 'a', false],
    ['${?}', 'a', false],
    ['${$}{aws:username}', '${aws:username}', true],
    ['${}', '${}', true],
    ['${aws:username', '${aws:username', true],
    ['${ aws:username }', 'alice', true],
    ['$aws:username', '$aws:username', true],
  ])('%s covers %s: %s', (text, name, expected) => {
    const keys = { 'aws:username': 'alice' };
    expect(applies({ Resource: `arn:aws:s3:::b/${text}` }, at(name, keys))).toBe(expected);
  });

  test('the older version has none', () => {
    const keys = { 'aws:username': 'alice' };
    expect(applies(own, at('alice/x', keys), '2008-10-17')).toBe(false);
    expect(applies(own, at('${aws:username}/x', keys), '2008-10-17')).toBe(true);
  });

  test('before the fifth colon it is plain text', () => {
    const Resource = 'arn:aws:sns:*:${aws:PrincipalAccount}:t';
    const keys = { 'aws:principalaccount': '1' };
    expect(applies({ Resource }, { resource: 'arn:aws:sns:r:1:t', keys })).toBe(false);
  });
});
