/** Verification through the API of a server: objects over HTTP, trails, keys, the anchor's file. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AnchorRecord } from '../engines/trail/digests/anchor.ts';
import { defined } from '../kernel/assert.ts';
import { bucket, region, trailServer } from './trail-verify.fixture.ts';
import { verifyThrough } from './trail-verify.ts';
import { fileAnchor, readAnchor } from './trail-verify-anchor.ts';
import { ApiRefusal, makeTrailApi, type TrailApi } from './trail-verify-client.ts';

let folder: string;
let anchorPath: string;
let given: Awaited<ReturnType<typeof trailServer>>;
let api: TrailApi;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trail-verify-'));
  anchorPath = join(folder, 'below', 'anchors.json');
  given = await trailServer(anchorPath);
  api = makeTrailApi(given);
});
afterAll(async () => {
  await given.server.close();
  await rm(folder, { recursive: true, force: true });
});

const keysOf = async (kind: string) => {
  const found: string[] = [];
  for await (const { key } of api.keys(bucket, '')) if (key.includes(`/${kind}/`)) found.push(key);
  return found;
};

async function verified(over: { trail?: string; anchors?: readonly AnchorRecord[] } = {}) {
  const anchors = await readAnchor(anchorPath);
  if (!anchors.ok) throw new Error(anchors.reason);
  const found = await verifyThrough(api, { anchors: anchors.value, ...over });
  if (!found.ok) throw new Error(found.reason);
  return defined(found.value[0], 'the trail');
}

test('there must be a trail, and it must write digests', async () => {
  const none = await verifyThrough(api, { anchors: [] });
  expect(none).toMatchObject({ ok: false, reason: 'there is no trail' });
  await given.create({ Name: 'main', EnableLogFileValidation: false });
  const off = await verifyThrough(api, { anchors: [] });
  expect(off).toMatchObject({ ok: false, reason: expect.stringContaining('writes no digests') });
  await given.call('UpdateTrail', { Name: 'main', EnableLogFileValidation: true });
});

test('what is whole is found whole; what was harmed, and the missing end, are found', async () => {
  await given.call('StartLogging', { Name: 'main' });
  for (let hour = 0; hour < 3; hour += 1) {
    await given.record();
    given.pass(400_000);
    await given.tick();
  }
  const whole = await verified({ trail: 'main' });
  expect(whole).toMatchObject({ digests: 3, logFiles: 3, findings: [] });
  expect(JSON.parse(await readFile(anchorPath, 'utf8'))).toMatchObject([
    { region, bucket, chainLength: 3 },
  ]);

  const log = defined((await keysOf('CloudTrail'))[1], 'a log file');
  const there = defined(await api.read({ bucket, key: log }), log);
  const text = gunzipSync(there.bytes).toString('utf8').replace('ada', 'eve');
  await given.put(log, gzipSync(text));
  expect((await verified()).findings).toEqual([
    { about: log, problem: 'the log file was changed' },
  ]);
  await given.put(log, Buffer.from(there.bytes));

  const newest = defined((await keysOf('CloudTrail-Digest')).sort().at(-1), 'the newest');
  const digest = defined(await api.read({ bucket, key: newest }), newest);
  await given.objects.delete({ bucket, key: newest });
  expect(await api.read({ bucket, key: newest })).toBeUndefined();
  const byStatus = (await verified({ anchors: [] })).findings.map(({ problem }) => problem);
  expect(byStatus.join()).toContain('the newest digests are missing');
  const byBoth = (await verified()).findings.map(({ problem }) => problem);
  expect(byBoth.join()).toContain('the newest digest of the anchor is missing');
  await given.put(newest, Buffer.from(digest.bytes), { ...digest.metadata });
  expect((await verified()).findings).toEqual([]);
});

test('keys of more than a page, and of odd characters, are all seen', async () => {
  const odd = ['odd/ä b+c&<d>.txt', 'odd/x=1?y#z'];
  for (const key of odd) await given.put(key, Buffer.from('x'));
  const found: string[] = [];
  for await (const { key, modifiedAtMs } of api.keys(bucket, 'odd/')) {
    expect(modifiedAtMs).toBeGreaterThan(0);
    found.push(key);
  }
  expect(found.sort()).toEqual([...odd].sort());
  for (const key of odd) expect(await api.read({ bucket, key })).toBeDefined();
});

test('what the server refuses is told in its words', async () => {
  const list = async () => {
    for await (const _ of api.keys('no-such-bucket', '')) expect.unreachable();
  };
  await expect(list()).rejects.toThrow(ApiRefusal);
  await expect(given.call('GetTrail', { Name: 'gone' })).rejects.toThrow('Unknown trail: gone');
});

test('an anchor keeps the newest of each region, and nothing else is read as one', async () => {
  const path = join(folder, 'other.json');
  const anchor = fileAnchor(path);
  expect(await anchor.read()).toEqual([]);
  const record = (over: Partial<AnchorRecord>): AnchorRecord => ({
    ...{ trailArn: 'a', region, bucket, key: 'k', sha256: 's', signature: 'g' },
    ...{ endTime: '2026-01-05T10:00:00Z', chainLength: 1, trailCreated: '2026-01-05T09:00:00Z' },
    ...over,
  });
  await Promise.all([
    anchor.write(record({})),
    anchor.write(record({ region: 'us-east-1' })),
    anchor.write(record({ key: 'k2', chainLength: 2 })),
  ]);
  expect(await fileAnchor(path).read()).toEqual([
    record({ region: 'us-east-1' }),
    record({ key: 'k2', chainLength: 2 }),
  ]);
  for (const text of ['', '{}', '[{}]', '[null]']) {
    await writeFile(path, text);
    expect(await readAnchor(path)).toMatchObject({ ok: false });
    await expect(anchor.write(record({}))).rejects.toThrow('is no anchor');
  }
});
