/**
 * Signatures by each algorithm, over a message or over its digest, and agreement on secrets.
 * Which key may use which algorithm is decided elsewhere.
 */
import { constants, type KeyObject, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { defined } from '../../../kernel/assert.ts';
import type { Random } from '../../../kernel/random.ts';
import { ecdsaSign, ecdsaVerify } from './curves.ts';
import { decodeSignature, encodeSignature } from './der.ts';
import { signPkcs1, signPss, verifyPkcs1, verifyPss } from './rsa-digest.ts';
import type { CurveName, SigningAlgorithm } from './specs.ts';

export type HashName = 'sha256' | 'sha384' | 'sha512';

interface Method {
  readonly family: 'pss' | 'pkcs1' | 'ecdsa' | 'ed25519';
  readonly hash: HashName;
}

const methods: Readonly<Record<SigningAlgorithm, Method>> = {
  RSASSA_PSS_SHA_256: { family: 'pss', hash: 'sha256' },
  RSASSA_PSS_SHA_384: { family: 'pss', hash: 'sha384' },
  RSASSA_PSS_SHA_512: { family: 'pss', hash: 'sha512' },
  RSASSA_PKCS1_V1_5_SHA_256: { family: 'pkcs1', hash: 'sha256' },
  RSASSA_PKCS1_V1_5_SHA_384: { family: 'pkcs1', hash: 'sha384' },
  RSASSA_PKCS1_V1_5_SHA_512: { family: 'pkcs1', hash: 'sha512' },
  ECDSA_SHA_256: { family: 'ecdsa', hash: 'sha256' },
  ECDSA_SHA_384: { family: 'ecdsa', hash: 'sha384' },
  ECDSA_SHA_512: { family: 'ecdsa', hash: 'sha512' },
  ED25519_SHA_512: { family: 'ed25519', hash: 'sha512' },
};

const digestBytes: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48, sha512: 64 };

/** The length that a digest for the algorithm has; undefined where only messages are signed. */
export function digestSizeBytes(algorithm: SigningAlgorithm): number | undefined {
  const { family, hash } = methods[algorithm];
  return family === 'ed25519' ? undefined : digestBytes[hash];
}

export interface ToSign {
  readonly algorithm: SigningAlgorithm;
  readonly message: Uint8Array;
  /** The message is a digest already, of the algorithm's size. */
  readonly isDigest: boolean;
}

const signMessage = promisify(sign);
const verifyMessage = promisify(verify);

/** ECDSA signatures are DER, as X9.62 has them. */
export async function makeSignature(
  { algorithm, message, isDigest }: ToSign,
  { key, random }: { readonly key: KeyObject; readonly random: Random },
): Promise<Uint8Array> {
  const { family, hash } = methods[algorithm];
  if (!isDigest) return signMessage(hashOf(algorithm), message, keyInput(key, family));
  if (family === 'pkcs1') return signPkcs1(message, hash, key);
  if (family === 'pss') return signPss(message, { hash, key, random });
  return signDigest(message, key, random);
}

export async function isSignature(
  { algorithm, message, isDigest, signature }: ToSign & { readonly signature: Uint8Array },
  key: KeyObject,
): Promise<boolean> {
  const { family, hash } = methods[algorithm];
  if (!isDigest) {
    return verifyMessage(hashOf(algorithm), message, keyInput(key, family), signature);
  }
  if (family === 'pkcs1') return verifyPkcs1({ digest: message, hash, signature }, key);
  if (family === 'pss') return verifyPss({ digest: message, hash, signature }, key);
  const numbers = decodeSignature(signature);
  if (!numbers) return false;
  const jwk = key.export({ format: 'jwk' });
  const point = Buffer.concat([Uint8Array.of(4), number(jwk.x), number(jwk.y)]);
  return ecdsaVerify(message, numbers, { curve: curveOf(key), point });
}

function signDigest(digest: Uint8Array, key: KeyObject, random: Random): Uint8Array {
  const secret = number(key.export({ format: 'jwk' }).d);
  try {
    return encodeSignature(ecdsaSign(digest, { curve: curveOf(key), secret, random }));
  } finally {
    secret.fill(0);
  }
}

function hashOf(algorithm: SigningAlgorithm): HashName | null {
  const { family, hash } = methods[algorithm];
  return family === 'ed25519' ? null : hash;
}

function keyInput(key: KeyObject, family: Method['family']) {
  if (family === 'pss') {
    const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
    return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  }
  return family === 'pkcs1' ? { key, padding: constants.RSA_PKCS1_PADDING } : { key };
}

function curveOf({ asymmetricKeyDetails }: KeyObject): CurveName {
  return defined(asymmetricKeyDetails?.namedCurve, 'the curve of a key') as CurveName;
}

function number(text: string | undefined): Buffer {
  return Buffer.from(defined(text, 'a number of a key'), 'base64url');
}
