/** Users: made, found in any case, renamed with all they have, deleted when nothing is left. */
import type * as sdk from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { attachments, memberships, users } from '../../engines/identity/rows.ts';
import {
  administratorAccess,
  arnOf,
  roleSession,
  root,
  setup,
  startMs,
} from './principal.fixture.ts';

const readOnly = 'arn:aws:iam::aws:policy/ReadOnlyAccess';

test('a user is what was asked for', async () => {
  const { run } = setup();
  const Tags = [{ Key: 'team', Value: 'a' }];
  const created = await run<sdk.CreateUserResponse>('CreateUser', {
    ...{ UserName: 'Ann', Path: '/ml/', Tags, PermissionsBoundary: readOnly },
  });
  expect(created.User).toEqual({
    Path: '/ml/',
    UserName: 'Ann',
    UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
    Arn: arnOf('user/ml/Ann'),
    CreateDate: new Date(startMs),
    PermissionsBoundary: {
      PermissionsBoundaryType: 'PermissionsBoundaryPolicy',
      PermissionsBoundaryArn: readOnly,
    },
    Tags,
  });
  expect(await run('GetUser', { UserName: 'ANN' })).toEqual(created);
  const { Users } = await run<sdk.ListUsersResponse>('ListUsers');
  expect(Users?.[0]).not.toHaveProperty('Tags');
  expect(Users?.[0]).toMatchObject({ UserName: 'Ann' });
});

test('names are unique without regard to case', async () => {
  const { run } = setup();
  await run('CreateUser', { UserName: 'ann' });
  await expect(run('CreateUser', { UserName: 'ANN', Path: '/x/' })).rejects.toMatchObject({
    code: 'EntityAlreadyExistsException',
    message: 'User with name ANN already exists.',
  });
});

test('a boundary must exist, and nothing is made when it does not', async () => {
  const { run } = setup();
  for (const name of ['NoSuchThing', 'aws-service-role/AmazonSageMakerCoreServiceRolePolicy']) {
    const PermissionsBoundary = `arn:aws:iam::aws:policy/${name}`;
    await expect(run('CreateUser', { UserName: 'a', PermissionsBoundary })).rejects.toMatchObject({
      code: 'NoSuchEntityException',
    });
  }
  expect(await run('ListUsers')).toMatchObject({ Users: [] });
});

test('without a name it is the caller', async () => {
  const { run, userCaller } = setup();
  const ann = await userCaller('ann');
  expect(await run('GetUser', {}, ann)).toMatchObject({ User: { UserName: 'ann' } });
  await run('UpdateUser', { UserName: 'ann', NewUserName: 'anna' });
  expect(await run('GetUser', {}, ann)).toMatchObject({ User: { UserName: 'anna' } });
  expect(await run('GetUser', {}, root)).toMatchObject({
    User: { UserId: '111122223333', Arn: arnOf('root') },
  });
  await expect(run('GetUser', {}, roleSession)).rejects.toMatchObject({
    code: 'ValidationError',
    message: 'Must specify userName when calling with non-User credentials',
  });
});

test('a name that was deleted and made again is another user', async () => {
  const { run, userCaller } = setup();
  const before = await userCaller('ann');
  await run('DeleteUser', { UserName: 'ann' });
  await userCaller('ann');
  await expect(run('GetUser', {}, before)).rejects.toMatchObject({ code: 'ValidationError' });
});

