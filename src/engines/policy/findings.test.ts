/** Each finding with a policy in which it is found and one alike in which it is not. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findingsIn, findingsInText } from './findings.ts';
import { actionsMatching, catalogue } from './findings-catalogue.ts';
import { covers, mayBothMatch } from './findings-globs.ts';
import { parsePolicy } from './parse.ts';
import type { PolicyUse } from './types.ts';

type Json = Readonly<Record<string, unknown>>;

const account = '111122223333';

function codes(statement: Json | readonly Json[], use: PolicyUse = 'identity'): readonly string[] {
  const document = { Version: '2012-10-17', Statement: statement };
  return codesOf(JSON.stringify(document), use);
}

function codesOf(text: string, use: PolicyUse): readonly string[] {
  const found = findingsInText(text, use, { account });
  if (!found.ok) throw new Error(found.reason);
  return found.value.map(({ code }) => code);
}

const get = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*' };
const denyAll = { Effect: 'Deny', Action: '*', Resource: '*' };
const when = (operator: string, key: string, value: unknown): Json => ({
  ...get,
  Condition: { [operator]: { [key]: value } },
});
const create = (condition: Json): Json => ({
  Effect: 'Allow',
  Action: 'sagemaker:CreateTrainingJob',
  Resource: 'arn:aws:sagemaker:*:*:training-job/*',
  Condition: condition,
});
const pass = (resource: string, more: Json = {}): Json => ({
  Effect: 'Allow',
  Action: 'iam:PassRole',
  Resource: resource,
  ...more,
});
const role = 'arn:aws:iam::111122223333:role/one';
const trust = (principal: unknown, condition?: Json): Json => ({
  Effect: 'Allow',
  Principal: principal,
  Action: 'sts:AssumeRole',
  ...(condition ? { Condition: condition } : {}),
});
const shared = (principal: unknown, condition?: Json): Json => ({
  ...get,
  Principal: principal,
  ...(condition ? { Condition: condition } : {}),
});
const subnets = 'sagemaker:VpcSubnets';

/** Code, a statement in which it is found, and one alike in which it is not. */
const identity: readonly (readonly [string, Json | Json[], Json | Json[]])[] = [
  ['INVALID_ACTION', { ...get, Action: 's3:GetObjekt' }, get],
  ['INVALID_ACTION', { ...get, Action: 'sagemaker:CreateMonitorSchedule' }, get],
  ['INVALID_SERVICE_IN_ACTION', { ...get, Action: 's4:GetObject' }, { ...get, Action: 'ssm:Any' }],
  ['ACTION_MATCHES_NOTHING', { ...get, Action: 's3:Fetch*' }, { ...get, Action: 's3:GetObj*' }],
  [
    'ALLOW_WITH_NOT_ACTION',
    { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' },
    { Effect: 'Deny', NotAction: 's3:*', Resource: '*' },
  ],
  [
    'ALLOW_WITH_NOT_RESOURCE',
    { Effect: 'Allow', Action: 's3:GetObject', NotResource: 'arn:aws:s3:::b/*' },
    { Effect: 'Deny', Action: 's3:GetObject', NotResource: 'arn:aws:s3:::b/*' },
  ],
  ['STAR_ON_STAR', { Effect: 'Allow', Action: '*', Resource: '*' }, denyAll],
  ['SERVICE_STAR_ON_STAR', { Effect: 'Allow', Action: 's3:*', Resource: '*' }, get],
  ['PASS_ROLE_WITH_STAR_IN_RESOURCE', pass('*'), pass(role)],
  ['PASS_ROLE_WITH_STAR_IN_RESOURCE', pass('arn:aws:iam::*:role/*'), pass(`${role}*`)],
  [
    'PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE',
    pass('*', { Action: 'iam:Pass*' }),
    pass('*', { Action: 'iam:Get*' }),
  ],
  [
    'PASS_ROLE_WITH_NOT_RESOURCE',
    { Effect: 'Allow', Action: 'iam:PassRole', NotResource: role },
    { Effect: 'Deny', Action: 'iam:PassRole', NotResource: role },
  ],
  [
    'REDUNDANT_ACTION',
    { ...get, Action: ['s3:Get*', 's3:getobject'] },
    { ...get, Action: ['s3:GetObject', 's3:PutObject'] },
  ],
  ['REDUNDANT_ACTION', { ...get, Action: ['s3:GetObject', 's3:GETOBJECT'] }, get],
  ['REDUNDANT_STATEMENT', [get, { ...get, Resource: 'arn:aws:s3:::b/folder/*' }], [get]],
  ['REDUNDANT_STATEMENT', [get, get], [get, { ...get, Resource: 'arn:aws:s3:::c/*' }]],
  [
    'REDUNDANT_STATEMENT',
    [get, when('StringEquals', 'aws:username', 'ann')],
    [when('StringEquals', 'aws:username', 'ann'), { ...get, Action: 's3:*' }].slice(0, 1),
  ],
  [
    'ALLOW_ALWAYS_DENIED',
    [get, denyAll],
    [get, { ...denyAll, Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
  ],
  ['BUCKET_FOR_OBJECT_ACTION', { ...get, Resource: 'arn:aws:s3:::b' }, get],
  [
    'OBJECT_FOR_BUCKET_ACTION',
    { ...get, Action: 's3:ListBucket' },
    { ...get, Action: 's3:ListBucket', Resource: 'arn:aws:s3:::b' },
  ],
  [
    'UNSUPPORTED_RESOURCE',
    { ...get, Resource: 'arn:aws:sqs:us-east-1:111122223333:q' },
    { ...get, Resource: 'arn:aws:s3:::b/${aws:username}/*' },
  ],
  [
    'UNSUPPORTED_RESOURCE',
    { ...get, Action: 's3:ListAllMyBuckets', Resource: 'arn:aws:s3:::bu*' },
    { ...get, Action: 's3:ListAllMyBuckets', Resource: 'arn:aws:s3:::*' },
  ],
  [
    'UNSUPPORTED_RESOURCE_FOR_ACTION',
    { ...get, Action: ['s3:GetObject', 's3:ListAllMyBuckets'] },
    { ...get, Action: ['s3:GetObject', 's3:ListAllMyBuckets'], Resource: '*' },
  ],
  [
    'ACTION_WITHOUT_RESOURCE',
    { ...get, Action: ['s3:GetObject', 's3:ListBucket'] },
    {
      ...get,
      Action: ['s3:GetObject', 's3:ListBucket'],
      Resource: ['arn:aws:s3:::b', 'arn:aws:s3:::b/*'],
    },
  ],
  [
    'INVALID_ARN_ACCOUNT',
    { ...get, Action: 'sqs:SendMessage', Resource: 'arn:aws:sqs:us-east-1:1111:q' },
    { ...get, Action: 'sqs:SendMessage', Resource: `arn:aws:sqs:us-east-1:${account}:q` },
  ],
  [
    'INVALID_ARN_REGION',
    { ...get, Action: 'sqs:SendMessage', Resource: `arn:aws:sqs:US_EAST:${account}:q` },
    { ...get, Action: 'sqs:SendMessage', Resource: `arn:aws:sqs:us-*:${account}:q` },
  ],
  [
    'INVALID_GLOBAL_CONDITION_KEY',
    when('StringEquals', 'aws:UserName2', 'a'),
    when('StringEquals', 'AWS:UserName', 'a'),
  ],
  [
    'INVALID_SERVICE_CONDITION_KEY',
    when('StringEquals', 's3:colour', 'a'),
    [
      when('StringEquals', 's3:ExistingObjectTag/colour', 'a'),
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: '*',
        Condition: { StringLike: { 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::b*' } },
      },
    ],
  ],
  [
    'UNSUPPORTED_ACTION_CONDITION_KEY',
    when('StringEquals', 's3:prefix', 'a'),
    {
      ...when('StringEquals', 's3:prefix', 'a'),
      Action: 's3:ListBucket',
      Resource: 'arn:aws:s3:::b',
    },
  ],
  [
    'DATA_TYPE_MISMATCH',
    when('StringEquals', 'aws:MultiFactorAuthAge', '300'),
    when('NumericLessThan', 'aws:MultiFactorAuthAge', '300'),
  ],
  [
    'DATA_TYPE_MISMATCH',
    when('StringLike', 'aws:SourceIp', '10.*'),
    when('IpAddress', 'aws:SourceIp', '10.0.0.0/8'),
  ],
  [
    'TYPE_MISMATCH_IP_RANGE',
    when('NotIpAddress', 'aws:SourceIp', '10.0.0.0/33'),
    when('NotIpAddress', 'aws:SourceIp', ['2001:db8::/32', '::1']),
  ],
  [
    'TYPE_MISMATCH_NUMBER',
    when('NumericLessThan', 'aws:MultiFactorAuthAge', 'an hour'),
    when('NumericLessThan', 'aws:MultiFactorAuthAge', 3600),
  ],
  [
    'EMPTY_ARRAY_CONDITION',
    when('StringEquals', 'aws:username', []),
    when('StringEquals', 'aws:username', ['ann']),
  ],
  [
    'TYPE_MISMATCH_BASE64',
    when('BinaryEquals', 'acme:token', '***'),
    when('BinaryEquals', 'acme:token', 'AAEC'),
  ],
  ['INVALID_ARN', { ...get, Resource: 'arn:aws:s3:b' }, get],
  [
    'TYPE_MISMATCH_BOOLEAN',
    when('Bool', 'aws:SecureTransport', 'yes'),
    when('Bool', 'aws:SecureTransport', true),
  ],
  [
    'TYPE_MISMATCH_BOOLEAN',
    when('Null', 'aws:username', 'no'),
    when('Null', 'aws:username', 'true'),
  ],
  [
    'TYPE_MISMATCH_ARN',
    when('ArnLike', 'aws:PrincipalArn', 'role/one'),
    when('ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/one'),
  ],
  [
    'MISSING_QUALIFIER',
    create({ StringEquals: { [subnets]: 'subnet-1' } }),
    create({ 'ForAnyValue:StringEquals': { [subnets]: 'subnet-1' } }),
  ],
  [
    'FOR_ALL_VALUES_WITHOUT_NULL_CHECK',
    create({ 'ForAllValues:StringEquals': { [subnets]: 'subnet-1' } }),
    create({
      'ForAllValues:StringEquals': { [subnets]: 'subnet-1' },
      Null: { [subnets]: 'false' },
    }),
  ],
  [
    'FOR_ALL_VALUES_WITH_SINGLE_VALUED_KEY',
    when('ForAllValues:StringEquals', 'aws:username', 'ann'),
    when('StringEquals', 'aws:username', 'ann'),
  ],
  [
    'FOR_ANY_VALUE_WITH_SINGLE_VALUED_KEY',
    when('ForAnyValue:StringEquals', 'aws:username', 'ann'),
    create({ 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'team' } }),
  ],
  [
    'MFA_DENY_MISSES_LONG_TERM_KEYS',
    { ...denyAll, Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'false' } } },
    { ...denyAll, Condition: { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } } },
  ],
  [
    'MFA_ALLOW_ADMITS_LONG_TERM_KEYS',
    when('BoolIfExists', 'aws:MultiFactorAuthPresent', 'true'),
    when('Bool', 'aws:MultiFactorAuthPresent', 'true'),
  ],
];

