/** The rules by which policies add up, row by row. */
import { describe, expect, test } from 'vitest';
import {
  account,
  arns,
  callers,
  compiled,
  decision,
  other,
  question,
  sourced,
} from './policy.fixture.ts';
import type { PolicySets, SourcedPolicy } from './types.ts';

const allow = sourced({ Effect: 'Allow', Action: '*', Resource: '*' });
const deny = sourced({ Effect: 'Deny', Action: 's3:*', Resource: '*' });
const elsewhere = sourced({ Effect: 'Allow', Action: 'sqs:*', Resource: '*' });

function on(Principal: unknown, Effect = 'Allow'): SourcedPolicy {
  return sourced({ Effect, Principal, Action: '*', Resource: '*' }, 'resource');
}

type Caller = keyof typeof callers;
type Row = readonly [caller: Caller, sets: Partial<PolicySets>, expected: string];

function told(caller: Caller, sets: Partial<PolicySets>): string {
  const { effect, because } = decision({ principal: callers[caller] }, sets);
  return because === undefined ? effect : `${effect}: ${because}`;
}

const noIdentity = 'implicitDeny: identity-based policy';
const noResource = 'implicitDeny: resource-based policy';
const noBoundary = 'implicitDeny: permissions boundary';
const noSession = 'implicitDeny: session policy';

describe('without a policy on the resource', () => {
  test.each<Row>([
    ['alice', {}, noIdentity],
    ['alice', { identity: [elsewhere] }, noIdentity],
    ['alice', { identity: [elsewhere, allow] }, 'allowed'],
    ['alice', { identity: [allow, deny] }, 'explicitDeny: identity-based policy'],
    ['alice', { identity: [allow], boundary: elsewhere }, noBoundary],
    ['alice', { identity: [allow], boundary: allow }, 'allowed'],
    ['alice', { boundary: allow }, noIdentity],
    ['alice', { identity: [allow], boundary: deny }, 'explicitDeny: permissions boundary'],
    ['role', { identity: [allow] }, 'allowed'],
    ['role', { identity: [allow], session: [elsewhere] }, noSession],
    ['role', { identity: [allow], session: [elsewhere, allow] }, 'allowed'],
    ['role', { identity: [allow], session: [allow, deny] }, 'explicitDeny: session policy'],
    ['role', { identity: [allow], session: [allow], boundary: elsewhere }, noBoundary],
    ['federated', { identity: [allow], session: [] }, noSession],
    ['federated', { identity: [allow], session: [allow] }, 'allowed'],
    ['root', {}, 'allowed'],
    ['root', { identity: [deny], boundary: elsewhere, session: [] }, 'allowed'],
    ['anonymous', { identity: [allow] }, noResource],
    ['sns', { identity: [allow] }, noResource],
    ['alice', { identity: [allow], endpoint: on('*') }, 'allowed'],
    ['alice', { identity: [allow], endpoint: on(arnsOf('bob')) }, noEndpoint()],
    ['root', { endpoint: on(arnsOf('bob')) }, noEndpoint()],
    [
      'alice',
      { identity: [allow], endpoint: on('*', 'Deny') },
      'explicitDeny: VPC endpoint policy',
    ],
    ['alice', { identity: [allow], owner: other }, noResource],
    ['root', { owner: other }, noResource],
  ])('%s %#: %3$s', (caller, sets, expected) => {
    expect(told(caller, sets)).toBe(expected);
  });
});

function noEndpoint(): string {
  return 'implicitDeny: VPC endpoint policy';
}

function arnsOf(name: keyof typeof arns): object {
  return { AWS: arns[name] };
}

