/**
 * The events of many streams of a group, in the order of their times. Not a search: patterns are
 * not built.
 */
import { createHash } from 'node:crypto';
import type {
  FilteredLogEvent,
  FilterLogEventsRequest,
  FilterLogEventsResponse,
} from '@aws-sdk/client-cloudwatch-logs';
import type { LogLine } from '../../ports/program-logs.ts';
import type { LogsCtx } from './context.ts';
import { faults } from './faults.ts';
import { groupNamed, type LogGroup } from './groups.ts';
import { page } from './log-event.ts';
import { allStreams, type Stream, streamsOf } from './log-stream.ts';
import { decodeToken, encodeToken } from './tokens.ts';

const listing = 'events';
/** What is read of a stream at a time: every stream under way holds so much. */
const piece = { mostLines: 1_000, mostBytes: 64 * 1024 };

export async function filterLogEvents(
  input: FilterLogEventsRequest,
  ctx: LogsCtx,
): Promise<FilterLogEventsResponse> {
  if (input.filterPattern) throw faults.notBuilt('FilterLogEvents with filterPattern');
  if (input.startFromHead === false) throw faults.notBuilt('FilterLogEvents from the end');
  const after = placeIn(input.nextToken);
  const group = await groupNamed(input, ctx);
  const streams = await streamsNamed(group, input, ctx);
  const startMs = Math.max(input.startTime ?? 0, after?.timeMs ?? 0);
  // The end is included, unlike that of GetLogEvents.
  const endMs = (input.endTime ?? Infinity) + 1;
  const merged = mergedEvents(
    streams.filter(({ firstMs, lastMs }) => lastMs >= startMs && firstMs < endMs),
    { group, startMs, endMs, after },
    ctx,
  );
  return pageOf(merged, input.limit ?? page.mostLines);
}

async function streamsNamed(
  group: LogGroup,
  { logStreamNames, logStreamNamePrefix }: FilterLogEventsRequest,
  ctx: LogsCtx,
): Promise<Stream[]> {
  if (logStreamNames === undefined) return allStreams(group, logStreamNamePrefix ?? '', ctx);
  if (logStreamNamePrefix !== undefined) {
    throw faults.exclusive('logStreamNames', 'logStreamNamePrefix');
  }
  const names = [...new Set(logStreamNames)];
  const streams = await streamsOf(
    group,
    names.map((name) => `${group.prefix}${name}`),
    ctx,
  );
  if (streams.length < names.length) throw faults.noStream();
  return streams;
}

/** An event's place: by time, then by stream, then in its stream. */
interface Place {
  readonly timeMs: number;
  readonly stream: string;
  readonly position: number;
}

function compare(a: Place, b: Place): number {
  if (a.timeMs !== b.timeMs) return a.timeMs - b.timeMs;
  if (a.stream !== b.stream) return a.stream < b.stream ? -1 : 1;
  return a.position - b.position;
}

type Event = LogLine & Place;

interface Merging {
  readonly group: LogGroup;
  readonly startMs: number;
  readonly endMs: number;
  readonly after: Place | undefined;
}

/** A stream under way, at its next event. */
interface Cursor {
  head: Event;
  readonly rest: AsyncGenerator<Event>;
}

async function* mergedEvents(
  streams: readonly Stream[],
  merging: Merging,
  ctx: LogsCtx,
): AsyncGenerator<Event> {
  const waiting = [...streams].sort((a, b) => a.firstMs - b.firstMs);
  const cursors: Cursor[] = [];
  for (;;) {
    ctx.signal.throwIfAborted();
    let first = earliest(cursors);
    // A stream is opened only when its turn comes: most begin after others have ended.
    for (let next = waiting[0]; next; next = waiting[0]) {
      if (first && next.firstMs > first.head.timeMs) break;
      waiting.shift();
      const rest = eventsOf(next, merging, ctx);
      const { value: head } = await rest.next();
      if (head) cursors.push({ head, rest });
      first = earliest(cursors);
    }
    if (!first) return;
    yield first.head;
    const { value } = await first.rest.next();
    if (value) first.head = value;
    else cursors.splice(cursors.indexOf(first), 1);
  }
}

function earliest(cursors: readonly Cursor[]): Cursor | undefined {
  let first: Cursor | undefined;
  for (const cursor of cursors) {
    if (!first || compare(cursor.head, first.head) < 0) first = cursor;
  }
  return first;
}

async function* eventsOf(
  { name: stream }: Stream,
  { group, startMs, endMs, after }: Merging,
  { programLogs }: LogsCtx,
): AsyncGenerator<Event, undefined> {
  for (let from = 0; ; ) {
    const range = { ...piece, from, startMs, endMs };
    const found = await programLogs.read(`${group.prefix}${stream}`, range);
    const last = found?.lines.at(-1);
    if (!found || !last) return undefined;
    for (const line of found.lines) {
      const event = { ...line, stream };
      if (!after || compare(event, after) > 0) yield event;
    }
    from = last.endPosition;
  }
}

async function pageOf(merged: AsyncGenerator<Event>, limit: number) {
  const found: Event[] = [];
  let bytes = 0;
  let more = false;
  for await (const event of merged) {
    bytes += Buffer.byteLength(event.text);
    more = found.length === limit || (found.length > 0 && bytes > page.mostBytes);
    if (more) break;
    found.push(event);
  }
  const last = found.at(-1);
  const token = last && encodeToken(listing, [last.timeMs, last.stream, last.position]);
  return {
    events: found.map(view),
    // The original has stopped telling them.
    searchedLogStreams: [],
    ...(more && token ? { nextToken: token } : {}),
  };
}

function placeIn(token: string | undefined): Place | undefined {
  const parts = decodeToken(token, listing);
  if (!parts) return undefined;
  const [timeMs, stream, position] = parts;
  const isPlace =
    typeof timeMs === 'number' && typeof stream === 'string' && typeof position === 'number';
  if (!isPlace) throw faults.invalidToken();
  return { timeMs, stream, position };
}

const idDigits = { time: 16, stream: 24, position: 16 };

/** 56 digits, as the original's, and in the order of the events of a stream. */
function idOf({ timeMs, stream, position }: Place): string {
  const hash = createHash('sha256').update(stream).digest().readBigUInt64BE();
  return [
    String(timeMs).padStart(idDigits.time, '0'),
    String(hash).padStart(idDigits.stream, '0'),
    String(position).padStart(idDigits.position, '0'),
  ].join('');
}

function view(event: Event): FilteredLogEvent {
  return {
    logStreamName: event.stream,
    timestamp: event.timeMs,
    message: event.text,
    ingestionTime: event.timeMs,
    eventId: idOf(event),
  };
}
