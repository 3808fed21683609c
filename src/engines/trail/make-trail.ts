/**
 * The trail: records go to a journal, a journal becomes a sealed stretch, and stretches are read
 * back. What a record says is written by `build.ts`; where copies are delivered is others' work.
 */
import { assert, defined } from '../../kernel/assert.ts';
import type { ByteStream } from '../../kernel/bytes.ts';
import { type Clock, minuteMs } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Loop } from '../../kernel/loop.ts';
import type { Random } from '../../kernel/random.ts';
import type { Journals } from '../../ports/journals.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { SealedStore } from '../sealing/sealed-store.ts';
import type { TrailEvent } from './event.ts';
import { withForms } from './forms.ts';
import { readKept } from './kept.ts';
import { linesOf } from './lines.ts';
import { type LookupPage, type LookupQuery, lookup } from './lookup.ts';
import { stretchRows } from './rows.ts';
import { StretchSealer } from './sealer.ts';
import type { OpenStretch } from './stretch.ts';
import type { EventKind, Trail, TrailLine } from './trail.ts';
import { stretchMs, TrailWriter } from './writer.ts';

export interface TrailParts {
  readonly journals: Journals;
  /** Of the trail alone. */
  readonly blobs: SealedStore;
  readonly store: MetadataStore;
  readonly clock: Clock;
  /** For the names of stretches. */
  readonly random: Random;
  readonly log: Logger;
  /** Called when the loop has to be asked again when it is due. */
  readonly wake?: () => void;
}

export interface KeptTrail extends Trail {
  /** Ends and seals stretches in time, takes up what was left over, and deletes what is old. */
  readonly loop: Loop;
  /** Newest first. Throws `InvalidPosition`. */
  lookup(query: LookupQuery): Promise<LookupPage>;
  /** Resolves when no record is being written. */
  idle(): Promise<void>;
}

export const trailLoopName = 'trail';
/** After a stretch could not be sealed. */
const retryMs = minuteMs;

export function makeTrail(parts: TrailParts): KeptTrail {
  const { store, blobs, log, wake = () => {} } = parts;
  const sealer = new StretchSealer(parts);
  const writer = new TrailWriter({
    ...parts,
    ready: () => sealer.recover(),
    onBegun: wake,
    onEnded(stretch) {
      sealer.add(stretch);
      wake();
    },
  });
  let choose: (kind: EventKind) => boolean = () => false;

  const liveIds = () => {
    const { open } = writer;
    return [...(open ? [open] : []), ...sealer.ended.toReversed()].map(({ id }) => id);
  };
  const reading: Reading = {
    ...{ store, blobs },
    live: (id) => [...sealer.ended, writer.open].find((one) => one?.id === id),
  };
  return {
    record: (event) => writer.record(writtenOut(event)),
    recordLine: (line) => writer.record(line),
    wants: (kind) => kind.category === 'Management' || choose(kind),
    chooseData(choice) {
      choose = choice;
    },
    isWritable: () => writer.isWritable(),
    async seal() {
      await writer.idle();
      writer.end();
      await sealer.sealAll();
    },
    async stretches(after, limit) {
      assert(limit > 0, 'a page has at least one stretch');
      const bound = after === undefined ? {} : { after };
      const page = await store.list(stretchRows, { ...bound, limit });
      return page.map(({ row: { id, beganAtMs, endedAtMs, count } }) => ({
        ...{ id, beganAtMs, endedAtMs, count },
      }));
    },
    async *read({ id }) {
      const row = defined(await store.get(stretchRows, id), `stretch ${id}`);
      yield* readKept(row, blobs);
    },
    async lookup(query) {
      await sealer.recover();
      const linesIn = (id: string) => allLines(id, reading);
      return lookup(query, { store, unsealed: liveIds, linesIn });
    },
    idle: () => writer.idle(),
    loop: makeLoop({ writer, sealer, log }),
  };
}

/** Names and user agents cannot break a line: JSON escapes what ends one, and all controls. */
function writtenOut(event: TrailEvent): TrailLine {
  return { text: JSON.stringify(event), eventID: event.eventID, subject: event };
}

interface Looping {
  readonly writer: TrailWriter;
  readonly sealer: StretchSealer;
  readonly log: Logger;
}

function makeLoop({ writer, sealer, log }: Looping): Loop {
  async function isSealed(): Promise<boolean> {
    try {
      await sealer.sealAll();
      return true;
    } catch (cause) {
      log.error('a stretch of the trail could not be sealed', cause);
      return false;
    }
  }
  return {
    name: trailLoopName,
    async tick(nowMs) {
      writer.endIfOlder(nowMs);
      const retryAtMs = (await isSealed()) ? Number.POSITIVE_INFINITY : nowMs + retryMs;
      const sweepAtMs = await sealer.sweep(nowMs);
      const endAtMs = writer.open ? writer.open.beganAtMs + stretchMs : Number.POSITIVE_INFINITY;
      return Math.min(retryAtMs, sweepAtMs, endAtMs);
    },
  };
}

interface Reading extends Pick<TrailParts, 'store' | 'blobs'> {
  readonly live: (id: string) => OpenStretch | undefined;
}

async function allLines(id: string, reading: Reading): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(await contentOf(id, reading))) lines.push(line.toString('utf8'));
  return lines;
}

async function contentOf(id: string, { store, blobs, live }: Reading): Promise<ByteStream> {
  const row = await store.get(stretchRows, id);
  if (row) return readKept(row, blobs);
  const unsealed = live(id);
  if (unsealed) return withForms(unsealed.journal.read());
  // Sealed between the two looks, or past its time.
  const sealed = await store.get(stretchRows, id);
  return sealed ? readKept(sealed, blobs) : nothing();
}

async function* nothing(): ByteStream {}
