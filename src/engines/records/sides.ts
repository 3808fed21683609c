/**
 * The sides of a captured record, and what an attribute picks from one: a column, with a value for
 * each row. What the values mean is the business of others.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { JsonQuery } from '../../ports/json-query.ts';
import { isWholeNumber, pickJson } from './pick.ts';
import { type Captured, rowsOfSide, type SideRow, shown, textOfSide } from './rows.ts';

export interface Side {
  readonly name: string;
  readonly json: boolean;
  readonly text: string;
  readonly rows: readonly SideRow[];
}

/** Undefined for a side that was not captured. */
export function sideOf(name: string, captured: unknown): Outcome<Side | undefined> {
  if (captured === undefined || captured === null) return ok(undefined);
  const text = textOfSide(captured as Captured);
  if (!text.ok) return refuse(`${name}: ${text.reason}`);
  const rows = rowsOfSide(text.value);
  if (!rows.ok) return refuse(`${name}: ${rows.reason}`);
  return ok({ name, ...text.value, rows: rows.value });
}

/** One value per row; a single list may turn out to be several rows. */
export interface Column {
  readonly name: string;
  readonly values: readonly unknown[];
}

/** The column of an index, or of an expression over JSON. */
export function columnOf(side: Side, attribute: string, query: JsonQuery): Outcome<Column> {
  const { name, rows } = side;
  if (isWholeNumber(attribute)) {
    const place = Number(attribute);
    const [first] = rows;
    // One line of answers to a batch: the values are those of the first column, row by row.
    if (place === 0 && rows.length === 1 && first && !first.names && first.cells.length > 1) {
      return ok({ name, values: [new Line(first.cells, first.cells[0])] });
    }
    const short = rows.find(({ cells }) => place >= cells.length);
    if (short) return refuse(`is column ${place}, and a row has ${short.cells.length} columns`);
    return ok({ name, values: rows.map(({ cells }) => cells[place]) });
  }
  if (!side.json) {
    return refuse(`must be the 0-based index of a CSV column, and is ${shown(attribute)}`);
  }
  const values = pickJson(side.text, attribute, query);
  return values.ok ? ok({ name, values: values.value }) : values;
}

/** The cells of one row, which may be those of a column: a value for each row of the others. */
export class Line {
  readonly cells: readonly unknown[];
  /** What is meant when the line is one row after all. */
  readonly alone: unknown;

  constructor(cells: readonly unknown[], alone: unknown) {
    this.cells = cells;
    this.alone = alone;
  }
}
