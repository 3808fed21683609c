/**
 * The flip test: would the model's answer for a disadvantaged row be another if it were answered as
 * its nearest advantaged rows are? Source: smclarify 0.5, `FT`, sign included.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type Random, seededRandom } from '../../kernel/random.ts';
import { type BiasTable, numbersOf } from './column.ts';
import { bothSides } from './measures.ts';
import { nearest, type Points } from './neighbours.ts';
import { INSIDE, MISSING } from './select.ts';

/** Advantaged rows × disadvantaged rows × features that are compared exactly. */
export const FLIP_TEST_WORK_MAX = 1e10;
const NEIGHBOURS = 5;
/** With so few advantaged rows or fewer, one neighbour. */
const FEW_ROWS = 9;

export interface FlipTest {
  /** Answered positive while the neighbours are answered negative, and the other way round. */
  readonly better: number;
  readonly worse: number;
  /** Disadvantaged rows that were compared. */
  readonly disadvantaged: number;
  /** Share of the rows that was compared; below 1 it was a seeded sample. */
  readonly sampled01: number;
}

export interface FlipTestInput {
  readonly table: BiasTable;
  readonly features: readonly string[];
  /** Per row: side, and prediction; a row with `MISSING` in either or in `label` is left out. */
  readonly facet: Uint8Array;
  readonly label: Uint8Array;
  readonly predicted: Uint8Array;
  readonly workMax: number;
  readonly seed: number;
}

/** Refuses features that are not numbers or have missing or infinite cells, naming one. */
export function flipTest(input: FlipTestInput): Outcome<FlipTest> {
  const sides = rowsOfSides(input);
  const checked = bothSides(sides.a.length, sides.d.length, () => 0);
  if (!checked.ok) return checked;
  const columns = featureColumns(input);
  if (!columns.ok) return columns;
  const work = sides.a.length * sides.d.length * columns.value.length;
  const sampled01 = Math.min(1, Math.sqrt(input.workMax / work));
  const random = seededRandom(input.seed);
  const a = sample(sides.a, sampled01, random);
  const d = sample(sides.d, sampled01, random);
  const among = nearest(points(columns.value, a), a.length > FEW_ROWS ? NEIGHBOURS : 1);
  const queries = points(columns.value, d);
  let better = 0;
  let worse = 0;
  d.forEach((row, at) => {
    const found = among.of(queries, at);
    let votes = 0;
    for (const point of found) votes += input.predicted[a[point] ?? 0] ?? 0;
    const asNeighbours = votes * 2 > found.length ? 1 : 0;
    const answered = input.predicted[row] ?? 0;
    if (answered > asNeighbours) better++;
    if (answered < asNeighbours) worse++;
  });
  return ok({ better, worse, disadvantaged: d.length, sampled01 });
}

export function flipTestValue(test: FlipTest): number {
  return (test.better - test.worse) / test.disadvantaged;
}

function rowsOfSides(input: FlipTestInput): { a: number[]; d: number[] } {
  const { facet, label, predicted } = input;
  const a: number[] = [];
  const d: number[] = [];
  for (let row = 0; row < facet.length; row++) {
    if (facet[row] === MISSING || label[row] === MISSING || predicted[row] === MISSING) continue;
    if (facet[row] === INSIDE) d.push(row);
    else a.push(row);
  }
  return { a, d };
}

function featureColumns({ table, features }: FlipTestInput): Outcome<readonly Float64Array[]> {
  if (features.length === 0) return refuse('there is no feature column to compare rows by');
  const columns: Float64Array[] = [];
  for (const name of features) {
    const column = table.get(name);
    const numbers = column && numbersOf(column);
    if (numbers === undefined) return refuse(`feature "${name}" is not numeric`);
    if (!numbers.every(Number.isFinite)) {
      return refuse(`feature "${name}" has missing or infinite values`);
    }
    columns.push(numbers);
  }
  return ok(columns);
}

/** In the order of the rows; at least one row. */
function sample(rows: readonly number[], share01: number, random: Random): readonly number[] {
  if (share01 >= 1) return rows;
  const wanted = Math.max(1, Math.round(rows.length * share01));
  let needed = wanted;
  return rows.filter((_, at) => {
    const taken = random.next01() * (rows.length - at) < needed;
    if (taken) needed--;
    return taken;
  });
}

function points(columns: readonly Float64Array[], rows: readonly number[]): Points {
  const dimensions = columns.length;
  const values = new Float64Array(rows.length * dimensions);
  columns.forEach((column, d) => {
    rows.forEach((row, at) => {
      values[at * dimensions + d] = column[row] ?? 0;
    });
  });
  return { values, dimensions, count: rows.length };
}
