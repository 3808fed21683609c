/**
 * Keeps a check with each document, so that one that was changed in the file, or stands at another
 * row's place, is known for it: the cipher of the pages hides them and does not authenticate them.
 * HMAC-SHA256, its first 16 bytes, over the lengths and texts of collection and key, then the
 * document. A row that was taken away, or put back as it was before, is not noticed.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface RowName {
  readonly collection: string;
  readonly key: string;
}

export interface RowGuard {
  /** What is stored of a document, which is JSON on one line. */
  close(row: RowName, document: string): string;
  /** The document; throws `DamagedMetadata`. */
  open(row: RowName, stored: string): string;
  /** Throws `DamagedMetadata` when an index found a row under a value that the row has not. */
  found(row: RowName, under: { readonly value: string; readonly own: string | undefined }): void;
}

export class DamagedMetadata extends Error {
  override readonly name = 'DamagedMetadata';
  constructor({ collection, key }: RowName) {
    super(`the row ${JSON.stringify(key)} of ${collection} was changed outside of this program`);
  }
}

/** For a file that is not encrypted: documents are kept as they are. */
export const noGuard: RowGuard = {
  close: (_row, document) => document,
  open: (_row, stored) => stored,
  found: () => {},
};

const checkBytes = 16;
/** A line end, and the check in base64 without its padding. */
const suffixLength = 23;

export function rowGuard(key: Uint8Array): RowGuard {
  const checkOf = (row: RowName, document: string) => {
    const { collection, key: name } = row;
    const head = `${collection.length} ${name.length} ${collection}${name}`;
    const hmac = createHmac('sha256', key).update(head).update(document);
    return hmac.digest().subarray(0, checkBytes);
  };
  return {
    close: (row, document) => `${document}\n${checkOf(row, document).toString('base64url')}`,
    open(row, stored) {
      const document = stored.slice(0, -suffixLength);
      const check = Buffer.from(stored.slice(1 - suffixLength), 'base64url');
      const sound =
        stored.at(-suffixLength) === '\n' &&
        check.length === checkBytes &&
        timingSafeEqual(check, checkOf(row, document));
      if (!sound) throw new DamagedMetadata(row);
      return document;
    },
    found(row, { value, own }) {
      if (value !== own) throw new DamagedMetadata(row);
    },
  };
}
