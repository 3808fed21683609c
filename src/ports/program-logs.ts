/** What the programs of users print, kept for people to read, within a bound. No log service. */

export interface ProgramLogs {
  /** `name` is a path of `[A-Za-z0-9._-]` parts with `/` between them. Returns at once. */
  append(name: string, line: string): void;
  /** Resolves when everything appended so far is written. */
  close(): Promise<void>;
}
