/** Chunks of a result as batches of columns: numbers as arrays, texts by number. */
import type { DuckDBDataChunk, DuckDBVector } from '@duckdb/node-api';
import { CellKind, type ColumnBatch, type RowBatch } from '../../ports/analytics.ts';
import { fractional, integral, type Leaf } from './sql.ts';
import { type TextCoder, textCoder } from './texts.ts';

const rowsOfChunk = 2_048;
const mostChunks = 8;
const cellsOfBatch = 1 << 20;

/** How many chunks make a batch: 16,384 rows, and fewer of wide files. */
export function chunksOfBatch(columns: number): number {
  const chunks = Math.floor(cellsOfBatch / (rowsOfChunk * Math.max(1, columns)));
  return Math.max(1, Math.min(mostChunks, chunks));
}

/** Makes a batch of chunks of the query that `selectCells` makes of `leaves`. */
export function batchReader(
  leaves: readonly Leaf[],
): (chunks: readonly DuckDBDataChunk[]) => RowBatch {
  let next = 0;
  const columns = leaves.map((leaf): ColumnReader => {
    const at = next;
    next += leaf.sort === 'text' ? 3 : 1;
    return readerOf(leaf, at, slotsFor(leaves.length));
  });
  return (chunks) => {
    const rows = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
    const none = once(() => new Float64Array(rows).fill(Number.NaN));
    const blank = once(() => Array.from<undefined>({ length: rows }));
    const batch = { chunks, rows, none, blank };
    return { rows, columns: columns.map((read) => read(batch)) };
  };
}

interface Chunks {
  readonly chunks: readonly DuckDBDataChunk[];
  readonly rows: number;
  /** The numbers of a column without any, and the texts. */
  readonly none: () => Float64Array;
  readonly blank: () => readonly undefined[];
}

type ColumnReader = (batch: Chunks) => ColumnBatch;

/** Texts remembered, over all columns, and for each of them. */
const slotsInAll = 1 << 19;
const [leastSlots, mostSlots] = [256, 4_096];

