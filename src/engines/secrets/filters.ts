/** Which secrets a search means: filters by field, all of which must hold. */
import type { SecretRow } from './rows.ts';

export interface SecretFilter {
  readonly field: string;
  /** One must match; `!` before a value: it must not. */
  readonly values: readonly string[];
}

type Texts = (row: SecretRow) => readonly string[];

const fields: Readonly<Record<string, Texts>> = {
  name: ({ name }) => [name],
  description: ({ description }) => (description === undefined ? [] : [description]),
  'tag-key': ({ tags }) => tags.map(({ key }) => key),
  'tag-value': ({ tags }) => tags.map(({ value }) => value),
  'primary-region': ({ region }) => [region],
  // Secrets here are nobody's but their account's.
  'owning-service': () => [],
};

/** Fields that are searched by words, in any case; the others by how they begin. */
const byWords = new Set(['description', 'all']);

export function matchesAll(row: SecretRow, filters: readonly SecretFilter[]): boolean {
  return filters.every(({ field, values }) => {
    const texts =
      field === 'all' ? Object.values(fields).flatMap((of) => of(row)) : textsOf(field, row);
    const matches = (wanted: string) =>
      byWords.has(field) ? hasWords(texts, wanted) : texts.some((text) => text.startsWith(wanted));
    const unwanted = values.filter((value) => value.startsWith('!'));
    const wanted = values.filter((value) => !value.startsWith('!'));
    if (unwanted.some((value) => matches(value.slice(1)))) return false;
    return wanted.length === 0 || wanted.some(matches);
  });
}

function textsOf(field: string, row: SecretRow): readonly string[] {
  return fields[field]?.(row) ?? [];
}

/** Every word of the search begins a word of the texts. */
function hasWords(texts: readonly string[], wanted: string): boolean {
  const words = texts.flatMap(wordsOf);
  return wordsOf(wanted).every((one) => words.some((word) => word.startsWith(one)));
}

function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}
