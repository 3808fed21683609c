/** Asking the trail over HTTP: who may, what is answered, and what is refused. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { duckdbEventQueries } from '../adapters/duckdb/event-queries.ts';
import { account, testTrail } from '../engines/trail/trail.fixture.ts';
import { dayMs } from '../kernel/clock.ts';
import { silentLogger } from '../kernel/log.ts';
import { seededRandom } from '../kernel/random.ts';
import { Fault } from '../wire/operation.ts';
import { type Listening, listen } from './http.ts';
import { postSigned } from './signed-fetch.ts';
import type { OwnCall } from './trail-calls.ts';
import { type TrailAnswer, trailQueryRoute } from './trail-query.ts';

const keys = { accessKeyId: 'AKIATEST', secretAccessKey: 'a-secret' };
const key = `arn:aws:kms:eu-west-1:${account}:key/1234`;
let server: Listening;
let told: OwnCall[];
let allowed: boolean;

beforeAll(async () => {
  const { trail, record, clock } = testTrail();
  clock.moveTo(Date.now() - dayMs);
  await record(
    {
      ...{ eventName: 'Decrypt', eventSource: 'kms.amazonaws.com', readOnly: true },
      resources: [{ accountId: account, type: 'AWS::KMS::Key', ARN: key }],
    },
    { userIdentity: { type: 'IAMUser', userName: 'eve' }, errorCode: 'AccessDenied' },
    { recipientAccountId: '444455556666', eventName: 'OfAnotherAccount' },
  );
  clock.moveTo(Date.now() - dayMs / 2);
  await trail.seal();
  await record({ eventName: 'DeleteEndpoint' });
  const arn = `arn:aws:iam::${account}:user/ada`;
  const caller = { accessKeyId: keys.accessKeyId, arn, userId: 'AIDA', account };
  const route = trailQueryRoute({
    lookup: (query) => trail.lookup(query),
    queries: duckdbEventQueries({ threads: 1, memoryLimit: '256MB' }),
    findSecret: async () => ({ secretAccessKey: keys.secretAccessKey, caller }),
    async authorize({ checks }) {
      if (allowed) return new Map();
      throw new Fault('AccessDeniedException', `no ${checks[0]?.action}`, { status: 400 });
    },
    wallClock: { nowMs: () => Date.now() },
    random: seededRandom(1),
    scope: { partition: 'aws', region: 'eu-west-1', account },
    log: silentLogger,
    trail: { ownCall: async (one) => void told.push(one), mustBeWritable: async () => {} },
  });
  server = await listen(() => [route], { host: '127.0.0.1', port: 0 });
});
beforeEach(() => {
  told = [];
  allowed = true;
});
afterAll(() => server.close());

async function ask(body: object) {
  const about = { url: server.url, path: '/_modelkeep/trail/query', region: 'eu-west-1' };
  const sent = { ...about, body, keys, service: 'iam', nowMs: Date.now() };
  const answered = await postSigned(sent);
  if (!answered.ok) throw new Error(answered.reason);
  return answered.value as { status: number; body: TrailAnswer & { error?: { message: string } } };
}

const namesIn = ({ body }: Awaited<ReturnType<typeof ask>>) =>
  body.rows.map((row) => row[body.columns.indexOf('event_name')]);

test('SQL over the events of the account, sealed and not', async () => {
  const { status, body } = await ask({ sql: 'SELECT event_name FROM events ORDER BY event_time' });
  expect([status, body.columns, body.rows, body.events]).toEqual([
    ...[200, ['event_name'], [['Decrypt'], ['CreateEndpoint'], ['DeleteEndpoint']], 3],
  ]);
});

test('conditions without SQL: who touched this key', async () => {
  expect(namesIn(await ask({ resource: 'key/1234' }))).toEqual(['Decrypt']);
  expect(namesIn(await ask({ resource: "key/'12" }))).toEqual([]);
  expect(namesIn(await ask({ who: 'eve' }))).toEqual(['CreateEndpoint']);
  expect(namesIn(await ask({ who: 'AKIAADA' }))).toEqual(['DeleteEndpoint', 'Decrypt']);
  expect(namesIn(await ask({ event: 'DeleteEndpoint', who: 'ada' }))).toEqual(['DeleteEndpoint']);
  expect(namesIn(await ask({ since: '20h' }))).toEqual(['DeleteEndpoint']);
});

test('who may not look events up is told so, and that they asked is told', async () => {
  allowed = false;
  const { status, body } = await ask({ who: 'eve' });
  expect([status, body.error?.message]).toEqual([400, 'no cloudtrail:LookupEvents']);
  expect(told).toMatchObject([
    {
      eventName: 'QueryTrail',
      parameters: { who: 'eve' },
      fault: { code: 'AccessDeniedException' },
    },
  ]);
});

test.each([
  [{ sql: 'DROP TABLE events' }, 'only SELECT'],
  [{ sql: 'SELECT 1', who: 'eve' }, 'sql stands alone'],
  [{ since: 'yesterday' }, 'since must be like'],
  [{ who: 7 }, 'who must be a text'],
  [{ who: '' }, 'who must be a text'],
  [{ whom: 'eve' }, 'unknown member whom'],
  [[], 'the body must be an object'],
])('%j is refused', async (body, reason) => {
  const answered = await ask(body);
  expect([answered.status, answered.body.error?.message]).toEqual([
    ...[400, expect.stringContaining(reason)],
  ]);
});
