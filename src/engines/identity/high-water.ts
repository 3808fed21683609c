/**
 * Time that does not go back: what has expired stays expired when the machine's clock is set back,
 * also over a restart. While the clock is far behind, this time goes on at the clock's pace from
 * the latest instant that was seen; a small step back is waited out.
 */
import { type Clock, minuteMs } from '../../kernel/clock.ts';
import type { Collection, MetadataStore } from '../../ports/metadata-store.ts';

export interface HighWater extends Clock {
  /** Reads what was kept; to be awaited before time is asked. Reads once. */
  ready(): Promise<void>;
  /** Keeps the latest instant. */
  save(): Promise<void>;
}

interface MarkRow {
  readonly atMs: number;
}

export const marks: Collection<MarkRow> = { name: 'identity/high-water' };
const onlyKey = 'time';
/** How far the clock may be behind and be waited for. */
const waitedOutMs = minuteMs;

export function makeHighWater(store: MetadataStore, clock: Clock): HighWater {
  let markMs = Number.NEGATIVE_INFINITY;
  let clockMs = clock.nowMs();
  let savedMs = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;

  async function load(): Promise<void> {
    const row = await store.get(marks, onlyKey);
    savedMs = row?.atMs ?? savedMs;
    markMs = Math.max(markMs, savedMs);
  }

  function nowMs(): number {
    const passedMs = Math.max(0, clock.nowMs() - clockMs);
    clockMs = clock.nowMs();
    const far = markMs - clockMs > waitedOutMs;
    markMs = Math.max(clockMs, far ? markMs + passedMs : markMs);
    return markMs;
  }

  return {
    nowMs,
    async ready() {
      loading ??= load();
      try {
        await loading;
      } catch (cause) {
        loading = undefined;
        throw cause;
      }
    },
    async save() {
      const atMs = nowMs();
      if (atMs <= savedMs) return;
      await store.write((tx) => tx.put(marks, onlyKey, { atMs }));
      savedMs = atMs;
    },
  };
}
