/**
 * Append-only files for records that must outlive the process before they become objects.
 * `append` resolves once the bytes would survive a killed process (not a power cut).
 * Adapters must pass `journals.contract.ts`.
 */
import type { ByteStream } from '../kernel/bytes.ts';

export interface Journals {
  /** Opens or makes it. Names are `[A-Za-z0-9._-]{1,200}`; anything else is a bug of the caller. */
  open(name: string): Promise<Journal>;
  /** Names of all journals there are, those of a process that died among them. */
  names(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface Journal {
  readonly name: string;
  readonly sizeBytes: number;
  /** Appends in call order, in groups when calls overlap. */
  append(bytes: Uint8Array): Promise<void>;
  read(): ByteStream;
  /** Takes away what is behind the first bytes, when no append is under way. */
  truncate(sizeBytes: number): Promise<void>;
  /** Closes and deletes; later appends are a bug of the caller. */
  remove(): Promise<void>;
}
