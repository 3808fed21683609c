/** Long content that is sealed in chunks, read from its file and opened beside the event loop. */

export interface ChunkOpeners {
  /** Of the content of a chunk; when it is sealed it has 16 more. */
  readonly chunkBytes: number;
  /** Undefined when the caller had better open chunks itself. To be ended. */
  reserve(): ChunkOpener | undefined;
}

export interface SealedChunks {
  /** Of the file they are in, open for reading until `end` has resolved. */
  readonly fd: number;
  /** Where the chunk numbered 0 is, or would be. */
  readonly startBytes: number;
  readonly first: number;
  /** Exclusive; the file may end before. */
  readonly past: number;
  /** For AES-256-GCM; copied at once. */
  readonly key: Uint8Array;
  /** A chunk's nonce is this XOR its number. */
  readonly baseNonce: Uint8Array;
}

export interface ChunkOpener {
  begin(chunks: SealedChunks): void;
  /**
   * The next of them; undefined after the last. Rejects when they cannot be read or the work was
   * lost. What it gave stays as it is until three more were asked for.
   */
  next(): Promise<OpenedBatch | undefined>;
  /** Nothing that was given stays; may be called more than once. Never rejects. */
  end(): Promise<void>;
}

export interface OpenedBatch {
  /** Of the chunks that were what was sealed in their place, up to the first that was not. */
  readonly content: Uint8Array;
  readonly chunks: number;
  /** Of the sealed chunks that were read; less than was wanted only at the end of the file. */
  readonly sizeBytes: number;
  readonly wantedBytes: number;
}
