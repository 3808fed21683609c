/** Uploads in parts: what joins, what is refused, and that nothing is left behind. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { once } from '../../kernel/bytes.ts';
import { minPartBytes } from './completion.ts';
import { fixture, gathered, stored, text, valueOf, whyOf } from './objects.fixture.ts';
import type { Objects } from './objects.ts';

const description = { headers: {}, metadata: {}, tags: [] };
const initiator = 'someone';

async function begun(objects: Objects, key = 'big') {
  const upload = { bucket: 'data', key, initiator, ...description };
  const { uploadId } = valueOf(await objects.uploads.begin(upload));
  return { bucket: 'data', key, uploadId };
}

const big = (letter: string) => Buffer.alloc(minPartBytes, letter);

test('parts join in order, with the etag of their MD5s, and ranges cross them', async () => {
  const { objects, bucket, blobCount, textOf } = fixture();
  await bucket('data');
  const at = await begun(objects);
  const contents = [big('a'), big('b'), Buffer.from('the end')];
  for (const [i, content] of contents.entries()) {
    valueOf(await objects.uploads.putPart(at, once(content), { number: i + 1 }));
  }
  const listed = valueOf(await objects.uploads.parts(at, { after: 0, limit: 10 }));
  const version = valueOf(await objects.uploads.complete(at, { parts: listed, precondition: {} }));
  const whole = Buffer.concat(contents);
  const md5s = contents.map((content) => createHash('md5').update(content).digest());
  const etag = createHash('md5').update(Buffer.concat(md5s)).digest('hex');
  expect(version.object).toMatchObject({ etag: `${etag}-3`, sizeBytes: whole.length });
  expect(await blobCount()).toBe(3);
  const edges = [0, 1, minPartBytes - 1, minPartBytes, minPartBytes + 1, 2 * minPartBytes];
  for (const start of edges) {
    for (const end of [...edges, whole.length].filter((edge) => edge > start)) {
      const piece = await textOf(version, { start, end });
      expect(piece === whole.subarray(start, end).toString()).toBe(true);
    }
  }
  const file = await objects.asFile({ bucket: 'data', key: 'big' });
  await file?.release();
  expect(await blobCount()).toBe(3);
  await objects.delete({ bucket: 'data', key: 'big' });
  expect(await blobCount()).toBe(0);
});

test('any range over parts of any size', async () => {
  // Sizes below the minimum need a single part, so the pieces are cut by hand below.
  const { clip } = await import('./reading.ts');
  const sizes = fc.array(fc.nat(9), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(sizes, fc.nat(60), fc.nat(60), (all, a, b) => {
      const segments = all.map((end, i) => ({ blob: String(i), range: { start: 0, end } }));
      const whole = all.flatMap((size, i) => Array.from({ length: size }, (_, at) => `${i}.${at}`));
      const range = { start: Math.min(a, b), end: Math.max(a, b) };
      const clipped = clip(segments, range).flatMap(({ blob, range }) =>
        Array.from({ length: range.end - range.start }, (_, at) => `${blob}.${range.start + at}`),
      );
      expect(clipped).toEqual(whole.slice(range.start, range.end));
    }),
  );
});

test('completing refuses what does not fit, and the upload stays', async () => {
  const { objects, bucket } = fixture();
  await bucket('data');
  const at = await begun(objects);
  const one = valueOf(await objects.uploads.putPart(at, text('small'), { number: 1 }));
  const two = valueOf(await objects.uploads.putPart(at, text('last'), { number: 2 }));
  const complete = async (parts: readonly { number: number; etag: string }[], more = {}) =>
    whyOf(await objects.uploads.complete(at, { parts, precondition: {}, ...more }));
  expect(await complete([one, two])).toBe('partTooSmall');
  expect(await complete([two, one])).toBe('partOrder');
  expect(await complete([one, one])).toBe('partOrder');
  expect(await complete([{ ...one, number: 3 }])).toBe('badPart');
  expect(await complete([{ ...one, etag: two.etag }])).toBe('badPart');
  expect(await complete([one], { sizeBytes: 6 })).toBe('badSize');
  expect(await complete([one], { checksum: { algorithm: 'CRC32', value: 'AAAAAA==' } })).toBe(
    'badChecksum',
  );
  const ifMatch = { precondition: { ifMatch: one.etag } };
  expect(await complete([one], ifMatch)).toBe('noObject');
  expect(await complete([one])).toBeUndefined();
});

test('a part sent again replaces the first; unused parts are freed', async () => {
  const { objects, bucket, blobCount, textOf } = fixture();
  await bucket('data');
  const at = await begun(objects);
  await objects.uploads.putPart(at, text('first'), { number: 1 });
  const again = valueOf(await objects.uploads.putPart(at, text('again'), { number: 1 }));
  await objects.uploads.putPart(at, text('unused'), { number: 2 });
  expect(await blobCount()).toBe(2);
  const version = valueOf(await objects.uploads.complete(at, { parts: [again], precondition: {} }));
  expect(await textOf(version)).toBe('again');
  expect(await blobCount()).toBe(1);
  // Asked again, as by a client that lost the answer, it is the same object.
  const repeated = await objects.uploads.complete(at, { parts: [again], precondition: {} });
  expect(valueOf(repeated).object.etag).toBe(version.object.etag);
});

test('aborting frees the parts; what comes later is refused', async () => {
  const { objects, bucket, blobCount } = fixture();
  await bucket('data');
  const at = await begun(objects);
  await objects.uploads.putPart(at, text('one'), { number: 1 });
  valueOf(await objects.uploads.abort(at));
  expect(await blobCount()).toBe(0);
  expect(whyOf(await objects.uploads.putPart(at, text('two'), { number: 2 }))).toBe('noUpload');
  expect(whyOf(await objects.uploads.abort(at))).toBe('noUpload');
  expect(await blobCount()).toBe(0);
});

test('an upload is known by its bucket and key as well', async () => {
  const { objects, bucket } = fixture();
  await bucket('data');
  const at = await begun(objects);
  expect(whyOf(await objects.uploads.get({ ...at, key: 'other' }))).toBe('noUpload');
});

test('a bucket goes with its unfinished uploads', async () => {
  const { objects, bucket, blobCount } = fixture();
  await bucket('data');
  const at = await begun(objects);
  await objects.uploads.putPart(at, text('one'), { number: 1 });
  valueOf(await objects.buckets.remove('data'));
  expect(await blobCount()).toBe(0);
});

test('uploads are listed by key, then by beginning, in pages', async () => {
  const { objects, bucket, clock } = fixture();
  await bucket('data');
  const expected: string[] = [];
  for (const key of ['b', 'a', 'b', 'a/x', 'a']) {
    clock.moveTo(clock.nowMs() + 1);
    const { uploadId } = await begun(objects, key);
    expected.push(`${key} ${uploadId}`);
  }
  expected.sort();
  const seen: string[] = [];
  let marker: { after?: string; afterUploadId?: string } = {};
  for (let more = true; more; ) {
    const page = await objects.uploads.list({ bucket: 'data', prefix: '', limit: 2, ...marker });
    for (const entry of page.entries) {
      if (entry.kind === 'prefix') continue;
      marker = { after: entry.row.key, afterUploadId: entry.row.uploadId };
      seen.push(`${entry.row.key} ${entry.row.uploadId}`);
    }
    more = page.truncated;
  }
  expect(seen).toEqual(expected);
});

test('a copy of an object made of parts is in one piece', async () => {
  const { objects, bucket } = fixture();
  await bucket('data');
  const at = await begun(objects);
  const part = valueOf(await objects.uploads.putPart(at, text('abc'), { number: 1 }));
  const version = valueOf(await objects.uploads.complete(at, { parts: [part], precondition: {} }));
  const to = { bucket: 'data', key: 'copy' };
  const copy = valueOf(await objects.copy(version, to, { description, precondition: {} }));
  expect(copy.etag).toBe('900150983cd24fb0d6963f7d28e17f72');
  const found = stored(valueOf(await objects.find(to)));
  expect(await gathered(valueOf(await objects.open(found)))).toBe('abc');
});
