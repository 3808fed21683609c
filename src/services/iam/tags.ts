/**
 * Tags of everything this service has: their rules, their two forms, and what they are as condition
 * keys. Keys keep their spelling and are the same without regard to case, as in the original.
 */
import type * as sdk from '@aws-sdk/client-iam';
import type { KeyValue } from '../../kernel/check.ts';
import { faults } from './faults.ts';
import { limits } from './limits.ts';
import { type Page, type PageRequest, sliceOf } from './paging.ts';

export type Tags = Readonly<Record<string, string>>;

/** The tags with the given ones added or replaced. Throws `Fault`. */
export function mergedTags(present: Tags, given: readonly sdk.Tag[] | undefined): Tags {
  const added = (given ?? []).map(({ Key = '', Value = '' }) => [Key, Value] as const);
  const names = new Set(added.map(([key]) => key.toLowerCase()));
  if (names.size < added.length) {
    throw faults.invalidInput(
      'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    );
  }
  const reserved = added.find(([key]) => /^aws:/i.test(key));
  if (reserved) throw faults.invalidInput(`Tag key ${reserved[0]}: keys may not start with aws:.`);
  const kept = Object.entries(present).filter(([key]) => !names.has(key.toLowerCase()));
  const all = [...kept, ...added];
  if (all.length > limits.tagsPerResource) {
    throw faults.limitWords('The number of tags has reached the maximum limit.');
  }
  return Object.fromEntries(all);
}

/** The tags without those of the given keys; keys that are not there are passed over. */
export function withoutTags(present: Tags, keys: readonly string[] | undefined): Tags {
  const gone = new Set((keys ?? []).map((key) => key.toLowerCase()));
  return Object.fromEntries(
    Object.entries(present).filter(([key]) => !gone.has(key.toLowerCase())),
  );
}

export function tagsOf(tags: Tags): sdk.Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** For a description, where a resource without tags has no member: spread it. */
export function tagMember(tags: Tags): { readonly Tags?: sdk.Tag[] } {
  return Object.keys(tags).length === 0 ? {} : { Tags: tagsOf(tags) };
}

export interface TagPage {
  readonly Tags: sdk.Tag[];
  readonly IsTruncated: boolean;
  readonly Marker?: string;
}

export function tagPage(request: PageRequest, tags: Tags): TagPage {
  const { rows, ...rest }: Page<sdk.Tag> = sliceOf(request, tagsOf(tags));
  return { Tags: [...rows], ...rest };
}

/** What a request that gives tags says to conditions: `aws:requesttag/KEY` and `aws:tagkeys`. */
export function requestTagKeys(
  given: readonly sdk.Tag[] | undefined,
): Readonly<Record<string, KeyValue>> {
  if (!given || given.length === 0) return {};
  const values = given.map(({ Key = '', Value = '' }) => [`aws:requesttag/${Key}`, Value] as const);
  return { ...Object.fromEntries(values), 'aws:tagkeys': given.map(({ Key = '' }) => Key) };
}

/** What a request that takes tags away says to conditions. */
export function tagKeyKeys(
  keys: readonly string[] | undefined,
): Readonly<Record<string, KeyValue>> {
  return keys && keys.length > 0 ? { 'aws:tagkeys': keys } : {};
}
