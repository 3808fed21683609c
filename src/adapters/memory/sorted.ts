/**
 * Positions kept in order, and slices of them. The primary order of a collection is the case where
 * the value is the key itself. Not a tree: an insert moves what follows, which is cheap to 100,000.
 */
import { compareUtf8 } from '../../kernel/bytes.ts';

export interface Position {
  readonly value: string;
  readonly key: string;
}

/** `IndexRange` without the name of the index. */
export interface Slice {
  readonly equals?: string | undefined;
  readonly prefix?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly after?: Position | undefined;
  readonly limit: number;
  readonly descending?: boolean | undefined;
}

export function comparePositions(a: Position, b: Position): number {
  return compareUtf8(a.value, b.value) || compareUtf8(a.key, b.key);
}

/** -1 before the slice, 0 inside, 1 behind it; never falls along the order of positions. */
export function place(position: Position, slice: Slice): -1 | 0 | 1 {
  const { value } = position;
  const { equals, prefix, from, to, after } = slice;
  if (equals !== undefined && value !== equals) return compareUtf8(value, equals) < 0 ? -1 : 1;
  if (prefix !== undefined && !value.startsWith(prefix)) {
    return compareUtf8(value, prefix) < 0 ? -1 : 1;
  }
  if (from !== undefined && compareUtf8(value, from) < 0) return -1;
  if (to !== undefined && compareUtf8(value, to) >= 0) return 1;
  if (after === undefined) return 0;
  const order = comparePositions(position, after);
  if (slice.descending) return order < 0 ? 0 : 1;
  return order > 0 ? 0 : -1;
}

export class SortedPositions {
  readonly #positions: Position[] = [];

  add(position: Position): void {
    const at = this.#firstIndex((other) => comparePositions(other, position) >= 0);
    const found = this.#positions[at];
    if (found && comparePositions(found, position) === 0) return;
    this.#positions.splice(at, 0, position);
  }

  remove(position: Position): void {
    const at = this.#firstIndex((other) => comparePositions(other, position) >= 0);
    const found = this.#positions[at];
    if (found && comparePositions(found, position) === 0) this.#positions.splice(at, 1);
  }

  /** In the direction of travel; the limit is the reader's business. */
  *slice(slice: Slice): Iterable<Position> {
    const start = this.#firstIndex((position) => place(position, slice) >= 0);
    const end = this.#firstIndex((position) => place(position, slice) > 0);
    const step = slice.descending ? -1 : 1;
    for (let i = slice.descending ? end - 1 : start; i >= start && i < end; i += step) {
      const position = this.#positions[i];
      if (position) yield position;
    }
  }

  /** The first index from which `holds` is true, which must stay true from there on. */
  #firstIndex(holds: (position: Position) => boolean): number {
    let low = 0;
    let high = this.#positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const position = this.#positions[middle];
      if (position && holds(position)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
