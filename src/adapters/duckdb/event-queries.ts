/**
 * `EventQueries` by DuckDB: a database in memory for each question, closed to everything outside it
 * before the question is looked at.
 */
import { type DuckDBConnection, DuckDBInstance, StatementType } from '@duckdb/node-api';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import type {
  EventEntry,
  EventQueries,
  QueryAnswer,
  QueryOptions,
} from '../../ports/event-queries.ts';

export interface EventQueriesOptions {
  readonly threads: number;
  /** As DuckDB spells it: `512MB`. Nothing is spilled to disks. */
  readonly memoryLimit: string;
}

const longestSql = 16_384;
const longestReason = 500;

const toTable = `
CREATE TABLE events AS SELECT
  strptime(json->>'$.eventTime', '%Y-%m-%dT%H:%M:%SZ') AS event_time,
  json->>'$.eventName' AS event_name,
  json->>'$.eventSource' AS event_source,
  json->>'$.userIdentity.arn' AS user_arn,
  user_name,
  json->>'$.userIdentity.accessKeyId' AS access_key_id,
  json->>'$.sourceIPAddress' AS source_ip,
  json->>'$.errorCode' AS error_code,
  (json->>'$.readOnly')::BOOLEAN AS read_only,
  json->>'$.awsRegion' AS region,
  coalesce(json->>'$.resources[*].ARN', []) AS resources,
  json->'$.requestParameters' AS request,
  json AS event
FROM (SELECT line::JSON AS json, user_name FROM staged)`;

export function duckdbEventQueries({ threads, memoryLimit }: EventQueriesOptions): EventQueries {
  return {
    async run(sql, events, options) {
      if (sql.trim() === '') return refuse('only one statement can be asked');
      if (sql.length > longestSql) return refuse(`the SQL exceeds ${longestSql} characters`);
      const database = await DuckDBInstance.create(':memory:', {
        threads: String(threads),
        memory_limit: memoryLimit,
        temp_directory: '',
        enable_external_access: 'false',
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
      });
      const connection = await database.connect();
      try {
        return await interruptible(connection, options, async () => {
          await fill(connection, events);
          return answer(connection, sql, options);
        });
      } finally {
        connection.closeSync();
        database.closeSync();
      }
    },
  };
}

/** Ends what is under way when its time is over, or when nobody waits for it. */
async function interruptible(
  connection: DuckDBConnection,
  { timeoutMs, signal }: QueryOptions,
  work: () => Promise<Outcome<QueryAnswer>>,
): Promise<Outcome<QueryAnswer>> {
  let late = false;
  const interrupt = () => connection.interrupt();
  const timer = setInterval(() => {
    // Again and again: what is interrupted between two statements would not notice.
    late = true;
    interrupt();
  }, timeoutMs);
  signal?.addEventListener('abort', interrupt, { once: true });
  try {
    const answered = await work();
    signal?.throwIfAborted();
    return late && !answered.ok ? refuse(`it takes longer than ${timeoutMs / 1_000} s`) : answered;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', interrupt);
  }
}

async function fill(
  connection: DuckDBConnection,
  events: AsyncIterable<readonly EventEntry[]>,
): Promise<void> {
  await connection.run('CREATE TABLE staged (line VARCHAR, user_name VARCHAR)');
  const appender = await connection.createAppender('staged');
  for await (const group of events) {
    for (const { json, userName } of group) {
      appender.appendVarchar(json);
      if (userName === undefined) appender.appendNull();
      else appender.appendVarchar(userName);
      appender.endRow();
    }
  }
  appender.closeSync();
  await connection.run(toTable);
  await connection.run('DROP TABLE staged');
  await connection.run('SET lock_configuration = true');
}

async function answer(
  connection: DuckDBConnection,
  sql: string,
  { maxRows }: QueryOptions,
): Promise<Outcome<QueryAnswer>> {
  try {
    const statements = await connection.extractStatements(sql);
    if (statements.count !== 1) return refuse('only one statement can be asked');
    const prepared = await statements.prepare(0);
    if (prepared.statementType !== StatementType.SELECT) return refuse('only SELECT can be asked');
    const reader = await prepared.streamAndReadUntil(maxRows + 1);
    const rows = reader.getRowsJson();
    const columns = reader.deduplicatedColumnNames();
    return ok({ columns, rows: rows.slice(0, maxRows), cut: rows.length > maxRows });
  } catch (cause) {
    return refuse(reasonOf(cause).slice(0, longestReason));
  }
}
