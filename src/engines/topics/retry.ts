/**
 * When a failed HTTP delivery is tried again: four phases, of which the third grows from the least
 * to the greatest delay. Source: "Amazon SNS message delivery retries", developer guide; the guide
 * shows the four growth functions as plots only, the formulas are ours.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

export interface RetryPolicy {
  readonly minDelayTarget: number;
  readonly maxDelayTarget: number;
  readonly numRetries: number;
  readonly numNoDelayRetries: number;
  readonly numMinDelayRetries: number;
  readonly numMaxDelayRetries: number;
  readonly backoffFunction: 'arithmetic' | 'exponential' | 'geometric' | 'linear';
}

export interface DeliveryPolicy {
  readonly healthyRetryPolicy: RetryPolicy;
  readonly maxReceivesPerSecond?: number;
  readonly headerContentType?: string;
}

export const usualRetryPolicy: RetryPolicy = {
  minDelayTarget: 20,
  maxDelayTarget: 20,
  numRetries: 3,
  numNoDelayRetries: 0,
  numMinDelayRetries: 0,
  numMaxDelayRetries: 0,
  backoffFunction: 'linear',
};

const limits = { numRetries: 100, maxDelayTarget: 3_600, totalSeconds: 3_600 };
const functions = ['arithmetic', 'exponential', 'geometric', 'linear'];

/** Share of the way from the least to the greatest delay, for a share of the way in tries. */
const growth: Readonly<Record<RetryPolicy['backoffFunction'], (share01: number) => number>> = {
  linear: (share01) => share01,
  arithmetic: (share01) => (share01 * (share01 + 1)) / 2,
  geometric: (share01) => share01 ** 2,
  exponential: (share01) => (2 ** (10 * share01) - 1) / 1_023,
};

/** Seconds before the try that follows `failures` failed ones; undefined when there is none. */
export function retryDelaySeconds(policy: RetryPolicy, failures: number): number | undefined {
  const { numRetries, numNoDelayRetries, numMinDelayRetries, numMaxDelayRetries } = policy;
  const { minDelayTarget: least, maxDelayTarget: most } = policy;
  if (failures > numRetries) return undefined;
  const backoffTries = numRetries - numNoDelayRetries - numMinDelayRetries - numMaxDelayRetries;
  let retry = failures - 1 - numNoDelayRetries;
  if (retry < 0) return 0;
  retry -= numMinDelayRetries;
  if (retry < 0) return least;
  if (retry >= backoffTries) return most;
  const share01 = backoffTries > 1 ? retry / (backoffTries - 1) : 0;
  return Math.round(least + (most - least) * growth[policy.backoffFunction](share01));
}

type Source = Readonly<Record<string, unknown>>;

/** The policy of a subscription: its own over its topic's over the usual one. */
export function effectivePolicy(
  subscription: string | undefined,
  topic: string | undefined,
): DeliveryPolicy {
  const ofTopic = member(parse(topic), 'http');
  const own = ofTopic.disableSubscriptionOverrides === true ? {} : parse(subscription);
  const retry = {
    ...usualRetryPolicy,
    ...member(ofTopic, 'defaultHealthyRetryPolicy'),
    ...member(own, 'healthyRetryPolicy'),
  };
  const throttle = {
    ...member(ofTopic, 'defaultThrottlePolicy'),
    ...member(own, 'throttlePolicy'),
  }.maxReceivesPerSecond;
  const contentType = {
    ...member(ofTopic, 'defaultRequestPolicy'),
    ...member(own, 'requestPolicy'),
  }.headerContentType;
  return {
    healthyRetryPolicy: retry,
    ...(typeof throttle === 'number' ? { maxReceivesPerSecond: throttle } : {}),
    ...(typeof contentType === 'string' ? { headerContentType: contentType } : {}),
  };
}

/** Checks a policy's text before it is kept; `of` says which of the two shapes it has. */
export function checkDeliveryPolicy(text: string, of: 'topic' | 'subscription'): Outcome<void> {
  if (text === '') return ok(undefined);
  const source = parse(text);
  if (Object.keys(source).length === 0) return refuse('DeliveryPolicy: failed to parse JSON.');
  const policy = of === 'topic' ? effectivePolicy(undefined, text) : effectivePolicy(text, '');
  const mistake = retryMistake(policy.healthyRetryPolicy) ?? throttleMistake(policy);
  return mistake === undefined ? ok(undefined) : refuse(`DeliveryPolicy: ${mistake}`);
}

function retryMistake(policy: RetryPolicy): string | undefined {
  const { backoffFunction, ...numbers } = policy;
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isInteger(value) || value < 0) return `${name} must be a whole number.`;
  }
  if (!functions.includes(backoffFunction)) {
    return `backoffFunction must be one of ${functions.join(', ')}.`;
  }
  if (policy.numRetries > limits.numRetries) {
    return `numRetries must be at most ${limits.numRetries}.`;
  }
  if (policy.maxDelayTarget > limits.maxDelayTarget) {
    return `maxDelayTarget must be at most ${limits.maxDelayTarget}.`;
  }
  if (policy.minDelayTarget < 1 || policy.minDelayTarget > policy.maxDelayTarget) {
    return 'minDelayTarget must be at least 1 and at most maxDelayTarget.';
  }
  const { numNoDelayRetries, numMinDelayRetries, numMaxDelayRetries } = policy;
  if (numNoDelayRetries + numMinDelayRetries + numMaxDelayRetries > policy.numRetries) {
    return 'the retries of the phases must not exceed numRetries.';
  }
  let totalSeconds = 0;
  for (let failures = 1; failures <= policy.numRetries; failures += 1) {
    totalSeconds += retryDelaySeconds(policy, failures) ?? 0;
  }
  if (totalSeconds <= limits.totalSeconds) return undefined;
  return `the delays must not exceed ${limits.totalSeconds} seconds in all.`;
}

function throttleMistake({ maxReceivesPerSecond: rate }: DeliveryPolicy): string | undefined {
  return rate === undefined || rate >= 1 ? undefined : 'maxReceivesPerSecond must be at least 1.';
}

function parse(text: string | undefined): Source {
  try {
    return asSource(JSON.parse(text || '{}'));
  } catch (cause) {
    if (cause instanceof SyntaxError) return {};
    throw cause;
  }
}

function member(source: Source, name: string): Source {
  return asSource(source[name]);
}

function asSource(value: unknown): Source {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Source) : {};
}
