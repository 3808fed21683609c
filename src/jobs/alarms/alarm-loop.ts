/**
 * Evaluates alarms when they are due and sends what follows from it.
 *
 * Every alarm of a cadence (each minute; each ten seconds for shorter periods; each hour for
 * windows over a day) is due at the multiples of that cadence, and is judged on whole periods that
 * end there; for periods over a minute the window slides. After a long jump of the clock an alarm
 * is judged once, as of now: the minutes between are not replayed.
 */

import { changeState } from '../../engines/alarms/changes.ts';
import { evaluate, evaluationRange, type Observation } from '../../engines/alarms/evaluate.ts';
import { explain } from '../../engines/alarms/reason.ts';
import {
  type AlarmConfig,
  type AlarmRow,
  alarms,
  type Cadence,
  cadences,
  history,
  historyKeepMs,
  type NewState,
} from '../../engines/alarms/rows.ts';
import { fineKeepMs, floorTo } from '../../engines/series/levels.ts';
import type { Series } from '../../engines/series/series.ts';
import { measure, needsValues, parseStatistic } from '../../engines/series/statistics.ts';
import { hourMs } from '../../kernel/clock.ts';
import type { Loop } from '../../kernel/loop.ts';
import { type Entry, type MetadataStore, sortable } from '../../ports/metadata-store.ts';
import { type SendingParts, sendAll } from './actions.ts';

export interface AlarmLoopParts extends SendingParts {
  readonly series: Pick<Series, 'query'>;
  /**
   * How long after a period's end it is judged, so that what recorders gather for a moment is in.
   * 2,000 unless given.
   */
  readonly settleMs?: number;
}

/** The loop's name, for `Wake`. */
export const alarmLoopName = 'alarms';

const defaultSettleMs = 2_000;
const pageRows = 200;
const order: readonly Cadence[] = ['fast', 'minute', 'hour'];

