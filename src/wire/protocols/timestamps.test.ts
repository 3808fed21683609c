/** Instants of answers, against the language's own way of writing them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatTimestamp } from './timestamps.ts';

test('every instant is written as the language writes it, without a fraction of nought', () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true }), (date) => {
      expect(formatTimestamp(date, 'date-time')).toBe(date.toISOString().replace('.000Z', 'Z'));
    }),
  );
  expect(formatTimestamp(new Date(Date.UTC(2027, 0, 1)), 'date-time')).toBe('2027-01-01T00:00:00Z');
  expect(() => formatTimestamp(new Date(Number.NaN), 'date-time')).toThrow(RangeError);
});
