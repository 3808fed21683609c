/** Lists of secrets and of their versions. */
import type * as sm from '@aws-sdk/client-secrets-manager';
import { matchesAll, type SecretFilter } from '../../engines/secrets/filters.ts';
import type { SecretRow } from '../../engines/secrets/rows.ts';
import { type Ctx, dateOf, named, secretOf } from './context.ts';
import { description, stagesOf } from './describe.ts';
import { faults } from './faults.ts';
import { type Page, type Place, pageOf } from './paging.ts';

const defaultSize = 100;

export async function listSecrets(
  input: sm.ListSecretsRequest,
  ctx: Ctx,
): Promise<sm.ListSecretsResponse> {
  const size = input.MaxResults ?? defaultSize;
  const page = await searched(input, { ctx, size, list: 'ListSecrets' });
  const SecretList = await Promise.all(page.items.map((secret) => entryOf(secret, ctx)));
  return { SecretList, ...(page.NextToken ? { NextToken: page.NextToken } : {}) };
}

async function entryOf(secret: SecretRow, ctx: Ctx): Promise<sm.SecretListEntry> {
  const stages = stagesOf(await ctx.secrets.versions.list(secret));
  return { ...description(secret), ...(stages ? { SecretVersionsToStages: stages } : {}) };
}

type Search = Pick<
  sm.ListSecretsRequest,
  'Filters' | 'IncludePlannedDeletion' | 'NextToken' | 'SortBy' | 'SortOrder'
>;

/** A page of the secrets that a search finds. Throws InvalidParameter, InvalidNextToken. */
export async function searched(
  input: Search,
  { ctx, size, list }: { readonly ctx: Ctx; readonly size: number; readonly list: string },
): Promise<Page<SecretRow>> {
  const filters = filtersIn(input.Filters);
  const all = await ctx.secrets.life.all(ctx.scope);
  const found = all.filter(
    (row) =>
      (input.IncludePlannedDeletion || row.deleteAtMs === undefined) && matchesAll(row, filters),
  );
  const { NextToken, SortOrder, SortBy = 'created-date' } = input;
  const descending = SortOrder === 'desc';
  const order = `${list} ${SortBy} ${descending}`;
  return pageOf(found, placeBy(SortBy), { list: order, NextToken, size, descending });
}

function placeBy(by: string): (row: SecretRow) => Place {
  return (row) => {
    const { name } = row;
    if (by === 'name') return { value: name, name };
    if (by === 'last-changed-date') return { value: row.changedAtMs, name };
    if (by === 'last-accessed-date') return { value: row.accessedDayMs ?? 0, name };
    return { value: row.createdAtMs, name };
  };
}

export function filtersIn(filters: readonly sm.Filter[] = []): readonly SecretFilter[] {
  return filters.map(({ Key: field, Values: values }) => {
    if (field === undefined) throw faults.invalidParameter('You must specify the Key of a filter.');
    if (!values || values.length === 0) {
      throw faults.invalidParameter(`Invalid filter values for key: ${field}`);
    }
    return { field, values };
  });
}

export async function listSecretVersionIds(
  input: sm.ListSecretVersionIdsRequest,
  ctx: Ctx,
): Promise<sm.ListSecretVersionIdsResponse> {
  const secret = await secretOf(input.SecretId, ctx);
  const { NextToken, MaxResults: size = defaultSize, IncludeDeprecated = false } = input;
  const all = (await ctx.secrets.versions.list(secret)).filter(
    ({ labels }) => IncludeDeprecated || labels.length > 0,
  );
  const placeOf = ({ id, createdAtMs }: (typeof all)[number]) => ({ value: createdAtMs, name: id });
  const page = pageOf(all, placeOf, { list: secret.arn, NextToken, size, descending: true });
  const Versions = page.items.map(({ id, labels, createdAtMs, accessedDayMs, keyArn }) => ({
    VersionId: id,
    CreatedDate: dateOf(createdAtMs),
    ...(labels.length > 0 ? { VersionStages: [...labels] } : {}),
    ...(accessedDayMs === undefined ? {} : { LastAccessedDate: dateOf(accessedDayMs) }),
    ...(keyArn === undefined
      ? {}
      : { KmsKeyIds: [secret.keyId === undefined ? 'DefaultEncryptionKey' : keyArn] }),
  }));
  return { ...named(secret), Versions, ...(page.NextToken ? { NextToken: page.NextToken } : {}) };
}
