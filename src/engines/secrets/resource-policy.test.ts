/** Policies of secrets: taken, refused, and found to be public. */
import { describe, expect, test } from 'vitest';
import { isPublic } from '../policy/public.ts';
import { readSecretPolicy } from './resource-policy.ts';

const arn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-ABCDEF';
const other = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:b-ABCDEF';

function policy(statement: object): string {
  const usual = {
    ...{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:role/r' } },
    ...{ Action: 'secretsmanager:GetSecretValue', Resource: '*' },
  };
  return JSON.stringify({ Version: '2012-10-17', Statement: { ...usual, ...statement } });
}

const reading = (text: string) => {
  const read = readSecretPolicy(text, arn);
  return read.ok ? (isPublic(read.value) ? 'public' : 'private') : read.reason;
};

describe('reading', () => {
  test.each([
    [{}, 'private'],
    [{ Resource: arn }, 'private'],
    [{ Resource: arn.replace('ABCDEF', '*') }, 'private'],
    [{ Resource: other }, /another resource/],
    [{ Action: 's3:GetObject' }, /another service/],
    [{ Action: 'secretsmanager:*' }, 'private'],
    [{ Principal: undefined }, /./],
    [{ Principal: undefined, NotPrincipal: { AWS: '111122223333' } }, /NotPrincipal/],
  ])('%j', (statement, expected) => {
    expect(reading(policy(statement))).toMatch(expected);
  });

  test('what is no policy is refused', () => {
    for (const text of ['', '{', '[]', '{"Statement":7}']) {
      expect(readSecretPolicy(text).ok).toBe(false);
    }
  });
});

const accountIs = { StringEquals: { 'aws:PrincipalAccount': '111122223333' } };

test.each([
  [{ Principal: '*' }, 'public'],
  [{ Principal: { AWS: '*' } }, 'public'],
  [{ Principal: { AWS: ['111122223333', '*'] } }, 'public'],
  [{ Principal: '*', Effect: 'Deny' }, 'private'],
  [{ Principal: '*', Condition: accountIs }, 'private'],
  [{ Principal: '*', Condition: { StringLike: { 'aws:PrincipalArn': '*' } } }, 'public'],
  [{ Principal: '*', Condition: { StringEquals: { 'aws:UserAgent': 'x' } } }, 'public'],
  [
    { Principal: '*', Condition: { StringEqualsIfExists: { 'aws:PrincipalAccount': '1' } } },
    'public',
  ],
  [{ Principal: '*', Condition: { StringNotEquals: { 'aws:PrincipalAccount': '1' } } }, 'public'],
  [{ Principal: '*', Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }, 'private'],
  [{ Principal: '*', Condition: { IpAddress: { 'aws:SourceIp': '0.0.0.0/0' } } }, 'public'],
  [{ Principal: '*', Condition: { IpAddress: { 'aws:SourceIp': '2001:db8::/16' } } }, 'public'],
])('%j is %s', (statement, expected) => {
  expect(reading(policy(statement))).toBe(expected);
});
