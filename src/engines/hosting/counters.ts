/**
 * What requests did, counted in memory until it is handed on. Each value is kept with how often it
 * occurred, per minute, so that percentiles stay exact.
 */
import type { Scope } from '../../kernel/arn.ts';
import { minuteMs } from '../../kernel/clock.ts';

export interface Counted {
  readonly scope: Scope;
  readonly endpoint: string;
  readonly variant: string;
}

/** One request as it ended. Latencies are in microseconds. */
export interface RequestOutcome {
  /** Servers behind the variant, at least 1. */
  readonly instances: number;
  /** What the model answered; 0 when it gave no answer that could be read. */
  readonly modelStatus: number;
  readonly modelLatencyUs: number;
  readonly overheadLatencyUs: number;
}

/** Values with their counts of one metric in one minute. */
export interface Tally extends Counted {
  readonly metric: string;
  readonly unit: 'None' | 'Microseconds';
  /** The start of the minute. */
  readonly timestampMs: number;
  readonly values: readonly number[];
  readonly counts: readonly number[];
}

type Histogram = Map<number, number>;

interface Bucket {
  readonly where: Counted;
  readonly timestampMs: number;
  readonly metrics: Map<string, Histogram>;
}

/** Distinct values of one metric and minute; beyond, values are rounded to two digits. */
const mostDistinct = 5_000;
/** Variants times minutes that wait for a recorder that fails; beyond, new ones are dropped. */
const mostBuckets = 10_000;
const latencies = new Set(['ModelLatency', 'OverheadLatency']);

export class RequestCounters {
  #buckets = new Map<string, Bucket>();

  count(where: Counted, request: RequestOutcome, nowMs: number): void {
    const bucket = this.#bucket(where, Math.floor(nowMs / minuteMs) * minuteMs);
    if (!bucket) return;
    const { modelStatus, instances, modelLatencyUs, overheadLatencyUs } = request;
    const answered = modelStatus >= 200 && modelStatus < 300;
    const refused = modelStatus >= 400 && modelStatus < 500;
    add(bucket, 'Invocations', 1);
    add(bucket, 'InvocationsPerInstance', 1 / instances);
    add(bucket, 'Invocation4XXErrors', refused ? 1 : 0);
    add(bucket, 'Invocation5XXErrors', answered || refused ? 0 : 1);
    add(bucket, 'InvocationModelErrors', answered ? 0 : 1);
    add(bucket, 'ModelLatency', modelLatencyUs);
    add(bucket, 'OverheadLatency', Math.max(0, overheadLatencyUs));
  }

  get empty(): boolean {
    return this.#buckets.size === 0;
  }

  /** Everything counted so far; the counters begin anew. */
  take(): readonly Tally[] {
    const buckets = [...this.#buckets.values()];
    this.#buckets = new Map();
    return buckets.flatMap(({ where, timestampMs, metrics }) =>
      [...metrics].map(([metric, histogram]) => ({
        ...where,
        metric,
        unit: latencies.has(metric) ? ('Microseconds' as const) : ('None' as const),
        timestampMs,
        values: [...histogram.keys()],
        counts: [...histogram.values()],
      })),
    );
  }

  /** Takes back what could not be handed on. */
  restore(tallies: readonly Tally[]): void {
    for (const { scope, endpoint, variant, metric, timestampMs, values, counts } of tallies) {
      const bucket = this.#bucket({ scope, endpoint, variant }, timestampMs);
      if (!bucket) return;
      values.forEach((value, at) => add(bucket, metric, value, counts[at]));
    }
  }

  #bucket(where: Counted, timestampMs: number): Bucket | undefined {
    const { account, region } = where.scope;
    const key = `${account}/${region}/${where.endpoint}/${where.variant}/${timestampMs}`;
    const found = this.#buckets.get(key);
    if (found || this.#buckets.size >= mostBuckets) return found;
    const { scope, endpoint, variant } = where;
    const made = { where: { scope, endpoint, variant }, timestampMs, metrics: new Map() };
    this.#buckets.set(key, made);
    return made;
  }
}

function add(bucket: Bucket, metric: string, value: number, times = 1): void {
  const histogram = bucket.metrics.get(metric) ?? new Map<number, number>();
  bucket.metrics.set(metric, histogram);
  const crowded = histogram.size >= mostDistinct && !histogram.has(value);
  const kept = crowded ? Number(value.toPrecision(2)) : value;
  histogram.set(kept, (histogram.get(kept) ?? 0) + times);
}
