/** Shamir's secret sharing: any `threshold` shares give the secret back, fewer say nothing. */
import type { Outcome } from '../kernel/outcome.ts';

export const leastShares = 2;
export const mostShares = 255;

export interface SecretSharing {
  /** Shares of one byte more than the secret; `threshold` from 2 to `count`, at most 255. */
  split(
    secret: Uint8Array,
    into: { readonly count: number; readonly threshold: number },
  ): Promise<readonly Uint8Array[]>;
  /**
   * Of shares that do not belong together something else than the secret: whoever asks must be
   * able to tell. Refused when the shares cannot be of one secret, by length or number.
   */
  combine(shares: readonly Uint8Array[]): Promise<Outcome<Uint8Array>>;
}
