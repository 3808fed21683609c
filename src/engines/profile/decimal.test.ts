/** Cells read from bytes are what they are as texts, to the last bit of a number. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchOf } from './batcher.ts';
import { stopsAt } from './cells.ts';
import { nearestDouble } from './decimal.ts';
import { CellTable } from './table.ts';

const stops = stopsAt('"');

/** Cells of one column, without commas and line ends. */
function read(texts: readonly string[]) {
  const table = new CellTable(['cell']);
  table.start();
  const bytes = { bytes: Buffer.from(`${texts.join('\n')}\n`), stops };
  let at = 0;
  for (const _ of texts) {
    at = table.read(bytes, at, 0) + 1;
    table.add(1, 1);
  }
  return table.take().columns[0];
}

function expectSame(texts: readonly string[]) {
  const found = read(texts);
  const [expected] = batchOf(texts.map((text) => ({ names: ['cell'], cells: [text] }))).columns;
  expect([...(found?.kinds ?? [])]).toEqual([...(expected?.kinds ?? [])]);
  expect([...(found?.numbers ?? [])]).toEqual([...(expected?.numbers ?? [])]);
  expect(found?.texts.map((text) => text ?? '')).toEqual(expected?.texts.map((text) => text ?? ''));
}

const pieces = ['', '-', '+', ' ', '.', 'e', 'E5', '12', '007', '999', 'true', 'false', 'é'];
const digits = fc.stringMatching(/^\d{1,24}$/);
const cell = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((parts) => parts.join('')),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((x) => x.toFixed(12)),
  fc.tuple(digits, digits).map(([whole, fraction]) => `${whole}.${fraction}`),
  fc.tuple(digits, digits).map(([whole, fraction]) => `-0.${whole}${fraction}`),
  fc.double({ min: -1e9, max: 1e9, noNaN: true }).map(String),
  fc.maxSafeInteger().map((x) => `${x}.${Math.abs(x) % 1_000}`),
  fc.integer().map(String),
  fc.constantFrom('1e999', '-1e400', 'inf', '5e-324', '0', '-0', 'x'.repeat(100)),
);

test('random cells', () => {
  fc.assert(fc.property(fc.array(cell, { minLength: 50, maxLength: 50 }), expectSame), {
    numRuns: 200,
  });
});

test('numbers of sixteen digits and more are the nearest doubles, or left to others', () => {
  const check = (high: number, low: number, tens: number) => {
    const expected = Number(`${high}${String(low).padStart(9, '0')}e-${tens}`);
    const found = nearestDouble(high, low, tens);
    if (!Number.isNaN(found)) expect(found).toBe(expected);
  };
  const high = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  const rest = fc.tuple(
    high,
    fc.integer({ min: 0, max: 999_999_999 }),
    fc.integer({ min: 0, max: 22 }),
  );
  fc.assert(
    fc.property(rest, ([a, b, c]) => check(a, b, c)),
    { numRuns: 2_000 },
  );
  // 2^53 + 1 is between two doubles: it is not for this to say.
  expect(nearestDouble(9_007_199, 254_740_993, 0)).toBeNaN();
});

test('more texts than are remembered, longer ones, and a batch after another', () => {
  const table = new CellTable(['cell']);
  for (let round = 0; round < 4; round += 1) {
    table.start();
    const texts: string[] = [];
    while (!table.isFull) {
      const at = texts.length;
      texts.push(
        at % 3 === 0 ? `text ${round * at}` : at % 50 === 1 ? 'y'.repeat(90) : `v${at % 7}`,
      );
      table.read({ bytes: Buffer.from(`${texts.at(-1)}\n`), stops }, 0, 0);
      table.add(1, 1);
    }
    const { rows, columns } = table.take();
    expect(rows).toBe(texts.length);
    expect(columns[0]?.texts).toEqual(texts);
    const { values = [], codes = [] } = columns[0]?.coded ?? {};
    expect(Array.from(codes, (code) => values[code - 1])).toEqual(texts);
  }
});
