/** Groups and their members. */
import type * as sdk from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { groups } from '../../engines/identity/rows.ts';
import { administratorAccess, arnOf, setup, startMs } from './principal.fixture.ts';

async function withUsers(...names: string[]) {
  const parts = setup();
  for (const UserName of names) await parts.run('CreateUser', { UserName });
  return parts;
}

test('a group is what was asked for', async () => {
  const { run } = setup();
  const created = await run<sdk.CreateGroupResponse>('CreateGroup', {
    ...{ GroupName: 'Ops', Path: '/x/' },
  });
  expect(created.Group).toEqual({
    Path: '/x/',
    GroupName: 'Ops',
    GroupId: expect.stringMatching(/^AGPA[A-Z2-7]{17}$/),
    Arn: arnOf('group/x/Ops'),
    CreateDate: new Date(startMs),
  });
  expect(await run('GetGroup', { GroupName: 'OPS' })).toEqual({
    ...created,
    Users: [],
    IsTruncated: false,
  });
  await expect(run('CreateGroup', { GroupName: 'ops' })).rejects.toMatchObject({
    code: 'EntityAlreadyExistsException',
    message: 'Group with name ops already exists.',
  });
  expect(await run('ListGroups', { PathPrefix: '/y/' })).toEqual({
    Groups: [],
    IsTruncated: false,
  });
});

test.each([
  ['GetGroup', {}],
  ['UpdateGroup', { NewGroupName: 'x' }],
  ['DeleteGroup', {}],
  ['AddUserToGroup', { UserName: 'ann' }],
  ['RemoveUserFromGroup', { UserName: 'ann' }],
] as const)('%s of no group', async (operation, input) => {
  const { run } = await withUsers('ann');
  await expect(run(operation, { GroupName: 'none', ...input })).rejects.toMatchObject({
    code: 'NoSuchEntityException',
    message: 'The group with name none cannot be found.',
  });
});

test('members come and go, and are listed from both sides in pages', async () => {
  const { run } = await withUsers('a', 'b', 'c');
  await run('CreateGroup', { GroupName: 'g' });
  for (const UserName of ['c', 'A', 'b', 'a']) {
    await run('AddUserToGroup', { GroupName: 'G', UserName });
  }
  const first = await run<sdk.GetGroupResponse>('GetGroup', { GroupName: 'g', MaxItems: 2 });
  expect(first).toMatchObject({
    IsTruncated: true,
    Users: [{ UserName: 'a' }, { UserName: 'b' }],
  });
  const rest = await run('GetGroup', { GroupName: 'g', Marker: first.Marker });
  expect(rest).toMatchObject({ IsTruncated: false, Users: [{ UserName: 'c' }] });
  await run('RemoveUserFromGroup', { GroupName: 'g', UserName: 'B' });
  await run('RemoveUserFromGroup', { GroupName: 'g', UserName: 'b' });
  expect(await run('GetGroup', { GroupName: 'g' })).toMatchObject({
    Users: [{ UserName: 'a' }, { UserName: 'c' }],
  });
  expect(await run('ListGroupsForUser', { UserName: 'b' })).toMatchObject({ Groups: [] });
  expect(await run('ListGroupsForUser', { UserName: 'a' })).toMatchObject({
    Groups: [{ GroupName: 'g' }],
  });
  const nobody = run('AddUserToGroup', { GroupName: 'g', UserName: 'nobody' });
  await expect(nobody).rejects.toThrow('The user with name nobody cannot be found.');
});

test('a user is in ten groups at most', async () => {
  const { run } = await withUsers('a');
  for (let n = 0; n <= 10; n += 1) await run('CreateGroup', { GroupName: `g${n}` });
  const add = (n: number) => run('AddUserToGroup', { GroupName: `g${n}`, UserName: 'a' });
  for (let n = 0; n < 10; n += 1) await add(n);
  await add(3);
  await expect(add(10)).rejects.toMatchObject({
    code: 'LimitExceededException',
    message: 'Cannot exceed quota for GroupsPerUser: 10',
  });
});

test('a new name is known to members and policies', async () => {
  const { run, promote, store } = await withUsers('a', 'b');
  await run('CreateGroup', { GroupName: 'g' });
  await run('CreateGroup', { GroupName: 'h' });
  for (const UserName of ['a', 'b']) await run('AddUserToGroup', { GroupName: 'g', UserName });
  await promote('group', 'g');
  const before = await store.get(groups, '111122223333/g');
  await expect(run('UpdateGroup', { GroupName: 'g', NewGroupName: 'H' })).rejects.toMatchObject({
    code: 'EntityAlreadyExistsException',
  });
  await run('UpdateGroup', { GroupName: 'g', NewGroupName: 'New', NewPath: '/p/' });
  const after = await store.get(groups, '111122223333/new');
  expect(after).toEqual({ ...before, name: 'New', path: '/p/', arn: arnOf('group/p/New') });
  expect(after?.attached).toEqual([administratorAccess]);
  expect(await run('GetGroup', { GroupName: 'New' })).toMatchObject({ Users: [{}, {}] });
  expect(await run('ListGroupsForUser', { UserName: 'a' })).toMatchObject({
    Groups: [{ GroupName: 'New' }],
  });
});

test('a group is deleted when it is empty', async () => {
  const { run, promote, identity } = await withUsers('a');
  await run('CreateGroup', { GroupName: 'g' });
  await run('AddUserToGroup', { GroupName: 'g', UserName: 'a' });
  await promote('group', 'g');
  const refused = (what: string) =>
    expect(run('DeleteGroup', { GroupName: 'g' })).rejects.toMatchObject({
      code: 'DeleteConflictException',
      message: `Cannot delete entity, must ${what} first.`,
    });
  await refused('remove users from group');
  await run('RemoveUserFromGroup', { GroupName: 'g', UserName: 'a' });
  await refused('detach all policies');
  const set = (more: object) =>
    identity.write(async (tx) => {
      const row = await tx.get(groups, '111122223333/g');
      if (row) await tx.put(groups, '111122223333/g', { ...row, ...more });
    });
  await set({ attached: [], inline: { p: '{}' } });
  await refused('delete policies');
  await set({ inline: {} });
  await run('DeleteGroup', { GroupName: 'g' });
  expect(await run('ListGroups')).toMatchObject({ Groups: [] });
});

test('an account has three hundred groups at most', async () => {
  const { run, identity } = setup();
  await run('CreateGroup', { GroupName: 'first' });
  await identity.write(async (tx) => {
    const row = await tx.get(groups, '111122223333/first');
    for (let n = 1; row && n < 300; n += 1) {
      await tx.put(groups, `111122223333/g${n}`, { ...row, name: `g${n}` });
    }
  });
  await expect(run('CreateGroup', { GroupName: 'more' })).rejects.toMatchObject({
    code: 'LimitExceededException',
    message: 'Cannot exceed quota for GroupsPerAccount: 300',
  });
});
