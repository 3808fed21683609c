/** Coded texts are counted as the texts they stand for, one by one. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import type { ColumnBatch } from '../../ports/analytics.ts';
import { columnToJson, emptyColumn, observeColumn } from './column.ts';

const random = seededRandom(11);
const rows = 4_096;

/** A column of texts and blanks, coded; every tenth text is given a second code. */
function batch(values: number): ColumnBatch & Required<Pick<ColumnBatch, 'coded'>> {
  const known = new Map<string, number>();
  const coded: string[] = [];
  const codes = new Uint16Array(rows);
  const texts = Array.from({ length: rows }, (_, i) => {
    if (random.next01() < 0.1) return undefined;
    const text = `v${Math.floor(random.next01() ** 2 * values)}`;
    const again = random.next01() < 0.1;
    const code = (again ? undefined : known.get(text)) ?? coded.push(text);
    known.set(text, code);
    codes[i] = code;
    return text;
  });
  const kinds = Uint8Array.from(texts, (text) => (text === undefined ? 0 : 4));
  const numbers = new Float64Array(rows).fill(Number.NaN);
  return { name: 'c', kinds, numbers, texts, coded: { values: coded, codes } };
}

test.each([3, 700, 9_000, 40_000])('of %i values', (values) => {
  const [plain, coded] = [emptyColumn('c'), emptyColumn('c')];
  for (let round = 0; round < 12; round += 1) {
    const { coded: given, ...without } = batch(values);
    observeColumn(plain, without);
    // Without the texts: those of the codes are taken.
    observeColumn(coded, { ...without, texts: [], coded: given });
  }
  expect(columnToJson(coded)).toEqual(columnToJson(plain));
});
