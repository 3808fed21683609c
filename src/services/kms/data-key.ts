/** Keys for use elsewhere, each with a copy sealed under a managed key; and random bytes. */
import type * as sdk from '@aws-sdk/client-kms';
import { isPairSpec } from '../../engines/keys/crypto/specs.ts';
import { unusable } from '../../engines/keys/crypto/usable.ts';
import type { KmsCtx } from './context.ts';
import {
  answered,
  assertGiven,
  assertNoRecipient,
  keyOf,
  paired,
  unlessDry,
} from './crypto-answers.ts';
import { faultOf, faults } from './faults.ts';

export async function generateDataKey(
  input: sdk.GenerateDataKeyRequest,
  ctx: KmsCtx,
): Promise<sdk.GenerateDataKeyResponse> {
  assertNoRecipient(input.Recipient);
  const { plaintext, sealed, keyArn, material } = await dataKey(input, ctx);
  return unlessDry(input, {
    ...{ CiphertextBlob: sealed, Plaintext: plaintext, KeyId: keyArn, KeyMaterialId: material },
  });
}

export async function generateDataKeyWithoutPlaintext(
  input: sdk.GenerateDataKeyWithoutPlaintextRequest,
  ctx: KmsCtx,
): Promise<sdk.GenerateDataKeyWithoutPlaintextResponse> {
  const { plaintext, sealed, keyArn, material } = await dataKey(input, ctx);
  plaintext.fill(0);
  return unlessDry(input, { CiphertextBlob: sealed, KeyId: keyArn, KeyMaterialId: material });
}

async function dataKey(input: sdk.GenerateDataKeyWithoutPlaintextRequest, ctx: KmsCtx) {
  const { KeySpec: spec, NumberOfBytes: count } = input;
  if ((spec === undefined) === (count === undefined)) {
    throw faults.validation('Please specify either number of bytes or key spec.');
  }
  const sizeBytes = count ?? (spec === 'AES_128' ? 16 : 32);
  const key = await keyOf(input.KeyId, ctx);
  const context = input.EncryptionContext ?? {};
  return answered(await ctx.keys.dataKey(key, { context, sizeBytes }));
}

export async function generateDataKeyPair(
  input: sdk.GenerateDataKeyPairRequest,
  ctx: KmsCtx,
): Promise<sdk.GenerateDataKeyPairResponse> {
  assertNoRecipient(input.Recipient);
  const { privateKey, ...rest } = await dataKeyPair(input, ctx);
  return { PrivateKeyPlaintext: privateKey, ...rest };
}

export async function generateDataKeyPairWithoutPlaintext(
  input: sdk.GenerateDataKeyPairWithoutPlaintextRequest,
  ctx: KmsCtx,
): Promise<sdk.GenerateDataKeyPairWithoutPlaintextResponse> {
  const { privateKey, ...rest } = await dataKeyPair(input, ctx);
  privateKey.fill(0);
  return rest;
}

async function dataKeyPair(input: sdk.GenerateDataKeyPairWithoutPlaintextRequest, ctx: KmsCtx) {
  const { KeyPairSpec = '' } = input;
  if (!isPairSpec(KeyPairSpec)) {
    throw faults.unsupported(`KeyPairSpec ${KeyPairSpec} is not supported.`);
  }
  const key = await keyOf(input.KeyId, ctx);
  const wanted = { usage: 'ENCRYPT_DECRYPT', algorithm: 'SYMMETRIC_DEFAULT' } as const;
  const operation = 'GenerateDataKeyPair';
  // Looked at before the pair is made, which is the dear part of it.
  const refused = unusable(key, { ...wanted, operation }, ctx.clock.nowMs());
  if (refused) throw faultOf(refused);
  unlessDry(input, undefined);
  const { privateKey, publicKey } = await paired(ctx.keys.makePair(KeyPairSpec));
  const sealed = await ctx.keys.seal(key, privateKey, input.EncryptionContext ?? {});
  return {
    ...{ privateKey, PrivateKeyCiphertextBlob: answered(sealed), PublicKey: publicKey },
    ...{ KeyId: key.arn, KeyPairSpec },
    ...(key.material === undefined ? {} : { KeyMaterialId: key.material }),
  };
}

export async function generateRandom(
  input: sdk.GenerateRandomRequest,
  { random }: KmsCtx,
): Promise<sdk.GenerateRandomResponse> {
  assertNoRecipient(input.Recipient);
  if (input.CustomKeyStoreId !== undefined) {
    throw faults.unsupported('CustomKeyStoreId: this server has no custom key stores.');
  }
  assertGiven(input.NumberOfBytes, 'numberOfBytes');
  return { Plaintext: random.bytes(input.NumberOfBytes ?? 0) };
}
