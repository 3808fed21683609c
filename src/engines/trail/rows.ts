/** What the store knows of the trail: one row for each stretch that was sealed. */
import type { Collection } from '../../ports/metadata-store.ts';
import type { Stretch } from './trail.ts';

export interface StretchRow extends Stretch {
  /** Of the packed JSON lines. */
  readonly blobId: string;
  /** What they were packed by; `gzip` when it does not say. */
  readonly packedBy?: 'brotli';
  /** SHA-256, hex: of the packed lines; of the lines themselves where `gzip` packed them. */
  readonly sha256: string;
  /** What values its events have: see `filter.ts`. */
  readonly filter: string;
  /** Its journal was damaged: this is what came before the damage, and the journal is kept. */
  readonly damaged?: true;
}

/** Key: the stretch's id. */
export const stretchRows: Collection<StretchRow> = { name: 'trail/stretches' };
