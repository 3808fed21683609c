/** Tags of topics: their limits, and their two forms. */
import type * as sns from '@aws-sdk/client-sns';
import { topicLimits } from '../../engines/topics/limits.ts';
import { faults } from './faults.ts';

type Tags = Readonly<Record<string, string>>;

/** The tags with those added. */
export function checkTags(present: Tags, added: readonly sns.Tag[]): Tags {
  const keys = added.map(({ Key: key = '' }) => key);
  if (new Set(keys).size < keys.length) {
    throw faults.invalid('Duplicated keys are not allowed.');
  }
  for (const { Key: key = '', Value: value = '' } of added) {
    if (key.length < 1 || key.length > 128 || /^aws:/i.test(key)) throw faults.invalid('Tags');
    if (value.length > 256) throw faults.invalid('Tags');
  }
  const entries = added.map(({ Key: key = '', Value: value = '' }) => [key, value] as const);
  const tags = { ...present, ...Object.fromEntries(entries) };
  const limit = topicLimits.tags;
  if (Object.keys(tags).length > limit) throw faults.tooManyTags(limit);
  return tags;
}

export function tagsOf(tags: Tags): sns.Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
