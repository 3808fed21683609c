/**
 * Runs writes one after another and commits those that came together at once: they share the wait
 * for the disk. Each is told of its success only after the commit; one that throws takes only its
 * own changes with it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Kysely, sql } from 'kysely';
import { assert } from '../../kernel/assert.ts';
import type { Abortable, Transaction } from '../../ports/metadata-store.ts';
import type { SqlParts } from './reader.ts';
import type { Tables } from './schema.ts';
import { sqlTransaction } from './transaction.ts';

/** Bounds how long the first of a group waits for the last. */
const maxGroup = 64;

/** Locks at once: a deferred transaction may fail in its middle when another process writes. */
const begin = sql`begin immediate`;
const commit = sql`commit`;
const rollback = sql`rollback`;
const mark = sql`savepoint one_write`;
const release = sql`release one_write`;
const rollbackToMark = sql`rollback to one_write`;

interface Waiting {
  /** Runs the work and answers how to tell its caller, once that may be told. */
  run(db: Kysely<Tables>): Promise<() => void>;
  fail(cause: unknown): void;
}

export class GroupWriter {
  readonly #db: Kysely<Tables>;
  readonly #parts: SqlParts;
  readonly #inside = new AsyncLocalStorage<{ open: boolean }>();
  /** Bounded by the callers, each of which waits for its write. */
  readonly #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  constructor(db: Kysely<Tables>, parts: SqlParts) {
    this.#db = db;
    this.#parts = parts;
  }

  write<T>(work: (tx: Transaction) => Promise<T>, options?: Abortable): Promise<T> {
    assert(!this.#inside.getStore()?.open, 'a write inside a write would wait for itself');
    const done = new Promise<T>((resolve, fail) => {
      const run = async (db: Kysely<Tables>) => {
        options?.signal?.throwIfAborted();
        const state = { open: true };
        try {
          const result = await this.#inside.run(state, () => work(sqlTransaction(db, this.#parts)));
          return () => resolve(result);
        } finally {
          state.open = false;
        }
      };
      this.#waiting.push({ run, fail });
    });
    this.#writing ??= this.#writeAll();
    return done;
  }

  /** Resolves when every write that was asked for has ended. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // Not in the same turn: what is asked for in one go is written in one go.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, maxGroup);
      await this.#db.connection().execute((db) => writeGroup(db, group));
    }
    this.#writing = undefined;
  }
}

/** Never throws: every failure goes to those whose writes failed by it. */
async function writeGroup(db: Kysely<Tables>, group: readonly Waiting[]): Promise<void> {
  const settled: (() => void)[] = [];
  try {
    await begin.execute(db);
    for (const write of group) settled.push(await writeOne(db, write));
    await commit.execute(db);
  } catch (cause) {
    // Fails when there is nothing to roll back: a full disk, say, has SQLite do it by itself.
    await rollback.execute(db).catch(() => {});
    for (const write of group) write.fail(cause);
    return;
  }
  for (const tell of settled) tell();
}

async function writeOne(db: Kysely<Tables>, write: Waiting): Promise<() => void> {
  await mark.execute(db);
  try {
    const tell = await write.run(db);
    await release.execute(db);
    return tell;
  } catch (cause) {
    await rollbackToMark.execute(db);
    await release.execute(db);
    return () => write.fail(cause);
  }
}
