/**
 * Captured records on their way to becoming objects. Each endpoint variant, role, key, destination
 * and hour has a journal; its first line says where the object goes, so a journal left by a process
 * that died tells all that is needed. The capture job turns sealed journals into objects.
 */
import { assert } from '../../kernel/assert.ts';
import { hourFolder } from '../../kernel/hours.ts';
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
}

export interface SpoolLimits {
  /** How long a journal takes records before it is sealed. */
  readonly maxAgeMs: number;
  readonly maxSizeBytes: number;
  /** All journals together; beyond, capturing stops until objects were made. */
  readonly maxTotalBytes: number;
}

export const defaultSpoolLimits: SpoolLimits = {
  maxAgeMs: 60_000,
  maxSizeBytes: 5 * 1_048_576,
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
  /** Appends that have not ended; sealing waits for them. */
  readonly appending: Set<Promise<void>>;
}

export class Spool {
  readonly #parts: SpoolParts;
  readonly #open = new Map<string, OpenJournal>();
  readonly #sealing = new Set<Promise<void>>();
  readonly #sealed = new Map<string, Journal>();
  #recovered = false;
  #totalBytes = 0;

  constructor(parts: SpoolParts) {
    this.#parts = parts;
  }

  /**
   * Resolves once the line would survive the process: true. False, and nothing is kept, when the
   * spool is full.
   */
  async append(target: CaptureTarget, nowMs: number, line: string): Promise<boolean> {
    const { limits } = this.#parts;
    const bytes = Buffer.from(line, 'utf8');
    if (this.#totalBytes + bytes.length > limits.maxTotalBytes) return false;
    this.#totalBytes += bytes.length;
    const { destinationUri, endpointName, variantName, writer, keyId } = target;
    const right = [writer?.roleArn ?? '', keyId ?? ''];
    const place = [destinationUri, endpointName, variantName, ...right];
    const stream = [...place, hourFolder(nowMs)].join('\n');
    const open = this.#open.get(stream) ?? this.#begin(stream, target, nowMs);
    open.sizeBytes += bytes.length;
    const appending = open.journal.then((journal) => journal.append(bytes));
    open.appending.add(appending);
    if (open.sizeBytes >= limits.maxSizeBytes) this.#seal(open);
    try {
      await appending;
    } catch (cause) {
      this.#totalBytes -= bytes.length;
      throw cause;
    } finally {
      open.appending.delete(appending);
    }
    return true;
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
    this.#totalBytes = Math.max(0, this.#totalBytes - sizeBytes);
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
    const journal = this.#openJournal(`${spoolPrefix}${id}`, header);
    const open = { stream, openedAtMs: nowMs, journal, sizeBytes: 0, appending: new Set<never>() };
    this.#open.set(stream, open);
    // A journal that cannot be opened must not take later records with it.
    journal.catch(() => this.#forget(open));
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
    const own = await Promise.all([...this.#open.values()].map(({ journal }) => journal));
    const mine = new Set([...own.map(({ name }) => name), ...this.#sealed.keys()]);
    for (const name of await journals.names()) {
      if (!name.startsWith(spoolPrefix) || mine.has(name)) continue;
      const journal = await journals.open(name);
      this.#totalBytes += journal.sizeBytes;
      this.#sealed.set(name, journal);
    }
    this.#recovered = true;
  }
}
