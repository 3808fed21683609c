/** Tags of buckets and objects: S3's rules, and both ways they are written. */
import type { Tag as ClientTag } from '@aws-sdk/client-s3';
import type { Tag } from '../../engines/objects/rows.ts';
import { faults } from './faults.ts';

export const maxObjectTags = 10;
export const maxBucketTags = 50;
const maxKeyLength = 128;
const maxValueLength = 256;
const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Throws InvalidTag, BadRequest (too many), MalformedXML (a tag without key or value). */
export function checkedTags(
  tags: readonly Partial<ClientTag>[],
  limit: { readonly count: number; readonly of: string },
): readonly Tag[] {
  if (tags.length > limit.count) {
    throw faults.tooManyTags(`${limit.of} tags cannot be greater than ${limit.count}`);
  }
  const seen = new Set<string>();
  return tags.map(({ Key: key, Value: value }) => {
    if (key === undefined || value === undefined) throw faults.malformedXml();
    checkTag(key, value);
    if (seen.has(key)) {
      throw faults.invalidTag('Cannot provide multiple Tags with the same key', { TagKey: key });
    }
    seen.add(key);
    return { key, value };
  });
}

function checkTag(key: string, value: string): void {
  if (key.length === 0 || key.length > maxKeyLength || !allowed.test(key)) {
    throw faults.invalidTag('The TagKey you have provided is invalid', { TagKey: key });
  }
  if (value.length > maxValueLength || !allowed.test(value)) {
    throw faults.invalidTag('The TagValue you have provided is invalid', {
      TagKey: key,
      TagValue: value,
    });
  }
  if (/^aws:/i.test(key)) {
    throw faults.invalidTag('System tags cannot be added/updated by requester', { TagKey: key });
  }
}

const objectLimit = { count: maxObjectTags, of: 'Object' };

export function objectTags(tags: readonly ClientTag[] | undefined): readonly Tag[] {
  return checkedTags(tags ?? [], objectLimit);
}

export function bucketTags(tags: readonly ClientTag[] | undefined): readonly Tag[] {
  return checkedTags(tags ?? [], { count: maxBucketTags, of: 'Bucket' });
}

/** The `x-amz-tagging` header: tags as a query string. */
export function tagsOfHeader(header: string | undefined): readonly Tag[] {
  const pairs = [...new URLSearchParams(header ?? '')];
  return checkedTags(
    pairs.map(([Key, Value]) => ({ Key, Value })),
    objectLimit,
  );
}

export function tagSet(tags: readonly Tag[]): ClientTag[] {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }));
}
