/** Runs the ageing of series: what is too old is not shown meanwhile, only kept a little longer. */
import { dayMs, minuteMs } from '../../kernel/clock.ts';
import type { Loop } from '../../kernel/loop.ts';
import type { Series } from './series.ts';

const everyMs = 2 * dayMs;
/** The first round waits, so that it does not compete with what a start has to do. */
const firstAfterMs = minuteMs;

export function makeSeriesLoop(series: Pick<Series, 'maintain'>): Loop {
  let nextMs: number | undefined;
  return {
    name: 'series',
    async tick(nowMs, { signal }) {
      nextMs ??= nowMs + firstAfterMs;
      if (nowMs < nextMs) return nextMs;
      nextMs = nowMs + everyMs;
      await series.maintain({ signal });
      return nextMs;
    },
  };
}
