/**
 * How long which resolution is kept, and how buckets are laid out in rows. Every sample lives in
 * exactly one level at a time: it enters at `second` or `minute` and is moved, merged, into coarser
 * ones as it ages (retention.ts), so a question adds up all levels and counts nothing twice.
 */
import { dayMs, hourMs, minuteMs, secondMs } from '../../kernel/clock.ts';
import type { Collection } from '../../ports/metadata-store.ts';
import { sortable } from '../../ports/metadata-store.ts';
import type { PackedBucket } from './bucket.ts';

export interface Level {
  readonly name: string;
  /** Width of one bucket. */
  readonly stepMs: number;
  /** Width of one row, a multiple of `stepMs`. */
  readonly spanMs: number;
  /** A row older than this moves on to `next`, or goes where there is none. */
  readonly keepMs: number;
  readonly next: Level | undefined;
}

/** What is finer than a minute can be asked for during this time. */
export const fineKeepMs = 3 * hourMs;
/** Younger data than this is not moved while it is read. */
export const ageingSoonMs = fineKeepMs - 5 * minuteMs;
export const minuteKeepMs = 15 * dayMs;
export const fiveMinuteKeepMs = 63 * dayMs;
export const hourKeepMs = 455 * dayMs;

const hours: Level = {
  name: 'w',
  stepMs: hourMs,
  spanMs: 5 * dayMs,
  keepMs: hourKeepMs,
  next: undefined,
};
const fiveMinutes: Level = {
  name: 'd',
  stepMs: 5 * minuteMs,
  spanMs: 6 * hourMs,
  keepMs: fiveMinuteKeepMs,
  next: hours,
};
/** Minutes of hours that are over, a row an hour. */
const sealedMinutes: Level = {
  name: 'h',
  stepMs: minuteMs,
  spanMs: hourMs,
  keepMs: minuteKeepMs,
  next: fiveMinutes,
};
/** Minutes as they are written, a row each, so that a write is small. */
export const minutes: Level = {
  name: 'm',
  stepMs: minuteMs,
  spanMs: minuteMs,
  keepMs: fineKeepMs,
  next: sealedMinutes,
};
export const seconds: Level = {
  name: 's',
  stepMs: secondMs,
  spanMs: minuteMs,
  keepMs: fineKeepMs,
  next: minutes,
};

/** Finest first, which is the order in which ageing must run. */
export const levels: readonly Level[] = [seconds, minutes, sealedMinutes, fiveMinutes, hours];

/** One row: buckets by their number within the row's span. */
export interface Block {
  readonly buckets: readonly (readonly [offset: number, bucket: PackedBucket])[];
}

export const blocks: Collection<Block> = { name: 'series/block' };

/** `stream` is `account/region/metric id/unit`. */
export function blockKey(stream: string, level: Level, startMs: number): string {
  return `${stream}/${level.name}/${sortable(startMs)}`;
}

export function floorTo(instantMs: number, stepMs: number): number {
  return Math.floor(instantMs / stepMs) * stepMs;
}

/** The row's start, from its key. */
export function blockStartMs(key: string): number {
  return Number(key.slice(key.lastIndexOf('/') + 1));
}

/**
 * The levels that may hold data at or after `startMs`. A level is left out only when ageing cannot
 * have put anything that young into it.
 */
export function levelsSince(startMs: number, nowMs: number): readonly Level[] {
  return levels.filter((level) => {
    const before = levels.find((finer) => finer.next === level);
    const slackMs = fineKeepMs - ageingSoonMs;
    if (before === undefined || level === minutes) return true;
    return startMs < nowMs - before.keepMs + slackMs;
  });
}

/** Whether points of this period exist so long ago (the retention table of PutMetricData). */
export function periodIsKept(periodSeconds: number, startMs: number, nowMs: number): boolean {
  const ageMs = nowMs - startMs;
  if (ageMs > fiveMinuteKeepMs) return periodSeconds % 3600 === 0;
  if (ageMs > minuteKeepMs) return periodSeconds % 300 === 0;
  if (ageMs > fineKeepMs) return periodSeconds % 60 === 0;
  return true;
}

/**
 * Rounds a start down as CloudWatch does: to the minute, to five minutes past 15 days, to the hour
 * past 63 days; a period below a minute rounds to its own multiple.
 */
export function alignStart(startMs: number, periodSeconds: number, nowMs: number): number {
  if (periodSeconds < 60) return floorTo(startMs, periodSeconds * secondMs);
  const ageMs = nowMs - startMs;
  if (ageMs > fiveMinuteKeepMs) return floorTo(startMs, hourMs);
  if (ageMs > minuteKeepMs) return floorTo(startMs, 5 * minuteMs);
  return floorTo(startMs, minuteMs);
}
