/** What is found in a bucket to which a trail was delivered, after each kind of harm. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { deliveryRows } from '../../engines/trail/digests/rows.ts';
import { type Subject, type TrailSource, verifyTrail } from '../../engines/trail/digests/verify.ts';
import { defined } from '../../kernel/assert.ts';
import { hourMs, minuteMs } from '../../kernel/clock.ts';
import { account, bucketName, region, setup } from './delivery.fixture.ts';

let server: ReturnType<typeof setup>;
let source: TrailSource;
let subject: Subject;

/** Four hours of a trail with a call in each, and a little more. */
beforeEach(async () => {
  server = setup();
  const { add, start, record, pass, tick, clock, buckets, signingKeys, anchored, state } = server;
  const row = await add();
  await start(row);
  const startMs = clock.nowMs();
  for (let hour = 1; hour <= 4; hour += 1) {
    await record({});
    clock.moveTo(startMs + hour * hourMs);
    await tick();
  }
  await record({});
  await pass(5 * minuteMs);
  const status = await state(row);
  source = {
    async *keys(prefix) {
      for (const key of [...buckets.objects.keys()]
        .filter((one) => one.startsWith(prefix))
        .sort()) {
        yield { key, modifiedAtMs: buckets.objects.get(key)?.modifiedAtMs ?? 0 };
      }
    },
    async read({ key }) {
      const found = buckets.objects.get(key);
      return found && { bytes: found.bytes, metadata: found.options.metadata ?? {} };
    },
    async publicKeys(of) {
      const rows = await signingKeys.list(of, { startMs: 0, endMs: clock.nowMs() });
      return new Map(
        rows.map((one) => [one.fingerprint, Buffer.from(one.publicKey, 'base64')] as const),
      );
    },
  };
  subject = {
    ...{ arn: row.arn, name: row.name, account, homeRegion: region, bucket: bucketName },
    ...{ logging: [row.name], shared: false },
    latestDigestMs: status?.digest?.succeededAtMs,
    anchors: anchored.slice(-1),
  };
});

const verify = (over: Partial<Subject> = {}) => verifyTrail(source, { ...subject, ...over });
const problems = async (over: Partial<Subject> = {}) => (await verify(over)).findings;

function rewrite(key: string, edit: (text: string) => string): void {
  const there = defined(server.buckets.objects.get(key), key);
  const text = edit(gunzipSync(there.bytes).toString('utf8'));
  server.buckets.objects.set(key, { ...there, bytes: gzipSync(text) });
}

const digestAt = (at: number) => defined(server.digests().sort()[at], 'a digest');
const logAt = (at: number) => defined(server.logs().sort()[at], 'a log file');

test('nothing is found in what was left alone, the newest log files with it', async () => {
  expect(await verify()).toEqual({ digests: 4, logFiles: 4, findings: [] });
  expect(await verify({ sinceMs: server.clock.nowMs() - 2.5 * hourMs })).toEqual({
    ...{ digests: 3, logFiles: 3, findings: [] },
  });
});

describe('log files that were', () => {
  test('changed', async () => {
    rewrite(logAt(1), (text) => text.replace('CreateEndpoint', 'DeleteEndpoint'));
    expect(await problems()).toEqual([{ about: logAt(1), problem: 'the log file was changed' }]);
  });

  test('lengthened after their end', async () => {
    const there = defined(server.buckets.objects.get(logAt(1)), 'a file');
    for (const more of [Buffer.from('more'), Buffer.alloc(8), gzipSync('{}')]) {
      const bytes = Buffer.concat([there.bytes, more]);
      server.buckets.objects.set(logAt(1), { ...there, bytes });
      const [found] = await problems();
      expect(found?.problem).toContain('the log file was changed');
    }
  });

  test('deleted', async () => {
    const key = logAt(1);
    server.buckets.objects.delete(key);
    expect(await problems()).toEqual([{ about: key, problem: 'the log file is missing' }]);
  });

  test('added', async () => {
    const key = logAt(1).replace(/_[^_]+\.json/, '_AAAAAAAAAAAAAAAA.json');
    server.buckets.objects.set(key, defined(server.buckets.objects.get(logAt(1)), 'a file'));
    expect(await problems()).toEqual([{ about: key, problem: 'no digest lists the log file' }]);
    expect(await problems({ shared: true })).toEqual([]);
  });

  test('left after the newest digest, when the trail logs no more', async () => {
    const found = await problems({ logging: [] });
    expect(found).toEqual([{ about: logAt(4), problem: 'no digest lists the log file' }]);
  });
});

