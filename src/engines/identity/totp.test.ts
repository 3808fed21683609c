/** Codes are those of RFC 6238, and each is good once, in its time. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { codeAt, consecutiveCodes, newSeed, peekCode, stepAt, stepMs, uriOf } from './totp.ts';

/** The ASCII text 12345678901234567890 of RFC 6238, appendix B. */
const seed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const nowMs = 1_111_111_109_000;
const now = stepAt(nowMs);

test.each([
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
])('at %i s the code is the end of %s', (seconds, code) => {
  expect(codeAt(seed, stepAt(seconds * 1_000))).toBe(code.slice(2));
});

test('seeds are 160 bits of chance that a device can read', () => {
  const random = seededRandom(1);
  expect(newSeed(random)).toMatch(/^[A-Z2-7]{32}$/);
  expect(newSeed(random)).not.toBe(newSeed(random));
  expect(newSeed({ ...random, bytes: () => Buffer.from('12345678901234567890') })).toBe(seed);
  expect(uriOf('my phone@123456789012', seed)).toBe(
    `otpauth://totp/my%20phone%40123456789012?secret=${seed}`,
  );
});

describe('a code', () => {
  const peek = (step: number, device = {}) => peekCode(seed, codeAt(seed, step), { device, nowMs });

  test('is good a step before and after its time, and no further', () => {
    const found = [-2, -1, 0, 1, 2].map((apart) => peek(now + apart));
    expect(found).toEqual([undefined, now - 1, now, now + 1, undefined]);
  });

  test('is judged by the time that the device has', () => {
    const device = { driftSteps: -7 };
    expect([peek(now - 7, device), peek(now, device)]).toEqual([now - 7, undefined]);
  });

  test('is never good again, nor is one before it', () => {
    const device = { lastStep: now };
    expect([now - 1, now, now + 1].map((step) => peek(step, device))).toEqual([
      undefined,
      undefined,
      now + 1,
    ]);
  });

  test.each(['', '0', '081804 ', '0818041', 'abcdef', '٠٨١٨٠٤'])('is not %j', (code) => {
    expect(peekCode(seed, code, { device: {}, nowMs })).toBeUndefined();
  });

  test('of the first half minute of time is no reason to fail', () => {
    expect(peekCode(seed, codeAt(seed, 0), { device: {}, nowMs: 0 })).toBe(0);
  });
});

describe('two codes in a row', () => {
  const pair = (step: number) => [codeAt(seed, step), codeAt(seed, step + 1)] as const;
  const found = (step: number, lastStep?: number) =>
    consecutiveCodes(seed, pair(step), { nowMs, lastStep });

  test('tell how far the clock of a device is off', () => {
    expect(found(now - 1)).toEqual({ lastStep: now, driftSteps: 0 });
    expect(found(now - 2)).toEqual({ lastStep: now - 1, driftSteps: 0 });
    expect(found(now - 9)).toEqual({ lastStep: now - 8, driftSteps: -8 });
    expect(found(now + 5)).toEqual({ lastStep: now + 6, driftSteps: 6 });
    expect([found(now - 12), found(now + 10)]).toEqual([undefined, undefined]);
  });

  test('must be in a row, in order, and later than what was used', () => {
    const [first, second] = pair(now - 1);
    const third = codeAt(seed, now + 1);
    for (const codes of [
      [second, first],
      [first, first],
      [first, third],
      [first, ''],
    ] as const) {
      expect(consecutiveCodes(seed, codes, { nowMs })).toBeUndefined();
    }
    expect(found(now - 1, now - 2)).toBeDefined();
    expect(found(now - 1, now - 1)).toBeUndefined();
  });
});

test('a step is half a minute', () => {
  expect([stepMs, stepAt(29_999), stepAt(30_000)]).toEqual([30_000, 0, 1]);
});
