/** Managed policies attached to users, groups and roles. One set of rules for the three. */
import type * as sdk from '@aws-sdk/client-iam';
import {
  type AttachmentRow,
  attachmentKey,
  attachments,
  type EntityKind,
  type EntityRow,
} from '../../engines/identity/rows.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';
import { nameIn, rootPath } from './names.ts';
import { type PageRequest, sliceOf } from './paging.ts';
import { changeHolder, holderNamed } from './policy-holder.ts';
import { policyLimits } from './policy-limits.ts';
import { findPolicy, isAttachable, policyAt } from './policy-lookup.ts';

const quotaNames = {
  user: 'PoliciesPerUser',
  group: 'PoliciesPerGroup',
  role: 'PoliciesPerRole',
} as const;

interface Pair {
  readonly kind: EntityKind;
  readonly name: string | undefined;
  readonly arn: string | undefined;
}

/** Attaching what is attached already changes nothing. */
async function attach({ kind, name = '', arn = '' }: Pair, ctx: IamCtx): Promise<void> {
  await changeHolder(ctx, { kind, name }, async (row, tx) => {
    const policy = await policyAt(tx, ctx.scope.account, arn);
    if (!isAttachable(policy)) {
      throw faults.notAttachable('Cannot attach a Service Role Policy to a Customer Role.');
    }
    if (row.attached.includes(arn)) return {};
    const most = policyLimits.attachedPerEntity;
    if (row.attached.length >= most) throw faults.limit(quotaNames[kind], most);
    const attachment = attachmentOf(kind, row, arn);
    await tx.put(attachments, attachmentKey(attachment), attachment);
    return { attached: [...row.attached, arn] };
  });
}

async function detach({ kind, name = '', arn = '' }: Pair, ctx: IamCtx): Promise<void> {
  await changeHolder(ctx, { kind, name }, async (row, tx) => {
    if (!row.attached.includes(arn)) throw faults.noSuch(`Policy ${arn} was not found.`);
    await tx.delete(attachments, attachmentKey(attachmentOf(kind, row, arn)));
    return { attached: row.attached.filter((one) => one !== arn) };
  });
}

function attachmentOf(kind: EntityKind, { name, id }: EntityRow, policyArn: string): AttachmentRow {
  return { policyArn, as: 'policy', kind, name, id };
}

interface Listed extends PageRequest {
  readonly PathPrefix?: string | undefined;
}

async function listAttached(
  kind: EntityKind,
  { name = '', request }: { readonly name: string | undefined; readonly request: Listed },
  ctx: IamCtx,
) {
  const { account } = ctx.scope;
  const { reader } = ctx.identity;
  const row = await holderNamed(reader, kind, { account, name });
  const found = await Promise.all(row.attached.map((arn) => findPolicy(reader, account, arn)));
  const paths = found.map((policy) => policy?.path ?? rootPath);
  const prefix = request.PathPrefix ?? rootPath;
  const arns = row.attached.filter((_, at) => paths[at]?.startsWith(prefix));
  const { rows, ...page } = sliceOf(request, arns);
  return { AttachedPolicies: rows.map(attachedPolicy), ...page };
}

function attachedPolicy(arn: string): sdk.AttachedPolicy {
  return { PolicyName: nameIn(arn), PolicyArn: arn };
}

/** All of a holder's, for descriptions. */
export function attachedPolicies({ attached }: EntityRow): sdk.AttachedPolicy[] {
  return attached.map(attachedPolicy);
}

export async function attachUserPolicy(
  { UserName: name, PolicyArn: arn }: sdk.AttachUserPolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await attach({ kind: 'user', name, arn }, ctx);
}

export async function attachGroupPolicy(
  { GroupName: name, PolicyArn: arn }: sdk.AttachGroupPolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await attach({ kind: 'group', name, arn }, ctx);
}

export async function attachRolePolicy(
  { RoleName: name, PolicyArn: arn }: sdk.AttachRolePolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await attach({ kind: 'role', name, arn }, ctx);
}

export async function detachUserPolicy(
  { UserName: name, PolicyArn: arn }: sdk.DetachUserPolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await detach({ kind: 'user', name, arn }, ctx);
}

export async function detachGroupPolicy(
  { GroupName: name, PolicyArn: arn }: sdk.DetachGroupPolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await detach({ kind: 'group', name, arn }, ctx);
}

export async function detachRolePolicy(
  { RoleName: name, PolicyArn: arn }: sdk.DetachRolePolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await detach({ kind: 'role', name, arn }, ctx);
}

export function listAttachedUserPolicies(
  request: sdk.ListAttachedUserPoliciesRequest,
  ctx: IamCtx,
): Promise<sdk.ListAttachedUserPoliciesResponse> {
  return listAttached('user', { name: request.UserName, request }, ctx);
}

export function listAttachedGroupPolicies(
  request: sdk.ListAttachedGroupPoliciesRequest,
  ctx: IamCtx,
): Promise<sdk.ListAttachedGroupPoliciesResponse> {
  return listAttached('group', { name: request.GroupName, request }, ctx);
}

export function listAttachedRolePolicies(
  request: sdk.ListAttachedRolePoliciesRequest,
  ctx: IamCtx,
): Promise<sdk.ListAttachedRolePoliciesResponse> {
  return listAttached('role', { name: request.RoleName, request }, ctx);
}
