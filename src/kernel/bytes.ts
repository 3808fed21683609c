/** Helpers for byte streams. Every one that gathers has a bound. */

export type ByteStream = AsyncIterable<Uint8Array>;

export class TooManyBytes extends Error {
  override readonly name = 'TooManyBytes';
  readonly limitBytes: number;

  constructor(limitBytes: number) {
    super(`more than ${limitBytes} bytes`);
    this.limitBytes = limitBytes;
  }
}

/** The whole stream in one piece; throws `TooManyBytes` past the limit. */
export async function gather(stream: ByteStream, limitBytes: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of stream) {
    sizeBytes += part.length;
    if (sizeBytes > limitBytes) throw new TooManyBytes(limitBytes);
    parts.push(part);
  }
  return Buffer.concat(parts, sizeBytes);
}

export async function* once(bytes: Uint8Array): ByteStream {
  if (bytes.length > 0) yield bytes;
}

/** Order of UTF-8 bytes, which is the order of code points and not of JavaScript's UTF-16 units. */
export function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above every other unit, so they sort last. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** One piece, the usual case of a group, is not copied. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first, ...more] = pieces;
  return first && more.length === 0 ? first : Buffer.concat(pieces);
}
