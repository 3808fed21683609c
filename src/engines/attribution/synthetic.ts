/**
 * Synthetic rows, made lazily: an explained row's features where a coalition has them, a background
 * row's where not. Only the rows of the batches that are on their way are in memory.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Background, Layout } from './background.ts';
import type { Batch } from './calls.ts';
import { type BatchLimits, type Cell, defaults, limits, type Matrix, type Row } from './types.ts';

/** What is to be asked of one explained row; none for the background's own rows. */
export interface RowPlan {
  /** From 0. */
  readonly index: number;
  readonly row: Row;
  readonly varying: Int32Array;
  /** Undefined when fewer than two features vary: then there is nothing to share out. */
  readonly layout: Layout | undefined;
}

/** The row itself, as `coalition` of a segment. */
export const itself = -1;

/** The rows of one coalition, or a part of them where a batch ended. */
export interface Segment {
  readonly plan: RowPlan | undefined;
  readonly coalition: number;
  /** Of the coalition's background rows. */
  readonly from: number;
  readonly to: number;
}

export interface SyntheticBatch extends Batch {
  readonly segments: readonly Segment[];
}

/** All segments of a plan, in the order of their rows. */
export function* segmentsOf(plan: RowPlan, background: Background): Generator<Segment> {
  yield { plan, coalition: itself, from: 0, to: 1 };
  if (!plan.layout) return;
  for (const [coalition, group] of plan.layout.groups.entries()) {
    yield { plan, coalition, from: 0, to: group?.rows.length ?? background.rows.length };
  }
}

export interface Source {
  readonly background: Background;
  readonly batch: BatchLimits | undefined;
  /** Numbers of the background, when the model takes matrices, in its type of element. */
  readonly numbers: Float32Array | Float64Array | undefined;
}

/** Fills batches up to the limits; a segment may go over several. */
export function* batchesOf(segments: Iterable<Segment>, source: Source): Generator<SyntheticBatch> {
  const room = roomOf(source);
  let taken: Segment[] = [];
  for (const segment of segments) {
    let from = segment.from;
    while (from < segment.to) {
      const to = room.take(segment, from);
      if (to > from) taken.push({ ...segment, from, to });
      from = to;
      if (!room.full()) continue;
      yield batchOf(taken, source);
      taken = [];
      room.clear();
    }
  }
  if (taken.length > 0) yield batchOf(taken, source);
}

interface Room {
  /** Where the segment has to be cut. */
  take(segment: Segment, from: number): number;
  full(): boolean;
  clear(): void;
}

function roomOf(source: Source): Room {
  const maxRows = Math.min(source.batch?.maxRows ?? defaults.batchRows, limits.batchRows);
  const { maxBytes, bytesOf } = source.batch ?? {};
  let rows = 0;
  let sizeBytes = 0;
  let full = false;
  return {
    take(segment, from) {
      const end = Math.min(segment.to, from + maxRows - rows);
      let to = end;
      if (maxBytes !== undefined && bytesOf) {
        for (to = from; to < end; to += 1) {
          const moreBytes = bytesOf(rowAt(segment, to, source.background));
          if (rows + to - from > 0 && sizeBytes + moreBytes > maxBytes) break;
          sizeBytes += moreBytes;
        }
      }
      rows += to - from;
      full = rows >= maxRows || to < end;
      return to;
    },
    full: () => full,
    clear() {
      rows = 0;
      sizeBytes = 0;
      full = false;
    },
  };
}

function batchOf(segments: readonly Segment[], source: Source): SyntheticBatch {
  const { background, numbers } = source;
  const size = segments.reduce((sum, { from, to }) => sum + to - from, 0);
  return {
    segments,
    size,
    rows(from, to) {
      const rows: Row[] = [];
      for (const part of cut(segments, from, to)) {
        for (let at = part.from; at < part.to; at += 1) rows.push(rowAt(part, at, background));
      }
      return rows;
    },
    matrix(from, to, element) {
      const columns = background.features;
      const length = (to - from) * columns;
      const data = element === 'float32' ? new Float32Array(length) : new Float64Array(length);
      let offset = 0;
      for (const part of cut(segments, from, to)) {
        fill(part, { data, offset, columns, numbers: numbers ?? new Float64Array(0) });
        offset += (part.to - part.from) * columns;
      }
      return { data, rows: to - from, columns } satisfies Matrix;
    },
    describe: (at) => describe(cut(segments, at, at + 1)[0], background),
  };
}

/** The segments of the batch's rows from `from` to before `to`. */
function cut(segments: readonly Segment[], from: number, to: number): Segment[] {
  const parts: Segment[] = [];
  let start = 0;
  for (const segment of segments) {
    const end = start + segment.to - segment.from;
    if (end > from && start < to) {
      parts.push({
        ...segment,
        from: segment.from + Math.max(0, from - start),
        to: segment.to - Math.max(0, end - to),
      });
    }
    start = end;
  }
  return parts;
}

/** Which background row a place in a segment stands for. */
export function backgroundRowOf({ plan, coalition }: Segment, at: number): number {
  return plan?.layout?.groups[coalition]?.rows[at] ?? at;
}

function rowAt(segment: Segment, at: number, background: Background): Row {
  const { plan, coalition } = segment;
  if (plan && coalition === itself) return plan.row;
  const base = background.rows[backgroundRowOf(segment, at)] ?? [];
  if (!plan) return base;
  const row: Cell[] = base.slice();
  for (const feature of plan.layout?.present[coalition] ?? []) {
    row[feature] = plan.row[feature] ?? '';
  }
  return row;
}

interface Target {
  readonly data: Float32Array | Float64Array;
  readonly offset: number;
  readonly columns: number;
  readonly numbers: Float32Array | Float64Array;
}

function fill(segment: Segment, { data, offset, columns, numbers }: Target): void {
  const { plan, coalition, from, to } = segment;
  if (plan && coalition === itself) {
    data.set(plan.row as readonly number[], offset);
    return;
  }
  const group = plan?.layout?.groups[coalition];
  if (group) {
    for (let at = from; at < to; at += 1) {
      const start = (group.rows[at] ?? 0) * columns;
      data.set(numbers.subarray(start, start + columns), offset + (at - from) * columns);
    }
  } else {
    data.set(numbers.subarray(from * columns, to * columns), offset);
  }
  const end = offset + (to - from) * columns;
  for (const feature of plan?.layout?.present[coalition] ?? []) {
    const value = Number(plan?.row[feature]);
    for (let at = offset + feature; at < end; at += columns) data[at] = value;
  }
}

/** Rows are counted from 1. */
export function describe(segment: Segment | undefined, background: Background): string {
  if (!segment) return 'a row';
  const { plan, coalition, from } = segment;
  if (!plan) return `background row ${from + 1}`;
  if (coalition === itself) return `row ${plan.index + 1}`;
  const taken = plan.layout?.present[coalition]?.length ?? 0;
  const other = backgroundRowOf(segment, from) + 1;
  return `row ${plan.index + 1} with ${background.features - taken} of its ${
    background.features
  } features from background row ${other}`;
}

/** All cells as numbers, row after row; refused at the first that is a text. */
export function numbersOf(rows: readonly Row[], what: string): Outcome<Float64Array> {
  const width = rows[0]?.length ?? 0;
  const numbers = new Float64Array(rows.length * width);
  for (const [at, row] of rows.entries()) {
    for (const [column, cell] of row.entries()) {
      if (typeof cell !== 'number') {
        return refuse(`${what} ${at + 1}, column ${column + 1} is a text, the model takes numbers`);
      }
      numbers[at * width + column] = cell;
    }
  }
  return ok(numbers);
}
