/** Secrets made and changed. */
import type * as sm from '@aws-sdk/client-secrets-manager';
import { given } from '../../engines/secrets/answer.ts';
import type { SecretRow } from '../../engines/secrets/rows.ts';
import { type Ctx, named, secretOf, tokenOf, valueOf } from './context.ts';
import { faults } from './faults.ts';
import { checkedTags } from './tag.ts';
import { valueIn } from './value-input.ts';

const nameForm = /^[A-Za-z0-9/_+=.@!-]{1,512}$/;

export async function createSecret(
  input: sm.CreateSecretRequest,
  ctx: Ctx,
): Promise<sm.CreateSecretResponse> {
  const { Name: name = '', Description: description, KmsKeyId: keyId, AddReplicaRegions } = input;
  if (!nameForm.test(name)) throw faults.invalidName();
  if (AddReplicaRegions && AddReplicaRegions.length > 0) {
    throw faults.oneRegion('AddReplicaRegions');
  }
  refuseType(input.Type);
  const value = valueIn(input);
  const first = value && { token: tokenOf(input.ClientRequestToken, ctx), value };
  const made = await ctx.secrets.life.create({
    ...{ name, scope: ctx.scope, tags: checkedTags(input.Tags) },
    ...(description === undefined ? {} : { description }),
    ...(keyId ? { keyId } : {}),
    ...(first ? { first } : {}),
  });
  const { secret, version } = valueOf(made);
  return { ...named(secret), ...(version ? { VersionId: version.id } : {}) };
}

/** Secrets of partners, which rotate them themselves. */
function refuseType(type: string | undefined): void {
  if (!type) return;
  throw faults.invalidParameter(`Secrets of the Type '${type}' are not managed by this server.`);
}

export async function updateSecret(
  input: sm.UpdateSecretRequest,
  ctx: Ctx,
): Promise<sm.UpdateSecretResponse> {
  refuseType(input.Type);
  const value = valueIn(input);
  const secret = await secretOf(input.SecretId, ctx);
  const { versions, life } = ctx.secrets;
  const changed = (row: SecretRow) => changedBy(row, input);
  const isOtherKey = changed(secret).keyId !== secret.keyId;
  if (isOtherKey) valueOf(await versions.trySeal(changed(secret)));
  const token = tokenOf(input.ClientRequestToken, ctx);
  const version = value && valueOf(await versions.put(secret, { token, value }, changed));
  const nowMs = ctx.secrets.nowMs();
  const row = version
    ? changed(secret)
    : valueOf(await life.change(secret, (one) => given({ ...changed(one), changedAtMs: nowMs })));
  if (isOtherKey) valueOf(await versions.reseal(row));
  return { ...named(secret), ...(version ? { VersionId: version.id } : {}) };
}

/** An empty key is the service's own. */
function changedBy(
  row: SecretRow,
  { Description: description, KmsKeyId: keyId }: sm.UpdateSecretRequest,
): SecretRow {
  const { keyId: before, ...others } = row;
  const kept = keyId === undefined ? before : keyId;
  return {
    ...others,
    ...(kept ? { keyId: kept } : {}),
    ...(description === undefined ? {} : { description }),
  };
}
