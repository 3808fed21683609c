/** What each operation asks permission for: the right resource, conditions, and no more effects. */
import { describe, expect, test } from 'vitest';
import type { Check } from '../../kernel/check.ts';
import { arnOf, roleSession, root, setup } from './principal.fixture.ts';
import { principalOperations } from './principal-operations.ts';

const boundary = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
const Tags = [{ Key: 'Team', Value: 'a' }];

async function withAnn() {
  const parts = setup();
  const ann = await parts.userCaller('Ann', { Path: '/ml/', Tags, PermissionsBoundary: boundary });
  await parts.run('CreateGroup', { GroupName: 'Ops', Path: '/x/' });
  const check = async (...asked: Parameters<typeof parts.needs>) => {
    const needs = await parts.needs(...asked);
    if (needs === 'open' || !needs[0]) throw new Error('open');
    return needs[0];
  };
  return { ...parts, ann, check };
}

test('every operation needs a permission of its own name', async () => {
  const { needs, ann } = await withAnn();
  for (const operation of Object.keys(principalOperations)) {
    for (const caller of [ann, roleSession, root]) {
      const checks = (await needs(operation, {}, caller)) as readonly Check[];
      expect(checks.map(({ action }) => action)).toEqual([`iam:${operation}`]);
      expect(checks[0]?.resource).toMatch(/^\*$|^arn:aws:iam::111122223333:/);
    }
  }
});

describe('resources', () => {
  test.each([
    ['GetUser', { UserName: 'ANN' }, 'user/ml/Ann'],
    ['DeleteUser', { UserName: 'none' }, 'user/none'],
    ['CreateUser', { UserName: 'new', Path: '/p/' }, 'user/p/new'],
    ['CreateUser', { UserName: 'new' }, 'user/new'],
    ['ListUsers', {}, 'user/'],
    ['ListUsers', { PathPrefix: '/ml/' }, 'user/ml/'],
    ['ListGroups', {}, 'group/'],
    ['CreateGroup', { GroupName: 'g' }, 'group/g'],
    ['GetGroup', { GroupName: 'ops' }, 'group/x/Ops'],
    ['AddUserToGroup', { GroupName: 'ops', UserName: 'ann' }, 'group/x/Ops'],
    ['RemoveUserFromGroup', { GroupName: 'none', UserName: 'ann' }, 'group/none'],
    ['ListGroupsForUser', { UserName: 'ann' }, 'user/ml/Ann'],
    ['CreateVirtualMFADevice', { VirtualMFADeviceName: 'd', Path: '/x/' }, 'mfa/x/d'],
    ['DeleteVirtualMFADevice', { SerialNumber: arnOf('mfa/d') }, 'mfa/d'],
    ['DeleteVirtualMFADevice', { SerialNumber: 'GAHT1234567' }, 'mfa/GAHT1234567'],
    ['EnableMFADevice', { UserName: 'ann', SerialNumber: arnOf('mfa/d') }, 'user/ml/Ann'],
    ['ListVirtualMFADevices', {}, 'mfa/'],
  ])('%s %j', async (operation, input, resource) => {
    const { check } = await withAnn();
    expect((await check(operation, input)).resource).toBe(arnOf(resource));
  });

  test('the caller, where no name is given', async () => {
    const { check, ann } = await withAnn();
    for (const operation of ['GetUser', 'CreateAccessKey', 'ChangePassword', 'ListMFADevices']) {
      expect((await check(operation, {}, ann)).resource).toBe(arnOf('user/ml/Ann'));
      expect((await check(operation, {}, root)).resource).toBe(arnOf('root'));
      expect((await check(operation, {}, roleSession)).resource).toBe(arnOf('user/'));
    }
  });

  test('the owner of a key or device', async () => {
    const { check, run, ann } = await withAnn();
    const { AccessKey } = await run<{ AccessKey: { AccessKeyId: string } }>(
      'CreateAccessKey',
      {},
      ann,
    );
    const { AccessKeyId } = AccessKey;
    const found = await check('GetAccessKeyLastUsed', { AccessKeyId }, roleSession);
    expect(found.resource).toBe(arnOf('user/ml/Ann'));
    const none = await check('GetAccessKeyLastUsed', { AccessKeyId: 'AKIANONE' });
    expect(none.resource).toBe(arnOf('user/'));
  });

  test('who renames needs both names', async () => {
    const { needs } = await withAnn();
    const both = async (operation: string, input: object) =>
      ((await needs(operation, input)) as readonly Check[]).map(({ resource }) => resource);
    expect(await both('UpdateUser', { UserName: 'ann', NewUserName: 'zoe' })).toEqual([
      arnOf('user/ml/Ann'),
      arnOf('user/ml/zoe'),
    ]);
    expect(await both('UpdateUser', { UserName: 'none', NewPath: '/admin/' })).toEqual([
      arnOf('user/none'),
      arnOf('user/admin/none'),
    ]);
    expect(await both('UpdateGroup', { GroupName: 'ops', NewGroupName: 'o2' })).toEqual([
      arnOf('group/x/Ops'),
      arnOf('group/x/o2'),
    ]);
  });
});

