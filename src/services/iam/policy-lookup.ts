/** Managed policies by ARN, whether the account's own or everybody's, and who has them. */
import type * as sdk from '@aws-sdk/client-iam';
import { everyEntry } from '../../engines/identity/every.ts';
import {
  isPublicArn,
  type PublicPolicy,
  publicAccount,
  publicPolicy,
} from '../../engines/identity/public-policies.ts';
import {
  type AttachmentRow,
  accountPrefix,
  attachments,
  type ManagedPolicyRow,
  managedPolicies,
} from '../../engines/identity/rows.ts';
import { parseArn } from '../../kernel/arn.ts';
import type { Entry, Reader } from '../../ports/metadata-store.ts';
import { faults } from './faults.ts';
import { tagMember } from './tags.ts';

/**
 * Throws ValidationError for what is no ARN, InvalidInput for one of something else than a policy,
 * NoSuchEntity for what does not exist.
 */
export async function policyAt(
  reader: Reader,
  account: string,
  arn: string,
): Promise<ManagedPolicyRow> {
  const found = await findPolicy(reader, account, arn);
  if (found) return found;
  const parsed = parseArn(arn);
  if (!parsed.ok) throw faults.validation(`ARN ${arn} is not valid.`);
  const { service, region, resource } = parsed.value;
  const isPolicy = service === 'iam' && region === '' && policyPattern.test(resource);
  throw isPolicy ? faults.noSuchPolicy(arn) : faults.invalidInput(`ARN ${arn} is not valid.`);
}

/** What the ARN of a policy ends in: perhaps a path, and a name. No colon is in either. */
const policyPattern = /^policy\/(?:[!-9;-~]+\/)?[\w+=,.@-]+$/;

export async function findPolicy(
  reader: Reader,
  account: string,
  arn: string,
): Promise<ManagedPolicyRow | undefined> {
  const shared = publicPolicy(arn);
  if (shared) return asRow(shared);
  const own = await reader.get(managedPolicies, arn);
  return own?.account === account ? own : undefined;
}

/** For changes: everybody's policies are nobody's to change, and so AccessDenied is the answer. */
export async function ownPolicyAt(
  reader: Reader,
  account: string,
  arn: string,
): Promise<ManagedPolicyRow> {
  const found = await policyAt(reader, account, arn);
  if (isPublicArn(arn)) throw faults.publicPolicy(arn);
  return found;
}

/** The policy that is to be a boundary. Throws NoSuchEntity in the words for boundaries. */
export async function boundaryAt(
  reader: Reader,
  account: string,
  arn: string,
): Promise<ManagedPolicyRow> {
  const found = await findPolicy(reader, account, arn);
  if (!found || !isAttachable(found)) {
    throw faults.noSuch(`Scope ARN: ${arn} does not exist or is not attachable.`);
  }
  return found;
}

/** In the shape of the account's own; the document stays unread until it is asked for. */
export function asRow(shared: PublicPolicy): ManagedPolicyRow {
  const { name, path, id, arn, version, createdAtMs, updatedAtMs } = shared;
  const only = {
    createdAtMs: updatedAtMs,
    get document() {
      return shared.document;
    },
  };
  return {
    ...{ account: publicAccount, name, path, id, arn, createdAtMs, updatedAtMs },
    defaultVersion: version,
    nextVersion: Number(version.slice(1)) + 1,
    versions: { [version]: only },
    tags: {},
  };
}

/** Those under `/aws-service-role/` are for service-linked roles alone. */
export function isAttachable({ account, path }: ManagedPolicyRow): boolean {
  return account !== publicAccount || path !== '/aws-service-role/';
}

export interface PolicyUses {
  readonly AttachmentCount: number;
  readonly PermissionsBoundaryUsageCount: number;
}

export async function usesOf(reader: Reader, arn: string): Promise<PolicyUses> {
  let policies = 0;
  let boundaries = 0;
  for await (const row of attachmentsOf(reader, `${arn}|`)) {
    if (row.as === 'policy') policies += 1;
    else boundaries += 1;
  }
  return { AttachmentCount: policies, PermissionsBoundaryUsageCount: boundaries };
}

/** All whose keys start so: of one policy with `ARN|`, of every policy with an empty text. */
export async function* attachmentsOf(
  reader: Reader,
  prefix: string,
): AsyncGenerator<AttachmentRow> {
  for await (const { row } of everyEntry(reader, attachments, prefix)) yield row;
}

/** The account's own in order of names; the keys are for markers. */
export async function ownPolicies(
  reader: Reader,
  account: string,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<readonly Entry<ManagedPolicyRow>[]> {
  const entries = await reader.listBy(managedPolicies, {
    index: 'name',
    prefix: accountPrefix(account),
    limit,
    // No name has a character before this one, so it is the next value there can be.
    ...(after === undefined ? {} : { from: `${after}\u0001` }),
  });
  return entries.map(({ value, row }) => ({ key: value, row }));
}

/** As lists show it: without description and tags. */
export async function policySummary(reader: Reader, row: ManagedPolicyRow): Promise<sdk.Policy> {
  return {
    PolicyName: row.name,
    PolicyId: row.id,
    Arn: row.arn,
    Path: row.path,
    DefaultVersionId: row.defaultVersion,
    ...(await usesOf(reader, row.arn)),
    IsAttachable: isAttachable(row),
    CreateDate: new Date(row.createdAtMs),
    UpdateDate: new Date(row.updatedAtMs),
  };
}

export async function policyDescription(
  reader: Reader,
  row: ManagedPolicyRow,
): Promise<sdk.Policy> {
  return {
    ...(await policySummary(reader, row)),
    ...(row.description === undefined ? {} : { Description: row.description }),
    ...tagMember(row.tags),
  };
}
