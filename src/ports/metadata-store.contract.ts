/** What every metadata store must do. Each adapter's test runs it with a factory of its own. */
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { compareUtf8 } from '../kernel/bytes.ts';
import type { Collection, IndexRange, MetadataStore, Range } from './metadata-store.ts';

interface Thing {
  readonly color?: string | undefined;
  readonly size: number;
  readonly tags?: readonly string[];
}

const things: Collection<Thing> = {
  name: 'contract/thing',
  indexes: { color: (row) => row.color, size: (row) => String(row.size).padStart(4, '0') },
};
const others: Collection<Thing> = { name: 'contract/other' };
/** Strings whose order as UTF-16 differs from that of their bytes are among them. */
const names = ['', 'A', 'B', 'a', 'a/', 'a/b', 'a/c', 'a0', 'aé', 'z', 'é', '\uff5e', '😀', '😀a'];

/** `patienceMs`: how soon a write that waits for itself is given up, where only time tells it. */
export type MakeMetadataStore = (options?: {
  readonly patienceMs: number;
}) => Promise<MetadataStore>;

export function metadataStoreContract(make: MakeMetadataStore): void {
  const open: MakeMetadataStore = async (options) => {
    const store = await make(options);
    onTestFinished(() => store.close());
    return store;
  };
  describe('rows', () => rowsContract(open));
  describe('ranges', () => rangesContract(open));
  describe('random ranges', () => randomRangesContract(open));
  describe('transactions', () => transactionsContract(open));
  describe('writes among others', () => concurrencyContract(open));
}

function rowsContract(open: MakeMetadataStore): void {
  test('a row comes back as it was put, and only from its own collection', async () => {
    const store = await open();
    const row = { size: 1, color: 'grün 😀', tags: ['', '\u0000"\\'] };
    await store.write((tx) => tx.put(things, 'a', row));
    expect(await store.get(things, 'a')).toEqual(row);
    expect(await store.get(others, 'a')).toBeUndefined();
    expect(await store.get(things, 'A')).toBeUndefined();
  });

  test('insert refuses a key that is there and changes nothing', async () => {
    const store = await open();
    const answers = await store.write(async (tx) => [
      await tx.insert(things, 'a', { size: 1 }),
      await tx.insert(things, 'a', { size: 2 }),
    ]);
    expect(answers).toEqual([true, false]);
    expect(await store.get(things, 'a')).toEqual({ size: 1 });
    expect(await store.write((tx) => tx.insert(things, 'a', { size: 3 }))).toBe(false);
  });

  test('delete says whether there was something', async () => {
    const store = await open();
    await store.write((tx) => tx.put(things, 'a', { size: 1, color: 'red' }));
    const remove = () => store.write((tx) => tx.delete(things, 'a'));
    expect([await remove(), await remove()]).toEqual([true, false]);
    expect(await store.get(things, 'a')).toBeUndefined();
    expect(await store.listBy(things, { index: 'color', limit: 9 })).toEqual([]);
  });

  test('a caller cannot change what is kept through an object it holds', async () => {
    const store = await open();
    const row = { size: 1, tags: ['x'] };
    await store.write((tx) => tx.put(things, 'a', row));
    row.tags.push('y');
    const read = await store.get<{ tags: string[] }>({ name: things.name }, 'a');
    read?.tags.push('z');
    expect(await store.get(things, 'a')).toEqual({ size: 1, tags: ['x'] });
  });

  test('an index follows its rows', async () => {
    const store = await open();
    await store.write((tx) => tx.put(things, 'a', { size: 1, color: 'red' }));
    await store.write((tx) => tx.put(things, 'b', { size: 2 }));
    const red = () => store.listBy(things, { index: 'color', equals: 'red', limit: 9 });
    expect(await red()).toEqual([{ key: 'a', value: 'red', row: { size: 1, color: 'red' } }]);
    await store.write((tx) => tx.put(things, 'a', { size: 1, color: 'blue' }));
    expect(await red()).toEqual([]);
    expect(await store.listBy(things, { index: 'color', limit: 9 })).toHaveLength(1);
  });

  test('an index that was not declared is a bug of the caller', async () => {
    const store = await open();
    await expect(store.listBy(things, { index: 'weight', limit: 1 })).rejects.toThrow('weight');
  });
}

