/** Turns rows of text into batches of columns, as `ports/analytics` has them from files. */
import { CellKind, type ColumnBatch, type RowBatch } from '../../ports/analytics.ts';
import { kindOf, numberOf } from './inference.ts';

/** One record: names and cells side by side; undefined or empty text is a missing cell. */
export interface TextRow {
  readonly names: readonly string[];
  readonly cells: readonly (string | undefined)[];
}

export const batchRows = 8_192;

/** Cells of a name a row does not have are missing. Names keep the order of first appearance. */
export function batchOf(rows: readonly TextRow[]): RowBatch {
  const columns = new Map<string, MutableColumn>();
  let names: readonly string[] | undefined;
  let slots: MutableColumn[] = [];
  rows.forEach((row, at) => {
    if (row.names !== names) {
      names = row.names;
      slots = names.map((name) => slotFor(columns, name, rows.length));
    }
    slots.forEach((slot, i) => setCell(slot, at, row.cells[i]));
  });
  return { rows: rows.length, columns: [...columns.values()] };
}

interface MutableColumn extends ColumnBatch {
  readonly texts: (string | undefined)[];
}

function slotFor(columns: Map<string, MutableColumn>, name: string, rows: number): MutableColumn {
  const found = columns.get(name);
  if (found) return found;
  const made = {
    name,
    kinds: new Uint8Array(rows),
    numbers: new Float64Array(rows).fill(Number.NaN),
    texts: Array.from<string | undefined>({ length: rows }),
  };
  columns.set(name, made);
  return made;
}

function setCell(slot: MutableColumn, at: number, text: string | undefined): void {
  const kind = kindOf(text);
  slot.kinds[at] = kind;
  if (text === undefined) return;
  if (kind === CellKind.integral || kind === CellKind.fractional) slot.numbers[at] = numberOf(text);
  else if (kind !== CellKind.missing) slot.texts[at] = text;
}