describe('a policy on the resource counts by how it names the caller', () => {
  const boundary = elsewhere;
  const session = [elsewhere];

  test.each<Row>([
    // The user: nothing else is needed, and the boundary does not limit.
    ['alice', { resource: on(arnsOf('alice')) }, 'allowed'],
    ['alice', { resource: on(arnsOf('alice')), boundary }, 'allowed'],
    ['alice', { resource: on({ AWS: 'AIDAALICE' }), boundary }, 'allowed'],
    ['alice', { resource: on({ AWS: 'AIDAOTHER' }) }, noIdentity],
    ['alice', { resource: on(arnsOf('role')) }, noIdentity],
    // The session: nothing limits. Its role: boundary and session do.
    ['role', { resource: on(arnsOf('session')), boundary, session }, 'allowed'],
    ['role', { resource: on(arnsOf('role')) }, 'allowed'],
    ['role', { resource: on({ AWS: 'AROAROLE' }), boundary }, noBoundary],
    ['role', { resource: on(arnsOf('role')), boundary }, noBoundary],
    ['role', { resource: on(arnsOf('role')), session }, noSession],
    ['role', { resource: on({ AWS: [arns.role, arns.session] }), session }, 'allowed'],
    // A federated user: by its own name wholly, by its user's within the session.
    ['federated', { resource: on(arnsOf('federated')), session: [] }, 'allowed'],
    ['federated', { resource: on(arnsOf('alice')), session: [] }, noSession],
    ['federated', { resource: on(arnsOf('alice')), session: [allow] }, 'allowed'],
    ['federated', { resource: on(arnsOf('alice')), session: [allow], boundary }, noBoundary],
    // The account only lets its own policies decide.
    ['alice', { resource: on(arnsOf('root')) }, noIdentity],
    ['alice', { resource: on({ AWS: account }) }, noIdentity],
    ['alice', { resource: on({ AWS: account }), identity: [allow] }, 'allowed'],
    ['alice', { resource: on({ AWS: account }), identity: [allow], boundary }, noBoundary],
    // Everybody.
    ['alice', { resource: on('*'), boundary }, 'allowed'],
    ['role', { resource: on({ AWS: '*' }), boundary, session }, 'allowed'],
    ['anonymous', { resource: on('*') }, 'allowed'],
    ['anonymous', { resource: on({ AWS: account }) }, noResource],
    ['anonymous', { resource: on('*', 'Deny') }, 'explicitDeny: resource-based policy'],
    ['root', { resource: on('*', 'Deny') }, 'explicitDeny: resource-based policy'],
    ['alice', { resource: on('*', 'Deny'), identity: [allow] }, denied()],
    // Services and providers, by name.
    ['sns', { resource: on({ Service: 'sns.amazonaws.com' }) }, 'allowed'],
    ['sns', { resource: on({ Service: 'sqs.amazonaws.com' }) }, noResource],
    ['sns', { resource: on({ AWS: account }) }, noResource],
    ['sns', { resource: on({ Service: 'sns.amazonaws.com' }), owner: other }, 'allowed'],
    ['alice', { resource: on({ Service: 'sns.amazonaws.com' }) }, noIdentity],
    ['web', { resource: on({ Federated: 'idp.example.com' }), rule: 'trust' }, 'allowed'],
    ['web', { resource: on({ Federated: 'idp2.example.com' }), rule: 'trust' }, noResource],
    // Of another account both sides have to allow.
    ['bob', { resource: on(arnsOf('bob')) }, noIdentity],
    ['bob', { resource: on('*') }, noIdentity],
    ['bob', { identity: [allow] }, noResource],
    ['bob', { identity: [allow], resource: on(arnsOf('bob')) }, 'allowed'],
    ['bob', { identity: [allow], resource: on({ AWS: other }) }, 'allowed'],
    ['bob', { identity: [allow], resource: on(arnsOf('bob')), boundary }, noBoundary],
    ['bob', { identity: [allow], resource: on({ AWS: account }) }, noResource],
  ])('%s %#: %3$s', (caller, sets, expected) => {
    expect(told(caller, sets)).toBe(expected);
  });
});

function denied(): string {
  return 'explicitDeny: resource-based policy';
}

describe.each(['trust', 'key'] as const)('where the policy itself must allow (%s)', (rule) => {
  test.each<Row>([
    ['alice', { identity: [allow] }, noResource],
    ['root', {}, noResource],
    ['alice', { identity: [allow], resource: on(arnsOf('bob')) }, noResource],
    ['alice', { resource: on(arnsOf('alice')) }, 'allowed'],
    ['alice', { resource: on(arnsOf('root')) }, noIdentity],
    ['alice', { resource: on(arnsOf('root')), identity: [allow] }, 'allowed'],
    ['alice', { resource: on(arnsOf('root')), identity: [allow], boundary: elsewhere }, noBoundary],
    ['root', { resource: on(arnsOf('root')) }, 'allowed'],
    ['role', { resource: on(arnsOf('role')), session: [elsewhere] }, noSession],
    ['sns', { resource: on({ Service: 'sns.amazonaws.com' }) }, 'allowed'],
    ['bob', { resource: on(arnsOf('bob')) }, noIdentity],
    ['bob', { resource: on(arnsOf('bob')), identity: [allow] }, 'allowed'],
  ])('%s %#: %3$s', (caller, sets, expected) => {
    expect(told(caller, { ...sets, rule })).toBe(expected);
  });
});

