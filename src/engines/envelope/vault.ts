/** The envelope with its key filled in: what parts that keep secrets are given. */
import { type Outcome, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import { open, type SealContext, seal } from './envelope.ts';

export interface Vault {
  /** Base64, so that it can be part of a row. */
  seal(text: string, context: SealContext): string;
  /** Refused with the reason: other key, other context, damage. */
  open(sealed: string, context: SealContext): Outcome<string>;
}

/** `rootKey` has 32 bytes. */
export function makeVault({ rootKey, random }: VaultParts): Vault {
  const key = Uint8Array.from(rootKey);
  return {
    seal(text, context) {
      const sealed = seal(Buffer.from(text, 'utf8'), { key, context, random });
      return Buffer.from(sealed).toString('base64');
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed, 'base64');
      if (bytes.toString('base64') !== sealed) return refuse('not base64');
      const opened = open(bytes, { key, context });
      if (!opened.ok) return opened;
      return { ok: true, value: Buffer.from(opened.value).toString('utf8') };
    },
  };
}

export interface VaultParts {
  readonly rootKey: Uint8Array;
  readonly random: Random;
}
