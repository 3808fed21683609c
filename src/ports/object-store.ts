/**
 * Where bytes are kept: blobs under identifiers the store chooses. Names, versions and access are
 * the business of `engines/objects`. Adapters must pass `object-store.contract.ts`.
 */
import type { ByteStream } from '../kernel/bytes.ts';
import type { Abortable } from './metadata-store.ts';

export interface Blob {
  readonly id: string;
  readonly sizeBytes: number;
}

export interface ByteRange {
  /** Inclusive. */
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** A blob as a file that may be read until `release` is called. */
export interface BlobFile {
  readonly path: string;
  release(): Promise<void>;
}

/** A blob's file, open for reading until `close`, by whichever thread. */
export interface OpenBlob {
  readonly fd: number;
  /** Answers how many bytes were read: fewer than there is room for only at the end. */
  read(memory: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

export interface PutOptions extends Abortable {
  /** 32 hexadecimal digits, drawn at random by the caller; the store's own choice unless given. */
  readonly id?: string;
  /** The source overwrites no part: what is written may lag behind what is taken. */
  readonly partsStay?: true;
}

export interface ReadOptions extends Abortable {
  /**
   * A part need not stay as it is once the one after the next is asked for: its memory may then be
   * that of another. Parts may be empty, so that those before them need not stay either.
   */
  readonly partsPass?: true;
}

export interface ObjectStore {
  /** Whole and durable when it resolves; when the stream throws, nothing is kept. */
  put(content: ByteStream, options?: PutOptions): Promise<Blob>;
  /** Throws `BlobMissing` on the first read when there is no such blob. */
  read(id: string, range?: ByteRange, options?: ReadOptions): ByteStream;
  /** Absent where blobs are no files. Throws `BlobMissing`. */
  openBlob?(id: string): Promise<OpenBlob>;
  /** Idempotent. */
  delete(id: string): Promise<void>;
  asFile(id: string, options?: Abortable): Promise<BlobFile>;
  /** Every blob, to find those that no record names. */
  ids(): AsyncIterable<string>;
  close(): Promise<void>;
}

export class BlobMissing extends Error {
  override readonly name = 'BlobMissing';
  constructor(id: string) {
    super(`there is no blob ${id}`);
  }
}
