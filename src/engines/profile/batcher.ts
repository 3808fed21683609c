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
  // Columns of numbers share it: most have no text.
  const blank: readonly undefined[] = Array.from<undefined>({ length: rows.length });
  let names: readonly string[] | undefined;
  let slots: MutableColumn[] = [];
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at];
    if (!row) continue;
    if (row.names !== names) {
      names = row.names;
      slots = names.map((name) => slotFor(columns, name, blank));
    }
    for (let i = 0; i < slots.length; i += 1) setCell(slots[i], at, row.cells[i]);
  }
  const made = [...columns.values()].map(({ name, kinds, numbers, own }) => ({
    name,
    kinds,
    numbers,
    texts: own ?? blank,
  }));
  return { rows: rows.length, columns: made };
}

interface MutableColumn extends Omit<ColumnBatch, 'texts'> {
  readonly blank: readonly undefined[];
  own: (string | undefined)[] | undefined;
}

function slotFor(
  columns: Map<string, MutableColumn>,
  name: string,
  blank: readonly undefined[],
): MutableColumn {
  const found = columns.get(name);
  if (found) return found;
  const kinds = new Uint8Array(blank.length);
  const numbers = new Float64Array(blank.length).fill(Number.NaN);
  const made: MutableColumn = { name, kinds, numbers, blank, own: undefined };
  columns.set(name, made);
  return made;
}

function setCell(slot: MutableColumn | undefined, at: number, text: string | undefined): void {
  if (!slot || text === undefined) return;
  const kind = kindOf(text);
  slot.kinds[at] = kind;
  if (kind === CellKind.missing) return;
  if (kind === CellKind.integral || kind === CellKind.fractional) {
    slot.numbers[at] = numberOf(text);
    return;
  }
  slot.own ??= [...slot.blank];
  slot.own[at] = text;
}
