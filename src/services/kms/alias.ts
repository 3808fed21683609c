/** Aliases: other names of keys, which can be moved from key to key. */
import type * as sdk from '@aws-sdk/client-kms';
import { aliasesPerKey, linkAlias, unlinkAlias } from '../../engines/keys/aliases.ts';
import { aliasPrefix, meantBy } from '../../engines/keys/finding.ts';
import { type AliasRow, aliasRows, type KeyRow, keyed } from '../../engines/keys/rows.ts';
import { reservedPrefix, servicesWithKeys } from '../../engines/keys/service-keys.ts';
import { formatArn, type Scope } from '../../kernel/arn.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import type { KmsCtx } from './context.ts';
import { faults } from './faults.ts';
import { changeable } from './key.ts';
import { assertState, ownKey } from './key-named.ts';
import { type PageSizes, sliceOf } from './paging.ts';

export function aliasArn(scope: Scope, name: string): string {
  return formatArn(scope, 'kms', name);
}

export async function createAlias(
  { AliasName: name = '', TargetKeyId = '' }: sdk.CreateAliasRequest,
  { store, scope, clock }: KmsCtx,
) {
  assertName(name);
  await store.write(async (tx) => {
    const target = await targetOf(tx, TargetKeyId, scope);
    if (await tx.get(aliasRows, keyed(scope, name)))
      throw faults.aliasExists(aliasArn(scope, name));
    await linkAlias(tx, target, { name, nowMs: clock.nowMs() });
  });
}

/** Both keys must be of one kind: what has been sealed under the name must stay to be opened. */
export async function updateAlias(
  { AliasName: name = '', TargetKeyId = '' }: sdk.UpdateAliasRequest,
  { store, scope, clock }: KmsCtx,
) {
  assertName(name);
  await store.write(async (tx) => {
    const alias = await aliasNamed(tx, name, scope);
    const before = await ownKey(tx, alias.keyId, scope);
    const target =
      TargetKeyId === before.id || TargetKeyId === before.arn
        ? before
        : await targetOf(tx, TargetKeyId, scope);
    if (before.usage !== target.usage || isSymmetric(before) !== isSymmetric(target)) {
      throw faults.validation(
        `The key ${target.arn} is of another type or usage than ${before.arn}, ` +
          `the key of ${name}.`,
      );
    }
    await linkAlias(tx, target, { name, nowMs: clock.nowMs() });
  });
}

export async function deleteAlias(
  { AliasName: name = '' }: sdk.DeleteAliasRequest,
  { store, scope }: KmsCtx,
) {
  assertName(name);
  await store.write(async (tx) => unlinkAlias(tx, await aliasNamed(tx, name, scope)));
}

const sizes: PageSizes = { usual: 50, most: 100 };
/** Aliases of an account that are listed. */
const mostAliases = 10_000;

/** Those of services are shown before there is a key behind them. */
export async function listAliases(
  input: sdk.ListAliasesRequest,
  { store, scope }: KmsCtx,
): Promise<sdk.ListAliasesResponse> {
  const key = input.KeyId === undefined ? undefined : await ownKey(store, input.KeyId, scope);
  const prefix = keyed(scope, '');
  const entries = await store.list(aliasRows, { prefix, limit: mostAliases });
  const present = entries.map(({ row }) => shown(row, scope));
  const names = new Set(present.map(({ AliasName }) => AliasName));
  const unmade = servicesWithKeys
    .map((service) => `${reservedPrefix}${service}`)
    .filter((name) => !names.has(name))
    .map((AliasName) => ({ AliasName, AliasArn: aliasArn(scope, AliasName) }));
  const all: sdk.AliasListEntry[] = [...present, ...unmade]
    .filter((entry: sdk.AliasListEntry) => !key || entry.TargetKeyId === key.id)
    .sort((a, b) => (a.AliasName ?? '').localeCompare(b.AliasName ?? '', 'en'));
  const { rows, ...more } = sliceOf({ ...input, sizes }, all);
  return { Aliases: [...rows], ...more };
}

function shown(row: AliasRow, scope: Scope): sdk.AliasListEntry {
  return {
    ...{ AliasName: row.name, AliasArn: aliasArn(scope, row.name), TargetKeyId: row.keyId },
    CreationDate: new Date(row.createdAtMs),
    LastUpdatedDate: new Date(row.updatedAtMs),
  };
}

const namePattern = /^alias\/[a-zA-Z0-9/_-]+$/;

function assertName(name: string): void {
  if (!name.startsWith(aliasPrefix)) {
    throw faults.validation(`Alias must start with the prefix "alias/". Please see ${docs}`);
  }
  if (name.startsWith(reservedPrefix)) {
    throw faults.notAuthorized(`The prefix ${reservedPrefix} is reserved: ${name}`);
  }
  if (!namePattern.test(name)) {
    throw faults.invalidAlias(`${name} contains invalid characters for an alias`);
  }
}

const docs = 'https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html';

async function targetOf(reader: Reader, reference: string, scope: Scope): Promise<KeyRow> {
  if (meantBy(reference, scope)?.kind === 'alias') {
    throw faults.validation('Aliases must refer to keys. Not aliases');
  }
  const row = await ownKey(reader, reference, scope);
  if (row.manager === 'service') {
    throw faults.notAuthorized(`${row.arn} is managed by a service: it has the one alias.`);
  }
  assertState(row, ...changeable);
  if ((row.aliases ?? []).length >= aliasesPerKey) {
    throw faults.limit(`A key may have ${aliasesPerKey} aliases: ${row.arn}`);
  }
  return row;
}

async function aliasNamed(reader: Reader, name: string, scope: Scope): Promise<AliasRow> {
  const row = await reader.get(aliasRows, keyed(scope, name));
  if (!row) throw faults.aliasNotFound(aliasArn(scope, name));
  return row;
}

function isSymmetric({ spec }: KeyRow): boolean {
  return spec === 'SYMMETRIC_DEFAULT' || spec.startsWith('HMAC_');
}
