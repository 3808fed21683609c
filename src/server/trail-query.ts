/**
 * `POST /_modelkeep/trail/query`: SQL over the audit trail of the caller's account, or a few plain
 * conditions. Signed for `iam`; needs the action `cloudtrail:LookupEvents`.
 */
import type { TrailEvent } from '../engines/trail/event.ts';
import { userNameOf } from '../engines/trail/identity.ts';
import type { KeptTrail } from '../engines/trail/make-trail.ts';
import { dayMs, hourMs, minuteMs } from '../kernel/clock.ts';
import type { EventEntry, EventQueries } from '../ports/event-queries.ts';
import { type Call, Fault } from '../wire/operation.ts';
import type { Route } from './http.ts';
import { type SignedRouteParts, signedRoute } from './signed-route.ts';

export interface TrailQueryParts extends SignedRouteParts {
  readonly lookup: KeptTrail['lookup'];
  readonly queries: EventQueries;
}

/** What is asked: SQL over the table `events`, or conditions that all must hold. */
export interface TrailQuestion {
  readonly sql?: string;
  /** A name, an ARN or an access key. */
  readonly who?: string;
  /** An ARN, or the end of one. */
  readonly resource?: string;
  readonly event?: string;
  /** `7d`, `12h`, `30m`, or ISO 8601. */
  readonly since?: string;
}

export interface TrailAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  /** More rows than one answer has. */
  readonly cut: boolean;
  readonly events: number;
  /** Older events were not looked at: there are more than one question can have. */
  readonly incomplete: boolean;
}

const usualSince = '7d';
const maxRows = 1_000;
/** Events that one question looks at. */
const maxEvents = 200_000;
const eventsAtATime = 10_000;
const timeoutMs = 20_000;
/** Each takes memory of its own. */
const maxAtOnce = 2;
const members = ['sql', 'who', 'resource', 'event', 'since'] as const;
const longestValue = 16_384;

const about = {
  ...{ path: '/_modelkeep/trail/query', eventName: 'QueryTrail', readOnly: true },
  eventSource: 'cloudtrail.amazonaws.com',
};
const checks = [{ action: 'cloudtrail:LookupEvents', resource: '*' }];

export function trailQueryRoute(parts: TrailQueryParts): Route {
  let running = 0;
  return signedRoute(about, parts, async (body, call, seen) => {
    seen.checks = checks;
    await parts.authorize({ call, service: 'cloudtrail', operation: 'LookupEvents', checks });
    const question = questionIn(body);
    if (running >= maxAtOnce) throw busy();
    running += 1;
    try {
      return await answerTo(question, call, parts);
    } finally {
      running -= 1;
    }
  });
}

async function answerTo(
  question: TrailQuestion,
  { scope, signal }: Call,
  { lookup, queries, wallClock }: TrailQueryParts,
): Promise<TrailAnswer> {
  const endMs = wallClock.nowMs() + dayMs;
  const startMs = sinceOf(question.since ?? usualSince, wallClock.nowMs());
  const read = { events: 0, incomplete: false };
  const range = { startMs, endMs, account: scope.account, data: true, limit: eventsAtATime };
  async function* entries(): AsyncIterable<readonly EventEntry[]> {
    let after: string | undefined;
    do {
      signal.throwIfAborted();
      const page = await lookup({ ...range, ...(after === undefined ? {} : { after }) });
      read.events += page.events.length;
      yield page.events.map(entryOf);
      after = page.after;
    } while (after !== undefined && read.events < maxEvents);
    read.incomplete = after !== undefined;
  }
  const sql = question.sql ?? sqlOf(question);
  const answered = await queries.run(sql, entries(), { maxRows, timeoutMs, signal });
  if (!answered.ok) throw invalid(`the question was not answered: ${answered.reason}`);
  return { ...answered.value, ...read };
}

function entryOf(event: TrailEvent): EventEntry {
  return { json: JSON.stringify(event), userName: userNameOf(event.userIdentity) };
}

function sqlOf({ who, resource, event }: TrailQuestion): string {
  const conditions = [
    ...(who === undefined ? [] : [`${text(who)} IN (user_name, user_arn, access_key_id)`]),
    ...(event === undefined ? [] : [`event_name = ${text(event)}`]),
    ...(resource === undefined
      ? []
      : [`len(list_filter(resources, lambda r: suffix(r, ${text(resource)}))) > 0`]),
  ];
  return `SELECT event_time, event_name, event_source, user_name, source_ip, error_code, resources
    FROM events ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
    ORDER BY event_time DESC`;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** Throws `Fault`, naming the member and the rule. */
function questionIn(body: Buffer): TrailQuestion {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw invalid('the body must be JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('the body must be an object');
  }
  const known: readonly string[] = members;
  for (const [name, given] of Object.entries(value)) {
    if (!known.includes(name)) throw invalid(`unknown member ${name.slice(0, 64)}`);
    if (typeof given !== 'string' || given === '' || given.length > longestValue) {
      throw invalid(`${name} must be a text of at most ${longestValue} characters`);
    }
  }
  const question = value as TrailQuestion;
  const { sql, who, resource, event } = question;
  if (sql !== undefined && (who ?? resource ?? event) !== undefined) {
    throw invalid('sql stands alone: conditions belong into it');
  }
  return question;
}

const units: Readonly<Record<string, number>> = { m: minuteMs, h: hourMs, d: dayMs };

function sinceOf(since: string, nowMs: number): number {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(since) ?? [];
  if (count !== undefined) return nowMs - Number(count) * (units[unit] ?? dayMs);
  const atMs = /^\d{4}-\d\d-\d\d/.test(since) ? Date.parse(since) : Number.NaN;
  if (Number.isNaN(atMs)) throw invalid('since must be like 7d, 12h, 30m or 2026-01-31');
  return atMs;
}

function invalid(message: string): Fault {
  return new Fault('ValidationError', message, { status: 400 });
}

function busy(): Fault {
  const message = `${maxAtOnce} questions are being answered: try again.`;
  return new Fault('ThrottlingException', message, { status: 429 });
}
