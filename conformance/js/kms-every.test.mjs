/**
 * The AWS SDK for JavaScript: every operation of the key service, once at least, with an answer
 * that is looked at; signatures, secrets and keys by another implementation where there is one.
 */
import assert from 'node:assert/strict';
import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  randomUUID,
  verify as verifies,
} from 'node:crypto';
import { test } from 'node:test';
import { named, policyOf } from './clients.mjs';
import { caller, everyOperation, kmsAs, names, refused, withUser } from './every.mjs';

const send = caller('kms');
const text = (value) => Buffer.from(value, 'utf8');
const bytes = (value) => Buffer.from(value);
const context = { case: 'a,b=c', patient: 'Zoë' };
const publicOf = ({ PublicKey }) =>
  createPublicKey({ key: bytes(PublicKey), format: 'der', type: 'spki' });
const spki = (key) => key.export({ format: 'der', type: 'spki' });

/** The keys wait for their end afterwards, but those that the test itself has ended. */
async function withKeys(inputs, use) {
  const made = [];
  try {
    for (const input of inputs) made.push((await send('CreateKey', input)).KeyMetadata);
    await use(...made);
  } finally {
    for (const { KeyId } of made) {
      const { KeyMetadata } = await send('DescribeKey', { KeyId });
      if (KeyMetadata.KeyState === 'PendingDeletion') continue;
      await send('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    }
  }
}

const withKey = (input, use) => withKeys([input], use);

test('a key and its states', () => {
  const Tags = [{ TagKey: 'a', TagValue: '1' }];
  return withKey({ Description: 'one', Tags }, async ({ KeyId, Arn, KeySpec, KeyState }) => {
    assert.deepEqual([KeySpec, KeyState], ['SYMMETRIC_DEFAULT', 'Enabled']);
    assert.match(Arn, /^arn:aws:kms:[\w-]+:\d{12}:key\/[0-9a-f-]{36}$/);
    let listed = await send('ListKeys', { Limit: 1_000 });
    while (listed.Truncated) {
      listed = await send('ListKeys', { Limit: 1_000, Marker: listed.NextMarker });
    }
    assert.ok(listed.Keys.length > 0);
    await send('UpdateKeyDescription', { KeyId, Description: 'two' });
    await send('DisableKey', { KeyId });
    const { KeyMetadata } = await send('DescribeKey', { KeyId: Arn });
    assert.deepEqual([KeyMetadata.Description, KeyMetadata.Enabled], ['two', false]);
    const Plaintext = text('one');
    await refused('DisabledException', 400, () => send('Encrypt', { KeyId, Plaintext }));
    await send('EnableKey', { KeyId });
    await send('Encrypt', { KeyId, Plaintext });
    const ending = await send('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    const daysLeft = (ending.DeletionDate - Date.now()) / 86_400_000;
    assert.ok(daysLeft > 6.9 && daysLeft <= 7.001, `${daysLeft} days`);
    await refused('KMSInvalidStateException', 400, () => send('Encrypt', { KeyId, Plaintext }));
    await send('CancelKeyDeletion', { KeyId });
    assert.equal((await send('DescribeKey', { KeyId })).KeyMetadata.KeyState, 'Disabled');
    await refused('NotFoundException', 400, () => send('DescribeKey', { KeyId: randomUUID() }));
  });
});

test('tags', () =>
  withKey({}, async ({ KeyId }) => {
    const tag = (TagKey, TagValue) => ({ TagKey, TagValue });
    await send('TagResource', { KeyId, Tags: [tag('a', '1'), tag('b', '2')] });
    await send('UntagResource', { KeyId, TagKeys: ['a'] });
    assert.deepEqual((await send('ListResourceTags', { KeyId })).Tags, [tag('b', '2')]);
    await refused('TagException', 400, () =>
      send('TagResource', { KeyId, Tags: [tag('aws:a', '1')] }),
    );
  }));

test('an alias moves from key to key', () =>
  withKeys([{}, {}], async (first, second) => {
    const AliasName = `alias/${named()}`;
    await send('CreateAlias', { AliasName, TargetKeyId: first.KeyId });
    await send('UpdateAlias', { AliasName, TargetKeyId: second.KeyId });
    const { Aliases } = await send('ListAliases', { KeyId: second.KeyId });
    assert.deepEqual(names(Aliases, 'AliasName'), [AliasName]);
    assert.equal((await send('DescribeKey', { KeyId: AliasName })).KeyMetadata.Arn, second.Arn);
    await refused('AlreadyExistsException', 400, () =>
      send('CreateAlias', { AliasName, TargetKeyId: first.KeyId }),
    );
    await send('DeleteAlias', { AliasName });
    await refused('NotFoundException', 400, () => send('DeleteAlias', { AliasName }));
  }));

test('a policy decides who may use a key', () =>
  withUser((user, key) =>
    withKey({}, async ({ KeyId }) => {
      const own = kmsAs(key);
      const use = () => own('Encrypt', { KeyId, Plaintext: text('one') });
      await refused('AccessDeniedException', 400, use);
      const told = await send('GetKeyPolicy', { KeyId, PolicyName: 'default' });
      const [root] = JSON.parse(told.Policy).Statement;
      const may = {
        ...{ Effect: 'Allow', Principal: { AWS: user.Arn }, Action: 'kms:Encrypt' },
        Resource: '*',
      };
      await refused('MalformedPolicyDocumentException', 400, () =>
        send('PutKeyPolicy', { KeyId, Policy: policyOf(may) }),
      );
      await send('PutKeyPolicy', { KeyId, Policy: policyOf(root, may) });
      assert.deepEqual((await send('ListKeyPolicies', { KeyId })).PolicyNames, ['default']);
      await use();
      await refused('AccessDeniedException', 400, () => own('DescribeKey', { KeyId }));
    }),
  ));

test('a grant, used, retired and revoked', () =>
  withUser((user, key) =>
    withKey({}, async ({ KeyId, Arn }) => {
      const own = kmsAs(key);
      const input = {
        ...{ KeyId, GranteePrincipal: user.Arn, RetiringPrincipal: user.Arn },
        Operations: ['Encrypt'],
        Constraints: { EncryptionContextEquals: context },
      };
      const { GrantId, GrantToken } = await send('CreateGrant', input);
      const { Grants } = await send('ListGrants', { KeyId });
      assert.deepEqual([Grants[0].GrantId, Grants[0].KeyId], [GrantId, Arn]);
      const retirable = await send('ListRetirableGrants', { RetiringPrincipal: user.Arn });
      assert.deepEqual(retirable.Grants, Grants);
      const use = (EncryptionContext) =>
        own('Encrypt', { KeyId, Plaintext: text('one'), EncryptionContext });
      await use(context);
      await refused('AccessDeniedException', 400, () => use({ ...context, more: '1' }));
      await own('RetireGrant', { GrantToken });
      await refused('AccessDeniedException', 400, () => use(context));
      const again = await send('CreateGrant', input);
      await send('RevokeGrant', { KeyId, GrantId: again.GrantId });
      assert.deepEqual((await send('ListGrants', { KeyId })).Grants, []);
      await refused('InvalidArnException', 400, () =>
        send('CreateGrant', { ...input, GranteePrincipal: `${user.Arn}-gone` }),
      );
    }),
  ));

test('a rotation, after which all old ciphertexts open', () =>
  withKey({}, async ({ KeyId }) => {
    const { CiphertextBlob } = await send('Encrypt', { KeyId, Plaintext: text('before') });
    await send('EnableKeyRotation', { KeyId, RotationPeriodInDays: 100 });
    const status = await send('GetKeyRotationStatus', { KeyId });
    assert.deepEqual([status.KeyRotationEnabled, status.RotationPeriodInDays], [true, 100]);
    await send('RotateKeyOnDemand', { KeyId });
    const { Rotations } = await send('ListKeyRotations', { KeyId });
    assert.deepEqual(names(Rotations, 'RotationType'), ['ON_DEMAND']);
    const opened = await send('Decrypt', { CiphertextBlob });
    assert.equal(bytes(opened.Plaintext).toString(), 'before');
    const { KeyMetadata } = await send('DescribeKey', { KeyId });
    assert.notEqual(opened.KeyMaterialId, KeyMetadata.CurrentKeyMaterialId);
    await send('DisableKeyRotation', { KeyId });
    assert.equal((await send('GetKeyRotationStatus', { KeyId })).KeyRotationEnabled, false);
    await refused('ValidationException', 400, () =>
      send('EnableKeyRotation', { KeyId, RotationPeriodInDays: 89 }),
    );
  }));

test('ciphertexts are bound to their context and their key', () =>
  withKeys([{}, {}], async (first, second) => {
    const Plaintext = randomBytes(4_096);
    const sealed = await send('Encrypt', {
      ...{ KeyId: first.KeyId, Plaintext, EncryptionContext: context },
    });
    const { CiphertextBlob } = sealed;
    const moved = await send('ReEncrypt', {
      ...{ CiphertextBlob, SourceEncryptionContext: context },
      DestinationKeyId: second.KeyId,
    });
    assert.deepEqual([moved.SourceKeyId, moved.KeyId], [first.Arn, second.Arn]);
    const opened = await send('Decrypt', { CiphertextBlob: moved.CiphertextBlob });
    assert.deepEqual(bytes(opened.Plaintext), Plaintext);
    const broken = Uint8Array.from(CiphertextBlob, (byte, i) => (i === 100 ? byte ^ 1 : byte));
    for (const input of [
      { CiphertextBlob },
      { CiphertextBlob: broken, EncryptionContext: context },
      { CiphertextBlob: CiphertextBlob.subarray(0, -1), EncryptionContext: context },
    ]) {
      await refused('InvalidCiphertextException', 400, () => send('Decrypt', input));
    }
  }));

test('keys of data, and random bytes', () =>
  withKey({}, async ({ KeyId }) => {
    const open = async (CiphertextBlob) =>
      bytes((await send('Decrypt', { CiphertextBlob, KeyId })).Plaintext);
    const made = await send('GenerateDataKey', { KeyId, KeySpec: 'AES_128' });
    assert.equal(made.Plaintext.length, 16);
    assert.deepEqual(await open(made.CiphertextBlob), bytes(made.Plaintext));
    const NumberOfBytes = 64;
    const bare = await send('GenerateDataKeyWithoutPlaintext', { KeyId, NumberOfBytes });
    assert.equal(bare.Plaintext, undefined);
    assert.equal((await open(bare.CiphertextBlob)).length, NumberOfBytes);
    const KeyPairSpec = 'ECC_NIST_P256';
    const pair = await send('GenerateDataKeyPair', { KeyId, KeyPairSpec });
    const hidden = await send('GenerateDataKeyPairWithoutPlaintext', { KeyId, KeyPairSpec });
    assert.equal(hidden.PrivateKeyPlaintext, undefined);
    for (const { PrivateKeyCiphertextBlob, PublicKey } of [pair, hidden]) {
      const key = await open(PrivateKeyCiphertextBlob);
      const half = createPublicKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
      assert.deepEqual(spki(half), bytes(PublicKey));
    }
    assert.equal((await send('GenerateRandom', { NumberOfBytes: 24 })).Plaintext.length, 24);
    await refused('ValidationException', 400, () => send('GenerateDataKey', { KeyId }));
  }));

test('signatures, which anybody can verify', () =>
  withKey({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }, async ({ KeyId }) => {
    const told = await send('GetPublicKey', { KeyId });
    assert.ok(told.SigningAlgorithms.includes('RSASSA_PSS_SHA_256'));
    const Message = text('one message');
    const how = { KeyId, SigningAlgorithm: 'RSASSA_PSS_SHA_256' };
    const { Signature } = await send('Sign', { ...how, Message });
    const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    const key = { key: publicOf(told), ...padding };
    assert.ok(verifies('sha256', Message, key, bytes(Signature)));
    assert.equal((await send('Verify', { ...how, Message, Signature })).SignatureValid, true);
    await refused('KMSInvalidSignatureException', 400, () =>
      send('Verify', { ...how, Message: text('another'), Signature }),
    );
    await refused('InvalidKeyUsageException', 400, () =>
      send('Encrypt', { KeyId, Plaintext: Message, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
    );
  }));

test('codes of messages', () =>
  withKey({ KeySpec: 'HMAC_512', KeyUsage: 'GENERATE_VERIFY_MAC' }, async ({ KeyId }) => {
    const how = { KeyId, MacAlgorithm: 'HMAC_SHA_512' };
    const { Mac } = await send('GenerateMac', { ...how, Message: text('one message') });
    const input = { ...how, Message: text('one message'), Mac };
    assert.equal((await send('VerifyMac', input)).MacValid, true);
    await refused('KMSInvalidMacException', 400, () =>
      send('VerifyMac', { ...input, Message: text('another') }),
    );
  }));

test('a secret that two sides agree on', () =>
  withKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }, async ({ KeyId }) => {
    const publicKey = publicOf(await send('GetPublicKey', { KeyId }));
    const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const derive = (PublicKey) =>
      send('DeriveSharedSecret', { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey });
    const { SharedSecret } = await derive(spki(other.publicKey));
    const ours = diffieHellman({ privateKey: other.privateKey, publicKey });
    assert.deepEqual(bytes(SharedSecret), ours);
    await refused('ValidationException', 400, () => derive(text('no key')));
  }));

test('material that was made elsewhere', () => {
  const input = { Origin: 'EXTERNAL', KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' };
  return withKey(input, async ({ KeyId, KeyState }) => {
    assert.equal(KeyState, 'PendingImport');
    const start = await send('GetParametersForImport', {
      ...{ KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' },
    });
    const oaep = { key: publicOf(start), oaepHash: 'sha256' };
    const bring = (material) =>
      send('ImportKeyMaterial', {
        ...{ KeyId, ImportToken: start.ImportToken },
        EncryptedKeyMaterial: publicEncrypt(oaep, material),
        ExpirationModel: 'KEY_MATERIAL_EXPIRES',
        ValidTo: new Date(Date.now() + 3_600_000),
      });
    const material = randomBytes(32);
    const asked = { KeyId, MacAlgorithm: 'HMAC_SHA_256', Message: text('one') };
    const expected = createHmac('sha256', material).update('one').digest();
    await bring(material);
    assert.deepEqual(bytes((await send('GenerateMac', asked)).Mac), expected);
    await send('DeleteImportedKeyMaterial', { KeyId });
    await refused('KMSInvalidStateException', 400, () => send('GenerateMac', asked));
    await refused('IncorrectKeyMaterialException', 400, () => bring(randomBytes(32)));
    await bring(material);
    assert.deepEqual(bytes((await send('GenerateMac', asked)).Mac), expected);
  });
});

test('Regions, of which there is one', () =>
  withKey({ MultiRegion: true }, async ({ KeyId, MultiRegionConfiguration }) => {
    assert.equal(MultiRegionConfiguration.MultiRegionKeyType, 'PRIMARY');
    await refused('UnsupportedOperationException', 400, () =>
      send('ReplicateKey', { KeyId, ReplicaRegion: 'eu-north-1' }),
    );
    await refused('UnsupportedOperationException', 400, () =>
      send('UpdatePrimaryRegion', { KeyId, PrimaryRegion: 'eu-north-1' }),
    );
  }));

everyOperation(
  'kms',
  `
  CreateKey DescribeKey ListKeys EnableKey DisableKey UpdateKeyDescription
  ScheduleKeyDeletion CancelKeyDeletion CreateAlias UpdateAlias DeleteAlias ListAliases
  GetKeyPolicy PutKeyPolicy ListKeyPolicies
  CreateGrant ListGrants ListRetirableGrants RetireGrant RevokeGrant
  TagResource UntagResource ListResourceTags
  EnableKeyRotation DisableKeyRotation GetKeyRotationStatus RotateKeyOnDemand ListKeyRotations
  Encrypt Decrypt ReEncrypt GenerateDataKey GenerateDataKeyWithoutPlaintext
  GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateRandom
  GenerateMac VerifyMac Sign Verify GetPublicKey DeriveSharedSecret
  GetParametersForImport ImportKeyMaterial DeleteImportedKeyMaterial
  ReplicateKey UpdatePrimaryRegion
`,
  'ReplicateKey UpdatePrimaryRegion',
);
