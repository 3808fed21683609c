/**
 * Bytes on their way from those who have them now and then to one who takes them as they come: a
 * stream of pieces of one size, the last one shorter. What waits is counted, not bounded: whoever
 * adds looks at it.
 */
import type { ByteStream } from '../../kernel/bytes.ts';

/** As long as the chunks that objects are sealed in. */
const pieceBytes = 65_536;

export class Pieces {
  #whole: Uint8Array[] = [];
  #begun: Uint8Array | undefined;
  #begunBytes = 0;
  #state: 'open' | 'ended' | 'dropped' = 'open';
  #wake: () => void = () => {};

  /** Of what was added and not taken. */
  get waitingBytes(): number {
    return this.#whole.length * pieceBytes + this.#begunBytes;
  }

  /** Copies them. Nothing happens after the end. */
  add(bytes: Uint8Array): void {
    if (this.#state !== 'open') return;
    for (let at = 0; at < bytes.length; ) {
      this.#begun ??= Buffer.allocUnsafeSlow(pieceBytes);
      const part = bytes.subarray(at, at + pieceBytes - this.#begunBytes);
      this.#begun.set(part, this.#begunBytes);
      this.#begunBytes += part.length;
      at += part.length;
      if (this.#begunBytes === pieceBytes) this.#cut(this.#begun);
    }
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    if (this.#begun) this.#cut(this.#begun.subarray(0, this.#begunBytes));
    this.#wake();
  }

  /** Nobody takes them any more: what waits is forgotten. */
  drop(): void {
    this.#state = 'dropped';
    this.#whole = [];
    this.#begun = undefined;
    this.#begunBytes = 0;
    this.#wake();
  }

  /** For one reader. Ends after `end`, and throws once they were dropped. */
  async *stream(): ByteStream {
    for (;;) {
      const piece = this.#whole.shift();
      if (piece) yield piece;
      else if (this.#state === 'ended') return;
      else if (this.#state === 'dropped') throw new Error('the pieces were dropped');
      else await new Promise<void>((wake) => (this.#wake = wake));
    }
  }

  #cut(piece: Uint8Array): void {
    this.#whole.push(piece);
    this.#begun = undefined;
    this.#begunBytes = 0;
    this.#wake();
  }
}