test.each([
  ['GetUser', { UserName: 'nobody' }],
  ['UpdateUser', { UserName: 'nobody', NewUserName: 'x' }],
  ['DeleteUser', { UserName: 'nobody' }],
  ['TagUser', { UserName: 'nobody', Tags: [] }],
  ['UntagUser', { UserName: 'nobody', TagKeys: [] }],
  ['ListUserTags', { UserName: 'nobody' }],
  ['PutUserPermissionsBoundary', { UserName: 'nobody', PermissionsBoundary: readOnly }],
  ['DeleteUserPermissionsBoundary', { UserName: 'nobody' }],
  ['ListGroupsForUser', { UserName: 'nobody' }],
  ['CreateAccessKey', { UserName: 'nobody' }],
  ['ListAccessKeys', { UserName: 'nobody' }],
  ['CreateLoginProfile', { UserName: 'nobody', Password: 'Abcdef123' }],
  ['ListMFADevices', { UserName: 'nobody' }],
] as const)('%s of nobody', async (operation, input) => {
  const { run } = setup();
  await expect(run(operation, input)).rejects.toMatchObject({
    code: 'NoSuchEntityException',
    message: 'The user with name nobody cannot be found.',
  });
});

test('lists are filtered by path and come in pages', async () => {
  const { run } = setup();
  for (const name of ['d', 'B', 'a', 'c', 'e']) {
    await run('CreateUser', { UserName: name, Path: name === 'c' ? '/' : '/x/' });
  }
  const names: (string | undefined)[] = [];
  let Marker: string | undefined;
  do {
    const input = { PathPrefix: '/x/', MaxItems: 2, ...(Marker ? { Marker } : {}) };
    const page = await run<sdk.ListUsersResponse>('ListUsers', input);
    expect(page.IsTruncated).toBe(page.Marker !== undefined);
    names.push(...(page.Users ?? []).map(({ UserName }) => UserName));
    Marker = page.Marker;
  } while (Marker);
  expect(names).toEqual(['a', 'B', 'd', 'e']);
  await expect(run('ListUsers', { Marker: '%' })).rejects.toMatchObject({
    code: 'ValidationError',
  });
});

test('a new name and path keep the id and everything the user has', async () => {
  const { run, promote, store, userCaller } = setup();
  const ann = await userCaller('ann', { PermissionsBoundary: readOnly });
  await run('CreateGroup', { GroupName: 'G' });
  await run('AddUserToGroup', { GroupName: 'g', UserName: 'ann' });
  await promote('user', 'ann');
  await run('CreateAccessKey', { UserName: 'ann' });
  await run('CreateLoginProfile', { UserName: 'ann', Password: 'Abcdef123' });
  await run('UpdateUser', { UserName: 'ann', NewUserName: 'Zoe', NewPath: '/new/' });

  const found = await run<sdk.GetUserResponse>('GetUser', { UserName: 'zoe' });
  expect(found.User).toMatchObject({ UserId: ann.userId, Arn: arnOf('user/new/Zoe') });
  await expect(run('GetUser', { UserName: 'ann' })).rejects.toThrow('cannot be found');
  expect(await run('GetGroup', { GroupName: 'G' })).toMatchObject({ Users: [{ UserName: 'Zoe' }] });
  expect(await run('ListGroupsForUser', { UserName: 'Zoe' })).toMatchObject({
    Groups: [{ GroupName: 'G' }],
  });
  expect(await run('ListAccessKeys', { UserName: 'Zoe' })).toMatchObject({
    AccessKeyMetadata: [{ UserName: 'Zoe' }],
  });
  expect(await run('GetLoginProfile', { UserName: 'Zoe' })).toMatchObject({
    LoginProfile: { UserName: 'Zoe' },
  });
  const kept = await store.list(attachments, { limit: 10 });
  expect(kept.map(({ key }) => key)).toEqual([
    `${administratorAccess}|policy|user|zoe`,
    `${readOnly}|boundary|user|zoe`,
  ]);
  expect(await store.list(memberships, { limit: 10 })).toHaveLength(1);
});

test('a name may change its case, and may not become another one', async () => {
  const { run } = setup();
  await run('CreateUser', { UserName: 'ann' });
  await run('CreateUser', { UserName: 'bob' });
  await run('UpdateUser', { UserName: 'ann', NewUserName: 'ANN' });
  expect(await run('GetUser', { UserName: 'ann' })).toMatchObject({ User: { UserName: 'ANN' } });
  const taken = run('UpdateUser', { UserName: 'ann', NewUserName: 'Bob' });
  await expect(taken).rejects.toMatchObject({ code: 'EntityAlreadyExistsException' });
  expect(await run('ListUsers')).toMatchObject({ Users: [{}, {}] });
});

