/** Roles: made, trusted by whom, changed, bounded, and deleted when nothing is left in them. */
import type * as sdk from '@aws-sdk/client-iam';
import { describe, expect, test } from 'vitest';
import { nameKey, roles } from '../../engines/identity/rows.ts';
import {
  arnOf,
  document,
  foreignRoot,
  readOnly,
  scope,
  setup,
  startMs,
  trust,
} from './policy.fixture.ts';

const RoleName = 'Trainer';
const basic = { RoleName, AssumeRolePolicyDocument: trust() };

test('a role is what was asked for, and its document is percent-encoded', async () => {
  const { run } = setup();
  const Tags = [{ Key: 'team', Value: 'a' }];
  const asked = { ...basic, Path: '/ml/', Description: 'trains', MaxSessionDuration: 7_200 };
  const created = await run<sdk.CreateRoleResponse>('CreateRole', {
    ...{ ...asked, Tags, PermissionsBoundary: readOnly },
  });
  const expected = {
    Path: '/ml/',
    RoleName,
    RoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}$/),
    Arn: arnOf('role/ml/Trainer'),
    CreateDate: new Date(startMs),
    AssumeRolePolicyDocument: expect.not.stringMatching(/["{}\s!'()*]/),
    Description: 'trains',
    MaxSessionDuration: 7_200,
    PermissionsBoundary: {
      PermissionsBoundaryType: 'PermissionsBoundaryPolicy',
      PermissionsBoundaryArn: readOnly,
    },
    Tags,
  };
  expect(created.Role).toEqual(expected);
  const got = await run<sdk.GetRoleResponse>('GetRole', { RoleName: 'TRAINER' });
  expect(got.Role).toEqual({ ...expected, RoleLastUsed: {} });
  expect(decodeURIComponent(got.Role?.AssumeRolePolicyDocument ?? '')).toBe(trust());
  const { Roles } = await run<sdk.ListRolesResponse>('ListRoles', { PathPrefix: '/ml/' });
  expect(Roles).toHaveLength(1);
  expect(Roles?.[0]).not.toHaveProperty('Tags');
  expect(await run('ListRoles', { PathPrefix: '/other/' })).toEqual({
    Roles: [],
    IsTruncated: false,
  });
});

test('names are unique without regard to case', async () => {
  const { run } = setup();
  await run('CreateRole', basic);
  const again = { ...basic, RoleName: 'trainer', Path: '/x/' };
  await expect(run('CreateRole', again)).rejects.toMatchObject({
    code: 'EntityAlreadyExistsException',
    message: 'Role with name trainer already exists.',
  });
});

test.each(['/aws-service-role/x.amazonaws.com/', '/AWS-reserved/'])(
  'no role is made under %s by hand',
  async (Path) => {
    const { run } = setup();
    await expect(run('CreateRole', { ...basic, Path })).rejects.toMatchObject({
      code: 'ValidationError',
    });
  },
);

test('there may be 1000 roles', async () => {
  const { run, identity } = setup();
  await run('CreateRole', basic);
  await identity.write(async (tx) => {
    const row = await tx.get(roles, nameKey(scope.account, RoleName));
    if (!row) throw new Error('no role');
    for (let i = 1; i < 1_000; i += 1) {
      const name = `r${i}`;
      await tx.put(roles, nameKey(scope.account, name), { ...row, name, id: `AROA${i}` });
    }
  });
  await expect(run('CreateRole', { ...basic, RoleName: 'more' })).rejects.toMatchObject({
    code: 'LimitExceededException',
    message: 'Cannot exceed quota for RolesPerAccount: 1000',
  });
  await expect(run('GetRole', { RoleName: 'more' })).rejects.toMatchObject({
    code: 'NoSuchEntityException',
  });
});

test('lists go on where they stopped', async () => {
  const { run } = setup();
  for (const name of ['a', 'b', 'c']) await run('CreateRole', { ...basic, RoleName: name });
  const first = await run<sdk.ListRolesResponse>('ListRoles', { MaxItems: 2 });
  expect(first.Roles?.map((role) => role.RoleName)).toEqual(['a', 'b']);
  expect(first.IsTruncated).toBe(true);
  const rest = await run<sdk.ListRolesResponse>('ListRoles', { Marker: first.Marker });
  expect(rest.Roles?.map((role) => role.RoleName)).toEqual(['c']);
  await expect(run('ListRoles', { Marker: 'bad marker' })).rejects.toMatchObject({
    code: 'ValidationError',
  });
});

