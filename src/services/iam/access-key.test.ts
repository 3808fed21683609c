/** Access keys: shown once, sealed, two a user, and their use. */
import type * as sdk from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { sealedSecretContext } from '../../engines/identity/credentials.ts';
import { accessKeys, keyUses } from '../../engines/identity/rows.ts';
import { roleSession, setup, startMs, toyVault } from './principal.fixture.ts';

async function withKey() {
  const parts = setup();
  const ann = await parts.userCaller('ann');
  const { AccessKey: key } = await parts.run<{ AccessKey: sdk.AccessKey }>('CreateAccessKey', {
    UserName: 'ANN',
  });
  return { ...parts, ann, key, id: key.AccessKeyId ?? '' };
}

test('a secret is shown once and kept sealed for its key', async () => {
  const { run, key, id, store } = await withKey();
  expect(key).toEqual({
    UserName: 'ann',
    AccessKeyId: expect.stringMatching(/^AKIA[A-Z2-7]{16}$/),
    SecretAccessKey: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/),
    Status: 'Active',
    CreateDate: new Date(startMs),
  });
  const row = await store.get(accessKeys, id);
  expect(toyVault.open(row?.sealedSecret ?? '', sealedSecretContext(id))).toEqual({
    ok: true,
    value: key.SecretAccessKey,
  });
  expect(toyVault.open(row?.sealedSecret ?? '', sealedSecretContext('AKIAOTHER')).ok).toBe(false);
  const listed = await run('ListAccessKeys', { UserName: 'ann' });
  expect(listed).toEqual({
    AccessKeyMetadata: [
      { UserName: 'ann', AccessKeyId: id, Status: 'Active', CreateDate: new Date(startMs) },
    ],
    IsTruncated: false,
  });
});

test('a user has two at most, in order of their age, and may make their own', async () => {
  const { run, ann, clock, id } = await withKey();
  clock.moveTo(startMs + 1_000);
  await run('CreateAccessKey', {}, ann);
  await expect(run('CreateAccessKey', {}, ann)).rejects.toMatchObject({
    code: 'LimitExceededException',
    message: 'Cannot exceed quota for AccessKeysPerUser: 2',
  });
  const first = await run<sdk.ListAccessKeysResponse>('ListAccessKeys', { MaxItems: 1 }, ann);
  expect(first).toMatchObject({ IsTruncated: true, AccessKeyMetadata: [{ AccessKeyId: id }] });
  const rest = await run('ListAccessKeys', { Marker: first.Marker }, ann);
  expect(rest).toMatchObject({ IsTruncated: false, AccessKeyMetadata: [{}] });
  await expect(run('CreateAccessKey', {}, roleSession)).rejects.toMatchObject({
    code: 'ValidationError',
  });
});

test('a key is switched off and on, and deleted', async () => {
  const { run, id } = await withKey();
  const update = (Status: string) =>
    run('UpdateAccessKey', { UserName: 'ann', AccessKeyId: id, Status });
  await update('Inactive');
  expect(await run('ListAccessKeys', { UserName: 'ann' })).toMatchObject({
    AccessKeyMetadata: [{ Status: 'Inactive' }],
  });
  await update('Active');
  await expect(update('Expired')).rejects.toMatchObject({ code: 'InvalidInputException' });
  await run('DeleteAccessKey', { UserName: 'ann', AccessKeyId: id });
  expect(await run('ListAccessKeys', { UserName: 'ann' })).toMatchObject({ AccessKeyMetadata: [] });
});

test.each(['UpdateAccessKey', 'DeleteAccessKey'] as const)(
  '%s: the key of another is not found',
  async (operation) => {
    const { run, id, userCaller } = await withKey();
    const bob = await userCaller('bob');
    const input = { AccessKeyId: id, Status: 'Inactive' };
    for (const asked of [
      run(operation, input, bob),
      run(operation, { ...input, UserName: 'bob' }),
    ]) {
      await expect(asked).rejects.toMatchObject({
        code: 'NoSuchEntityException',
        message: `The Access Key with id ${id} cannot be found.`,
      });
    }
    expect(await run('ListAccessKeys', { UserName: 'ann' })).toMatchObject({
      AccessKeyMetadata: [{ Status: 'Active' }],
    });
  },
);

test('when and for what a key was used', async () => {
  const { run, id, identity } = await withKey();
  expect(await run('GetAccessKeyLastUsed', { AccessKeyId: id })).toEqual({
    UserName: 'ann',
    AccessKeyLastUsed: { ServiceName: 'N/A', Region: 'N/A', LastUsedDate: undefined },
  });
  const use = { atMs: startMs, service: 's3', region: 'eu-west-1' };
  await identity.write((tx) => tx.put(keyUses, id, use));
  expect(await run('GetAccessKeyLastUsed', { AccessKeyId: id })).toMatchObject({
    AccessKeyLastUsed: {
      ServiceName: 's3',
      Region: 'eu-west-1',
      LastUsedDate: new Date(startMs),
    },
  });
  await run('DeleteAccessKey', { UserName: 'ann', AccessKeyId: id });
  expect(await identity.reader.get(keyUses, id)).toBeUndefined();
  await expect(run('GetAccessKeyLastUsed', { AccessKeyId: id })).rejects.toMatchObject({
    code: 'NoSuchEntityException',
  });
});
