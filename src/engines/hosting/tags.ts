/** Tags of resources, by ARN. Whether the resource exists is the caller's business. */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Collection, Reader, Transaction } from '../../ports/metadata-store.ts';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface TagRow {
  readonly arn: string;
  /** In order of first use. */
  readonly tags: readonly Tag[];
}

export const tagRows: Collection<TagRow> = { name: 'hosting/tags' };

export const mostTags = 50;
const longestKey = 128;
const longestValue = 256;

export async function tagsOf(reader: Reader, arn: string): Promise<readonly Tag[]> {
  return (await reader.get(tagRows, arn))?.tags ?? [];
}

/** Adds tags, replacing the values of keys that are there; refuses more than fifty in all. */
export async function putTags(
  tx: Transaction,
  arn: string,
  added: readonly Tag[],
): Promise<Outcome<readonly Tag[]>> {
  const tags = new Map((await tagsOf(tx, arn)).map(({ key, value }) => [key, value]));
  for (const { key, value } of added) {
    const wrong = problemOf(key, value);
    if (wrong) return refuse(wrong);
    tags.set(key, value);
  }
  if (tags.size > mostTags) {
    return refuse(`a resource may have ${mostTags} tags; this makes ${tags.size}`);
  }
  const row = { arn, tags: [...tags].map(([key, value]) => ({ key, value })) };
  if (added.length > 0) await tx.put(tagRows, arn, row);
  return ok(row.tags);
}

function problemOf(key: string, value: string): string | undefined {
  if (key === '' || key.length > longestKey) return `a tag key has 1 to ${longestKey} characters`;
  if (value.length > longestValue) return `the value of tag ${key} is over ${longestValue} long`;
  if (/^aws:/i.test(key)) return `tag keys that begin with aws: are reserved: ${key}`;
  return undefined;
}

export async function removeTags(
  tx: Transaction,
  arn: string,
  keys: readonly string[],
): Promise<void> {
  const tags = await tagsOf(tx, arn);
  await tx.put(tagRows, arn, { arn, tags: tags.filter(({ key }) => !keys.includes(key)) });
}

export async function dropTags(tx: Transaction, arn: string): Promise<void> {
  await tx.delete(tagRows, arn);
}
