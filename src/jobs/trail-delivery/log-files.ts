/** What a trail takes from a stretch, as log files: one for each region that has events in it. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { sha256Of } from '../../engines/trail/digests/digest.ts';
import { isoSeconds, logKey, uniqueChars } from '../../engines/trail/digests/names.ts';
import type { LogFile, Run, TrailRow } from '../../engines/trail/digests/rows.ts';
import { type Selection, selectableOf } from '../../engines/trail/digests/selection.ts';
import type { TrailEvent } from '../../engines/trail/event.ts';
import type { Stretch } from '../../engines/trail/trail.ts';
import { secondMs } from '../../kernel/clock.ts';

export const zipped: (bytes: Uint8Array) => Promise<Buffer> = promisify(gzip);

/** Services whose events are the account's and not a region's. */
const globalSources: ReadonlySet<string> = new Set(['iam.amazonaws.com']);

export interface Taking {
  readonly trail: TrailRow;
  readonly takes: Selection;
  readonly run: Run;
  /** That was started while this one was still being delivered. */
  readonly nextRun: Run | undefined;
}

export interface FileToPut {
  readonly region: string;
  readonly file: LogFile;
  readonly bytes: Buffer;
}

/**
 * The names depend on the trail and the stretch alone: delivering again after a crash replaces
 * what was delivered before it.
 */
export function logFilesOf(
  taking: Taking,
  stretch: Stretch,
  events: readonly TrailEvent[],
): readonly FileToPut[] {
  const { trail } = taking;
  const byRegion = new Map<string, TrailEvent[]>();
  for (const event of events) {
    const region = isInRun(taking, event) ? regionFor(taking, event) : undefined;
    if (region === undefined) continue;
    const there = byRegion.get(region);
    if (there) there.push(event);
    else byRegion.set(region, [event]);
  }
  const { prefix, account, bucket } = trail;
  return [...byRegion].map(([region, records]) => {
    const bytes = Buffer.from(JSON.stringify({ Records: records }));
    const times = records.map(({ eventTime }) => eventTime).sort();
    const none = isoSeconds(stretch.endedAtMs);
    const unique = uniqueName([trail.arn, String(trail.createdAtMs), stretch.id, region]);
    const file = {
      bucket,
      key: logKey({ prefix, account, region }, { atMs: stretch.endedAtMs, unique }),
      sha256: sha256Of(bytes),
      newest: times.at(-1) ?? none,
      oldest: times[0] ?? none,
    };
    return { region, file, bytes };
  });
}

/** The region under which the event is delivered; undefined when the trail does not want it. */
function regionFor({ trail, takes }: Taking, event: TrailEvent): string | undefined {
  if (event.recipientAccountId !== trail.account) return undefined;
  const isGlobal = globalSources.has(event.eventSource);
  if (isGlobal && !trail.includeGlobal) return undefined;
  const isHere = trail.multiRegion || isGlobal || event.awsRegion === trail.region;
  if (!isHere || !takes(selectableOf(event))) return undefined;
  return trail.multiRegion ? event.awsRegion : trail.region;
}

/** Records tell the second; so much later the record of the stop itself may be dated. */
const stopMarginMs = secondMs;

/** What belongs to two runs by its second belongs to the later one. */
function isInRun({ run, nextRun }: Taking, event: TrailEvent): boolean {
  const atMs = Date.parse(event.eventTime);
  if (atMs < secondOf(run.startedAtMs)) return false;
  if (run.stoppedAtMs !== undefined && atMs > run.stoppedAtMs + stopMarginMs) return false;
  return nextRun === undefined || atMs < secondOf(nextRun.startedAtMs);
}

/** The second that holds the instant. */
export function secondOf(atMs: number): number {
  return Math.floor(atMs / secondMs) * secondMs;
}

function uniqueName(about: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(about)).digest('base64');
  return digest.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, uniqueChars);
}
