/** Every operator, missing keys, keys of many values. */
import { describe, expect, test } from 'vitest';
import type { KeyValue } from '../../kernel/check.ts';
import { applies, compiled, question } from './policy.fixture.ts';

type Row = readonly [
  operator: string,
  listed: unknown,
  value: KeyValue | undefined,
  holds: boolean,
];

function holds(
  operator: string,
  listed: unknown,
  value: KeyValue | undefined,
  extra = {},
): boolean {
  const keys = { ...extra, ...(value === undefined ? {} : { 'x:key': value }) };
  return applies({ Condition: { [operator]: { 'X:Key': listed } } }, { keys });
}

const table: readonly Row[] = [
  ['StringEquals', 'a', 'a', true],
  ['StringEquals', 'a', 'A', false],
  ['StringEquals', 'a*', 'ab', false],
  ['StringEquals', ['a', 'b'], 'b', true],
  ['StringEquals', [], 'a', false],
  ['StringEquals', 'true', true, true],
  ['StringEquals', 7, 7, true],
  ['StringEquals', 'AQI=', Uint8Array.of(1, 2), true],
  ['StringEquals', 'caf\u00e9', 'cafe\u0301', false],
  ['StringNotEquals', 'a', 'a', false],
  ['StringNotEquals', ['a', 'b'], 'b', false],
  ['StringNotEquals', ['a', 'b'], 'c', true],
  ['StringEqualsIgnoreCase', '\u00c9a', '\u00e9A', true],
  ['StringEqualsIgnoreCase', 'k', '\u212a', false],
  ['StringNotEqualsIgnoreCase', 'A', 'a', false],
  ['StringLike', 'a*c?', 'abbcd', true],
  ['StringLike', 'a*', 'Ab', false],
  ['StringLike', 'arn:*:t', 'arn:a:b:t', true],
  ['StringNotLike', ['a*', 'b*'], 'bc', false],
  ['StringNotLike', 'a*', 'b', true],
  ['NumericEquals', '10', 10, true],
  ['NumericEquals', 10, '10.0', true],
  ['NumericEquals', '1e1', '10', true],
  ['NumericEquals', '', 0, false],
  ['NumericEquals', '0x10', 16, false],
  ['NumericNotEquals', 10, 10, false],
  ['NumericNotEquals', 10, 'ten', true],
  ['NumericLessThan', 10, 10, false],
  ['NumericLessThanEquals', 10, 10, true],
  ['NumericGreaterThan', '-1', '-0.5', true],
  ['NumericGreaterThanEquals', 10, 9.99, false],
  ['NumericGreaterThan', 1, 'ten', false],
  ['DateEquals', '2020-09-13T12:26:40Z', 1_600_000_000_000, true],
  ['DateEquals', '1600000000', '2020-09-13T14:26:40+02:00', true],
  ['DateEquals', '2020-09-13T12:26:40.000Z', '1600000000', true],
  ['DateNotEquals', '1600000000', '1600000000', false],
  ['DateLessThan', '2020', 1_000_000, true],
  ['DateLessThan', '2020-09-14', 1_600_000_000_000, true],
  ['DateLessThanEquals', '2020-09-13T12:26:40Z', 1_600_000_000_000, true],
  ['DateGreaterThan', '2020-09-13T12:26Z', 1_600_000_000_000, true],
  ['DateGreaterThanEquals', '2020-10', 1_600_000_000_000, false],
  ['DateLessThan', '2020-09-14', 'soon', false],
  ['Bool', 'true', true, true],
  ['Bool', true, 'TRUE', true],
  ['Bool', 'false', true, false],
  ['Bool', 'x', 'x', false],
  ['BinaryEquals', 'AQI=', Uint8Array.of(1, 2), true],
  ['BinaryEquals', 'AQI=', 'AQI=', true],
  ['BinaryEquals', 'AQI=', Uint8Array.of(1), false],
  ['BinaryEquals', '', 'b', false],
  ['IpAddress', '10.0.0.0/8', '10.255.0.1', true],
  ['IpAddress', '10.0.0.5/8', '10.255.0.1', true],
  ['IpAddress', '10.0.0.0/8', '11.0.0.1', false],
  ['IpAddress', '10.0.0.1', '10.0.0.1', true],
  ['IpAddress', '10.0.0.1', '10.0.0.2', false],
  ['IpAddress', '0.0.0.0/0', '::1', false],
  ['IpAddress', '::/0', '10.0.0.1', false],
  ['IpAddress', '10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['IpAddress', '::ffff:10.0.0.0/104', '10.1.2.3', true],
  ['IpAddress', '2001:db8::/32', '2001:db8:1::1', true],
  ['IpAddress', '2001:db8::/33', '2001:db8:8000::1', false],
  ['IpAddress', '2001:DB8::1', '2001:db8:0:0::1', true],
  ['IpAddress', 'fe80::/10', 'fe80::1%eth0', true],
  ['IpAddress', '10.0.0.0/33', '10.0.0.1', false],
  ['IpAddress', '10.0.0.0/', '10.0.0.0', false],
  ['IpAddress', '010.0.0.1', '10.0.0.1', false],
  ['NotIpAddress', ['10.0.0.0/8', '11.0.0.0/8'], '11.0.0.1', false],
  ['NotIpAddress', '10.0.0.0/8', '12.0.0.1', true],
  ['NotIpAddress', '10.0.0.0/8', 'nowhere', true],
  ['ArnEquals', 'arn:aws:sns:*:1:t', 'arn:aws:sns:r:1:t', true],
  ['ArnLike', 'arn:aws:sns:*:t', 'arn:aws:sns:r:1:t', false],
  ['ArnLike', 'arn:aws:sns:r:1:*', 'arn:aws:sns:r:1:t:sub', true],
  ['ArnLike', 'arn:aws:sns', 'arn:aws:sns:r:1:t', false],
  ['ArnLike', '*', 'anything', true],
  ['ArnLike', 'arn:*:*:*:*:*', 'not an arn', false],
  ['ArnNotEquals', 'arn:aws:sns:r:1:t', 'arn:aws:sns:r:1:t', false],
  ['ArnNotLike', 'arn:aws:sns:r:1:*', 'arn:aws:sqs:r:1:t', true],
  ['Null', 'true', undefined, true],
  ['Null', 'true', 'a', false],
  ['Null', false, '', true],
  ['Null', 'False', undefined, false],
  ['Null', 'true', [], true],
  ['Null', ['true', 'false'], 'a', true],
  ['Null', 'maybe', 'a', false],
];

test.each(table)('%s %j over %j: %s', (operator, listed, value, expected) => {
  expect(holds(operator, listed, value)).toBe(expected);
});

describe('a missing key', () => {
  const positive = table.map(([operator]) => operator).filter((name) => !/Not|Null/.test(name));
  const negated = table.map(([operator]) => operator).filter((name) => name.includes('Not'));

  test.each([...new Set(positive)])('%s does not hold', (operator) => {
    expect(holds(operator, '1', undefined)).toBe(false);
    expect(holds(`${operator}IfExists`, '1', undefined)).toBe(true);
    expect(holds(`ForAllValues:${operator}`, '1', undefined)).toBe(true);
    expect(holds(`ForAnyValue:${operator}`, '1', undefined)).toBe(false);
    expect(holds(`ForAnyValue:${operator}IfExists`, '1', [])).toBe(true);
  });

  test.each([...new Set(negated)])('%s holds', (operator) => {
    expect(holds(operator, '1', undefined)).toBe(true);
    expect(holds(`${operator}IfExists`, '1', undefined)).toBe(true);
    expect(holds(`ForAllValues:${operator}`, '1', undefined)).toBe(true);
    expect(holds(`ForAnyValue:${operator}`, '1', undefined)).toBe(false);
  });

  test('Deny with Bool lets long-term keys through, and BoolIfExists does not', () => {
    const denies = (operator: string) =>
      compiled({
        ...{ Effect: 'Deny', Action: '*', Resource: '*' },
        Condition: { [operator]: { 'aws:MultiFactorAuthPresent': 'false' } },
      }).apply(question()).denies.length;
    expect(denies('Bool')).toBe(0);
    expect(denies('BoolIfExists')).toBe(1);
  });
});

test.each<Row>([
  ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'b'], true],
  ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'c'], false],
  ['ForAllValues:StringEquals', ['a'], [], true],
  ['ForAllValues:StringEquals', ['a'], 'a', true],
  ['ForAllValues:StringNotEquals', ['a'], ['b', 'c'], true],
  ['ForAllValues:StringNotEquals', ['a'], ['b', 'a'], false],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'b'], true],
  ['ForAnyValue:StringEquals', ['a'], ['c'], false],
  ['ForAnyValue:StringNotEquals', ['a'], ['a', 'b'], true],
  ['ForAnyValue:StringNotEquals', ['a'], ['a'], false],
  ['ForAllValues:StringLikeIfExists', 'a*', ['ab', 'b'], false],
  // Without a set, a key of many values is judged as one of which any may match.
  ['StringEquals', 'a', ['a', 'b'], true],
  ['StringNotEquals', 'a', ['a', 'b'], false],
  ['StringNotEquals', 'a', ['b', 'c'], true],
])('of many values: %s %j over %j: %s', (operator, listed, value, expected) => {
  expect(holds(operator, listed, value)).toBe(expected);
});

