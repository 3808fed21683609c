/** The whole of an account's identities and policies, filtered and in pages. */
import type * as sdk from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { arnOf, document, readOnly, setup, trust } from './policy.fixture.ts';

type Details = sdk.GetAccountAuthorizationDetailsResponse;

async function start() {
  const { run } = setup();
  await run('CreateUser', { UserName: 'ann', PermissionsBoundary: readOnly });
  await run('CreateGroup', { GroupName: 'staff' });
  await run('AddUserToGroup', { UserName: 'ann', GroupName: 'staff' });
  await run('PutUserPolicy', { UserName: 'ann', PolicyName: 'p', PolicyDocument: document() });
  await run('CreateRole', { RoleName: 'job', AssumeRolePolicyDocument: trust() });
  await run('CreateInstanceProfile', { InstanceProfileName: 'box' });
  await run('AddRoleToInstanceProfile', { InstanceProfileName: 'box', RoleName: 'job' });
  const PolicyArn = arnOf('policy/own');
  await run('CreatePolicy', { PolicyName: 'own', PolicyDocument: document() });
  await run('CreatePolicyVersion', { PolicyArn, PolicyDocument: document({ Action: 'sqs:*' }) });
  await run('AttachGroupPolicy', { GroupName: 'staff', PolicyArn });
  return (input: object = {}) => run<Details>('GetAccountAuthorizationDetails', input);
}

test('tells everything', async () => {
  const details = await start();
  const all = await details();
  const encoded = encodeURIComponent(document()).replace('*', '%2A');
  expect(all.UserDetailList).toMatchObject([
    {
      ...{ UserName: 'ann', GroupList: ['staff'], AttachedManagedPolicies: [] },
      UserPolicyList: [{ PolicyName: 'p', PolicyDocument: encoded }],
      PermissionsBoundary: { PermissionsBoundaryArn: readOnly },
    },
  ]);
  expect(all.GroupDetailList).toMatchObject([
    {
      GroupName: 'staff',
      AttachedManagedPolicies: [{ PolicyName: 'own', PolicyArn: arnOf('policy/own') }],
    },
  ]);
  expect(all.RoleDetailList).toMatchObject([
    {
      RoleName: 'job',
      AssumeRolePolicyDocument: expect.stringMatching(/^%7B/),
      InstanceProfileList: [{ InstanceProfileName: 'box', Roles: [{ RoleName: 'job' }] }],
    },
  ]);
  expect(all.Policies).toMatchObject([
    {
      ...{ PolicyName: 'own', DefaultVersionId: 'v1', AttachmentCount: 1 },
      PolicyVersionList: [
        { VersionId: 'v2', IsDefaultVersion: false },
        { VersionId: 'v1', IsDefaultVersion: true, Document: encoded },
      ],
    },
    { PolicyName: 'ReadOnlyAccess', PermissionsBoundaryUsageCount: 1 },
  ]);
  expect(all.IsTruncated).toBe(false);
});

test.each([
  ['User', [1, 0, 0, 0]],
  ['Group', [0, 1, 0, 0]],
  ['Role', [0, 0, 1, 0]],
  ['LocalManagedPolicy', [0, 0, 0, 1]],
  ['AWSManagedPolicy', [0, 0, 0, 1]],
])('of %s alone', async (filter, counts) => {
  const details = await start();
  const { UserDetailList, GroupDetailList, RoleDetailList, Policies } = await details({
    Filter: [filter],
  });
  const lists = [UserDetailList, GroupDetailList, RoleDetailList, Policies];
  expect(lists.map((list) => list?.length)).toEqual(counts);
});

test('page by page, whole and without repeats', async () => {
  const details = await start();
  const seen: (string | undefined)[] = [];
  let Marker: string | undefined;
  do {
    const page = await details({ MaxItems: 1, Marker });
    const found = [
      ...(page.UserDetailList ?? []),
      ...(page.GroupDetailList ?? []),
      ...(page.RoleDetailList ?? []),
      ...(page.Policies ?? []),
    ];
    expect(found).toHaveLength(1);
    seen.push(found[0]?.Arn);
    Marker = page.Marker;
  } while (Marker !== undefined);
  expect(seen).toEqual([
    arnOf('user/ann'),
    arnOf('group/staff'),
    arnOf('role/job'),
    arnOf('policy/own'),
    readOnly,
  ]);
});
