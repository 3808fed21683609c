/** Lines of a job's log about work that takes long: what it costs, how far it is, what is left. */
import { type Clock, secondMs } from '../../kernel/clock.ts';

/** No two lines of one work are closer together. */
const leastMs = 2 * secondMs;

export interface Progress {
  /** `done` of `total`, in the unit of the work. */
  report(done: number, total: number): void;
}

/** `what` is what is counted: `predictions for kernel SHAP`. */
export function progressOf(clock: Clock, what: string, say: (line: string) => void): Progress {
  const startMs = clock.nowMs();
  let saidMs: number | undefined;
  return {
    report(done, total) {
      const nowMs = clock.nowMs();
      const isFirst = saidMs === undefined;
      if (!isFirst && nowMs - (saidMs ?? 0) < leastMs && done < total) return;
      saidMs = nowMs;
      const leftMs = done > 0 ? ((nowMs - startMs) / done) * (total - done) : 0;
      const left = done < total ? `, about ${timeText(leftMs)} left` : '';
      say(`${rounded(done)} of ${rounded(total)} ${what}${left}.`);
    },
  };
}

function rounded(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

function timeText(ms: number): string {
  const seconds = Math.ceil(ms / secondMs);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}