export function makeAlarmLoop(parts: AlarmLoopParts): Loop {
  const settleMs = parts.settleMs ?? defaultSettleMs;
  const judgedAtMs = new Map<Cadence, number>();
  let purgedAtMs = Number.NEGATIVE_INFINITY;
  let running: Promise<number> | undefined;

  async function run(nowMs: number, signal: AbortSignal): Promise<number> {
    await sendAll(parts, signal);
    for (const cadence of order) {
      const markMs = floorTo(nowMs - settleMs, cadences[cadence]);
      if (markMs <= (judgedAtMs.get(cadence) ?? Number.NEGATIVE_INFINITY)) continue;
      await judgeAll(parts, { cadence, markMs, nowMs }, signal);
      judgedAtMs.set(cadence, markMs);
    }
    await sendAll(parts, signal);
    if (nowMs >= purgedAtMs + hourMs) {
      await purgeHistory(parts.store, nowMs, signal);
      purgedAtMs = nowMs;
    }
    return nextDue(parts.store, nowMs, settleMs);
  }

  return {
    name: alarmLoopName,
    tick(nowMs, { signal }) {
      running ??= run(nowMs, signal).finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}

async function nextDue(store: MetadataStore, nowMs: number, settleMs: number): Promise<number> {
  let dueMs = Number.POSITIVE_INFINITY;
  for (const cadence of order) {
    const some = await store.listBy(alarms, { index: 'cadence', equals: cadence, limit: 1 });
    if (some.length === 0) continue;
    const stepMs = cadences[cadence];
    dueMs = Math.min(dueMs, floorTo(nowMs - settleMs, stepMs) + stepMs + settleMs);
  }
  return dueMs;
}

interface Judging {
  readonly cadence: Cadence;
  /** Where the judged periods end. */
  readonly markMs: number;
  readonly nowMs: number;
}

async function judgeAll(parts: AlarmLoopParts, at: Judging, signal: AbortSignal): Promise<void> {
  let after: { readonly value: string; readonly key: string } | undefined;
  for (;;) {
    const bounds = after === undefined ? {} : { after };
    const range = { index: 'cadence', equals: at.cadence, limit: pageRows, ...bounds };
    const page = await parts.store.listBy(alarms, range);
    const judged: Judged[] = [];
    for (const entry of page) {
      signal.throwIfAborted();
      // One alarm that fails must not blind the others.
      const changed = await judge(parts, entry, at).catch((cause: unknown) =>
        parts.log.error('an alarm could not be evaluated', cause, { alarm: entry.row.arn }),
      );
      if (changed) judged.push(changed);
    }
    if (judged.length > 0) await keep(parts.store, judged, at.nowMs);
    after = page.at(-1);
    if (page.length < pageRows) return;
  }
}

/** An alarm as it was judged, and the state it is to be in. */
interface Judged {
  readonly key: string;
  readonly row: AlarmRow;
  readonly state: NewState;
}

/** Undefined when the alarm stays as it is. */
async function judge(
  parts: AlarmLoopParts,
  { key, row }: Entry<AlarmRow>,
  { markMs, nowMs }: Judging,
): Promise<Judged | undefined> {
  // A new configuration is first judged on a period that ended after it was made.
  if (row.configuredAtMs > markMs) return undefined;
  const range = await observe(parts.series, row, markMs);
  const verdict = evaluate(row.config, range, row.state.value);
  if (verdict.state === row.state.value) return undefined;
  return { key, row, state: explain({ config: row.config, range, verdict, nowMs }) };
}

async function keep(store: MetadataStore, judged: readonly Judged[], nowMs: number): Promise<void> {
  await store.write(async (tx) => {
    for (const { key, row, state } of judged) {
      const latest = await tx.get(alarms, key);
      // What was judged may have been deleted, reconfigured or set by hand in the meantime.
      if (latest?.configuredAtMs !== row.configuredAtMs) continue;
      if (latest.state.updatedAtMs !== row.state.updatedAtMs) continue;
      await changeState(tx, latest, { state, nowMs });
    }
  });
}

/** The evaluation range, oldest first. */
async function observe(
  series: Pick<Series, 'query'>,
  { scope, config }: AlarmRow,
  markMs: number,
): Promise<readonly Observation[]> {
  const statistic = parseStatistic(config.statistic ?? config.extendedStatistic ?? '');
  if (!statistic.ok) throw new Error(statistic.reason);
  const periodMs = config.periodSeconds * 1000;
  const starts = periodStarts(config, markMs);
  const streams = await series.query({
    scope,
    namespace: config.namespace,
    metric: config.metric,
    dimensions: config.dimensions,
    periodSeconds: config.periodSeconds,
    ...(config.unit === undefined ? {} : { unit: config.unit }),
    startMs: starts[0] ?? markMs - periodMs,
    endMs: markMs,
    withValues: needsValues(statistic.value),
  });
  // Of several units the first by name, as when metrics are read without one.
  const points = new Map(streams[0]?.points.map(({ startMs, bucket }) => [startMs, bucket]));
  return starts.map((startMs) => {
    const bucket = points.get(startMs);
    const value = bucket && measure(statistic.value, bucket);
    if (!bucket || value === undefined) return { startMs };
    return { startMs, value, sampleCount: bucket.count };
  });
}

function periodStarts(config: AlarmConfig, markMs: number): readonly number[] {
  const periodMs = config.periodSeconds * 1000;
  const wanted = evaluationRange(config.evaluationPeriods);
  // What is finer than a minute is kept for a few hours only.
  const kept = Math.floor((fineKeepMs - hourMs / 60) / periodMs);
  const count = config.periodSeconds < 60 ? Math.min(wanted, kept) : wanted;
  return Array.from({ length: count }, (_, i) => markMs - (count - i) * periodMs);
}

async function purgeHistory(
  store: MetadataStore,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  const to = sortable(Math.max(0, nowMs - historyKeepMs));
  for (;;) {
    signal.throwIfAborted();
    const old = await store.listBy(history, { index: 'age', to, limit: pageRows });
    if (old.length > 0) {
      await store.write(async (tx) => {
        for (const { key } of old) await tx.delete(history, key);
      });
    }
    if (old.length < pageRows) return;
  }
}
