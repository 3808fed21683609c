/**
 * What each key spec is and can do, as a table: its bytes or its pair of keys, and the algorithms
 * that it answers to under each usage. Nothing is computed here.
 */
import type { KeySpec, KeyUsage } from '../rows.ts';

export type EncryptionAlgorithm = 'SYMMETRIC_DEFAULT' | 'RSAES_OAEP_SHA_1' | 'RSAES_OAEP_SHA_256';

export type MacAlgorithm = 'HMAC_SHA_224' | 'HMAC_SHA_256' | 'HMAC_SHA_384' | 'HMAC_SHA_512';

export type SigningAlgorithm =
  | 'RSASSA_PSS_SHA_256'
  | 'RSASSA_PSS_SHA_384'
  | 'RSASSA_PSS_SHA_512'
  | 'RSASSA_PKCS1_V1_5_SHA_256'
  | 'RSASSA_PKCS1_V1_5_SHA_384'
  | 'RSASSA_PKCS1_V1_5_SHA_512'
  | 'ECDSA_SHA_256'
  | 'ECDSA_SHA_384'
  | 'ECDSA_SHA_512'
  | 'ED25519_SHA_512';

export type AgreementAlgorithm = 'ECDH';

/** The specs that have a private and a public key. */
export type PairSpec = Exclude<KeySpec, 'SYMMETRIC_DEFAULT' | `HMAC_${string}`>;

/** Curves by the name that Node and OpenSSL know them under. */
export type CurveName = 'prime256v1' | 'secp384r1' | 'secp521r1' | 'secp256k1';

export type SpecFacts =
  /** Bytes; for HMAC as many as its digest has. */
  | { readonly kind: 'symmetric'; readonly sizeBytes: 32 }
  | { readonly kind: 'hmac'; readonly sizeBytes: number; readonly mac: MacAlgorithm }
  | { readonly kind: 'rsa'; readonly modulusBits: 2048 | 3072 | 4096 }
  | {
      readonly kind: 'ecc';
      readonly curve: CurveName;
      readonly signing: SigningAlgorithm;
      readonly agrees: boolean;
    }
  | { readonly kind: 'ed25519' };

export const specs: Readonly<Record<KeySpec, SpecFacts>> = {
  SYMMETRIC_DEFAULT: { kind: 'symmetric', sizeBytes: 32 },
  HMAC_224: { kind: 'hmac', sizeBytes: 28, mac: 'HMAC_SHA_224' },
  HMAC_256: { kind: 'hmac', sizeBytes: 32, mac: 'HMAC_SHA_256' },
  HMAC_384: { kind: 'hmac', sizeBytes: 48, mac: 'HMAC_SHA_384' },
  HMAC_512: { kind: 'hmac', sizeBytes: 64, mac: 'HMAC_SHA_512' },
  RSA_2048: { kind: 'rsa', modulusBits: 2048 },
  RSA_3072: { kind: 'rsa', modulusBits: 3072 },
  RSA_4096: { kind: 'rsa', modulusBits: 4096 },
  ECC_NIST_P256: { kind: 'ecc', curve: 'prime256v1', signing: 'ECDSA_SHA_256', agrees: true },
  ECC_NIST_P384: { kind: 'ecc', curve: 'secp384r1', signing: 'ECDSA_SHA_384', agrees: true },
  ECC_NIST_P521: { kind: 'ecc', curve: 'secp521r1', signing: 'ECDSA_SHA_512', agrees: true },
  ECC_SECG_P256K1: { kind: 'ecc', curve: 'secp256k1', signing: 'ECDSA_SHA_256', agrees: false },
  ECC_NIST_EDWARDS25519: { kind: 'ed25519' },
};

export function isPairSpec(spec: string): spec is PairSpec {
  if (!Object.hasOwn(specs, spec)) return false;
  const { kind } = specs[spec as KeySpec];
  return kind !== 'symmetric' && kind !== 'hmac';
}

const rsaEncryption = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] as const;
const rsaSigning = [
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
] as const;

/** What a key answers to: at most one list is not empty, for a key has one usage. */
export interface Algorithms {
  readonly encryption: readonly EncryptionAlgorithm[];
  readonly signing: readonly SigningAlgorithm[];
  readonly mac: readonly MacAlgorithm[];
  readonly agreement: readonly AgreementAlgorithm[];
}

const none: Algorithms = { encryption: [], signing: [], mac: [], agreement: [] };

/** All lists are empty for a usage that the spec does not have. */
export function algorithmsOf(spec: KeySpec, usage: KeyUsage): Algorithms {
  const facts = specs[spec];
  switch (usage) {
    case 'ENCRYPT_DECRYPT':
      if (facts.kind === 'symmetric') return { ...none, encryption: ['SYMMETRIC_DEFAULT'] };
      return facts.kind === 'rsa' ? { ...none, encryption: rsaEncryption } : none;
    case 'SIGN_VERIFY':
      return { ...none, signing: signingAlgorithms(facts) };
    case 'GENERATE_VERIFY_MAC':
      return facts.kind === 'hmac' ? { ...none, mac: [facts.mac] } : none;
    case 'KEY_AGREEMENT':
      return facts.kind === 'ecc' && facts.agrees ? { ...none, agreement: ['ECDH'] } : none;
  }
}

function signingAlgorithms(facts: SpecFacts): readonly SigningAlgorithm[] {
  if (facts.kind === 'rsa') return rsaSigning;
  if (facts.kind === 'ecc') return [facts.signing];
  return facts.kind === 'ed25519' ? ['ED25519_SHA_512'] : [];
}

/** Most that one message of RSA-OAEP holds (RFC 8017, 7.1.1): k − 2·hLen − 2. */
export function oaepLimitBytes(modulusBits: number, algorithm: EncryptionAlgorithm): number {
  const hashBytes = algorithm === 'RSAES_OAEP_SHA_1' ? 20 : 32;
  return modulusBits / 8 - 2 * hashBytes - 2;
}
