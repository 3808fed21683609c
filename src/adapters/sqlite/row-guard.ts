/**
 * Keeps a check with each document, so that one that was changed in the file, or stands at another
 * row's place, is known for it: the cipher of the pages hides them and does not authenticate them.
 * HMAC-SHA256, its first 16 bytes, over the lengths and texts of collection and key, then the
 * document. A row that was taken away, or put back as it was before, is not noticed.
 */
import { timingSafeEqual } from 'node:crypto';
import { shortHmac } from '../../kernel/hmac.ts';

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
  const [found, wanted] = [Buffer.alloc(checkBytes), Buffer.alloc(checkBytes)];
  /** In `wanted`, until the next. */
  const check = ({ collection, key: name }: RowName, document: string) => {
    const head = `${collection.length} ${name.length} ${collection}${name}`;
    wanted.write(shortHmac('sha256', key, [head, document]), 0, checkBytes, 'latin1');
    return wanted;
  };
  return {
    close: (row, document) => `${document}\n${check(row, document).toString('base64url')}`,
    open(row, stored) {
      const end = stored.length - suffixLength;
      const document = stored.slice(0, -suffixLength);
      const sound =
        stored[end] === '\n' &&
        found.write(stored.slice(end + 1), 'base64url') === checkBytes &&
        timingSafeEqual(found, check(row, document));
      if (!sound) throw new DamagedMetadata(row);
      return document;
    },
    found(row, { value, own }) {
      if (value !== own) throw new DamagedMetadata(row);
    },
  };
}
