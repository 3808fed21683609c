/** Signatures, over messages and over their digests. */
import type * as sdk from '@aws-sdk/client-kms';
import { digestSizeBytes, type ToSign } from '../../engines/keys/crypto/signing.ts';
import type { SigningAlgorithm } from '../../engines/keys/crypto/specs.ts';
import { wrongUsage } from '../../engines/keys/crypto/usable.ts';
import type { KeyRow } from '../../engines/keys/rows.ts';
import type { KmsCtx } from './context.ts';
import { answered, bytesOf, keyOf, unlessDry } from './crypto-answers.ts';
import { faultOf, faults } from './faults.ts';

export async function sign(input: sdk.SignRequest, ctx: KmsCtx): Promise<sdk.SignResponse> {
  const key = await keyOf(input.KeyId, ctx);
  const what = toSign(input, key, 'Sign');
  const Signature = answered(await ctx.keys.sign(key, what));
  return unlessDry(input, { KeyId: key.arn, Signature, SigningAlgorithm: what.algorithm });
}

export async function verify(input: sdk.VerifyRequest, ctx: KmsCtx): Promise<sdk.VerifyResponse> {
  const key = await keyOf(input.KeyId, ctx);
  const what = toSign(input, key, 'Verify');
  const signature = bytesOf(input.Signature);
  const SignatureValid = answered(await ctx.keys.verify(key, { ...what, signature }));
  if (!SignatureValid) throw faults.invalidSignature();
  return unlessDry(input, { KeyId: key.arn, SignatureValid, SigningAlgorithm: what.algorithm });
}

/** What the original can and OpenSSL, as Node has it, cannot. */
const unsupported = ['ED25519_PH_SHA_512', 'ML_DSA_SHAKE_256', 'SM2DSA'];

function toSign(input: sdk.SignRequest, key: KeyRow, operation: string): ToSign {
  const { SigningAlgorithm: name = '', MessageType = 'RAW' } = input;
  if (unsupported.includes(name)) {
    throw faults.unsupported(`SigningAlgorithm ${name} is not supported.`);
  }
  if (MessageType === 'EXTERNAL_MU') {
    throw faults.unsupported('MessageType EXTERNAL_MU is not supported.');
  }
  const refused = wrongUsage(key, { usage: 'SIGN_VERIFY', operation, algorithm: name });
  if (refused) throw faultOf(refused);
  const algorithm = name as SigningAlgorithm;
  const message = bytesOf(input.Message);
  const isDigest = MessageType === 'DIGEST';
  if (isDigest) assertDigest(algorithm, message);
  return { algorithm, message, isDigest };
}

function assertDigest(algorithm: SigningAlgorithm, digest: Uint8Array): void {
  const sizeBytes = digestSizeBytes(algorithm);
  if (sizeBytes === undefined) {
    throw faults.validation(`MessageType DIGEST is not valid for algorithm ${algorithm}.`);
  }
  if (digest.length !== sizeBytes) {
    throw faults.validation(`Digest is invalid length for algorithm ${algorithm}.`);
  }
}
