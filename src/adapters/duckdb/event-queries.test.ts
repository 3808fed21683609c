/** SQL over events: the columns there are, and that nothing but them can be reached. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventColumns } from '../../ports/event-queries.ts';
import { duckdbEventQueries } from './event-queries.ts';

const queries = duckdbEventQueries({ threads: 1, memoryLimit: '256MB' });
let folder: string;
let secret: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'modelkeep-queries-'));
  secret = join(folder, 'secret.csv');
  writeFileSync(secret, 'planted\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const arn = 'arn:aws:kms:eu-west-1:111122223333:key/1';

function event(over: object = {}): string {
  return JSON.stringify({
    ...{
      eventTime: '2026-01-05T08:00:01Z',
      eventName: 'Decrypt',
      eventSource: 'kms.amazonaws.com',
    },
    userIdentity: { arn: 'user-arn', accessKeyId: 'AKIA' },
    ...{ sourceIPAddress: '192.0.2.1', readOnly: true, awsRegion: 'eu-west-1' },
    requestParameters: { keyId: arn },
    resources: [{ ARN: arn, type: 'AWS::KMS::Key' }, { ARN: 'second' }],
    ...over,
  });
}

async function* events() {
  yield [{ json: event(), userName: 'ada' }];
  const other = { eventName: 'ListKeys', resources: undefined, errorCode: 'AccessDenied' };
  yield [{ json: event({ ...other, requestParameters: null }), userName: undefined }];
}

const run = (sql: string, over: object = {}) =>
  queries.run(sql, events(), { maxRows: 10, timeoutMs: 5_000, ...over });

test('every column, of events with everything and with little', async () => {
  const answered = await run('SELECT * EXCLUDE (event) FROM events ORDER BY event_name');
  const columns = eventColumns.map((column) => column.split(' ')[0]);
  expect(answered).toEqual({
    ok: true,
    value: {
      columns: columns.slice(0, -1),
      rows: [
        [
          ...['2026-01-05 08:00:01', 'Decrypt', 'kms.amazonaws.com', 'user-arn', 'ada', 'AKIA'],
          ...['192.0.2.1', null, true, 'eu-west-1', [arn, 'second'], `{"keyId":"${arn}"}`],
        ],
        [
          ...['2026-01-05 08:00:01', 'ListKeys', 'kms.amazonaws.com', 'user-arn', null, 'AKIA'],
          ...['192.0.2.1', 'AccessDenied', true, 'eu-west-1', [], 'null'],
        ],
      ],
      cut: false,
    },
  });
});

test('questions about resources and what was asked', async () => {
  const sql = `SELECT count(*) AS n FROM events
    WHERE list_contains(resources, '${arn}') AND (request->>'keyId') = '${arn}'`;
  expect(await run(sql)).toMatchObject({ ok: true, value: { columns: ['n'], rows: [['1']] } });
});

test('no events, more rows than wanted', async () => {
  async function* none() {}
  const options = { maxRows: 3, timeoutMs: 5_000 };
  const empty = await queries.run('SELECT event_name FROM events', none(), options);
  expect(empty).toMatchObject({ ok: true, value: { rows: [], cut: false } });
  const many = await run('SELECT * FROM range(1000000000)', { maxRows: 3 });
  expect(many).toMatchObject({ ok: true, value: { rows: [['0'], ['1'], ['2']], cut: true } });
});

test.each([
  ['', 'only one statement'],
  ['SELECT 1; SELECT 2', 'only one statement'],
  ['DROP TABLE events', 'only SELECT'],
  ['CREATE TABLE t AS SELECT 1', 'only SELECT'],
  ["COPY events TO 'FOLDER/out.csv'", 'disabled'],
  ["ATTACH 'FOLDER/out.db'", 'only SELECT'],
  ['INSTALL httpfs', 'only SELECT'],
  ['SET enable_external_access = true', 'only SELECT'],
  ['PRAGMA database_list; SELECT 1', 'only one statement'],
  ["SELECT * FROM read_csv('FOLDER/secret.csv')", 'disabled'],
  ["SELECT * FROM 'FOLDER/secret.csv'", ''],
  ["SELECT content FROM read_text('FOLDER/secret.csv')", 'disabled'],
  ["SELECT * FROM glob('FOLDER/*')", ''],
  ['SELECT * FROM staged', 'does not exist'],
  ['SELECT nothing FROM events', 'nothing'],
  ['SELEC', 'syntax error'],
])('%s is refused', async (sql, reason) => {
  const answered = await run(sql.replace('FOLDER', folder));
  if (answered.ok) expect(answered.value.rows).toEqual([]);
  else expect(answered.reason).toContain(reason);
  expect(JSON.stringify(answered)).not.toContain('planted');
  expect(readdirSync(folder)).toEqual(['secret.csv']);
});

test('what takes too long, or too much memory, is ended', async () => {
  const slow =
    'SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range % 7 = b.range';
  const answered = await run(slow, { timeoutMs: 100 });
  expect(answered).toEqual({ ok: false, reason: 'it takes longer than 0.1 s' });
  const large = `SELECT sum(length(s))
    FROM (SELECT repeat('x', 1000) || range AS s FROM range(10000000) ORDER BY hash(s))`;
  expect(await run(large)).toMatchObject({ ok: false });
});
