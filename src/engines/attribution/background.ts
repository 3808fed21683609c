/**
 * The rows that stand for absent features, prepared once: which features a row changes against
 * them, and which of them come to the same once a coalition's features are taken from a row.
 */
import type { Coalitions } from './coalitions.ts';
import type { Cell, Row } from './types.ts';

export interface Background {
  readonly rows: readonly Row[];
  readonly features: number;
  /** Of each feature: the number of its distinct values, and which of them each row has. */
  readonly columns: readonly Column[];
}

interface Column {
  readonly distinct: number;
  readonly codes: Int32Array;
  readonly first: Cell;
}

export function backgroundOf(rows: readonly Row[], features: number): Background {
  const columns = Array.from({ length: features }, (_, feature): Column => {
    const known = new Map<Cell, number>();
    const codes = Int32Array.from(rows, (row) => {
      const cell = row[feature] ?? '';
      const code = known.get(cell) ?? known.size;
      known.set(cell, code);
      return code;
    });
    return { distinct: known.size, codes, first: rows[0]?.[feature] ?? '' };
  });
  return { rows, features, columns };
}

/** Same type and value; NaN is the same as NaN. */
function sameCell(a: Cell, b: Cell): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

/** The features in which at least one background row differs from the row. */
export function varyingFeatures(row: Row, { columns }: Background): Int32Array {
  const varying: number[] = [];
  for (const [feature, { distinct, first }] of columns.entries()) {
    if (distinct > 1 || !sameCell(row[feature] ?? '', first)) varying.push(feature);
  }
  return Int32Array.from(varying);
}

/** How the coalitions of a set of varying features are asked. */
export interface Layout {
  readonly coalitions: Coalitions;
  /** Of each coalition: the features taken from the explained row. */
  readonly present: readonly Int32Array[];
  /** Of each coalition: the background rows to ask for; undefined when it is all of them. */
  readonly groups: readonly (Group | undefined)[];
}

/** Background rows that stand for all that equal them in the absent features. */
export interface Group {
  readonly rows: Int32Array;
  /** How many each stands for. */
  readonly weights: Float64Array;
}

/** Without a background no rows are laid out for asking. */
export function layoutOf(
  coalitions: Coalitions,
  varying: Int32Array,
  background: Background | undefined,
): Layout {
  const { features, count, masks } = coalitions;
  const present: Int32Array[] = [];
  const groups: (Group | undefined)[] = [];
  for (let c = 0; background && c < count; c += 1) {
    const mask = masks.subarray(c * features, (c + 1) * features);
    present.push(varying.filter((_, at) => mask[at] === 1));
    const absent = varying.filter((_, at) => mask[at] === 0);
    groups.push(groupOf(absent, background));
  }
  return { coalitions, present, groups };
}

/** Undefined when no two background rows agree in all the absent features. */
function groupOf(absent: Int32Array, { rows, columns }: Background): Group | undefined {
  const used = Array.from(absent, (feature) => columns[feature]);
  if (used.some((column) => column?.distinct === rows.length)) return undefined;
  let ids: Int32Array = new Int32Array(rows.length);
  let distinct = 1;
  for (const column of used) {
    if (!column || column.distinct === 1) continue;
    const known = new Map<number, number>();
    ids = ids.map((id, at) => {
      const key = id * column.distinct + (column.codes[at] ?? 0);
      const next = known.get(key) ?? known.size;
      known.set(key, next);
      return next;
    });
    distinct = known.size;
    if (distinct === rows.length) return undefined;
  }
  const weights = new Float64Array(distinct);
  const firsts: number[] = [];
  for (const [at, id] of ids.entries()) {
    if (weights[id] === 0) firsts.push(at);
    weights[id] = (weights[id] ?? 0) + 1;
  }
  return { rows: Int32Array.from(firsts), weights };
}
