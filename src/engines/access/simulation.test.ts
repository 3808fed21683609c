/** Decisions on given policies and keys, and the keys that are missing. */
import { expect, test } from 'vitest';
import type { KeyValue } from '../../kernel/check.ts';
import { compilePolicy } from '../policy/compile.ts';
import { parsePolicy } from '../policy/parse.ts';
import type { PolicyUse, SourcedPolicy } from '../policy/types.ts';
import { type SimulationInput, simulate } from './simulation.ts';

const account = '111122223333';
const caller = { kind: 'user', account, arn: `arn:aws:iam::${account}:user/ann` } as const;

function sourced(statements: readonly object[], use: PolicyUse = 'identity'): SourcedPolicy {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  const parsed = parsePolicy(text, use);
  if (!parsed.ok) throw new Error(parsed.reason);
  return { id: 'p', type: 'user', compiled: compilePolicy(parsed.value) };
}

const allow = (more: object = {}) => ({ Effect: 'Allow', Action: 's3:*', Resource: '*', ...more });
const deny = (more: object = {}) => allow({ Effect: 'Deny', ...more });

function ask(statements: readonly object[], more: Partial<SimulationInput> = {}) {
  const { decision, missing } = simulate({
    identity: statements.length > 0 ? [sourced(statements)] : [],
    ...{ caller, action: 's3:GetObject', resourceArn: 'arn:aws:s3:::b/k', keys: {} },
    ...more,
  });
  return { effect: decision.effect, missing };
}

const ifMfa = { Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } };

test.each([
  ['nothing allows', [], 'implicitDeny'],
  ['something allows', [allow()], 'allowed'],
  ['a denial wins', [allow(), deny()], 'explicitDeny'],
  ['another action', [allow({ Action: 'sqs:*' })], 'implicitDeny'],
  ['another resource', [allow({ Resource: 'arn:aws:s3:::other/*' })], 'implicitDeny'],
])('%s', (_what, statements, effect) => {
  expect(ask(statements)).toEqual({ effect, missing: [] });
});

test('keys that are not given are told, as they are written', () => {
  const twice = { Condition: { ...ifMfa.Condition, StringLike: { 'AWS:Referer': 'x' } } };
  expect(ask([allow(ifMfa), allow(twice), deny(ifMfa)])).toEqual({
    effect: 'implicitDeny',
    missing: ['aws:MultiFactorAuthPresent', 'AWS:Referer'],
  });
});

test('keys are given in any case', () => {
  const keys = { 'AWS:multifactorAUTHpresent': true };
  expect(ask([allow(ifMfa)], { keys })).toEqual({ effect: 'allowed', missing: [] });
  const tagged = { Condition: { StringEquals: { 'aws:PrincipalTag/Team': 'a' } } };
  const tags: Record<string, KeyValue> = { 'aws:principaltag/Team': 'a' };
  expect(ask([allow(tagged)], { keys: tags })).toEqual({ effect: 'allowed', missing: [] });
});

test('keys of statements about something else are not missed', () => {
  const elsewhere = [
    allow({ Action: 'sqs:*', ...ifMfa }),
    allow({ Resource: 'arn:aws:s3:::other', ...ifMfa }),
  ];
  expect(ask(elsewhere)).toEqual({ effect: 'implicitDeny', missing: [] });
});

test('variables are keys too', () => {
  const home = [allow({ Resource: 'arn:aws:s3:::b/${aws:username}' })];
  expect(ask(home)).toEqual({ effect: 'implicitDeny', missing: ['aws:username'] });
  const keys = { 'aws:username': 'k' };
  expect(ask(home, { keys })).toEqual({ effect: 'allowed', missing: [] });
  expect(ask(home, { keys: { 'aws:username': '*' } }).effect).toBe('implicitDeny');
});

test('a boundary is a ceiling, and its keys are missed', () => {
  const boundary = sourced([allow(ifMfa)]);
  expect(ask([allow()], { boundary })).toEqual({
    effect: 'implicitDeny',
    missing: ['aws:MultiFactorAuthPresent'],
  });
});

test('the policy of a resource counts by how it names the caller', () => {
  const named = (AWS: string) => sourced([allow({ Principal: { AWS } })], 'resource');
  expect(ask([], { resource: named(caller.arn) }).effect).toBe('allowed');
  expect(ask([], { resource: named(account) }).effect).toBe('implicitDeny');
  const owner = '999988887777';
  expect(ask([], { resource: named(caller.arn), owner }).effect).toBe('implicitDeny');
  expect(ask([allow()], { resource: named(caller.arn), owner }).effect).toBe('allowed');
  expect(ask([allow()], { owner }).effect).toBe('implicitDeny');
});
