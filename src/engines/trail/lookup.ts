/**
 * Finds events, newest first, in what was sealed and in what is still being written. Stretches
 * whose filter excludes the attribute are not opened.
 */
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { type Attribute, hasAttribute, textOf } from './attributes.ts';
import type { TrailEvent } from './event.ts';
import { mayHold } from './filter.ts';
import { type StretchRow, stretchRows } from './rows.ts';

export interface LookupQuery {
  readonly attribute?: Attribute;
  /** Inclusive. */
  readonly startMs: number;
  /** Inclusive. */
  readonly endMs: number;
  readonly limit: number;
  /** As an earlier page answered it. */
  readonly after?: string;
  /** Only what this account received. */
  readonly account?: string;
  readonly region?: string;
  /** Unless said, data events are left out. */
  readonly data?: boolean;
}

export interface LookupPage {
  readonly events: readonly TrailEvent[];
  /** There may be more, also after a page with no events: a page opens so many stretches only. */
  readonly after?: string;
}

/** Refused by throwing: the position is not one that a page answered. */
export class InvalidPosition extends Error {
  override readonly name = 'InvalidPosition';
}

export interface LookupParts {
  readonly store: MetadataStore;
  /** Ids of stretches that are not sealed yet, newest first. */
  readonly unsealed: () => readonly string[];
  /** All lines of a stretch, sealed or not, in the order they were written. */
  readonly linesIn: (id: string) => Promise<readonly string[]>;
}

/** Stretches that one page opens. */
const maxOpened = 40;
const rowsAtATime = 200;
const positionPattern = /^(\d{16}-[0-9a-f]{8}):(\d{1,9})$/;

interface Position {
  readonly id: string;
  /** Lines before this one. */
  readonly index: number;
}

export async function lookup(query: LookupQuery, parts: LookupParts): Promise<LookupPage> {
  const from = positionOf(query.after);
  const events: TrailEvent[] = [];
  let opened = 0;
  for await (const id of candidates(query, from, parts)) {
    if (opened >= maxOpened) return { events, after: `${id}:${beyondAll}` };
    opened += 1;
    const lines = await parts.linesIn(id);
    const start = from?.id === id ? Math.min(from.index, lines.length) : lines.length;
    for (let at = start - 1; at >= 0; at -= 1) {
      const event = fittingEvent(lines[at] ?? '', query);
      if (!event) continue;
      events.push(event);
      if (events.length >= query.limit) return { events, after: `${id}:${at}` };
    }
  }
  return { events };
}

/** More lines than a stretch has. */
const beyondAll = 999_999_999;

function positionOf(after: string | undefined): Position | undefined {
  if (after === undefined) return undefined;
  const [, id, index] = positionPattern.exec(after) ?? [];
  if (id === undefined) throw new InvalidPosition('the position is not of this trail');
  return { id, index: Number(index) };
}

/** Ids of the stretches that may hold what is asked for, newest first. */
async function* candidates(
  query: LookupQuery,
  from: Position | undefined,
  { store, unsealed }: LookupParts,
): AsyncIterable<string> {
  const live = unsealed();
  const isLater = (id: string) => from !== undefined && id > from.id;
  for (const id of live) if (!isLater(id)) yield id;
  const isLive = new Set(live);
  let after: string | undefined;
  for (;;) {
    const page = await store.list(stretchRows, {
      descending: true,
      limit: rowsAtATime,
      ...(after === undefined ? {} : { after }),
    });
    for (const { key, row } of page) {
      if (isLive.has(key) || isLater(key) || !mayFit(row, query)) continue;
      yield key;
    }
    after = page.at(-1)?.key;
    const oldest = page.at(-1)?.row;
    if (page.length < rowsAtATime || !oldest || oldest.endedAtMs + slackMs < query.startMs) return;
  }
}

/** Records carry whole seconds, and are kept a little after they are written. */
const slackMs = 60_000;

function mayFit(row: StretchRow, { startMs, endMs, attribute }: LookupQuery): boolean {
  if (row.endedAtMs + slackMs < startMs || row.beganAtMs - slackMs > endMs) return false;
  return attribute === undefined || mayHold(row.filter, textOf(attribute));
}

function fittingEvent(line: string, query: LookupQuery): TrailEvent | undefined {
  const { attribute, startMs, endMs, account, region, data } = query;
  if (attribute && !mayName(line, attribute)) return undefined;
  const event = JSON.parse(line) as TrailEvent;
  const atMs = Date.parse(event.eventTime);
  if (atMs < startMs - (startMs % 1_000) || atMs > endMs) return undefined;
  if (!data && event.eventCategory !== 'Management') return undefined;
  if (account !== undefined && event.recipientAccountId !== account) return undefined;
  if (region !== undefined && event.awsRegion !== region) return undefined;
  return attribute === undefined || hasAttribute(event, attribute) ? event : undefined;
}

/** Cheaper than reading the whole line: most have nothing of the value in them. */
function mayName(line: string, { name, value }: Attribute): boolean {
  // The root user's name is written in no record.
  if (name === 'Username') return true;
  return line.includes(JSON.stringify(value).slice(1, -1));
}
