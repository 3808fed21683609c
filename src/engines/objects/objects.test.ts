/** Objects and their versions: what is kept, what is newest, what is freed, who wins a race. */
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { once } from '../../kernel/bytes.ts';
import { dayMs } from '../../kernel/clock.ts';
import { account, fixture, gathered, stored, text, valueOf, whyOf } from './objects.fixture.ts';
import { objectsUnder } from './space.ts';

const md5OfAbc = '900150983cd24fb0d6963f7d28e17f72';

test('an object keeps its bytes, its etag and what was said of it', async () => {
  const { objects, bucket, textOf } = fixture();
  const at = { bucket: await bucket('data'), key: 'a' };
  const put = valueOf(
    await objects.put(at, text('abc'), { contentType: 'text/csv', metadata: { owner: 'me' } }),
  );
  expect(put).toMatchObject({ key: 'a', etag: md5OfAbc, sizeBytes: 3 });
  const found = stored(valueOf(await objects.find(at)));
  expect(found.object).toMatchObject({
    headers: { contentType: 'text/csv' },
    metadata: { owner: 'me' },
  });
  expect(await textOf(found)).toBe('abc');
  expect(await textOf(found, { start: 1, end: 2 })).toBe('b');
});

test('a bucket that is not there is refused, never made', async () => {
  const { objects, blobCount } = fixture();
  expect(whyOf(await objects.put({ bucket: 'none', key: 'a' }, text('abc')))).toBe('noBucket');
  expect(await objects.hasBucket('none')).toBe(false);
  expect(await blobCount()).toBe(0);
});

test('overwriting and deleting free the bytes', async () => {
  const { objects, bucket, put, blobCount } = fixture();
  await bucket('data');
  for (const content of ['1', '2', '3']) await put('data', 'a', content);
  expect(await blobCount()).toBe(1);
  await objects.delete({ bucket: 'data', key: 'a' });
  await objects.delete({ bucket: 'data', key: 'a' });
  expect(await blobCount()).toBe(0);
  expect(await objects.head({ bucket: 'data', key: 'a' })).toBeUndefined();
});

test('a content stream that fails leaves nothing', async () => {
  const { objects, bucket, blobCount } = fixture();
  await bucket('data');
  async function* broken() {
    yield Buffer.from('abc');
    throw new Error('the client went away');
  }
  await expect(objects.put({ bucket: 'data', key: 'a' }, broken())).rejects.toThrow('went away');
  expect(await blobCount()).toBe(0);
});

test('bytes being read outlive the object', async () => {
  const { objects, bucket, put, blobCount } = fixture();
  await bucket('data');
  const { version } = await put('data', 'a', 'abc');
  const stream = valueOf(await objects.open(version));
  await objects.delete({ bucket: 'data', key: 'a' });
  expect(await gathered(stream)).toBe('abc');
  expect(await blobCount()).toBe(0);
  expect(whyOf(await objects.open(version))).toBe('changed');
});

test('a read given up, or aborted, lets go of the bytes', async () => {
  const { objects, bucket, put, blobCount } = fixture();
  await bucket('data');
  const aborter = new AbortController();
  const { version } = await put('data', 'a', 'abc');
  const stream = valueOf(await objects.open(version));
  valueOf(await objects.open(version, { signal: aborter.signal }));
  await objects.delete({ bucket: 'data', key: 'a' });
  await stream[Symbol.asyncIterator]().return?.();
  expect(await blobCount()).toBe(1);
  aborter.abort();
  await expect.poll(blobCount).toBe(0);
});

