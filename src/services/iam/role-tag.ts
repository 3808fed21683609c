/** Tags of roles. */
import type * as sdk from '@aws-sdk/client-iam';
import type { IamCtx } from './context.ts';
import { roleNamed } from './entities.ts';
import { changeRole } from './role.ts';
import { mergedTags, tagPage, withoutTags } from './tags.ts';

export async function tagRole(input: sdk.TagRoleRequest, ctx: IamCtx): Promise<void> {
  await changeRole(ctx, input.RoleName, async ({ tags }) => ({
    tags: mergedTags(tags, input.Tags),
  }));
}

export async function untagRole(input: sdk.UntagRoleRequest, ctx: IamCtx): Promise<void> {
  await changeRole(ctx, input.RoleName, async ({ tags }) => ({
    tags: withoutTags(tags, input.TagKeys),
  }));
}

export async function listRoleTags(
  input: sdk.ListRoleTagsRequest,
  ctx: IamCtx,
): Promise<sdk.ListRoleTagsResponse> {
  const row = await roleNamed(ctx.identity.reader, ctx.scope.account, input.RoleName ?? '');
  return tagPage(input, row.tags);
}
