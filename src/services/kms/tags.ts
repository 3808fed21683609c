/** Tags of keys: their rules, and what they are as condition keys. */
import type * as sdk from '@aws-sdk/client-kms';
import type { KeyTag } from '../../engines/keys/rows.ts';
import type { KeyValue } from '../../kernel/check.ts';
import { faults } from './faults.ts';

export const tagsPerKey = 50;

/** The tags with the given ones added or replaced. Throws `Fault`. */
export function mergedTags(
  present: readonly KeyTag[],
  given: readonly sdk.Tag[] | undefined,
): readonly KeyTag[] {
  const added = new Map((given ?? []).map(({ TagKey = '', TagValue = '' }) => [TagKey, TagValue]));
  if (added.size < (given ?? []).length) throw faults.tag('Duplicate tag keys');
  for (const key of added.keys()) {
    if (/^aws:/i.test(key)) throw faults.tag(`Tag key ${key}: keys may not start with aws:`);
  }
  const kept = present.filter(({ key }) => !added.has(key));
  const all = [...kept, ...[...added].map(([key, value]) => ({ key, value }))];
  if (all.length > tagsPerKey) {
    throw faults.limit(`A key may have ${tagsPerKey} tags, not ${all.length}`);
  }
  return all;
}

export function tagsOf(tags: readonly KeyTag[]): sdk.Tag[] {
  return tags.map(({ key, value }) => ({ TagKey: key, TagValue: value }));
}

/** What a request that gives tags says to conditions: `aws:requesttag/KEY` and `aws:tagkeys`. */
export function requestTagKeys(
  given: readonly sdk.Tag[] | undefined,
): Readonly<Record<string, KeyValue>> {
  if (!given || given.length === 0) return {};
  const values = given.map(({ TagKey = '', TagValue = '' }) => [
    `aws:requesttag/${TagKey}`,
    TagValue,
  ]);
  return { ...Object.fromEntries(values), 'aws:tagkeys': given.map(({ TagKey = '' }) => TagKey) };
}
