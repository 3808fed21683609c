/** Message authentication codes: making them and telling whether they are right. */
import type * as sdk from '@aws-sdk/client-kms';
import { isSame } from '../../engines/keys/crypto/mac.ts';
import type { MacAlgorithm } from '../../engines/keys/crypto/specs.ts';
import type { KmsCtx } from './context.ts';
import { answered, bytesOf, keyOf, unlessDry } from './crypto-answers.ts';
import { faults } from './faults.ts';

export async function generateMac(
  input: sdk.GenerateMacRequest,
  ctx: KmsCtx,
): Promise<sdk.GenerateMacResponse> {
  const { mac, keyArn } = await macOf(input, ctx, 'GenerateMac');
  return unlessDry(input, { Mac: mac, MacAlgorithm: input.MacAlgorithm, KeyId: keyArn });
}

export async function verifyMac(
  input: sdk.VerifyMacRequest,
  ctx: KmsCtx,
): Promise<sdk.VerifyMacResponse> {
  const { mac, keyArn } = await macOf(input, ctx, 'VerifyMac');
  if (!isSame(mac, bytesOf(input.Mac))) throw faults.invalidMac();
  return unlessDry(input, { KeyId: keyArn, MacValid: true, MacAlgorithm: input.MacAlgorithm });
}

async function macOf(input: sdk.GenerateMacRequest, ctx: KmsCtx, operation: string) {
  const key = await keyOf(input.KeyId, ctx);
  const message = bytesOf(input.Message);
  const algorithm = input.MacAlgorithm as MacAlgorithm;
  return {
    mac: answered(await ctx.keys.mac(key, { message, algorithm, operation })),
    keyArn: key.arn,
  };
}
