/** Keys for use elsewhere and random bytes, behind the real client: right, wrong and forbidden. */
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import * as sdk from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { defined } from '../../kernel/assert.ts';
import { answerOf, startKms, text } from './crypto.fixture.ts';
import { allow, kmsArn } from './kms.fixture.ts';

const EncryptionContext = { volume: '17' };

describe('a data key', () => {
  test.each([
    [{ KeySpec: 'AES_128' }, 16],
    [{ KeySpec: 'AES_256' }, 32],
    [{ NumberOfBytes: 1 }, 1],
    [{ NumberOfBytes: 1_024 }, 1_024],
  ] as const)('of %j comes with a copy that opens to it', async (size, sizeBytes) => {
    const server = await startKms();
    const KeyId = await server.key();
    const made = await server.send(
      new sdk.GenerateDataKeyCommand({ KeyId, EncryptionContext, ...size }),
    );
    expect(made).toMatchObject({
      ...{ KeyId: kmsArn(`key/${KeyId}`), Plaintext: { length: sizeBytes } },
      KeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const { CiphertextBlob, Plaintext } = made;
    const opened = await server.send(new sdk.DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect(opened).toMatchObject({ Plaintext, KeyMaterialId: made.KeyMaterialId });
    const plain = new sdk.DecryptCommand({ CiphertextBlob });
    expect(await answerOf(server.send(plain))).toMatch(/^InvalidCiphertextException/);
  });

  test('is made without being told to who may only store it', async () => {
    const server = await startKms();
    const KeyId = await server.key();
    const writer = server.clientOf(
      await server.user('writer', allow('kms:GenerateDataKeyWithoutPlaintext')),
    );
    const input = { KeyId, EncryptionContext, KeySpec: 'AES_256' } as const;
    const made = await writer.send(new sdk.GenerateDataKeyWithoutPlaintextCommand(input));
    expect(made).not.toHaveProperty('Plaintext');
    expect(await answerOf(writer.send(new sdk.GenerateDataKeyCommand(input)))).toMatch(
      /^AccessDeniedException 400: .*kms:GenerateDataKey on resource/,
    );
    const { CiphertextBlob } = made;
    const command = new sdk.DecryptCommand({ CiphertextBlob, EncryptionContext });
    expect((await server.send(command)).Plaintext).toHaveLength(32);
  });

  test.each([
    [{}, /^ValidationException 400: Please specify either number of bytes or key spec/],
    [{ KeySpec: 'AES_256', NumberOfBytes: 32 }, /^ValidationException 400: Please specify either/],
    [{ NumberOfBytes: 0 }, /^ValidationException 400: .*numberOfBytes/],
    [{ NumberOfBytes: 1_025 }, /^ValidationException 400: .*numberOfBytes/],
    [{ KeySpec: 'AES_192' as 'AES_128' }, /^ValidationException 400: .*keySpec/],
    [{ KeySpec: 'AES_256', KeyId: 'alias/none' }, /^NotFoundException 40\d: Alias .* is not found/],
    [{ KeySpec: 'AES_256', Recipient: {} }, /^UnsupportedOperationException 400: Recipient/],
    [{ KeySpec: 'AES_256', DryRun: true }, /^DryRunOperationException/],
  ] as const)('of %j is refused', async (more, wanted) => {
    const server = await startKms();
    const KeyId = await server.key();
    const command = new sdk.GenerateDataKeyCommand({ KeyId, ...more });
    expect(await answerOf(server.send(command))).toMatch(wanted);
  });

  test('is not made by a key that is made for something else', async () => {
    const server = await startKms();
    for (const [spec, usage] of [
      ['ECC_NIST_P256', 'SIGN_VERIFY'],
      ['HMAC_256', 'GENERATE_VERIFY_MAC'],
      ['RSA_2048', 'ENCRYPT_DECRYPT'],
    ] as const) {
      const KeyId = await server.key(spec, usage);
      const command = new sdk.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' });
      expect(await answerOf(server.send(command))).toMatch(/^InvalidKeyUsageException 400/);
    }
  });
});

describe('a pair of data keys', () => {
  test.each([
    ['RSA_2048', 'rsa'],
    ['ECC_NIST_P256', 'ec'],
    ['ECC_NIST_P384', 'ec'],
    ['ECC_NIST_P521', 'ec'],
    ['ECC_SECG_P256K1', 'ec'],
    ['ECC_NIST_EDWARDS25519', 'ed25519'],
  ] as const)(
    'of %s has a private half that opens to the public one',
    async (KeyPairSpec, type) => {
      const server = await startKms();
      const KeyId = await server.key();
      const input = { KeyId, KeyPairSpec, EncryptionContext };
      const made = await server.send(new sdk.GenerateDataKeyPairCommand(input));
      expect(made).toMatchObject({ KeyId: kmsArn(`key/${KeyId}`), KeyPairSpec });
      const CiphertextBlob = made.PrivateKeyCiphertextBlob;
      const { Plaintext } = await server.send(
        new sdk.DecryptCommand({ CiphertextBlob, EncryptionContext }),
      );
      expect(Plaintext).toEqual(made.PrivateKeyPlaintext);
      const key = Buffer.from(defined(Plaintext, 'the private key'));
      const secret = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
      expect(secret.asymmetricKeyType).toBe(type);
      const half = createPublicKey(secret).export({ type: 'spki', format: 'der' });
      expect(half.equals(defined(made.PublicKey, 'the public key'))).toBe(true);
      const without = await server.send(new sdk.GenerateDataKeyPairWithoutPlaintextCommand(input));
      expect(without).not.toHaveProperty('PrivateKeyPlaintext');
      expect(without.PublicKey).not.toEqual(made.PublicKey);
    },
  );

  test('is refused in specs that there are not, in dry runs and without leave', async () => {
    const server = await startKms();
    const KeyId = await server.key();
    const pair = (more: Partial<sdk.GenerateDataKeyPairRequest>) =>
      new sdk.GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256', ...more });
    expect(await answerOf(server.send(pair({ KeyPairSpec: 'SM2' })))).toMatch(
      /^UnsupportedOperationException 400: KeyPairSpec SM2 is not supported/,
    );
    expect(await answerOf(server.send(pair({ DryRun: true })))).toMatch(/^DryRunOperation/);
    const onlyRsa = { 'kms:DataKeyPairSpec': 'RSA_2048' };
    const Condition = { StringEquals: onlyRsa };
    const ann = await server.user('ann', allow('kms:GenerateDataKeyPair', { Condition }));
    expect(await answerOf(server.clientOf(ann).send(pair({})))).toMatch(/^AccessDenied/);
    await server.send(new sdk.DisableKeyCommand({ KeyId }));
    expect(await answerOf(server.send(pair({})))).toMatch(/^DisabledException/);
  });
});

describe('GenerateRandom', () => {
  test('gives as many bytes as asked for, other ones each time', async () => {
    const server = await startKms();
    const random = (input: sdk.GenerateRandomRequest) =>
      server.send(new sdk.GenerateRandomCommand(input));
    const { Plaintext } = await random({ NumberOfBytes: 1_024 });
    expect(Plaintext).toHaveLength(1_024);
    const again = defined((await random({ NumberOfBytes: 1_024 })).Plaintext, 'the bytes');
    const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    expect(hash(again)).not.toBe(hash(defined(Plaintext, 'the bytes')));
    expect(await answerOf(random({}))).toMatch(/^ValidationException 400: .*'numberOfBytes'/);
    expect(await answerOf(random({ NumberOfBytes: 1_025 }))).toMatch(/^ValidationException 400/);
    const stored = { NumberOfBytes: 1, CustomKeyStoreId: 'cks-1' };
    expect(await answerOf(random(stored))).toMatch(/^UnsupportedOperationException/);
    const attested = { NumberOfBytes: 1, Recipient: { AttestationDocument: text('x') } };
    expect(await answerOf(random(attested))).toMatch(/^UnsupportedOperationException/);
    const nobody = server.clientOf(await server.user('ann'));
    const command = new sdk.GenerateRandomCommand({ NumberOfBytes: 1 });
    expect(await answerOf(nobody.send(command))).toMatch(/^AccessDenied/);
  });
});