function rangesContract(open: MakeMetadataStore): void {
  test('keys are in the order of their UTF-8 bytes', async () => {
    const store = await open();
    await store.write(async (tx) => {
      for (const name of [...names].reverse()) await tx.put(things, name, { size: 1 });
    });
    const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const keys = (await store.list(things, { limit: 99 })).map(({ key }) => key);
    expect(keys).toEqual(byBytes);
    const back = (await store.list(things, { limit: 99, descending: true })).map(({ key }) => key);
    expect(back).toEqual(byBytes.reverse());
  });

  test('pages joined by `after` are the whole', async () => {
    const store = await open();
    await store.write(async (tx) => {
      for (let i = 0; i < 25; i += 1) await tx.put(things, `k${i}`, { size: i % 3 });
    });
    const seen: string[] = [];
    let after: { value: string; key: string } | undefined;
    do {
      const range = { index: 'size', limit: 4, ...(after ? { after } : {}) };
      const page = await store.listBy(things, range);
      seen.push(...page.map(({ key }) => key));
      after = page.at(-1);
    } while (after);
    const whole = await store.listBy(things, { index: 'size', limit: 99 });
    expect(seen).toEqual(whole.map(({ key }) => key));
    expect(seen).toHaveLength(25);
  });
}

function randomRangesContract(open: MakeMetadataStore): void {
  const name = fc.constantFrom(...names);
  const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
  const bounds = { from: maybe(name), to: maybe(name), prefix: maybe(name) };
  const common = { limit: fc.integer({ min: 0, max: 6 }), descending: fc.boolean() };
  const rows = fc.uniqueArray(fc.tuple(name, maybe(name)), { selector: ([key]) => key });

  test('slices of keys are those of a plain filter, inside a write and after it', async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.record({ ...bounds, ...common, after: maybe(name) }),
        async (put, drawn) => {
          const range = dropUndefined(drawn) as unknown as Range;
          const wanted = sliceOf(
            put.map(([key]) => ({ key, value: key })),
            { ...range, after: range.after === undefined ? undefined : point(range.after) },
          ).map(({ key }) => key);
          const store = await open();
          const keys = async (reader: Pick<MetadataStore, 'list'>) =>
            (await reader.list(things, range)).map(({ key }) => key);
          const inside = await store.write(async (tx) => {
            for (const [key] of put) await tx.put(things, key, { size: 1 });
            return keys(tx);
          });
          expect(inside).toEqual(wanted);
          expect(await keys(store)).toEqual(wanted);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('slices of an index are those of a plain filter, half old half new', async () => {
    const after = maybe(fc.record({ value: name, key: name }));
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.record({ ...bounds, ...common, after, equals: maybe(name) }),
        async (put, drawn) => {
          const range = { ...dropUndefined(drawn), index: 'color' } as unknown as IndexRange;
          const wanted = sliceOf(
            put.flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }])),
            range,
          );
          const store = await open();
          const half = put.length >> 1;
          await store.write(async (tx) => {
            for (const [key] of put) await tx.put(things, key, { size: 1, color: 'other' });
            for (const [key, color] of put.slice(half)) await tx.put(things, key, tinted(color));
          });
          await store.write(async (tx) => {
            for (const [key, color] of put.slice(0, half)) await tx.put(things, key, tinted(color));
            expect((await tx.listBy(things, range)).map(position)).toEqual(wanted);
          });
          expect((await store.listBy(things, range)).map(position)).toEqual(wanted);
        },
      ),
      { numRuns: 60 },
    );
  });
}

function transactionsContract(open: MakeMetadataStore): void {
  test('a throw rolls everything back and comes out', async () => {
    const store = await open();
    await store.write((tx) => tx.put(things, 'a', { size: 1, color: 'red' }));
    const failure = new Error('no');
    const failing = store.write(async (tx) => {
      await tx.put(things, 'a', { size: 2, color: 'blue' });
      await tx.put(others, 'b', { size: 2 });
      await tx.delete(things, 'a');
      throw failure;
    });
    await expect(failing).rejects.toBe(failure);
    expect(await store.get(things, 'a')).toEqual({ size: 1, color: 'red' });
    expect(await store.get(others, 'b')).toBeUndefined();
    expect(await store.listBy(things, { index: 'color', limit: 9 })).toHaveLength(1);
    await store.write((tx) => tx.put(others, 'c', { size: 3 }));
    expect(await store.get(others, 'c')).toEqual({ size: 3 });
  });

  test('a write sees its own changes; readers outside see them when it has ended', async () => {
    const store = await open();
    await store.write(async (tx) => {
      await tx.put(things, 'a', { size: 1 });
      expect(await tx.get(things, 'a')).toEqual({ size: 1 });
      expect(await store.get(things, 'a')).toBeUndefined();
      expect(await store.list(things, { limit: 9 })).toEqual([]);
      await tx.delete(things, 'a');
      expect(await tx.get(things, 'a')).toBeUndefined();
      expect(await tx.list(things, { limit: 9 })).toEqual([]);
      expect(await tx.insert(things, 'a', { size: 2 })).toBe(true);
    });
    expect(await store.get(things, 'a')).toEqual({ size: 2 });
  });
}

