/**
 * A Bloom filter over short texts: `mayHold` is never wrong when it says no, and wrong in about one
 * case of fifty when it says yes. Filled at a fixed size and folded to the size its content needs.
 * Source: Kirsch and Mitzenmacher, "Less hashing, same performance" (2006); FNV-1a for the hashes.
 */

/** A power of two, as every size is. */
const fullBits = 1 << 18;
const lastBit = fullBits - 1;
const smallestBits = 1 << 9;
const hashes = 6;
/** Bits for each text; with six hashes about two in a hundred answers are wrong. */
const bitsEach = 9;

export class TextFilter {
  #bits = new Uint8Array(fullBits / 8);
  #count = 0;

  /** Of a text in two parts, which need not be joined. */
  add(begin: string, end = ''): void {
    hash(begin, end);
    const bits = this.#bits;
    // Whole numbers of 31 bits all along: what is larger is a float, and its remainder a call.
    let at = hashed.first & lastBit;
    const step = hashed.step & lastBit;
    let fresh = false;
    for (let i = 0; i < hashes; i += 1) {
      const mask = 1 << (at & 7);
      const byte = bits[at >> 3] ?? 0;
      if ((byte & mask) === 0) {
        fresh = true;
        bits[at >> 3] = byte | mask;
      }
      at = (at + step) & lastBit;
    }
    if (fresh) this.#count += 1;
  }

  /** Base64, no longer than its content needs. */
  folded(): string {
    let bits = this.#bits;
    while (bits.length * 4 >= this.#count * bitsEach && bits.length * 8 > smallestBits) {
      const half = bits.length / 2;
      const next = new Uint8Array(half);
      for (let at = 0; at < half; at += 1) next[at] = (bits[at] ?? 0) | (bits[at + half] ?? 0);
      bits = next;
    }
    return Buffer.from(bits).toString('base64');
  }
}

/** `folded` is of `TextFilter`. */
export function mayHold(folded: string, text: string): boolean {
  const bits = Buffer.from(folded, 'base64');
  const size = bits.length * 8;
  if (size === 0) return true;
  hash(text, '');
  const { first, step } = hashed;
  for (let i = 0; i < hashes; i += 1) {
    // Sizes are powers of two: a place modulo the full size folds onto the place modulo this one.
    const at = (first + i * step) % size;
    if (((bits[at >> 3] ?? 0) & (1 << (at & 7))) === 0) return false;
  }
  return true;
}

/** What `hash` found: handed over here, since there is one for every record. */
const hashed = { first: 0, step: 0 };

/** Two of 30 bits each; the step is odd, so that it visits different places. */
function hash(begin: string, end: string): void {
  mixing.a = 0x811c9dc5;
  mixing.b = 0x01000193;
  mix(begin);
  mix(end);
  const a = mixing.a ^ (mixing.a >>> 15);
  const b = mixing.b ^ (mixing.b >>> 13);
  hashed.first = Math.imul(a, 0x2c1b3c6d) & 0x3fffffff;
  hashed.step = (Math.imul(b, 0x297a2d39) & 0x3fffffff) | 1;
}

const mixing = { a: 0, b: 0 };

function mix(text: string): void {
  let { a, b } = mixing;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193);
    b = (Math.imul(b ^ unit, 0x5bd1e995) + 0x27d4eb2f) | 0;
  }
  mixing.a = a;
  mixing.b = b;
}
