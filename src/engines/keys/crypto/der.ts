/** ECDSA signatures as DER writes them: `SEQUENCE { INTEGER r, INTEGER s }`. No other DER. */
import type { EcdsaSignature } from './curves.ts';

const sequence = 0x30;
const integer = 0x02;
/** Lengths from here on are written in bytes of their own. */
const longFrom = 0x80;

export function encodeSignature({ r, s }: EcdsaSignature): Buffer {
  const body = Buffer.concat([encodeInteger(r), encodeInteger(s)]);
  return Buffer.concat([Uint8Array.of(sequence), lengthOf(body), body]);
}

/** Undefined for anything but the one way that DER has. */
export function decodeSignature(bytes: Uint8Array): EcdsaSignature | undefined {
  const body = readElement(bytes, sequence);
  if (!body || body.rest.length > 0) return undefined;
  const r = readElement(body.content, integer);
  const s = r && readElement(r.rest, integer);
  if (!s || s.rest.length > 0) return undefined;
  const [first, second] = [integerOf(r.content), integerOf(s.content)];
  if (first === undefined || second === undefined) return undefined;
  return { r: first, s: second };
}

function encodeInteger(value: bigint): Buffer {
  const digits = value.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  const signed = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Uint8Array.of(0), bytes]) : bytes;
  return Buffer.concat([Uint8Array.of(integer), lengthOf(signed), signed]);
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  return length < longFrom ? Uint8Array.of(length) : Uint8Array.of(0x81, length);
}

interface Element {
  readonly content: Uint8Array;
  readonly rest: Uint8Array;
}

function readElement(bytes: Uint8Array, tag: number): Element | undefined {
  const [first, short = longFrom, long = 0] = bytes;
  if (first !== tag) return undefined;
  const isLong = short === 0x81;
  if (isLong ? long < longFrom : short >= longFrom) return undefined;
  const from = isLong ? 3 : 2;
  const to = from + (isLong ? long : short);
  if (bytes.length < to) return undefined;
  return { content: bytes.subarray(from, to), rest: bytes.subarray(to) };
}

/** Not negative, and without zeros that are not needed. */
function integerOf(content: Uint8Array): bigint | undefined {
  const [first, second = 0x80] = content;
  if (first === undefined || first >= 0x80) return undefined;
  if (first === 0 && content.length > 1 && second < 0x80) return undefined;
  return BigInt(`0x${Buffer.from(content).toString('hex')}`);
}
