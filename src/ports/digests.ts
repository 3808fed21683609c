/** Hashes of long content, computed beside the thread that has the bytes. */

/** To be finished or given up. One call at a time: the next after the last has resolved. */
export interface RunningDigest {
  /** Takes a copy. A promise when there is no room: more may come once it resolves. */
  update(bytes: Uint8Array): Promise<void> | undefined;
  /** Rejects when the computation was lost. */
  hex(): Promise<string>;
  /** Gives up what is not finished; may be called more than once. */
  end(): void;
}

export interface Digests {
  /** Undefined when the caller had better compute it itself. */
  md5(): RunningDigest | undefined;
}
