/** Key policies: who they let in, that they cannot lock out their writer, and whom they name. */
import { describe, expect, test } from 'vitest';
import {
  allow,
  codeOf,
  policy,
  refusal,
  root,
  rootArn,
  setup,
  stranger,
  toAccount,
} from './kms.fixture.ts';

async function start(...statements: readonly object[]) {
  const made = setup();
  const { KeyId, Arn } = await made.create(
    statements.length > 0 ? { Policy: policy(toAccount, ...statements) } : {},
  );
  const put = (Policy: string, more: object = {}, caller = root) =>
    made.run('PutKeyPolicy', { KeyId, Policy, ...more }, caller);
  const shown = async () =>
    JSON.parse((await made.run<{ Policy: string }>('GetKeyPolicy', { KeyId })).Policy) as {
      Statement: { Principal: { AWS: string } }[];
    };
  return { ...made, KeyId, Arn, put, shown };
}

test('a policy is kept as it was given, under the one name', async () => {
  const { run, put, KeyId } = await start();
  const Policy = `${policy(toAccount)}\n`;
  await put(Policy, { PolicyName: 'default' });
  expect(await run('GetKeyPolicy', { KeyId })).toEqual({ Policy, PolicyName: 'default' });
  const listed = await run('ListKeyPolicies', { KeyId });
  expect(listed).toEqual({ PolicyNames: ['default'], Truncated: false });
  const other = { KeyId, PolicyName: 'other' };
  expect(await codeOf(run('GetKeyPolicy', other))).toBe('NotFoundException');
  expect(await codeOf(put(Policy, { PolicyName: 'other' }))).toBe('ValidationException');
});

test('without the account in it, policies of users do not count', async () => {
  const { put, user, may, KeyId } = await start();
  const reader = await user('reader', allow('kms:Decrypt'));
  const decrypts = { action: 'kms:Decrypt' };
  expect(await may(reader, KeyId, decrypts)).toBe(true);
  const owner = await user('owner');
  await put(policy(allow('kms:*', { Principal: { AWS: [rootArn, owner.arn] } })));
  await put(policy(allow('kms:*', { Principal: { AWS: owner.arn } })), {}, owner);
  expect(await may(reader, KeyId, decrypts)).toBe(false);
  expect(await may(root, KeyId, decrypts)).toBe(false);
  expect(await may(owner, KeyId, decrypts)).toBe(true);
});

test('another account needs the key to name it', async () => {
  const { may, KeyId: _own, create } = await start();
  const { Arn } = await create();
  expect(await may(stranger, Arn, { action: 'kms:Decrypt' })).toBe(false);
  const invited = allow('kms:Decrypt', { Principal: { AWS: stranger.arn } });
  const open = await create({ Policy: policy(toAccount, invited) });
  expect(await may(stranger, open.Arn, { action: 'kms:Decrypt' })).toBe(true);
  expect(await may(stranger, open.Arn, { action: 'kms:Encrypt' })).toBe(false);
});

test('what manages a key does not reach into another account', async () => {
  const all = allow('kms:*', { Principal: { AWS: stranger.arn } });
  const { run, Arn } = await start(all);
  await run('DescribeKey', { KeyId: Arn }, stranger);
  expect(await codeOf(run('DisableKey', { KeyId: Arn }, stranger))).toBe('NotFoundException');
});

describe('conditions', () => {
  test.each([
    ['kms:ViaService', 's3.eu-west-1.amazonaws.com', false],
    ['kms:CallerAccount', '111122223333', true],
    ['kms:KeySpec', 'SYMMETRIC_DEFAULT', true],
    ['kms:KeyOrigin', 'EXTERNAL', false],
    ['kms:EncryptionContext:Tenant', 'a', true],
    ['kms:encryptioncontext:tenant', 'a', true],
    ['kms:EncryptionContext:Tenant', 'b', false],
    ['aws:ResourceTag/team', 'red', true],
    ['aws:ResourceTag/team', 'blue', false],
  ])('%s is %s: %s', async (key, value, expected) => {
    const { create, user, may } = setup();
    const reader = await user('reader');
    const Condition = { StringEquals: { [key]: value } };
    const decrypt = allow('kms:Decrypt', { Principal: { AWS: reader.arn }, Condition });
    const Tags = [{ TagKey: 'team', TagValue: 'red' }];
    const { KeyId } = await create({ Policy: policy(toAccount, decrypt), Tags });
    const need = { action: 'kms:Decrypt', context: { Tenant: 'a' } };
    expect(await may(reader, KeyId, need)).toBe(expected);
  });

  test.each([
    ['kms:RequestAlias', 'alias/x', true],
    ['kms:RequestAlias', 'alias/y', false],
    ['kms:ResourceAliases', 'alias/y', true],
    ['kms:ResourceAliases', 'alias/z', false],
  ])('%s is %s: %s', async (key, value, expected) => {
    const { create, run, user, may } = setup();
    const Condition = { 'ForAnyValue:StringEquals': { [key]: value } };
    const reader = await user('reader', allow('kms:Decrypt', { Condition }));
    const { KeyId } = await create();
    for (const AliasName of ['alias/x', 'alias/y']) {
      await run('CreateAlias', { AliasName, TargetKeyId: KeyId });
    }
    expect(await may(reader, 'alias/x', { action: 'kms:Decrypt' })).toBe(expected);
  });
});

