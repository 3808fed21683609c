/**
 * Rows of cells in bytes as batches of columns. The caller knows where rows begin and what ends
 * them, reads them one after another, and takes a batch when the table is full.
 */
import type { RowBatch } from '../../ports/analytics.ts';
import type { TextRow } from './batcher.ts';
import { CellColumn } from './cells.ts';
import type { Bytes } from './dictionary.ts';

/** Rows of a batch, and fewer where they have many columns. */
const [leastRows, mostRows] = [64, 8_192];
const cellsOfBatch = 1 << 19;
/** Texts of a batch are kept until it is taken. */
const bytesOfBatch = 16 * 1024 * 1024;
const firstRows = 512;
const mostSpare = cellsOfBatch / mostRows;
const comma = 44;

export class CellTable {
  /** Rows that are in the batch. */
  rows = 0;
  /** The row that is read next, `rows` or after it. */
  row = 0;
  /** One after the last place that `read` filled. */
  end = 0;
  #names: readonly string[];
  #columns: CellColumn[] = [];
  /** Columns of before, whose memory is taken again. */
  #spare: CellColumn[] = [];
  readonly #byName = new Map<string, CellColumn>();
  #placed: CellColumn[] = [];
  readonly #used = new Set<CellColumn>();
  #places = 0;
  #room = firstRows;
  #bytes = 0;
  /** The last row that something was read into. */
  #touched = -1;

  /** Places without a name are `_c0`, `_c1`, … */
  constructor(names: readonly string[] = []) {
    this.#names = names;
  }

  /** As a new table, in the memory of this one. */
  renew(names: readonly string[] = []): void {
    this.#spare = [...this.#columns, ...this.#spare].slice(0, mostSpare);
    this.#names = names;
    this.#columns = [];
    this.#byName.clear();
    this.#placed = [];
    this.#used.clear();
    this.#places = 0;
    this.#room = firstRows;
    this.#clear();
  }

  get isFull(): boolean {
    return this.rows >= this.#room || this.#bytes > bytesOfBatch;
  }

  /** Whether there is a place for `row`. */
  get hasRoom(): boolean {
    return this.row < this.#room;
  }

  /**
   * Reads cells from `from` into the columns from `place` on, of `row`, while they are separated by
   * commas; answers where the byte is that ended the last. They count once they are added.
   */
  read(bytes: Bytes, from: number, place: number): number {
    const { row } = this;
    let at = from;
    let to = place;
    for (;;) {
      const column = this.#placed[to] ?? this.#addPlace();
      at = column.read(bytes, at, row);
      to += 1;
      if (bytes.bytes[at] !== comma) break;
      at += 1;
    }
    this.end = to;
    if (row > this.#touched) this.#touched = row;
    this.#bytes += at - from;
    return at;
  }

  /** As `read`, of one cell that is known as text. */
  readText(text: string, place: number): void {
    while (this.#placed.length <= place) this.#addPlace();
    this.#placed[place]?.set(text, this.row);
    this.#bytes += text.length;
    this.end = place + 1;
    if (this.row > this.#touched) this.#touched = this.row;
  }

  /** The next `rows` that were read, of so many places, are rows of the batch. */
  add(rows: number, places: number): void {
    this.rows += rows;
    this.row = this.rows;
    while (this.#places < places) {
      const column = this.#placed[this.#places] ?? this.#addPlace();
      this.#used.add(column);
      this.#places += 1;
    }
  }

  /** What was read and not added is forgotten. */
  forget(): void {
    for (let at = this.rows; at <= this.#touched; at += 1) {
      for (const column of this.#columns) column.clear(at);
    }
    this.row = this.rows;
  }

  addRow({ names, cells }: TextRow): void {
    names.forEach((name, i) => {
      const column = this.#named(name);
      this.#used.add(column);
      column.set(cells[i], this.rows);
      this.#bytes += cells[i]?.length ?? 0;
    });
    this.rows += 1;
    this.row = this.rows;
  }

  /** What was added, in columns in order of first appearance; good until the next row is read. */
  take(): RowBatch {
    const { rows } = this;
    return { rows, columns: Array.from(this.#used, (column) => column.batch(rows)) };
  }

  /** Begins the next batch. */
  start(): void {
    const most = Math.floor(cellsOfBatch / Math.max(1, this.#columns.length));
    // Small to begin with: a window of few rows is done before large arrays are made.
    this.#room = Math.max(leastRows, Math.min(mostRows, most, 4 * this.#room));
    for (const column of this.#columns) column.start(this.#room);
    this.#clear();
  }

  #clear(): void {
    this.rows = 0;
    this.row = 0;
    this.#touched = -1;
    this.#bytes = 0;
  }

  #addPlace(): CellColumn {
    const place = this.#placed.length;
    const column = this.#named(this.#names[place] ?? `_c${place}`);
    this.#placed.push(column);
    return column;
  }

  #named(name: string): CellColumn {
    const known = this.#byName.get(name);
    if (known) return known;
    const column = this.#spare.shift() ?? new CellColumn(name, this.#room);
    column.renew(name, this.#room);
    this.#byName.set(name, column);
    this.#columns.push(column);
    return column;
  }
}
