/** A sealed stretch as it is kept: packed lines, and their hash in its row. */
import { createHash } from 'node:crypto';
import type { ByteStream } from '../../kernel/bytes.ts';
import type { SealedStore } from '../sealing/sealed-store.ts';
import { withForms } from './forms.ts';
import { unpacked } from './lines.ts';
import type { StretchRow } from './rows.ts';

/** Hands on what passes, and knows its SHA-256 when all has. */
export class Hashing {
  readonly #hash = createHash('sha256');

  async *passing(content: ByteStream): ByteStream {
    for await (const part of content) {
      this.#hash.update(part);
      yield part;
    }
  }

  /** Hex. Once. */
  sha256(): string {
    return this.#hash.digest('hex');
  }
}

/** The JSON lines; throws behind the last when they are not those that were sealed. */
export async function* readKept(row: StretchRow, blobs: SealedStore): ByteStream {
  const hashing = new Hashing();
  const blob = blobs.read(row.blobId);
  if (row.packedBy) yield* withForms(unpacked(hashing.passing(blob), row.packedBy));
  else yield* hashing.passing(unpacked(blob, 'gzip'));
  if (hashing.sha256() === row.sha256) return;
  throw new Error(`the stretch ${row.id} of the trail was changed or damaged`);
}
