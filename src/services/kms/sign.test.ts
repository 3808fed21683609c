/** Signatures, codes and agreed secrets, behind the real client: right, wrong and forbidden. */
import {
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  verify as verifies,
} from 'node:crypto';
import * as sdk from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { defined } from '../../kernel/assert.ts';
import { answerOf, type Server, startKms, text } from './crypto.fixture.ts';
import { allow, kmsArn } from './kms.fixture.ts';

const Message = text('a message');
const digest = (hash: string) => new Uint8Array(createHash(hash).update(Message).digest());

const sign = (server: Server, input: Omit<sdk.SignRequest, 'Message'> & { Message?: Uint8Array }) =>
  server.send(new sdk.SignCommand({ Message, ...input }));
const verify = (
  server: Server,
  input: Omit<sdk.VerifyRequest, 'Message'> & { Message?: Uint8Array },
) => server.send(new sdk.VerifyCommand({ Message, ...input }));
const publicKey = async (server: Server, KeyId: string) => {
  const { PublicKey } = await server.send(new sdk.GetPublicKeyCommand({ KeyId }));
  const key = Buffer.from(defined(PublicKey, 'the public key'));
  return createPublicKey({ key, format: 'der', type: 'spki' });
};

describe('a signing key', () => {
  test.each([
    ['RSA_2048', 'RSASSA_PSS_SHA_256', 'sha256'],
    ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_512', 'sha512'],
    ['ECC_NIST_P256', 'ECDSA_SHA_256', 'sha256'],
    ['ECC_NIST_P384', 'ECDSA_SHA_384', 'sha384'],
    ['ECC_NIST_P521', 'ECDSA_SHA_512', 'sha512'],
    ['ECC_SECG_P256K1', 'ECDSA_SHA_256', 'sha256'],
  ] as const)('of %s signs with %s what its public key verifies', async (spec, name, hash) => {
    const server = await startKms();
    const KeyId = await server.key(spec, 'SIGN_VERIFY');
    const how = { KeyId, SigningAlgorithm: name };
    const raw = await sign(server, how);
    expect(raw).toMatchObject({ KeyId: kmsArn(`key/${KeyId}`), SigningAlgorithm: name });
    const hashed = await sign(server, {
      ...{ ...how, Message: digest(hash), MessageType: 'DIGEST' },
    });
    for (const { Signature } of [raw, hashed]) {
      const answer = await verify(server, { ...how, Signature });
      expect(answer).toMatchObject({ SignatureValid: true, KeyId: kmsArn(`key/${KeyId}`) });
      const other = { ...how, Signature, Message: text('b message') };
      expect(await answerOf(verify(server, other))).toMatch(/^KMSInvalidSignatureException 400/);
      const overDigest = { ...how, Signature, Message: digest(hash) };
      expect(await answerOf(verify(server, { ...overDigest, MessageType: 'DIGEST' }))).toBe(
        'accepted',
      );
      expect(await answerOf(verify(server, overDigest))).toMatch(/^KMSInvalidSignature/);
    }
    if (name.startsWith('ECDSA')) {
      const known = await publicKey(server, KeyId);
      const signature = defined(raw.Signature, 'the signature');
      expect(verifies(hash, Message, known, signature)).toBe(true);
    }
  });

  test('of Ed25519 signs messages as they are, and no digests', async () => {
    const server = await startKms();
    const KeyId = await server.key('ECC_NIST_EDWARDS25519', 'SIGN_VERIFY');
    const how = { KeyId, SigningAlgorithm: 'ED25519_SHA_512' } as const;
    const { Signature } = await sign(server, how);
    expect(await answerOf(verify(server, { ...how, Signature }))).toBe('accepted');
    const known = await publicKey(server, KeyId);
    expect(verifies(null, Message, known, defined(Signature, 'it'))).toBe(true);
    const hashed = { ...how, Message: digest('sha512'), MessageType: 'DIGEST' } as const;
    expect(await answerOf(sign(server, hashed))).toMatch(/^ValidationException 400: .*DIGEST/);
    const ph = { ...hashed, SigningAlgorithm: 'ED25519_PH_SHA_512' } as const;
    expect(await answerOf(sign(server, ph))).toMatch(
      /^UnsupportedOperationException 400: SigningAlgorithm ED25519_PH_SHA_512/,
    );
  });

  test('refuses what it is not for', async () => {
    const server = await startKms();
    const KeyId = await server.key('ECC_NIST_P256', 'SIGN_VERIFY');
    const symmetric = await server.key();
    const how = { KeyId, SigningAlgorithm: 'ECDSA_SHA_256' } as const;
    const other = { ...how, SigningAlgorithm: 'RSASSA_PSS_SHA_256' } as const;
    expect(await answerOf(sign(server, other))).toMatch(
      /^InvalidKeyUsageException 400: Algorithm RSASSA_PSS_SHA_256 is incompatible with key spec/,
    );
    expect(await answerOf(sign(server, { ...how, KeyId: symmetric }))).toMatch(
      /^InvalidKeyUsageException 400: .*ENCRYPT_DECRYPT which is not valid for Sign/,
    );
    const short = { ...how, Message: digest('sha1'), MessageType: 'DIGEST' } as const;
    expect(await answerOf(sign(server, short))).toMatch(
      /^ValidationException 400: Digest is invalid length for algorithm ECDSA_SHA_256/,
    );
    const long = { ...how, Message: new Uint8Array(4_097) };
    expect(await answerOf(sign(server, long))).toMatch(/^ValidationException 400: .*message/);
    const external = { ...how, MessageType: 'EXTERNAL_MU' } as const;
    expect(await answerOf(sign(server, external))).toMatch(/^UnsupportedOperationException/);
    expect(await answerOf(sign(server, { ...how, DryRun: true }))).toMatch(/^DryRunOperation/);
    const noise = { ...how, Signature: text('noise') };
    expect(await answerOf(verify(server, noise))).toMatch(/^KMSInvalidSignatureException 400/);
    const Condition = { StringEquals: { 'kms:MessageType': 'DIGEST' } };
    const ann = server.clientOf(await server.user('ann', allow('kms:Sign', { Condition })));
    expect(await answerOf(ann.send(new sdk.SignCommand({ ...how, Message })))).toMatch(
      /^AccessDenied/,
    );
    await server.send(new sdk.DisableKeyCommand({ KeyId }));
    expect(await answerOf(sign(server, how))).toMatch(/^DisabledException/);
    const known = new sdk.GetPublicKeyCommand({ KeyId });
    expect(await answerOf(server.send(known))).toMatch(/^DisabledException/);
  });
});

