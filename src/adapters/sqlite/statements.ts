/**
 * The statements of the store, prepared once for a connection and run on its handle: a builder of
 * queries costs several times what SQLite needs to run them. Rarer ones, whose text depends on what
 * is asked, are built by Kysely where they are used.
 */
import type Database from 'libsql';
import type { RowName } from './row-guard.ts';
import type { Tables } from './schema.ts';
import { asBytes, packedRows, type StoredRow, textOf, unpackRows } from './texts.ts';

/** Which bounds a slice of keys has, and its direction. */
export interface SliceShape {
  readonly lower: '>' | '>=' | undefined;
  readonly upper: '<' | undefined;
  readonly descending: boolean;
}

type Statement = Database.Statement;
/** Of an index entry: its index and its value. */
type Value = readonly [index: string, value: string];
type Pair = readonly [ArrayBuffer, ArrayBuffer];

const ofRow = 'where collection = ? and key = ?';
const insertion = 'insert into rows (collection, key, document) values (?, ?, ?)';
const onKey = 'on conflict (collection, key) do';

export class Statements {
  readonly #handle: Database.Database;
  readonly #prepared = new Map<string, Statement>();

  constructor(handle: Database.Database) {
    this.#handle = handle;
  }

  get(collection: string, key: string): string | undefined {
    const sql = `select ${asBytes('document')} from rows ${ofRow}`;
    const found = this.#raw(sql).get([collection, key]) as readonly [ArrayBuffer] | undefined;
    return found && textOf(found[0]);
  }

  put({ collection, key, document }: Tables['rows']): void {
    const sql = `${insertion} ${onKey} update set document = excluded.document`;
    this.#changes(sql, [collection, key, document]);
  }

  /** False when there was one already. */
  insert({ collection, key, document }: Tables['rows']): boolean {
    return this.#changes(`${insertion} ${onKey} nothing`, [collection, key, document]) > 0;
  }

  /** False when there was nothing to remove. */
  remove({ collection, key }: RowName): boolean {
    return this.#changes(`delete from rows ${ofRow}`, [collection, key]) > 0;
  }

  /** Keys with their documents. `values`: collection, the bounds there are, limit. */
  slice(shape: SliceShape, values: readonly unknown[]): readonly StoredRow[] {
    const [packed] = this.#raw(sliceOf(shape)).get([...values]) as readonly [ArrayBuffer | null];
    return unpackRows(packed);
  }

  entries({ collection, key }: RowName): readonly Value[] {
    const columns = `${asBytes('index_name')}, ${asBytes('value')}`;
    const found = this.#raw(`select ${columns} from index_entries ${ofRow}`).all([collection, key]);
    return (found as Pair[]).map(([index, value]) => [textOf(index), textOf(value)]);
  }

  addEntry({ collection, key }: RowName, [index, value]: Value): void {
    const sql =
      'insert into index_entries (collection, index_name, value, key) values (?, ?, ?, ?)';
    this.#changes(sql, [collection, index, value, key]);
  }

  removeEntry({ collection, key }: RowName, [index, value]: Value): void {
    const sql = `delete from index_entries ${ofRow} and index_name = ? and value = ?`;
    this.#changes(sql, [collection, key, index, value]);
  }

  /** Of transactions: what has neither values nor rows. */
  control(sql: string): void {
    this.#changes(sql, []);
  }

  #changes(sql: string, values: unknown[]): number {
    return this.#statement(sql).run(values).changes;
  }

  /** Answers rows as lists, which cost less to make than objects. */
  #raw(sql: string): Statement {
    const known = this.#prepared.get(sql);
    return known ?? this.#statement(sql).raw(true);
  }

  #statement(sql: string): Statement {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const made = this.#handle.prepare(sql);
    this.#prepared.set(sql, made);
    return made;
  }
}

function sliceOf({ lower, upper, descending }: SliceShape): string {
  const bounds = [
    ...(lower ? [`and key ${lower} ?`] : []),
    ...(upper ? [`and key ${upper} ?`] : []),
  ].join(' ');
  const direction = descending ? 'desc' : 'asc';
  const from = `select key, document from rows where collection = ? ${bounds}`;
  return `select ${packedRows} from (${from} order by key ${direction} limit ?)`;
}
