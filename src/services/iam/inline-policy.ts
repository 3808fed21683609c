/** Policies that live inside a user, a group or a role. One set of rules for the three. */
import type * as sdk from '@aws-sdk/client-iam';
import type { EntityKind, EntityRow } from '../../engines/identity/rows.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';
import { type PageRequest, sliceOf } from './paging.ts';
import { checkedDocument, encoded, totalSize } from './policy-document.ts';
import { changeHolder, holderNamed } from './policy-holder.ts';
import { policyLimits } from './policy-limits.ts';

interface Pair {
  readonly kind: EntityKind;
  readonly name: string | undefined;
  readonly policy: string | undefined;
}

async function put(
  { kind, name = '', policy = '', text = '' }: Pair & { readonly text: string | undefined },
  ctx: IamCtx,
): Promise<void> {
  checkedDocument(text, 'identity');
  await changeHolder(ctx, { kind, name }, async (row) => {
    const inline = { ...row.inline, [policy]: text };
    const most = policyLimits.inlineTotal[kind];
    if (totalSize(inline) > most) {
      throw faults.limitWords(
        `Maximum policy size of ${most} bytes exceeded for ${kind} ${row.name}`,
      );
    }
    return { inline };
  });
}

async function read({ kind, name = '', policy = '' }: Pair, ctx: IamCtx) {
  const { account } = ctx.scope;
  const row = await holderNamed(ctx.identity.reader, kind, { account, name });
  return { holder: row.name, text: encoded(documentIn(row, { kind, policy })) };
}

async function remove({ kind, name = '', policy = '' }: Pair, ctx: IamCtx): Promise<void> {
  await changeHolder(ctx, { kind, name }, async (row) => {
    documentIn(row, { kind, policy });
    const { [policy]: _, ...inline } = row.inline;
    return { inline };
  });
}

interface Names {
  readonly PolicyNames: string[];
  readonly IsTruncated: boolean;
  readonly Marker?: string;
}

async function names(
  kind: EntityKind,
  { name = '', request }: { readonly name: string | undefined; readonly request: PageRequest },
  ctx: IamCtx,
): Promise<Names> {
  const { account } = ctx.scope;
  const { inline } = await holderNamed(ctx.identity.reader, kind, { account, name });
  const { rows, ...page } = sliceOf(request, Object.keys(inline).sort());
  return { PolicyNames: [...rows], ...page };
}

function documentIn(
  { inline }: EntityRow,
  { kind, policy }: { readonly kind: EntityKind; readonly policy: string },
): string {
  const found = Object.hasOwn(inline, policy) ? inline[policy] : undefined;
  if (found !== undefined) return found;
  throw faults.noSuch(`The ${kind} policy with name ${policy} cannot be found.`);
}

/** All of a holder's with their documents, for descriptions. */
export function inlinePolicies({ inline }: EntityRow): sdk.PolicyDetail[] {
  const entries = Object.entries(inline);
  return entries.map(([name, text]) => ({ PolicyName: name, PolicyDocument: encoded(text) }));
}

export async function putUserPolicy(
  { UserName: name, PolicyName: policy, PolicyDocument: text }: sdk.PutUserPolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await put({ kind: 'user', name, policy, text }, ctx);
}

export async function putGroupPolicy(
  { GroupName: name, PolicyName: policy, PolicyDocument: text }: sdk.PutGroupPolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await put({ kind: 'group', name, policy, text }, ctx);
}

export async function putRolePolicy(
  { RoleName: name, PolicyName: policy, PolicyDocument: text }: sdk.PutRolePolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await put({ kind: 'role', name, policy, text }, ctx);
}

export async function getUserPolicy(
  { UserName: name, PolicyName: policy }: sdk.GetUserPolicyRequest,
  ctx: IamCtx,
): Promise<sdk.GetUserPolicyResponse> {
  const { holder, text } = await read({ kind: 'user', name, policy }, ctx);
  return { UserName: holder, PolicyName: policy, PolicyDocument: text };
}

export async function getGroupPolicy(
  { GroupName: name, PolicyName: policy }: sdk.GetGroupPolicyRequest,
  ctx: IamCtx,
): Promise<sdk.GetGroupPolicyResponse> {
  const { holder, text } = await read({ kind: 'group', name, policy }, ctx);
  return { GroupName: holder, PolicyName: policy, PolicyDocument: text };
}

export async function getRolePolicy(
  { RoleName: name, PolicyName: policy }: sdk.GetRolePolicyRequest,
  ctx: IamCtx,
): Promise<sdk.GetRolePolicyResponse> {
  const { holder, text } = await read({ kind: 'role', name, policy }, ctx);
  return { RoleName: holder, PolicyName: policy, PolicyDocument: text };
}

export async function deleteUserPolicy(
  { UserName: name, PolicyName: policy }: sdk.DeleteUserPolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await remove({ kind: 'user', name, policy }, ctx);
}

export async function deleteGroupPolicy(
  { GroupName: name, PolicyName: policy }: sdk.DeleteGroupPolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await remove({ kind: 'group', name, policy }, ctx);
}

export async function deleteRolePolicy(
  { RoleName: name, PolicyName: policy }: sdk.DeleteRolePolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  await remove({ kind: 'role', name, policy }, ctx);
}

export function listUserPolicies(
  request: sdk.ListUserPoliciesRequest,
  ctx: IamCtx,
): Promise<sdk.ListUserPoliciesResponse> {
  return names('user', { name: request.UserName, request }, ctx);
}

export function listGroupPolicies(
  request: sdk.ListGroupPoliciesRequest,
  ctx: IamCtx,
): Promise<sdk.ListGroupPoliciesResponse> {
  return names('group', { name: request.GroupName, request }, ctx);
}

export function listRolePolicies(
  request: sdk.ListRolePoliciesRequest,
  ctx: IamCtx,
): Promise<sdk.ListRolePoliciesResponse> {
  return names('role', { name: request.RoleName, request }, ctx);
}
