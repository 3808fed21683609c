/**
 * SQL over events that are handed in: one table, made for one question and gone with it. What is
 * asked may read that table and nothing else: no files, no network, no settings.
 */
import type { Outcome } from '../kernel/outcome.ts';
import type { Abortable } from './metadata-store.ts';

/** The columns of the table `events`, for help texts. */
export const eventColumns = [
  'event_time TIMESTAMP',
  'event_name VARCHAR',
  'event_source VARCHAR',
  'user_arn VARCHAR',
  'user_name VARCHAR',
  'access_key_id VARCHAR',
  'source_ip VARCHAR',
  'error_code VARCHAR',
  'read_only BOOLEAN',
  'region VARCHAR',
  'resources VARCHAR[]',
  'request JSON',
  'event JSON',
] as const;

export interface EventEntry {
  /** One event in Amazon's format, JSON. */
  readonly json: string;
  /** What the user is called; told by nothing else in it for some. */
  readonly userName: string | undefined;
}

export interface QueryOptions extends Abortable {
  /** More are left out, and that is said. */
  readonly maxRows: number;
  readonly timeoutMs: number;
}

export interface QueryAnswer {
  readonly columns: readonly string[];
  /** JSON values; numbers beyond those of JSON are texts. */
  readonly rows: readonly (readonly unknown[])[];
  /** There were more rows. */
  readonly cut: boolean;
}

export interface EventQueries {
  /** Refused when it is not one SELECT, when it fails, and when it takes too long. */
  run(
    sql: string,
    events: AsyncIterable<readonly EventEntry[]>,
    options: QueryOptions,
  ): Promise<Outcome<QueryAnswer>>;
}
