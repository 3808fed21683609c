/**
 * ECDSA over a digest that was made elsewhere: node:crypto signs and verifies messages only. The
 * product k·G, where time could tell the secret, is OpenSSL's; what is left is arithmetic modulo
 * the order, done on blinded values. Verification knows nothing secret. FIPS 186-5, 6.4.
 */
import { createECDH } from 'node:crypto';
import { assert } from '../../../kernel/assert.ts';
import type { Random } from '../../../kernel/random.ts';
import type { CurveName } from './specs.ts';

/** y² = x³ + ax + b over the field of p, with a base point of prime order n. SEC 2, 2.4. */
interface Curve {
  readonly p: bigint;
  readonly a: bigint;
  readonly b: bigint;
  readonly n: bigint;
  readonly g: Point;
  readonly sizeBytes: number;
}

interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** Jacobian: (X/Z², Y/Z³); z = 0 is the point at infinity. */
interface Jacobian {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}

/** A number from its hexadecimal digits, which may stand in several pieces. */
const hex = (...digits: string[]) => BigInt(`0x${digits.join('')}`);

const p256 = hex('ffffffff00000001000000000000000000000000ffffffffffffffffffffffff');
const p384 = 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n;
const p521 = 2n ** 521n - 1n;
const k256 = 2n ** 256n - 2n ** 32n - 977n;

const curves: Readonly<Record<CurveName, Curve>> = {
  prime256v1: {
    p: p256,
    a: p256 - 3n,
    b: hex('5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b'),
    n: hex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'),
    g: basePoint('prime256v1'),
    sizeBytes: 32,
  },
  secp384r1: {
    p: p384,
    a: p384 - 3n,
    b: hex(
      'b3312fa7e23ee7e4988e056be3f82d19181d9c6efe814112',
      '0314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef',
    ),
    n: hex(
      'ffffffffffffffffffffffffffffffffffffffffffffffff',
      'c7634d81f4372ddf581a0db248b0a77aecec196accc52973',
    ),
    g: basePoint('secp384r1'),
    sizeBytes: 48,
  },
  secp521r1: {
    p: p521,
    a: p521 - 3n,
    b: hex(
      '0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e1',
      '56193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00',
    ),
    n: hex(
      '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa',
      '51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
    ),
    g: basePoint('secp521r1'),
    sizeBytes: 66,
  },
  secp256k1: {
    p: k256,
    a: 0n,
    b: 7n,
    n: hex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'),
    g: basePoint('secp256k1'),
    sizeBytes: 32,
  },
};

export interface EcdsaSignature {
  readonly r: bigint;
  readonly s: bigint;
}

export interface EcdsaSigner {
  readonly curve: CurveName;
  /** The private number, big-endian. */
  readonly secret: Uint8Array;
  readonly random: Random;
}

/** The nonce is random, as FIPS 186-5, A.3.1 makes it. */
export function ecdsaSign(
  digest: Uint8Array,
  { curve: name, secret, random }: EcdsaSigner,
): EcdsaSignature {
  const curve = curves[name];
  const { n } = curve;
  const d = numberOf(secret);
  const e = leftmost(digest, n);
  for (;;) {
    const k = randomBelow(n, random);
    const r = multipleOfBase(name, k).x % n;
    // Only products with a fresh random number meet operations that take as long as their value.
    const blind = randomBelow(n, random);
    const inverse = inverted((k * blind) % n, n);
    const sum = (blind * e + r * ((blind * d) % n)) % n;
    const s = (inverse * sum) % n;
    if (r !== 0n && s !== 0n) return { r, s };
  }
}

export interface EcdsaVerifier {
  readonly curve: CurveName;
  /** The public point, uncompressed: `04 ‖ x ‖ y`. */
  readonly point: Uint8Array;
}

export function ecdsaVerify(
  digest: Uint8Array,
  { r, s }: EcdsaSignature,
  { curve: name, point }: EcdsaVerifier,
): boolean {
  const curve = curves[name];
  const { n } = curve;
  if (r < 1n || r >= n || s < 1n || s >= n) return false;
  const q = pointOf(point, curve);
  const w = inverted(s, n);
  const sum = twoProducts(curve, [(leftmost(digest, n) * w) % n, q, (r * w) % n]);
  if (sum.z === 0n) return false;
  const z = inverted(sum.z, curve.p);
  return mod(sum.x * z * z, curve.p) % n === r;
}