describe('GetPublicKey', () => {
  test('tells what the pair is for', async () => {
    const server = await startKms();
    const KeyId = await server.key('RSA_2048');
    const answer = await server.send(new sdk.GetPublicKeyCommand({ KeyId }));
    expect(answer).toMatchObject({
      ...{ KeyId: kmsArn(`key/${KeyId}`), KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
      EncryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
    });
    expect((await publicKey(server, KeyId)).asymmetricKeyDetails?.modulusLength).toBe(2_048);
    const symmetric = new sdk.GetPublicKeyCommand({ KeyId: await server.key() });
    expect(await answerOf(server.send(symmetric))).toMatch(/^UnsupportedOperationException 400/);
  });
});

describe('a key of codes', () => {
  test.each([
    ['HMAC_224', 'HMAC_SHA_224', 28],
    ['HMAC_256', 'HMAC_SHA_256', 32],
    ['HMAC_384', 'HMAC_SHA_384', 48],
    ['HMAC_512', 'HMAC_SHA_512', 64],
  ] as const)('of %s makes and checks those of %s', async (spec, MacAlgorithm, sizeBytes) => {
    const server = await startKms();
    const KeyId = await server.key(spec, 'GENERATE_VERIFY_MAC');
    const how = { KeyId, MacAlgorithm, Message };
    const { Mac } = await server.send(new sdk.GenerateMacCommand(how));
    expect(Mac).toHaveLength(sizeBytes);
    const check = (more: Partial<sdk.VerifyMacRequest>) =>
      server.send(new sdk.VerifyMacCommand({ ...how, Mac, ...more }));
    expect(await check({})).toMatchObject({ MacValid: true, MacAlgorithm });
    const changed = Uint8Array.from(defined(Mac, 'the code'));
    changed[0] = (changed[0] ?? 0) ^ 1;
    for (const wrong of [{ Mac: changed }, { Mac: changed.subarray(1) }, { Message: text('b') }]) {
      expect(await answerOf(check(wrong))).toMatch(/^KMSInvalidMacException 400/);
    }
    const other = MacAlgorithm === 'HMAC_SHA_256' ? 'HMAC_SHA_512' : 'HMAC_SHA_256';
    expect(await answerOf(check({ MacAlgorithm: other }))).toMatch(/^InvalidKeyUsageException/);
    expect(await answerOf(check({ DryRun: true }))).toMatch(/^DryRunOperation/);
  });

  test('is asked of keys that are one, by who may', async () => {
    const server = await startKms();
    const how = { MacAlgorithm: 'HMAC_SHA_256', Message } as const;
    const symmetric = new sdk.GenerateMacCommand({ ...how, KeyId: await server.key() });
    expect(await answerOf(server.send(symmetric))).toMatch(/^InvalidKeyUsageException/);
    const KeyId = await server.key('HMAC_256', 'GENERATE_VERIFY_MAC');
    const ann = server.clientOf(await server.user('ann', allow('kms:VerifyMac')));
    const command = new sdk.GenerateMacCommand({ ...how, KeyId });
    expect(await answerOf(ann.send(command))).toMatch(/^AccessDenied.*kms:GenerateMac/);
  });
});

describe('DeriveSharedSecret', () => {
  const mine = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const der = (key: typeof mine.publicKey) =>
    new Uint8Array(key.export({ type: 'spki', format: 'der' }));

  test('agrees with the other side, on the same curve only', async () => {
    const server = await startKms();
    const KeyId = await server.key('ECC_NIST_P384', 'KEY_AGREEMENT');
    const derive = (more: Partial<sdk.DeriveSharedSecretRequest>) =>
      server.send(
        new sdk.DeriveSharedSecretCommand({
          ...{ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: der(mine.publicKey), ...more },
        }),
      );
    const answer = await derive({});
    expect(answer).toMatchObject({ KeyAgreementAlgorithm: 'ECDH', KeyOrigin: 'AWS_KMS' });
    const theirs = diffieHellman({
      ...{ privateKey: mine.privateKey, publicKey: await publicKey(server, KeyId) },
    });
    expect(theirs.equals(defined(answer.SharedSecret, 'the secret'))).toBe(true);
    const { publicKey: small } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    for (const PublicKey of [der(small), text('noise'), der(mine.publicKey).fill(1, 60)]) {
      expect(await answerOf(derive({ PublicKey }))).toMatch(/^ValidationException 400: PublicKey/);
    }
    const signer = await server.key('ECC_NIST_P384', 'SIGN_VERIFY');
    expect(await answerOf(derive({ KeyId: signer }))).toMatch(/^InvalidKeyUsageException/);
    expect(await answerOf(derive({ DryRun: true }))).toMatch(/^DryRunOperation/);
    const Recipient = { AttestationDocument: text('x') };
    expect(await answerOf(derive({ Recipient }))).toMatch(/^UnsupportedOperation/);
  });
});
