/**
 * A column of a table as the bias measures read it: numbers, or codes into a dictionary of texts.
 * Reading files and naming columns happen elsewhere; a missing cell is NaN or the code -1.
 */

export type BiasColumn = NumberColumn | TextColumn;

export interface NumberColumn {
  readonly kind: 'numbers';
  /** NaN is a missing cell. */
  readonly values: Float64Array;
  /** Every present value was written as a whole number: `3`, not `3.0`. */
  readonly integral: boolean;
  /** Different present values; counted for integral columns only, else NaN. */
  readonly distinct: number;
  /** Present values. */
  readonly present: number;
}

export interface TextColumn {
  readonly kind: 'texts';
  /** Index into `dictionary`; -1 is a missing cell. */
  readonly codes: Int32Array;
  /** In order of first appearance. */
  readonly dictionary: readonly string[];
}

/** Columns of equal length, by name, in the order of the table. */
export type BiasTable = ReadonlyMap<string, BiasColumn>;

/**
 * How a column is read where values are given: a list of values, or a threshold.
 * `original`: whole numbers are continuous when different values make up 5 % of the rows or more.
 * `steady`: the same, but whole numbers with at most two different values are never continuous, so
 * that a 0/1 flag keeps its meaning in a window of 40 rows or fewer.
 */
export type Typing = 'original' | 'steady';

export type Scale = 'categorical' | 'continuous';

const UNIQUENESS_THRESHOLD_01 = 0.05;
const FLAG_VALUES_MAX = 2;
const DIRECT_VALUES = 4096;
/** Spans of whole numbers up to this are counted in a bitmap. */
const BITMAP_SPAN_MAX = 1 << 20;
/** As pandas reads a CSV file; the other spellings are in `MISSING`. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const WHOLE = /^[+-]?\d+$/;
const INFINITE = /^([+-]?)inf(inity)?$/i;
const MISSING = new Set([
  ...['', '#N/A', '#N/A N/A', '#NA', '-1.#IND', '-1.#QNAN', '-NaN', '-nan', '1.#IND', '1.#QNAN'],
  ...['<NA>', 'N/A', 'NA', 'NULL', 'NaN', 'n/a', 'nan', 'null'],
]);

/**
 * Whole numbers, numbers or texts, whichever fits every present cell. The cells pandas takes for
 * missing are missing; unlike there, a missing cell does not turn whole numbers into others.
 */
export function columnOfCells(cells: readonly (string | undefined)[]): BiasColumn {
  const values = new Float64Array(cells.length);
  let integral = true;
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row]?.trim();
    if (cell === undefined || MISSING.has(cell)) {
      values[row] = Number.NaN;
      continue;
    }
    const value = numberOfCell(cell);
    if (value === undefined) return columnOfTexts(cells);
    values[row] = value;
    integral = integral && WHOLE.test(cell);
  }
  return columnOfNumbers(values, { integral });
}

/** Without the option, integral when every present value is a whole number. */
export function columnOfNumbers(
  values: Float64Array,
  options: { readonly integral?: boolean } = {},
): NumberColumn {
  let present = 0;
  let whole = true;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  // Loops by index: on a million rows they are several times as fast as those by iterator.
  for (let row = 0; row < values.length; row++) {
    const value = values[row] ?? Number.NaN;
    if (value !== value) continue;
    present++;
    if (whole && !Number.isSafeInteger(value)) whole = false;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const integral = whole && (options.integral ?? true);
  const distinct = integral ? countDistinct(values, low, high) : Number.NaN;
  return { kind: 'numbers', values, integral, distinct, present };
}

/** Text, whatever the cells look like. An absent or empty cell is missing. */
export function columnOfTexts(cells: readonly (string | undefined)[]): TextColumn {
  const codes = new Int32Array(cells.length).fill(-1);
  const seen = new Map<string, number>();
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row];
    if (cell === undefined || MISSING.has(cell)) continue;
    const known = seen.get(cell);
    const code = known ?? seen.size;
    if (known === undefined) seen.set(cell, code);
    codes[row] = code;
  }
  return { kind: 'texts', codes, dictionary: [...seen.keys()] };
}

