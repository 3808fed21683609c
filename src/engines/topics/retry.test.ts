/** Retry schedules, and the policies they come from. */
import { describe, expect, test } from 'vitest';
import {
  checkDeliveryPolicy,
  effectivePolicy,
  type RetryPolicy,
  retryDelaySeconds,
  usualRetryPolicy,
} from './retry.ts';

function delays(policy: Partial<RetryPolicy>): number[] {
  const all: number[] = [];
  for (let failures = 1; ; failures += 1) {
    const seconds = retryDelaySeconds({ ...usualRetryPolicy, ...policy }, failures);
    if (seconds === undefined) return all;
    all.push(seconds);
  }
}

test('usually there are three retries, twenty seconds apart', () => {
  expect(delays({})).toEqual([20, 20, 20]);
});

test('the phases follow one another', () => {
  const policy = {
    numRetries: 10,
    numNoDelayRetries: 2,
    numMinDelayRetries: 2,
    numMaxDelayRetries: 2,
    minDelayTarget: 10,
    maxDelayTarget: 40,
  };
  expect(delays(policy)).toEqual([0, 0, 10, 10, 10, 20, 30, 40, 40, 40]);
});

test('without retries a failure is final', () => {
  expect(delays({ numRetries: 0 })).toEqual([]);
});

describe.each(['linear', 'arithmetic', 'geometric', 'exponential'] as const)('%s', (name) => {
  test('grows from the least to the greatest delay, never back', () => {
    const bounds = { numRetries: 20, minDelayTarget: 5, maxDelayTarget: 300 };
    const all = delays({ ...bounds, backoffFunction: name });
    expect(all).toHaveLength(20);
    expect(all[0]).toBe(5);
    expect(all.at(-1)).toBe(300);
    expect(all).toEqual([...all].sort((a, b) => a - b));
  });
});

test('a subscription overrides its topic, unless the topic forbids it', () => {
  const topic = { http: { defaultHealthyRetryPolicy: { numRetries: 7, minDelayTarget: 2 } } };
  const own = {
    healthyRetryPolicy: { numRetries: 1 },
    throttlePolicy: { maxReceivesPerSecond: 4 },
  };
  const effective = effectivePolicy(JSON.stringify(own), JSON.stringify(topic));
  expect(effective).toMatchObject({
    healthyRetryPolicy: { numRetries: 1, minDelayTarget: 2, maxDelayTarget: 20 },
    maxReceivesPerSecond: 4,
  });
  const strict = { http: { ...topic.http, disableSubscriptionOverrides: true } };
  const forced = effectivePolicy(JSON.stringify(own), JSON.stringify(strict));
  expect(forced.healthyRetryPolicy.numRetries).toBe(7);
  expect(forced).not.toHaveProperty('maxReceivesPerSecond');
});

test.each<[unknown, string]>([
  [{ numRetries: 101 }, 'numRetries must be at most 100.'],
  [{ numRetries: 1.5 }, 'numRetries must be a whole number.'],
  [{ numRetries: 'x' }, 'numRetries must be a whole number.'],
  [{ maxDelayTarget: 3_601 }, 'maxDelayTarget must be at most 3600.'],
  [{ minDelayTarget: 21 }, 'minDelayTarget must be at least 1 and at most maxDelayTarget.'],
  [{ numNoDelayRetries: 4 }, 'the retries of the phases must not exceed numRetries.'],
  [
    { numRetries: 100, minDelayTarget: 40, maxDelayTarget: 40 },
    'the delays must not exceed 3600 seconds in all.',
  ],
  [
    { backoffFunction: 'constructor' },
    'backoffFunction must be one of arithmetic, exponential, geometric, linear.',
  ],
])('%j is refused', (healthyRetryPolicy, reason) => {
  const text = JSON.stringify({ healthyRetryPolicy });
  const refused = { ok: false, reason: `DeliveryPolicy: ${reason}` };
  expect(checkDeliveryPolicy(text, 'subscription')).toEqual(refused);
});

test('what is no policy is refused, and no text is none', () => {
  for (const text of ['x', '[]', '7']) {
    expect(checkDeliveryPolicy(text, 'topic')).toMatchObject({ ok: false });
  }
  expect(checkDeliveryPolicy('', 'topic')).toEqual({ ok: true, value: undefined });
  const slow = '{"throttlePolicy":{"maxReceivesPerSecond":0}}';
  expect(checkDeliveryPolicy(slow, 'subscription')).toMatchObject({ ok: false });
});
