/**
 * Runs writes one after another and commits those that came together at once: they share the wait
 * for the disk. Each is told of its success only after the commit; one that throws takes only its
 * own changes with it. One that takes too long is given up: it may be waiting for itself, by a
 * write inside it.
 */
import { assert } from '../../kernel/assert.ts';
import { gathered } from '../../kernel/gathering.ts';
import type { Abortable, Transaction } from '../../ports/metadata-store.ts';
import type { SqlParts } from './reader.ts';
import type { RowName } from './row-guard.ts';
import type { Statements } from './statements.ts';
import { sqlTransaction } from './transaction.ts';

/** Bounds how long the first of a group waits for the last. */
const maxGroup = 64;
/** Others wait meanwhile; a write changes some rows and asks nobody else. */
const defaultPatienceMs = 60_000;

/** Locks at once: a deferred transaction may fail in its middle when another process writes. */
const begin = 'begin immediate';
const commit = 'commit';
const rollback = 'rollback';
const mark = 'savepoint one_write';
const release = 'release one_write';
const rollbackToMark = 'rollback to one_write';

interface Waiting {
  /** Runs the work and answers how to tell its caller, once that may be told. */
  run(): Promise<() => void>;
  fail(cause: unknown): void;
}

export interface GroupWriterParts extends SqlParts {
  /** Told of the rows of a group once it is committed, before its callers are. */
  readonly onChanged: (row: RowName) => void;
  readonly patienceMs?: number | undefined;
}

export class GroupWriter {
  readonly #parts: GroupWriterParts;
  readonly #patienceMs: number;
  /** Bounded by the callers, each of which waits for its write. */
  readonly #waiting: Waiting[] = [];
  /** Rows that the group under way writes; those of a write that failed do no harm. */
  readonly #changed: RowName[] = [];
  #writing: Promise<void> | undefined;

  constructor(parts: GroupWriterParts) {
    this.#parts = parts;
    this.#patienceMs = parts.patienceMs ?? defaultPatienceMs;
  }

  write<T>(work: (tx: Transaction) => Promise<T>, options?: Abortable): Promise<T> {
    const done = new Promise<T>((resolve, fail) => {
      const run = async () => {
        options?.signal?.throwIfAborted();
        const state = { open: true };
        try {
          const tx = sqlTransaction(this.#parts, (row) => this.#changed.push(row));
          const result = await inTime(work(whileOpen(tx, state)), this.#patienceMs);
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
    while (this.#waiting.length > 0) {
      // Requests that come together share a commit, which is what costs.
      await gathered(() => this.#waiting.length, maxGroup);
      const group = this.#waiting.splice(0, maxGroup);
      this.#changed.length = 0;
      await this.#writeGroup(group);
    }
    this.#writing = undefined;
  }

  /** Never throws: every failure goes to those whose writes failed by it. */
  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const { statements, onChanged } = this.#parts;
    const settled: (() => void)[] = [];
    try {
      statements.control(begin);
      for (const write of group) settled.push(await writeOne(statements, write));
      statements.control(commit);
    } catch (cause) {
      rollBack(statements);
      for (const write of group) write.fail(cause);
      return;
    }
    for (const row of this.#changed) onChanged(row);
    for (const tell of settled) tell();
  }
}

function rollBack(statements: Statements): void {
  try {
    statements.control(rollback);
  } catch {
    // There was nothing to roll back: a full disk, say, has SQLite do it by itself.
  }
}

async function writeOne(statements: Statements, write: Waiting): Promise<() => void> {
  statements.control(mark);
  try {
    const tell = await write.run();
    statements.control(release);
    return tell;
  } catch (cause) {
    statements.control(rollbackToMark);
    statements.control(release);
    return () => write.fail(cause);
  }
}

/** Work that was given up may still be going on: it changes nothing of the writes after it. */
function whileOpen(tx: Transaction, state: { readonly open: boolean }): Transaction {
  const open = () => {
    assert(state.open, 'this write has ended');
    return tx;
  };
  return {
    get: (from, key) => open().get(from, key),
    list: (from, range) => open().list(from, range),
    listBy: (from, range) => open().listBy(from, range),
    insert: (into, key, row) => open().insert(into, key, row),
    put: (into, key, row) => open().put(into, key, row),
    delete: (from, key) => open().delete(from, key),
  };
}

/** By a clock, not by an async context: Node 20 pays for those at every promise of the process. */
async function inTime<T>(working: Promise<T>, patienceMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const reason = `a write took over ${patienceMs} ms: a write inside a write waits for itself`;
    timer = setTimeout(() => reject(new Error(reason)), patienceMs);
  });
  try {
    return await Promise.race([working, late]);
  } finally {
    clearTimeout(timer);
  }
}