describe('NotPrincipal', () => {
  const except = (AWS: readonly string[]): SourcedPolicy =>
    sourced({ Effect: 'Deny', NotPrincipal: { AWS }, Action: '*', Resource: '*' }, 'resource');

  test.each<readonly [Caller, readonly string[], boolean]>([
    ['alice', [arns.alice, arns.root], true],
    ['alice', [arns.alice, account], true],
    ['alice', ['AIDAALICE', account], true],
    ['alice', [arns.alice], false],
    ['alice', [account], false],
    ['role', [arns.session, arns.role, account], true],
    ['role', [arns.role, account], false],
    ['role', [arns.session, account], false],
    ['root', [account], true],
    ['anonymous', [account], false],
    ['sns', [account], false],
    ['bob', [arns.bob, account], false],
  ])('%s with %j listed is left out: %s', (caller, listed, expected) => {
    const resource = except(listed);
    const { effect } = decision({ principal: callers[caller] }, { identity: [allow], resource });
    expect(effect !== 'explicitDeny').toBe(expected);
  });

  test('a service is left out by its name', () => {
    const NotPrincipal = { Service: 'sns.amazonaws.com' };
    const statement = { Effect: 'Deny', NotPrincipal, Action: '*', Resource: '*' };
    const policy = compiled(statement, 'resource');
    expect(policy.apply(question({ principal: callers.sns })).denies).toEqual([]);
    expect(policy.apply(question({ principal: callers.alice })).denies).toEqual([0]);
  });
});

describe('what is told', () => {
  const mixed = sourced([
    { Effect: 'Allow', Action: 's3:*', Resource: '*' },
    { Effect: 'Allow', Action: 'sqs:*', Resource: '*' },
    { Effect: 'Deny', Action: 's3:Get*', Resource: arns.object },
  ]);

  test('of an explicit denial the statements that deny, wherever they are', () => {
    const { matched } = decision({}, { identity: [mixed], boundary: deny });
    expect(matched.map(({ policy, statement }) => [policy, statement.index])).toEqual([
      [mixed, 2],
      [deny, 0],
    ]);
  });

  test('otherwise those of identity and resource that allow', () => {
    const resource = on(arnsOf('alice'));
    const asked = { action: 's3:PutObject' };
    const { matched } = decision(asked, { identity: [mixed], resource, boundary: allow });
    expect(matched.map(({ policy, statement }) => [policy, statement.index])).toEqual([
      [mixed, 0],
      [resource, 0],
    ]);
  });

  test.each([
    [{ boundary: allow }, true],
    [{ boundary: elsewhere }, false],
    [{ boundary: deny }, false],
    [{}, undefined],
  ])('whether the boundary allows %#', (sets, expected) => {
    expect(decision({}, { identity: [allow], ...sets }).allowedByBoundary).toBe(expected);
  });

  test('what fails in the evaluation is refused, and told', () => {
    const Condition = { StringEquals: { 'a:b': 'c' } };
    const asking = { Effect: 'Allow', Action: '*', Resource: '*', Condition };
    const broken: SourcedPolicy = {
      ...allow,
      compiled: {
        ...compiled(asking),
        apply: () => {
          throw new Error('the tags cannot be read');
        },
      },
    };
    const failure = 'the tags cannot be read';
    expect(decision({}, { identity: [allow, broken] })).toEqual({
      ...{ effect: 'implicitDeny', because: 'identity-based policy', matched: [], failure },
    });
    expect(decision({}, { identity: [allow], boundary: broken })).toMatchObject({
      ...{ effect: 'implicitDeny', because: 'permissions boundary', failure },
    });
  });
});

test('how a caller was named is told for each statement that allows', () => {
  const policy = compiled(
    [
      { Effect: 'Allow', Principal: { AWS: [account, arns.role] }, Action: '*', Resource: '*' },
      { Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: '*' },
      { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' },
    ],
    'resource',
  );
  const { allows, namedAs } = policy.apply(question({ principal: callers.role }));
  expect({ allows, namedAs }).toEqual({ allows: [0, 2], namedAs: ['role', 'everybody'] });
});
