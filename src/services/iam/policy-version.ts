/** Versions of managed policies. A number is given once; the default one is what counts. */
import type * as sdk from '@aws-sdk/client-iam';
import type { ManagedPolicyRow, PolicyVersionRow } from '../../engines/identity/rows.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';
import { changePolicy, checkedManaged } from './managed-policy.ts';
import { sliceOf } from './paging.ts';
import { encoded } from './policy-document.ts';
import { policyLimits } from './policy-limits.ts';
import { policyAt } from './policy-lookup.ts';

export async function createPolicyVersion(
  input: sdk.CreatePolicyVersionRequest,
  ctx: IamCtx,
): Promise<sdk.CreatePolicyVersionResponse> {
  const { PolicyArn: arn = '', SetAsDefault: asDefault } = input;
  const document = checkedManaged(input.PolicyDocument);
  const nowMs = ctx.clock.nowMs();
  const row = await changePolicy(ctx, arn, ({ versions, nextVersion, defaultVersion }) => {
    const most = policyLimits.versionsPerPolicy;
    if (Object.keys(versions).length >= most) {
      throw faults.limitWords(
        `A managed policy can have up to ${most} versions. Before you create a new version, ` +
          'you must delete an existing version.',
      );
    }
    const id = `v${nextVersion}`;
    return {
      versions: { ...versions, [id]: { document, createdAtMs: nowMs } },
      nextVersion: nextVersion + 1,
      defaultVersion: asDefault ? id : defaultVersion,
      updatedAtMs: nowMs,
    };
  });
  const { Document: _, ...PolicyVersion } = shownVersion(row, `v${row.nextVersion - 1}`);
  return { PolicyVersion };
}

export async function getPolicyVersion(
  { PolicyArn: arn = '', VersionId: id = '' }: sdk.GetPolicyVersionRequest,
  ctx: IamCtx,
): Promise<sdk.GetPolicyVersionResponse> {
  const row = await policyAt(ctx.identity.reader, ctx.scope.account, arn);
  return { PolicyVersion: shownVersion(row, id) };
}

export async function listPolicyVersions(
  input: sdk.ListPolicyVersionsRequest,
  ctx: IamCtx,
): Promise<sdk.ListPolicyVersionsResponse> {
  const row = await policyAt(ctx.identity.reader, ctx.scope.account, input.PolicyArn ?? '');
  const { rows, ...page } = sliceOf(input, versionsOf(row));
  return { Versions: rows.map(({ Document: _, ...version }) => version), ...page };
}

export async function deletePolicyVersion(
  { PolicyArn: arn = '', VersionId: id = '' }: sdk.DeletePolicyVersionRequest,
  ctx: IamCtx,
): Promise<void> {
  const nowMs = ctx.clock.nowMs();
  await changePolicy(ctx, arn, (row) => {
    versionOf(row, id);
    if (id === row.defaultVersion) {
      throw faults.deleteConflict('Cannot delete the default version of a policy.');
    }
    const { [id]: _, ...versions } = row.versions;
    return { versions, updatedAtMs: nowMs };
  });
}

export async function setDefaultPolicyVersion(
  { PolicyArn: arn = '', VersionId: id = '' }: sdk.SetDefaultPolicyVersionRequest,
  ctx: IamCtx,
): Promise<void> {
  const nowMs = ctx.clock.nowMs();
  await changePolicy(ctx, arn, (row) => {
    versionOf(row, id);
    return { defaultVersion: id, updatedAtMs: nowMs };
  });
}

/** All of a policy's with their documents, newest first. */
export function versionsOf(row: ManagedPolicyRow): readonly sdk.PolicyVersion[] {
  const numberOf = (id: string) => Number(id.slice(1));
  const ids = Object.keys(row.versions).sort((a, b) => numberOf(b) - numberOf(a));
  return ids.map((id) => shownVersion(row, id));
}

/** The document that counts. */
export function defaultDocument(row: ManagedPolicyRow): string {
  return versionOf(row, row.defaultVersion).document;
}

function shownVersion(row: ManagedPolicyRow, id: string): sdk.PolicyVersion {
  const { document, createdAtMs } = versionOf(row, id);
  return {
    Document: encoded(document),
    VersionId: id,
    IsDefaultVersion: id === row.defaultVersion,
    CreateDate: new Date(createdAtMs),
  };
}

function versionOf(row: ManagedPolicyRow, id: string): PolicyVersionRow {
  const found = Object.hasOwn(row.versions, id) ? row.versions[id] : undefined;
  if (found) return found;
  throw faults.noSuch(`Policy ${row.arn} version ${id} does not exist or is not attachable.`);
}
