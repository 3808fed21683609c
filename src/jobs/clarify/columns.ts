/** Builds the columns of a table as they are read, and takes rows out of them. */
import {
  type BiasColumn,
  columnOfNumbers,
  type TextColumn,
} from '../../engines/fairness/column.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { CellKind, type ColumnBatch } from '../../ports/analytics.ts';
import type { Cell, Row } from '../predictor/body.ts';

/** Longer cells are a mistake: a quote left open, or a document in a cell. */
export const longestCell = 1024 * 1024;

/** What pandas, which the original reads CSV with, takes for a missing cell. */
const missingTexts = new Set([
  ...['#N/A', '#N/A N/A', '#NA', '-1.#IND', '-1.#QNAN', '-NaN', '-nan', '1.#IND', '1.#QNAN'],
  ...['<NA>', 'N/A', 'NA', 'NULL', 'NaN', 'n/a', 'nan', 'null'],
]);
const infinite = /^([+-]?)inf(?:inity)?$/i;

/** Where a column that is mostly of one type has a cell of another. */
export interface MixedCells {
  readonly texts: number;
  readonly numbers: number;
  /** The first text: its row, from 1. */
  readonly row: number;
  readonly text: string;
}

/** A column while it grows; numbers until the first text comes. */
export class ColumnBuilder {
  #numbers = new Float64Array(1_024);
  #codes: Int32Array | undefined;
  readonly #dictionary = new Map<string, number>();
  #rows = 0;
  #integral = true;
  #numbered = 0;
  #texts = 0;
  #firstText: { readonly row: number; readonly text: string } | undefined;

  get rows(): number {
    return this.#rows;
  }

  addNumber(value: number, integral = Number.isInteger(value)): void {
    const at = this.#grow();
    this.#numbers[at] = value;
    this.#numbered += 1;
    this.#integral &&= integral;
  }

  addMissing(): void {
    this.#numbers[this.#grow()] = Number.NaN;
  }

  addText(text: string): void {
    const at = this.#grow();
    this.#numbers[at] = Number.NaN;
    this.#texts += 1;
    this.#firstText ??= { row: at + 1, text };
    this.#codes ??= new Int32Array(this.#numbers.length).fill(-1);
    this.#codes[at] = this.#codeOf(text);
  }

  /** Cells in a batch's order; a row whose cell is too long is answered, from 1. */
  addBatch({ kinds, numbers, texts }: ColumnBatch, isCsv: boolean): number | undefined {
    for (let at = 0; at < kinds.length; at += 1) {
      const kind = kinds[at];
      const text = texts[at];
      if (kind === CellKind.missing) this.addMissing();
      else if (text === undefined) this.addNumber(numbers[at] ?? NaN, kind === CellKind.integral);
      else if (text.length > longestCell) return this.#rows + 1;
      else if (isCsv) this.#addCsvText(text);
      else this.addText(text);
    }
    return undefined;
  }

  #addCsvText(text: string): void {
    const [found, sign] = infinite.exec(text.trim()) ?? [];
    if (missingTexts.has(text.trim())) this.addMissing();
    else if (found === undefined) this.addText(text);
    else this.addNumber(sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY, false);
  }

  /** Undefined when the column has numbers alone, or texts alone. */
  mixed(): MixedCells | undefined {
    const first = this.#firstText;
    if (!first || this.#numbered === 0) return undefined;
    return { texts: this.#texts, numbers: this.#numbered, ...first };
  }

  /** Of texts as soon as one cell is no number. */
  finish(): BiasColumn {
    const numbers = this.#numbers.slice(0, this.#rows);
    if (!this.#codes) return columnOfNumbers(numbers, { integral: this.#integral });
    const codes = this.#codes.slice(0, this.#rows);
    for (const [at, number] of numbers.entries()) {
      if (!Number.isNaN(number)) codes[at] = this.#codeOf(String(number));
    }
    return { kind: 'texts', codes, dictionary: [...this.#dictionary.keys()] };
  }

  #codeOf(text: string): number {
    const code = this.#dictionary.get(text) ?? this.#dictionary.size;
    this.#dictionary.set(text, code);
    return code;
  }

  #grow(): number {
    const at = this.#rows;
    this.#rows += 1;
    if (at < this.#numbers.length) return at;
    const numbers = new Float64Array(2 * at);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
    if (!this.#codes) return at;
    const codes = new Int32Array(2 * at).fill(-1);
    codes.set(this.#codes);
    this.#codes = codes;
    return at;
  }
}

/** NaN and the empty text stand for a missing cell. */
export function cellAt(column: BiasColumn, row: number): Cell {
  if (column.kind === 'numbers') return column.values[row] ?? Number.NaN;
  return column.dictionary[column.codes[row] ?? -1] ?? '';
}

/** Undefined where the cell is missing. */
export function textAt(column: BiasColumn, row: number): string | undefined {
  const cell = cellAt(column, row);
  return cell === '' || Number.isNaN(cell) ? undefined : String(cell);
}

/** The rows at these places, in this order. */
export function takeRows(column: BiasColumn, places: Int32Array): BiasColumn {
  if (column.kind === 'texts') {
    const codes = places.map((place) => column.codes[place] ?? -1);
    return { ...column, codes } satisfies TextColumn;
  }
  const values = Float64Array.from(places, (place) => column.values[place] ?? Number.NaN);
  return columnOfNumbers(values, { integral: column.integral });
}

/** Rows as a model takes them, of the columns in their order. */
export function rowsOf(columns: readonly BiasColumn[], places: Int32Array): readonly Row[] {
  return Array.from(places, (place) => columns.map((column) => cellAt(column, place)));
}

export function everyRow(rows: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, at) => at);
}

export interface Table {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, BiasColumn>;
  /** What a reader should know: columns of mixed types. */
  readonly notes: readonly string[];
}

/** Refused when there is not one row. */
export function finished(builders: ReadonlyMap<string, ColumnBuilder>): Outcome<Table> {
  const rows = [...builders.values()][0]?.rows ?? 0;
  if (rows === 0) return refuse('has no rows');
  const notes: string[] = [];
  for (const [name, builder] of builders) {
    const mixed = builder.mixed();
    if (!mixed) continue;
    const shown = JSON.stringify(mixed.text.slice(0, 60));
    notes.push(
      `The column ${name} has ${mixed.numbers} numbers and ${mixed.texts} texts, the first ` +
        `${shown} in row ${mixed.row}: all of it is read as text.`,
    );
  }
  const columns = new Map([...builders].map(([name, builder]) => [name, builder.finish()]));
  return ok({ rows, columns, notes });
}
