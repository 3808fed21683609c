/** Everything that decides who may do what in an account, in one list. */
import type * as sdk from '@aws-sdk/client-iam';
import { publicPolicies } from '../../engines/identity/public-policies.ts';
import {
  accountPrefix,
  type EntityRow,
  type GroupRow,
  groups,
  type ManagedPolicyRow,
  type RoleRow,
  roles,
  type UserRow,
  users,
} from '../../engines/identity/rows.ts';
import type { Collection, Entry, Reader } from '../../ports/metadata-store.ts';
import type { IamCtx } from './context.ts';
import { inlinePolicies } from './inline-policy.ts';
import { profilesOf, profilesOfRole } from './instance-profile.ts';
import { pageOf } from './paging.ts';
import { attachedPolicies } from './policy-attachment.ts';
import { encoded } from './policy-document.ts';
import { asRow, attachmentsOf, ownPolicies, policySummary } from './policy-lookup.ts';
import { versionsOf } from './policy-version.ts';
import { boundaryMember, lastUsedOf } from './role-shape.ts';
import { shownTrust } from './role-trust.ts';
import { tagMember } from './tags.ts';

type Item =
  | { readonly kind: 'user'; readonly row: UserRow }
  | { readonly kind: 'group'; readonly row: GroupRow }
  | { readonly kind: 'role'; readonly row: RoleRow }
  | { readonly kind: 'policy'; readonly row: ManagedPolicyRow };

interface Slice {
  readonly after: string | undefined;
  readonly limit: number;
}

/** One part of the list. Its rows are found under keys of its own. */
type Source = (slice: Slice) => Promise<readonly Entry<Item>[]>;

export async function getAccountAuthorizationDetails(
  input: sdk.GetAccountAuthorizationDetailsRequest,
  ctx: IamCtx,
): Promise<sdk.GetAccountAuthorizationDetailsResponse> {
  const { reader } = ctx.identity;
  const wanted = new Set<string>(input.Filter ?? []);
  const sources = Object.entries(allSources(ctx)).filter(
    ([name]) => wanted.size === 0 || wanted.has(name),
  );
  const { rows: items, ...page } = await pageOf<Item>(input, (after, limit) =>
    oneAfterAnother(sources, { after, limit }),
  );
  const userRows = items.flatMap((item) => (item.kind === 'user' ? [item.row] : []));
  const groupRows = items.flatMap((item) => (item.kind === 'group' ? [item.row] : []));
  const roleRows = items.flatMap((item) => (item.kind === 'role' ? [item.row] : []));
  const policyRows = items.flatMap((item) => (item.kind === 'policy' ? [item.row] : []));
  return {
    UserDetailList: userRows.map(userDetail),
    GroupDetailList: groupRows.map(groupDetail),
    RoleDetailList: await Promise.all(roleRows.map((row) => roleDetail(reader, row))),
    Policies: await Promise.all(policyRows.map((row) => policyDetail(reader, row))),
    ...page,
  };
}

/** By the names that filters use, in the order in which they are listed. */
function allSources(ctx: IamCtx): Readonly<Record<string, Source>> {
  const { reader } = ctx.identity;
  const { account } = ctx.scope;
  function entities<Row>(from: Collection<Row>, itemOf: (row: Row) => Item): Source {
    return async ({ after, limit }) => {
      const prefix = accountPrefix(account);
      const range = { prefix, limit, ...(after === undefined ? {} : { after }) };
      const entries = await reader.list(from, range);
      return entries.map(({ key, row }) => ({ key, row: itemOf(row) }));
    };
  }
  return {
    User: entities(users, (row) => ({ kind: 'user', row })),
    Group: entities(groups, (row) => ({ kind: 'group', row })),
    Role: entities(roles, (row) => ({ kind: 'role', row })),
    LocalManagedPolicy: async (slice) => {
      const entries = await ownPolicies(reader, account, slice);
      return entries.map(({ key, row }) => ({ key, row: { kind: 'policy', row } }));
    },
    AWSManagedPolicy: (slice) => publicInUse(ctx, slice),
  };
}

/** Of everybody's policies only those that somebody here has. */
async function publicInUse(
  ctx: IamCtx,
  { after = '', limit }: Slice,
): Promise<readonly Entry<Item>[]> {
  const found: Entry<Item>[] = [];
  for (const shared of publicPolicies(ctx.scope.partition)) {
    if (shared.name <= after || found.length >= limit) continue;
    for await (const _ of attachmentsOf(ctx.identity.reader, `${shared.arn}|`)) {
      found.push({ key: shared.name, row: { kind: 'policy', row: asRow(shared) } });
      break;
    }
  }
  return found;
}

/** Keys say which source goes on: `2:key`. */
async function oneAfterAnother(
  sources: readonly (readonly [string, Source])[],
  { after, limit }: Slice,
): Promise<readonly Entry<Item>[]> {
  const [, startText = '0', afterKey] = /^(\d):(.*)$/.exec(after ?? '') ?? [];
  const start = Number(startText);
  const found: Entry<Item>[] = [];
  for (const [at, [, read]] of sources.entries()) {
    if (at < start || found.length >= limit) continue;
    const slice = { after: at === start ? afterKey : undefined, limit: limit - found.length };
    found.push(...(await read(slice)).map(({ key, row }) => ({ key: `${at}:${key}`, row })));
  }
  return found;
}

function common({ path, arn, createdAtMs }: EntityRow) {
  return { Path: path, Arn: arn, CreateDate: new Date(createdAtMs) };
}

function userDetail(row: UserRow): sdk.UserDetail {
  return {
    ...common(row),
    UserName: row.name,
    UserId: row.id,
    UserPolicyList: inlinePolicies(row),
    GroupList: [...row.groups],
    AttachedManagedPolicies: attachedPolicies(row),
    ...boundaryMember(row.boundaryArn),
    ...tagMember(row.tags),
  };
}

function groupDetail(row: GroupRow): sdk.GroupDetail {
  return {
    ...common(row),
    GroupName: row.name,
    GroupId: row.id,
    GroupPolicyList: inlinePolicies(row),
    AttachedManagedPolicies: attachedPolicies(row),
  };
}

async function roleDetail(reader: Reader, row: RoleRow): Promise<sdk.RoleDetail> {
  return {
    ...common(row),
    RoleName: row.name,
    RoleId: row.id,
    AssumeRolePolicyDocument: encoded(await shownTrust(reader, row)),
    InstanceProfileList: await profilesOf(reader, await profilesOfRole(reader, row)),
    RolePolicyList: inlinePolicies(row),
    AttachedManagedPolicies: attachedPolicies(row),
    ...boundaryMember(row.boundaryArn),
    ...tagMember(row.tags),
    RoleLastUsed: lastUsedOf(row),
  };
}

async function policyDetail(
  reader: Reader,
  row: ManagedPolicyRow,
): Promise<sdk.ManagedPolicyDetail> {
  return {
    ...(await policySummary(reader, row)),
    ...(row.description === undefined ? {} : { Description: row.description }),
    PolicyVersionList: [...versionsOf(row)],
  };
}