test('a user is deleted when nothing is left, and each thing is named', async () => {
  const { run, identity } = setup();
  await run('CreateUser', { UserName: 'ann', PermissionsBoundary: readOnly });
  await run('CreateGroup', { GroupName: 'g' });
  await run('AddUserToGroup', { GroupName: 'g', UserName: 'ann' });
  const { AccessKey } = await run<{ AccessKey: sdk.AccessKey }>('CreateAccessKey', {
    UserName: 'ann',
  });
  await run('CreateLoginProfile', { UserName: 'ann', Password: 'Abcdef123' });
  const key = '111122223333/ann';
  const set = (more: object) =>
    identity.write(async (tx) => {
      const row = await tx.get(users, key);
      if (row) await tx.put(users, key, { ...row, ...more });
    });
  await set({ attached: [readOnly], inline: { p: '{}' } });
  const refused = async (what: string) =>
    expect(run('DeleteUser', { UserName: 'ann' })).rejects.toMatchObject({
      code: 'DeleteConflictException',
      message: `Cannot delete entity, must ${what} first.`,
    });
  await refused('detach all policies');
  await set({ attached: [] });
  await refused('delete policies');
  await set({ inline: {} });
  await refused('remove users from group');
  await run('RemoveUserFromGroup', { GroupName: 'g', UserName: 'ann' });
  await refused('delete access keys');
  await run('DeleteAccessKey', { UserName: 'ann', AccessKeyId: AccessKey.AccessKeyId });
  await refused('delete login profile');
  await run('DeleteLoginProfile', { UserName: 'ann' });
  await run('DeleteUser', { UserName: 'ann' });
  expect(await identity.reader.list(attachments, { limit: 1 })).toEqual([]);
  await expect(run('GetUser', { UserName: 'ann' })).rejects.toThrow('cannot be found');
});

test('a boundary is put, replaced and taken away', async () => {
  const { run, store } = setup();
  await run('CreateUser', { UserName: 'ann' });
  const put = (PermissionsBoundary: string) =>
    run('PutUserPermissionsBoundary', { UserName: 'ann', PermissionsBoundary });
  await put(readOnly);
  await put(administratorAccess);
  const kept = await store.list(attachments, { limit: 10 });
  expect(kept.map(({ key }) => key)).toEqual([`${administratorAccess}|boundary|user|ann`]);
  await expect(put(arnOf('policy/none'))).rejects.toMatchObject({ code: 'NoSuchEntityException' });
  expect(await run('GetUser', { UserName: 'ann' })).toMatchObject({
    User: { PermissionsBoundary: { PermissionsBoundaryArn: administratorAccess } },
  });
  await run('DeleteUserPermissionsBoundary', { UserName: 'ann' });
  expect(await store.list(attachments, { limit: 10 })).toEqual([]);
  const again = run('DeleteUserPermissionsBoundary', { UserName: 'ann' });
  await expect(again).rejects.toMatchObject({ code: 'NoSuchEntityException' });
});

test('an account has five thousand users at most', async () => {
  const { run, identity } = setup();
  await run('CreateUser', { UserName: 'first' });
  await identity.write(async (tx) => {
    const row = await tx.get(users, '111122223333/first');
    for (let n = 1; row && n < 5_000; n += 1) {
      await tx.put(users, `111122223333/u${n}`, { ...row, name: `u${n}`, id: `AIDA${n}` });
    }
  });
  await expect(run('CreateUser', { UserName: 'more' })).rejects.toMatchObject({
    code: 'LimitExceededException',
    message: 'Cannot exceed quota for UsersPerAccount: 5000',
  });
  await expect(run('GetUser', { UserName: 'more' })).rejects.toThrow('cannot be found');
});
