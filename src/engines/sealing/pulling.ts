/** Byte streams taken in pieces of a chosen length, and read ahead of whoever works on them. */
import type { ByteStream } from '../../kernel/bytes.ts';

/**
 * Takes what it is asked for from a stream whose parts have lengths of their own. Those need stay
 * as they are until the one after the next is asked for, and no longer.
 */
export class Puller {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(stream: ByteStream) {
    this.#source = stream[Symbol.asyncIterator]();
  }

  /** Shorter only at the end of the stream. Copies no more than what several parts share. */
  async take(lengthBytes: number): Promise<Uint8Array> {
    let pieces: Uint8Array[] = [];
    let missing = lengthBytes;
    for (let asked = 0; ; asked += 1) {
      const piece = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(piece.length);
      if (piece.length > 0) pieces.push(piece);
      missing -= piece.length;
      if (missing === 0 || this.#ended) break;
      if (asked > 0) pieces = [Buffer.concat(pieces)];
      const step = await this.#source.next();
      if (step.done) this.#ended = true;
      else this.#rest = step.value;
    }
    const [only, ...others] = pieces;
    return only && others.length === 0 ? only : Buffer.concat(pieces);
  }

  /** The next bytes without taking them; undefined when so many were not read yet. */
  peek(lengthBytes: number): Uint8Array | undefined {
    return this.#rest.length < lengthBytes ? undefined : this.#rest.subarray(0, lengthBytes);
  }

  /** Takes what `peek` has shown. */
  skip(lengthBytes: number): void {
    this.#rest = this.#rest.subarray(lengthBytes);
  }

  /** Gives up what is left. */
  async close(): Promise<void> {
    if (!this.#ended) await this.#source.return?.();
    this.#ended = true;
  }
}

/**
 * The same stream, of which the next part is being fetched while one is worked on. Its parts must
 * not be overwritten by the source.
 */
export async function* ahead<Part>(stream: AsyncIterable<Part>): AsyncIterable<Part> {
  const source = stream[Symbol.asyncIterator]();
  const fetch = () => {
    const step = source.next();
    // It is waited for below, or its reader has given up and wants no failure either.
    step.catch(() => {});
    return step;
  };
  let ended = false;
  try {
    for (let next = fetch(); ; ) {
      const step = await next.catch((cause: unknown) => {
        ended = true;
        throw cause;
      });
      ended = step.done === true;
      if (step.done) return;
      next = fetch();
      yield step.value;
    }
  } finally {
    if (!ended) await source.return?.();
  }
}
