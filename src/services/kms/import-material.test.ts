/** Key material from elsewhere, behind the real client, by every way of wrapping. */
import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import * as sdk from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { kwpWrap } from '../../engines/keys/crypto/wrapping.ts';
import type { KeySpec, KeyUsage } from '../../engines/keys/rows.ts';
import { defined } from '../../kernel/assert.ts';
import { dayMs } from '../../kernel/clock.ts';
import { answerOf, type Server, startKms, text } from './crypto.fixture.ts';
import { allow, kmsArn } from './kms.fixture.ts';

const forever = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } as const;
const external = (server: Server, spec?: KeySpec, usage?: KeyUsage) =>
  server.key(spec, usage, { Origin: 'EXTERNAL' });

interface Start {
  readonly WrappingAlgorithm: sdk.AlgorithmSpec;
  readonly ImportToken: Uint8Array;
  readonly PublicKey: Uint8Array;
}

async function begin(
  server: Server,
  KeyId: string,
  more: Partial<sdk.GetParametersForImportRequest> = {},
): Promise<Start> {
  const WrappingAlgorithm = 'RSAES_OAEP_SHA_256';
  const how = { KeyId, WrappingAlgorithm, WrappingKeySpec: 'RSA_2048', ...more } as const;
  const answer = await server.send(new sdk.GetParametersForImportCommand(how));
  return {
    WrappingAlgorithm: how.WrappingAlgorithm ?? WrappingAlgorithm,
    ImportToken: defined(answer.ImportToken, 'the token'),
    PublicKey: defined(answer.PublicKey, 'the public key'),
  };
}

const ecPair = (namedCurve: string) => () => generateKeyPairSync('ec', { namedCurve });
const rsaPair = () => generateKeyPairSync('rsa', { modulusLength: 2_048 });

/** As a user would wrap it, with nothing of the server's own but key wrap. */
function wrapped({ WrappingAlgorithm, PublicKey }: Start, material: Uint8Array): Uint8Array {
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  const oaepHash = WrappingAlgorithm.endsWith('SHA_1') ? 'sha1' : 'sha256';
  const oaep = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash };
  if (!WrappingAlgorithm.startsWith('RSA_AES')) return publicEncrypt(oaep, material);
  const inner = randomBytes(32);
  return Buffer.concat([publicEncrypt(oaep, inner), kwpWrap(material, inner)]);
}

async function bring(
  server: Server,
  KeyId: string,
  {
    start,
    material,
    ...more
  }: Partial<sdk.ImportKeyMaterialRequest> & {
    readonly start: Start;
    readonly material: Uint8Array;
  },
) {
  const EncryptedKeyMaterial = wrapped(start, material);
  const input = { KeyId, EncryptedKeyMaterial, ...forever, ImportToken: start.ImportToken };
  return server.send(new sdk.ImportKeyMaterialCommand({ ...input, ...more }));
}

const seal = async (server: Server, KeyId: string) => {
  const Plaintext = text('a secret');
  const { CiphertextBlob } = await server.send(new sdk.EncryptCommand({ KeyId, Plaintext }));
  return defined(CiphertextBlob, 'the ciphertext');
};
const open = (server: Server, CiphertextBlob: Uint8Array) =>
  server.send(new sdk.DecryptCommand({ CiphertextBlob }));