const services = { Service: 'sagemaker.amazonaws.com' };
const own = { StringEquals: { 'aws:SourceAccount': account } };
const others: readonly (readonly [string, PolicyUse, Json, Json])[] = [
  ['TRUST_EVERYBODY', 'trust', trust('*'), trust({ AWS: role })],
  ['TRUST_EVERYBODY', 'trust', trust({ AWS: '*' }), trust({ AWS: '*' }, own)],
  ['TRUST_WHOLE_ACCOUNT', 'trust', trust({ AWS: '999900001111' }), trust({ AWS: account })],
  [
    'TRUST_WHOLE_ACCOUNT',
    'trust',
    trust({ AWS: 'arn:aws:iam::999900001111:root' }),
    trust({ AWS: '999900001111' }, { StringEquals: { 'sts:ExternalId': 'x' } }),
  ],
  ['RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL', 'trust', trust(services), trust(services, own)],
  [
    'RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL',
    'resource',
    shared(services),
    shared(services, { ArnLike: { 'aws:SourceArn': 'arn:aws:sns:*:*:t' } }),
  ],
  [
    'PUBLIC_ACCESS',
    'resource',
    shared('*'),
    shared('*', { StringEquals: { 'aws:PrincipalAccount': account } }),
  ],
];

describe('findings', () => {
  test.each(identity)('%s', (code, firing, quiet) => {
    expect(codes(firing)).toContain(code);
    expect(codes(quiet)).not.toContain(code);
  });

  test.each(others)('%s in a %s policy', (code, use, firing, quiet) => {
    expect(codes(firing, use)).toContain(code);
    expect(codes(quiet, use)).not.toContain(code);
  });

  test('of a tidy policy there are none', () => {
    expect(codes([get, { ...denyAll, Action: 's3:DeleteObject', Resource: get.Resource }])).toEqual(
      [],
    );
  });

  test('of its version, its variables and its size', () => {
    const old = (resource: string) => JSON.stringify({ Statement: { ...get, Resource: resource } });
    expect(codesOf(old('arn:aws:s3:::b/*'), 'identity')).toEqual(['MISSING_VERSION']);
    expect(codesOf(old('arn:aws:s3:::b/${aws:username}'), 'identity')).toEqual([
      'MISSING_VERSION',
      'VARIABLES_IN_OLD_VERSION',
    ]);
    const long = (count: number) => ({
      ...get,
      Resource: Array.from({ length: count }, (_, i) => `arn:aws:s3:::bucket-${10_000 + i}/*`),
    });
    expect(codes(long(10))).toEqual([]);
    expect(codes(long(180))).toEqual(['POLICY_SIZE_NEAR_QUOTA']);
    expect(codes(long(240))).toEqual(['POLICY_SIZE_EXCEEDS_QUOTA']);
  });

  test('say where they are, and what was meant', () => {
    const text = `{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Deny", "Action": "iam:*", "Resource": "*" },
    { "Effect": "Allow", "Action": "s3:GetObjct", "Resource": "*" }
  ]
}`;
    expect(findingsInText(text, 'identity')).toMatchObject({
      ok: true,
      value: [
        {
          severity: 'error',
          code: 'INVALID_ACTION',
          message: 'There is no action s3:GetObjct. Did you mean s3:GetObject?',
          statement: 1,
          position: { line: 5, column: 5 },
        },
      ],
    });
  });

  test('of what cannot be read is the refusal', () => {
    expect(findingsInText('{', 'identity').ok).toBe(false);
  });

  test('are bounded, and soon told, for policies made to be slow', () => {
    const star = `arn:aws:s3:::${'a*'.repeat(400)}b`;
    const many = Array.from({ length: 300 }, (_, i) => ({
      ...get,
      Sid: `s${i}`,
      Action: ['s3:*Bogus', 's3:NoSuchThing'],
      Resource: star,
    }));
    const parsed = parsePolicy(
      JSON.stringify({ Version: '2012-10-17', Statement: many.slice(0, 120) }),
      'identity',
    );
    if (!parsed.ok) throw new Error(parsed.reason);
    const found = findingsIn(parsed.value, 'identity');
    expect(found.length).toBeGreaterThan(100);
    expect(found.length).toBeLessThanOrEqual(500);
  });
});

