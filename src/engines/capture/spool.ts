/**
 * Captured records on their way to becoming objects. Each endpoint variant, role, key, destination
 * and hour has a journal; its first line says where the object goes, so a journal left by a process
 * that died tells all that is needed. The capture job turns sealed journals into objects.
 */
import { assert } from '../../kernel/assert.ts';
import { hourMs } from '../../kernel/clock.ts';
import { uuid } from '../../kernel/ids.ts';
import type { Random } from '../../kernel/random.ts';
import type { Journal, Journals } from '../../ports/journals.ts';
import { type CaptureTarget, type CaptureWriter, captureUri } from './layout.ts';

export interface SpoolParts {
  readonly journals: Journals;
  readonly random: Random;
  readonly limits: SpoolLimits;
  /** Called when a journal was begun or has to be turned into an object. */
  readonly onChange: () => void;
  /** A journal that an earlier process left cannot be opened: it stays, and is told of once. */
  readonly onUnreadable?: (name: string, cause: unknown) => void;
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

interface OpenJournal {
  readonly stream: string;
  readonly openedAtMs: number;
  readonly journal: Promise<Journal>;
  sizeBytes: number;
  /** Takes lines until the turn of the event loop ends. */
  group: Group | undefined;
  /** Appends that have not ended; sealing waits for them. */
  readonly appending: Set<Promise<boolean>>;
}

/** Lines of one turn: one append, and one promise for all who wait for it. */
interface Group {
  readonly lines: string[];
  sizeBytes: number;
  readonly kept: Promise<boolean>;
}

const notKept = Promise.resolve(false);

export class Spool {
  readonly #parts: SpoolParts;
  readonly #open = new Map<string, OpenJournal>();
  readonly #sealing = new Set<Promise<void>>();
  readonly #sealed = new Map<string, Journal>();
  /** Names of the journals that this process began, for as long as they are there. */
  readonly #mine = new Set<string>();
  readonly #places = new WeakMap<CaptureTarget, string>();
  readonly #unreadable = new Set<string>();
  #recovered = false;
  #totalBytes = 0;

  constructor(parts: SpoolParts) {
    this.#parts = parts;
  }

  /**
   * Resolves once the line would survive the process: true. False, and nothing is kept, when the
   * spool is full.
   */
  append(target: CaptureTarget, nowMs: number, line: string): Promise<boolean> {
    const { limits } = this.#parts;
    const sizeBytes = Buffer.byteLength(line, 'utf8');
    if (this.#totalBytes + sizeBytes > limits.maxTotalBytes) return notKept;
    this.#totalBytes += sizeBytes;
    const stream = `${this.#placeOf(target)}\n${Math.floor(nowMs / hourMs)}`;
    const open = this.#open.get(stream) ?? this.#begin(stream, target, nowMs);
    open.sizeBytes += sizeBytes;
    const group = open.group ?? this.#gather(open);
    group.lines.push(line);
    group.sizeBytes += sizeBytes;
    if (open.sizeBytes >= this.#mostBytes()) this.#seal(open);
    return group.kept;
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

  /** The journal is damaged: what could be read became an object, and it stays as evidence. */
  leave(journal: Journal): void {
    this.#sealed.delete(journal.name);
    this.#totalBytes = Math.max(0, this.#totalBytes - journal.sizeBytes);
  }

  #mostBytes(): number {
    const { maxSizeBytes, maxTotalBytes } = this.#parts.limits;
    return this.#totalBytes < maxTotalBytes / 2 ? maxSizeBytes : maxSizeBytes / 16;
  }

  /** Targets are few objects, used again and again. */
  #placeOf(target: CaptureTarget): string {
    const known = this.#places.get(target);
    if (known !== undefined) return known;
    const { destinationUri, endpointName, variantName, writer, keyId } = target;
    const right = [writer?.roleArn ?? '', keyId ?? ''];
    const place = [destinationUri, endpointName, variantName, ...right].join('\n');
    this.#places.set(target, place);
    return place;
  }

  #gather(open: OpenJournal): Group {
    const lines: string[] = [];
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
      // Requests that are answered in one turn share a seal and a write.
      await new Promise((resolve) => setImmediate(resolve));
      const journal = await open.journal;
      open.group = undefined;
      await journal.append(Buffer.from(group.lines.join(''), 'utf8'));
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
    const name = `${spoolPrefix}${id}`;
    // At once: it must not be taken for one that another process left.
    this.#mine.add(name);
    const journal = this.#openJournal(name, header);
    const open: OpenJournal = {
      ...{ stream, openedAtMs: nowMs, journal, sizeBytes: 0 },
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
    const { journals } = this.#parts;
    for (const name of await journals.names()) {
      if (!name.startsWith(spoolPrefix) || this.#mine.has(name)) continue;
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