test('of writers that each want to be first, one is', async () => {
  const { objects, bucket, blobCount, textOf } = fixture();
  const at = { bucket: await bucket('data'), key: 'lock' };
  const names = ['0', '1', '2', '3', '4', '5', '6', '7'];
  const answers = await Promise.all(
    names.map((name) => objects.put(at, text(name), { precondition: { ifAbsent: true } })),
  );
  const winners = names.filter((_, i) => answers[i]?.ok);
  expect(winners).toHaveLength(1);
  expect(new Set(answers.map(whyOf))).toEqual(new Set([undefined, 'precondition']));
  expect(await textOf(stored(valueOf(await objects.find(at))))).toBe(winners[0]);
  expect(await blobCount()).toBe(1);
});

test('counting by compare-and-set loses no count', async () => {
  const { objects, bucket, put, textOf } = fixture();
  const at = { bucket: await bucket('data'), key: 'count' };
  await put('data', 'count', '0');
  const increment = async (): Promise<void> => {
    const found = stored(valueOf(await objects.find(at)));
    const now = await objects.open(found);
    if (!now.ok) return increment();
    const next = text(String(Number(await gathered(now.value)) + 1));
    const precondition = { ifMatch: found.object.etag };
    const done = await objects.put(at, next, { precondition });
    if (!done.ok) return increment();
  };
  await Promise.all(Array.from({ length: 6 }, increment));
  expect(await textOf(stored(valueOf(await objects.find(at))))).toBe('6');
});

test('an etag to match needs an object', async () => {
  const { objects, bucket } = fixture();
  const at = { bucket: await bucket('data'), key: 'a' };
  const answer = await objects.put(at, text(''), { precondition: { ifMatch: md5OfAbc } });
  expect(whyOf(answer)).toBe('noObject');
});

/** What a key is, kept naively: newest first; a delete marker has no content. */
interface Model {
  versions: { id: string; content?: string }[];
}

const step = fc.oneof(
  fc.record({ do: fc.constant('put' as const), content: fc.constantFrom('x', 'y', 'z') }),
  fc.record({ do: fc.constant('delete' as const) }),
  fc.record({ do: fc.constant('deleteVersion' as const), which: fc.nat(4) }),
  fc.record({ do: fc.constant('enable' as const) }),
  fc.record({ do: fc.constant('suspend' as const) }),
);

test('versions agree with a plain list of them, and blobs with the versions', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { objects, bucket, put, textOf, blobCount } = fixture();
      const at = { bucket: await bucket('data'), key: 'key' };
      const model: Model = { versions: [] };
      let versioning = 'off';
      const withoutNull = () => model.versions.filter(({ id }) => id !== 'null');
      for (const one of steps) {
        if (one.do === 'enable' || one.do === 'suspend') {
          versioning = one.do === 'enable' ? 'enabled' : 'suspended';
          await objects.buckets.setVersioning(
            'data',
            one.do === 'enable' ? 'enabled' : 'suspended',
          );
        } else if (one.do === 'put') {
          const { version } = await put('data', 'key', one.content);
          const rest = versioning === 'enabled' ? model.versions : withoutNull();
          model.versions = [{ id: version.id, content: one.content }, ...rest];
        } else if (one.do === 'delete') {
          const [removed] = valueOf(await objects.remove('data', [{ key: 'key' }]));
          const marker = removed?.ok ? removed.value.marker : undefined;
          const rest = versioning === 'enabled' ? model.versions : withoutNull();
          model.versions = marker === undefined ? rest : [{ id: marker }, ...rest];
        } else {
          const version = model.versions[one.which]?.id ?? 'no-such-version';
          await objects.remove('data', [{ key: 'key', version }]);
          model.versions = model.versions.filter(({ id }) => id !== version);
        }
      }
      const newest = await objects.find(at);
      expect(newest.ok ? newest.value.id : undefined).toBe(model.versions[0]?.id);
      for (const { id, content } of model.versions) {
        const row = valueOf(await objects.find(at, id));
        expect(row.object ? await textOf(stored(row)) : undefined).toBe(content);
      }
      const listed = await objects.listVersions({ bucket: 'data', prefix: '', limit: 99 });
      const ids = listed.entries.map((entry) => (entry.kind === 'row' ? entry.row.id : ''));
      expect(ids).toEqual(model.versions.map(({ id }) => id));
      const live = await objects.listObjects({ bucket: 'data', prefix: '', limit: 99 });
      expect(live.entries).toHaveLength(model.versions[0]?.content === undefined ? 0 : 1);
      const contents = model.versions.filter(({ content }) => content !== undefined);
      expect(await blobCount()).toBe(contents.length);
    }),
    { numRuns: 200 },
  );
});

