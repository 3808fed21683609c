/**
 * Texts in bytes as numbers, so that each different one is decoded once and not once a cell. Codes
 * are those of `CodedTexts`: they start again with each batch, while texts stay known.
 */

/** What is read, and where a text ends. */
export interface Bytes {
  readonly bytes: Buffer;
  /** 1 for the bytes that no cell has inside; one of them follows the last cell. */
  readonly stops: Uint8Array;
}

/** Longer texts are decoded each time: few of them are there twice. */
const longestKnownBytes = 64;
/** A batch begins without the texts of those before when they are more. */
const mostKnown = 8_192;
const leastSlots = 256;
const prime = 0x01000193;
const seed = 0x811c9dc5 | 0;

export class Dictionary {
  /** Of the batch, in order of first appearance; a text may be there more than once. */
  values: string[] = [];
  /** Where the text that was coded last ends. */
  end = 0;
  #known = 0;
  /** Entry + 1 by hash, 0 where there is none. */
  #slots = new Int32Array(leastSlots);
  #hashes = new Int32Array(leastSlots / 2);
  /** Of entry i: its bytes begin at `2 i` and end at `2 i + 1`. */
  #places = new Int32Array(leastSlots);
  /** The batch in which an entry had its code last. */
  #stamps = new Int32Array(leastSlots / 2);
  #codes = new Uint16Array(leastSlots / 2);
  #texts: string[] = [];
  #store = new Uint8Array(4_096);
  #stored = 0;
  #batch = 1;

  start(): void {
    this.#batch += 1;
    this.values = [];
    if (this.#known <= mostKnown) return;
    this.#known = 0;
    this.#stored = 0;
    this.#texts = [];
    this.#slots.fill(0);
  }

  /** The code of the text from `from` up to the first stop, which is where `end` is then. */
  codeFrom({ bytes, stops }: Bytes, from: number): number {
    let hash = seed;
    let at = from;
    for (;;) {
      const byte = bytes[at] as number;
      if (stops[byte] === 1) break;
      hash = Math.imul(hash ^ byte, prime);
      at += 1;
    }
    this.end = at;
    return this.#codeOf(bytes, from, hash);
  }

  /** The code of a text that is decoded already. */
  codeOf(text: string): number {
    return this.values.push(text);
  }

  #codeOf(bytes: Buffer, from: number, hash: number): number {
    const length = this.end - from;
    if (length > longestKnownBytes) return this.values.push(bytes.toString('utf8', from, this.end));
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const entry = (this.#slots[slot] as number) - 1;
      if (entry < 0) return this.#learn(bytes, from, hash);
      if (this.#hashes[entry] === hash && this.#isAt(entry, bytes, from)) return this.#code(entry);
      slot = (slot + 1) & mask;
    }
  }

  #isAt(entry: number, bytes: Buffer, from: number): boolean {
    const begin = this.#places[2 * entry] as number;
    const length = (this.#places[2 * entry + 1] as number) - begin;
    if (length !== this.end - from) return false;
    const store = this.#store;
    for (let i = 0; i < length; i += 1) if (store[begin + i] !== bytes[from + i]) return false;
    return true;
  }

  #code(entry: number): number {
    if (this.#stamps[entry] !== this.#batch) {
      this.#stamps[entry] = this.#batch;
      this.#codes[entry] = this.values.push(this.#texts[entry] as string);
    }
    return this.#codes[entry] as number;
  }

  #learn(bytes: Buffer, from: number, hash: number): number {
    const entry = this.#known;
    this.#known += 1;
    if (2 * this.#known > this.#slots.length) this.#grow();
    const length = this.end - from;
    if (this.#stored + length > this.#store.length) {
      const grown = new Uint8Array(2 * this.#store.length);
      grown.set(this.#store);
      this.#store = grown;
    }
    bytes.copy(this.#store, this.#stored, from, this.end);
    this.#places[2 * entry] = this.#stored;
    this.#stored += length;
    this.#places[2 * entry + 1] = this.#stored;
    this.#hashes[entry] = hash;
    this.#stamps[entry] = 0;
    this.#texts[entry] = bytes.toString('utf8', from, this.end);
    this.#place(entry, hash);
    return this.#code(entry);
  }

  #place(entry: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
  }

  #grow(): void {
    const slots = 4 * this.#slots.length;
    const widened = <T extends Int32Array | Uint16Array>(from: T, into: T): T => {
      into.set(from);
      return into;
    };
    this.#slots = new Int32Array(slots);
    this.#hashes = widened(this.#hashes, new Int32Array(slots / 2));
    this.#places = widened(this.#places, new Int32Array(slots));
    this.#stamps = widened(this.#stamps, new Int32Array(slots / 2));
    this.#codes = widened(this.#codes, new Uint16Array(slots / 2));
    for (let entry = 0; entry < this.#known - 1; entry += 1) {
      this.#place(entry, this.#hashes[entry] as number);
    }
  }
}
