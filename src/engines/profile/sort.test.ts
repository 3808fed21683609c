/** Sorting by digits gives what comparing gives; adding many what adding one by one gives. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { addManyToSketch, addToSketch, compactionsOf, emptySketch, levelsOf } from './kll.ts';
import { addNumber, addNumbers, zeroMoments } from './moments.ts';
import { sortNumbers } from './sort.ts';
import {
  addNumbersToTally,
  addTextsToTally,
  addToTally,
  emptyTally,
  numberLimits,
  tallyToJson,
  textLimits,
} from './tally.ts';

const random = seededRandom(5);
const drawn = (count: number, draw: () => number) => Float64Array.from({ length: count }, draw);
const wide = () => (random.next01() - 0.5) * 10 ** (600 * random.next01() - 300);
const samples: readonly (readonly [string, Float64Array])[] = [
  ['wide', drawn(2_050, wide)],
  ['small whole', drawn(2_051, () => Math.floor(random.next01() * 20) - 10)],
  ['one day of milliseconds', drawn(2_050, () => 1.7e12 + Math.floor(random.next01() * 8.64e7))],
  [
    'descending',
    drawn(5_000, () => -random.next01())
      .sort()
      .reverse(),
  ],
  ['extremes', drawn(300, () => (random.next01() < 0.5 ? 1 : -1) * Number.MAX_VALUE)],
  ['tiny', drawn(400, () => (random.next01() - 0.5) * Number.MIN_VALUE * 1e6 + 0)],
  ['few', drawn(9, wide)],
  ['many', drawn(20_000, wide)],
];

test.each(samples)('%s numbers', (_, numbers) => {
  const sorted = numbers.slice();
  sortNumbers(sorted);
  expect(sorted).toEqual(numbers.slice().sort());
});

test.each(samples)('%s numbers added at once', (_, numbers) => {
  const [one, all] = [emptySketch(), emptySketch()];
  const [moment, moments] = [zeroMoments(), zeroMoments()];
  const [tally, tallies] = [emptyTally<number>(numberLimits), emptyTally<number>(numberLimits)];
  for (let round = 0; round < 3; round += 1) {
    for (const x of numbers) {
      addToSketch(one, x);
      addNumber(moment, x);
      addToTally(tally, x);
    }
    addManyToSketch(all, numbers, numbers.length);
    addNumbers(moments, numbers, numbers.length);
    addNumbersToTally(tallies, numbers, numbers.length);
  }
  expect(levelsOf(all)).toEqual(levelsOf(one));
  expect(compactionsOf(all)).toEqual(compactionsOf(one));
  expect(moments).toEqual(moment);
  expect(tallyToJson(tallies)).toEqual(tallyToJson(tally));
});

test.each([3, 700, 9_000, 40_000])('texts of %i values added at once', (values) => {
  const [one, all] = [emptyTally<string>(textLimits), emptyTally<string>(textLimits)];
  for (let round = 0; round < 20; round += 1) {
    const texts = Array.from({ length: 2_048 }, () =>
      random.next01() < 0.1 ? undefined : `v${Math.floor(random.next01() ** 2 * values)}`,
    );
    for (const text of texts) if (text !== undefined) addToTally(one, text);
    addTextsToTally(all, texts);
  }
  expect(tallyToJson(all)).toEqual(tallyToJson(one));
});
