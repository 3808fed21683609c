/** Reads lines and counted bytes from a stream of pieces, without joining the pieces. */
import type { ByteStream } from '../../kernel/bytes.ts';

const lineFeed = 0x0a;

export interface PieceReader {
  /**
   * The text before the next CR LF, both taken off the stream. `tooLong` once `limitBytes` went by
   * without one; `ended`, with what was left, when the stream ends first.
   */
  line(limitBytes: number): Promise<Line>;
  /** Up to `limitBytes` bytes, at least one; undefined at the end of the stream. */
  take(limitBytes: number): Promise<Buffer | undefined>;
  /** Lets the source go. */
  close(): Promise<void>;
}

export type Line =
  | { readonly kind: 'whole' | 'ended'; readonly text: string }
  | { readonly kind: 'tooLong' };

export function pieceReader(source: ByteStream): PieceReader {
  const pieces = source[Symbol.asyncIterator]();
  let piece = Buffer.alloc(0);

  async function fill(): Promise<boolean> {
    while (piece.length === 0) {
      const next = await pieces.next();
      if (next.done) return false;
      const { buffer, byteOffset, byteLength } = next.value;
      piece = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
    }
    return true;
  }

  function cut(sizeBytes: number): Buffer {
    const head = piece.subarray(0, sizeBytes);
    piece = piece.subarray(head.length);
    return head;
  }

  return {
    async line(limitBytes) {
      let text = '';
      while (await fill()) {
        const at = piece.subarray(0, limitBytes + 2 - text.length).indexOf(lineFeed);
        text += cut(at < 0 ? limitBytes + 2 - text.length : at + 1).toString('latin1');
        if (text.endsWith('\r\n')) return { kind: 'whole', text: text.slice(0, -2) };
        if (text.length >= limitBytes + 2) return { kind: 'tooLong' };
      }
      return { kind: 'ended', text };
    },
    async take(limitBytes) {
      return (await fill()) ? cut(limitBytes) : undefined;
    },
    async close() {
      await pieces.return?.();
    },
  };
}
