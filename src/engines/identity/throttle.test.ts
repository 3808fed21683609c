/** Waits grow with failures, end, and are forgotten. */
import { expect, test } from 'vitest';
import { looseClock } from './identity.fixture.ts';
import { makeThrottle } from './throttle.ts';

const options = { free: 2, firstWaitMs: 100, longestWaitMs: 400, keys: 3 };

test('waits double up to the longest, and end with a success', () => {
  const clock = looseClock(0);
  const throttle = makeThrottle(clock, options);
  const waits = [];
  for (let tries = 0; tries < 7; tries += 1) {
    const waitMs = throttle.attempt('a');
    waits.push(waitMs);
    clock.atMs += waitMs;
    if (waitMs > 0) expect(throttle.attempt('a')).toBe(0);
  }
  expect(waits).toEqual([0, 0, 100, 200, 400, 400, 400]);
  expect(throttle.attempt('b')).toBe(0);
  throttle.succeeded('a');
  expect([throttle.attempt('a'), throttle.attempt('a')]).toEqual([0, 0]);
});

test('a try that is taken back leaves those before it', () => {
  const throttle = makeThrottle(looseClock(0), options);
  throttle.attempt('a');
  for (let tries = 0; tries < 5; tries += 1) {
    expect(throttle.attempt('a')).toBe(0);
    throttle.uncount('a');
  }
  throttle.attempt('a');
  expect(throttle.attempt('a')).toBe(100);
});

test('a clock that is set back lengthens no wait', () => {
  const clock = looseClock(1_000_000);
  const throttle = makeThrottle(clock, options);
  throttle.attempt('a');
  throttle.attempt('a');
  clock.atMs = 0;
  expect(throttle.attempt('a')).toBe(100);
});

test('a day without a failure is a new beginning, and memory is bounded', () => {
  const clock = looseClock(0);
  const throttle = makeThrottle(clock, options);
  for (const key of ['a', 'a', 'a']) throttle.attempt(key);
  clock.atMs = 86_400_000;
  expect([throttle.attempt('a'), throttle.attempt('a')]).toEqual([0, 0]);
  expect(throttle.attempt('a')).toBe(100);
  for (const key of ['b', 'c', 'd']) throttle.attempt(key);
  expect(throttle.attempt('a')).toBe(0);
});