test('a copy shares the bytes, and either may go first', async () => {
  const { objects, bucket, put, blobCount, textOf } = fixture();
  await bucket('data');
  const { version } = await put('data', 'a', 'abc');
  const description = { headers: {}, metadata: { copied: 'yes' }, tags: [] };
  const request = { description, precondition: {} };
  const copy = valueOf(await objects.copy(version, { bucket: 'data', key: 'b' }, request));
  expect(copy.etag).toBe(md5OfAbc);
  expect(await blobCount()).toBe(1);
  await objects.delete({ bucket: 'data', key: 'a' });
  expect(await textOf(copy.version)).toBe('abc');
  expect(whyOf(await objects.copy(version, { bucket: 'data', key: 'c' }, request))).toBeUndefined();
  await objects.remove('data', [{ key: 'b' }, { key: 'c' }]);
  expect(await blobCount()).toBe(0);
  expect(whyOf(await objects.copy(version, { bucket: 'data', key: 'd' }, request))).toBe('changed');
});

test('a copy of an object onto itself keeps its bytes', async () => {
  const { objects, bucket, put, blobCount, textOf } = fixture();
  await bucket('data');
  const { version } = await put('data', 'a', 'abc');
  const description = { headers: { contentType: 'text/csv' }, metadata: {}, tags: [] };
  const request = { description, precondition: {}, algorithm: 'CRC32' as const };
  const copy = valueOf(await objects.copy(version, { bucket: 'data', key: 'a' }, request));
  expect(await textOf(copy.version)).toBe('abc');
  expect(copy.version.object.checksum?.value).toBe('NSRBwg==');
  expect(await blobCount()).toBe(1);
});

test('a bucket tells its owner and, while it has one, its policy', async () => {
  const { objects } = fixture();
  const { buckets } = objects;
  expect(await objects.policyOf('none')).toBeUndefined();
  await buckets.create({ name: 'guarded', owner: account, region: 'eu-west-1' });
  expect(await objects.policyOf('guarded')).toEqual({ owner: account });
  await buckets.setPolicy('guarded', '{}');
  await buckets.setPublicAccess('guarded', 'none');
  expect(await objects.policyOf('guarded')).toEqual({ owner: account, policy: '{}' });
  expect(await buckets.setPolicy('guarded', undefined)).toMatchObject({ ok: true });
  expect(await objects.policyOf('guarded')).toEqual({ owner: account });
  expect(await buckets.setPolicy('none', '{}')).toMatchObject({ why: 'noBucket' });
});

test('buckets belong to one owner and are removed empty', async () => {
  const { objects, bucket, put } = fixture();
  for (const name of ['b-two', 'a-one', 'c-three']) await bucket(name);
  const other = { name: 'a-one', owner: '999999999999', region: 'eu-west-1' };
  const refused = await objects.buckets.create(other);
  expect(refused).toMatchObject({ why: 'bucketExists', detail: { owner: account } });
  valueOf(await objects.buckets.create({ ...other, name: 'd-four' }));
  const names = async (query: { prefix: string; after?: string; limit: number }) =>
    (await objects.buckets.list(account, query)).map(({ name }) => name);
  expect(await names({ prefix: '', limit: 9 })).toEqual(['a-one', 'b-two', 'c-three']);
  expect(await names({ prefix: '', after: 'a-one', limit: 1 })).toEqual(['b-two']);
  expect(await names({ prefix: 'c', limit: 1 })).toEqual(['c-three']);
  await put('a-one', 'key', '');
  expect(whyOf(await objects.buckets.remove('a-one'))).toBe('bucketNotEmpty');
  await objects.delete({ bucket: 'a-one', key: 'key' });
  expect(await objects.buckets.remove('a-one')).toMatchObject({ ok: true });
  expect(whyOf(await objects.buckets.remove('a-one'))).toBe('noBucket');
});

