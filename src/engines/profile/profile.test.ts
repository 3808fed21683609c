/** Laws of profiles: zero, associativity, merge equals whole, round trip; sketches, counts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { batchOf, type TextRow } from './batcher.ts';
import { categoriesOf, distinctIn, presentIn, typeOf } from './column.ts';
import { columnType, kindOf, numberOf } from './inference.ts';
import {
  addToSketch,
  bucketsOf,
  cumulativeOf,
  emptySketch,
  levelsOf,
  mergeSketches,
  quantileOf,
  rankBelow,
  rankOf,
} from './kll.ts';
import { deviationOf, meanOf } from './moments.ts';
import {
  absorbProfile,
  buffersOf,
  emptyProfile,
  mergeProfiles,
  observe,
  type Profile,
  profileFromText,
  profileToText,
  renameColumns,
} from './profile.ts';

const cell = fc.oneof(
  fc.constant(undefined),
  fc.integer({ min: -50, max: 50 }).map(String),
  fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map(String),
  fc.constantFrom('true', 'a', 'b', '', 'é'),
);
const names = ['n', 'm'];
const rows = fc.array(
  fc.tuple(cell, cell).map((cells): TextRow => ({ names, cells })),
  { maxLength: 60 },
);
const late = rows.map((all) => all.map(({ cells }) => ({ names: ['m', 'late'], cells })));

const profileOf = (of: readonly TextRow[]): Profile => observe(emptyProfile(), batchOf(of));

/** What statistics are made of, without the last digits that depend on the order of sums. */
function summary(profile: Profile) {
  const round = (x: number) => (Number.isFinite(x) ? Number(x.toPrecision(9)) : String(x));
  const columns = [...profile.columns.values()].map((column) => ({
    name: column.name,
    kinds: column.kinds,
    type: typeOf(column),
    missing: profile.rows - presentIn(column),
    min: column.moments.min,
    max: column.moments.max,
    mean: round(meanOf(column.moments) + 1e7),
    deviation: round(deviationOf(column.moments) + 1e7),
    distinct: distinctIn(column),
    categories: categoriesOf(column),
    cumulative: cumulativeOf(column.sketch),
  }));
  return { rows: profile.rows, columns };
}

describe('laws', () => {
  test('the empty profile changes nothing', () => {
    fc.assert(
      fc.property(rows, (a) => {
        const profile = profileOf(a);
        const text = profileToText(profile);
        expect(profileToText(mergeProfiles(profile, emptyProfile()))).toBe(text);
        expect(profileToText(mergeProfiles(emptyProfile(), profile))).toBe(text);
      }),
    );
  });

  test('merging is associative', () => {
    fc.assert(
      fc.property(rows, late, rows, (a, b, c) => {
        const [x, y, z] = [profileOf(a), profileOf(b), profileOf(c)];
        const left = mergeProfiles(mergeProfiles(x, y), z);
        expect(summary(mergeProfiles(x, mergeProfiles(y, z)))).toEqual(summary(left));
      }),
    );
  });

  test('the merge of parts is the profile of the whole', () => {
    fc.assert(
      fc.property(rows, late, (a, b) => {
        const whole = observe(profileOf(a), batchOf(b));
        const merged = mergeProfiles(profileOf(a), profileOf(b));
        expect(summary(merged)).toEqual(summary(whole));
        const into = profileOf(a);
        absorbProfile(into, profileOf(b));
        expect(profileToText(into)).toBe(profileToText(merged));
      }),
    );
  });

  test('a stored profile is the profile', () => {
    fc.assert(
      fc.property(rows, (a) => {
        const profile = profileOf(a);
        const stored = profileFromText(profileToText(profile));
        expect(stored.ok && profileToText(stored.value)).toBe(profileToText(profile));
        expect(stored.ok && summary(stored.value)).toEqual(summary(profile));
      }),
    );
  });

  test('merging leaves its parts as they were', () => {
    const [a, b] = [
      profileOf([{ names, cells: ['1', 'x'] }]),
      profileOf([{ names, cells: ['2'] }]),
    ];
    const before = profileToText(a);
    observe(mergeProfiles(a, b), batchOf([{ names, cells: ['3', 'y'] }]));
    expect(profileToText(a)).toBe(before);
  });

  test('a large profile survives being stored, estimates included', () => {
    const many = Array.from({ length: 12_000 }, (_, i) => ({
      names,
      cells: [`${i}.5`, `id-${i}`],
    }));
    const profile = profileOf(many);
    const stored = profileFromText(profileToText(profile));
    expect(stored.ok && summary(stored.value)).toEqual(summary(profile));
    const again = stored.ok ? mergeProfiles(stored.value, profile) : emptyProfile();
    const twice = mergeProfiles(profile, profile);
    expect(summary(again)).toEqual(summary(twice));
    if (stored.ok) absorbProfile(stored.value, profile);
    expect(stored.ok && profileToText(stored.value)).toBe(profileToText(twice));
  });

  test('its memory is handed over, all of it and once', () => {
    const cells = (i: number) => [`${i}.5`, `id-${i}`];
    const profile = profileOf(
      Array.from({ length: 12_000 }, (_, i) => ({ names, cells: cells(i) })),
    );
    const text = profileToText(profile);
    const buffers = buffersOf(profile);
    const handed = structuredClone(profile, { transfer: [...buffers] });
    expect(profileToText(handed)).toBe(text);
    expect(buffers.length).toBeGreaterThan(4);
    expect(buffers.every(({ byteLength }) => byteLength === 0)).toBe(true);
  });
});

