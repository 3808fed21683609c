/** What the operations on tags need permission for. */
import { parseHostedArn } from '../../engines/hosting/names.ts';
import type { Permissions } from '../../wire/operation.ts';
import { actingOn, type CheckCtx, type ClientTag, resourceArn, tagKeys } from './checks.ts';
import type { Ctx } from './context.ts';
import type { tagOperations } from './index.ts';

function tagging(operation: string, given: string | undefined, ctx: CheckCtx) {
  const parsed = parseHostedArn(given ?? '');
  // What is no ARN of the service is refused by the operation; only a rule for all allows it.
  if (!parsed.ok) return actingOn(operation, given ?? '', ctx);
  const { scope, kind, name } = parsed.value;
  const check = actingOn(operation, resourceArn(scope, kind, name), ctx);
  return scope.account === '' ? check : { ...check, owner: scope.account };
}

export const tagPermissions: Permissions<typeof tagOperations, Ctx> = {
  AddTags: (input, ctx) => ({
    ...tagging('AddTags', input.ResourceArn, ctx),
    keys: tagKeys(input.Tags),
  }),
  DeleteTags(input, ctx) {
    const names: readonly ClientTag[] = (input.TagKeys ?? []).map((Key) => ({ Key }));
    const { 'aws:tagkeys': keys } = tagKeys(names);
    const check = tagging('DeleteTags', input.ResourceArn, ctx);
    return keys === undefined ? check : { ...check, keys: { 'aws:tagkeys': keys } };
  },
  ListTags: (input, ctx) => tagging('ListTags', input.ResourceArn, ctx),
};
