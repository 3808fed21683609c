/**
 * Which rows a list of values or a threshold selects: the positive labels, or the disadvantaged
 * side of a facet. Also the text by which the result names the selection.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type BiasColumn, type Scale, scaleOf, type Typing } from './column.ts';

export type BiasValue = string | number | boolean;

/** One byte a row. */
export const OUTSIDE = 0;
export const INSIDE = 1;
export const MISSING = 2;

export interface Selection {
  readonly rows: Uint8Array;
  /** `"0"`, `"a,b"` or the interval `"(0.5, 0.99]"`. */
  readonly text: string;
  readonly scale: Scale;
}

export interface Choice {
  /** For refusals: `facet "Sex"`. */
  readonly what: string;
  readonly values: readonly BiasValue[];
  readonly scale?: Scale | undefined;
  readonly typing: Typing;
  /** The largest value of the interval's text; the column's own when absent. */
  readonly atMost?: number;
}

/**
 * A value of a continuous column is a threshold: rows strictly above it are inside. A threshold
 * that no row can exceed because it is the column's largest value is read as a value. Values are
 * compared as numbers with numbers and as text with texts, `1` and `"1"` being the same.
 */
export function select(column: BiasColumn, choice: Choice): Outcome<Selection> {
  const { values, what } = choice;
  if (values.length === 0) return refuse(`${what} needs at least one value or a threshold`);
  const scale = choice.scale ?? scaleOf(column, values.length, choice.typing);
  if (scale === 'categorical') return selectValues(column, choice);
  if (column.kind === 'texts') return refuse(notNumbers(what, column.dictionary));
  const threshold = numberOf(values[0] ?? '');
  if (values.length > 1 || Number.isNaN(threshold)) {
    return refuse(
      `${what} holds continuous numbers and needs one number as its threshold, not ` +
        `"${values.join(', ')}"`,
    );
  }
  const high = Math.max(largest(column.values), choice.atMost ?? Number.NEGATIVE_INFINITY);
  if (threshold === high) return selectValues(column, choice);
  const rows = new Uint8Array(column.values.length);
  for (let row = 0; row < rows.length; row++) {
    const value = column.values[row] ?? Number.NaN;
    rows[row] = value !== value ? MISSING : value > threshold ? INSIDE : OUTSIDE;
  }
  const whole = column.integral && Number.isInteger(threshold) && typeof values[0] !== 'string';
  const [from, to] = threshold < high ? [threshold, high] : [high, threshold];
  return ok({ rows, scale, text: `(${pythonNumber(from, whole)}, ${pythonNumber(to, whole)}]` });
}

/** The different present values in order of appearance, each a selection of its own. */
export function distinctValues(column: BiasColumn): readonly BiasValue[] {
  if (column.kind === 'texts') return column.dictionary;
  const seen = new Set(column.values);
  seen.delete(Number.NaN);
  return [...seen];
}

/** As Python prints a number: a float has a point, and small and large ones an exponent. */
export function pythonNumber(value: number, whole: boolean): string {
  if (!Number.isFinite(value)) return value !== value ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (whole) return String(value);
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  const text = String(value);
  return Number.isInteger(value) ? `${text}.0` : text;
}

function selectValues(column: BiasColumn, choice: Choice): Outcome<Selection> {
  const { values, what } = choice;
  const text = values.map(printed).join(',');
  if (column.kind === 'numbers') {
    const wanted = values.map(numberOf);
    const bad = values.find((_, at) => Number.isNaN(wanted[at]));
    if (bad !== undefined) return refuse(`${what} holds numbers, so "${bad}" selects nothing`);
    const [first, second] = wanted;
    const isLong = wanted.length > 2;
    const rows = new Uint8Array(column.values.length);
    for (let row = 0; row < rows.length; row++) {
      const value = column.values[row] ?? Number.NaN;
      const inside = value === first || value === second || (isLong && wanted.includes(value));
      rows[row] = value !== value ? MISSING : inside ? INSIDE : OUTSIDE;
    }
    return ok({ rows, text, scale: 'categorical' });
  }
  const isInside = insideOf(column.dictionary, values);
  const numeric = (texts: readonly string[]) => texts.some((entry) => !Number.isNaN(Number(entry)));
  const onlyNumbers = values.every((value) => typeof value === 'number');
  if (onlyNumbers && column.dictionary.length > 0 && !numeric(column.dictionary)) {
    return refuse(notNumbers(what, column.dictionary));
  }
  const rows = Uint8Array.from(column.codes, (code) =>
    code < 0 ? MISSING : (isInside[code] ?? 0),
  );
  return ok({ rows, text, scale: 'categorical' });
}

/** Exact texts first; when none occurs, texts that mean the same number or truth. */
function insideOf(dictionary: readonly string[], values: readonly BiasValue[]): readonly number[] {
  const exact = new Set(values.map(String));
  const inside = dictionary.map((entry) => (exact.has(entry) ? INSIDE : OUTSIDE));
  if (inside.includes(INSIDE)) return inside;
  const meant = new Set(values.map(meaning));
  return dictionary.map((entry) => (meant.has(meaning(entry)) ? INSIDE : OUTSIDE));
}

function meaning(value: BiasValue): string {
  const text = String(value).trim();
  const number = text === '' ? Number.NaN : Number(text);
  return Number.isNaN(number) ? text.toLowerCase() : String(number);
}

function numberOf(value: BiasValue): number {
  if (typeof value !== 'string') return Number(value);
  return value.trim() === '' ? Number.NaN : Number(value);
}

function printed(value: BiasValue): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'number' ? pythonNumber(value, Number.isInteger(value)) : value;
}

function notNumbers(what: string, dictionary: readonly string[]): string {
  return `${what} holds text such as "${dictionary[0] ?? ''}", which no number selects`;
}

function largest(values: Float64Array): number {
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > high) high = value;
  return high;
}
