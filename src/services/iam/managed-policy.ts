/** Managed policies: the account's own are made and deleted, everybody's are only looked at. */
import type * as sdk from '@aws-sdk/client-iam';
import { newId } from '../../engines/identity/ids.ts';
import { publicPolicies } from '../../engines/identity/public-policies.ts';
import {
  accountPrefix,
  attachments,
  type ManagedPolicyRow,
  managedPolicies,
  nameKey,
} from '../../engines/identity/rows.ts';
import { versionRefusal } from '../../engines/policy/parse.ts';
import type { Entry, Reader, Transaction } from '../../ports/metadata-store.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';
import { arnOf, rootPath } from './names.ts';
import { pageOf } from './paging.ts';
import { assertShort, checkedDocument } from './policy-document.ts';
import { policyLimits } from './policy-limits.ts';
import {
  asRow,
  attachmentsOf,
  ownPolicies,
  ownPolicyAt,
  policyAt,
  policyDescription,
  policySummary,
} from './policy-lookup.ts';
import { mergedTags, tagPage, withoutTags } from './tags.ts';

export async function createPolicy(
  input: sdk.CreatePolicyRequest,
  ctx: IamCtx,
): Promise<sdk.CreatePolicyResponse> {
  const { PolicyName: name = '', Path: path = rootPath, Description: description } = input;
  const document = checkedManaged(input.PolicyDocument);
  const tags = mergedTags({}, input.Tags);
  const nowMs = ctx.clock.nowMs();
  const row: ManagedPolicyRow = {
    ...{ account: ctx.scope.account, name, path, tags },
    id: newId('policy', ctx.random),
    arn: arnOf(ctx.scope, 'policy', { name, path }),
    ...(description === undefined ? {} : { description }),
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    defaultVersion: 'v1',
    nextVersion: 2,
    versions: { v1: { document, createdAtMs: nowMs } },
  };
  await ctx.identity.write((tx) => insertPolicy(tx, row));
  return { Policy: await policyDescription(ctx.identity.reader, row) };
}

/** Names are unique whatever the path. */
async function insertPolicy(tx: Transaction, row: ManagedPolicyRow): Promise<void> {
  const index = 'name';
  const key = nameKey(row.account, row.name);
  const [same] = await tx.listBy(managedPolicies, { index, equals: key, limit: 1 });
  if (same) {
    throw faults.alreadyExists(
      `A policy called ${row.name} already exists. Duplicate names are not allowed.`,
    );
  }
  await tx.put(managedPolicies, row.arn, row);
  const most = policyLimits.policiesPerAccount;
  const prefix = accountPrefix(row.account);
  const all = await tx.listBy(managedPolicies, { index, prefix, limit: most + 1 });
  if (all.length > most) throw faults.limit('PoliciesPerAccount', most);
}

/** The text, once it is known to be a policy within its size. */
export function checkedManaged(text = ''): string {
  const outdated = versionRefusal(checkedDocument(text, 'identity'));
  if (outdated !== undefined) throw faults.malformedPolicy(outdated);
  assertShort(text, 'PolicySize', policyLimits.managedSize);
  return text;
}

export async function getPolicy(
  { PolicyArn: arn = '' }: sdk.GetPolicyRequest,
  ctx: IamCtx,
): Promise<sdk.GetPolicyResponse> {
  const { reader } = ctx.identity;
  const row = await policyAt(reader, ctx.scope.account, arn);
  return { Policy: await policyDescription(reader, row) };
}

export async function deletePolicy(
  { PolicyArn: arn = '' }: sdk.DeletePolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const row = await ownPolicyAt(tx, ctx.scope.account, arn);
    const [used] = await tx.list(attachments, { prefix: `${arn}|`, limit: 1 });
    if (used) throw faults.deleteConflict('Cannot delete a policy attached to entities.');
    if (Object.keys(row.versions).length > 1) {
      throw faults.deleteConflict(
        'This policy has more than one version. Before you delete a policy, you must delete ' +
          "the policy's versions. The default version is deleted with the policy.",
      );
    }
    await tx.delete(managedPolicies, arn);
  });
}

