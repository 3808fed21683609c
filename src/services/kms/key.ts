/** Keys as they are: describing, listing, switching on and off, and their descriptions. */
import type * as sdk from '@aws-sdk/client-kms';
import { meantBy } from '../../engines/keys/finding.ts';
import { type KeyRow, type KeyState, keyed, keyRows } from '../../engines/keys/rows.ts';
import { serviceOfAlias } from '../../engines/keys/service-keys.ts';
import { upkeepLoop } from '../../jobs/key-upkeep/loop.ts';
import type { Reader, Transaction } from '../../ports/metadata-store.ts';
import type { KmsCtx } from './context.ts';
import { assertState, keyNamed, managedKey } from './key-named.ts';
import { metadataOf } from './key-shape.ts';
import { pageOf } from './paging.ts';

export async function describeKey(
  { KeyId = '' }: sdk.DescribeKeyRequest,
  ctx: KmsCtx,
): Promise<sdk.DescribeKeyResponse> {
  const row = (await predefined(KeyId, ctx)) ?? (await keyNamed(ctx.store, KeyId, ctx.scope));
  return { KeyMetadata: metadataOf(row) };
}

/** As in the original, to describe an alias of a service is to use it: its key is made. */
async function predefined(reference: string, ctx: KmsCtx): Promise<KeyRow | undefined> {
  const meant = meantBy(reference, ctx.scope);
  if (meant?.kind !== 'alias' || !isHere(meant.scope, ctx)) return undefined;
  const service = serviceOfAlias(meant.name);
  return service === undefined ? undefined : ctx.keys.ofService(service, ctx.scope);
}

function isHere(meant: KmsCtx['scope'], { scope }: KmsCtx): boolean {
  return meant.account === scope.account && meant.region === scope.region;
}

const listSizes = { usual: 100, most: 1_000 };

export async function listKeys(
  input: sdk.ListKeysRequest,
  { store, scope }: KmsCtx,
): Promise<sdk.ListKeysResponse> {
  const prefix = keyed(scope, '');
  const { rows, ...more } = await pageOf({ ...input, sizes: listSizes }, (after, limit) =>
    store.list(keyRows, { prefix, limit, ...(after === undefined ? {} : { after }) }),
  );
  return { Keys: rows.map(({ id, arn }) => ({ KeyId: id, KeyArn: arn })), ...more };
}

export async function enableKey({ KeyId = '' }: sdk.EnableKeyRequest, ctx: KmsCtx) {
  await ctx.store.write(async (tx) => {
    const row = await switchable(tx, KeyId, ctx);
    await putKey(tx, { ...row, state: 'Enabled' });
  });
  // A rotation may have become due while it was disabled.
  ctx.lifecycle.wake(upkeepLoop);
}

export async function disableKey({ KeyId = '' }: sdk.DisableKeyRequest, ctx: KmsCtx) {
  const arn = await ctx.store.write(async (tx) => {
    const row = await switchable(tx, KeyId, ctx);
    await putKey(tx, { ...row, state: 'Disabled' });
    return row.arn;
  });
  ctx.lifecycle.forget(arn);
}

async function switchable(reader: Reader, reference: string, ctx: KmsCtx): Promise<KeyRow> {
  const row = await managedKey(reader, reference, ctx.scope);
  assertState(row, 'Enabled', 'Disabled');
  return row;
}

export async function updateKeyDescription(
  { KeyId = '', Description: description = '' }: sdk.UpdateKeyDescriptionRequest,
  ctx: KmsCtx,
) {
  await ctx.store.write(async (tx) => {
    const row = await managedKey(tx, KeyId, ctx.scope);
    assertState(row, ...changeable);
    await putKey(tx, { ...row, description });
  });
}

/** What is going to be deleted is not changed any more. */
export const changeable: readonly KeyState[] = ['Enabled', 'Disabled', 'PendingImport'];

export async function putKey(tx: Transaction, row: KeyRow): Promise<void> {
  await tx.put(keyRows, keyed(row, row.id), row);
}