describe('a trust policy is refused', () => {
  test.each([
    ['that is no JSON', '{', /Syntax errors in policy/],
    ['that is no trust policy', document(), /./],
    ['that names a user who does not exist', trust({ AWS: arnOf('user/ghost') }), /ghost"$/],
    ['that names a role that does not exist', trust({ AWS: arnOf('role/ghost') }), /ghost"$/],
    ['that names a group', trust({ AWS: arnOf('group/staff') }), /Invalid principal in policy/],
    ['that names a user by half a name', trust({ AWS: arnOf('user/an*') }), /./],
    ['that names an unknown unique id', trust({ AWS: 'AIDAAAAAAAAAAAAAAAAAA' }), /Invalid princ/],
    ['that names no service', trust({ Service: 'sagemaker.example.com' }), /"SERVICE":"sagemaker/],
    ['that names no provider', trust({ Federated: 'example.com' }), /"FEDERATED":"example.com"/],
    [
      'of another partition',
      trust({ AWS: 'arn:aws-cn:iam::111122223333:root' }),
      /Invalid principal in policy: "AWS":"arn:aws-cn/,
    ],
    ['of a bad account', trust({ AWS: '1234' }), /Invalid principal in policy: "AWS":"1234"/],
  ])('%s', async (_what, text, message) => {
    const { run } = setup();
    const refused = run('CreateRole', { RoleName, AssumeRolePolicyDocument: text });
    await expect(refused).rejects.toMatchObject({ code: 'MalformedPolicyDocumentException' });
    await expect(refused).rejects.toThrow(message);
    await expect(run('GetRole', { RoleName })).rejects.toMatchObject({
      code: 'NoSuchEntityException',
      message: 'The role with name Trainer cannot be found.',
    });
  });

  test('that is too long, white space not counted', async () => {
    const { run } = setup();
    const accounts = Array.from({ length: 170 }, (_, i) => `${100_000_000_000 + i}`);
    const long = { RoleName, AssumeRolePolicyDocument: trust({ AWS: accounts }) };
    await expect(run('CreateRole', long)).rejects.toMatchObject({
      code: 'LimitExceededException',
      message: 'Cannot exceed quota for ACLSizePerRole: 2048',
    });
    const padded = trust().replace(/,/g, `,${' '.repeat(3_000)}`);
    await run('CreateRole', { RoleName, AssumeRolePolicyDocument: padded });
  });
});

test('accounts, services, sessions and providers need not exist', async () => {
  const { run } = setup();
  const session = `arn:aws:sts::${scope.account}:assumed-role/none/session`;
  const provider = arnOf('oidc-provider/id.example.com');
  const text = trust({
    AWS: [foreignRoot, '999988887777', session],
    Service: ['ec2.amazonaws.com'],
    Federated: [provider, 'accounts.google.com'],
  });
  await run('CreateRole', { RoleName, AssumeRolePolicyDocument: text });
});

test('a deleted and made-again user does not regain trust', async () => {
  const { run, identity } = setup();
  const user = { UserName: 'ann' };
  const made = await run<sdk.CreateUserResponse>('CreateUser', user);
  const arn = arnOf('user/ann');
  await run('CreateRole', { RoleName, AssumeRolePolicyDocument: trust({ AWS: [arn] }) });
  const shown = async () => {
    const { Role } = await run<sdk.GetRoleResponse>('GetRole', { RoleName });
    return decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '');
  };
  const row = await identity.reader.get(roles, nameKey(scope.account, RoleName));
  expect(row?.trustedIds).toEqual({ [arn]: made.User?.UserId });
  expect(await shown()).toBe(trust({ AWS: [arn] }));
  await run('UpdateUser', { ...user, NewUserName: 'anna' });
  expect(await shown()).toBe(trust({ AWS: [arnOf('user/anna')] }));
  await run('DeleteUser', { UserName: 'anna' });
  await run('CreateUser', user);
  expect(await shown()).toBe(trust({ AWS: [made.User?.UserId] }));
  await expect(
    run('UpdateAssumeRolePolicy', { RoleName, PolicyDocument: await shown() }),
  ).rejects.toThrow('Invalid principal');
});

test('description, duration and trust can be changed', async () => {
  const { run } = setup();
  await run('CreateRole', basic);
  expect(await run('UpdateRole', { RoleName, MaxSessionDuration: 43_200 })).toEqual({});
  const { Role } = await run<sdk.UpdateRoleDescriptionResponse>('UpdateRoleDescription', {
    RoleName,
    Description: 'new',
  });
  expect(Role).toMatchObject({ Description: 'new', MaxSessionDuration: 43_200 });
  const text = trust({ Service: 'ec2.amazonaws.com' });
  await run('UpdateAssumeRolePolicy', { RoleName, PolicyDocument: text });
  const got = await run<sdk.GetRoleResponse>('GetRole', { RoleName });
  expect(decodeURIComponent(got.Role?.AssumeRolePolicyDocument ?? '')).toBe(text);
});

test('a boundary is put, counted, replaced and taken away', async () => {
  const { run } = setup();
  await run('CreateRole', basic);
  const uses = async (PolicyArn: string) => {
    const { Policy } = await run<sdk.GetPolicyResponse>('GetPolicy', { PolicyArn });
    return Policy?.PermissionsBoundaryUsageCount;
  };
  const put = (PermissionsBoundary: string) =>
    run('PutRolePermissionsBoundary', { RoleName, PermissionsBoundary });
  await put(readOnly);
  expect(await uses(readOnly)).toBe(1);
  const other = 'arn:aws:iam::aws:policy/PowerUserAccess';
  await put(other);
  expect([await uses(readOnly), await uses(other)]).toEqual([0, 1]);
  await expect(put(arnOf('policy/ghost'))).rejects.toMatchObject({
    code: 'NoSuchEntityException',
    message: `Scope ARN: ${arnOf('policy/ghost')} does not exist or is not attachable.`,
  });
  await run('DeleteRolePermissionsBoundary', { RoleName });
  expect(await uses(other)).toBe(0);
  await expect(run('DeleteRolePermissionsBoundary', { RoleName })).rejects.toMatchObject({
    code: 'NoSuchEntityException',
  });
});

test('a role goes when nothing is left in it', async () => {
  const { run } = setup();
  await run('CreateRole', { ...basic, PermissionsBoundary: readOnly });
  const profile = { InstanceProfileName: 'box' };
  await run('CreateInstanceProfile', profile);
  await run('AddRoleToInstanceProfile', { ...profile, RoleName });
  await run('AttachRolePolicy', { RoleName, PolicyArn: readOnly });
  await run('PutRolePolicy', { RoleName, PolicyName: 'p', PolicyDocument: document() });
  const refused = async (words: string) =>
    expect(run('DeleteRole', { RoleName })).rejects.toMatchObject({
      code: 'DeleteConflictException',
      message: `Cannot delete entity, must ${words} first.`,
    });
  await refused('remove roles from instance profile');
  await run('RemoveRoleFromInstanceProfile', { ...profile, RoleName });
  await refused('detach all policies');
  await run('DetachRolePolicy', { RoleName, PolicyArn: readOnly });
  await refused('delete policies');
  await run('DeleteRolePolicy', { RoleName, PolicyName: 'p' });
  await run('DeleteRole', { RoleName });
  await expect(run('DeleteRole', { RoleName })).rejects.toMatchObject({
    code: 'NoSuchEntityException',
  });
  const { Policy } = await run<sdk.GetPolicyResponse>('GetPolicy', { PolicyArn: readOnly });
  expect(Policy).toMatchObject({ AttachmentCount: 0, PermissionsBoundaryUsageCount: 0 });
});

test('tags', async () => {
  const { run } = setup();
  await run('CreateRole', basic);
  const tags = (keys: readonly string[]) => keys.map((Key) => ({ Key, Value: 'v' }));
  await run('TagRole', { RoleName, Tags: tags(['a', 'b']) });
  await run('UntagRole', { RoleName, TagKeys: ['a'] });
  expect(await run('ListRoleTags', { RoleName })).toEqual({
    Tags: tags(['b']),
    IsTruncated: false,
  });
  const many = tags(Array.from({ length: 50 }, (_, i) => `k${i}`));
  await expect(run('TagRole', { RoleName, Tags: many })).rejects.toMatchObject({
    code: 'LimitExceededException',
  });
});
