/** What is a policy and what is not, in the words of the original; where its statements stand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contextKeysOf } from './context-keys.ts';
import { documentCharactersLimit, policyQuotas, sizeOf } from './limits.ts';
import { diagnosePolicy, parsePolicy, versionRefusal } from './parse.ts';
import type { PolicyUse } from './types.ts';

const valid = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b' };
const trusting = { Effect: 'Allow', Principal: { Service: 'a.b.com' }, Action: 'sts:AssumeRole' };

function reason(statement: unknown, use: PolicyUse = 'identity', rest: object = {}): unknown {
  const text = JSON.stringify({ Version: '2012-10-17', ...rest, Statement: statement });
  const parsed = parsePolicy(text, use);
  return parsed.ok ? undefined : parsed.reason;
}

const syntax = 'Syntax errors in policy.';
const legacy = 'The policy failed legacy parsing';
const vendor = 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';

test.each<readonly [object, string | undefined]>([
  [{}, undefined],
  [{ Effect: undefined }, syntax],
  [{ Effect: 'Maybe' }, syntax],
  [{ Effect: 'allow' }, legacy],
  [{ Extra: 1 }, syntax],
  [{ Sid: 'Abc1' }, undefined],
  [{ Sid: 1 }, syntax],
  [
    { Sid: 'a b' },
    `Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the ${''}` +
      'regular expression [0-9A-Za-z]*',
  ],
  [{ Action: undefined }, 'Policy statement must contain actions.'],
  [{ Action: [] }, 'Policy statement must contain actions.'],
  [{ Action: 7 }, syntax],
  [{ Action: [[]] }, syntax],
  [{ NotAction: 's3:x' }, syntax],
  [{ Action: 'invalid' }, vendor],
  [{ Action: undefined, NotAction: '' }, vendor],
  [{ Action: 'a a:x' }, 'Vendor a a is not valid'],
  [{ Action: 's*:x' }, 'Vendor s* is not valid'],
  [{ Action: 's3:a:b' }, 'Actions/Condition can contain only one colon.'],
  [{ Action: ['*', '*:*', 's3:?et*'] }, undefined],
  [{ Resource: undefined }, 'Policy statement must contain resources.'],
  [{ Resource: [] }, 'Policy statement must contain resources.'],
  [{ NotResource: [] }, syntax],
  [{ Resource: { a: 'b' } }, syntax],
  [{ Resource: ['*', null] }, syntax],
  [{ Resource: 'x' }, 'Resource x must be in ARN format or "*".'],
  [{ Resource: '' }, 'Resource  must be in ARN format or "*".'],
  [{ Resource: 'x:aws:s3:::b' }, 'Resource x:aws:s3:::b must be in ARN format or "*".'],
  [{ Resource: 'a:b' }, 'Partition "b" is not valid for resource "arn:b:*:*:*:*".'],
  [{ Resource: 'aws:s3:::b' }, 'Partition "s3" is not valid for resource "arn:s3:::b:*".'],
  [{ Resource: 'arn:aws' }, 'Resource vendor must be fully qualified and cannot contain regexes.'],
  [
    { Resource: 'arn:aws:s*:::b' },
    'Resource vendor must be fully qualified and cannot contain regexes.',
  ],
  [{ Resource: 'arn:aws:s3::b' }, legacy],
  [
    { Resource: 'arn:aws:s3:r:1:b' },
    'Resource arn:aws:s3:r:1:b can not contain region information.',
  ],
  [
    { Resource: 'arn:aws:iam:r:1:user/a' },
    'IAM resource arn:aws:iam:r:1:user/a cannot contain region information.',
  ],
  [{ Resource: 'arn:aws:s3:r:1:accesspoint/b' }, undefined],
  [{ Resource: 'arn:aws:iam::1:user/*' }, undefined],
  [{ Resource: 'arn:aws:iam::1:us*' }, undefined],
  [{ Principal: '*' }, 'Policy document should not specify a principal.'],
  [{ NotPrincipal: '*' }, 'Policy document should not specify a principal.'],
  [{ Condition: [] }, syntax],
  [{ Condition: { StringEquals: 'a' } }, syntax],
  [{ Condition: { StringEquals: { 'a:b': {} } } }, syntax],
  [{ Condition: { StringEquals: { 'a:b': null } } }, syntax],
  [{ Condition: { stringEquals: { 'a:b': 'c' } } }, syntax],
  [{ Condition: { StringEqualsIfExistsIfExists: { 'a:b': 'c' } } }, syntax],
  [{ Condition: { NullIfExists: { 'a:b': 'true' } } }, syntax],
  [{ Condition: { 'ForSomeValues:StringEquals': { 'a:b': 'c' } } }, syntax],
  [{ Condition: { 'ForAllValues:StringLikeIfExists': { 'a:b': ['c', 1, true] } } }, undefined],
  [{ Condition: { DateLessThan: { 'a:b': 'tomorrow' } } }, legacy],
  [{ Condition: { DateEquals: { 'a:b': '2020-13-01' } } }, legacy],
  [{ Condition: { DateEquals: { 'a:b': ['2020-01-01T00:00:00+02:00', '12'] } } }, undefined],
])('of the account: %j: %s', (elements, expected) => {
  expect(reason({ ...valid, ...elements })).toBe(expected);
});

test.each<readonly [object, string | undefined]>([
  [{}, undefined],
  [{ Principal: undefined }, 'Missing required field Principal'],
  [{ Effect: undefined }, 'Missing required field Effect'],
  [{ Action: 's3:x' }, 'AssumeRole policy may only specify STS AssumeRole actions.'],
  [{ Action: '*' }, 'AssumeRole policy may only specify STS AssumeRole actions.'],
  [{ Action: 'STS:TagSession' }, undefined],
  [{ Resource: '*' }, 'Has prohibited field Resource'],
  [{ NotResource: '*' }, 'Has prohibited field NotResource'],
  [{ Principal: undefined, NotPrincipal: '*' }, 'Has prohibited field NotPrincipal'],
  [{ Principal: '*' }, undefined],
  [{ Principal: 'x' }, 'Invalid principal in policy: "STAR":"x"'],
  [{ Principal: {} }, 'Invalid principal in policy: {}'],
  [{ Principal: { Group: 'x' } }, 'Invalid principal in policy: "Group"'],
  [{ Principal: { AWS: [] } }, 'Invalid principal in policy: "AWS":[]'],
  [{ Principal: { AWS: 'alice' } }, 'Invalid principal in policy: "AWS":"alice"'],
  [
    { Principal: { AWS: 'arn:aws:iam::111111111111:user/*' } },
    'Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:user/*"',
  ],
  [
    { Principal: { AWS: 'arn:aws:iam::111111111111:group/g' } },
    'Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:group/g"',
  ],
  [{ Principal: { AWS: ['*', '111111111111', 'AIDAX', 'arn:aws:iam::1:role/a/b'] } }, undefined],
  [{ Principal: { AWS: 7 } }, syntax],
  [{ Principal: { Service: 'sns' } }, 'Invalid principal in policy: "SERVICE":"sns"'],
  [{ Principal: { Service: '*' } }, 'Invalid principal in policy: "SERVICE":"*"'],
  [{ Principal: { Federated: '*' } }, 'Invalid principal in policy: "FEDERATED":"*"'],
  [{ Principal: { Federated: 'accounts.example.com' } }, undefined],
  [{ Sid: 'a b' }, expect.stringContaining('alpha-numeric') as unknown as string],
])('of trust: %j: %s', (elements, expected) => {
  expect(reason({ ...trusting, ...elements }, 'trust')).toEqual(expected);
});

test.each<readonly [object, string | undefined]>([
  [{ Sid: 'spaces are fine' }, undefined],
  [{ Principal: undefined }, 'Missing required field Principal'],
  [{ Resource: undefined }, 'Missing required field Resource'],
  [{ Action: undefined }, 'Missing required field Action'],
  [{ Effect: undefined }, 'Missing required field Effect'],
  [{ Resource: 'arn:aws:s3:::b/\u65e5\u672c' }, undefined],
  [{ Condition: { StringEqualz: {} } }, 'Invalid Condition type : StringEqualz.'],
  [
    { Principal: undefined, NotPrincipal: '*' },
    'Allow with NotPrincipal is not supported: it would let in everybody else.',
  ],
  [{ Effect: 'Deny', Principal: undefined, NotPrincipal: { AWS: '111111111111' } }, undefined],
])('of resources: %j: %s', (elements, expected) => {
  expect(reason({ ...valid, Principal: '*', ...elements }, 'resource')).toBe(expected);
});

test.each<readonly [string, string]>([
  ['', 'a value is expected'],
  ['{', 'a key in double quotes is expected'],
  ['[]', 'a policy is an object'],
  ['{"Version":"2012-10-17"}', 'a policy has a Statement'],
  ['{"Statement":[]}', 'there is no statement'],
  ['{"Statement":["x"]}', 'a statement is an object'],
  ['{"Statement":{},"Statement":{}}', 'the key "Statement" is there twice'],
  ['{"Statement":{"Effect":"Deny","Effec\\u0074":"Allow"}}', 'the key "Effect" is there twice'],
  ['{"Version":"2013-10-17","Statement":{"Effect":"Allow"}}', expect.any(String) as never],
  ['{"Id":[],"Statement":{}}', 'Id is a string'],
  ['{"Extra":1}', 'a policy has no element Extra'],
  ['{"Statement":{}} x', 'there is more after the end'],
  ['{"Statement":{},}', 'a key in double quotes is expected'],
  ["{'Statement':{}}", 'a key in double quotes is expected'],
  ['{"Statement":01}', '"," is expected'],
  ['{"a":"\\x"}', 'the text in quotes is not valid'],
  ['{"a":"\t"}', 'the text in quotes is not valid'],
  [`${'['.repeat(21)}`, 'it is nested deeper than 20'],
  [`${'{"a":'.repeat(20_000)}`, 'it is nested deeper than 20'],
])('%j is no policy', (text, detail) => {
  expect(diagnosePolicy(text, 'identity')).toMatchObject({ reason: syntax, detail });
});

test('a condition key that is there twice is refused: one of the two would not count', () => {
  const block = '{"StringEquals":{"a:b":"c"},"StringEquals":{"d:e":"f"}}';
  const statement = `{"Effect":"Allow","Action":"*","Resource":"*","Condition":${block}}`;
  const text = `{"Version":"2012-10-17","Statement":${statement}}`;
  expect(parsePolicy(text, 'identity')).toEqual({ ok: false, reason: syntax });
});

test('names of statements are unique', () => {
  const twice = [
    { ...valid, Sid: 'a' },
    { ...valid, Sid: 'a' },
  ];
  expect(reason(twice)).toBe('Statement IDs (SID) in a single policy must be unique.');
  expect(reason([{ ...valid, Sid: '' }, { ...valid, Sid: '' }, valid])).toBeUndefined();
});

test('characters and sizes', () => {
  const told = 'It must contain only printable ASCII characters.';
  expect(reason({ ...valid, Action: 's3:\u0433' })).toContain(told);
  expect(reason({ ...valid, Action: 's3:\u00e9' })).toBeUndefined();
  const long = ' '.repeat(documentCharactersLimit + 1);
  expect(parsePolicy(long, 'resource')).toMatchObject({ ok: false });
  expect(sizeOf(' {\n\t"a b" : "\r"}')).toBe('{"ab":""}'.length);
  expect(policyQuotas).toMatchObject({ managed: 6_144, trust: 2_048 });
});

test('no text makes it throw, and what is JSON reads as JSON does', () => {
  const uses = ['identity', 'resource', 'trust'] as const;
  const parts = fc.constantFrom('{', '}', '[', ']', '"', ':', ',', 'Statement', '1', '\\', ' ');
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.array(parts).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(text, fc.constantFrom(...uses), (each, use) => {
      expect(parsePolicy(each, use).ok).toBe(false);
    }),
    { numRuns: 60 },
  );
  const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 });
  const value = units.map((all) => String.fromCharCode(...all));
  fc.assert(
    fc.property(value, (each) => {
      const statement = { ...valid, Principal: '*', Sid: each };
      const parsed = parsePolicy(JSON.stringify({ Statement: statement }), 'resource');
      expect(parsed).toMatchObject({ ok: true, value: { statements: [{ sid: each }] } });
    }),
  );
});

describe('a document', () => {
  const text = `{
  "Version": "2012-10-17", "Id": "x",
  "Statement": [
    {"Effect": "Deny", "NotAction": "iam:*", "NotResource": ["*"]},
      { "Sid": "two", "Effect": "Allow", "Action": ["s3:*", "sns:Publish"],
        "Resource": "arn:aws:s3:::\${aws:username}",
        "Condition": {"ForAnyValue:NumericLessThanIfExists": {"s3:max-keys": [1.50, true]},
                      "StringLike": {"S3:Max-Keys": "\${aws:PrincipalTag/T}"}}
      }]
}`;

  test('is taken apart with the places of its statements', () => {
    const parsed = parsePolicy(text, 'identity');
    expect(parsed).toEqual({
      ok: true,
      value: {
        version: '2012-10-17',
        id: 'x',
        statements: [
          {
            ...{ index: 0, effect: 'Deny', notActions: ['iam:*'], notResources: ['*'] },
            conditions: [],
            start: { line: 4, column: 5 },
            end: { line: 4, column: 67 },
          },
          {
            ...{ index: 1, sid: 'two', effect: 'Allow', actions: ['s3:*', 'sns:Publish'] },
            resources: ['arn:aws:s3:::${aws:username}'],
            conditions: [
              {
                ...{ operator: 'NumericLessThan', set: 'any', ifExists: true },
                ...{ key: 's3:max-keys', values: ['1.50', 'true'] },
              },
              {
                ...{ operator: 'StringLike', ifExists: false },
                ...{ key: 'S3:Max-Keys', values: ['${aws:PrincipalTag/T}'] },
              },
            ],
            start: { line: 5, column: 7 },
            end: { line: 9, column: 8 },
          },
        ],
      },
    });
    if (!parsed.ok) return;
    expect(contextKeysOf(parsed.value)).toEqual([
      'aws:username',
      's3:max-keys',
      'aws:PrincipalTag/T',
    ]);
  });

  test('without a version is of the older one, which has no variables', () => {
    const Statement = { ...valid, Resource: 'arn:aws:s3:::${aws:username}' };
    const parsed = parsePolicy(JSON.stringify({ Statement }), 'identity');
    expect(parsed).toMatchObject({ ok: true, value: { version: '2008-10-17' } });
    if (!parsed.ok) return;
    expect(contextKeysOf(parsed.value)).toEqual([]);
    expect(versionRefusal(parsed.value)).toBe(
      'Policy document must be version 2012-10-17 or greater.',
    );
  });
});

describe('a text loses nothing, however it is written', () => {
  const statement = (condition: string) =>
    `{"Statement": {"Effect":"Allow","Action":"a:b","Resource":"*","Condition":${condition}}}`;

  test.each(['1.0', '1e3', '-0', '12345678901234567890', '7'])('the number %s', (number) => {
    const read = parsePolicy(statement(`{"StringEquals":{"a:b":[${number}]}}`), 'identity');
    expect(read).toMatchObject({
      value: { statements: [{ conditions: [{ values: [number] }] }] },
    });
  });

  test.each([
    '{"StringEquals":{"a:b":"x"},"StringEquals":{"a:b":"x"}}',
    '{"StringEquals":{"a:b":"x","a:b":"x"}}',
    '{"StringEquals":{"a:b":"x","\\u0061:b":"x"}}',
    '{"StringEquals": {"a:b":"x"}, "StringEquals" :{}}',
  ])('the key that is there twice in %s', (condition) => {
    expect(parsePolicy(statement(condition), 'identity')).toMatchObject({ ok: false });
  });
});
