/**
 * Captured records on their way to becoming objects. Each endpoint variant, role, key, destination
 * and hour has a journal; its first line says where the object goes, so a journal left by a process
 * that died tells all that is needed. The capture job turns sealed journals into objects.
 */
import { assert } from '../../kernel/assert.ts';
import { joined } from '../../kernel/bytes.ts';
import { gathered } from '../../kernel/gathering.ts';
import { uuid } from '../../kernel/ids.ts';
import type { Random } from '../../kernel/random.ts';
import type { Journal, Journals } from '../../ports/journals.ts';
import { type CaptureTarget, type CaptureWriter, captureUri } from './layout.ts';
import { Streams } from './streams.ts';

export interface SpoolParts {
  readonly journals: Journals;
  readonly random: Random;
  readonly limits: SpoolLimits;
  /** Called when a journal was begun or has to be turned into an object. */
  readonly onChange: () => void;
  /** A journal that an earlier process left cannot be opened: it stays, and is told of once. */
  readonly onUnreadable?: (name: string, cause: unknown) => void;
  /** How the names of its journals begin: `spoolPrefix` unless given, and at least that. */
  readonly prefix?: string;
  /** Journals that another process writes to: they are not taken for what one has left. */
  readonly isElsewhere?: (name: string) => boolean;
}

export interface SpoolLimits {
  /** How long a journal takes records before it is sealed. */
  readonly maxAgeMs: number;
  /** Less where many journals grow at once: from half of `maxTotalBytes` on, a sixteenth of it. */
  readonly maxSizeBytes: number;
  /** All journals together; beyond, capturing stops until objects were made. */
  readonly maxTotalBytes: number;
}

/** A thousand records of 2 KB a second become some hundred objects an hour, a few become 60. */
export const defaultSpoolLimits: SpoolLimits = {
  maxAgeMs: 60_000,
  maxSizeBytes: 64 * 1_048_576,
  maxTotalBytes: 1_073_741_824,
};

export const spoolPrefix = 'capture.';
const headerVersion = 1;

/** The first line of a journal. */
export interface SpoolHeader {
  readonly version: typeof headerVersion;
  /** `s3://…` of the object the records become. */
  readonly uri: string;
  /** As of `CaptureTarget`. */
  readonly writer?: CaptureWriter;
  readonly keyId?: string;
}

/** Is given what a journal of this process keeps, group by group in order, once it is kept. */
export interface Tap {
  /** The bytes stay as they are. */
  take(bytes: Uint8Array): void;
}

/** Asked when a journal is begun; undefined where nobody wants what it keeps. */
export type BeginTap = (name: string, header: SpoolHeader) => Tap | undefined;

interface OpenJournal {
  readonly stream: string;
  readonly openedAtMs: number;
  readonly journal: Promise<Journal>;
  readonly tap: Tap | undefined;
  sizeBytes: number;
  /** Takes lines until the turn of the event loop ends. */
  group: Group | undefined;
  /** Appends that have not ended; sealing waits for them. */
  readonly appending: Set<Promise<boolean>>;
}

/** Lines of one turn: one append, and one promise for all who wait for it. */
interface Group {
  readonly lines: Uint8Array[];
  sizeBytes: number;
  readonly kept: Promise<boolean>;
}

const notKept = Promise.resolve(false);

/** Lines that are written without waiting for more. */
const enoughLines = 32;

export class Spool {
  readonly #parts: SpoolParts;
  readonly #open = new Map<string, OpenJournal>();
  readonly #sealing = new Set<Promise<void>>();
  readonly #sealed = new Map<string, Journal>();
  /** Names of the journals that this process began, for as long as they are there. */
  readonly #mine = new Set<string>();
  readonly #streams = new Streams();
  readonly #unreadable = new Set<string>();
  #beginTap: BeginTap = () => undefined;
  #recovered = false;
  #totalBytes = 0;

  constructor(parts: SpoolParts) {
    this.#parts = parts;
  }

