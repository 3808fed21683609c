/**
 * Makes objects of captured records. An object appears whole or not at all; the journal goes only
 * after it. Done twice, after a crash between the two, it writes the same object again.
 */
import { readHeader, records } from '../../engines/capture/pour.ts';
import type { Spool } from '../../engines/capture/spool.ts';
import { type ObjectSpace, parseObjectUri } from '../../engines/objects/space.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Loop } from '../../kernel/loop.ts';
import { type Outcome, ok } from '../../kernel/outcome.ts';
import type { Journal } from '../../ports/journals.ts';

export const captureLoopName = 'capture';

export interface CaptureFlushParts {
  readonly spool: Spool;
  readonly objects: ObjectSpace;
  readonly log: Logger;
}

const firstRetryMs = 5_000;
const longestRetryMs = 300_000;
const contentType = 'application/jsonlines';

interface Failure {
  readonly attempts: number;
  readonly retryAtMs: number;
}

export function makeCaptureLoop(parts: CaptureFlushParts): Loop {
  const failures = new Map<string, Failure>();
  return {
    name: captureLoopName,
    async tick(nowMs, { signal }) {
      for (const journal of await parts.spool.sealDue(nowMs)) {
        if (signal.aborted) break;
        const before = failures.get(journal.name);
        if (before && before.retryAtMs > nowMs) continue;
        const flushed = await flush(journal, parts, signal);
        if (flushed.ok) {
          failures.delete(journal.name);
          continue;
        }
        const failure = next(before, nowMs);
        failures.set(journal.name, failure);
        const { reason } = flushed;
        parts.log.warn('captured records wait: they could not be written', { reason, ...failure });
      }
      const retries = [...failures.values()].map(({ retryAtMs }) => retryAtMs);
      return Math.min(parts.spool.nextDueMs(), ...retries);
    },
  };
}

function next(before: Failure | undefined, nowMs: number): Failure {
  const attempts = (before?.attempts ?? 0) + 1;
  const waitMs = Math.min(firstRetryMs * 2 ** (attempts - 1), longestRetryMs);
  return { attempts, retryAtMs: nowMs + waitMs };
}

/** Refused when the records have to wait; then the journal stays as it is. */
async function flush(
  journal: Journal,
  { spool, objects }: CaptureFlushParts,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const header = await readHeader(journal);
  if (!header.ok) return header;
  if (header.value) {
    const at = parseObjectUri(header.value.uri);
    if (!at.ok) return at;
    const put = await attempt(() =>
      objects.put(at.value, records(journal), { contentType, signal }),
    );
    if (!put.ok) return put;
  }
  await spool.done(journal);
  return ok(undefined);
}

async function attempt<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await work();
  } catch (cause) {
    return { ok: false, reason: cause instanceof Error ? cause.message : String(cause) };
  }
}
