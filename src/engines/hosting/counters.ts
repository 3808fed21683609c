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
  /** Histograms that every request adds to, found once. */
  readonly usual: Usual;
}

/** In the order in which they are handed on. */
const metricNames = {
  invocations: 'Invocations',
  perInstance: 'InvocationsPerInstance',
  refused: 'Invocation4XXErrors',
  failed: 'Invocation5XXErrors',
  modelErrors: 'InvocationModelErrors',
  modelLatency: 'ModelLatency',
  overheadLatency: 'OverheadLatency',
} as const;

type Usual = { readonly [Name in keyof typeof metricNames]: Histogram };

/** Distinct values of one metric and minute; beyond, values are rounded to two digits. */
const mostDistinct = 5_000;
/** Variants times minutes that wait for a recorder that fails; beyond, new ones are dropped. */
const mostBuckets = 10_000;
const latencies = new Set<string>([metricNames.modelLatency, metricNames.overheadLatency]);

export class RequestCounters {
  #buckets = new Map<string, Bucket>();
  /** That of the last request: most requests fall into the same. */
  #last:
    | { readonly where: Counted; readonly minuteMs: number; readonly bucket: Bucket }
    | undefined;

  /** `where` of one variant should be one object: it is recognized. */
  count(where: Counted, request: RequestOutcome, nowMs: number): void {
    const bucket = this.#bucketOf(where, Math.floor(nowMs / minuteMs) * minuteMs);
    if (!bucket) return;
    const { modelStatus, instances, modelLatencyUs, overheadLatencyUs } = request;
    const answered = modelStatus >= 200 && modelStatus < 300;
    const refused = modelStatus >= 400 && modelStatus < 500;
    const { usual } = bucket;
    add(usual.invocations, 1);
    add(usual.perInstance, 1 / instances);
    add(usual.refused, refused ? 1 : 0);
    add(usual.failed, answered || refused ? 0 : 1);
    add(usual.modelErrors, answered ? 0 : 1);
    add(usual.modelLatency, modelLatencyUs);
    add(usual.overheadLatency, Math.max(0, overheadLatencyUs));
  }

  get empty(): boolean {
    return this.#buckets.size === 0;
  }

  /** Everything counted so far; the counters begin anew. */
  take(): readonly Tally[] {
    const buckets = [...this.#buckets.values()];
    this.#buckets = new Map();
    this.#last = undefined;
    return buckets.flatMap(({ where, timestampMs, metrics }) =>
      [...metrics].flatMap(([metric, histogram]) => {
        if (histogram.size === 0) return [];
        return {
          ...where,
          metric,
          unit: latencies.has(metric) ? ('Microseconds' as const) : ('None' as const),
          timestampMs,
          values: [...histogram.keys()],
          counts: [...histogram.values()],
        };
      }),
    );
  }

  /** Takes back what could not be handed on. */
  restore(tallies: readonly Tally[]): void {
    for (const { scope, endpoint, variant, metric, timestampMs, values, counts } of tallies) {
      const bucket = this.#bucket({ scope, endpoint, variant }, timestampMs);
      if (!bucket) return;
      const histogram = bucket.metrics.get(metric) ?? new Map<number, number>();
      bucket.metrics.set(metric, histogram);
      values.forEach((value, at) => add(histogram, value, counts[at]));
    }
  }

  #bucketOf(where: Counted, timestampMs: number): Bucket | undefined {
    const last = this.#last;
    if (last?.where === where && last.minuteMs === timestampMs) return last.bucket;
    const bucket = this.#bucket(where, timestampMs);
    if (bucket) this.#last = { where, minuteMs: timestampMs, bucket };
    return bucket;
  }

  #bucket(where: Counted, timestampMs: number): Bucket | undefined {
    const { account, region } = where.scope;
    const key = `${account}/${region}/${where.endpoint}/${where.variant}/${timestampMs}`;
    const found = this.#buckets.get(key);
    if (found || this.#buckets.size >= mostBuckets) return found;
    const { scope, endpoint, variant } = where;
    const metrics = new Map<string, Histogram>();
    const histogram = (name: string) => {
      const made: Histogram = new Map();
      metrics.set(name, made);
      return made;
    };
    const usual: Usual = {
      invocations: histogram(metricNames.invocations),
      perInstance: histogram(metricNames.perInstance),
      refused: histogram(metricNames.refused),
      failed: histogram(metricNames.failed),
      modelErrors: histogram(metricNames.modelErrors),
      modelLatency: histogram(metricNames.modelLatency),
      overheadLatency: histogram(metricNames.overheadLatency),
    };
    const made = { where: { scope, endpoint, variant }, timestampMs, metrics, usual };
    this.#buckets.set(key, made);
    return made;
  }
}

function add(histogram: Histogram, value: number, times = 1): void {
  const before = histogram.get(value);
  if (before !== undefined) return void histogram.set(value, before + times);
  const kept = histogram.size < mostDistinct ? value : Number(value.toPrecision(2));
  histogram.set(kept, (histogram.get(kept) ?? 0) + times);
}
