/**
 * Metadata in one SQLite file (WAL, synchronous FULL: what was written survives a power cut). One
 * connection writes, another reads, so readers see what is committed and never wait for a write.
 */
import { Kysely, SqliteDialect, type SqliteStatement } from 'kysely';
import Database from 'libsql';
import { assert } from '../../kernel/assert.ts';
import { reasonOf } from '../../kernel/outcome.ts';
import type {
  Abortable,
  Collection,
  Entry,
  IndexEntry,
  IndexRange,
  MetadataStore,
  Range,
  Reader,
  Transaction,
} from '../../ports/metadata-store.ts';
import { GroupWriter } from './group-writer.ts';
import { sqlReader } from './reader.ts';
import { migrate, type Tables } from './schema.ts';
import { Statements } from './statements.ts';

/** How long to wait for another process that has the file locked. */
const busyTimeoutMs = 5_000;
/** Kysely writes few distinct statements; the bound only guards against a mistake. */
const maxCachedStatements = 200;

/**
 * Opens or makes the file, whose folder must exist, and brings its tables up to date. Throws,
 * naming the path, when it is no database or was written by a newer version.
 */
export async function sqliteMetadataStore(path: string): Promise<MetadataStore> {
  assert(path !== '' && path !== ':memory:', 'the metadata store needs a file');
  let writer: Kysely<Tables> | undefined;
  try {
    writer = connect(path);
    await migrate(writer, { text: 'text' });
    return new SqliteMetadataStore(writer, connect(path));
  } catch (cause) {
    await writer?.destroy();
    throw new Error(`cannot open ${path}: ${reasonOf(cause)}`, { cause });
  }
}

function connect(path: string): Kysely<Tables> {
  const database = new Database(path);
  try {
    database.pragma(`busy_timeout = ${busyTimeoutMs}`);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
  } catch (cause) {
    database.close();
    throw cause;
  }
  const statements = new Map<string, SqliteStatement>();
  const prepare = (sql: string) => {
    const known = statements.get(sql);
    if (known) return known;
    const statement: SqliteStatement = database.prepare(sql);
    if (statements.size < maxCachedStatements) statements.set(sql, statement);
    return statement;
  };
  const close = () => {
    statements.clear();
    database.close();
  };
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: { prepare, close } }) });
}

class SqliteMetadataStore implements MetadataStore {
  readonly #writerDb: Kysely<Tables>;
  readonly #readerDb: Kysely<Tables>;
  readonly #writer: GroupWriter;
  readonly #reader: Reader;
  #closing: Promise<void> | undefined;

  constructor(writer: Kysely<Tables>, reader: Kysely<Tables>) {
    this.#writerDb = writer;
    this.#readerDb = reader;
    const statements = new Statements(reader);
    this.#writer = new GroupWriter(writer, statements);
    this.#reader = sqlReader(reader, statements);
  }

  get<Row>(from: Collection<Row>, key: string): Promise<Row | undefined> {
    return this.#reader.get(from, key);
  }

  list<Row>(from: Collection<Row>, range: Range): Promise<readonly Entry<Row>[]> {
    return this.#reader.list(from, range);
  }

  listBy<Row>(from: Collection<Row>, range: IndexRange): Promise<readonly IndexEntry<Row>[]> {
    return this.#reader.listBy(from, range);
  }

  async write<T>(work: (tx: Transaction) => Promise<T>, options?: Abortable): Promise<T> {
    assert(!this.#closing, 'the store is closed');
    return this.#writer.write(work, options);
  }

  close(): Promise<void> {
    this.#closing ??= this.#writer.idle().then(async () => {
      await this.#readerDb.destroy();
      await this.#writerDb.destroy();
    });
    return this.#closing;
  }
}