describe('the lock-out guard', () => {
  const words = 'The new key policy will not allow you to update the key policy in the future.';

  test.each([
    ['names others only', (arn: string) => [allow('kms:*', { Principal: { AWS: arn } })]],
    ['denies it', () => [toAccount, { ...toAccount, Effect: 'Deny', Action: 'kms:Put*' }]],
    ['leaves it out', () => [allow('kms:Get*', { Principal: { AWS: rootArn } })]],
    [
      'allows it at other times',
      () => [
        {
          ...toAccount,
          Condition: { DateGreaterThan: { 'aws:CurrentTime': '2030-01-01T00:00:00Z' } },
        },
      ],
    ],
  ])('%s', async (_what, statements) => {
    const { put, user, shown } = await start();
    const before = await shown();
    const other = await user('other');
    const locked = policy(...statements(other.arn));
    expect(await refusal(put(locked))).toMatchObject({
      code: 'MalformedPolicyDocumentException',
      message: words,
    });
    expect(await shown()).toEqual(before);
    await put(locked, { BypassPolicyLockoutSafetyCheck: true });
    expect(await codeOf(put(policy(toAccount)))).toBe('AccessDeniedException');
  });

  test('lets a user write what leaves it to the account, and a role what names it', async () => {
    const { put, user, role } = await start();
    const writer = await user('writer', allow('kms:PutKeyPolicy'));
    await put(policy(toAccount), {}, writer);
    const worker = await role('worker', allow('kms:PutKeyPolicy'));
    const named = { Principal: { AWS: worker.session?.issuerArn } };
    await put(policy(allow('kms:*', named)), {}, worker);
  });

  test('can be switched off only by whom the policies let', async () => {
    const { put, user } = await start();
    const Condition = { Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'false' } };
    const writer = await user('writer', allow('kms:PutKeyPolicy', { Condition }));
    await put(policy(toAccount), {}, writer);
    const bypass = put(policy(toAccount), { BypassPolicyLockoutSafetyCheck: true }, writer);
    expect(await codeOf(bypass)).toBe('AccessDeniedException');
  });
});

describe('a policy that is refused', () => {
  test.each([
    ['no JSON', '{'],
    ['no statement', '{"Version":"2012-10-17"}'],
    ['no principal', policy(allow('kms:*'))],
    ['no such user', policy(toAccount, allow('kms:*', { Principal: { AWS: `${rootArn}x` } }))],
    [
      'no such id',
      policy(toAccount, allow('kms:*', { Principal: { AWS: 'AIDAGHOST0000000000' } })),
    ],
    ['a stray service', policy(toAccount, allow('kms:*', { Principal: { Service: 'a.b' } }))],
  ])('%s', async (_what, Policy) => {
    const { put } = await start();
    expect(await codeOf(put(Policy))).toBe('MalformedPolicyDocumentException');
  });
});

test('a user who is deleted and made again does not get the key back', async () => {
  const { put, user, may, shown, forgetUser, remake, KeyId } = await start();
  const before = await user('anna');
  await put(policy(toAccount, allow('kms:Decrypt', { Principal: { AWS: before.arn } })));
  const decrypts = { action: 'kms:Decrypt' };
  expect(await may(before, KeyId, decrypts)).toBe(true);
  expect((await shown()).Statement[1]?.Principal.AWS).toBe(before.arn);
  await forgetUser('anna');
  expect((await shown()).Statement[1]?.Principal.AWS).toBe(before.userId);
  const userId = 'AIDAOTHERANNA000000';
  const again = await remake('anna', userId);
  expect(await may(again, KeyId, decrypts)).toBe(false);
});