test('the space jobs see: heads, reads, files, lists', async () => {
  const { objects, bucket, put } = fixture();
  await bucket('data');
  for (const key of ['in/b', 'in/a', 'out/c']) await put('data', key, key);
  const at = { bucket: 'data', key: 'in/a' };
  expect(await objects.head(at)).toMatchObject({ key: 'in/a', sizeBytes: 4 });
  const stream = await objects.read(at);
  expect(stream && (await gathered(stream))).toBe('in/a');
  const file = await objects.asFile(at);
  expect(file && (await readFile(file.path, 'utf8'))).toBe('in/a');
  await file?.release();
  const keys: string[] = [];
  for await (const { key } of objectsUnder(objects, { bucket: 'data', key: 'in/' })) keys.push(key);
  expect(keys).toEqual(['in/a', 'in/b']);
  expect(await objects.read({ bucket: 'data', key: 'none' })).toBeUndefined();
  expect(await objects.asFile({ bucket: 'none', key: 'none' })).toBeUndefined();
});

test('orphans go when a second sweep finds them old; named blobs never', async () => {
  const { objects, bucket, put, blobs, clock, blobCount } = fixture();
  await bucket('data');
  await put('data', 'a', 'abc');
  await blobs.put(text('left by a process that died'));
  expect(await objects.sweepOrphans({ graceMs: dayMs })).toBe(0);
  clock.moveTo(clock.nowMs() + dayMs - 1);
  expect(await objects.sweepOrphans({ graceMs: dayMs })).toBe(0);
  clock.moveTo(clock.nowMs() + 1);
  expect(await objects.sweepOrphans({ graceMs: dayMs })).toBe(1);
  expect(await blobCount()).toBe(1);
});

test('a file lent for long is no orphan', async () => {
  const { objects, bucket, clock, blobCount } = fixture();
  await bucket('data');
  const said = { headers: {}, metadata: {}, tags: [], initiator: 'me' };
  const at = valueOf(await objects.uploads.begin({ bucket: 'data', key: 'a', ...said }));
  const [one, two] = [Buffer.alloc(5 * 1024 ** 2), Buffer.from('end')];
  const parts = [
    valueOf(await objects.uploads.putPart(at, once(one), { number: 1 })),
    valueOf(await objects.uploads.putPart(at, once(two), { number: 2 })),
  ];
  valueOf(await objects.uploads.complete(at, { parts, precondition: {} }));
  const file = await objects.asFile(at);
  for (let i = 0; i < 3; i += 1) {
    expect(await objects.sweepOrphans({ graceMs: dayMs })).toBe(0);
    clock.moveTo(clock.nowMs() + dayMs);
  }
  expect(file && (await readFile(file.path)).length).toBe(one.length + two.length);
  await file?.release();
  expect(await blobCount()).toBe(2);
});

test('tags are replaced on the version they are put on', async () => {
  const { objects, bucket, put } = fixture();
  const at = { bucket: await bucket('data'), key: 'a' };
  await objects.buckets.setVersioning('data', 'enabled');
  const first = await put('data', 'a', '1');
  const second = await put('data', 'a', '2');
  valueOf(await objects.setTags(at, [{ key: 'k', value: 'v' }], first.version.id));
  expect(valueOf(await objects.find(at, first.version.id)).object?.tags).toHaveLength(1);
  expect(valueOf(await objects.find(at, second.version.id)).object?.tags).toHaveLength(0);
  await objects.delete(at);
  expect(whyOf(await objects.setTags(at, []))).toBe('isMarker');
});
