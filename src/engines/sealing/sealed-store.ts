/**
 * Where bytes are kept encrypted: the contract of `ports/object-store.ts`, with a key of the
 * caller's where that is wanted. `sealed-objects.ts` provides it over a store that keeps bytes as
 * they are.
 */
import type { ByteStream } from '../../kernel/bytes.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { Blob, BlobFile, ByteRange } from '../../ports/object-store.ts';

export interface SealOptions extends Abortable {
  /**
   * 32 bytes. Absent: the store's own key. What was put with a key is read with that key; any
   * other, or none, throws `WrongKey` on the first read.
   */
  readonly key?: Uint8Array;
  /** With `key`: encrypted under it, and once more under the store's own. */
  readonly twice?: boolean;
  /** Of reads: as `ReadOptions` have it. */
  readonly partsPass?: true;
}

/** As `ObjectStore`; sizes and ranges are those of the content, not of what is kept of it. */
export interface SealedStore {
  put(content: ByteStream, options?: SealOptions): Promise<Blob>;
  /** Throws `BlobMissing`, `WrongKey` or `DamagedBlob`; never yields what it has not verified. */
  read(id: string, range?: ByteRange, options?: SealOptions): ByteStream;
  delete(id: string): Promise<void>;
  /** A decrypted copy outside the data folder, gone with `release`. */
  asFile(id: string, options?: SealOptions): Promise<BlobFile>;
  ids(): AsyncIterable<string>;
  close(): Promise<void>;
  /** Absent: everything is put as a blob. */
  readonly small?: SmallSeals;
}

/** What is too little for a blob of its own: sealed as one, and kept by the caller. */
export interface SmallSeals {
  /** Under an id that no blob has. Less than `mostSmallBytes`. */
  seal(content: Uint8Array, options?: SealOptions): Small;
  /** Throws `WrongKey` or `DamagedBlob`. */
  open(small: Small, options?: SealOptions): Uint8Array;
  /** As `SealedStore.asFile`. */
  asFile(small: Small, options?: SealOptions): Promise<BlobFile>;
}

export interface Small {
  readonly id: string;
  readonly sealed: Uint8Array;
}

export const mostSmallBytes = 16_384;

export class WrongKey extends Error {
  override readonly name = 'WrongKey';
}

export class DamagedBlob extends Error {
  override readonly name = 'DamagedBlob';
}
