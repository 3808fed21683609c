/** Small data under keys, behind the real client: right, wrong and forbidden. */
import { constants, publicEncrypt } from 'node:crypto';
import * as sdk from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { publicKeyOf } from '../../engines/keys/crypto/material.ts';
import { defined } from '../../kernel/assert.ts';
import { answerOf, type Server, startKms, text } from './crypto.fixture.ts';
import { allow, kmsArn, policy, stranger } from './kms.fixture.ts';

const Plaintext = text('a secret');
const EncryptionContext = { patient: '17', ward: 'b' };
const invalid = /^InvalidCiphertextException 400/;

async function sealedBy(server: Server, KeyId: string, more: object = {}): Promise<Uint8Array> {
  const answer = await server.send(new sdk.EncryptCommand({ KeyId, Plaintext, ...more }));
  return defined(answer.CiphertextBlob, 'the ciphertext');
}
const opened = (server: Server, CiphertextBlob: Uint8Array, more: object = {}) =>
  server.send(new sdk.DecryptCommand({ CiphertextBlob, ...more }));

describe('a symmetric key', () => {
  test('seals and opens, by whatever name it is called', async () => {
    const server = await startKms();
    const id = await server.key();
    await server.send(new sdk.CreateAliasCommand({ AliasName: 'alias/mine', TargetKeyId: id }));
    const names = [id, kmsArn(`key/${id}`), 'alias/mine', kmsArn('alias/mine')];
    for (const KeyId of names) {
      const sealed = await server.send(
        new sdk.EncryptCommand({ KeyId, Plaintext, EncryptionContext }),
      );
      expect(sealed).toMatchObject({
        ...{ KeyId: kmsArn(`key/${id}`), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
      });
      const CiphertextBlob = defined(sealed.CiphertextBlob, 'the ciphertext');
      expect(Buffer.from(CiphertextBlob).includes('secret')).toBe(false);
      for (const named of [{}, { KeyId }]) {
        const answer = await opened(server, CiphertextBlob, { EncryptionContext, ...named });
        expect(answer).toMatchObject({
          ...{ KeyId: kmsArn(`key/${id}`), Plaintext, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
          KeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
        });
      }
    }
  });

  test('opens nothing that was changed, cut or given another context', async () => {
    const server = await startKms();
    const sealed = await sealedBy(server, await server.key(), { EncryptionContext });
    for (const at of [0, 1, 2, 3, 20, 25, 30, 60, 90, sealed.length - 1]) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const work = opened(server, changed, { EncryptionContext });
      expect([at, await answerOf(work)]).toEqual([at, expect.stringMatching(invalid)]);
    }
    for (const size of [1, 50, sealed.length - 1]) {
      const work = opened(server, sealed.subarray(0, size), { EncryptionContext });
      expect(await answerOf(work)).toMatch(invalid);
    }
    for (const other of [undefined, { patient: '17' }, { ...EncryptionContext, ward: 'c' }]) {
      const work = opened(server, sealed, other ? { EncryptionContext: other } : {});
      expect(await answerOf(work)).toMatch(invalid);
    }
    const wider = { ...EncryptionContext, Patient: '17' };
    expect(await answerOf(opened(server, sealed, { EncryptionContext: wider }))).toMatch(invalid);
  });

  test('opens what another sealed under no name', async () => {
    const server = await startKms();
    const [one, two] = [await server.key(), await server.key()];
    const sealed = await sealedBy(server, one);
    expect(await answerOf(opened(server, sealed, { KeyId: two }))).toMatch(
      /^IncorrectKeyException 400: The key ID in the request does not identify a CMK/,
    );
    expect(await answerOf(opened(server, sealed, { KeyId: one }))).toBe('accepted');
    const nobody = '1234abcd-12ab-34cd-56ef-1234567890ab';
    expect(await answerOf(opened(server, sealed, { KeyId: nobody }))).toMatch(
      /^NotFoundException 40\d: Key 'arn:.*' does not exist/,
    );
  });

  test('opens what older material sealed, for as long as there is the key', async () => {
    const server = await startKms();
    const KeyId = await server.key();
    const before = await sealedBy(server, KeyId);
    await server.send(new sdk.RotateKeyOnDemandCommand({ KeyId }));
    const after = await sealedBy(server, KeyId);
    const [first, second] = [await opened(server, before), await opened(server, after)];
    expect(first.Plaintext).toEqual(Plaintext);
    expect(second.KeyMaterialId).not.toBe(first.KeyMaterialId);
    await server.send(new sdk.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    expect(await answerOf(opened(server, before))).toMatch(
      /^KMSInvalidStateException 40\d: .* is pending deletion/,
    );
    await server.pass(8);
    expect(await answerOf(opened(server, before))).toMatch(invalid);
  });

  test('is of no use while it is disabled, and is again after', async () => {
    const server = await startKms();
    const KeyId = await server.key();
    const sealed = await sealedBy(server, KeyId);
    await server.send(new sdk.DisableKeyCommand({ KeyId }));
    const disabled = /^DisabledException 40\d: arn:.* is disabled/;
    expect(await answerOf(opened(server, sealed))).toMatch(disabled);
    expect(await answerOf(sealedBy(server, KeyId))).toMatch(disabled);
    await server.send(new sdk.EnableKeyCommand({ KeyId }));
    expect(await answerOf(opened(server, sealed))).toBe('accepted');
  });

  test('takes 4,096 bytes and refuses what it cannot do', async () => {
    const server = await startKms();
    const KeyId = await server.key();
    const mac = await server.key('HMAC_256', 'GENERATE_VERIFY_MAC');
    const most = new Uint8Array(4_096);
    expect(await answerOf(sealedBy(server, KeyId, { Plaintext: most }))).toBe('accepted');
    for (const size of [0, 4_097]) {
      const work = sealedBy(server, KeyId, { Plaintext: new Uint8Array(size) });
      expect(await answerOf(work)).toMatch(/^ValidationException 400: .*plaintext/);
    }
    const oaep = { EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' };
    expect(await answerOf(sealedBy(server, KeyId, oaep))).toMatch(
      /^InvalidKeyUsageException 400: Algorithm RSAES_OAEP_SHA_256 is incompatible/,
    );
    expect(await answerOf(sealedBy(server, mac))).toMatch(
      /^InvalidKeyUsageException 400: arn:.* key usage is GENERATE_VERIFY_MAC which is not valid/,
    );
    const recipient = { Recipient: { AttestationDocument: text('x') } };
    const sealed = await sealedBy(server, KeyId);
    expect(await answerOf(opened(server, sealed, recipient))).toMatch(
      /^UnsupportedOperationException 400: Recipient/,
    );
    expect(await answerOf(server.send(new sdk.DecryptCommand({ KeyId })))).toMatch(
      /^ValidationException 400: .*'ciphertextBlob'/,
    );
  });
});

describe('an RSA key', () => {
  const spec = 'RSA_2048';

  test('opens what was sealed here or elsewhere', async () => {
    const server = await startKms();
    const KeyId = await server.key(spec);
    const { PublicKey } = await server.send(new sdk.GetPublicKeyCommand({ KeyId }));
    const known = publicKeyOf(Buffer.from(defined(PublicKey, 'the public key')));
    for (const [algorithm, most, oaepHash] of [
      ['RSAES_OAEP_SHA_1', 214, 'sha1'],
      ['RSAES_OAEP_SHA_256', 190, 'sha256'],
    ] as const) {
      const how = { EncryptionAlgorithm: algorithm, KeyId };
      const longest = new Uint8Array(most).fill(7);
      const sealed = await sealedBy(server, KeyId, { ...how, Plaintext: longest });
      const answer = await opened(server, sealed, how);
      expect(answer).toMatchObject({ Plaintext: longest, EncryptionAlgorithm: algorithm });
      expect(answer.KeyMaterialId).toBeUndefined();
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      const elsewhere = publicEncrypt({ key: known, padding, oaepHash }, Plaintext);
      expect((await opened(server, elsewhere, how)).Plaintext).toEqual(Plaintext);
      const tooLong = { ...how, Plaintext: new Uint8Array(most + 1) };
      expect(await answerOf(sealedBy(server, KeyId, tooLong))).toMatch(
        `ValidationException 400: Algorithm ${algorithm} and key spec RSA_2048 cannot encrypt ` +
          `data larger than ${most} bytes`,
      );
    }
  });

  test('must be named with its algorithm, and binds no context', async () => {
    const server = await startKms();
    const KeyId = await server.key(spec);
    const how = { EncryptionAlgorithm: 'RSAES_OAEP_SHA_256', KeyId };
    const sealed = await sealedBy(server, KeyId, how);
    expect(await answerOf(opened(server, sealed))).toMatch(invalid);
    expect(await answerOf(opened(server, sealed, { KeyId }))).toMatch(/^InvalidKeyUsage/);
    const { EncryptionAlgorithm } = how;
    expect(await answerOf(opened(server, sealed, { EncryptionAlgorithm }))).toMatch(
      /^ValidationException 400/,
    );
    expect(await answerOf(opened(server, sealed, { ...how, EncryptionContext }))).toMatch(
      /^ValidationException 400: EncryptionContext/,
    );
    const other = { ...how, EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' };
    expect(await answerOf(opened(server, sealed, other))).toMatch(invalid);
    const changed = Uint8Array.from(sealed).fill(0, 0, 1);
    changed[9] = (changed[9] ?? 0) ^ 1;
    expect(await answerOf(opened(server, changed, how))).toMatch(invalid);
  });
});

describe('ReEncrypt', () => {
  const again = (server: Server, input: Partial<sdk.ReEncryptRequest>) =>
    server.send(new sdk.ReEncryptCommand({ DestinationKeyId: '', ...input }));

  test('goes from key to key and from context to context', async () => {
    const server = await startKms();
    const [one, two] = [await server.key(), await server.key()];
    const CiphertextBlob = await sealedBy(server, one, { EncryptionContext });
    const answer = await again(server, {
      ...{ CiphertextBlob, DestinationKeyId: two, SourceEncryptionContext: EncryptionContext },
      DestinationEncryptionContext: { other: 'one' },
    });
    expect(answer).toMatchObject({
      ...{ SourceKeyId: kmsArn(`key/${one}`), KeyId: kmsArn(`key/${two}`) },
      SourceKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
      DestinationKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const blob = defined(answer.CiphertextBlob, 'the ciphertext');
    const context = { EncryptionContext: { other: 'one' } };
    expect((await opened(server, blob, context)).Plaintext).toEqual(Plaintext);
    expect(await answerOf(opened(server, blob, { EncryptionContext }))).toMatch(invalid);
    expect(await answerOf(again(server, { CiphertextBlob, DestinationKeyId: two }))).toMatch(
      invalid,
    );
    const wrong = again(server, {
      ...{ CiphertextBlob, DestinationKeyId: two, SourceKeyId: two },
      SourceEncryptionContext: EncryptionContext,
    });
    expect(await answerOf(wrong)).toMatch(/^IncorrectKeyException/);
  });

  test('goes to RSA and back', async () => {
    const server = await startKms();
    const [one, rsa] = [await server.key(), await server.key('RSA_2048')];
    const there = await again(server, {
      ...{ CiphertextBlob: await sealedBy(server, one), DestinationKeyId: rsa },
      DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    });
    expect(there.DestinationKeyMaterialId).toBeUndefined();
    const back = await again(server, {
      ...{ CiphertextBlob: there.CiphertextBlob, SourceKeyId: rsa, DestinationKeyId: one },
      SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    });
    const answer = await opened(server, defined(back.CiphertextBlob, 'the ciphertext'));
    expect(answer.Plaintext).toEqual(Plaintext);
  });

  test('needs leave for both keys', async () => {
    const server = await startKms();
    const [one, two] = [await server.key(), await server.key()];
    const ann = await server.user('ann', allow('kms:ReEncryptFrom'));
    const bob = await server.user('bob', allow('kms:ReEncrypt*'));
    const CiphertextBlob = await sealedBy(server, one);
    const command = new sdk.ReEncryptCommand({ CiphertextBlob, DestinationKeyId: two });
    expect(await answerOf(server.clientOf(ann).send(command))).toMatch(
      /^AccessDeniedException 400: .*kms:ReEncryptTo on resource: .*/,
    );
    expect(await answerOf(server.clientOf(bob).send(command))).toBe('accepted');
  });
});

describe('a dry run', () => {
  test('tells that it would, or why not', async () => {
    const server = await startKms();
    const KeyId = await server.key();
    const CiphertextBlob = await sealedBy(server, KeyId);
    const would = /^DryRunOperationException 412|^DryRunOperationException 400/;
    const dry = { DryRun: true };
    expect(await answerOf(sealedBy(server, KeyId, dry))).toMatch(would);
    expect(await answerOf(opened(server, CiphertextBlob, dry))).toMatch(would);
    const damaged = CiphertextBlob.subarray(1);
    expect(await answerOf(opened(server, damaged, dry))).toMatch(invalid);
    const ignoring = { ...dry, KeyId, DryRunModifiers: ['IGNORE_CIPHERTEXT'] };
    expect(await answerOf(opened(server, damaged, ignoring))).toMatch(would);
    const unsaid = { KeyId, DryRunModifiers: ['IGNORE_CIPHERTEXT'] };
    expect(await answerOf(opened(server, damaged, unsaid))).toMatch(/^ValidationException/);
  });
});

describe('policies', () => {
  let server: Server;
  let KeyId: string;
  let CiphertextBlob: Uint8Array;
  const context = { department: 'hr' };

  async function prepared() {
    server = await startKms();
    KeyId = await server.key();
    CiphertextBlob = await sealedBy(server, KeyId, { EncryptionContext: context });
  }

  test('are asked with the context and the algorithm', async () => {
    await prepared();
    const bound = await server.user(
      'ann',
      allow('kms:Decrypt', {
        Condition: {
          StringEquals: {
            'kms:EncryptionContext:department': 'hr',
            'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT',
          },
        },
      }),
    );
    const ann = server.clientOf(bound);
    const command = new sdk.DecryptCommand({ CiphertextBlob, EncryptionContext: context });
    expect(await answerOf(ann.send(command))).toBe('accepted');
    const without = new sdk.DecryptCommand({ CiphertextBlob });
    expect(await answerOf(ann.send(without))).toMatch(/^AccessDeniedException 400: .*kms:Decrypt/);
  });

  test('of one key do not open what another sealed', async () => {
    await prepared();
    const other = await server.key();
    const only = await server.user('ann', {
      ...{ Effect: 'Allow', Action: 'kms:Decrypt', Resource: kmsArn(`key/${other}`) },
    });
    const command = new sdk.DecryptCommand({ CiphertextBlob, EncryptionContext: context });
    expect(await answerOf(server.clientOf(only).send(command))).toMatch(/^AccessDenied/);
    const named = new sdk.DecryptCommand({ ...command.input, KeyId: other });
    expect(await answerOf(server.clientOf(only).send(named))).toMatch(/^IncorrectKeyException/);
  });

  test('are asked before it is told that something opens with no key', async () => {
    await prepared();
    const nobody = await server.user('ann');
    const command = new sdk.DecryptCommand({ CiphertextBlob: text('noise') });
    expect(await answerOf(server.clientOf(nobody).send(command))).toMatch(
      /^AccessDeniedException 400: .*key\/\*/,
    );
    expect(await answerOf(opened(server, text('noise')))).toMatch(invalid);
  });

  test('of the key let in another account, or not', async () => {
    await prepared();
    const client = server.clientOf(stranger);
    const command = new sdk.DecryptCommand({ CiphertextBlob, EncryptionContext: context });
    expect(await answerOf(client.send(command))).toMatch(/^AccessDenied/);
    const Policy = policy(
      allow('kms:*', { Principal: { AWS: 'arn:aws:iam::111122223333:root' } }),
      allow('kms:Decrypt', { Principal: { AWS: stranger.arn } }),
    );
    await server.send(new sdk.PutKeyPolicyCommand({ KeyId, Policy }));
    expect(await answerOf(client.send(command))).toBe('accepted');
  });

  test('in another region there is no such key', async () => {
    await prepared();
    const far = server.clientOf(await server.user('ann', allow('kms:*')), 'us-east-1');
    const command = new sdk.DecryptCommand({ CiphertextBlob, EncryptionContext: context });
    expect(await answerOf(far.send(command))).toMatch(invalid);
  });
});