export async function listPolicies(
  input: sdk.ListPoliciesRequest,
  ctx: IamCtx,
): Promise<sdk.ListPoliciesResponse> {
  const { reader } = ctx.identity;
  const { Scope: whose = 'All', PathPrefix: prefix = rootPath } = input;
  const used = await usedArns(reader, input);
  const { rows, ...page } = await pageOf<ManagedPolicyRow>(
    input,
    (after, limit) => allPolicies(ctx, whose, { after, limit }),
    ({ path, arn }) => path.startsWith(prefix) && (used?.has(arn) ?? true),
  );
  return { Policies: await Promise.all(rows.map((row) => policySummary(reader, row))), ...page };
}

/** Which to show when only those in use are asked for; undefined when all are. */
async function usedArns(
  reader: Reader,
  { OnlyAttached, PolicyUsageFilter: usage }: sdk.ListPoliciesRequest,
): Promise<ReadonlySet<string> | undefined> {
  if (!OnlyAttached && usage === undefined) return undefined;
  const as =
    usage === undefined ? undefined : usage === 'PermissionsPolicy' ? 'policy' : 'boundary';
  const arns = new Set<string>();
  for await (const row of attachmentsOf(reader, '')) {
    if (as === undefined || row.as === as) arns.add(row.policyArn);
  }
  return arns;
}

interface Slice {
  readonly after: string | undefined;
  readonly limit: number;
}

const ownMark = 'own:';
const sharedMark = 'shared:';

/** The account's own first, then everybody's; keys say which, so that a marker can go on. */
async function allPolicies(
  ctx: IamCtx,
  whose: string,
  { after, limit }: Slice,
): Promise<readonly Entry<ManagedPolicyRow>[]> {
  const found: Entry<ManagedPolicyRow>[] = [];
  if (whose !== 'AWS' && !after?.startsWith(sharedMark)) {
    const range = { after: after?.slice(ownMark.length), limit };
    const own = await ownPolicies(ctx.identity.reader, ctx.scope.account, range);
    found.push(...own.map(({ key, row }) => ({ key: ownMark + key, row })));
  }
  if (whose === 'Local' || found.length >= limit) return found;
  const start = after?.startsWith(sharedMark) ? after.slice(sharedMark.length) : '';
  const shared = publicPolicies(ctx.scope.partition).filter(({ name }) => name > start);
  const room = shared.slice(0, limit - found.length);
  return [...found, ...room.map((one) => ({ key: sharedMark + one.name, row: asRow(one) }))];
}

export async function tagPolicy(
  { PolicyArn: arn = '', Tags: given }: sdk.TagPolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await changePolicy(ctx, arn, ({ tags }) => ({ tags: mergedTags(tags, given) }));
}

export async function untagPolicy(
  { PolicyArn: arn = '', TagKeys: keys }: sdk.UntagPolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await changePolicy(ctx, arn, ({ tags }) => ({ tags: withoutTags(tags, keys) }));
}

export async function listPolicyTags(
  input: sdk.ListPolicyTagsRequest,
  ctx: IamCtx,
): Promise<sdk.ListPolicyTagsResponse> {
  const { PolicyArn: arn = '' } = input;
  return tagPage(input, (await policyAt(ctx.identity.reader, ctx.scope.account, arn)).tags);
}

/** Reads, changes and keeps one of the account's own in one transaction. */
export function changePolicy(
  ctx: IamCtx,
  arn: string,
  change: (row: ManagedPolicyRow) => Partial<ManagedPolicyRow>,
): Promise<ManagedPolicyRow> {
  return ctx.identity.write(async (tx) => {
    const row = await ownPolicyAt(tx, ctx.scope.account, arn);
    const changed = { ...row, ...change(row) };
    await tx.put(managedPolicies, row.arn, changed);
    return changed;
  });
}
