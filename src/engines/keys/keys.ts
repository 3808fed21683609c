/**
 * Managed keys as the rest of the server uses them: to find one, to get a data key from it, and to
 * open what it sealed. The contract; `make-keys.ts` provides it. Whether a caller may is decided
 * elsewhere: see `permission.ts` for what to ask.
 */
import type { Scope } from '../../kernel/arn.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { KeyRow } from './rows.ts';

export type KeyProblem =
  | 'notFound'
  | 'disabled'
  /** Pending deletion or pending import. */
  | 'invalidState'
  /** A spec or usage that cannot do this. */
  | 'invalidUsage'
  /** Damaged, of another context, or no ciphertext at all: one answer for all. */
  | 'invalidCiphertext'
  /** Sealed by another key than the one that was named. */
  | 'incorrectKey';

/** `reason` is in Amazon's words, fit for the client. */
export type KeyAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: KeyProblem; readonly reason: string };

/** Names and values that are authenticated; an empty one is the same as none. */
export type EncryptionContext = Readonly<Record<string, string>>;

export interface DataKey {
  readonly plaintext: Uint8Array;
  /** The same, sealed: what is kept. */
  readonly sealed: Uint8Array;
  readonly keyArn: string;
  /** 64 hex digits. */
  readonly material: string;
}

export interface OpenedData {
  readonly plaintext: Uint8Array;
  readonly keyArn: string;
  readonly material: string;
}

export interface OpenOptions {
  readonly context: EncryptionContext;
  /** The key it must have been sealed by. */
  readonly keyArn?: string;
}

export interface Keys {
  /** By key id, key ARN, alias name or alias ARN. Refuses `notFound` only. */
  find(reference: string, scope: Scope): Promise<KeyAnswer<KeyRow>>;
  /** The key behind `alias/aws/SERVICE` (`s3`, `secretsmanager`, …), made at its first use. */
  ofService(service: string, scope: Scope): Promise<KeyRow>;
  seal(
    key: KeyRow,
    plaintext: Uint8Array,
    context: EncryptionContext,
  ): Promise<KeyAnswer<Uint8Array>>;
  /** Between 1 and 1,024 bytes. */
  dataKey(
    key: KeyRow,
    options: { readonly context: EncryptionContext; readonly sizeBytes: number },
  ): Promise<KeyAnswer<DataKey>>;
  /** Looks at the key's state each time: a disabled key opens nothing. */
  open(sealed: Uint8Array, options: OpenOptions): Promise<KeyAnswer<OpenedData>>;
  /** The key that sealed it, as far as the text itself tells; nothing is verified. */
  keyOf(sealed: Uint8Array): Promise<KeyAnswer<KeyRow>>;
  /**
   * Key policy and grants as one policy document, for `Check.resourcePolicy`. With a caller only
   * the grants that name it: for one question the others do not matter, and there may be many.
   */
  policyOf(key: KeyRow, caller?: Caller): Promise<string>;
}
