/** Simulations: inputs checked, results per action and resource, sources and missing keys told. */
import type * as sdk from '@aws-sdk/client-iam';
import { describe, expect, test } from 'vitest';
import { arnOf, document, readOnly, scope, setup, trust } from './policy.fixture.ts';

const object = 'arn:aws:s3:::b/k';
const ifMfa = { Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } };

async function custom(more: object, run = setup().run) {
  const input = { PolicyInputList: [document()], ActionNames: ['s3:GetObject'], ...more };
  const answer = await run<sdk.SimulatePolicyResponse>('SimulateCustomPolicy', input);
  return answer.EvaluationResults ?? [];
}

const given = (ContextKeyName: string, ContextKeyType: string, ...ContextKeyValues: string[]) => ({
  ContextEntries: [{ ContextKeyName, ContextKeyType, ContextKeyValues }],
});

describe('SimulateCustomPolicy', () => {
  test('says which statement led to it, and where that stands', async () => {
    const text = ['{"Version": "2012-10-17",', '  "Statement": {', '    "Effect": "Allow",']
      .concat('    "Action": "s3:GetObject", "Resource": "*"', '  }', '}')
      .join('\n');
    expect(await custom({ PolicyInputList: [text] })).toEqual([
      {
        EvalActionName: 's3:GetObject',
        EvalResourceName: '*',
        EvalDecision: 'allowed',
        MatchedStatements: [
          {
            SourcePolicyId: 'PolicyInputList.1',
            SourcePolicyType: 'none',
            StartPosition: { Line: 2, Column: 16 },
            EndPosition: { Line: 5, Column: 4 },
          },
        ],
        MissingContextValues: [],
      },
    ]);
  });

  test('answers for each action and each resource, a page at a time', async () => {
    const { run } = setup();
    const input = {
      PolicyInputList: [document({ Resource: object })],
      ActionNames: ['s3:GetObject', 's3:PutObject'],
      ResourceArns: [object, 'arn:aws:s3:::b/other', object],
    };
    const told = (results: readonly sdk.EvaluationResult[] = []) =>
      results.map(({ EvalActionName: action, EvalResourceName: name, EvalDecision: decision }) =>
        [action, name, decision].join(' '),
      );
    const all = [
      `s3:GetObject ${object} allowed`,
      's3:GetObject arn:aws:s3:::b/other implicitDeny',
      `s3:PutObject ${object} implicitDeny`,
      's3:PutObject arn:aws:s3:::b/other implicitDeny',
    ];
    type Answer = sdk.SimulatePolicyResponse;
    const whole = await run<Answer>('SimulateCustomPolicy', input);
    expect(told(whole.EvaluationResults)).toEqual(all);
    const first = await run<Answer>('SimulateCustomPolicy', { ...input, MaxItems: 3 });
    expect(told(first.EvaluationResults)).toEqual(all.slice(0, 3));
    const { Marker } = first;
    const rest = await run<Answer>('SimulateCustomPolicy', { ...input, MaxItems: 3, Marker });
    expect(told(rest.EvaluationResults)).toEqual(all.slice(3));
    expect(rest.IsTruncated).toBe(false);
  });

  test('an answer has a hundred results at most, and goes on', async () => {
    const { run } = setup();
    const input = {
      PolicyInputList: [document()],
      ActionNames: ['s3:GetObject'],
      ResourceArns: Array.from({ length: 150 }, (_, i) => `arn:aws:s3:::b/${i}`),
      MaxItems: 1_000,
    };
    const first = await run<sdk.SimulatePolicyResponse>('SimulateCustomPolicy', input);
    const { Marker } = first;
    const rest = await run<sdk.SimulatePolicyResponse>('SimulateCustomPolicy', {
      ...input,
      Marker,
    });
    const lengths = [first, rest].map((page) => page.EvaluationResults?.length);
    expect([lengths, first.IsTruncated, rest.IsTruncated]).toEqual([[100, 50], true, false]);
  });

  test('of explicit denials tells only the statements that deny', async () => {
    const list = [document(), document({ Effect: 'Deny' })];
    const [result] = await custom({ PolicyInputList: list });
    expect(result?.EvalDecision).toBe('explicitDeny');
    expect(result?.MatchedStatements).toMatchObject([{ SourcePolicyId: 'PolicyInputList.2' }]);
  });

  test('tells missing keys on top without resources, and with the resource otherwise', async () => {
    const list = { PolicyInputList: [document(ifMfa)] };
    const missing = ['aws:MultiFactorAuthPresent'];
    expect(await custom(list)).toMatchObject([
      { EvalDecision: 'implicitDeny', MissingContextValues: missing },
    ]);
    expect(await custom({ ...list, ResourceArns: [object] })).toMatchObject([
      {
        MissingContextValues: [],
        ResourceSpecificResults: [
          {
            EvalResourceName: object,
            EvalResourceDecision: 'implicitDeny',
            MissingContextValues: missing,
          },
        ],
      },
    ]);
    const entries = given('aws:multifactorauthpresent', 'boolean', 'true');
    expect(await custom({ ...list, ...entries })).toMatchObject([
      { EvalDecision: 'allowed', MissingContextValues: [] },
    ]);
  });

  test.each([
    ['string', { StringEquals: { 'a:key': 'x' } }, ['x'], ['y']],
    ['stringList', { 'ForAllValues:StringEquals': { 'a:key': ['x', 'y'] } }, ['x', 'y'], ['z']],
    ['numeric', { NumericLessThan: { 'a:key': '10' } }, ['9.5'], ['10']],
    ['numericList', { 'ForAnyValue:NumericEquals': { 'a:key': '2' } }, ['1', '2'], ['1']],
    ['boolean', { Bool: { 'a:key': 'true' } }, ['true'], ['false']],
    ['booleanList', { 'ForAnyValue:Bool': { 'a:key': 'true' } }, ['false', 'true'], ['false']],
    ['ip', { IpAddress: { 'a:key': '10.0.0.0/8' } }, ['10.1.2.3'], ['11.1.2.3']],
    ['ipList', { 'ForAllValues:IpAddress': { 'a:key': '10.0.0.0/8' } }, ['10.1.2.3'], ['::1']],
    ['binary', { BinaryEquals: { 'a:key': 'AQID' } }, ['AQID'], ['AQIE']],
    [
      'date',
      { DateLessThan: { 'a:key': '2026-01-01T00:00:00Z' } },
      ['2025-12-31T23:59:59Z'],
      ['2026-01-01T00:00:00Z'],
    ],
    [
      'dateList',
      { 'ForAnyValue:DateEquals': { 'a:key': '2026-01-01T00:00:00Z' } },
      ['2026-01-01T00:00:00Z'],
      ['2026-01-02T00:00:00Z'],
    ],
  ])('reads keys of type %s', async (type, Condition, good, bad) => {
    const list = { PolicyInputList: [document({ Condition })] };
    const decision = async (values: readonly string[]) => {
      const [result] = await custom({ ...list, ...given('a:key', type, ...values) });
      return result?.EvalDecision;
    };
    expect([await decision(good), await decision(bad)]).toEqual(['allowed', 'implicitDeny']);
  });

  test('a boundary is a ceiling, and said to be', async () => {
    const boundary = (action: string) => ({
      PermissionsBoundaryPolicyInputList: [document({ Action: action })],
    });
    expect(await custom(boundary('s3:*'))).toMatchObject([
      {
        EvalDecision: 'allowed',
        PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: true },
      },
    ]);
    expect(await custom(boundary('sqs:*'))).toMatchObject([
      {
        EvalDecision: 'implicitDeny',
        PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
      },
    ]);
  });

  test("a resource's policy has a say, and in another account's both must allow", async () => {
    const CallerArn = arnOf('user/ann');
    const resource = (Effect: string) => ({
      ResourcePolicy: document({ Effect, Principal: { AWS: CallerArn } }),
      ...{ CallerArn, ResourceArns: [object] },
    });
    const none = { PolicyInputList: [document({ Action: 'sqs:*' })] };
    expect(await custom({ ...none, ...resource('Allow') })).toMatchObject([
      {
        EvalDecision: 'allowed',
        MatchedStatements: [{ SourcePolicyId: 'ResourcePolicy', SourcePolicyType: 'resource' }],
        EvalDecisionDetails: {},
      },
    ]);
    expect(await custom(resource('Deny'))).toMatchObject([{ EvalDecision: 'explicitDeny' }]);
    const ResourceOwner = 'arn:aws:iam::999988887777:root';
    expect(await custom({ ...none, ...resource('Allow'), ResourceOwner })).toMatchObject([
      {
        EvalDecision: 'implicitDeny',
        EvalDecisionDetails: { 'IAM Policy': 'implicitDeny', 'Resource Policy': 'allowed' },
      },
    ]);
    expect(await custom({ ...resource('Allow'), ResourceOwner })).toMatchObject([
      {
        EvalDecision: 'allowed',
        EvalDecisionDetails: { 'IAM Policy': 'allowed', 'Resource Policy': 'allowed' },
      },
    ]);
  });

  test('every level of an organization must allow', async () => {
    const level = (...statements: object[]) => ({
      ServiceControlPolicyInputList: statements.map((one) => document(one)),
    });
    const levels = (...list: object[]) => custom({ OrderedOrganizationPolicyInputList: list });
    expect(await levels(level({ Action: '*' }), level({ Action: 's3:*' }))).toMatchObject([
      {
        EvalDecision: 'allowed',
        OrganizationsDecisionDetail: { AllowedByOrganizations: true },
      },
    ]);
    expect(await levels(level({ Action: '*' }), level({ Action: 'sqs:*' }))).toMatchObject([
      {
        EvalDecision: 'implicitDeny',
        OrganizationsDecisionDetail: { AllowedByOrganizations: false },
      },
    ]);
    expect(await levels(level({ Action: '*' }, { Effect: 'Deny' }))).toMatchObject([
      { EvalDecision: 'explicitDeny' },
    ]);
  });

  test.each([
    ['no policy', { PolicyInputList: ['{}'] }, /^PolicyInputList\.1: /],
    ['a wildcard', { ActionNames: ['s3:Get*'] }, /wildcards cannot be simulated/],
    ['no action', { ActionNames: ['GetObject'] }, /is not the name of an action/],
    ['no ARN', { ResourceArns: ['bucket'] }, /bucket is not an ARN/],
    ['no caller', { ResourcePolicy: document({ Principal: '*' }) }, /CallerArn is required/],
    ['a session', { CallerArn: `arn:aws:sts::${scope.account}:assumed-role/a/b` }, /CallerArn/],
    ['a group', { CallerArn: arnOf('group/staff') }, /not the ARN of a user or a role/],
    ['no owner', { ResourceOwner: 'me' }, /ResourceOwner/],
    [
      'two boundaries',
      { PermissionsBoundaryPolicyInputList: [document(), document()] },
      /only one policy/,
    ],
    [
      'no number',
      given('a:key', 'numeric', 'x'),
      /ContextEntries\.member\.1: x is not of type num/,
    ],
    ['no date', given('a:key', 'date', 'soon'), /not of type date/],
    ['no address', given('a:key', 'ip', '1.2.3'), /not of type ip/],
    ['no truth', given('a:key', 'boolean', 'maybe'), /not of type boolean/],
    ['no bytes', given('a:key', 'binary', '***'), /not of type binary/],
    ['two values', given('a:key', 'string', 'x', 'y'), /exactly one value/],
    ['no value', given('a:key', 'string'), /exactly one value/],
    ['a scenario that is none', { ResourceHandlingOption: 'EC2' }, /there is no EC2/],
    [
      'a scenario that lacks a resource',
      { ResourceHandlingOption: 'EC2-VPC-EBS', ResourceArns: [object] },
      /needs a resource of type instance/,
    ],
    [
      'policies too long together',
      { PolicyInputList: Array.from({ length: 3 }, () => ' '.repeat(131_000)) },
      /may have 300000 characters together/,
    ],
    [
      'an organization too deep',
      { OrderedOrganizationPolicyInputList: Array.from({ length: 8 }, () => ({})) },
      /at most 7 levels/,
    ],
    [
      'too many pairs',
      {
        ActionNames: Array.from({ length: 101 }, (_, i) => `s3:A${i}`),
        ResourceArns: Array.from({ length: 100 }, (_, i) => `${object}${i}`),
      },
      /at most 10000 pairs/,
    ],
  ])('refuses %s', async (_what, more, message) => {
    await expect(custom(more)).rejects.toMatchObject({ code: 'InvalidInputException' });
    await expect(custom(more)).rejects.toThrow(message);
  });
});