describe('material comes in', () => {
  test.each([
    ['RSAES_OAEP_SHA_1', 'RSA_2048'],
    ['RSAES_OAEP_SHA_256', 'RSA_2048'],
    ['RSA_AES_KEY_WRAP_SHA_1', 'RSA_2048'],
    ['RSA_AES_KEY_WRAP_SHA_256', 'RSA_2048'],
  ] as const)('by %s under %s', async (WrappingAlgorithm, WrappingKeySpec) => {
    const server = await startKms();
    const KeyId = await external(server);
    expect(await answerOf(seal(server, KeyId))).toMatch(/^KMSInvalidState.* is pending import/);
    const start = await begin(server, KeyId, { WrappingAlgorithm, WrappingKeySpec });
    const done = await bring(server, KeyId, { start, material: randomBytes(32) });
    expect(done).toMatchObject({
      ...{ KeyId: kmsArn(`key/${KeyId}`), KeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    const answer = await open(server, await seal(server, KeyId));
    expect(answer).toMatchObject({
      ...{ Plaintext: text('a secret'), KeyMaterialId: done.KeyMaterialId },
    });
  });

  test.each([
    ['RSA_2048', 'SIGN_VERIFY', 'RSASSA_PSS_SHA_256', rsaPair],
    ['ECC_NIST_P521', 'SIGN_VERIFY', 'ECDSA_SHA_512', ecPair('P-521')],
    ['ECC_SECG_P256K1', 'SIGN_VERIFY', 'ECDSA_SHA_256', ecPair('secp256k1')],
    [
      'ECC_NIST_EDWARDS25519',
      'SIGN_VERIFY',
      'ED25519_SHA_512',
      () => generateKeyPairSync('ed25519'),
    ],
  ] as const)('as a private key of %s', async (spec, usage, SigningAlgorithm, makePair) => {
    const server = await startKms();
    const KeyId = await external(server, spec, usage);
    const pair = makePair();
    const material = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
    const start = await begin(server, KeyId, { WrappingAlgorithm: 'RSA_AES_KEY_WRAP_SHA_256' });
    const done = await bring(server, KeyId, { start, material });
    expect(done.KeyMaterialId).toBeUndefined();
    const { PublicKey } = await server.send(new sdk.GetPublicKeyCommand({ KeyId }));
    const known = pair.publicKey.export({ type: 'spki', format: 'der' });
    expect(known.equals(defined(PublicKey, 'the public key'))).toBe(true);
    const how = { KeyId, SigningAlgorithm, Message: text('a message') };
    const { Signature } = await server.send(new sdk.SignCommand(how));
    const check = new sdk.VerifyCommand({ ...how, Signature });
    expect((await server.send(check)).SignatureValid).toBe(true);
    const { privateKey: other } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const wrong = other.export({ type: 'pkcs8', format: 'der' });
    expect(await answerOf(bring(server, KeyId, { start, material: wrong }))).toMatch(
      /^IncorrectKeyMaterialException 400: .*PKCS #8/,
    );
  });

  test('for codes, in the length of their digest', async () => {
    const server = await startKms();
    const KeyId = await external(server, 'HMAC_384', 'GENERATE_VERIFY_MAC');
    const start = await begin(server, KeyId);
    for (const size of [47, 49]) {
      const work = bring(server, KeyId, { start, material: randomBytes(size) });
      expect(await answerOf(work)).toMatch(/^IncorrectKeyMaterialException 400: .*48 bytes/);
    }
    await bring(server, KeyId, { start, material: randomBytes(48) });
    const input = { KeyId, MacAlgorithm: 'HMAC_SHA_384', Message: text('m') } as const;
    expect((await server.send(new sdk.GenerateMacCommand(input))).Mac).toHaveLength(48);
  });
});

describe('material is refused', () => {
  test('with another token, after a day, or when it was changed on its way', async () => {
    const server = await startKms();
    const [KeyId, other] = [await external(server), await external(server)];
    const [start, elsewhere] = [await begin(server, KeyId), await begin(server, other)];
    const again = await begin(server, KeyId);
    const material = randomBytes(32);
    const { ImportToken } = elsewhere;
    const invalid = /^InvalidImportTokenException 400/;
    expect(await answerOf(bring(server, KeyId, { start, material, ImportToken }))).toMatch(invalid);
    const changed = Uint8Array.from(start.ImportToken);
    changed[99] = (changed[99] ?? 0) ^ 1;
    for (const token of [changed, text('noise'), start.ImportToken.subarray(1)]) {
      const work = bring(server, KeyId, { start, material, ImportToken: token });
      expect(await answerOf(work)).toMatch(invalid);
    }
    const crossed = bring(server, KeyId, { start, material, ImportToken: again.ImportToken });
    expect(await answerOf(crossed)).toMatch(/^InvalidCiphertextException 400/);
    server.clock.moveTo(server.clock.nowMs() + dayMs - 1_000);
    expect(await answerOf(bring(server, KeyId, { start, material }))).toBe('accepted');
    server.clock.moveTo(server.clock.nowMs() + 1_000);
    expect(await answerOf(bring(server, KeyId, { start, material }))).toMatch(
      /^ExpiredImportTokenException 400/,
    );
  });

  test('of another length, or with what does not go together', async () => {
    const server = await startKms();
    const KeyId = await external(server);
    const start = await begin(server, KeyId);
    for (const size of [0, 16, 31, 33]) {
      const work = bring(server, KeyId, { start, material: randomBytes(size) });
      expect(await answerOf(work)).toMatch(/^IncorrectKeyMaterialException 400: .*32 bytes/);
    }
    const expires = { ExpirationModel: 'KEY_MATERIAL_EXPIRES' } as const;
    const KeyMaterialId = 'ab'.repeat(32);
    const cases = [
      [expires, /^ValidationException 400: A validTo date/],
      [{ ValidTo: new Date(9e12) }, /^ValidationException 400: ValidTo must not be set/],
      [{ ...expires, ValidTo: new Date(0) }, /^ValidationException 400: ValidTo must be in the/],
      [{ ImportType: 'NEW_KEY_MATERIAL', KeyMaterialId }, /^ValidationException 400: KeyMaterial/],
      [{ KeyMaterialId }, /^IncorrectKeyMaterialException 400/],
      [{ ImportType: 'EXISTING_KEY_MATERIAL' }, /^IncorrectKeyMaterialException 400/],
    ] as const;
    for (const [more, wanted] of cases) {
      const work = bring(server, KeyId, { start, material: randomBytes(32), ...more });
      expect(await answerOf(work)).toMatch(wanted);
    }
  });

  test('for keys that have bytes of their own, and in ways that there are not', async () => {
    const server = await startKms();
    const own = await server.key();
    const unsupported = /^UnsupportedOperationException 400/;
    expect(await answerOf(begin(server, own))).toMatch(unsupported);
    const removal = new sdk.DeleteImportedKeyMaterialCommand({ KeyId: own });
    expect(await answerOf(server.send(removal))).toMatch(unsupported);
    const KeyId = await external(server);
    const rsa = await external(server, 'RSA_2048', 'SIGN_VERIFY');
    const long = await external(server, 'ECC_NIST_P521', 'SIGN_VERIFY');
    for (const [id, WrappingAlgorithm] of [
      [KeyId, 'RSAES_PKCS1_V1_5'],
      [KeyId, 'SM2PKE'],
      [rsa, 'RSAES_OAEP_SHA_256'],
      [long, 'RSAES_OAEP_SHA_256'],
    ] as const) {
      expect(await answerOf(begin(server, id, { WrappingAlgorithm }))).toMatch(unsupported);
    }
    const ann = server.clientOf(
      await server.user(
        'ann',
        allow('kms:GetParametersForImport', {
          Condition: { StringEquals: { 'kms:WrappingKeySpec': 'RSA_4096' } },
        }),
      ),
    );
    const command = new sdk.GetParametersForImportCommand({
      ...{ KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' },
    });
    expect(await answerOf(ann.send(command))).toMatch(/^AccessDenied/);
  });
});

describe('imported material', () => {
  test('that was removed must come back as it was', async () => {
    const server = await startKms();
    const KeyId = await external(server);
    const start = await begin(server, KeyId);
    const material = randomBytes(32);
    const { KeyMaterialId } = await bring(server, KeyId, { start, material });
    const sealed = await seal(server, KeyId);
    const removal = new sdk.DeleteImportedKeyMaterialCommand({ KeyId });
    expect(await server.send(removal)).toMatchObject({ KeyMaterialId });
    expect(await answerOf(open(server, sealed))).toMatch(/^KMSInvalidState.*pending import/);
    expect((await server.describe(KeyId))['KeyState']).toBe('PendingImport');
    const other = bring(server, KeyId, { start, material: randomBytes(32) });
    expect(await answerOf(other)).toMatch(/^IncorrectKeyMaterialException 400/);
    await bring(server, KeyId, { start, material, ImportType: 'EXISTING_KEY_MATERIAL' });
    expect((await open(server, sealed)).Plaintext).toEqual(text('a secret'));
    const nothing = { KeyId, KeyMaterialId: 'ab'.repeat(32) };
    const unknown = server.send(new sdk.DeleteImportedKeyMaterialCommand(nothing));
    expect(await answerOf(unknown)).toMatch(/^NotFoundException/);
  });

  test('expires at its hour, also before it has been removed', async () => {
    const server = await startKms();
    const KeyId = await external(server);
    const start = await begin(server, KeyId);
    const material = randomBytes(32);
    const until = (days: number) => ({
      ExpirationModel: 'KEY_MATERIAL_EXPIRES' as const,
      ValidTo: new Date(Math.floor(server.clock.nowMs() / 1_000) * 1_000 + days * dayMs),
    });
    const tooLong = bring(server, KeyId, { start, material, ...until(366) });
    expect(await answerOf(tooLong)).toMatch(/^ValidationException 400: .*365 days/);
    await bring(server, KeyId, { start, material, ...until(2) });
    const sealed = await seal(server, KeyId);
    expect(await answerOf(open(server, sealed))).toBe('accepted');
    server.clock.moveTo(server.clock.nowMs() + 2 * dayMs);
    expect(await answerOf(open(server, sealed))).toMatch(/^KMSInvalidState.*pending import/);
    await server.pass(0);
    expect((await server.describe(KeyId))['KeyState']).toBe('PendingImport');
    await bring(server, KeyId, { start: await begin(server, KeyId), material });
    expect(await answerOf(open(server, sealed))).toBe('accepted');
  });

  test('is rotated to other material, and opens only while it has all', async () => {
    const server = await startKms();
    const KeyId = await external(server);
    const start = await begin(server, KeyId);
    const rotate = () => server.send(new sdk.RotateKeyOnDemandCommand({ KeyId }));
    const [one, two] = [randomBytes(32), randomBytes(32)];
    const first = await bring(server, KeyId, { start, material: one });
    const before = await seal(server, KeyId);
    expect(await answerOf(rotate())).toMatch(/^KMSInvalidState/);
    const ImportType = 'NEW_KEY_MATERIAL';
    const second = await bring(server, KeyId, { start, material: two, ImportType });
    expect((await open(server, await seal(server, KeyId))).KeyMaterialId).toBe(first.KeyMaterialId);
    const third = bring(server, KeyId, { start, material: randomBytes(32), ImportType });
    expect(await answerOf(third)).toMatch(/^KMSInvalidState/);
    await rotate();
    const after = await seal(server, KeyId);
    expect((await open(server, after)).KeyMaterialId).toBe(second.KeyMaterialId);
    expect((await open(server, before)).KeyMaterialId).toBe(first.KeyMaterialId);
    const { KeyMaterialId } = first;
    await server.send(new sdk.DeleteImportedKeyMaterialCommand({ KeyId, KeyMaterialId }));
    expect(await answerOf(open(server, after))).toMatch(/^KMSInvalidState/);
    await bring(server, KeyId, { start, material: one });
    for (const sealed of [before, after]) {
      expect((await open(server, sealed)).Plaintext).toEqual(text('a secret'));
    }
    expect((await server.describe(KeyId))['CurrentKeyMaterialId']).toBe(second.KeyMaterialId);
  });
});
