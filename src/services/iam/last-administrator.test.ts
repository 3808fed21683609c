/** No operation leaves the account without one who may do everything, and none is half done. */
import type * as sdk from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { administratorRemains } from '../../engines/identity/administrators.ts';
import { administratorAccess, scope, setup } from './principal.fixture.ts';

type Parts = ReturnType<typeof setup>;

async function newKey({ run }: Parts, UserName: string): Promise<string> {
  const { AccessKey } = await run<{ AccessKey: sdk.AccessKey }>('CreateAccessKey', { UserName });
  return AccessKey.AccessKeyId ?? '';
}

/** `chief` is an administrator by a group, or by a policy of their own. */
async function withChief(by: 'user' | 'group') {
  const parts = setup();
  const { run, promote, identity } = parts;
  await run('CreateUser', { UserName: 'chief' });
  await run('CreateGroup', { GroupName: 'chiefs' });
  await run('AddUserToGroup', { GroupName: 'chiefs', UserName: 'chief' });
  await promote(by, by === 'user' ? 'chief' : 'chiefs');
  const id = await newKey(parts, 'chief');
  const remains = () => administratorRemains(identity.reader, scope);
  return { ...parts, id, remains };
}

const refusal = {
  code: 'UnmodifiableEntityException',
  message: expect.stringContaining('without an administrator'),
};

const ways = (id: string) =>
  [
    ['DeleteAccessKey', { UserName: 'chief', AccessKeyId: id }],
    ['UpdateAccessKey', { UserName: 'chief', AccessKeyId: id, Status: 'Inactive' }],
    ['PutUserPermissionsBoundary', { UserName: 'chief', PermissionsBoundary: administratorAccess }],
  ] as const;

test.each(['user', 'group'] as const)('the last one stays, by %s', async (by) => {
  const { run, id, remains, identity } = await withChief(by);
  expect(await remains()).toBe(true);
  const before = JSON.stringify(await run('GetUser', { UserName: 'chief' }));
  for (const [operation, input] of ways(id)) {
    await expect(run(operation, input)).rejects.toMatchObject(refusal);
  }
  expect(JSON.stringify(await run('GetUser', { UserName: 'chief' }))).toBe(before);
  expect(await run('ListAccessKeys', { UserName: 'chief' })).toMatchObject({
    AccessKeyMetadata: [{ AccessKeyId: id, Status: 'Active' }],
  });
  const leave = run('RemoveUserFromGroup', { GroupName: 'chiefs', UserName: 'chief' });
  if (by === 'group') await expect(leave).rejects.toMatchObject(refusal);
  else await leave;
  expect(await administratorRemains(identity.reader, scope)).toBe(true);
});

test('with a second one the first may go', async () => {
  const parts = await withChief('group');
  const { run, id, remains } = parts;
  await run('CreateUser', { UserName: 'deputy' });
  const deputyKey = await newKey(parts, 'deputy');
  await run('AddUserToGroup', { GroupName: 'chiefs', UserName: 'deputy' });
  await run('RemoveUserFromGroup', { GroupName: 'chiefs', UserName: 'chief' });
  await run('DeleteAccessKey', { UserName: 'chief', AccessKeyId: id });
  await run('DeleteUser', { UserName: 'chief' });
  expect(await remains()).toBe(true);
  const last = run('DeleteAccessKey', { UserName: 'deputy', AccessKeyId: deputyKey });
  await expect(last).rejects.toMatchObject(refusal);
});

test('two that go at once: one stays', async () => {
  const parts = await withChief('group');
  const { run, id } = parts;
  await run('CreateUser', { UserName: 'deputy' });
  const other = await newKey(parts, 'deputy');
  await run('AddUserToGroup', { GroupName: 'chiefs', UserName: 'deputy' });
  const ended = await Promise.allSettled([
    run('DeleteAccessKey', { UserName: 'chief', AccessKeyId: id }),
    run('DeleteAccessKey', { UserName: 'deputy', AccessKeyId: other }),
  ]);
  expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('who cannot sign or is bounded is none', async () => {
  const parts = await withChief('user');
  const { run, promote } = parts;
  for (const UserName of ['keyless', 'sleeping', 'bounded']) {
    await run('CreateUser', { UserName });
    await promote('user', UserName);
  }
  const sleeping = await newKey(parts, 'sleeping');
  await run('UpdateAccessKey', { UserName: 'sleeping', AccessKeyId: sleeping, Status: 'Inactive' });
  await newKey(parts, 'bounded');
  const PermissionsBoundary = administratorAccess;
  await run('PutUserPermissionsBoundary', { UserName: 'bounded', PermissionsBoundary });
  const last = run('DeleteAccessKey', { UserName: 'chief', AccessKeyId: parts.id });
  await expect(last).rejects.toMatchObject(refusal);
});

test('where there was none, there is nothing to keep', async () => {
  const parts = setup();
  await parts.run('CreateUser', { UserName: 'ann' });
  const id = await newKey(parts, 'ann');
  await parts.run('DeleteAccessKey', { UserName: 'ann', AccessKeyId: id });
  expect(await administratorRemains(parts.identity.reader, scope)).toBe(false);
});

test('the administrator stays one under another name', async () => {
  const { run, remains } = await withChief('user');
  await run('UpdateUser', { UserName: 'chief', NewUserName: 'boss' });
  await run('UpdateGroup', { GroupName: 'chiefs', NewGroupName: 'bosses' });
  expect(await remains()).toBe(true);
});
