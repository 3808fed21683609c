/**
 * Lines of CSV read from bytes: every line a record of as many cells as there are names, quotes
 * only around whole cells. Files that are written otherwise may be wrong or not; the analytics
 * adapter, whose rows these are, tells.
 */
import { stopsAt } from '../../engines/profile/cells.ts';
import type { Bytes } from '../../engines/profile/dictionary.ts';
import type { CellTable } from '../../engines/profile/table.ts';

const [lineFeed, carriageReturn, quote, comma] = [10, 13, 34, 44];

/** For the bytes of `readCsvLine`. */
export const csvStops = stopsAt('"');

/** Longer lines are the adapter's to refuse. */
const longestLineBytes = 1_000_000;

export interface CsvShape {
  readonly places: number;
  /** Whether lines end with a carriage return and a line feed. */
  readonly hasReturns: boolean;
}

/** Reads the line that begins at `from`; answers where the next one begins, or 0. */
export function readCsvLine(
  table: CellTable,
  bytes: Bytes,
  { from, shape }: { readonly from: number; readonly shape: CsvShape },
): number {
  const { bytes: line } = bytes;
  let at = from;
  let place = 0;
  for (;;) {
    at = table.read(bytes, at, place);
    place = table.end;
    if (line[at] !== quote) break;
    at = quotedCell(table, bytes, { at, place: place - 1, from });
    if (at === 0) return 0;
    if (line[at] !== comma) break;
    at += 1;
  }
  if (place !== shape.places || at === from || at - from > longestLineBytes) return 0;
  if (shape.hasReturns) {
    if (line[at] !== carriageReturn) return 0;
    at += 1;
  }
  if (line[at] !== lineFeed) return 0;
  table.add(1, place);
  return at + 1;
}

/** Reads the cell whose quote is at `at` and answers where it ends; 0 where that is odd. */
function quotedCell(
  table: CellTable,
  { bytes: line }: Bytes,
  { at, place, from }: { readonly at: number; readonly place: number; readonly from: number },
): number {
  // The cell before has to have ended.
  if (at > from && line[at - 1] !== comma) return 0;
  let close = line.indexOf(quote, at + 1);
  while (close !== -1 && line[close + 1] === quote) close = line.indexOf(quote, close + 2);
  if (close === -1) return 0;
  const text = line.toString('utf8', at + 1, close);
  if (/[\n\r\0]/.test(text)) return 0;
  const end = line[close + 1];
  if (end !== comma && end !== lineFeed && end !== carriageReturn) return 0;
  table.readText(text.replaceAll('""', '"'), place);
  return close + 1;
}
