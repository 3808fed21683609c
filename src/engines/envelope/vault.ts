/** The envelope with its keys filled in: what parts that keep secrets are given. */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import { envelopeKeyCheck, open, type SealContext, seal } from './envelope.ts';
import type { Keyring } from './keyring.ts';

export interface Vault {
  /** Base64, so that it can be part of a row. */
  seal(text: string, context: SealContext): string;
  /** Refused with the reason: other key, other context, damage. */
  open(sealed: string, context: SealContext): Outcome<string>;
  sealBytes(plaintext: Uint8Array, context: SealContext): string;
  openBytes(sealed: string, context: SealContext): Outcome<Uint8Array>;
}

export interface VaultParts {
  readonly keyring: Keyring;
  readonly random: Random;
}

export function makeVault({ keyring, random }: VaultParts): Vault {
  const sealBytes = (plaintext: Uint8Array, context: SealContext) => {
    const sealed = seal(plaintext, { key: keyring.current, context, random });
    return Buffer.from(sealed).toString('base64');
  };
  const openBytes = (sealed: string, context: SealContext): Outcome<Uint8Array> => {
    const bytes = Buffer.from(sealed, 'base64');
    if (bytes.toString('base64') !== sealed) return refuse('not base64');
    const key = keyring.find(envelopeKeyCheck(bytes)) ?? keyring.current;
    return open(bytes, { key, context });
  };
  return {
    sealBytes,
    openBytes,
    seal: (text, context) => sealBytes(Buffer.from(text, 'utf8'), context),
    open(sealed, context) {
      const opened = openBytes(sealed, context);
      if (!opened.ok) return opened;
      return ok(Buffer.from(opened.value).toString('utf8'));
    },
  };
}