test('operators and keys are all to hold', () => {
  const Condition = { StringEquals: { 'x:a': '1', 'x:b': '2' }, Bool: { 'x:c': 'true' } };
  const keys = { 'x:a': '1', 'x:b': '2', 'x:c': true };
  expect(applies({ Condition }, { keys })).toBe(true);
  for (const name of Object.keys(keys)) {
    expect(applies({ Condition }, { keys: { ...keys, [name]: '3' } })).toBe(false);
  }
});

describe('variables in values', () => {
  const extra = { 'aws:username': 'a*' };

  test.each<Row>([
    ['StringEquals', '${aws:username}', 'a*', true],
    ['StringLike', '${aws:username}/*', 'a*/x', true],
    ['StringLike', '${aws:username}/*', 'ab/x', false],
    ['StringLike', '${*}', 'a', false],
    ['StringEquals', '${*}', '*', true],
    ['StringEquals', '${aws:userid}', '', false],
    ['StringNotEquals', '${aws:userid}', 'x', true],
    ['StringEquals', "${aws:userid, 'none'}", 'none', true],
    ['ArnLike', 'arn:aws:s3:::${aws:username}', 'arn:aws:s3:::a*', true],
    ['ArnLike', 'arn:aws:s3:::${aws:username}', 'arn:aws:s3:::ab', false],
    ['NumericEquals', '${aws:username}', '1', false],
  ])('%s %j over %j: %s', (operator, listed, value, expected) => {
    expect(holds(operator, listed, value, extra)).toBe(expected);
  });
});

test('keys are asked for by lower-case names, tag keys as written, and only when needed', () => {
  const asked: string[] = [];
  const policy = compiled([
    {
      ...{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' },
      Condition: { StringEquals: { 'AWS:PrincipalTag/Team': 'a', 'aws:UserName': 'b' } },
    },
    {
      ...{ Effect: 'Deny', Action: 's3:Put*', Resource: '*' },
      Condition: { StringEquals: { 'aws:SourceIp': 'a' } },
    },
  ]);
  const key = (name: string) => {
    asked.push(name);
    return 'a';
  };
  policy.apply({ ...question(), key });
  expect(asked).toEqual(['aws:principaltag/Team', 'aws:username']);
  expect([...policy.keys]).toEqual(['aws:principaltag/Team', 'aws:username', 'aws:sourceip']);
});
