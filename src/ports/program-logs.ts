/** What the programs of users print, kept within a bound, to be read later. No log service. */

/** A line as it was printed. Positions are in bytes since the log began, and never change. */
export interface LogLine {
  /** When it was read from the program; never earlier than the line before it. */
  readonly timeMs: number;
  readonly text: string;
  /** Where it begins. */
  readonly position: number;
  /** Where the next line begins. */
  readonly endPosition: number;
}

export interface LogRange {
  /** A position of a line; the head of what is kept unless given, or its end when `backward`. */
  readonly from?: number;
  /** The last lines before `from` rather than the first ones after it. */
  readonly backward?: boolean;
  /** No line earlier than this. */
  readonly startMs?: number;
  /** Only lines earlier than this. */
  readonly endMs?: number;
  readonly mostLines: number;
  /** Of the texts, in UTF-8; one line is read however long it is. */
  readonly mostBytes: number;
}

export interface LogPage {
  /** In the order in which they were printed, whatever the direction. */
  readonly lines: readonly LogLine[];
  /** The first position that is kept. */
  readonly begin: number;
  /** Where the next line will begin. */
  readonly end: number;
}

export interface LogExtent {
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface LogNames {
  readonly prefix: string;
  /** Only names beyond this one. */
  readonly after?: string;
  readonly descending?: boolean;
}

/**
 * A name is a path of `[A-Za-z0-9._-]` parts with `/` between them, none of which begins with `.`
 * or `_`.
 */
export interface LogWriter {
  /** Returns at once. A text of several lines becomes several lines. */
  append(name: string, text: string): void;
  /** Resolves when everything appended so far is written. */
  close(): Promise<void>;
}

/** Takes any text as a name. What was appended before a call is seen by it. */
export interface LogReader {
  /** Names of logs in the order of their characters. */
  names(which: LogNames): AsyncIterable<string>;
  /** When the first log below a folder of names was made; undefined without such a folder. */
  madeAtMs(folder: string): Promise<number | undefined>;
  /** Undefined when there is no such log, or no line in it. */
  extent(name: string): Promise<LogExtent | undefined>;
  /** Undefined when there is no such log. */
  read(name: string, range: LogRange): Promise<LogPage | undefined>;
}

export type ProgramLogs = LogWriter & LogReader;
