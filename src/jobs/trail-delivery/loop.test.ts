/** What arrives in the bucket, when, exactly once, and what its digests prove. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { KeyRow } from '../../engines/keys/rows.ts';
import { trailKey, trailRows } from '../../engines/trail/digests/rows.ts';
import { defined } from '../../kernel/assert.ts';
import { hourMs, minuteMs } from '../../kernel/clock.ts';
import { account, bucketName, bucketPolicy, region, setup } from './delivery.fixture.ts';

const never = Number.POSITIVE_INFINITY;
const logName = new RegExp(
  `^AWSLogs/${account}/CloudTrail/${region}/2026/01/05/` +
    `${account}_CloudTrail_${region}_20260105T\\d{4}Z_[A-Za-z0-9]{16}\\.json\\.gz$`,
);

test('nothing is done while no trail logs', async () => {
  const { add, tick, buckets } = setup();
  await add();
  expect(await tick()).toBe(never);
  expect(buckets.puts).toEqual([]);
});

describe('log files', () => {
  test('hold what happened from start to stop, under the names of the original', async () => {
    const { add, start, stop, record, pass, logs, delivered, records } = setup();
    await record({ eventName: 'Before' });
    const row = await add();
    await pass(2_000);
    await start(row);
    const first = await record({}, {});
    await pass(5 * minuteMs);
    await pass(5 * minuteMs);
    const second = await record({});
    await stop(row);
    await pass(3_000);
    const late = await record({ eventName: 'After' });
    await pass(hourMs);
    expect(logs()).toHaveLength(2);
    for (const key of logs()) expect(key).toMatch(logName);
    expect(delivered()).toEqual([...first, ...second]);
    expect(delivered()).not.toContain(late[0]);
    expect(records(defined(logs()[0], 'a file'))[0]).toMatchObject({ eventVersion: '1.11' });
  });

  test("are of the trail's account, regions, services and selectors", async () => {
    const { add, start, record, pass, delivered, logs } = setup();
    const here = await add({ name: 'here', includeGlobal: false });
    await start(here);
    await pass(1_000);
    await record({ awsRegion: 'us-east-1' }, { recipientAccountId: '999999999999' });
    await record({ eventSource: 'iam.amazonaws.com', awsRegion: 'us-east-1' });
    const [own] = await record({});
    await pass(5 * minuteMs);
    expect(delivered()).toEqual([own]);
    expect(logs()).toHaveLength(1);
  });

  test('of a trail of all regions are told apart by region, global services with it', async () => {
    const { add, start, record, pass, logs, records, digests, digest } = setup();
    const row = await add({ multiRegion: true });
    await start(row);
    const [far] = await record({ awsRegion: 'us-east-1', eventSource: 'iam.amazonaws.com' });
    const [near] = await record({});
    await pass(5 * minuteMs);
    await pass(hourMs);
    const ids = Object.fromEntries(
      logs().map((key) => [key.split('/')[3], records(key).map(({ eventID }) => eventID)]),
    );
    expect(ids).toEqual({ [region]: [near], 'us-east-1': [far] });
    expect(digests()).toHaveLength(2);
    for (const key of digests()) {
      const { logFiles } = digest(key);
      expect(logFiles).toHaveLength(1);
      expect(key.split('_').at(-2)).toBe(region);
      expect(logFiles[0]?.s3Object.split('/')[3]).toBe(key.split('/')[3]);
    }
  });

  test('are put once more after a crash, and nothing twice', async () => {
    const { add, start, record, pass, restart, buckets, delivered, digests, digest } = setup();
    const row = await add({ multiRegion: true });
    await start(row);
    const ids = [...(await record({})), ...(await record({ awsRegion: 'us-east-1' }))];
    buckets.failAfter(1);
    await pass(5 * minuteMs);
    const [first] = buckets.puts;
    buckets.failAfter(undefined);
    restart();
    await pass(minuteMs);
    expect(buckets.puts.filter((key) => key === first)).toHaveLength(2);
    expect([...delivered()].sort()).toEqual([...ids].sort());
    buckets.failAfter(1);
    await pass(hourMs);
    expect(digests()).toHaveLength(1);
    const [begun] = digests();
    const before = digest(defined(begun, 'a digest'));
    const later = await record({});
    buckets.failAfter(undefined);
    restart();
    await pass(minuteMs);
    // The digests that were begun are the ones that are written.
    expect(digests()).toHaveLength(2);
    expect(digest(defined(begun, 'a digest'))).toEqual(before);
    expect(delivered()).toContain(later[0]);
    expect(digests().flatMap((key) => digest(key).logFiles)).toHaveLength(2);
  });

  test('wait while the bucket does not let them in, and the status says so', async () => {
    const { add, start, record, pass, buckets, state, delivered } = setup();
    const row = await add();
    await start(row);
    const ids = await record({});
    buckets.policies.set(bucketName, undefined);
    await pass(5 * minuteMs);
    expect((await state(row))?.delivery).toMatchObject({ error: 'AccessDenied' });
    buckets.policies.delete(bucketName);
    await pass(5 * minuteMs);
    expect((await state(row))?.delivery).toMatchObject({ error: 'NoSuchBucket' });
    expect(buckets.puts).toEqual([]);
    buckets.policies.set(bucketName, bucketPolicy());
    await pass(5 * minuteMs);
    expect(delivered()).toEqual(ids);
    const told = defined((await state(row))?.delivery, 'attempts');
    expect(told.error).toBeUndefined();
    expect(told.succeededAtMs).toBeGreaterThan(0);
  });

  test('are not delivered from a stretch that was changed', async () => {
    const kept = setup();
    const { add, start, record, pass, state, buckets } = kept;
    const row = await add();
    await start(row);
    await record({});
    const read = kept.trail.read;
    kept.trail.read = async function* (stretch) {
      yield* read(stretch);
      throw new Error('it was changed or damaged');
    };
    await pass(5 * minuteMs);
    expect((await state(row))?.delivery).toMatchObject({ error: 'InternalError' });
    expect(buckets.puts).toEqual([]);
  });

  test('of a deleted trail are delivered no more', async () => {
    const { add, start, record, pass, store, buckets } = setup();
    const row = await add();
    await start(row);
    await record({});
    await store.write((tx) => tx.delete(trailRows, trailKey(row, row.name)));
    expect(await pass(5 * minuteMs)).toBe(never);
    expect(buckets.puts).toEqual([]);
  });
});

describe('digests', () => {
  test('come every hour, also empty, chained and signed', async () => {
    const { add, start, record, tick, clock, digests, digest, buckets, signingKeys } = setup();
    const row = await add();
    await start(row);
    const untilMs = clock.nowMs() + 3 * hourMs;
    await record({});
    while (clock.nowMs() < untilMs) clock.moveTo(await tick());
    await tick();
    expect(digests()).toHaveLength(3);
    const all = digests().map(digest);
    expect(all.map(({ logFiles }) => logFiles.length)).toEqual([1, 0, 0]);
    expect(all[0]).toMatchObject({
      previousDigestS3Object: null,
      previousDigestHashAlgorithm: null,
      previousDigestSignature: null,
      digestStartTime: '2026-01-05T10:00:00Z',
      digestEndTime: '2026-01-05T11:00:00Z',
      newestEventTime: '2026-01-05T10:00:01Z',
    });
    expect(all[1]).toMatchObject({ newestEventTime: null, oldestEventTime: null, logFiles: [] });
    const [listed] = await signingKeys.list(region, { startMs: 0, endMs: untilMs });
    const der = Buffer.from(defined(listed, 'a key').publicKey, 'base64');
    for (const [i, key] of digests().entries()) {
      const at = defined(all[i], key);
      const { bytes, options } = defined(buckets.objects.get(key), key);
      const inflated = gunzipSync(bytes);
      const hash = createHash('sha256').update(inflated).digest('hex');
      const previous = at.previousDigestSignature ?? 'null';
      const text = [at.digestEndTime, `${bucketName}/${key}`, hash, previous].join('\n');
      const publicKey = createPublicKey({ key: der, format: 'der', type: 'pkcs1' });
      const signature = Buffer.from(options.metadata?.['signature'] ?? '', 'hex');
      expect(verify('sha256', Buffer.from(text), publicKey, signature)).toBe(true);
      expect(options.metadata?.['signature-algorithm']).toBe('SHA256withRSA');
      expect(at.digestPublicKeyFingerprint).toBe(createHash('md5').update(der).digest('hex'));
      const next = all[i + 1];
      if (!next) continue;
      expect(next).toMatchObject({
        previousDigestS3Object: key,
        previousDigestHashValue: hash,
        previousDigestSignature: signature.toString('hex'),
        digestStartTime: at.digestEndTime,
      });
    }
  });

  test('end with the logging, and begin a new chain with it', async () => {
    const { add, start, stop, record, pass, tick, clock, digests, digest, anchored } = setup();
    const row = await add();
    for (let round = 0; round < 3; round += 1) {
      await start(row);
      await record({});
      await stop(row);
      const atMs = await tick();
      expect(atMs).toBe(clock.nowMs() + 1_000);
      await pass(1_000);
    }
    expect(await tick()).toBe(never);
    expect(digests()).toHaveLength(3);
    const all = digests().map(digest);
    expect(all.map(({ logFiles }) => logFiles.length)).toEqual([1, 1, 1]);
    expect(all.map(({ previousDigestSignature }) => previousDigestSignature)).toEqual([
      null,
      null,
      null,
    ]);
    expect(anchored.map(({ chainLength }) => chainLength)).toEqual([1, 2, 3]);
  });

  test('keep apart what two runs logged when the first was delivered late', async () => {
    const { add, start, stop, record, pass, buckets, delivered, digests, digest } = setup();
    const row = await add();
    buckets.policies.set(bucketName, undefined);
    await start(row);
    const first = await record({});
    await stop(row);
    await pass(2_000);
    await record({ eventName: 'Between' });
    await pass(2_000);
    await start(row);
    const second = await record({});
    await pass(5 * minuteMs);
    buckets.policies.set(bucketName, bucketPolicy());
    await pass(5 * minuteMs);
    await pass(5 * minuteMs);
    expect(delivered()).toEqual([...first, ...second]);
    expect(digests()).toHaveLength(1);
    await pass(hourMs);
    expect(digests().map((key) => digest(key).previousDigestS3Object)).toEqual([null, null]);
    expect(digests().map((key) => digest(key).logFiles.length)).toEqual([1, 1]);
  });

  test('are not written without validation, and begin anew with it', async () => {
    const { add, start, record, pass, change, digests, digest, logs } = setup();
    const row = await add({ validation: false });
    await start(row);
    await record({});
    await pass(hourMs);
    expect(logs()).toHaveLength(1);
    expect(digests()).toEqual([]);
    await change({ ...row, validation: true });
    await record({});
    await pass(hourMs);
    expect(digests()).toHaveLength(1);
    expect(digest(defined(digests()[0], 'a digest')).logFiles).toHaveLength(1);
  });
});

describe('keys and topics', () => {
  const arn = `arn:aws:kms:${region}:${account}:key/k`;
  const row: KeyRow = {
    ...{ id: 'k', arn, account, region, createdAtMs: 0, manager: 'customer' as const },
    ...({ spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', origin: 'AWS_KMS' } as const),
    ...{ state: 'Enabled' as const, multiRegion: false, policy: '', tags: [], description: '' },
    demandedRotations: 0,
  };
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'cloudtrail.amazonaws.com' },
        Action: 'kms:GenerateDataKey*',
        Resource: '*',
        Condition: {
          StringLike: {
            'kms:EncryptionContext:aws:cloudtrail:arn': `arn:aws:cloudtrail:*:${account}:trail/*`,
          },
        },
      },
    ],
  });

  test('a key seals what is delivered, as long as it may', async () => {
    const { add, start, record, pass, keys, state, buckets } = setup();
    keys.set(arn, { row, policy });
    const trail = await add({ keyArn: arn });
    await start(trail);
    await record({});
    await pass(5 * minuteMs);
    const [key] = buckets.puts;
    expect(buckets.objects.get(key ?? '')?.options).toMatchObject({
      encryption: {
        ...{ kind: 'key', reference: arn },
        context: { 'aws:cloudtrail:arn': trail.arn },
      },
    });
    for (const [changed, error] of [
      [{ row, policy: '{"Version":"2012-10-17","Statement":[]}' }, 'KMS.AccessDeniedException'],
      [{ row: { ...row, state: 'Disabled' as const }, policy }, 'KMS.DisabledException'],
      [undefined, 'KMS.NotFoundException'],
    ] as const) {
      if (changed) keys.set(arn, changed);
      else keys.delete(arn);
      await record({});
      await pass(5 * minuteMs);
      expect((await state(trail))?.delivery).toMatchObject({ error });
    }
    expect(buckets.puts).toHaveLength(1);
  });

  test('a topic is told which files came, if it lets the trail in', async () => {
    const { add, start, record, pass, topics, published, state, logs } = setup();
    const topicArn = `arn:aws:sns:${region}:${account}:notices`;
    const trail = await add({ topicArn, topicName: 'notices' });
    await start(trail);
    await record({});
    await pass(5 * minuteMs);
    expect((await state(trail))?.notification).toMatchObject({ error: 'NotFound' });
    const address = { partition: 'aws', account, region, name: 'notices' };
    const statement = {
      ...{ Effect: 'Allow', Principal: { Service: 'cloudtrail.amazonaws.com' } },
      ...{ Action: 'SNS:Publish', Resource: topicArn },
      Condition: { StringEquals: { 'aws:SourceArn': trail.arn } },
    };
    const document = (Statement: readonly object[]) =>
      JSON.stringify({ Version: '2012-10-17', Statement });
    const topic = (Policy: string) =>
      ({ address, attributes: { Policy }, tags: {}, fifo: false }) as never;
    topics.set('notices', topic(document([])));
    await record({});
    await pass(5 * minuteMs);
    expect((await state(trail))?.notification).toMatchObject({ error: 'AuthorizationError' });
    expect(published).toEqual([]);
    topics.set('notices', topic(document([statement])));
    await record({});
    await pass(5 * minuteMs);
    expect(published).toHaveLength(1);
    expect(published[0]?.arn).toBe(topicArn);
    const said = JSON.parse(published[0]?.message ?? '') as { s3ObjectKey: string[] };
    expect(said).toEqual({ s3Bucket: bucketName, s3ObjectKey: [logs().at(-1)] });
    expect((await state(trail))?.notification?.error).toBeUndefined();
  });
});
