/**
 * Data keys in memory, for a while: those that were opened, so that reading again need not open
 * them again, and those that many objects of a bucket share. INVARIANT: none is handed out without
 * a look at the state of the managed key that sealed it.
 */
import { parseArn } from '../../kernel/arn.ts';
import { assert } from '../../kernel/assert.ts';
import { type Clock, minuteMs } from '../../kernel/clock.ts';
import { wrongState } from '../keys/crypto/usable.ts';
import type { EncryptionContext, KeyAnswer, Keys } from '../keys/keys.ts';
import type { KeyRow } from '../keys/rows.ts';

export const dataKeyBytes = 32;
/** How long a data key is remembered. */
export const keptMs = 5 * minuteMs;
/** How many objects one data key of a bucket serves. */
export const mostUses = 10_000;
const mostKept = 1_000;

export interface MadeKey {
  /** The caller's to zero. */
  readonly plaintext: Uint8Array;
  /** Base64. */
  readonly sealedKey: string;
}

export interface DataKeys {
  /** With `bucket`: one that objects of that bucket share, if there is one. */
  make(
    key: KeyRow,
    options: { readonly context: EncryptionContext; readonly bucket?: string },
  ): Promise<KeyAnswer<MadeKey>>;
  /** A copy, the caller's to zero. */
  open(
    sealedKey: string,
    options: { readonly keyArn: string; readonly context: EncryptionContext },
  ): Promise<KeyAnswer<Uint8Array>>;
}

interface SharedKey {
  readonly plaintext: Uint8Array;
  readonly sealedKey: string;
  usesLeft: number;
}

export function makeDataKeys({ keys, clock }: { readonly keys: Keys; readonly clock: Clock }) {
  const opened = memory<{ readonly plaintext: Uint8Array }>(clock);
  const shared = memory<SharedKey>(clock);

  async function generate(key: KeyRow, context: EncryptionContext): Promise<KeyAnswer<MadeKey>> {
    const made = await keys.dataKey(key, { context, sizeBytes: dataKeyBytes });
    if (!made.ok) return made;
    const { plaintext, sealed } = made.value;
    const sealedKey = Buffer.from(sealed).toString('base64');
    return { ok: true, value: { plaintext, sealedKey } };
  }

  return {
    async make(key, { context, bucket }) {
      if (bucket === undefined) return generate(key, context);
      const name = nameOf([bucket, key.arn, key.material ?? ''], context);
      const known = shared.get(name);
      if (known && known.usesLeft > 0) {
        const refused = wrongState(key, clock.nowMs());
        if (refused) return refused;
        known.usesLeft -= 1;
        return { ok: true, value: { ...known, plaintext: Uint8Array.from(known.plaintext) } };
      }
      const made = await generate(key, context);
      if (!made.ok) return made;
      const { plaintext, sealedKey } = made.value;
      const kept = Uint8Array.from(plaintext);
      shared.set(name, { plaintext: kept, sealedKey, usesLeft: mostUses - 1 });
      return made;
    },

    async open(sealedKey, { keyArn, context }) {
      const name = nameOf([keyArn, sealedKey], context);
      const known = opened.get(name);
      if (known) {
        // Copied before the look, during which it may be forgotten.
        const plaintext = Uint8Array.from(known.plaintext);
        const refused = await wrongStateOf(keys, keyArn, clock.nowMs());
        if (!refused) return { ok: true, value: plaintext };
        plaintext.fill(0);
        return refused;
      }
      const sealed = Buffer.from(sealedKey, 'base64');
      const found = await keys.open(sealed, { context, keyArn });
      if (!found.ok) return found;
      const { plaintext } = found.value;
      opened.set(name, { plaintext: Uint8Array.from(plaintext) });
      return { ok: true, value: plaintext };
    },
  } satisfies DataKeys;
}

/** Undefined for a key that can be used now. */
async function wrongStateOf(keys: Keys, keyArn: string, nowMs: number) {
  const arn = parseArn(keyArn);
  assert(arn.ok, 'a key is recorded by its ARN');
  const found = await keys.find(keyArn, arn.value);
  return found.ok ? wrongState(found.value, nowMs) : found;
}

function nameOf(parts: readonly string[], context: EncryptionContext): string {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([parts, pairs]);
}

/** Bounded in number and time; what goes is zeroed. In order of insertion, so of expiry. */
function memory<T extends { readonly plaintext: Uint8Array }>(clock: Clock) {
  const entries = new Map<string, { readonly value: T; readonly untilMs: number }>();
  const forget = (name: string) => {
    entries.get(name)?.value.plaintext.fill(0);
    entries.delete(name);
  };
  const tidy = (most: number) => {
    const nowMs = clock.nowMs();
    for (const [name, { untilMs }] of entries) {
      if (untilMs > nowMs && entries.size <= most) return;
      forget(name);
    }
  };
  return {
    get(name: string): T | undefined {
      tidy(mostKept);
      return entries.get(name)?.value;
    },
    set(name: string, value: T): void {
      forget(name);
      tidy(mostKept - 1);
      entries.set(name, { value, untilMs: clock.nowMs() + keptMs });
    },
  };
}
