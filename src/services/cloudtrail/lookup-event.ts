/** Looking up management events of the last 90 days, the newest first. */
import type {
  Event,
  LookupAttribute,
  LookupEventsRequest,
  LookupEventsResponse,
  Resource,
} from '@aws-sdk/client-cloudtrail';
import type { AttributeName } from '../../engines/trail/attributes.ts';
import type { TrailEvent } from '../../engines/trail/event.ts';
import { userNameOf } from '../../engines/trail/identity.ts';
import { InvalidPosition, type LookupPage, type LookupQuery } from '../../engines/trail/lookup.ts';
import { dayMs } from '../../kernel/clock.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';

const usualResults = 50;
const keptMs = 90 * dayMs;
const longestValue = 2_000;

export async function lookupEvents(
  input: LookupEventsRequest,
  ctx: Ctx,
): Promise<LookupEventsResponse> {
  const nowMs = ctx.clock.nowMs();
  const query = queryOf(input, ctx, nowMs);
  // Insights events are not computed: there are none.
  if (input.EventCategory === 'insight') return { Events: [] };
  const { events, after } = await pageOf(query, ctx);
  return {
    Events: events.map(eventView),
    ...(after === undefined ? {} : { NextToken: tokens.of(query, after) }),
  };
}

async function pageOf(query: LookupQuery, ctx: Ctx): Promise<LookupPage> {
  try {
    return await ctx.lookup(query);
  } catch (cause) {
    if (cause instanceof InvalidPosition) throw faults.invalidNextToken();
    throw cause;
  }
}

function queryOf(input: LookupEventsRequest, { scope }: Ctx, nowMs: number): LookupQuery {
  const { StartTime, EndTime, MaxResults: limit = usualResults, NextToken: token } = input;
  const given = attributeOf(input.LookupAttributes ?? []);
  const startMs = StartTime?.getTime() ?? nowMs - keptMs;
  const endMs = EndTime?.getTime() ?? nowMs;
  if (startMs > endMs) throw faults.timeRange('StartTime must not be later than EndTime.');
  const { account, region } = scope;
  const attribute = given === undefined ? {} : { attribute: given };
  const query = { ...attribute, account, region, startMs, endMs, limit };
  if (token === undefined) return query;
  const before = tokens.read(token);
  // The page goes on in the question that it answers, whose end may have been "now".
  const isSame = JSON.stringify(before?.attribute) === JSON.stringify(attribute.attribute);
  const isSameStart = StartTime === undefined || before?.startMs === startMs;
  const isSameEnd = EndTime === undefined || before?.endMs === endMs;
  if (!before || !isSame || !isSameStart || !isSameEnd) throw faults.invalidNextToken();
  return { ...query, startMs: before.startMs, endMs: before.endMs, after: before.after };
}

const names: ReadonlySet<string> = new Set<AttributeName>([
  ...(['EventId', 'EventName', 'ReadOnly', 'Username'] as const),
  ...(['ResourceType', 'ResourceName', 'EventSource', 'AccessKeyId'] as const),
]);

function attributeOf(given: readonly LookupAttribute[]): LookupQuery['attribute'] | undefined {
  const [first, ...more] = given;
  if (!first) return undefined;
  if (more.length > 0) {
    throw faults.invalidAttribute('Only one lookup attribute can be specified at a time.');
  }
  const { AttributeKey: name = '', AttributeValue: value = '' } = first;
  if (!isName(name)) throw faults.invalidAttribute(`The attribute ${name} is invalid.`);
  if (value === '' || value.length > longestValue) {
    throw faults.invalidAttribute(`The value of ${name} is empty or too long.`);
  }
  if (name === 'ReadOnly' && value !== 'true' && value !== 'false') {
    throw faults.invalidAttribute('The value of ReadOnly must be true or false.');
  }
  return { name, value };
}

function isName(name: string): name is AttributeName {
  return names.has(name);
}

type Continued = Pick<LookupQuery, 'attribute' | 'startMs' | 'endMs'> & { readonly after: string };

const tokens = {
  of({ attribute, startMs, endMs }: Omit<Continued, 'after'>, after: string): string {
    const text = JSON.stringify({ attribute, startMs, endMs, after });
    return Buffer.from(text, 'utf8').toString('base64url');
  },
  read(token: string): Continued | undefined {
    try {
      const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
      return isContinued(value) && tokens.of(value, value.after) === token ? value : undefined;
    } catch (cause) {
      if (cause instanceof SyntaxError) return undefined;
      throw cause;
    }
  },
};

function isContinued(value: unknown): value is Continued {
  const { startMs, endMs, after } = (value ?? {}) as Record<string, unknown>;
  return typeof startMs === 'number' && typeof endMs === 'number' && typeof after === 'string';
}

function eventView(event: TrailEvent): Event {
  const { accessKeyId } = event.userIdentity;
  const name = userNameOf(event.userIdentity);
  return {
    EventId: event.eventID,
    EventName: event.eventName,
    ReadOnly: String(event.readOnly),
    ...(accessKeyId === undefined ? {} : { AccessKeyId: accessKeyId }),
    EventTime: new Date(event.eventTime),
    EventSource: event.eventSource,
    ...(name === undefined ? {} : { Username: name }),
    Resources: (event.resources ?? []).map(resourceView),
    CloudTrailEvent: JSON.stringify(event),
  };
}

function resourceView({ type, ARN }: NonNullable<TrailEvent['resources']>[number]): Resource {
  return { ResourceType: type, ResourceName: ARN };
}