/** u·G + v·q, both at once: a doubling a bit, and an addition where either has one. */
function twoProducts(curve: Curve, [u, q, v]: readonly [bigint, Point, bigint]): Jacobian {
  const base = { ...curve.g, z: 1n };
  const other = { ...q, z: 1n };
  const both = added(curve, base, other);
  let sum: Jacobian = { x: 1n, y: 1n, z: 0n };
  const bits = Math.max(u.toString(2).length, v.toString(2).length);
  for (let at = BigInt(bits) - 1n; at >= 0n; at -= 1n) {
    sum = doubled(curve, sum);
    const inU = (u >> at) & 1n;
    const inV = (v >> at) & 1n;
    if (inU && inV) sum = added(curve, sum, both);
    else if (inU) sum = added(curve, sum, base);
    else if (inV) sum = added(curve, sum, other);
  }
  return sum;
}

/** hyperelliptic.org/EFD, Jacobian coordinates, dbl-1998-cmo-2. */
function doubled({ p, a }: Curve, { x, y, z }: Jacobian): Jacobian {
  if (z === 0n || y === 0n) return { x: 1n, y: 1n, z: 0n };
  const yy = (y * y) % p;
  const s = (4n * x * yy) % p;
  const zz = (z * z) % p;
  const m = (3n * x * x + a * zz * zz) % p;
  const t = mod(m * m - 2n * s, p);
  return { x: t, y: mod(m * (s - t) - 8n * yy * yy, p), z: (2n * y * z) % p };
}

/** hyperelliptic.org/EFD, Jacobian coordinates, add-1998-cmo-2. */
function added(curve: Curve, one: Jacobian, two: Jacobian): Jacobian {
  if (one.z === 0n) return two;
  if (two.z === 0n) return one;
  const { p } = curve;
  const zz1 = (one.z * one.z) % p;
  const zz2 = (two.z * two.z) % p;
  const u1 = (one.x * zz2) % p;
  const s1 = (one.y * two.z * zz2) % p;
  const h = mod(two.x * zz1 - u1, p);
  const r = mod(two.y * one.z * zz1 - s1, p);
  if (h === 0n) return r === 0n ? doubled(curve, one) : { x: 1n, y: 1n, z: 0n };
  const hh = (h * h) % p;
  const hhh = (h * hh) % p;
  const v = (u1 * hh) % p;
  const x = mod(r * r - hhh - 2n * v, p);
  return { x, y: mod(r * (v - x) - s1 * hhh, p), z: (one.z * two.z * h) % p };
}

/** The digest's leftmost bits, as many as the order has. */
function leftmost(digest: Uint8Array, n: bigint): bigint {
  const spare = digest.length * 8 - n.toString(2).length;
  const value = numberOf(digest);
  return spare > 0 ? value >> BigInt(spare) : value;
}

function multipleOfBase(name: CurveName, k: bigint): Point {
  const { sizeBytes } = curves[name];
  const ecdh = createECDH(name);
  ecdh.setPrivateKey(bytesOf(k, sizeBytes));
  return coordinates(ecdh.getPublicKey());
}

function basePoint(name: CurveName): Point {
  const ecdh = createECDH(name);
  ecdh.setPrivateKey(Uint8Array.of(1));
  return coordinates(ecdh.getPublicKey());
}

function pointOf(encoded: Uint8Array, { p, a, b }: Curve): Point {
  const point = coordinates(encoded);
  const { x, y } = point;
  assert(mod(y * y - (x * x * x + a * x + b), p) === 0n, 'a public key beside its curve');
  return point;
}

function coordinates(encoded: Uint8Array): Point {
  assert(encoded[0] === 4, 'a point that is not written in full');
  const half = (encoded.length + 1) / 2;
  return { x: numberOf(encoded.subarray(1, half)), y: numberOf(encoded.subarray(half)) };
}

/** Between 1 and n − 1, from 64 bits more than needed (FIPS 186-5, A.3.1). */
function randomBelow(n: bigint, random: Random): bigint {
  const sizeBytes = Math.ceil(n.toString(2).length / 8) + 8;
  return (numberOf(random.bytes(sizeBytes)) % (n - 1n)) + 1n;
}

/** By the extended Euclidean algorithm. */
function inverted(value: bigint, modulus: bigint): bigint {
  let [low, high, x, y] = [mod(value, modulus), modulus, 1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high] = [high % low, low];
    [x, y] = [y - quotient * x, x];
  }
  return mod(x, modulus);
}

function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);
}

export function bytesOf(value: bigint, sizeBytes: number): Buffer {
  return Buffer.from(value.toString(16).padStart(sizeBytes * 2, '0'), 'hex');
}
