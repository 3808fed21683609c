/**
 * Seals small pieces of what an adapter keeps: lines of a log, records of a journal. Many a second,
 * so the key is made once and a piece costs one pass of the cipher.
 */
import type { Outcome } from '../kernel/outcome.ts';

export interface Sealer {
  /** Bytes that a sealed piece has beyond its content. */
  readonly overheadBytes: number;
  /**
   * `binding` says what the piece is and where it stands; the same must be given to open it. The
   * result begins behind `roomBytes` bytes for the caller to fill.
   */
  seal(piece: Uint8Array, binding: string, roomBytes?: number): Buffer;
  /** Refused with the reason: another key, another binding, damage. */
  open(sealed: Uint8Array, binding: string): Outcome<Uint8Array>;
}