  /**
   * Resolves once the line would survive the process: true. False, and nothing is kept, when the
   * spool is full.
   */
  append(target: CaptureTarget, nowMs: number, line: string | Uint8Array): Promise<boolean> {
    const { limits } = this.#parts;
    const bytes = typeof line === 'string' ? Buffer.from(line) : line;
    const sizeBytes = bytes.length;
    if (this.#totalBytes + sizeBytes > limits.maxTotalBytes) return notKept;
    this.#totalBytes += sizeBytes;
    const stream = this.#streams.of(target, nowMs);
    const open = this.#open.get(stream) ?? this.#begin(stream, target, nowMs);
    open.sizeBytes += sizeBytes;
    const group = open.group ?? this.#gather(open);
    group.lines.push(bytes);
    group.sizeBytes += sizeBytes;
    if (open.sizeBytes >= this.#mostBytes()) this.#seal(open);
    return group.kept;
  }

  /** From here on the journals that are begun are told of. */
  tapBy(begin: BeginTap): void {
    this.#beginTap = begin;
  }

  get full(): boolean {
    return this.#totalBytes >= this.#parts.limits.maxTotalBytes;
  }

  get maxTotalBytes(): number {
    return this.#parts.limits.maxTotalBytes;
  }

  /** Seals what is older than the limit by `nowMs`, and finds what an earlier process left. */
  async sealDue(nowMs: number): Promise<readonly Journal[]> {
    if (!this.#recovered) await this.#recover();
    for (const open of this.#open.values()) {
      if (open.openedAtMs + this.#parts.limits.maxAgeMs <= nowMs) this.#seal(open);
    }
    await Promise.all(this.#sealing);
    return [...this.#sealed.values()];
  }

  /** Seals what was begun before the instant, whatever its age: `sealDue` hands it out next. */
  sealBefore(instantMs: number): void {
    for (const open of this.#open.values()) {
      if (open.openedAtMs < instantMs) this.#seal(open);
    }
  }

  /** When the next journal comes of age; `Infinity` when none is open. */
  nextDueMs(): number {
    const ages = [...this.#open.values()].map(({ openedAtMs }) => openedAtMs);
    return Math.min(Infinity, ...ages) + this.#parts.limits.maxAgeMs;
  }

  /** The journal became an object: it goes. */
  async done(journal: Journal): Promise<void> {
    const { sizeBytes } = journal;
    await journal.remove();
    this.#sealed.delete(journal.name);
    this.#mine.delete(journal.name);
    this.#totalBytes = Math.max(0, this.#totalBytes - sizeBytes);
  }

  /** Takes over a journal that another process has ended; once, however often it is asked. */
  async adopt(name: string): Promise<void> {
    if (this.#mine.has(name)) return;
    this.#mine.add(name);
    try {
      const journal = await this.#parts.journals.open(name);
      this.#totalBytes += journal.sizeBytes;
      this.#sealed.set(name, journal);
    } catch (cause) {
      this.#mine.delete(name);
      throw cause;
    }
    this.#parts.onChange();
  }

  /** Another process has taken the journal over. */
  handedOver(journal: Journal): void {
    this.leave(journal);
    this.#mine.delete(journal.name);
  }

  /** The journal is damaged: what could be read became an object, and it stays as evidence. */
  leave(journal: Journal): void {
    this.#sealed.delete(journal.name);
    this.#totalBytes = Math.max(0, this.#totalBytes - journal.sizeBytes);
  }

  #mostBytes(): number {
    const { maxSizeBytes, maxTotalBytes } = this.#parts.limits;
    return this.#totalBytes < maxTotalBytes / 2 ? maxSizeBytes : maxSizeBytes / 16;
  }

  #gather(open: OpenJournal): Group {
    const lines: Uint8Array[] = [];
    const group = { lines, sizeBytes: 0, kept: notKept };
    group.kept = this.#write(open, group);
    open.group = group;
    open.appending.add(group.kept);
    // Whoever waits for it is told; here it only must not stay in the way of sealing.
    const ended = () => void open.appending.delete(group.kept);
    group.kept.then(ended, ended);
    return group;
  }

  async #write(open: OpenJournal, group: Omit<Group, 'kept'>): Promise<boolean> {
    try {
      await gathered(() => group.lines.length, enoughLines);
      const journal = await open.journal;
      open.group = undefined;
      const bytes = joined(group.lines);
      await journal.append(bytes);
      open.tap?.take(bytes);
      return true;
    } catch (cause) {
      open.group = undefined;
      this.#totalBytes -= group.sizeBytes;
      throw cause;
    }
  }

  #begin(stream: string, target: CaptureTarget, nowMs: number): OpenJournal {
    const id = uuid(this.#parts.random);
    const uri = captureUri(target, nowMs, id);
    const header: SpoolHeader = {
      version: headerVersion,
      uri,
      ...(target.writer ? { writer: target.writer } : {}),
      ...(target.keyId === undefined ? {} : { keyId: target.keyId }),
    };
    const name = `${this.#parts.prefix ?? spoolPrefix}${id}`;
    // At once: it must not be taken for one that another process left.
    this.#mine.add(name);
    const journal = this.#openJournal(name, header);
    const open: OpenJournal = {
      ...{ stream, openedAtMs: nowMs, journal, sizeBytes: 0 },
      ...{ tap: this.#beginTap(name, header) },
      ...{ group: undefined, appending: new Set() },
    };
    this.#open.set(stream, open);
    // A journal that cannot be opened must not take later records with it.
    journal.catch(() => {
      this.#forget(open);
      this.#mine.delete(name);
    });
    this.#parts.onChange();
    return open;
  }

  async #openJournal(name: string, header: SpoolHeader): Promise<Journal> {
    const journal = await this.#parts.journals.open(name);
    const line = Buffer.from(`${JSON.stringify(header)}\n`);
    this.#totalBytes += line.length;
    await journal.append(line);
    return journal;
  }

  #forget(open: OpenJournal): void {
    if (this.#open.get(open.stream) === open) this.#open.delete(open.stream);
  }

  #seal(open: OpenJournal): void {
    assert(this.#open.get(open.stream) === open, 'a journal is sealed once');
    this.#forget(open);
    const sealing = this.#settle(open).finally(() => {
      this.#sealing.delete(sealing);
      this.#parts.onChange();
    });
    this.#sealing.add(sealing);
  }

  async #settle(open: OpenJournal): Promise<void> {
    await Promise.allSettled(open.appending);
    // A journal that could not be opened has no records: its appends told their callers.
    const journal = await open.journal.catch(() => undefined);
    if (journal) this.#sealed.set(journal.name, journal);
  }

  async #recover(): Promise<void> {
    const { journals, isElsewhere } = this.#parts;
    for (const name of await journals.names()) {
      if (!name.startsWith(spoolPrefix) || this.#mine.has(name)) continue;
      if (isElsewhere?.(name)) continue;
      const journal = await journals.open(name).catch((cause: unknown) => {
        this.#tellOnce(name, cause);
      });
      if (!journal) continue;
      this.#mine.add(name);
      this.#totalBytes += journal.sizeBytes;
      this.#sealed.set(name, journal);
    }
    // One that cannot be opened keeps none of the others; it may be a lack of descriptors.
    this.#recovered = this.#unreadable.size === 0;
  }

  #tellOnce(name: string, cause: unknown): void {
    if (this.#unreadable.has(name)) return;
    this.#unreadable.add(name);
    this.#parts.onUnreadable?.(name, cause);
  }
}
