/** Secrets deleted after a while, or at once, and taken back before their end. */
import type * as sm from '@aws-sdk/client-secrets-manager';
import { absentArn } from '../../engines/secrets/permission.ts';
import { dayMs } from '../../kernel/clock.ts';
import { type Ctx, dateOf, named, secretOf, valueOf } from './context.ts';
import { faults } from './faults.ts';

const windowDays = { least: 7, most: 30 };

export async function deleteSecret(
  input: sm.DeleteSecretRequest,
  ctx: Ctx,
): Promise<sm.DeleteSecretResponse> {
  const { RecoveryWindowInDays: asked, ForceDeleteWithoutRecovery: force = false } = input;
  if (force && asked !== undefined) {
    throw faults.invalidParameter(
      "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    );
  }
  const days = Number(asked ?? windowDays.most);
  if (!(days >= windowDays.least && days <= windowDays.most)) {
    throw faults.invalidParameter(
      `The RecoveryWindowInDays value must be between ${windowDays.least} and ` +
        `${windowDays.most} days (inclusive).`,
    );
  }
  if (force) return await destroyed(input.SecretId ?? '', ctx);
  const secret = await secretOf(input.SecretId, ctx);
  const row = valueOf(await ctx.secrets.life.scheduleDeletion(secret, days));
  const atMs = row.deleteAtMs ?? ctx.secrets.nowMs() + days * dayMs;
  return { ...named(row), DeletionDate: dateOf(atMs) };
}

/** Not refused for a secret that is not there: the caller's wish is the case already. */
async function destroyed(reference: string, ctx: Ctx): Promise<sm.DeleteSecretResponse> {
  const DeletionDate = dateOf(ctx.secrets.nowMs());
  const secret = await ctx.secrets.life.find(reference, ctx.scope);
  if (!secret) return { ARN: absentArn(reference, ctx.scope), Name: reference, DeletionDate };
  await ctx.secrets.life.destroy(secret);
  return { ...named(secret), DeletionDate };
}

export async function restoreSecret(
  input: sm.RestoreSecretRequest,
  ctx: Ctx,
): Promise<sm.RestoreSecretResponse> {
  const secret = await secretOf(input.SecretId, ctx);
  return named(valueOf(await ctx.secrets.life.restore(secret)));
}