describe('comparing patterns', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 6 });
  const texts = ['', ...words(6)];

  function words(length: number): readonly string[] {
    if (length === 0) return [];
    const shorter = ['', ...words(length - 1)];
    return [...new Set(shorter.flatMap((word) => [`${word}a`, `${word}b`]))];
  }

  function matches(of: string, text: string): boolean {
    const source = [...of].map((c) => (c === '*' ? '.*' : c === '?' ? '.' : c)).join('');
    return new RegExp(`^${source}$`).test(text);
  }

  test('two may match one text when there is one', () => {
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        const shared = texts.some((text) => matches(a, text) && matches(b, text));
        // Every pair of so short patterns that shares a text shares a short one.
        const long = a.replaceAll('*', '').length + b.replaceAll('*', '').length > 6;
        if (shared || !long) expect(mayBothMatch(a, b)).toBe(shared);
      }),
      { numRuns: 1_000 },
    );
  });

  test('one covers another only when it matches all that the other does', () => {
    fc.assert(
      fc.property(pattern, pattern, (wide, narrow) => {
        if (!covers(wide, narrow)) return;
        for (const text of texts) if (matches(narrow, text)) expect(matches(wide, text)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the catalogue', () => {
  test('knows the actions that the services here are called by', () => {
    for (const action of ['s3:GetObject', 'sts:AssumeRole', 'sagemaker:InvokeEndpoint']) {
      expect(actionsMatching(action)).toMatchObject([{ action }]);
    }
    expect(actionsMatching('kms:*Key')?.length).toBeGreaterThan(5);
    expect(actionsMatching('lambda:InvokeFunction')).toBeUndefined();
  });

  test('knows condition keys by either spelling', () => {
    expect(catalogue().keyType('sagemaker:volumekmskey')).toBe('ARN');
    expect(catalogue().keyType('sagemaker:volumekmskeyarn')).toBe('ARN');
    expect(catalogue().keyType('s3:existingobjecttag/team')).toBe('String');
  });
});
