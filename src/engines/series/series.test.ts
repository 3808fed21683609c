/** Recording, asking, listing and ageing, over stores in memory and in a file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { sqliteMetadataStore } from '../../adapters/sqlite/metadata-store.ts';
import { dayMs, hourMs, minuteMs, VirtualClock } from '../../kernel/clock.ts';
import { blocks } from './levels.ts';
import { type Datum, single } from './recorder.ts';
import { makeSeries, type SeriesQuery } from './series.ts';
import { measure, parseStatistic } from './statistics.ts';

const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const startMs = Date.UTC(2026, 0, 5, 10);
const id = { namespace: 'shop', metric: 'latency', dimensions: [{ name: 'v', value: 'blue' }] };
const signal = new AbortController().signal;

function datum(atMs: number, value: number, more: Partial<Datum> = {}): Datum {
  return { ...id, timestampMs: atMs, sample: single(value), unit: 'None', ...more };
}

function setup(store = memoryMetadataStore()) {
  const clock = new VirtualClock(startMs);
  const series = makeSeries({ store, clock });
  const ask = async (name: string, query: Partial<SeriesQuery> = {}) => {
    const statistic = parseStatistic(name);
    if (!statistic.ok) throw new Error(statistic.reason);
    const range = { startMs, endMs: startMs + hourMs, periodSeconds: 60 };
    const [stream] = await series.query({ ...id, scope, ...range, ...query });
    return (stream?.points ?? []).map(({ startMs: at, bucket }) => [
      (at - startMs) / 1000,
      measure(statistic.value, bucket),
    ]);
  };
  return { clock, series, store, ask };
}

describe('asking', () => {
  test('start is inclusive, end exclusive, points are stamped with their start', async () => {
    const { series, ask } = setup();
    const at = [-1, 0, 59_999, 60_000, 3_599_999, 3_600_000];
    await series.record(
      scope,
      at.map((offset, i) => datum(startMs + offset, i)),
    );
    expect(await ask('Sum')).toEqual([
      [0, 3],
      [60, 3],
      [3540, 4],
    ]);
    expect(await ask('SampleCount', { periodSeconds: 3600 })).toEqual([[0, 4]]);
  });

  test('a period slides with its start', async () => {
    const { series, ask } = setup();
    await series.record(
      scope,
      [0, 1, 2, 3, 4, 5].map((m) => datum(startMs + m * minuteMs, 10 ** m)),
    );
    const points = await ask('Sum', { startMs: startMs + 2 * minuteMs, periodSeconds: 180 });
    expect(points).toEqual([
      [120, 11_100],
      [300, 100_000],
    ]);
  });

  test('units are streams of their own, dimensions a set, and never rolled up', async () => {
    const { series } = setup();
    const two = [
      { name: 'a', value: '1' },
      { name: 'b', value: '2' },
    ];
    await series.record(scope, [
      datum(startMs, 1, { unit: 'Seconds', dimensions: two }),
      datum(startMs, 2, { unit: 'Count', dimensions: two.toReversed() }),
    ]);
    const range = { scope, startMs, endMs: startMs + minuteMs, periodSeconds: 60 };
    const both = await series.query({ ...id, ...range, dimensions: two.toReversed() });
    expect(both.map(({ unit, points }) => [unit, points[0]?.bucket.sum])).toEqual([
      ['Count', 2],
      ['Seconds', 1],
    ]);
    expect(await series.query({ ...id, ...range, dimensions: two, unit: 'Bytes' })).toEqual([]);
    expect(await series.query({ ...id, ...range, dimensions: two.slice(1) })).toEqual([]);
    expect(await series.query({ ...id, ...range, dimensions: [] })).toEqual([]);
  });

  test('accounts and regions do not see each other', async () => {
    const { series } = setup();
    await series.record(scope, [datum(startMs, 1)]);
    const range = { startMs, endMs: startMs + minuteMs, periodSeconds: 60 };
    const other = { ...scope, region: 'us-east-1' };
    expect(await series.query({ ...id, ...range, scope: other })).toEqual([]);
    const listed = { scope: other, dimensions: [], recent: false, limit: 10 };
    expect((await series.list(listed)).metrics).toEqual([]);
  });

  test('high resolution answers by the second for three hours, by the minute after', async () => {
    const { clock, series, ask } = setup();
    await series.record(
      scope,
      [0, 1, 11, 61].map((s) => datum(startMs + s * 1000, 1, { resolutionSeconds: 1 })),
    );
    await series.record(scope, [datum(startMs + 90_000, 5)]);
    const byTen = [
      [0, 2],
      [10, 1],
      [60, 6],
    ];
    expect(await ask('Sum', { periodSeconds: 10 })).toEqual(byTen);
    clock.moveTo(startMs + 3 * hourMs + 6 * minuteMs);
    await series.maintain({ signal });
    expect(await ask('Sum', { periodSeconds: 10 })).toEqual([]);
    expect(await ask('Sum')).toEqual([
      [0, 3],
      [60, 6],
    ]);
  });

  test('five minutes are the merge of their five minutes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(299), fc.nat(1000)), { minLength: 1, maxLength: 200 }),
        fc.constantFrom('p90', 'IQM', 'Maximum', 'Sum', 'SampleCount'),
        async (points, name) => {
          const { series, ask } = setup();
          const data = points.map(([s, value]) => datum(startMs + s * 1000, value));
          await series.record(scope, data);
          const all = points.map(([, value]) => value);
          const { series: alone, ask: askAlone } = setup();
          await alone.record(
            scope,
            all.map((value) => datum(startMs, value)),
          );
          fc.pre(new Set(all).size <= 150);
          const whole = await askAlone(name, { periodSeconds: 300 });
          expect(await ask(name, { periodSeconds: 300 })).toEqual(whole);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('keeping', () => {
  test('what was recorded is there after the process is gone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'series-'));
    try {
      const path = join(folder, 'meta.sqlite');
      const store = await sqliteMetadataStore(path);
      const { series } = setup(store);
      const calls = Array.from({ length: 50 }, (_, i) =>
        series.record(scope, [datum(startMs + (i % 3) * minuteMs, i)]),
      );
      await Promise.all(calls);
      // A second opening sees what the first, not closed, has acknowledged.
      const reopened = await sqliteMetadataStore(path);
      const again = setup(reopened);
      await again.series.record(scope, [datum(startMs, 1000)]);
      const points = await again.ask('Sum', { periodSeconds: 180 });
      expect(points).toEqual([[0, (49 * 50) / 2 + 1000]]);
      await reopened.close();
      await store.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('a failed write fails its calls and leaves nothing behind', async () => {
    const store = memoryMetadataStore();
    let broken = false;
    const write: typeof store.write = (work, options) =>
      broken ? Promise.reject(new Error('disk full')) : store.write(work, options);
    const { series, ask } = setup({ ...wrap(store), write });
    await series.record(scope, [datum(startMs, 1)]);
    broken = true;
    await expect(series.record(scope, [datum(startMs, 10)])).rejects.toThrow('disk full');
    broken = false;
    await series.record(scope, [datum(startMs, 100)]);
    expect(await ask('Sum')).toEqual([[0, 101]]);
  });

  test('ageing keeps every sample and the resolutions of the retention table', async () => {
    const { clock, series, store, ask } = setup();
    await series.record(
      scope,
      Array.from({ length: 120 }, (_, m) => datum(startMs + m * minuteMs, m)),
    );
    const total = [[0, (119 * 120) / 2]];
    const twoHours = { endMs: startMs + 2 * hourMs, periodSeconds: 7200 };
    const ages = [4 * hourMs, 14 * dayMs, 16 * dayMs, 62 * dayMs, 70 * dayMs, 400 * dayMs];
    for (const ageMs of ages) {
      clock.moveTo(startMs + ageMs);
      expect(await ask('Sum', twoHours)).toEqual(total);
      await series.maintain({ signal });
      expect(await ask('Sum', twoHours)).toEqual(total);
      const kept = async (periodSeconds: number) => (await ask('Sum', { periodSeconds })).length;
      expect(await kept(60)).toBe(ageMs > 15 * dayMs ? 0 : 60);
      expect(await kept(300)).toBe(ageMs > 63 * dayMs ? 0 : 12);
      expect(await kept(3600)).toBe(1);
    }
    clock.moveTo(startMs + 470 * dayMs);
    await series.maintain({ signal });
    expect(await ask('Sum', twoHours)).toEqual([]);
    expect(await store.list(blocks, { limit: 10 })).toEqual([]);
  });

  test('late data joins what has aged', async () => {
    const { clock, series, ask } = setup();
    await series.record(scope, [datum(startMs, 1)]);
    clock.moveTo(startMs + 13 * dayMs);
    await series.maintain({ signal });
    await series.record(scope, [datum(startMs, 2)]);
    expect(await ask('Sum')).toEqual([[0, 3]]);
    await series.maintain({ signal });
    expect(await ask('p100')).toEqual([[0, 2]]);
    expect(await ask('Sum')).toEqual([[0, 3]]);
  });
});

/** The methods of a store as an object that can be spread. */
function wrap(store: ReturnType<typeof memoryMetadataStore>) {
  return {
    get: store.get.bind(store),
    list: store.list.bind(store),
    listBy: store.listBy.bind(store),
    close: store.close.bind(store),
  };
}