describe('SimulatePrincipalPolicy', () => {
  async function start() {
    const made = setup();
    const { run } = made;
    await run('CreateUser', { UserName: 'ann', Tags: [{ Key: 'Team', Value: 'a' }] });
    await run('CreateGroup', { GroupName: 'staff' });
    await run('AddUserToGroup', { UserName: 'ann', GroupName: 'staff' });
    await run('CreateRole', { RoleName: 'job', AssumeRolePolicyDocument: trust() });
    const simulated = async (PolicySourceArn: string, action: string, more: object = {}) => {
      const input = { PolicySourceArn, ActionNames: [action], ...more };
      const answer = await run<sdk.SimulatePolicyResponse>('SimulatePrincipalPolicy', input);
      const [result] = answer.EvaluationResults ?? [];
      const [source] = result?.MatchedStatements ?? [];
      return [result?.EvalDecision, source?.SourcePolicyType, source?.SourcePolicyId];
    };
    return { ...made, simulated };
  }

  test('a user has their own policies and those of their groups', async () => {
    const { run, simulated } = await start();
    const PolicyDocument = document({ Action: 'sqs:SendMessage' });
    await run('PutUserPolicy', { UserName: 'ann', PolicyName: 'mine', PolicyDocument });
    const ours = { GroupName: 'staff', PolicyName: 'ours', PolicyDocument: document() };
    await run('PutGroupPolicy', ours);
    const { Policy } = await run<sdk.CreatePolicyResponse>('CreatePolicy', {
      PolicyName: 'made',
      PolicyDocument: document({ Action: 'sns:Publish' }),
    });
    await run('AttachUserPolicy', { UserName: 'ann', PolicyArn: Policy?.Arn });
    await run('AttachGroupPolicy', { GroupName: 'staff', PolicyArn: readOnly });
    const ann = arnOf('user/ann');
    expect(await simulated(ann, 'sqs:SendMessage')).toEqual(['allowed', 'user', 'mine']);
    expect(await simulated(ann, 's3:GetObject')).toEqual(['allowed', 'group', 'ours']);
    expect(await simulated(ann, 'sns:Publish')).toEqual(['allowed', 'user-managed', 'made']);
    const shared = ['allowed', 'aws-managed', 'ReadOnlyAccess'];
    expect(await simulated(ann, 's3:ListBucket')).toEqual(shared);
    expect(await simulated(arnOf('group/staff'), 's3:ListBucket')).toEqual(shared);
    expect(await simulated(arnOf('group/staff'), 'sns:Publish')).toContain('implicitDeny');
    const without = (one: object) =>
      simulated(ann, 'sns:Publish', { PolicyExclusionList: [one] }).then(([effect]) => effect);
    expect(await without({ PolicyType: 'user-managed' })).toBe('implicitDeny');
    expect(await without({ PolicyArn: arnOf('policy/ma*') })).toBe('implicitDeny');
    expect(await without({ PolicyType: 'inline' })).toBe('allowed');
    const InlinePolicyIdentifier = {
      ...{ PolicyName: 'mine', AttachmentType: 'user', AttachmentName: 'a?n' },
    };
    const PolicyExclusionList = [{ InlinePolicyIdentifier }];
    expect(await simulated(ann, 'sqs:SendMessage', { PolicyExclusionList })).toContain(
      'implicitDeny',
    );
  });

  test('a role has its own, within its boundary or the one that is given', async () => {
    const { run, simulated } = await start();
    const pair = { RoleName: 'job', PolicyName: 'p', PolicyDocument: document() };
    await run('PutRolePolicy', pair);
    const job = arnOf('role/job');
    expect(await simulated(job, 's3:GetObject')).toEqual(['allowed', 'role', 'p']);
    const { Policy } = await run<sdk.CreatePolicyResponse>('CreatePolicy', {
      PolicyName: 'bound',
      PolicyDocument: document({ Action: 'sqs:*' }),
    });
    const bound = { RoleName: 'job', PermissionsBoundary: Policy?.Arn };
    await run('PutRolePermissionsBoundary', bound);
    expect(await simulated(job, 's3:GetObject')).toContain('implicitDeny');
    const wide = { PermissionsBoundaryPolicyInputList: [document()] };
    expect(await simulated(job, 's3:GetObject', wide)).toContain('allowed');
    const free = { PolicyExclusionList: [{ PolicyType: 'permission-boundary' }] };
    expect(await simulated(job, 's3:GetObject', free)).toContain('allowed');
  });

  test('conditions learn who the principal is, and policies can be added', async () => {
    const { simulated } = await start();
    const added = (Condition: object) => ({ PolicyInputList: [document({ Condition })] });
    const named = added({ StringEquals: { 'aws:username': 'ann', 'aws:PrincipalTag/team': 'a' } });
    const ann = arnOf('user/ann');
    const expected = ['allowed', 'none', 'PolicyInputList.1'];
    expect(await simulated(ann, 's3:GetObject', named)).toEqual(expected);
    const job = added({ ArnEquals: { 'aws:PrincipalArn': arnOf('role/job') } });
    expect(await simulated(arnOf('role/job'), 's3:GetObject', job)).toEqual(expected);
    const bob = { ContextEntries: [{ ContextKeyName: 'aws:username', ContextKeyValues: ['bob'] }] };
    expect(await simulated(ann, 's3:GetObject', { ...named, ...bob })).toContain('implicitDeny');
  });

  test.each([
    ['another account', 'arn:aws:iam::999988887777:user/ann', 'NoSuchEntityException'],
    ['a user who is not there', arnOf('user/ghost'), 'NoSuchEntityException'],
    ['another path', arnOf('user/x/ann'), 'NoSuchEntityException'],
    ['a policy', readOnly, 'InvalidInputException'],
    ['no ARN', 'x'.repeat(20), 'InvalidInputException'],
  ])('refuses %s', async (_what, arn, code) => {
    const { run, simulated } = await start();
    await expect(simulated(arn, 's3:GetObject')).rejects.toMatchObject({ code });
    await expect(
      run('GetContextKeysForPrincipalPolicy', { PolicySourceArn: arn }),
    ).rejects.toMatchObject({ code });
  });

  test("a role's or a group's access to a resource with a policy is not simulated", async () => {
    const { simulated } = await start();
    const ResourcePolicy = document({ Principal: '*' });
    for (const source of ['role/job', 'group/staff']) {
      await expect(
        simulated(arnOf(source), 's3:GetObject', { ResourcePolicy }),
      ).rejects.toMatchObject({ code: 'InvalidInputException' });
    }
    const CallerArn = arnOf('user/ann');
    const asAnn = { ResourcePolicy, CallerArn };
    expect(await simulated(arnOf('group/staff'), 's3:GetObject', asAnn)).toContain('allowed');
  });

  test('context keys are those of every policy', async () => {
    const { run } = await start();
    const text = document({ ...ifMfa, Resource: 'arn:aws:s3:::b/${aws:username}' });
    await run('PutGroupPolicy', { GroupName: 'staff', PolicyName: 'p', PolicyDocument: text });
    const keys = await run<sdk.GetContextKeysForPolicyResponse>(
      'GetContextKeysForPrincipalPolicy',
      { PolicySourceArn: arnOf('user/ann'), PolicyInputList: [document(ifMfa)] },
    );
    expect([...(keys.ContextKeyNames ?? [])].sort()).toEqual([
      'aws:MultiFactorAuthPresent',
      'aws:username',
    ]);
    const custom = { PolicyInputList: [text.replace('aws:Multi', 'AWS:Multi'), text] };
    const given = await run<sdk.GetContextKeysForPolicyResponse>(
      'GetContextKeysForCustomPolicy',
      custom,
    );
    expect(given.ContextKeyNames).toHaveLength(2);
  });
});
