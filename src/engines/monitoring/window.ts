/** Which stretch of time a run looks at, and in which hour folders it finds it. */
import { hourMs, secondMs } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type Cadence, parseDurationMs } from '../cron/cadence.ts';

/** Half open: [startMs, endMs). */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

export interface WindowRules {
  readonly cadence: Cadence;
  readonly analysisStart?: string | undefined;
  readonly analysisEnd?: string | undefined;
  readonly startTimeOffset?: string | undefined;
  readonly endTimeOffset?: string | undefined;
}

const longestAnalysisMs = 24 * hourMs;

/**
 * One period up to the nominal time, unless durations say otherwise; offsets for late labels count
 * from the nominal time too, and win. Whole seconds, as records tell their time: those of the
 * second in which a run is asked for are in it.
 */
export function windowOf(nominalMs: number, rules: WindowRules): Outcome<Window> {
  const start = shift('DataAnalysisStartTime', rules.analysisStart, -rules.cadence.periodMs);
  const end = shift('DataAnalysisEndTime', rules.analysisEnd, 0);
  if (!start.ok) return start;
  if (!end.ok) return end;
  if (end.value - start.value > longestAnalysisMs) {
    return refuse('DataAnalysisStartTime and DataAnalysisEndTime must be at most 24 hours apart');
  }
  const offsetStart = shift('StartTimeOffset', rules.startTimeOffset, start.value);
  const offsetEnd = shift('EndTimeOffset', rules.endTimeOffset, end.value);
  if (!offsetStart.ok) return offsetStart;
  if (!offsetEnd.ok) return offsetEnd;
  if (offsetStart.value >= offsetEnd.value)
    return refuse('the analysis window must start before it ends');
  return ok({
    startMs: Math.floor((nominalMs + offsetStart.value) / secondMs) * secondMs,
    endMs: Math.ceil((nominalMs + offsetEnd.value) / secondMs) * secondMs,
  });
}

function shift(field: string, text: string | undefined, fallbackMs: number): Outcome<number> {
  if (text === undefined) return ok(fallbackMs);
  const parsed = parseDurationMs(text);
  return parsed.ok ? parsed : refuse(`${field}: ${parsed.reason}`);
}
