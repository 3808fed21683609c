/** Access keys of users. A secret is shown once, when its key is made, and kept sealed. */
import type * as sdk from '@aws-sdk/client-iam';
import { newCredentials, sealedSecretContext } from '../../engines/identity/credentials.ts';
import { type AccessKeyRow, accessKeys, keyUses, nameKey } from '../../engines/identity/rows.ts';
import { assert } from '../../kernel/assert.ts';
import type { Reader, Transaction } from '../../ports/metadata-store.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';
import { sparingAdministrator } from './last-administrator.ts';
import { limits } from './limits.ts';
import { sliceOf } from './paging.ts';
import { userMeant } from './user-meant.ts';
import { keysOf, type Owner } from './user-parts.ts';

export async function createAccessKey(
  { UserName: name }: sdk.CreateAccessKeyRequest,
  ctx: IamCtx,
): Promise<sdk.CreateAccessKeyResponse> {
  const { accessKeyId, secretAccessKey } = newCredentials(ctx.random);
  const createdAtMs = ctx.clock.nowMs();
  const sealedSecret = ctx.vault.seal(secretAccessKey, sealedSecretContext(accessKeyId));
  const row = await ctx.identity.write(async (tx) => {
    const user = await userMeant(tx, ctx, name);
    const most = limits.accessKeysPerUser;
    if ((await keysOf(tx, user)).length >= most) throw faults.limit('AccessKeysPerUser', most);
    const owner = { account: user.account, userName: user.name };
    const made: AccessKeyRow = {
      ...{ accessKeyId, ...owner, sealedSecret, createdAtMs },
      status: 'Active',
    };
    assert(await tx.insert(accessKeys, accessKeyId, made), 'an access key id was drawn twice');
    return made;
  });
  return { AccessKey: { ...metadataOf(row), SecretAccessKey: secretAccessKey } };
}

export async function updateAccessKey(
  input: sdk.UpdateAccessKeyRequest,
  ctx: IamCtx,
): Promise<void> {
  const { AccessKeyId: id = '', Status: status } = input;
  if (status !== 'Active' && status !== 'Inactive') {
    throw faults.invalidInput('Status must be Active or Inactive.');
  }
  await ctx.identity.write((tx) =>
    sparingAdministrator(tx, ctx.scope, async () => {
      const user = await userMeant(tx, ctx, input.UserName);
      await tx.put(accessKeys, id, { ...(await keyNamed(tx, user, id)), status });
    }),
  );
}

export async function deleteAccessKey(
  { AccessKeyId: id = '', UserName: name }: sdk.DeleteAccessKeyRequest,
  ctx: IamCtx,
): Promise<void> {
  await ctx.identity.write((tx) =>
    sparingAdministrator(tx, ctx.scope, async () => {
      await keyNamed(tx, await userMeant(tx, ctx, name), id);
      await forgetKey(tx, id);
    }),
  );
}

async function forgetKey(tx: Transaction, id: string): Promise<void> {
  await tx.delete(accessKeys, id);
  await tx.delete(keyUses, id);
}

export async function listAccessKeys(
  input: sdk.ListAccessKeysRequest,
  ctx: IamCtx,
): Promise<sdk.ListAccessKeysResponse> {
  const { reader } = ctx.identity;
  const user = await userMeant(reader, ctx, input.UserName);
  const { rows, ...page } = sliceOf(input, await keysOf(reader, user));
  return { AccessKeyMetadata: rows.map(metadataOf), ...page };
}

/** `N/A` is what the original says of a key that was never used. */
export async function getAccessKeyLastUsed(
  { AccessKeyId: id = '' }: sdk.GetAccessKeyLastUsedRequest,
  { scope, identity: { reader } }: IamCtx,
): Promise<sdk.GetAccessKeyLastUsedResponse> {
  const key = await reader.get(accessKeys, id);
  if (key?.account !== scope.account) throw faults.noSuchAccessKey(id);
  const used = await reader.get(keyUses, id);
  return {
    UserName: key.userName,
    AccessKeyLastUsed: {
      ServiceName: used?.service ?? 'N/A',
      Region: used?.region ?? 'N/A',
      LastUsedDate: used && new Date(used.atMs),
    },
  };
}

/** The key, if it is that user's. */
async function keyNamed(reader: Reader, user: Owner, id: string): Promise<AccessKeyRow> {
  const row = await reader.get(accessKeys, id);
  const owner = row && nameKey(row.account, row.userName);
  if (!row || owner !== nameKey(user.account, user.name)) throw faults.noSuchAccessKey(id);
  return row;
}

function metadataOf(row: AccessKeyRow) {
  return {
    UserName: row.userName,
    AccessKeyId: row.accessKeyId,
    Status: row.status,
    CreateDate: new Date(row.createdAtMs),
  };
}