test.each(['', '{', '{}', 'null', '{"version":99,"rows":1,"columns":[]}'])(
  'what is no stored profile is refused: %s',
  (text) => {
    expect(profileFromText(text)).toMatchObject({ ok: false });
  },
);

test('columns are renamed by place', () => {
  const renamed = renameColumns(profileOf([{ names: ['_c0', '_c1', '_c2'], cells: ['1'] }]), [
    'a',
    'b',
  ]);
  expect([...renamed.columns.keys()]).toEqual(['a', 'b', '_c2']);
  expect([...renamed.columns.values()].map((column) => column.name)).toEqual(['a', 'b', '_c2']);
});

describe('inference', () => {
  test.each([
    [undefined, 0],
    ['', 0],
    ['0', 1],
    ['-12', 1],
    ['+ 3', 1],
    [' 5', 1],
    ['3.0', 2],
    ['1e5', 2],
    ['-2.5E-7', 2],
    ['true', 3],
    ['True', 4],
    ['.5', 4],
    ['5.', 4],
    ['5 ', 4],
    ['NaN', 4],
    ['inf', 4],
    ['1e400', 4],
    ['1,000', 4],
    ['0x1f', 4],
    [' ', 4],
  ])('%j is of kind %i', (text, kind) => {
    expect(kindOf(text)).toBe(kind);
  });

  test('a sign may be followed by a space', () => {
    expect([numberOf('- 5'), numberOf('+ 2.5e1'), numberOf(' 7')]).toEqual([-5, 25, 7]);
  });

  test.each([
    [{ integral: 0, fractional: 0, boolean: 0, text: 0 }, 'Unknown'],
    [{ integral: 9, fractional: 0, boolean: 0, text: 0 }, 'Integral'],
    [{ integral: 9, fractional: 1, boolean: 0, text: 0 }, 'Fractional'],
    [{ integral: 9, fractional: 9, boolean: 0, text: 1 }, 'String'],
    [{ integral: 0, fractional: 0, boolean: 3, text: 0 }, 'String'],
    [{ integral: 1, fractional: 0, boolean: 3, text: 0 }, 'String'],
  ])('a column of %o is %s', (counts, type) => {
    expect(columnType(counts)).toBe(type);
  });
});