describe('conditions', () => {
  const key = 'iam:permissionsboundary';
  test('see tags and boundary that are asked for', async () => {
    const { check } = await withAnn();
    const tagKeys = { 'aws:requesttag/Team': 'a', 'aws:tagkeys': ['Team'] };
    const create = { UserName: 'new', Tags, PermissionsBoundary: boundary };
    expect((await check('CreateUser', create)).keys).toEqual({ [key]: boundary, ...tagKeys });
    expect((await check('CreateUser', { UserName: 'new' })).keys).toEqual({});
    expect((await check('TagUser', { UserName: 'ann', Tags })).keys).toMatchObject(tagKeys);
    expect((await check('UntagUser', { UserName: 'ann', TagKeys: ['x'] })).keys).toMatchObject({
      'aws:tagkeys': ['x'],
    });
    const serial = { SerialNumber: arnOf('mfa/d') };
    expect((await check('TagMFADevice', { ...serial, Tags })).keys).toEqual(tagKeys);
  });

  test('see the boundary that is there, unless another is put', async () => {
    const { check } = await withAnn();
    const present = await check('DeleteUserPermissionsBoundary', { UserName: 'ann' });
    expect(present.keys).toEqual({ [key]: boundary });
    const other = arnOf('policy/other');
    const input = { UserName: 'ann', PermissionsBoundary: other };
    expect((await check('PutUserPermissionsBoundary', input)).keys).toEqual({ [key]: other });
  });

  test('see the tags of what it is about', async () => {
    const { check, run } = await withAnn();
    const user = await check('DeleteUser', { UserName: 'ann' });
    expect(await user.resourceTags?.()).toEqual({ Team: 'a' });
    await run('CreateVirtualMFADevice', { VirtualMFADeviceName: 'd', Tags });
    const device = await check('DeleteVirtualMFADevice', { SerialNumber: arnOf('mfa/d') });
    expect(await device.resourceTags?.()).toEqual({ Team: 'a' });
  });
});

test('the password policy may let users change their own password, and only that', async () => {
  const { check, run, ann } = await withAnn();
  const policyOf = async (caller = ann) =>
    (await check('ChangePassword', {}, caller)).resourcePolicy?.();
  expect(await policyOf()).toBeUndefined();
  await run('UpdateAccountPasswordPolicy', { AllowUsersToChangePassword: false });
  expect(await policyOf()).toBeUndefined();
  await run('UpdateAccountPasswordPolicy', { AllowUsersToChangePassword: true });
  expect(JSON.parse((await policyOf()) ?? '')).toEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: ann.arn },
        Action: 'iam:ChangePassword',
        Resource: ann.arn,
      },
    ],
  });
  expect(await policyOf(roleSession)).toBeUndefined();
});
