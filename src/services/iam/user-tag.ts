/** Tags of users. Policies read them as `aws:PrincipalTag` and `aws:ResourceTag`. */
import type * as sdk from '@aws-sdk/client-iam';
import type { IamCtx } from './context.ts';
import { keepUser, userNamed } from './entities.ts';
import { mergedTags, tagPage, withoutTags } from './tags.ts';

export async function tagUser(input: sdk.TagUserRequest, ctx: IamCtx): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const row = await userNamed(tx, ctx.scope.account, input.UserName ?? '');
    await keepUser(tx, { ...row, tags: mergedTags(row.tags, input.Tags) });
  });
}

export async function untagUser(input: sdk.UntagUserRequest, ctx: IamCtx): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const row = await userNamed(tx, ctx.scope.account, input.UserName ?? '');
    await keepUser(tx, { ...row, tags: withoutTags(row.tags, input.TagKeys) });
  });
}

export async function listUserTags(
  input: sdk.ListUserTagsRequest,
  { scope, identity }: IamCtx,
): Promise<sdk.ListUserTagsResponse> {
  const row = await userNamed(identity.reader, scope.account, input.UserName ?? '');
  return tagPage(input, row.tags);
}
