/** Lists of grants: of a key, and of those that a principal may retire. */
import type * as sdk from '@aws-sdk/client-kms';
import { type GrantRow, grantRows, keyed } from '../../engines/keys/rows.ts';
import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { KmsCtx } from './context.ts';
import { faults } from './faults.ts';
import { keyById } from './key-named.ts';
import { pageOf, sliceOf } from './paging.ts';
import { isService } from './policy-principals.ts';

const sizes = { usual: 50, most: 100 };

export async function listGrants(
  input: sdk.ListGrantsRequest,
  { store, scope }: KmsCtx,
): Promise<sdk.ListGrantsResponse> {
  const { KeyId = '', GrantId, GranteePrincipal, GranteeServicePrincipal } = input;
  const key = await keyById(store, KeyId, scope);
  const grantee = GranteePrincipal ?? GranteeServicePrincipal;
  const prefix = `${keyed(key, key.id)}/`;
  const { rows, ...more } = await pageOf(
    { ...input, sizes },
    (after, limit) =>
      store.list(grantRows, { prefix, limit, ...(after === undefined ? {} : { after }) }),
    (row) =>
      (GrantId === undefined || row.id === GrantId) &&
      (grantee === undefined || row.grantee === grantee),
  );
  return { Grants: rows.map(shown), ...more };
}

/** Grants on keys of one account that one principal may retire. */
const mostRetirable = 10_000;

export async function listRetirableGrants(
  input: sdk.ListRetirableGrantsRequest,
  { store, scope }: KmsCtx,
): Promise<sdk.ListGrantsResponse> {
  const retiring = input.RetiringPrincipal ?? input.RetiringServicePrincipal;
  if (retiring === undefined) throw faults.validation('RetiringPrincipal must be given');
  if (!parseArn(retiring).ok && input.RetiringPrincipal !== undefined) {
    throw faults.invalidArn(`ARN does not refer to a valid principal: ${retiring}`);
  }
  const range = { index: 'retiring', equals: retiring, limit: mostRetirable };
  const found = (await store.listBy(grantRows, range)).map(({ row }) => row);
  const here = found.filter(({ keyArn }) => {
    const parsed = parseArn(keyArn);
    return parsed.ok && parsed.value.account === scope.account;
  });
  const { rows, ...more } = sliceOf({ ...input, sizes }, here);
  return { Grants: rows.map(shown), ...more };
}

function shown(row: GrantRow): sdk.GrantListEntry {
  const { contextSubset, contextEquals, sourceArn } = row;
  const Constraints = {
    ...(contextSubset ? { EncryptionContextSubset: contextSubset } : {}),
    ...(contextEquals ? { EncryptionContextEquals: contextEquals } : {}),
    ...(sourceArn === undefined ? {} : { SourceArn: sourceArn }),
  };
  return {
    ...{ KeyId: row.keyArn, GrantId: row.id, IssuingAccount: rootOf(row) },
    ...(row.name === undefined ? {} : { Name: row.name }),
    CreationDate: new Date(row.createdAtMs),
    ...(isService(row.grantee)
      ? { GranteeServicePrincipal: row.grantee }
      : { GranteePrincipal: row.grantee }),
    ...retiringMember(row.retiring),
    Operations: row.operations as sdk.GrantOperation[],
    ...(Object.keys(Constraints).length > 0 ? { Constraints } : {}),
  };
}

function retiringMember(retiring: string | undefined): sdk.GrantListEntry {
  if (retiring === undefined) return {};
  return isService(retiring)
    ? { RetiringServicePrincipal: retiring }
    : { RetiringPrincipal: retiring };
}

function rootOf({ keyArn, issuer }: GrantRow): string {
  const parsed = parseArn(keyArn);
  const partition = parsed.ok ? parsed.value.partition : '';
  return formatArn({ partition, region: '', account: issuer }, 'iam', 'root');
}
