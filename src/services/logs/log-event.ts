/**
 * The events of one stream, page by page. A token is a direction and a position: `f/…` goes on
 * after what was read, `b/…` before it. At an end the same token is answered again.
 */
import type {
  GetLogEventsRequest,
  GetLogEventsResponse,
  OutputLogEvent,
} from '@aws-sdk/client-cloudwatch-logs';
import type { LogLine, LogPage, LogRange } from '../../ports/program-logs.ts';
import type { LogsCtx } from './context.ts';
import { faults } from './faults.ts';
import { groupNamed } from './groups.ts';

const tokenForm = /^([fb])\/(\d{56})$/;
const tokenDigits = 56;
/** As the original bounds a page. */
export const page = { mostLines: 10_000, mostBytes: 1024 * 1024 };

export async function getLogEvents(
  input: GetLogEventsRequest,
  ctx: LogsCtx,
): Promise<GetLogEventsResponse> {
  const group = await groupNamed(input, ctx);
  const at = placeIn(input.nextToken);
  const backward = at ? at.backward : input.startFromHead !== true;
  const range: LogRange = {
    ...page,
    ...(input.limit === undefined ? {} : { mostLines: input.limit }),
    ...(at ? { from: at.position } : {}),
    ...rangeMs(input),
    backward,
  };
  const found = await ctx.programLogs.read(`${group.prefix}${input.logStreamName}`, range);
  if (!found) throw faults.noStream();
  const idle = at?.position ?? (backward ? found.end : found.begin);
  return { events: found.lines.map(view), ...tokensOf(found, idle) };
}

/** The times of a request, the end excluded. */
export function rangeMs(input: {
  readonly startTime?: number | undefined;
  readonly endTime?: number | undefined;
}): Pick<LogRange, 'startMs' | 'endMs'> {
  return {
    ...(input.startTime === undefined ? {} : { startMs: input.startTime }),
    ...(input.endTime === undefined ? {} : { endMs: input.endTime }),
  };
}

/** `idle` is the place when there is no line to tell it. */
function tokensOf({ lines }: LogPage, idle: number) {
  const forward = lines.at(-1)?.endPosition ?? idle;
  const backward = lines[0]?.position ?? idle;
  return { nextForwardToken: token('f', forward), nextBackwardToken: token('b', backward) };
}

function token(direction: 'f' | 'b', position: number): string {
  return `${direction}/${String(position).padStart(tokenDigits, '0')}`;
}

function placeIn(text: string | undefined) {
  if (text === undefined) return undefined;
  const [, direction, digits] = tokenForm.exec(text) ?? [];
  const position = Number(digits);
  if (direction === undefined || !Number.isSafeInteger(position)) throw faults.invalidToken();
  return { backward: direction === 'b', position };
}

function view({ timeMs, text }: LogLine): OutputLogEvent {
  return { timestamp: timeMs, message: text, ingestionTime: timeMs };
}
