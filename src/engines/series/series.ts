/**
 * Time series of measurements: records them durably, answers any period, lists what there is.
 * Not a metrics language, and no alarm: those read from here.
 */
import type { Scope } from '../../kernel/arn.ts';
import { type Clock, secondMs } from '../../kernel/clock.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { type Bucket, maxDistinctRead, mergeBucket, unpackBucket } from './bucket.ts';
import {
  ageingSoonMs,
  type Block,
  blockKey,
  blockStartMs,
  blocks,
  floorTo,
  type Level,
  levelsSince,
  periodIsKept,
} from './levels.ts';
import {
  listMetricRows,
  type MetricFilter,
  type MetricId,
  type MetricPage,
  metricKey,
  streamKey,
} from './metrics.ts';
import type { MetricRecorder } from './recorder.ts';
import { age } from './retention.ts';
import { makeWriter } from './writer.ts';

export interface SeriesQuery extends MetricId {
  readonly scope: Scope;
  /** Inclusive. Points are stamped `startMs`, `startMs + period`, …: align it with `alignStart`. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  /** 1, 5, 10, 20, 30 or a multiple of 60. */
  readonly periodSeconds: number;
  /** Only this unit; otherwise every unit with data, each as a stream of its own. */
  readonly unit?: string;
  /** False when only counts, sums and extremes are wanted, which is quicker over long ranges. */
  readonly withValues?: boolean;
}

export interface Point {
  /** Start of the period. */
  readonly startMs: number;
  readonly bucket: Bucket;
}

/** The points of one unit that have data, oldest first. */
export interface Stream {
  readonly unit: string;
  readonly points: readonly Point[];
}

export interface Series extends MetricRecorder {
  /** Streams with data in the range, in order of their units. */
  query(query: SeriesQuery): Promise<readonly Stream[]>;
  /** Metrics with data in the last two weeks, in order of namespace and name. */
  list(filter: MetricFilter): Promise<MetricPage>;
  /** Moves what has aged into coarser levels and drops what nobody may ask for. Safe to repeat. */
  maintain(options: { readonly signal: AbortSignal }): Promise<void>;
}

export interface SeriesParts {
  readonly store: MetadataStore;
  readonly clock: Clock;
}

const readRows = 500;

export function makeSeries({ store, clock }: SeriesParts): Series {
  const writer = makeWriter({ store, clock });
  return {
    record: (scope, data) => writer.record(scope, data),
    async query(query) {
      const key = metricKey(query.scope, query);
      const row = await writer.metric(key);
      if (!row || !periodIsKept(query.periodSeconds, query.startMs, clock.nowMs())) return [];
      const units = row.units.filter((unit) => query.unit === undefined || unit === query.unit);
      const read = () => readStreams(store, { query, key, units, nowMs: clock.nowMs() });
      // Rows that may be ageing are read in turn, or a row could be met before and after its move.
      return query.startMs < clock.nowMs() - ageingSoonMs ? writer.inTurn(read) : read();
    },
    list: (filter) => listMetricRows(store, filter, clock.nowMs()),
    maintain: ({ signal }) => age(store, clock.nowMs(), { ...writer, signal }),
  };
}

interface StreamsReading {
  readonly query: SeriesQuery;
  /** The metric's. */
  readonly key: string;
  readonly units: readonly string[];
  readonly nowMs: number;
}

async function readStreams(store: MetadataStore, reading: StreamsReading): Promise<Stream[]> {
  const { query, key, units, nowMs } = reading;
  const streams: Stream[] = [];
  for (const unit of [...units].sort()) {
    const points = await readPoints(store, { query, stream: streamKey(key, unit), nowMs });
    if (points.length > 0) streams.push({ unit, points });
  }
  return streams;
}

interface Reading {
  readonly query: SeriesQuery;
  readonly stream: string;
  readonly nowMs: number;
}

async function readPoints(store: MetadataStore, reading: Reading): Promise<readonly Point[]> {
  const found = new Map<number, Bucket>();
  for (const level of levelsSince(reading.query.startMs, reading.nowMs)) {
    await readLevel(store, { ...reading, level }, found);
  }
  return [...found].sort(([a], [b]) => a - b).map(([startMs, bucket]) => ({ startMs, bucket }));
}

async function readLevel(
  store: MetadataStore,
  { query, stream, level }: Reading & { readonly level: Level },
  found: Map<number, Bucket>,
): Promise<void> {
  const { startMs, endMs } = query;
  // Every resolution finer than a minute starts on a whole minute's row.
  const from = blockKey(stream, level, Math.max(0, floorTo(startMs, level.spanMs)));
  const to = blockKey(stream, level, Math.max(0, endMs));
  let after: string | undefined;
  for (;;) {
    const range = { from, to, limit: readRows, ...(after === undefined ? {} : { after }) };
    const page = await store.list(blocks, range);
    for (const { key, row } of page)
      collect(row, { query, level, rowMs: blockStartMs(key) }, found);
    after = page.at(-1)?.key;
    if (page.length < readRows) return;
  }
}

interface Place {
  readonly query: SeriesQuery;
  readonly level: Level;
  readonly rowMs: number;
}

function collect(row: Block, { query, level, rowMs }: Place, found: Map<number, Bucket>): void {
  const { startMs, endMs, withValues = true } = query;
  const periodMs = query.periodSeconds * secondMs;
  for (const [offset, packed] of row.buckets) {
    const atMs = rowMs + offset * level.stepMs;
    if (atMs < startMs || atMs >= endMs) continue;
    const pointMs = startMs + floorTo(atMs - startMs, periodMs);
    const bucket = unpackBucket(withValues ? packed : withoutValues(packed));
    const into = found.get(pointMs);
    if (into) mergeBucket(into, bucket, maxDistinctRead);
    else found.set(pointMs, bucket);
  }
}

function withoutValues(packed: Parameters<typeof unpackBucket>[0]): typeof packed {
  const [count, sum, minimum, maximum] = packed;
  return [count, sum, minimum, maximum, 2, [], 0];
}
