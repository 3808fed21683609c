/**
 * Small scripts of users that are called by record, or once: handlers in Python or JavaScript, run
 * apart from the server within bounds of time and memory. What records are, and what becomes of the
 * rows, is the business of the jobs. Adapters must pass `scripts.contract.ts`.
 */
import type { Outcome } from '../kernel/outcome.ts';
import type { Abortable } from './metadata-store.ts';

export interface ScriptSource {
  /** A file name: its ending tells the language (`.py`, `.js`, `.mjs`, `.cjs`). */
  readonly name: string;
  readonly text: string;
}

/**
 * What a handler is given for a record: an object with the members of a captured record, the text
 * of a CSV line, or a JSON document.
 */
export type RecordKind = 'capture' | 'csv' | 'json';

export interface ScriptLimits {
  /** Until the script has been loaded, its imports with it. */
  readonly startTimeoutMs: number;
  readonly recordTimeoutMs: number;
  /** From the start of the script to its end. */
  readonly totalTimeoutMs: number;
  /** Address space in Python; the heap in JavaScript. */
  readonly memoryBytes: number;
  /** Of everything one record returns, as JSON. */
  readonly replyBytes: number;
  readonly rowsPerRecord: number;
}

export const defaultScriptLimits: ScriptLimits = {
  startTimeoutMs: 60_000,
  recordTimeoutMs: 10_000,
  totalTimeoutMs: 3_600_000,
  memoryBytes: 2 * 1024 ** 3,
  replyBytes: 8 * 1024 ** 2,
  rowsPerRecord: 10_000,
};

/** Names and cells side by side; an undefined cell is missing. */
export interface ScriptRow {
  readonly names: readonly string[];
  readonly cells: readonly (string | undefined)[];
}

export interface ScriptOptions extends Abortable {
  readonly limits?: Partial<ScriptLimits>;
  /** Each line the script prints or logs; bounded in length and in number. */
  readonly say?: (line: string) => void;
}

export interface RecordScript {
  /**
   * One outcome per record, in order. A record for which the handler raised, or returned what is
   * no row, is refused with the traceback, and the next ones are still handled. When the script
   * ended or was killed, the record it was at is refused with the reason, and so are all later.
   * `records` are single lines: JSON, or for `csv` any text. One call at a time is under way;
   * others wait for it.
   */
  handle(records: readonly string[]): Promise<readonly Outcome<readonly ScriptRow[]>[]>;
  /** Ends the script. Nothing it started is left when this resolves. */
  close(): Promise<void>;
}

export interface PostScript {
  /** File name to text: the folder the script finds, and may change. */
  readonly files: Readonly<Record<string, string>>;
  /** Where the folder stands for the script, where the sandbox can do so. */
  readonly folder: string;
  /** Set to the folder's path, wherever it stands. */
  readonly folderVariable: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface ScriptsAvailable {
  readonly python: Runtime;
  readonly javascript: Runtime;
  readonly sandbox: {
    readonly kind: SandboxKind;
    /** What it keeps scripts from, and what it does not, for people. */
    readonly detail: string;
  };
}

export type SandboxKind = 'bubblewrap' | 'unshare' | 'none';

/** `detail` is a version and a path, or why there is none. */
export interface Runtime {
  readonly usable: boolean;
  readonly detail: string;
}

export interface Scripts {
  /**
   * Loads a script that has `preprocess_handler(record[, logger])`, in JavaScript
   * `preprocessHandler` too, which may be asynchronous. It returns a flat object of column names
   * to strings, numbers, booleans or nothing; nothing or an empty list to drop the record; a list
   * of objects for several rows. Columns keep the order of keys; a number that is NaN is a missing
   * cell, an infinite one is refused. Refused when it cannot be loaded, with the traceback.
   */
  openPreprocessor(
    source: ScriptSource,
    options: ScriptOptions & { readonly kind: RecordKind },
  ): Promise<Outcome<RecordScript>>;
  /** Calls `postprocess_handler()` once; answers the files of the folder afterwards. */
  runPostprocessor(
    source: ScriptSource,
    post: PostScript,
    options: ScriptOptions,
  ): Promise<Outcome<Readonly<Record<string, string>>>>;
  /** Looked up once. */
  available(): Promise<ScriptsAvailable>;
}