describe('listing', () => {
  const names = async (
    series: ReturnType<typeof setup>['series'],
    filter: Partial<Parameters<typeof series.list>[0]> = {},
  ) => {
    const page = await series.list({ scope, dimensions: [], recent: false, limit: 100, ...filter });
    return page.metrics.map(({ namespace, metric }) => `${namespace}:${metric}`);
  };

  test('by namespace, name and dimensions, where a filter matches metrics with more', async () => {
    const { series } = setup();
    const a = { name: 'a', value: '1' };
    await series.record(scope, [
      datum(startMs, 1, {
        namespace: 'x/y',
        metric: 'm',
        dimensions: [a, { name: 'b', value: '' }],
      }),
      datum(startMs, 1, { namespace: 'x', metric: 'y%2fm', dimensions: [a] }),
      datum(startMs, 1, { namespace: 'x', metric: 'n', dimensions: [{ name: 'a', value: '2' }] }),
    ]);
    expect(await names(series, { namespace: 'x' })).toEqual(['x:n', 'x:y%2fm']);
    expect(await names(series, { namespace: 'x', metric: 'y%2fm' })).toEqual(['x:y%2fm']);
    expect(await names(series, { metric: 'm' })).toEqual(['x/y:m']);
    expect(await names(series, { dimensions: [{ name: 'a' }] })).toHaveLength(3);
    expect(await names(series, { dimensions: [a] })).toEqual(['x/y:m', 'x:y%2fm'].toSorted());
    expect(await names(series, { dimensions: [a, { name: 'b' }] })).toEqual(['x/y:m']);
    expect(await names(series, { dimensions: [{ name: 'c' }] })).toEqual([]);
  });

  test('pages end where they end', async () => {
    const { series } = setup();
    const data = Array.from({ length: 7 }, (_, i) => datum(startMs, 1, { metric: `m${i}` }));
    await series.record(scope, data);
    const seen: string[] = [];
    let after: string | undefined;
    for (let page = 0; page < 4; page += 1) {
      const range = after === undefined ? {} : { after };
      const part = await series.list({ scope, dimensions: [], recent: false, limit: 3, ...range });
      seen.push(...part.metrics.map(({ metric }) => metric));
      after = part.next;
      if (after === undefined) break;
    }
    expect(after).toBeUndefined();
    expect(seen).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6']);
  });

  test('two weeks without data end it; recently active is three hours', async () => {
    const { clock, series } = setup();
    await series.record(scope, [datum(startMs, 1)]);
    clock.moveTo(startMs + 4 * hourMs);
    expect(await names(series)).toHaveLength(1);
    expect(await names(series, { recent: true })).toEqual([]);
    clock.moveTo(startMs + 15 * dayMs);
    expect(await names(series)).toEqual([]);
  });
});
