/** Listing against a naive reference: everything in memory, sorted, rolled up, cut. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareUtf8 } from '../../kernel/bytes.ts';
import type { ListQuery } from './listing.ts';
import { fixture } from './objects.fixture.ts';

// Few characters, so that prefixes, delimiters and near misses come often; the first three are
// the ones keys are escaped for, the last two order differently as UTF-16 than as UTF-8.
const character = fc.constantFrom('a', 'b', '/', '/', '\u0000', '\u0001', '\u0002', '\uffee', '😀');
const word = fc.array(character, { maxLength: 5 }).map((parts) => parts.join(''));
const keys = fc.uniqueArray(
  word.filter((key) => key !== ''),
  { maxLength: 40 },
);
const query = fc.record({
  prefix: fc.oneof(fc.constant(''), word),
  delimiter: fc.constantFrom(undefined, '/', 'a', '\u0001', '//', '😀'),
  after: fc.option(word, { nil: undefined }),
  limit: fc.integer({ min: 1, max: 7 }),
});

type Query = Pick<ListQuery, 'prefix' | 'limit'> & {
  readonly delimiter: string | undefined;
  readonly after: string | undefined;
};

/** Names of all entries after `after`, common prefixes marked. */
function reference(all: readonly string[], { prefix, delimiter, after }: Query): string[] {
  const names = new Map<string, string>();
  for (const key of all.filter((name) => name.startsWith(prefix))) {
    const at = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
    const common = at < 0 ? undefined : key.slice(0, at + (delimiter ?? '').length);
    names.set(common ?? key, common === undefined ? `key ${key}` : `prefix ${common}`);
  }
  return [...names]
    .filter(([name]) => after === undefined || compareUtf8(name, after) > 0)
    .sort(([a], [b]) => compareUtf8(a, b))
    .map(([, label]) => label);
}

function bare({ delimiter, after, ...rest }: Query): Omit<ListQuery, 'bucket'> {
  return {
    ...rest,
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(after === undefined ? {} : { after }),
  };
}

test('pages of objects join to what the reference lists', async () => {
  await fc.assert(
    fc.asyncProperty(keys, query, async (all, asked) => {
      const { objects, bucket, put } = fixture();
      await bucket('data');
      // A neighbour whose name extends the bucket's must never show.
      await bucket('data-2');
      await put('data-2', 'a', '');
      for (const key of all) await put('data', key, '');
      const seen: string[] = [];
      let { after } = asked;
      for (;;) {
        const page = await objects.listObjects({ bucket: 'data', ...bare({ ...asked, after }) });
        expect(page.entries.length).toBeLessThanOrEqual(asked.limit);
        for (const entry of page.entries) {
          after = entry.kind === 'row' ? entry.row.key : entry.prefix;
          seen.push(`${entry.kind === 'row' ? 'key' : 'prefix'} ${after}`);
        }
        if (!page.truncated) break;
        expect(page.entries.length).toBe(asked.limit);
      }
      expect(seen).toEqual(reference(all, asked));
    }),
    { numRuns: 300 },
  );
});

test('pages of versions join to every version, newest first', async () => {
  const writes = fc.array(fc.tuple(word, fc.constantFrom('put', 'delete')), { maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(writes, fc.integer({ min: 1, max: 4 }), async (all, limit) => {
      const { objects, bucket, put } = fixture();
      await bucket('data');
      await objects.buckets.setVersioning('data', 'enabled');
      const expected = new Map<string, string[]>();
      for (const [key, what] of all) {
        if (what === 'put') await put('data', `k${key}`, '');
        else await objects.remove('data', [{ key: `k${key}` }]);
        expected.set(`k${key}`, [what, ...(expected.get(`k${key}`) ?? [])]);
      }
      const seen: string[] = [];
      let marker: { after?: string; afterVersion?: string } = {};
      for (;;) {
        const page = await objects.listVersions({ bucket: 'data', prefix: '', limit, ...marker });
        for (const entry of page.entries) {
          if (entry.kind === 'prefix') throw new Error('no delimiter was given');
          const { key, id, object } = entry.row;
          seen.push(`${object ? 'put' : 'delete'} ${key}`);
          marker = { after: key, afterVersion: id };
        }
        if (!page.truncated) break;
      }
      const sorted = [...expected].sort(([a], [b]) => compareUtf8(a, b));
      expect(seen).toEqual(sorted.flatMap(([key, what]) => what.map((one) => `${one} ${key}`)));
    }),
    { numRuns: 100 },
  );
});

test('a common prefix is passed by one seek, however much is under it', async () => {
  const { store, objects, bucket, put } = fixture();
  await bucket('data');
  for (let i = 0; i < 500; i += 1) await put('data', `many/${String(i).padStart(4, '0')}`, '');
  await put('data', 'zero', '');
  let rows = 0;
  const list = store.list.bind(store);
  Object.assign(store, {
    list: async (...args: Parameters<typeof list>) => {
      const page = await list(...args);
      rows += page.length;
      return page;
    },
  });
  const page = await objects.listObjects({ bucket: 'data', prefix: '', delimiter: '/', limit: 9 });
  expect(page.entries.map((entry) => entry.kind)).toEqual(['prefix', 'row']);
  expect(rows).toBeGreaterThan(1);
  expect(rows).toBeLessThan(50);
});

test('versions deleted between pages leave none out', async () => {
  const { objects, bucket, put } = fixture();
  await bucket('data');
  await objects.buckets.setVersioning('data', 'enabled');
  for (let i = 0; i < 7; i += 1) await put('data', 'key', String(i));
  let marker: { after?: string; afterVersion?: string } = {};
  let removed = 0;
  for (let more = true; more; ) {
    const page = await objects.listVersions({ bucket: 'data', prefix: '', limit: 2, ...marker });
    for (const entry of page.entries) {
      if (entry.kind === 'prefix') continue;
      marker = { after: 'key', afterVersion: entry.row.id };
      await objects.remove('data', [{ key: 'key', version: entry.row.id }]);
      removed += 1;
    }
    more = page.truncated;
  }
  expect(removed).toBe(7);
  expect((await objects.buckets.remove('data')).ok).toBe(true);
});
