/** Log streams: one for each job, and one for each server of an endpoint's variant. */
import type {
  DescribeLogStreamsRequest,
  DescribeLogStreamsResponse,
  LogStream,
} from '@aws-sdk/client-cloudwatch-logs';
import type { LogExtent } from '../../ports/program-logs.ts';
import type { LogsCtx } from './context.ts';
import { faults } from './faults.ts';
import { groupNamed, type LogGroup, streamArn } from './groups.ts';
import { encodeToken, textIn } from './tokens.ts';

const defaultPage = 50;
const readAtOnce = 16;

export interface Stream extends LogExtent {
  /** As clients know it. */
  readonly name: string;
}

export async function describeLogStreams(
  input: DescribeLogStreamsRequest,
  ctx: LogsCtx,
): Promise<DescribeLogStreamsResponse> {
  const { orderBy = 'LogStreamName', logStreamNamePrefix } = input;
  const byTime = orderBy === 'LastEventTime';
  if (byTime && logStreamNamePrefix !== undefined) {
    throw faults.invalid('Cannot order by LastEventTime with a logStreamNamePrefix.');
  }
  const group = await groupNamed(input, ctx);
  const { streams, more } = byTime
    ? await pageByTime(group, input, ctx)
    : await pageByName(group, input, ctx);
  const last = streams.at(-1);
  const listing = listingOf(input);
  return {
    logStreams: streams.map((stream) => view(stream, group, ctx)),
    ...(more && last ? { nextToken: encodeToken(listing, [last.name]) } : {}),
  };
}

function listingOf({ orderBy, descending }: DescribeLogStreamsRequest): string {
  return `streams ${orderBy ?? 'LogStreamName'} ${descending ? 'down' : 'up'}`;
}

interface Page {
  readonly streams: readonly Stream[];
  readonly more: boolean;
}

async function pageByName(
  group: LogGroup,
  input: DescribeLogStreamsRequest,
  ctx: LogsCtx,
): Promise<Page> {
  const { logStreamNamePrefix = '', descending = false, limit = defaultPage } = input;
  const after = textIn(input.nextToken, listingOf(input));
  const logs: string[] = [];
  const which = {
    prefix: `${group.prefix}${logStreamNamePrefix}`,
    descending,
    ...(after === undefined ? {} : { after: `${group.prefix}${after}` }),
  };
  for await (const log of ctx.programLogs.names(which)) {
    logs.push(log);
    if (logs.length > limit) break;
  }
  return { streams: await streamsOf(group, logs.slice(0, limit), ctx), more: logs.length > limit };
}

async function pageByTime(
  group: LogGroup,
  input: DescribeLogStreamsRequest,
  ctx: LogsCtx,
): Promise<Page> {
  const { descending = false, limit = defaultPage } = input;
  const after = textIn(input.nextToken, listingOf(input));
  const streams = await allStreams(group, '', ctx);
  streams.sort((a, b) => a.lastMs - b.lastMs || (a.name < b.name ? -1 : 1));
  if (descending) streams.reverse();
  const start = after === undefined ? 0 : streams.findIndex(({ name }) => name === after) + 1;
  const page = streams.slice(start, start + limit);
  return { streams: page, more: start + limit < streams.length };
}

/** Every stream of a group whose name begins so, in the order of the names. */
export async function allStreams(
  group: LogGroup,
  namePrefix: string,
  ctx: LogsCtx,
): Promise<Stream[]> {
  const logs: string[] = [];
  const prefix = `${group.prefix}${namePrefix}`;
  for await (const log of ctx.programLogs.names({ prefix })) logs.push(log);
  return streamsOf(group, logs, ctx);
}

/** Without those that have no line yet. */
export async function streamsOf(
  group: LogGroup,
  logs: readonly string[],
  { programLogs, signal }: LogsCtx,
): Promise<Stream[]> {
  const streams: Stream[] = [];
  for (let at = 0; at < logs.length; at += readAtOnce) {
    signal.throwIfAborted();
    const some = logs.slice(at, at + readAtOnce).map(async (log) => {
      const extent = await programLogs.extent(log);
      return extent ? [{ ...extent, name: log.slice(group.prefix.length) }] : [];
    });
    streams.push(...(await Promise.all(some)).flat());
  }
  return streams;
}

function view(stream: Stream, group: LogGroup, { scope }: LogsCtx): LogStream {
  return {
    logStreamName: stream.name,
    creationTime: stream.firstMs,
    firstEventTimestamp: stream.firstMs,
    lastEventTimestamp: stream.lastMs,
    lastIngestionTime: stream.lastMs,
    // Writers needed it once; what they send is no longer looked at.
    uploadSequenceToken: '0',
    arn: streamArn(scope, group.name, stream.name),
    storedBytes: 0,
  };
}