function slotsFor(columns: number): number {
  let slots = mostSlots;
  while (slots > leastSlots && slots * columns > slotsInAll) slots /= 2;
  return slots;
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function readerOf({ name, sort }: Leaf, at: number, slots: number): ColumnReader {
  const coder = once(() => textCoder(slots));
  switch (sort) {
    case 'boolean':
      return (batch) => booleans(name, at, batch);
    case 'string':
      return (batch) => strings({ name, at, coder }, batch);
    case 'text':
      return (batch) => cells({ name, at, coder }, batch);
    default: {
      const kind = sort === 'integral' ? CellKind.integral : CellKind.fractional;
      return (batch) => typedNumbers({ name, at, kind }, batch);
    }
  }
}

/** Calls `visit` with the vectors of column `at`, and the row at which each begins. */
function eachVector(
  { chunks }: Chunks,
  at: number,
  visit: (vector: DuckDBVector, from: number, rows: number) => void,
): void {
  let from = 0;
  for (const chunk of chunks) {
    const rows = chunk.rowCount;
    visit(chunk.getColumnVector(at), from, rows);
    from += rows;
  }
}

interface NumberColumn {
  readonly name: string;
  readonly at: number;
  readonly kind: CellKind;
}

function typedNumbers({ name, at, kind }: NumberColumn, batch: Chunks): ColumnBatch {
  const numbers = doublesAt(at, batch);
  const kinds = new Uint8Array(batch.rows).fill(kind);
  let infinite: (string | undefined)[] | undefined;
  for (let row = 0; row < numbers.length; row += 1) {
    const x = numbers[row] as number;
    // Zero, unless it is no number or infinite.
    if (x - x === 0) continue;
    kinds[row] = CellKind.missing;
    if (Number.isNaN(x)) continue;
    infinite ??= [...batch.blank()];
    // As DuckDB spells it.
    infinite[row] = x > 0 ? 'inf' : '-inf';
    kinds[row] = CellKind.text;
    numbers[row] = Number.NaN;
  }
  if (infinite) return { name, kinds, numbers, texts: infinite };
  return withoutTexts({ name, kinds, numbers }, batch);
}

function withoutTexts(column: Omit<ColumnBatch, 'texts'>, { blank }: Chunks): ColumnBatch {
  return {
    ...column,
    get texts() {
      return blank();
    },
  };
}

function withTexts(column: Omit<ColumnBatch, 'texts'> & Required<Pick<ColumnBatch, 'coded'>>) {
  const { values, codes } = column.coded;
  let texts: readonly (string | undefined)[] | undefined;
  return {
    ...column,
    get texts() {
      texts ??= Array.from(codes, (code) => (code === 0 ? undefined : values[code - 1]));
      return texts;
    },
  };
}

function booleans(name: string, at: number, batch: Chunks): ColumnBatch {
  const given = bytesAt(at, batch);
  const numbers = batch.none();
  const kinds = given.map((code) => (code === 0 ? CellKind.missing : CellKind.boolean));
  const trueFirst = given.find((code) => code !== 0) !== 2;
  const values = trueFirst ? ['true', 'false'] : ['false', 'true'];
  const codes = Uint16Array.from(given, (code) => (trueFirst || code === 0 ? code : 3 - code));
  return withTexts({ name, kinds, numbers, coded: { values, codes } });
}

interface TextColumn {
  readonly name: string;
  readonly at: number;
  readonly coder: () => TextCoder;
}

function strings(column: TextColumn, batch: Chunks): ColumnBatch {
  const { rows } = batch;
  const coded = codedTexts(column, batch);
  const { values, codes } = coded;
  const { name } = column;
  const kindsByCode = Uint8Array.from([CellKind.missing, ...values.map(kindOf)]);
  const kinds = new Uint8Array(rows);
  for (let row = 0; row < rows; row += 1) {
    kinds[row] = kindsByCode[codes[row] as number] as CellKind;
  }
  if (!kindsByCode.some(isNumber)) return withTexts({ name, kinds, numbers: batch.none(), coded });
  const numbers = new Float64Array(rows).fill(Number.NaN);
  for (let row = 0; row < rows; row += 1) {
    if (!isNumber(kinds[row] as CellKind)) continue;
    numbers[row] = numberOf(values[(codes[row] as number) - 1] as string);
    codes[row] = 0;
  }
  return withTexts({ name, kinds, numbers, coded });
}

function isNumber(kind: number): boolean {
  return kind === CellKind.integral || kind === CellKind.fractional;
}

function codedTexts({ at, coder: coderOf }: TextColumn, batch: Chunks, wanted?: Uint8Array) {
  const codes = new Uint16Array(batch.rows);
  const coder = coderOf();
  coder.start();
  eachVector(batch, at, (vector, from, rows) => {
    const among = wanted ? { wanted: wanted.subarray(from, from + rows) } : {};
    coder.code(vector, codes, { at: from, rows, ...among });
  });
  return { values: [...coder.values], codes };
}

const integralText = new RegExp(`^(?:${integral})$`);
const fractionalText = new RegExp(`^(?:${fractional})$`);

/** The same rules as in SQL; the text is not empty. */
function kindOf(text: string): CellKind {
  if (text === 'true' || text === 'false') return CellKind.boolean;
  if (text >= ':') return CellKind.text;
  const whole = integralText.test(text);
  if (!whole && !fractionalText.test(text)) return CellKind.text;
  if (!Number.isFinite(numberOf(text))) return CellKind.text;
  return whole ? CellKind.integral : CellKind.fractional;
}

function numberOf(text: string): number {
  return Number(text.replace(' ', ''));
}

/** Cells whose kinds the query tells. */
function cells({ name, at, coder }: TextColumn, batch: Chunks): ColumnBatch {
  const kinds = bytesAt(at, batch);
  const numbers = doublesAt(at + 1, batch);
  const wanted = kinds.map((kind) => (kind > CellKind.fractional ? 1 : 0));
  if (!wanted.includes(1)) return withoutTexts({ name, kinds, numbers }, batch);
  const coded = codedTexts({ name, at: at + 2, coder }, batch, wanted);
  return withTexts({ name, kinds, numbers, coded });
}

// The vectors keep their typed array in a private field. Taking a copy of it is many times as
// fast as a call per value, and where a release names it otherwise the calls still work.
function itemsOf(vector: DuckDBVector): unknown {
  return Reflect.get(vector, 'items');
}

function bytesAt(at: number, batch: Chunks): Uint8Array {
  const bytes = new Uint8Array(batch.rows);
  eachVector(batch, at, (vector, from, rows) => {
    const items = itemsOf(vector);
    if (items instanceof Uint8Array) bytes.set(items.subarray(0, rows), from);
    else for (let i = 0; i < rows; i += 1) bytes[from + i] = Number(vector.getItem(i));
  });
  return bytes;
}

function doublesAt(at: number, batch: Chunks): Float64Array {
  const numbers = new Float64Array(batch.rows);
  eachVector(batch, at, (vector, from, rows) => {
    const items = itemsOf(vector);
    if (items instanceof Float64Array) numbers.set(items.subarray(0, rows), from);
    else {
      for (let i = 0; i < rows; i += 1) {
        numbers[from + i] = Number(vector.getItem(i) ?? Number.NaN);
      }
    }
  });
  return numbers;
}

/** A batch of no rows: the columns of a file that has nothing else. */
export function emptyBatch(names: readonly string[]): RowBatch {
  const columns = names.map((name) => ({
    name,
    kinds: new Uint8Array(0),
    numbers: new Float64Array(0),
    texts: [],
  }));
  return { rows: 0, columns };
}
