/**
 * Where the head of each chain of digests is noted, away from the bucket that holds them: who can
 * delete the newest digests cannot change the note.
 */
export interface Anchor {
  /** Replaces what was noted of the trail in the region. */
  write(record: AnchorRecord): Promise<void>;
  read(): Promise<readonly AnchorRecord[]>;
}

/** The newest digest of a trail in a region. */
export interface AnchorRecord {
  readonly trailArn: string;
  readonly region: string;
  readonly bucket: string;
  readonly key: string;
  /** Of the uncompressed bytes, hex. */
  readonly sha256: string;
  readonly signature: string;
  /** ISO 8601, seconds. */
  readonly endTime: string;
  /** Digests of the region since the trail was made. */
  readonly chainLength: number;
  /** When the trail was made, ISO 8601. */
  readonly trailCreated: string;
}
