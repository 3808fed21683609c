/**
 * Turns stretches that have ended into sealed blobs with a row each, one after another in the order
 * they were begun, and takes up what a process that died has left. Deletes what is past its time.
 */
import { assert } from '../../kernel/assert.ts';
import type { ByteStream } from '../../kernel/bytes.ts';
import { dayMs } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Journals } from '../../ports/journals.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { DamagedJournal } from '../sealing/sealed-journals.ts';
import type { SealedStore } from '../sealing/sealed-store.ts';
import type { TrailEvent } from './event.ts';
import { withForms } from './forms.ts';
import { Hashing } from './kept.ts';
import { linesOf, packed } from './lines.ts';
import { type StretchRow, stretchRows } from './rows.ts';
import { beganAtOf, idOfJournal, journalOf, OpenStretch } from './stretch.ts';

/** How long the trail is kept for looking things up; copies that were delivered stay. */
export const retentionMs = 90 * dayMs;
/** Stretches that are held in memory until they are sealed: at most 8 MiB each. */
const maxHeld = 2;
/** Rows deleted in one go. */
const sweepRows = 100;

export interface SealerParts {
  readonly journals: Journals;
  /** Of the trail alone: what sweeps other blobs does not know those of the trail. */
  readonly blobs: SealedStore;
  readonly store: MetadataStore;
  readonly log: Logger;
}

export class StretchSealer {
  readonly #parts: SealerParts;
  // INVARIANT: in the order the stretches were begun, and so are the rows: who follows the rows
  // by their ids misses none.
  readonly #ended: OpenStretch[] = [];
  #recovering: Promise<number> | undefined;
  #sealing: Promise<void> | undefined;

  constructor(parts: SealerParts) {
    this.#parts = parts;
  }

  /** Stretches that wait to be sealed, oldest first. */
  get ended(): readonly OpenStretch[] {
    return this.#ended;
  }

  add(stretch: OpenStretch): void {
    this.#ended.push(stretch);
    if (this.#ended.length > maxHeld) stretch.forget();
  }

  /** Finds what was left over; answers when the newest stretch was begun. */
  recover(): Promise<number> {
    this.#recovering ??= this.#recover().catch((cause: unknown) => {
      this.#recovering = undefined;
      throw cause;
    });
    return this.#recovering;
  }

  /** Seals all that has ended; rejects at the first that cannot be. */
  async sealAll(): Promise<void> {
    await this.recover();
    while (this.#ended.length > 0 || this.#sealing) {
      this.#sealing ??= this.#sealFirst().finally(() => {
        this.#sealing = undefined;
      });
      await this.#sealing;
    }
  }

  /** Answers when the next stretch is past its time; `Infinity` when there is none. */
  async sweep(nowMs: number): Promise<number> {
    const { store, blobs } = this.#parts;
    for (;;) {
      const page = await store.list(stretchRows, { limit: sweepRows });
      const old = page.filter(({ row }) => row.endedAtMs + retentionMs <= nowMs);
      for (const { row } of old) await blobs.delete(row.blobId);
      if (old.length > 0) {
        await store.write(async (tx) => {
          for (const { key } of old) await tx.delete(stretchRows, key);
        });
      }
      if (old.length === page.length && old.length > 0) continue;
      const [next] = page.slice(old.length);
      return next ? next.row.endedAtMs + retentionMs : Number.POSITIVE_INFINITY;
    }
  }

  async #recover(): Promise<number> {
    const { journals, store, log } = this.#parts;
    const names = await journals.names();
    const ids = names.map(idOfJournal).filter((id) => id !== undefined);
    const found: OpenStretch[] = [];
    for (const id of ids.sort()) {
      try {
        const journal = await journals.open(journalOf(id));
        found.push(new OpenStretch(id, journal));
      } catch (cause) {
        if (!(cause instanceof DamagedJournal)) throw cause;
        log.error('a damaged journal of the trail is left where it is', cause, { id });
      }
    }
    this.#ended.unshift(...found);
    const [newest] = await store.list(stretchRows, { limit: 1, descending: true });
    const last = [ids.at(-1), newest?.key].filter((id) => id !== undefined).map(beganAtOf);
    return Math.max(0, ...last);
  }

  async #sealFirst(): Promise<void> {
    const [stretch] = this.#ended;
    if (!stretch) return;
    // An append that failed told its callers; what came before it stands.
    await stretch.appending?.catch(() => {});
    // Already a row: the process died before it removed the journal.
    const { store } = this.#parts;
    const known = stretch.leftOver ? await store.get(stretchRows, stretch.id) : undefined;
    const { damaged } = known ?? (await this.#keep(stretch));
    stretch.release();
    if (!damaged) await stretch.journal.remove();
    assert(this.#ended.shift() === stretch, 'stretches are sealed one after another');
  }

  async #keep(stretch: OpenStretch): Promise<Pick<StretchRow, 'damaged'>> {
    const { store, blobs } = this.#parts;
    if (stretch.count === 0 && !stretch.leftOver) return {};
    const content = new Sealing(stretch, this.#parts.log);
    const hashing = new Hashing();
    const blob = await blobs.put(hashing.passing(packed(content.lines())));
    const { id, beganAtMs, endedAtMs, count } = stretch;
    const damage = content.damaged ? ({ damaged: true } as const) : {};
    if (count === 0) {
      await blobs.delete(blob.id);
      return damage;
    }
    const row: StretchRow = {
      ...{ id, beganAtMs, endedAtMs, count, blobId: blob.id },
      ...{ packedBy: 'brotli', sha256: hashing.sha256() },
      ...{ filter: stretch.filter.folded(), ...damage },
    };
    await store.write((tx) => tx.put(stretchRows, id, row));
    return damage;
  }
}

/** The content of one stretch on its way into a blob. */
class Sealing {
  readonly #stretch: OpenStretch;
  readonly #log: Logger;
  damaged = false;

  constructor(stretch: OpenStretch, log: Logger) {
    this.#stretch = stretch;
    this.#log = log;
  }

  async *lines(): ByteStream {
    const stretch = this.#stretch;
    yield* stretch.leftOver ? this.#checked() : stretch.held();
  }

  /** Of a journal that was left over: what it holds is counted; half a line never was a record. */
  async *#checked(): ByteStream {
    const stretch = this.#stretch;
    stretch.count = 0;
    for await (const line of linesOf(withForms(this.#sound(stretch.journal.read())))) {
      const event = parsed(line);
      if (!event) {
        this.#log.error('a damaged line of the trail was left out', undefined, { id: stretch.id });
        continue;
      }
      stretch.add(event.eventID, event, Date.parse(event.eventTime));
      yield Buffer.concat([line, newline]);
    }
  }

  /** Up to the first damage. */
  async *#sound(content: ByteStream): ByteStream {
    try {
      yield* content;
    } catch (cause) {
      if (!(cause instanceof DamagedJournal)) throw cause;
      this.damaged = true;
      const { id } = this.#stretch;
      this.#log.error('a journal of the trail was damaged: what was before is kept', cause, { id });
    }
  }
}

const newline = Buffer.of(0x0a);

function parsed(line: Uint8Array): TrailEvent | undefined {
  try {
    const event = JSON.parse(Buffer.from(line).toString('utf8')) as TrailEvent;
    return typeof event?.eventID === 'string' ? event : undefined;
  } catch {
    // Told by the caller, with where it was.
    return undefined;
  }
}
