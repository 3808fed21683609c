/** Turns data into what it adds to rows, and rows into rows with that added. No I/O. */
import type { Scope } from '../../kernel/arn.ts';
import { minuteMs } from '../../kernel/clock.ts';
import {
  addSample,
  type Bucket,
  emptyBucket,
  mergeBucket,
  packBucket,
  unpackBucket,
} from './bucket.ts';
import { type Block, blockKey, fineKeepMs, floorTo, minutes, seconds } from './levels.ts';
import { type MetricRow, metricKey, sortDimensions, streamKey } from './metrics.ts';
import type { Datum } from './recorder.ts';

/** `lastDataMs` moves in steps, so that a metric's row is not rewritten with every datum. */
const activityStepMs = 5 * minuteMs;

/** Buckets to add to one row, by their number in it. */
export type Additions = Map<number, Bucket>;

export interface Draft {
  /** By metric key. */
  readonly metrics: Map<string, MetricRow>;
  /** By block key. */
  readonly blocks: Map<string, Additions>;
}

export interface Batch {
  readonly scope: Scope;
  readonly data: readonly Datum[];
}

export function draftData(batches: readonly Batch[], nowMs: number): Draft {
  const draft: Draft = { metrics: new Map(), blocks: new Map() };
  for (const { scope, data } of batches) {
    for (const datum of data) draftDatum(draft, { scope, datum, nowMs });
  }
  return draft;
}

interface Placing {
  readonly scope: Scope;
  readonly datum: Datum;
  readonly nowMs: number;
}

function draftDatum(draft: Draft, { scope, datum, nowMs }: Placing): void {
  const { namespace, metric, timestampMs, unit } = datum;
  const key = metricKey(scope, datum);
  draft.metrics.set(
    key,
    mergeMetric(draft.metrics.get(key), {
      namespace,
      metric,
      dimensions: sortDimensions(datum.dimensions),
      units: [unit],
      lastDataMs: floorTo(timestampMs, activityStepMs),
    }),
  );
  const fine = datum.resolutionSeconds === 1 && timestampMs >= nowMs - fineKeepMs;
  const level = fine ? seconds : minutes;
  const rowMs = floorTo(timestampMs, level.spanMs);
  const block = blockKey(streamKey(key, unit), level, rowMs);
  const offset = Math.floor((timestampMs - rowMs) / level.stepMs);
  const additions = draft.blocks.get(block) ?? new Map<number, Bucket>();
  const bucket = additions.get(offset) ?? emptyBucket();
  addSample(bucket, datum.sample);
  additions.set(offset, bucket);
  draft.blocks.set(block, additions);
}

/** The same object as `old` when nothing is new. */
export function mergeMetric(old: MetricRow | undefined, more: MetricRow): MetricRow {
  if (!old) return more;
  const units = more.units.filter((unit) => !old.units.includes(unit));
  const lastDataMs = Math.max(old.lastDataMs, more.lastDataMs);
  if (units.length === 0 && lastDataMs === old.lastDataMs) return old;
  return { ...old, units: [...old.units, ...units], lastDataMs };
}

/** Buckets without samples are not kept. */
export function addToBlock(old: Block | undefined, additions: Additions): Block {
  const buckets = new Map(old?.buckets);
  for (const [offset, addition] of additions) {
    if (addition.count === 0) continue;
    const packed = buckets.get(offset);
    const bucket = packed ? unpackBucket(packed) : emptyBucket();
    mergeBucket(bucket, addition);
    buckets.set(offset, packBucket(bucket));
  }
  return { buckets: [...buckets].sort(([a], [b]) => a - b) };
}

/** What the row costs in memory, counted in values. */
export function blockWeight(block: Block): number {
  return block.buckets.reduce((weight, [, packed]) => weight + 8 + packed[5].length, 4);
}
