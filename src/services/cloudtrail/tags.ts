/** Tags of trails. */
import type {
  AddTagsRequest,
  AddTagsResponse,
  ListTagsRequest,
  ListTagsResponse,
  RemoveTagsRequest,
  RemoveTagsResponse,
  Tag,
} from '@aws-sdk/client-cloudtrail';
import {
  type TrailRow,
  type TrailTag,
  trailKey,
  trailRows,
} from '../../engines/trail/digests/rows.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';
import { parseTrailArn } from './names.ts';

const mostTags = 50;
const mostListed = 20;
const longestKey = 128;
const longestValue = 256;
const allowedText = /^[\p{L}\p{Z}\p{N}_.:/=+@-]*$/u;

export function tagsOf(given: readonly Tag[] = []): readonly TrailTag[] {
  const tags = given.map(({ Key: key = '', Value: value }) =>
    value === undefined ? { key } : { key, value },
  );
  for (const { key, value = '' } of tags) {
    const fits = key.length >= 1 && key.length <= longestKey && value.length <= longestValue;
    if (!fits || !allowedText.test(key) || !allowedText.test(value)) {
      throw faults.invalidTag(`The tag ${key.slice(0, longestKey)} has an invalid key or value.`);
    }
    if (/^aws:/i.test(key)) throw faults.invalidTag('Tag keys must not begin with aws:.');
  }
  if (new Set(tags.map(({ key }) => key)).size !== tags.length) {
    throw faults.invalidTag('A tag key is given more than once.');
  }
  if (tags.length > mostTags) throw faults.tooManyTags(mostTags);
  return tags;
}

async function taggedTrail(id: string, ctx: Ctx, reader: Reader): Promise<TrailRow> {
  const parsed = parseTrailArn(id);
  if (!parsed.ok) {
    if (/:cloudtrail:[^:]*:\d{12}:(eventdatastore|channel|dashboard)\//.test(id)) {
      throw faults.unsupportedResource(id);
    }
    throw faults.invalidArn(id);
  }
  const at = parsed.value;
  const row = await reader.get(trailRows, trailKey(at, at.name));
  if (!row || row.account !== ctx.scope.account) throw faults.noResource(id);
  return row;
}

export async function addTags(
  { ResourceId: id = '', TagsList }: AddTagsRequest,
  ctx: Ctx,
): Promise<AddTagsResponse> {
  const added = tagsOf(TagsList);
  await ctx.store.write(async (tx) => {
    const row = await taggedTrail(id, ctx, tx);
    const kept = row.tags.filter(({ key }) => !added.some((tag) => tag.key === key));
    const tags = [...kept, ...added];
    if (tags.length > mostTags) throw faults.tooManyTags(mostTags);
    await tx.put(trailRows, trailKey(row, row.name), { ...row, tags });
  });
  return {};
}

export async function removeTags(
  { ResourceId: id = '', TagsList = [] }: RemoveTagsRequest,
  ctx: Ctx,
): Promise<RemoveTagsResponse> {
  await ctx.store.write(async (tx) => {
    const row = await taggedTrail(id, ctx, tx);
    const isGone = (tag: TrailTag) =>
      TagsList.some(
        ({ Key, Value }) => Key === tag.key && (Value === undefined || Value === (tag.value ?? '')),
      );
    const tags = row.tags.filter((tag) => !isGone(tag));
    await tx.put(trailRows, trailKey(row, row.name), { ...row, tags });
  });
  return {};
}

export async function listTags(
  { ResourceIdList: ids = [], NextToken: token }: ListTagsRequest,
  ctx: Ctx,
): Promise<ListTagsResponse> {
  // Everything fits into the first page.
  if (token !== undefined) throw faults.invalidToken();
  if (ids.length > mostListed) {
    throw faults.invalidTag(
      `Tags of no more than ${mostListed} resources can be listed at a time.`,
    );
  }
  const rows = await Promise.all(ids.map((id) => taggedTrail(id, ctx, ctx.store)));
  return {
    ResourceTagList: rows.map(({ arn, tags }) => ({
      ResourceId: arn,
      TagsList: tags.map(({ key, value }) => ({
        Key: key,
        ...(value === undefined ? {} : { Value: value }),
      })),
    })),
  };
}
