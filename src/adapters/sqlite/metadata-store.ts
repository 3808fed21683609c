/**
 * Metadata in one SQLite file (WAL, synchronous FULL: what was written survives a power cut). One
 * connection writes, another reads, so readers see what is committed and never wait for a write.
 * With a key every page of the file and of its log is encrypted (AES-256-CBC by libsql), and every
 * document is authenticated (`row-guard.ts`).
 */
import { hkdfSync } from 'node:crypto';
import { lstat, open } from 'node:fs/promises';
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
import { damageInLog } from './log-check.ts';
import { sqlReader } from './reader.ts';
import { RowCache } from './row-cache.ts';
import { noGuard, type RowGuard, type RowName, rowGuard } from './row-guard.ts';
import { migrate, type Tables } from './schema.ts';
import { Statements } from './statements.ts';

/** How long to wait for another process that has the file locked. */
const busyTimeoutMs = 5_000;
/**
 * Of pages that stay decrypted: neighbours by key lie on pages far apart, so that a list of 1,000
 * rows touches as many. SQLite's own choice is 2,000.
 */
const readerCacheKib = 32_000;
/** Kysely writes few distinct statements; the bound only guards against a mistake. */
const maxCachedStatements = 200;

export interface SqliteOptions {
  /** 32 bytes, the same as when the file was made; without one it is not encrypted. */
  readonly key?: Uint8Array;
  /** How long one write may take before it is given up. */
  readonly patienceMs?: number;
}

const keyBytes = 32;
const fileMode = 0o600;
/** How every SQLite file begins that is not encrypted. */
const plainHead = Buffer.from('SQLite format 3\0');

/**
 * Opens or makes the file, whose folder must exist, and brings its tables up to date. Throws,
 * naming the path, when it is no database, has another key or none, was written by a newer
 * version, or is a symbolic link.
 */
export async function sqliteMetadataStore(
  path: string,
  { key, patienceMs }: SqliteOptions = {},
): Promise<MetadataStore> {
  assert(path !== '' && path !== ':memory:', 'the metadata store needs a file');
  assert(!key || key.length === keyBytes, `the key has ${keyBytes} bytes`);
  const pages = key && Buffer.from(derived(key, 'pages')).toString('hex');
  const guard = key ? rowGuard(derived(key, 'rows')) : noGuard;
  let writer: Connection | undefined;
  try {
    await refuseLinks(path);
    // SQLite gives the files beside it the mode of this one.
    await (await open(path, 'a', fileMode)).close();
    const damage = await damageInLog(`${path}-wal`);
    if (damage !== undefined) throw new Error(damage);
    writer = connect(path, pages);
    await migrate(writer.db, { text: 'text' });
    return new SqliteMetadataStore(writer, {
      ...{ reader: connect(path, pages, readerCacheKib), guard, patienceMs },
      named: (cause) => throwNamed(cause, path),
    });
  } catch (cause) {
    await writer?.db.destroy();
    const reason = (await keyProblem(path, cause, key !== undefined)) ?? reasonOf(cause);
    throw new Error(`cannot open ${path}: ${reason}`, { cause });
  }
}

/** Of a file that was damaged SQLite says only that there is one. */
function throwNamed(cause: unknown, path: string): never {
  const code = String((cause as { readonly code?: unknown } | null)?.code);
  if (!/^SQLITE_(CORRUPT|NOTADB|IOERR)/.test(code)) throw cause;
  throw new Error(`${path} is damaged: ${reasonOf(cause)}`, { cause });
}

function derived(key: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', `modelkeep metadata ${purpose}`, keyBytes));
}

/** Whoever can put a link here would have the server write to a file of their choice. */
async function refuseLinks(path: string): Promise<void> {
  for (const name of [path, `${path}-wal`, `${path}-shm`]) {
    const isLink = await lstat(name).then(
      (found) => found.isSymbolicLink(),
      () => false,
    );
    if (isLink) throw new Error(`${name} is a symbolic link`);
  }
}

/** SQLite has one answer to every key that does not fit; undefined when it says another thing. */
async function keyProblem(
  path: string,
  cause: unknown,
  encrypted: boolean,
): Promise<string | undefined> {
  if ((cause as { readonly code?: unknown } | null)?.code !== 'SQLITE_NOTADB') return undefined;
  const file = await open(path, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(plainHead.length), 0, plainHead.length, 0);
    const plain = buffer.equals(plainHead);
    if (plain && encrypted) return 'it is not encrypted, and was not made by this program';
    return encrypted
      ? 'it is encrypted under another key, or is no database'
      : 'it is encrypted, or is no database';
  } finally {
    await file.close();
  }
}

/** What the package's own types leave out. */
interface LibsqlOptions extends Database.Options {
  readonly encryptionCipher?: string;
  readonly encryptionKey?: string;
}

/** A handle, and what runs on it. */
interface Connection {
  readonly db: Kysely<Tables>;
  readonly statements: Statements;
}

function connect(path: string, pagesKey: string | undefined, cacheKib?: number): Connection {
  const options: LibsqlOptions =
    pagesKey === undefined ? {} : { encryptionCipher: 'aes256cbc', encryptionKey: pagesKey };
  const database = new Database(path, options);
  try {
    // What SQLite sorts must not lie in files of its own, which are not encrypted.
    database.pragma('temp_store = MEMORY');
    database.pragma(`busy_timeout = ${busyTimeoutMs}`);
    if (cacheKib !== undefined) database.pragma(`cache_size = -${cacheKib}`);
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
  const db = new Kysely<Tables>({
    dialect: new SqliteDialect({ database: { prepare, close } }),
  });
  return { db, statements: new Statements(database) };
}

interface ReadingParts {
  readonly reader: Connection;
  readonly guard: RowGuard;
  readonly patienceMs: number | undefined;
  readonly named: (cause: unknown) => never;
}

class SqliteMetadataStore implements MetadataStore {
  readonly #writerDb: Kysely<Tables>;
  readonly #readerDb: Kysely<Tables>;
  readonly #writer: GroupWriter;
  readonly #reader: Reader;
  readonly #named: (cause: unknown) => never;
  #closing: Promise<void> | undefined;

  constructor(writer: Connection, { reader, guard, patienceMs, named }: ReadingParts) {
    this.#named = named;
    this.#writerDb = writer.db;
    this.#readerDb = reader.db;
    const cache = new RowCache();
    const onChanged = (row: RowName) => cache.changed(row);
    this.#writer = new GroupWriter({ ...writer, guard, onChanged, patienceMs });
    this.#reader = sqlReader({ ...reader, guard, cache });
  }

  get<Row>(from: Collection<Row>, key: string): Promise<Row | undefined> {
    return this.#reader.get(from, key).catch(this.#named);
  }

  list<Row>(from: Collection<Row>, range: Range): Promise<readonly Entry<Row>[]> {
    return this.#reader.list(from, range).catch(this.#named);
  }

  listBy<Row>(from: Collection<Row>, range: IndexRange): Promise<readonly IndexEntry<Row>[]> {
    return this.#reader.listBy(from, range).catch(this.#named);
  }

  async write<T>(work: (tx: Transaction) => Promise<T>, options?: Abortable): Promise<T> {
    assert(!this.#closing, 'the store is closed');
    return this.#writer.write(work, options).catch(this.#named);
  }

  close(): Promise<void> {
    this.#closing ??= this.#writer.idle().then(async () => {
      await this.#readerDb.destroy();
      await this.#writerDb.destroy();
    });
    return this.#closing;
  }
}
