/** The public halves of pairs, and secrets agreed on with the private ones. */
import type { KeyObject } from 'node:crypto';
import type * as sdk from '@aws-sdk/client-kms';
import { publicKeyOf } from '../../engines/keys/crypto/material.ts';
import { algorithmsOf, isPairSpec, specs } from '../../engines/keys/crypto/specs.ts';
import { unusable } from '../../engines/keys/crypto/usable.ts';
import type { KeyRow } from '../../engines/keys/rows.ts';
import type { KmsCtx } from './context.ts';
import { answered, assertNoRecipient, bytesOf, keyOf, unlessDry } from './crypto-answers.ts';
import { faultOf, faults } from './faults.ts';

export async function getPublicKey(
  input: sdk.GetPublicKeyRequest,
  ctx: KmsCtx,
): Promise<sdk.GetPublicKeyResponse> {
  const key = await keyOf(input.KeyId, ctx);
  const { arn, spec, usage } = key;
  if (!isPairSpec(spec)) {
    throw faults.unsupported(`${arn} key spec is ${spec} which has no public key.`);
  }
  const { encryption, signing, agreement } = algorithmsOf(spec, usage);
  return {
    ...{ KeyId: arn, PublicKey: answered(await ctx.keys.publicKey(key)) },
    ...{ KeySpec: spec, KeyUsage: usage },
    CustomerMasterKeySpec: spec as sdk.CustomerMasterKeySpec,
    ...(encryption.length > 0 ? { EncryptionAlgorithms: [...encryption] } : {}),
    ...(signing.length > 0 ? { SigningAlgorithms: [...signing] } : {}),
    ...(agreement.length > 0 ? { KeyAgreementAlgorithms: [...agreement] } : {}),
  };
}

export async function deriveSharedSecret(
  input: sdk.DeriveSharedSecretRequest,
  ctx: KmsCtx,
): Promise<sdk.DeriveSharedSecretResponse> {
  assertNoRecipient(input.Recipient);
  const key = await keyOf(input.KeyId, ctx);
  const wanted = { usage: 'KEY_AGREEMENT', operation: 'DeriveSharedSecret' } as const;
  const algorithm = 'ECDH';
  const refused = unusable(key, { ...wanted, algorithm }, ctx.clock.nowMs());
  if (refused) throw faultOf(refused);
  const other = otherHalf(key, bytesOf(input.PublicKey));
  const SharedSecret = answered(await ctx.keys.sharedSecret(key, other));
  return unlessDry(input, {
    ...{ KeyId: key.arn, SharedSecret, KeyAgreementAlgorithm: algorithm, KeyOrigin: key.origin },
  });
}

/** Of the key's own curve; OpenSSL reads no point that is not on it. */
function otherHalf({ spec }: KeyRow, der: Uint8Array): KeyObject {
  const facts = specs[spec];
  const curve = facts.kind === 'ecc' ? facts.curve : '';
  const key = readPublic(der);
  if (key?.asymmetricKeyDetails?.namedCurve === curve) return key;
  throw faults.validation(`PublicKey must be a public key of ${spec} in DER.`);
}

function readPublic(der: Uint8Array): KeyObject | undefined {
  try {
    return publicKeyOf(Buffer.from(der));
  } catch {
    // Whatever OpenSSL makes of it, it is no public key.
    return undefined;
  }
}
