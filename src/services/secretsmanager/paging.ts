/** Pages of lists that are sorted in memory, and the tokens between them. */
import { compareUtf8 } from '../../kernel/bytes.ts';
import { faults } from './faults.ts';

/** Where a thing stands in its order: by the value, then by the name. */
export interface Place {
  readonly value: number | string;
  readonly name: string;
}

export interface PageRequest {
  /** Names the list and its order: a token belongs to one. */
  readonly list: string;
  readonly NextToken?: string | undefined;
  readonly size: number;
  readonly descending?: boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly NextToken?: string;
}

/** Throws InvalidNextToken for a token of another list. */
export function pageOf<T>(
  all: readonly T[],
  placeOf: (item: T) => Place,
  { list, NextToken, size, descending = false }: PageRequest,
): Page<T> {
  const order = (a: Place, b: Place) => (descending ? compare(b, a) : compare(a, b));
  const after = NextToken === undefined ? undefined : placeIn(NextToken, list);
  const placed = all.map((item) => ({ item, place: placeOf(item) }));
  if (after && placed.some(({ place }) => typeof place.value !== typeof after.value)) {
    throw faults.badToken();
  }
  const left = placed
    .filter(({ place }) => !after || order(place, after) > 0)
    .sort((a, b) => order(a.place, b.place));
  const page = left.slice(0, size);
  const last = page.at(-1);
  const items = page.map(({ item }) => item);
  return left.length > size && last ? { items, NextToken: tokenFor(last.place, list) } : { items };
}

function compare(a: Place, b: Place): number {
  if (typeof a.value === 'number' && typeof b.value === 'number' && a.value !== b.value) {
    return a.value - b.value;
  }
  return compareUtf8(String(a.value), String(b.value)) || compareUtf8(a.name, b.name);
}

function tokenFor({ value, name }: Place, list: string): string {
  return Buffer.from(JSON.stringify([list, value, name]), 'utf8').toString('base64url');
}

function placeIn(token: string, list: string): Place {
  const [of, value, name, ...more] = partsIn(token);
  const isValue = typeof value === 'string' || typeof value === 'number';
  if (of !== list || !isValue || typeof name !== 'string' || more.length > 0)
    throw faults.badToken();
  return { value, name };
}

function partsIn(token: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    return Array.isArray(parts) ? parts : [];
  } catch {
    // What is no JSON is no token of ours.
    return [];
  }
}