describe('digests that were', () => {
  test('changed', async () => {
    rewrite(digestAt(1), (text) =>
      text.replace(/"newestEventTime":"20../, '"newestEventTime":"2019'),
    );
    const found = await problems();
    expect(found[0]).toMatchObject({ about: digestAt(1) });
    expect(found[0]?.problem).toContain('changed');
    // What only a changed digest lists is listed by none.
    expect(found.map(({ about }) => about)).toContain(logAt(1));
  });

  test('deleted in the middle', async () => {
    const key = digestAt(1);
    server.buckets.objects.delete(key);
    const found = await problems();
    const problem = `the digest is missing, which ${digestAt(1)} follows`;
    expect(found).toContainEqual({ about: key, problem });
    expect(found.map(({ problem }) => problem)).toContain('1 of 4 digests are missing or bad');
  });

  test('deleted at the newest end, which the chain alone does not tell', async () => {
    server.buckets.objects.delete(digestAt(3));
    const unsuspecting = { latestDigestMs: undefined, anchors: [], shared: true };
    expect(await problems(unsuspecting)).toEqual([]);
    const byStatus = await problems({ anchors: [], shared: true });
    expect(byStatus).toHaveLength(1);
    expect(byStatus[0]?.problem).toContain('the newest digests are missing');
    const byAnchor = await problems({ latestDigestMs: undefined, shared: true });
    expect(byAnchor).toEqual([
      {
        about: subject.anchors[0]?.key,
        problem: 'the newest digest of the anchor is missing or bad',
      },
    ]);
  });

  test('all deleted', async () => {
    for (const key of server.digests()) server.buckets.objects.delete(key);
    const found = await problems();
    expect(found.map(({ problem }) => problem).join('\n')).toContain('none is there');
  });

  test('replaced by an earlier one of the same name', async () => {
    const there = defined(server.buckets.objects.get(digestAt(0)), 'a digest');
    server.buckets.objects.set(digestAt(1), there);
    const found = await problems();
    expect(found[0]).toMatchObject({ about: digestAt(1) });
    expect(found[0]?.problem).toContain('moved');
  });

  test('given another signature', async () => {
    const there = defined(server.buckets.objects.get(digestAt(0)), 'a digest');
    const metadata = { ...there.options.metadata, signature: 'ab'.repeat(256) };
    server.buckets.objects.set(digestAt(0), { ...there, options: { metadata } });
    expect((await problems())[0]?.problem).toContain('signature does not match');
    server.buckets.objects.set(digestAt(0), { ...there, options: { metadata: {} } });
    expect((await problems())[0]?.problem).toContain('signature is missing');
  });

  test('made no digests', async () => {
    for (const text of ['', '[]', '{"awsAccountId":1}', '{"logFiles":[{}]}']) {
      rewrite(digestAt(0), () => text);
      expect((await problems())[0]).toMatchObject({ about: digestAt(0) });
    }
  });
});

test('another trail in the same place lists its own files, and is no stranger', async () => {
  const { add, start, record, pass } = server;
  const other = await add({ name: 'other_one' });
  await start(other);
  await record({});
  await pass(2 * hourMs);
  const status = await server.store.get(deliveryRows, `${account}/${region}/main`);
  const latestDigestMs = status?.digest?.succeededAtMs;
  const now = { latestDigestMs, anchors: [], logging: ['main', 'other_one'] };
  expect(await problems(now)).toEqual([]);
});
