/** The operations on tags of keys. */
import type * as sdk from '@aws-sdk/client-kms';
import type { KmsCtx } from './context.ts';
import { changeable, putKey } from './key.ts';
import { assertState, managedKey, ownKey } from './key-named.ts';
import { sliceOf } from './paging.ts';
import { mergedTags, tagsOf, tagsPerKey } from './tags.ts';

export async function tagResource(
  { KeyId = '', Tags }: sdk.TagResourceRequest,
  { store, scope }: KmsCtx,
) {
  await store.write(async (tx) => {
    const row = await managedKey(tx, KeyId, scope);
    assertState(row, ...changeable);
    await putKey(tx, { ...row, tags: mergedTags(row.tags, Tags) });
  });
}

export async function untagResource(
  { KeyId = '', TagKeys = [] }: sdk.UntagResourceRequest,
  { store, scope }: KmsCtx,
) {
  await store.write(async (tx) => {
    const row = await managedKey(tx, KeyId, scope);
    assertState(row, ...changeable);
    await putKey(tx, { ...row, tags: row.tags.filter(({ key }) => !TagKeys.includes(key)) });
  });
}

export async function listResourceTags(
  { KeyId = '', ...page }: sdk.ListResourceTagsRequest,
  { store, scope }: KmsCtx,
): Promise<sdk.ListResourceTagsResponse> {
  const { tags } = await ownKey(store, KeyId, scope);
  const sizes = { usual: tagsPerKey, most: tagsPerKey };
  const { rows, ...more } = sliceOf({ ...page, sizes }, tagsOf(tags));
  return { Tags: [...rows], ...more };
}