describe('sketch', () => {
  const sketchOfAll = (xs: Iterable<number>) => {
    const sketch = emptySketch();
    for (const x of xs) addToSketch(sketch, x);
    return sketch;
  };

  test('up to its capacity it is the stream itself', () => {
    const xs = Array.from({ length: 2_050 }, (_, i) => (i * 7_919) % 2_051);
    expect(levelsOf(sketchOfAll(xs))).toEqual([xs]);
    const merged = mergeSketches(sketchOfAll(xs.slice(0, 700)), sketchOfAll(xs.slice(700)));
    expect(levelsOf(merged)).toEqual([xs]);
  });

  test('one more compacts: every second of the sorted even prefix goes up, the last stays', () => {
    const xs = Array.from({ length: 2_051 }, (_, i) => 2_051 - i);
    const [first, second] = levelsOf(sketchOfAll(xs));
    expect(first).toEqual([1]);
    // Sorted, the prefix is 2, 3, …, 2051; offset 0 takes 2, 4, ….
    expect(second).toEqual(Array.from({ length: 1_025 }, (_, i) => 2 + 2 * i));
  });

  test('the second and third compaction of a level take the other half', () => {
    const sketch = emptySketch();
    const firstUp: number[] = [];
    let above = 0;
    for (let i = 0; i < 12_000; i += 1) {
      addToSketch(sketch, i);
      const level = sketch.levels[1];
      if (level && level.length > above) firstUp.push((level.items[above] ?? 0) % 2);
      above = level?.length ?? 0;
    }
    // Even values first, then odd twice, then even twice, as each prefix starts on an even value.
    expect(firstUp.slice(0, 3)).toEqual([0, 1, 1]);
  });

  test('a level of sorted runs is compacted like any other', () => {
    const pieces = [9, 4, 7].flatMap((first) =>
      Array.from({ length: 700 }, (_, i) => first + 10 * i),
    );
    const [held, up] = levelsOf(sketchOfAll(pieces));
    const sorted = Float64Array.from(pieces.slice(0, 2_050)).sort();
    expect(up).toEqual([...sorted].filter((_, i) => i % 2 === 0));
    expect(held).toEqual(pieces.slice(2_050));
  });

  test.each([10_000, 100_000])('ranks stay close for %i items', (count) => {
    const random = seededRandom(count);
    const xs = Array.from({ length: count }, () => random.next01() ** 2);
    const of = cumulativeOf(sketchOfAll(xs));
    expect(of.total).toBe(count);
    const sorted = Float64Array.from(xs).sort();
    for (const at01 of [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]) {
      const x = sorted[Math.floor(at01 * count)] ?? 0;
      expect(Math.abs(rankOf(of, x) / count - at01)).toBeLessThan(0.005);
      expect(Math.abs(quantileOf(of, at01) - x)).toBeLessThan(0.01);
    }
  });

  test('merged sketches weigh all items and keep their ranks', () => {
    const random = seededRandom(3);
    const parts = Array.from({ length: 24 }, () =>
      sketchOfAll(Array.from({ length: 5_000 }, () => random.next01())),
    );
    const of = cumulativeOf(parts.reduce(mergeSketches));
    expect(of.total).toBe(120_000);
    expect(Math.abs(rankOf(of, 0.5) / of.total - 0.5)).toBeLessThan(0.01);
  });

  test('ranks at, below and between items', () => {
    const of = cumulativeOf(sketchOfAll([1, 2, 2, 5]));
    expect([0, 1, 1.5, 2, 5, 9].map((x) => rankOf(of, x))).toEqual([0, 1, 1, 3, 4, 4]);
    expect([0, 1, 1.5, 2, 5, 9].map((x) => rankBelow(of, x))).toEqual([0, 0, 1, 1, 3, 4]);
  });

  test('buckets are closed below, the last one above too', () => {
    const counts = bucketsOf(sketchOfAll([0, 1, 9, 10, 10]), 0, 10).map(({ count }) => count);
    expect(counts).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 0, 3]);
    const equal = bucketsOf(sketchOfAll([4, 4, 4]), 4, 4);
    expect(equal.map(({ lower, upper, count }) => [lower, upper, count])).toEqual([
      ...Array.from({ length: 9 }, () => [4, 4, 0]),
      [4, 4, 3],
    ]);
  });
});

describe('counts', () => {
  const texts = (values: readonly string[]) =>
    profileOf(values.map((value) => ({ names: ['t'], cells: [value] }))).columns.get('t');

  test('beyond the limit distinct values are estimated and frequent ones kept', () => {
    const values = Array.from({ length: 40_000 }, (_, i) => (i % 4 === 0 ? 'often' : `x${i}`));
    const column = texts(values);
    if (!column) throw new Error('no column');
    const { counts, exact } = categoriesOf(column);
    expect(exact).toBe(false);
    expect(Math.abs(distinctIn(column) / 30_001 - 1)).toBeLessThan(0.05);
    const [value, count] = counts[0] ?? ['', 0];
    expect(value).toBe('often');
    expect(count).toBeLessThanOrEqual(10_000);
    expect(count + column.texts.undercount).toBeGreaterThanOrEqual(10_000);
    expect(counts.length).toBeLessThanOrEqual(2_000);
  });

  test('many numbers are estimated', () => {
    const cells = Array.from({ length: 20_000 }, (_, i) => ({ names: ['n'], cells: [`${i * 3}`] }));
    const column = profileOf(cells).columns.get('n');
    expect(column && Math.abs(distinctIn(column) / 20_000 - 1)).toBeLessThan(0.05);
  });

  test('numbers among texts are categories too', () => {
    const column = texts(['a', '7', '7', 'true']);
    expect(column && categoriesOf(column).counts).toEqual([
      ['7', 2],
      ['a', 1],
      ['true', 1],
    ]);
  });
});
