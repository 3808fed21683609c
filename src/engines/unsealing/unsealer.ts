/**
 * Opens a file by what people offer one after another: a passphrase, or shares until there are
 * enough. Guessing is slowed down, and a wrong share is never told from a right one. Keys that need
 * nobody (files, devices) are tried elsewhere.
 */
import type { Clock } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type SealFile, type SealKind, type SealRow } from './seal-file.ts';
import { parseShare, type Share } from './shares.ts';
import { makeThrottle } from './throttle.ts';
import { damaged, openRootKey, openTrust, type Trust } from './trust.ts';
import {
  mostPassphraseBytes,
  passphraseKey,
  sharesKey,
  type UnsealKeyParts,
} from './unseal-keys.ts';

export type Offered =
  /** To be wiped by whoever takes it. */
  | { readonly kind: 'opened'; readonly trust: Trust; readonly seal: SealRow }
  | { readonly kind: 'progress'; readonly given: number; readonly needed: number }
  | { readonly kind: 'wrong'; readonly reason: string }
  /** Nothing was tried: it is not something that any seal opens with. */
  | { readonly kind: 'unfit'; readonly reason: string }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'tooManyTries'; readonly waitMs: number };

export interface UnsealerParts extends Omit<UnsealKeyParts, 'random'> {
  readonly file: SealFile;
  readonly clock: Clock;
}

export class Unsealer {
  readonly #parts: UnsealerParts;
  readonly #throttle = makeThrottle();
  /** Set to the shares of it, by their place in the set. */
  readonly #shares = new Map<string, Map<number, Share>>();
  #busy = false;

  constructor(parts: UnsealerParts) {
    this.#parts = parts;
  }

  has(kind: SealKind): boolean {
    return this.#rows(kind).length > 0;
  }

  /** The caller wipes the passphrase. */
  async offerPassphrase(passphrase: Uint8Array): Promise<Offered> {
    const rows = this.#rows('passphrase');
    if (rows.length === 0) return { kind: 'unfit', reason: 'no passphrase opens this folder' };
    if (passphrase.length === 0 || passphrase.length > mostPassphraseBytes) {
      return { kind: 'unfit', reason: `a passphrase has from 1 to ${mostPassphraseBytes} bytes` };
    }
    return this.#tried(async () => {
      for (const row of rows) {
        const key = await passphraseKey(row, passphrase, this.#parts);
        if (!key.ok) return { kind: 'damaged', reason: key.reason };
        const found = this.#open(row, key.value);
        if (found.kind !== 'wrong') return found;
      }
      return { kind: 'wrong', reason: 'wrong passphrase' };
    });
  }

  /** Opens with the share that is the last one needed. */
  async offerShare(text: string): Promise<Offered> {
    const fitting = this.#fitting(text);
    if (!fitting.ok) return { kind: 'unfit', reason: fitting.reason };
    const { share, row } = fitting.value;
    const needed = Number(row.parameters['threshold']);
    return this.#tried(async () => {
      const given = this.#shares.get(share.set) ?? new Map<number, Share>();
      this.#shares.set(share.set, given);
      given.set(share.bytes.at(-1) ?? 0, share);
      if (given.size < needed) return { kind: 'progress', given: given.size, needed };
      const key = await sharesKey([...given.values()], this.#parts);
      this.forget();
      const found = key.ok ? this.#open(row, key.value) : undefined;
      if (found && found.kind !== 'wrong') return found;
      return { kind: 'wrong', reason: 'the shares do not open it: give all of them again' };
    });
  }

  /** Wipes the shares that were given. */
  forget(): void {
    for (const given of this.#shares.values()) {
      for (const { bytes } of given.values()) bytes.fill(0);
    }
    this.#shares.clear();
  }

  #rows(kind: SealKind): readonly SealRow[] {
    return this.#parts.file.seals.filter((row) => row.kind === kind);
  }

  #fitting(text: string): Outcome<{ readonly share: Share; readonly row: SealRow }> {
    const rows = this.#rows('shares');
    if (rows.length === 0) return refuse('no shares open this folder');
    const parsed = parseShare(text);
    if (!parsed.ok) return parsed;
    const share = parsed.value;
    const row = rows.find(({ parameters }) => parameters['set'] === share.set);
    return row ? ok({ share, row }) : refuse('the share belongs to another set');
  }

  /** One try at a time: each takes much memory, and what is wrong must count before the next. */
  async #tried(work: () => Promise<Offered>): Promise<Offered> {
    const { clock } = this.#parts;
    const waitMs = this.#throttle.waitMs(clock.nowMs());
    if (this.#busy || waitMs > 0) return { kind: 'tooManyTries', waitMs };
    this.#busy = true;
    try {
      const offered = await work();
      if (offered.kind === 'wrong') this.#throttle.wrong(clock.nowMs());
      if (offered.kind === 'opened') this.#throttle.right();
      return offered;
    } finally {
      this.#busy = false;
    }
  }

  #open(row: SealRow, unsealKey: Uint8Array): Offered {
    return openWith(this.#parts.file, row, unsealKey);
  }
}

/** Opens by one seal; wipes the unseal key. */
export function openWith(file: SealFile, row: SealRow, unsealKey: Uint8Array): Offered {
  const found = openRootKey(file, row, unsealKey);
  unsealKey.fill(0);
  if (found.kind === 'wrongKey') return { kind: 'wrong', reason: 'another key' };
  if (found.kind === 'damaged') return { kind: 'damaged', reason: damaged };
  const trust = openTrust(file, found.rootKey);
  if (!trust.ok) return { kind: 'damaged', reason: trust.reason };
  return { kind: 'opened', trust: trust.value, seal: row };
}
