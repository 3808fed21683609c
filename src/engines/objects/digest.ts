/** Checksums of object content by the algorithms clients may name; xxHash is not among them. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { unreachable } from '../../kernel/assert.ts';
import type { ByteStream } from '../../kernel/bytes.ts';
import { type CrcKind, combineCrc, crc32cKind, crc32Kind, crc64NvmeKind, makeCrc } from './crc.ts';
import type { Checksum, ChecksumAlgorithm, Part } from './rows.ts';

export interface Digest {
  update(bytes: Uint8Array): void;
  /** Once, at the end. */
  base64(): string;
}

export const checksumAlgorithms: readonly ChecksumAlgorithm[] = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
  'SHA512',
  'MD5',
];

export function isChecksumAlgorithm(name: string): name is ChecksumAlgorithm {
  return (checksumAlgorithms as readonly string[]).includes(name);
}

export function makeDigest(algorithm: ChecksumAlgorithm): Digest {
  switch (algorithm) {
    case 'CRC32':
      return nativeCrc32();
    case 'CRC32C':
    case 'CRC64NVME':
      return tableCrc(crcKindOf(algorithm) ?? crc32cKind);
    case 'SHA1':
    case 'SHA256':
    case 'SHA512':
    case 'MD5':
      return hash(algorithm.toLowerCase());
    default:
      return unreachable(algorithm);
  }
}

/** Undefined for the algorithms whose value over parts cannot be told from the parts' values. */
export function crcKindOf(algorithm: ChecksumAlgorithm): CrcKind | undefined {
  if (algorithm === 'CRC32') return crc32Kind;
  if (algorithm === 'CRC32C') return crc32cKind;
  return algorithm === 'CRC64NVME' ? crc64NvmeKind : undefined;
}

function hash(name: string): Digest {
  const state = createHash(name);
  return {
    update: (bytes) => void state.update(bytes),
    base64: () => state.digest('base64'),
  };
}

function nativeCrc32(): Digest {
  let state = 0;
  return {
    update(bytes) {
      state = crc32(bytes, state);
    },
    base64: () => bigEndian(BigInt(state), 32),
  };
}

function tableCrc(kind: CrcKind): Digest {
  const crc = makeCrc(kind);
  return {
    update: (bytes) => crc.update(bytes),
    base64: () => bigEndian(crc.value(), kind.bits),
  };
}

function bigEndian(value: bigint, bits: number): string {
  return Buffer.from(value.toString(16).padStart(bits / 4, '0'), 'hex').toString('base64');
}

/** The checksum of a stream that is read for nothing else. */
export async function digestOf(algorithm: ChecksumAlgorithm, content: ByteStream): Promise<string> {
  const digest = makeDigest(algorithm);
  for await (const bytes of content) digest.update(bytes);
  return digest.base64();
}

/** The digest of the parts' raw digests, and how many there were. */
export function compositeOf(algorithm: ChecksumAlgorithm, values: readonly string[]): string {
  const digest = makeDigest(algorithm);
  for (const value of values) digest.update(Buffer.from(value, 'base64'));
  return `${digest.base64()}-${values.length}`;
}

/** MD5 of the parts' MD5s, `-`, their number; hex. */
export function multipartEtag(etags: readonly string[]): string {
  const state = createHash('md5');
  for (const etag of etags) state.update(Buffer.from(etag, 'hex'));
  return `${state.digest('hex')}-${etags.length}`;
}

/** The checksum of an object from those of its parts; undefined when a part has none. */
export function checksumOfParts(
  wanted: Omit<Checksum, 'value'>,
  parts: readonly Part[],
): Checksum | undefined {
  const { algorithm, type } = wanted;
  const values = parts.flatMap(({ checksum }) =>
    checksum?.algorithm === algorithm ? [checksum.value] : [],
  );
  if (values.length !== parts.length) return undefined;
  if (type === 'COMPOSITE') return { algorithm, type, value: compositeOf(algorithm, values) };
  const kind = crcKindOf(algorithm);
  if (!kind) return undefined;
  const pieces = parts.map(({ sizeBytes }, i) => ({ sizeBytes, crc: numberOf(values[i] ?? '') }));
  return { algorithm, type, value: bigEndian(combineCrc(kind, pieces), kind.bits) };
}

function numberOf(base64: string): bigint {
  return BigInt(`0x0${Buffer.from(base64, 'base64').toString('hex')}`);
}
