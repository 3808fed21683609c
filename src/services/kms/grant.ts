/** Grants: a principal's leave to use a key for some operations, beside the key's policy. */
import type * as sdk from '@aws-sdk/client-kms';
import { findKey } from '../../engines/keys/finding.ts';
import { grantsPerGrantee } from '../../engines/keys/policy-of.ts';
import {
  type GrantRow,
  granteeOf,
  grantRows,
  type KeyRow,
  keyed,
} from '../../engines/keys/rows.ts';
import type { Reader, Transaction } from '../../ports/metadata-store.ts';
import type { KmsCtx } from './context.ts';
import { faults } from './faults.ts';
import { checkedGrant, type NewGrant } from './grant-rules.ts';
import { grantById, grantToken } from './grant-token.ts';
import { putKey } from './key.ts';
import { assertState, keyById } from './key-named.ts';

/** Grants that one key may have. */
const grantsPerKey = 50_000;
const idBytes = 32;

export async function createGrant(
  input: sdk.CreateGrantRequest,
  ctx: KmsCtx,
): Promise<sdk.CreateGrantResponse> {
  const { store, scope, random, clock } = ctx;
  const { KeyId = '' } = input;
  const wanted = await checkedGrant(store, await grantable(store, KeyId, ctx), input);
  if (input.DryRun) throw faults.dryRun();
  const id = Buffer.from(random.bytes(idBytes)).toString('hex');
  const grant = await store.write(async (tx) => {
    const key = await grantable(tx, KeyId, ctx);
    const others = await grantsLike(tx, key, wanted);
    const same = others.find((row) => wanted.name !== undefined && isSame(row, wanted));
    if (same) return same;
    if (others.length >= grantsPerGrantee) {
      throw faults.limit(`${wanted.grantee} may have ${grantsPerGrantee} grants on one key.`);
    }
    const about = { id, keyId: key.id, keyArn: key.arn, issuer: scope.account };
    const made: GrantRow = { ...wanted, ...about, createdAtMs: clock.nowMs() };
    await insertGrant(tx, key, made);
    return made;
  });
  return { GrantId: grant.id, GrantToken: grantToken.of(ctx, grant) };
}

async function grantable(reader: Reader, reference: string, ctx: KmsCtx): Promise<KeyRow> {
  const key = await keyById(reader, reference, ctx.scope);
  assertState(key, 'Enabled');
  return key;
}

async function grantsLike(reader: Reader, key: KeyRow, { grantee, granteeId }: NewGrant) {
  const equals = granteeOf(key.arn, granteeId ?? grantee);
  const range = { index: 'grantee', equals, limit: grantsPerGrantee };
  return (await reader.listBy(grantRows, range)).map(({ row }) => row);
}

/** A request that is made again, under the same name, gets the grant it made. */
function isSame(row: GrantRow, wanted: NewGrant): boolean {
  const { id: _id, keyId: _key, keyArn: _arn, createdAtMs: _at, issuer: _issuer, ...made } = row;
  return canonical(made) === canonical(wanted);
}

function canonical({ operations, contextEquals, contextSubset, ...rest }: NewGrant): string {
  const sorted = (pairs: object) => Object.entries(pairs).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    ...[sorted(rest), [...operations].sort()],
    ...[sorted(contextEquals ?? {}), sorted(contextSubset ?? {})],
  ]);
}

async function insertGrant(tx: Transaction, key: KeyRow, grant: GrantRow): Promise<void> {
  const grants = (key.grants ?? 0) + 1;
  if (grants > grantsPerKey) throw faults.limit(`A key may have ${grantsPerKey} grants.`);
  await tx.put(grantRows, grantKey(key, grant.id), grant);
  await putKey(tx, { ...key, grants });
}

function grantKey(key: KeyRow, id: string): string {
  return `${keyed(key, key.id)}/${id}`;
}

/** By whoever may administer the key; in any state of it. */
export async function revokeGrant(
  { KeyId = '', GrantId = '', DryRun }: sdk.RevokeGrantRequest,
  { store, scope }: KmsCtx,
) {
  await store.write(async (tx) => {
    const key = await keyById(tx, KeyId, scope);
    await removeGrant(tx, key, { id: GrantId, dryRun: DryRun });
  });
}

/** By whoever the grant says may end it; see the permission. */
export async function retireGrant(input: sdk.RetireGrantRequest, ctx: KmsCtx) {
  const { keyArn, id } = retired(input, ctx);
  await ctx.store.write(async (tx) => {
    const key = await keyById(tx, keyArn, ctx.scope);
    await removeGrant(tx, key, { id, dryRun: input.DryRun });
  });
}

/** The grant that is to be retired: by its token, or by key and id. Throws `Fault`. */
function retired(
  { GrantToken, KeyId, GrantId }: sdk.RetireGrantRequest,
  ctx: Pick<KmsCtx, 'vault'>,
): { readonly keyArn: string; readonly id: string } {
  const isByToken = GrantToken !== undefined && KeyId === undefined && GrantId === undefined;
  if (isByToken) return grantToken.meant(ctx, GrantToken);
  if (GrantToken !== undefined || KeyId === undefined || GrantId === undefined) {
    throw faults.validation('Either GrantToken, or KeyId and GrantId must be given');
  }
  return { keyArn: KeyId, id: GrantId };
}

async function removeGrant(
  tx: Transaction,
  key: KeyRow,
  { id, dryRun }: { readonly id: string; readonly dryRun: boolean | undefined },
): Promise<void> {
  await grantById(tx, grantKey(key, id), id);
  if (dryRun) throw faults.dryRun();
  await tx.delete(grantRows, grantKey(key, id));
  await putKey(tx, { ...key, grants: Math.max(0, (key.grants ?? 0) - 1) });
}

/** The grant and its key, for permissions; `malformed` for what names no grant at all. */
export async function retirable(
  { GrantToken, KeyId, GrantId }: sdk.RetireGrantRequest,
  { store, scope, vault }: KmsCtx,
): Promise<{ readonly key: KeyRow; readonly grant: GrantRow } | 'malformed' | undefined> {
  const token = GrantToken === undefined ? undefined : grantToken.read({ vault }, GrantToken);
  const reference = token?.keyArn ?? KeyId;
  const id = token?.id ?? GrantId;
  if (reference === undefined || id === undefined) return 'malformed';
  const key = await findKey(store, reference, scope);
  const grant = key.ok ? await store.get(grantRows, grantKey(key.value, id)) : undefined;
  return key.ok && grant ? { key: key.value, grant } : undefined;
}