export function rowsOf(column: BiasColumn): number {
  return column.kind === 'numbers' ? column.values.length : column.codes.length;
}

/** Source: the rule of smclarify 0.5, `series_datatype`; several values always make a list. */
export function scaleOf(column: BiasColumn, valueCount: number, typing: Typing): Scale {
  if (valueCount > 1 || column.kind === 'texts') return 'categorical';
  if (!column.integral) return 'continuous';
  if (typing === 'steady' && column.distinct <= FLAG_VALUES_MAX) return 'categorical';
  const uniqueness01 = column.present === 0 ? 0 : column.distinct / column.present;
  return uniqueness01 >= UNIQUENESS_THRESHOLD_01 ? 'continuous' : 'categorical';
}

/** The column as numbers; a text column only when it is all true and false. */
export function numbersOf(column: BiasColumn): Float64Array | undefined {
  if (column.kind === 'numbers') return column.values;
  const truths = column.dictionary.map((text) => ['false', 'true'].indexOf(text.toLowerCase()));
  if (truths.length === 0 || truths.includes(-1)) return undefined;
  return Float64Array.from(column.codes, (code) => truths[code] ?? Number.NaN);
}

/** Codes into `names`, which are sorted: numbers by size, texts by code unit. Missing is -1. */
export interface Coded {
  readonly codes: Int32Array;
  readonly names: readonly (string | number)[];
}

/** Undefined when there are more than `limit` different values. */
export function codesOf(column: BiasColumn, limit: number): Coded | undefined {
  if (column.kind === 'texts') return column.dictionary.length > limit ? undefined : sorted(column);
  if (column.integral && column.distinct > limit) return undefined;
  const seen = new Map<number, number>();
  const codes = new Int32Array(column.values.length).fill(-1);
  // Small whole numbers, the usual groups, are looked up without hashing.
  const direct = new Int32Array(DIRECT_VALUES).fill(-1);
  for (let row = 0; row < codes.length; row++) {
    const value = column.values[row] ?? Number.NaN;
    if (value !== value) continue;
    const isDirect = column.integral && value >= 0 && value < DIRECT_VALUES;
    let code = (isDirect ? direct[value] : seen.get(value)) ?? -1;
    if (code < 0) {
      code = seen.size;
      seen.set(value, code);
      if (isDirect) direct[value] = code;
      if (seen.size > limit) return undefined;
    }
    codes[row] = code;
  }
  const names = [...seen.keys()];
  return renumber(codes, names, (a, b) => (names[a] ?? 0) - (names[b] ?? 0));
}

function sorted(column: TextColumn): Coded {
  const names = column.dictionary;
  const compare = (a: number, b: number) => ((names[a] ?? '') < (names[b] ?? '') ? -1 : 1);
  return renumber(column.codes, names, compare);
}

function renumber(
  codes: Int32Array,
  names: readonly (string | number)[],
  compare: (a: number, b: number) => number,
): Coded {
  const order = names.map((_, code) => code).sort(compare);
  const rank = new Int32Array(names.length);
  order.forEach((code, at) => {
    rank[code] = at;
  });
  return {
    codes: codes.map((code) => (code < 0 ? -1 : (rank[code] ?? -1))),
    names: order.map((code) => names[code] ?? ''),
  };
}

function numberOfCell(cell: string): number | undefined {
  if (NUMBER.test(cell)) return Number(cell);
  const sign = INFINITE.exec(cell)?.[1];
  if (sign === undefined) return undefined;
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function countDistinct(values: Float64Array, low: number, high: number): number {
  if (high < low) return 0;
  if (high - low >= BITMAP_SPAN_MAX) {
    const seen = new Set(values);
    seen.delete(Number.NaN);
    return seen.size;
  }
  const seen = new Uint8Array(high - low + 1);
  for (let row = 0; row < values.length; row++) {
    const value = values[row] ?? Number.NaN;
    if (value === value) seen[value - low] = 1;
  }
  return seen.reduce((sum, bit) => sum + bit, 0);
}
