/** Long content that is sealed in chunks, opened beside the thread that hands it on. */

export interface ChunkOpeners {
  /** Of the content of a chunk; when it is sealed it has 16 more. */
  readonly chunkBytes: number;
  /** Undefined when the caller had better open them itself. */
  begin(key: ChunkKey): RunningOpener | undefined;
}

/** AES-256-GCM; the nonce of a chunk is the base XOR its number. Copied at once. */
export interface ChunkKey {
  readonly key: Uint8Array;
  readonly baseNonce: Uint8Array;
}

/** To be ended. Four batches may be on their way or held; no other call while `fill` is at work. */
export interface RunningOpener {
  /**
   * `fill` puts sealed chunks into the memory it is given, the one numbered `first` and those that
   * follow, and answers how many bytes they are: fewer than there is room for at the end alone.
   */
  send(first: number, fill: (memory: Uint8Array) => Promise<number>): Promise<SentBatch>;
  /** Forgets the key; may be called more than once. What was opened stays as it is from then on. */
  end(): void;
}

export interface SentBatch {
  readonly sizeBytes: number;
  /** Rejects when the work was lost. */
  readonly opened: Promise<OpenedBatch>;
  /** What was opened is not read any more: the next batch may be in its memory. */
  release(): void;
}

export interface OpenedBatch {
  /** Of the chunks that were what was sealed in their place, up to the first that was not. */
  readonly content: Uint8Array;
  readonly chunks: number;
}
