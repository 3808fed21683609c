/** Values of secrets: put as new versions, and read. */
import type * as sm from '@aws-sdk/client-secrets-manager';
import type { SecretRow } from '../../engines/secrets/rows.ts';
import type { ReadVersion } from '../../engines/secrets/versions.ts';
import { type Ctx, dateOf, named, secretOf, tokenOf, valueOf } from './context.ts';
import { faults } from './faults.ts';
import { valueIn, valueOut } from './value-input.ts';

export async function getSecretValue(
  input: sm.GetSecretValueRequest,
  ctx: Ctx,
): Promise<sm.GetSecretValueResponse> {
  const secret = await secretOf(input.SecretId, ctx);
  return await readValue(secret, input, ctx);
}

type Which = Pick<sm.GetSecretValueRequest, 'VersionId' | 'VersionStage'>;

export async function readValue(
  secret: SecretRow,
  { VersionId: id, VersionStage: label }: Which,
  ctx: Ctx,
): Promise<sm.GetSecretValueResponse> {
  // The service's key serves its own account only.
  if (secret.keyId === undefined && ctx.caller.account !== secret.account) {
    throw faults.foreignDefaultKey();
  }
  const read = await ctx.secrets.versions.read(secret, {
    ...(id === undefined ? {} : { id }),
    ...(label === undefined ? {} : { label }),
  });
  return { ...named(secret), ...told(valueOf(read)) };
}

function told({ version, value }: ReadVersion) {
  return {
    VersionId: version.id,
    VersionStages: [...version.labels],
    CreatedDate: dateOf(version.createdAtMs),
    ...valueOut(value),
  };
}

export async function putSecretValue(
  input: sm.PutSecretValueRequest,
  ctx: Ctx,
): Promise<sm.PutSecretValueResponse> {
  const value = valueIn(input);
  if (!value) {
    throw faults.invalidRequest('You must provide either SecretString or SecretBinary.');
  }
  const { VersionStages: labels, RotationToken: rotationToken } = input;
  const secret = await secretOf(input.SecretId, ctx);
  const put = await ctx.secrets.versions.put(secret, {
    ...{ token: tokenOf(input.ClientRequestToken, ctx), value },
    ...(labels === undefined ? {} : { labels }),
    ...(rotationToken === undefined ? {} : { rotationToken }),
  });
  const version = valueOf(put);
  return { ...named(secret), VersionId: version.id, VersionStages: [...version.labels] };
}
