/**
 * CBOR (RFC 8949), as far as rpc-v2-cbor uses it: integers, floats, byte and text strings, arrays,
 * maps with text keys, tag 1 for instants, definite and indefinite lengths. Knows no model.
 */
import { depthLimit, Malformed, strictUtf8 } from './malformed.ts';
import { fromEpochSeconds } from './timestamps.ts';

const breakByte = 0xff;
const instantTag = 1;
const bigTags = new Set([2, 3]);

/** The one value of the bytes. Instants become `Date`. Throws `Malformed`. */
export function decodeCbor(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (!reader.atEnd) throw new Malformed('There are bytes after the CBOR value.');
  return value;
}

class Reader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): unknown {
    if (depth > depthLimit) {
      throw new Malformed(`Values are nested deeper than ${depthLimit} levels.`);
    }
    const initial = this.#byte();
    const major = initial >> 5;
    const info = initial & 31;
    if (major === 7) return this.#simple(info);
    if (info === 31) return this.#indefinite(major, depth);
    const argument = this.#argument(info);
    if (major === 0) return narrow(argument);
    if (major === 1) return narrow(-1n - argument);
    if (major === 6) return this.#tagged(Number(argument), depth);
    const length = Number(argument);
    if (major === 2) return this.#take(length);
    if (major === 3) return utf8(this.#take(length));
    // Every item takes a byte at least, so a length beyond the input is refused before any work.
    if (length > this.#bytes.length - this.#at) throw truncated();
    if (major === 4) return Array.from({ length }, () => this.value(depth + 1));
    return Object.fromEntries(Array.from({ length }, () => this.#entry(depth)));
  }

  #entry(depth: number): readonly [string, unknown] {
    const key = this.value(depth + 1);
    if (typeof key !== 'string') throw new Malformed('A CBOR map has a key that is no text.');
    return [key, this.value(depth + 1)];
  }

  #indefinite(major: number, depth: number): unknown {
    if (major === 4) return this.#untilBreak(() => this.value(depth + 1));
    if (major === 5) return Object.fromEntries(this.#untilBreak(() => this.#entry(depth)));
    if (major !== 2 && major !== 3) throw new Malformed('The CBOR is not well-formed.');
    const chunks = this.#untilBreak(() => {
      if (this.#peek() >> 5 !== major) throw new Malformed('The CBOR is not well-formed.');
      const info = this.#byte() & 31;
      if (info === 31) throw new Malformed('The CBOR is not well-formed.');
      return this.#take(Number(this.#argument(info)));
    });
    const joined = Buffer.concat(chunks);
    return major === 2 ? joined : utf8(joined);
  }

  #untilBreak<T>(read: () => T): T[] {
    const items: T[] = [];
    while (this.#peek() !== breakByte) items.push(read());
    this.#at += 1;
    return items;
  }

  #tagged(tag: number, depth: number): unknown {
    const value = this.value(depth + 1);
    if (tag === instantTag) {
      const date = typeof value === 'number' ? fromEpochSeconds(value) : undefined;
      if (!date) throw new Malformed('A CBOR instant is not a number of seconds.');
      return date;
    }
    if (bigTags.has(tag)) throw new Malformed('Big numbers are not accepted.');
    return value;
  }

  #simple(info: number): unknown {
    if (info === 20 || info === 21) return info === 21;
    if (info === 22 || info === 23) return null;
    if (info === 25) return halfFloat(this.#view.getUint16(this.#advance(2)));
    if (info === 26) return this.#view.getFloat32(this.#advance(4));
    if (info === 27) return this.#view.getFloat64(this.#advance(8));
    throw new Malformed('The CBOR is not well-formed.');
  }

  #argument(info: number): bigint {
    if (info < 24) return BigInt(info);
    if (info === 24) return BigInt(this.#byte());
    if (info === 25) return BigInt(this.#view.getUint16(this.#advance(2)));
    if (info === 26) return BigInt(this.#view.getUint32(this.#advance(4)));
    if (info === 27) return this.#view.getBigUint64(this.#advance(8));
    throw new Malformed('The CBOR is not well-formed.');
  }

  #take(length: number): Buffer {
    const from = this.#advance(length);
    return Buffer.from(this.#bytes.subarray(from, from + length));
  }

  /** Moves on by `count` bytes; the place before. */
  #advance(count: number): number {
    const from = this.#at;
    if (count > this.#bytes.length - from) throw truncated();
    this.#at += count;
    return from;
  }

  #byte(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  #peek(): number {
    const next = this.#bytes[this.#at];
    if (next === undefined) throw truncated();
    return next;
  }
}

function truncated(): Malformed {
  return new Malformed('The CBOR ends too early.');
}

function utf8(bytes: Uint8Array): string {
  try {
    return strictUtf8(bytes);
  } catch {
    throw new Malformed('A CBOR text is not UTF-8.');
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Strings, numbers, booleans, null, dates, bytes, arrays and plain objects. */
export function encodeCbor(value: unknown): Buffer {
  const parts: Uint8Array[] = [];
  write(parts, value);
  return Buffer.concat(parts);
}

function write(parts: Uint8Array[], value: unknown): void {
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    parts.push(head(3, text.length), text);
  } else if (typeof value === 'number') parts.push(number(value));
  else if (typeof value === 'boolean') parts.push(Buffer.of(value ? 0xf5 : 0xf4));
  else if (value === null || value === undefined) parts.push(Buffer.of(0xf6));
  else if (value instanceof Uint8Array) parts.push(head(2, value.length), value);
  else if (value instanceof Date) {
    parts.push(head(6, instantTag), double(value.getTime() / 1000));
  } else if (Array.isArray(value)) {
    parts.push(head(4, value.length));
    for (const item of value) write(parts, item);
  } else {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    parts.push(head(5, entries.length));
    for (const [key, item] of entries) {
      write(parts, key);
      write(parts, item);
    }
  }
}

function number(value: number): Buffer {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) return double(value);
  return value >= 0 ? head(0, value) : head(1, -1 - value);
}

function double(value: number): Buffer {
  const out = Buffer.alloc(9);
  out[0] = 0xfb;
  out.writeDoubleBE(value, 1);
  return out;
}

function head(major: number, argument: number): Buffer {
  const type = major << 5;
  if (argument < 24) return Buffer.of(type | argument);
  if (argument < 2 ** 8) return Buffer.of(type | 24, argument);
  const small = argument < 2 ** 16;
  if (small || argument < 2 ** 32) {
    const out = Buffer.alloc(small ? 3 : 5);
    out[0] = type | (small ? 25 : 26);
    out.writeUIntBE(argument, 1, small ? 2 : 4);
    return out;
  }
  const out = Buffer.alloc(9);
  out[0] = type | 27;
  out.writeBigUInt64BE(BigInt(argument), 1);
  return out;
}
