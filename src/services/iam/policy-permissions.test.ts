/** What operations about roles and policies need permission for. */
import { expect, test } from 'vitest';
import type { Check } from '../../kernel/check.ts';
import { arnOf, readOnly, scope, setup, trust } from './policy.fixture.ts';

async function start() {
  const made = setup();
  const { run } = made;
  await run('CreateUser', { UserName: 'Ann', Path: '/ml/', Tags: [{ Key: 'team', Value: 'a' }] });
  await run('CreateRole', {
    RoleName: 'Job',
    Path: '/ml/',
    AssumeRolePolicyDocument: trust(),
    PermissionsBoundary: readOnly,
  });
  await run('CreateInstanceProfile', { InstanceProfileName: 'Box', Path: '/ml/' });
  return made;
}

const own = arnOf('policy/own');
const bounded = { 'iam:permissionsboundary': readOnly };

test.each([
  ['GetRole', { RoleName: 'JOB' }, arnOf('role/ml/Job'), bounded],
  ['GetRole', { RoleName: 'ghost' }, arnOf('role/ghost'), {}],
  ['ListRoles', {}, arnOf('role/'), undefined],
  ['ListRoles', { PathPrefix: '/ml/' }, arnOf('role/ml/'), undefined],
  [
    'PutRolePermissionsBoundary',
    { RoleName: 'Job', PermissionsBoundary: own },
    arnOf('role/ml/Job'),
    { 'iam:permissionsboundary': own },
  ],
  [
    'AttachUserPolicy',
    { UserName: 'ann', PolicyArn: readOnly },
    arnOf('user/ml/Ann'),
    { 'iam:policyarn': readOnly },
  ],
  [
    'DetachRolePolicy',
    { RoleName: 'job', PolicyArn: own },
    arnOf('role/ml/Job'),
    { ...bounded, 'iam:policyarn': own },
  ],
  ['PutGroupPolicy', { GroupName: 'staff' }, arnOf('group/staff'), {}],
  ['CreatePolicyVersion', { PolicyArn: own }, own, {}],
  ['SimulatePrincipalPolicy', { PolicySourceArn: own }, own, undefined],
  ['SimulateCustomPolicy', {}, '*', undefined],
  ['GetAccountAuthorizationDetails', {}, '*', undefined],
  ['DeleteInstanceProfile', { InstanceProfileName: 'box' }, arnOf('instance-profile/ml/Box'), {}],
  [
    'CreateServiceLinkedRole',
    { AWSServiceName: 'shield.amazonaws.com' },
    arnOf('role/aws-service-role/shield.amazonaws.com/AWSServiceRoleForAWSShield'),
    { 'iam:awsservicename': 'shield.amazonaws.com' },
  ],
  [
    'GetServiceLinkedRoleDeletionStatus',
    { DeletionTaskId: 'task/aws-service-role/shield.amazonaws.com/R/1' },
    arnOf('role/aws-service-role/shield.amazonaws.com/R'),
    undefined,
  ],
  [
    'UntagRole',
    { RoleName: 'Job', TagKeys: ['a'] },
    arnOf('role/ml/Job'),
    { ...bounded, 'aws:tagkeys': ['a'] },
  ],
] as const)('%s of %j', async (operation, input, resource, keys) => {
  const { needs } = await start();
  const checks = await needs(operation, input);
  expect(checks).toHaveLength(1);
  expect(checks[0]).toMatchObject({ action: `iam:${operation}`, resource });
  expect((checks[0] as Check).keys).toEqual(keys);
});

test('tags of what there is are known to conditions', async () => {
  const { needs } = await start();
  const [check] = (await needs('PutUserPolicy', { UserName: 'ANN' })) as Check[];
  expect(await check?.resourceTags?.()).toEqual({ team: 'a' });
  const [none] = (await needs('PutUserPolicy', { UserName: 'ghost' })) as Check[];
  expect(await none?.resourceTags?.()).toEqual({});
});

test('what is made with tags needs the permission to tag', async () => {
  const { needs } = await start();
  const Tags = [{ Key: 'team', Value: 'a' }];
  const keys = { 'aws:requesttag/team': 'a', 'aws:tagkeys': ['team'] };
  expect(await needs('CreatePolicy', { PolicyName: 'own', Tags })).toEqual([
    { action: 'iam:CreatePolicy', resource: own, keys },
    { action: 'iam:TagPolicy', resource: own, keys },
  ]);
  const role = { RoleName: 'r', Path: '/x/', PermissionsBoundary: readOnly };
  expect(await needs('CreateRole', role)).toEqual([
    { action: 'iam:CreateRole', resource: arnOf('role/x/r'), keys: bounded },
  ]);
});

test('a role is handed to machines only by those who may pass it', async () => {
  const { needs } = await start();
  const pair = { InstanceProfileName: 'Box', RoleName: 'Job' };
  expect(await needs('AddRoleToInstanceProfile', pair)).toMatchObject([
    { action: 'iam:AddRoleToInstanceProfile', resource: arnOf('instance-profile/ml/Box') },
    {
      action: 'iam:PassRole',
      resource: arnOf('role/ml/Job'),
      keys: { 'iam:passedtoservice': 'ec2.amazonaws.com' },
    },
  ]);
});

test('every operation declares what it needs, under its own name', async () => {
  const { needs, service } = await start();
  for (const operation of service.operations) {
    const checks = await needs(operation as never, {});
    if (checks === 'open') throw new Error(`${operation} is open`);
    expect(checks[0]?.action).toBe(`iam:${operation}`);
    for (const { resource } of checks) {
      const isOwn = resource.startsWith(`arn:aws:iam::${scope.account}:`);
      expect(isOwn || resource === '*' || resource === '').toBe(true);
    }
  }
});
