/** Statistics against the recorded output of the original, to the last digit and byte. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { batchOf } from '../profile/batcher.ts';
import { emptyProfile, observe } from '../profile/profile.ts';
import { formatStatistics, statisticsOf } from './statistics.ts';

const folder = new URL('./golden/quality-check/', import.meta.url);
const rows = readFileSync(new URL('baseline_dataset.csv', folder), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => line.split(','));
const names = rows[0]?.map((_, i) => `_c${i}`) ?? [];

test('the statistics of the recorded data set equal the recorded file byte for byte', () => {
  const profile = observe(emptyProfile(), batchOf(rows.map((cells) => ({ names, cells }))));
  const recorded = readFileSync(new URL('statistics.json', folder), 'utf8');
  expect(formatStatistics(statisticsOf(profile))).toBe(recorded);
});
