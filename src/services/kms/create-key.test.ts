/** Which keys can be made, and what they are described as. */
import { describe, expect, test } from 'vitest';
import {
  allow,
  codeOf,
  kmsArn,
  policy,
  refusal,
  scope,
  setup,
  startMs,
  toAccount,
} from './kms.fixture.ts';

test('a key of nothing is symmetric, enabled and left to the account', async () => {
  const { create, run, describe } = setup();
  const made = await create();
  expect(made.KeyId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(made).toEqual({
    ...{ AWSAccountId: scope.account, KeyId: made.KeyId, Arn: kmsArn(`key/${made.KeyId}`) },
    ...{ CreationDate: new Date(startMs), Enabled: true, Description: '', KeyState: 'Enabled' },
    ...{ KeyUsage: 'ENCRYPT_DECRYPT', Origin: 'AWS_KMS', KeyManager: 'CUSTOMER' },
    ...{ KeySpec: 'SYMMETRIC_DEFAULT', CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT' },
    ...{ EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'], MultiRegion: false },
    CurrentKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  for (const name of [made.KeyId, made.Arn]) expect(await describe(name)).toEqual(made);
  const { Policy } = await run<{ Policy: string }>('GetKeyPolicy', { KeyId: made.KeyId });
  expect(JSON.parse(Policy)).toMatchObject({
    Statement: [{ Principal: { AWS: `arn:aws:iam::${scope.account}:root` }, Action: 'kms:*' }],
  });
});

test.each([
  [
    'RSA_2048',
    'ENCRYPT_DECRYPT',
    { EncryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] },
  ],
  ['ECC_NIST_P256', 'SIGN_VERIFY', { SigningAlgorithms: ['ECDSA_SHA_256'] }],
  ['ECC_NIST_P384', 'KEY_AGREEMENT', { KeyAgreementAlgorithms: ['ECDH'] }],
  ['HMAC_512', 'GENERATE_VERIFY_MAC', { MacAlgorithms: ['HMAC_SHA_512'] }],
])('%s for %s', async (KeySpec, KeyUsage, algorithms) => {
  const { create } = setup();
  const made = await create({ KeySpec, KeyUsage });
  expect(made).toMatchObject({ KeySpec, KeyUsage, ...algorithms });
  expect(made).not.toHaveProperty('CurrentKeyMaterialId');
});

test('the old name of the spec still counts', async () => {
  const { create } = setup();
  const asked = { CustomerMasterKeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' };
  expect(await create(asked)).toMatchObject({ KeySpec: 'ECC_NIST_P256' });
});

test('a key whose bytes are imported waits for them', async () => {
  const { create } = setup();
  const made = await create({ Origin: 'EXTERNAL' });
  expect(made).toMatchObject({ KeyState: 'PendingImport', Enabled: false, Origin: 'EXTERNAL' });
  expect(made).not.toHaveProperty('ExpirationModel');
});

test('a key of many Regions is its own primary, and goes nowhere', async () => {
  const { create, run } = setup();
  const made = await create({ MultiRegion: true });
  expect(made.KeyId).toMatch(/^mrk-[0-9a-f]{32}$/);
  const PrimaryKey = { Arn: made.Arn, Region: scope.region };
  expect(made).toMatchObject({
    MultiRegion: true,
    MultiRegionConfiguration: { MultiRegionKeyType: 'PRIMARY', PrimaryKey, ReplicaKeys: [] },
  });
  const KeyId = made.KeyId;
  const moved = await refusal(run('ReplicateKey', { KeyId, ReplicaRegion: 'us-east-1' }));
  expect(moved).toMatchObject({ code: 'UnsupportedOperationException' });
  expect(moved.message).toContain(`one Region ${scope.region}`);
  const changed = run('UpdatePrimaryRegion', { KeyId, PrimaryRegion: 'us-east-1' });
  expect(await codeOf(changed)).toBe('UnsupportedOperationException');
});

describe('is refused', () => {
  const tag = (TagKey: string) => ({ TagKey, TagValue: 'v' });
  test.each<[string, object, string]>([
    [
      'two specs',
      { KeySpec: 'RSA_2048', CustomerMasterKeySpec: 'RSA_2048' },
      'ValidationException',
    ],
    ['no usage', { KeySpec: 'HMAC_256' }, 'ValidationException'],
    ['another usage', { KeySpec: 'HMAC_256', KeyUsage: 'SIGN_VERIFY' }, 'ValidationException'],
    [
      'agreement on a curve without',
      { KeySpec: 'ECC_SECG_P256K1', KeyUsage: 'KEY_AGREEMENT' },
      'ValidationException',
    ],
    ['no such usage', { KeyUsage: 'ENCAPSULATE_DECAPSULATE' }, 'ValidationException'],
    [
      'a spec that is not built',
      { KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY' },
      'UnsupportedOperationException',
    ],
    ['a key store', { Origin: 'AWS_CLOUDHSM' }, 'UnsupportedOperationException'],
    ['a named key store', { CustomKeyStoreId: 'cks-1' }, 'UnsupportedOperationException'],
    ['two tags of a key', { Tags: [tag('a'), tag('a')] }, 'TagException'],
    ['a reserved tag', { Tags: [tag('aws:a')] }, 'TagException'],
    [
      'too many tags',
      { Tags: Array.from({ length: 51 }, (_, n) => tag(`t${n}`)) },
      'LimitExceededException',
    ],
    ['a policy that is none', { Policy: '{' }, 'MalformedPolicyDocumentException'],
    [
      'a policy too long',
      { Policy: policy(toAccount) + ' '.repeat(32_768) },
      'LimitExceededException',
    ],
    [
      'a policy that names nobody',
      {
        Policy: policy(
          toAccount,
          allow('kms:*', { Principal: { AWS: 'arn:aws:iam::111122223333:user/ghost' } }),
        ),
      },
      'MalformedPolicyDocumentException',
    ],
    [
      'a policy that locks its writer out',
      { Policy: policy(allow('kms:Decrypt', { Principal: { AWS: '*' } })) },
      'MalformedPolicyDocumentException',
    ],
  ])('%s', async (_what, input, code) => {
    const { run } = setup();
    expect(await codeOf(run('CreateKey', input))).toBe(code);
    expect(await run('ListKeys')).toEqual({ Keys: [], Truncated: false });
  });
});

test('who makes one needs leave for it, and for its tags', async () => {
  const { create, user } = setup();
  const maker = await user('maker', allow('kms:CreateKey'));
  expect(await codeOf(create({}, await user('nobody')))).toBe('AccessDeniedException');
  const made = await create({}, maker);
  expect(made.KeyId).toBeDefined();
  const tagged = { Tags: [{ TagKey: 'a', TagValue: 'b' }] };
  expect(await codeOf(create(tagged, maker))).toBe('AccessDeniedException');
  const tagger = await user('tagger', allow('kms:CreateKey'), {
    ...allow('kms:TagResource'),
    Resource: kmsArn('key/*'),
  });
  await create(tagged, tagger);
  const symmetric = allow('kms:CreateKey', {
    Condition: { StringEquals: { 'kms:KeySpec': 'SYMMETRIC_DEFAULT' } },
  });
  const careful = await user('careful', symmetric);
  await create({}, careful);
  const other = create({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }, careful);
  expect(await codeOf(other)).toBe('AccessDeniedException');
});
