/** A budget never gives out more than it has, and gets all of it back. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteBudget, smallBytes } from './byte-budget.ts';

test('holds in any order stay within the limit, and leave nothing behind', () => {
  const step = fc.tuple(fc.nat(5), fc.constantFrom(0, 1, 1_000, smallBytes, 300_000));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const limitBytes = 1_000_000;
      const budget = byteBudget(limitBytes);
      const holds = Array.from({ length: 6 }, () => ({ hold: budget.hold(), ownBytes: 0 }));
      for (const [which, sizeBytes] of steps) {
        const one = holds[which];
        if (!one) continue;
        if (sizeBytes === 0) {
          one.hold.release();
          one.ownBytes = 0;
          continue;
        }
        const others = holds.filter((each) => each !== one && each.ownBytes > smallBytes);
        const counted = others.reduce((sum, each) => sum + each.ownBytes, 0);
        const wholeBytes = one.ownBytes + sizeBytes;
        const fits = wholeBytes <= smallBytes || counted + wholeBytes <= limitBytes;
        expect(one.hold.add(sizeBytes)).toBe(fits);
        if (fits) one.ownBytes = wholeBytes;
        expect(budget.heldBytes).toBeLessThanOrEqual(limitBytes);
      }
      for (const { hold } of holds) hold.release();
      for (const { hold } of holds) hold.release();
      expect(budget.heldBytes).toBe(0);
    }),
    { numRuns: 300 },
  );
});