function concurrencyContract(open: MakeMetadataStore): void {
  test('writes happen one after another', async () => {
    const store = await open();
    const addOne = () =>
      store.write(async (tx) => {
        const size = (await tx.get(things, 'n'))?.size ?? 0;
        await new Promise((done) => setImmediate(done));
        await tx.put(things, 'n', { size: size + 1 });
      });
    await Promise.all(Array.from({ length: 20 }, addOne));
    expect(await store.get(things, 'n')).toEqual({ size: 20 });
  });

  test('of writes that come together, one that throws takes only its own changes', async () => {
    const store = await open();
    const writes = Array.from({ length: 9 }, (_, n) =>
      store.write(async (tx) => {
        await tx.put(things, `k${n}`, { size: n, color: 'red' });
        const seen = (await tx.list(things, { limit: 99 })).length;
        if (n % 3 === 1) throw new Error(`no ${n}`);
        return seen;
      }),
    );
    const ends = (await Promise.allSettled(writes)).map((end) =>
      end.status === 'fulfilled' ? end.value : end.reason.message,
    );
    expect(ends).toEqual([1, 'no 1', 2, 3, 'no 4', 4, 5, 'no 7', 6]);
    const keys = (await store.list(things, { limit: 99 })).map(({ key }) => key);
    expect(keys).toEqual(['k0', 'k2', 'k3', 'k5', 'k6', 'k8']);
    expect(await store.listBy(things, { index: 'color', limit: 99 })).toHaveLength(6);
  });

  test('a write that was given up before it began does nothing', async () => {
    const store = await open();
    const signal = AbortSignal.abort(new Error('given up'));
    const write = store.write((tx) => tx.put(things, 'a', { size: 1 }), { signal });
    await expect(write).rejects.toThrow('given up');
    expect(await store.get(things, 'a')).toBeUndefined();
  });

  test('a write inside a write is an error, not a wait without end', async () => {
    const store = await open({ patienceMs: 200 });
    const nested = store.write(async () => {
      await store.write((tx) => tx.put(things, 'a', { size: 1 }));
    });
    await expect(nested).rejects.toThrow('inside a write');
    expect(await store.write((tx) => tx.insert(things, 'b', { size: 1 }))).toBe(true);
  });

  test('closing waits for the writes that were begun', async () => {
    const store = await open();
    const write = store.write(async (tx) => {
      await new Promise((done) => setImmediate(done));
      return tx.insert(things, 'a', { size: 1 });
    });
    await store.close();
    expect(await write).toBe(true);
  });
}

interface Place {
  readonly value: string;
  readonly key: string;
}
type PlainSlice = Pick<IndexRange, 'limit'> &
  Partial<Omit<IndexRange, 'after' | 'index'>> & { readonly after?: Place | undefined };

function sliceOf(places: readonly Place[], slice: PlainSlice): Place[] {
  const { equals, prefix = '', from = '', to, after, limit, descending } = slice;
  const order = (a: Place, b: Place) =>
    (compareUtf8(a.value, b.value) || compareUtf8(a.key, b.key)) * (descending ? -1 : 1);
  return places
    .filter(({ value }) => equals === undefined || value === equals)
    .filter(({ value }) => value.startsWith(prefix) && compareUtf8(value, from) >= 0)
    .filter(({ value }) => to === undefined || compareUtf8(value, to) < 0)
    .filter((place) => after === undefined || order(place, after) > 0)
    .sort(order)
    .slice(0, limit);
}

const point = (key: string): Place => ({ value: key, key });
const position = ({ key, value }: Place): Place => ({ key, value });
const tinted = (color: string | undefined): Thing =>
  color === undefined ? { size: 1 } : { size: 1, color };

function dropUndefined(from: object): object {
  return Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined));
}
