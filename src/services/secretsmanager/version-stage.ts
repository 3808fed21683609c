/** Staging labels moved by hand. */
import type * as sm from '@aws-sdk/client-secrets-manager';
import { type Ctx, named, secretOf, valueOf } from './context.ts';

export async function updateSecretVersionStage(
  input: sm.UpdateSecretVersionStageRequest,
  ctx: Ctx,
): Promise<sm.UpdateSecretVersionStageResponse> {
  const { VersionStage: label = '', MoveToVersionId: to, RemoveFromVersionId: from } = input;
  const secret = await secretOf(input.SecretId, ctx);
  const moved = await ctx.secrets.versions.move(secret, {
    label,
    ...(to === undefined ? {} : { to }),
    ...(from === undefined ? {} : { from }),
  });
  return named(valueOf(moved));
}
