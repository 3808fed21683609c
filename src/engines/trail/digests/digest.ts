/**
 * A digest: what was delivered in an hour, chained to the digest before it and signed. Building and
 * reading only; nothing is stored here. Source: "CloudTrail digest file structure" and "Custom
 * implementations of CloudTrail log file integrity validation" in the CloudTrail User Guide.
 */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { type Outcome, ok, refuse } from '../../../kernel/outcome.ts';
import { isoSeconds } from './names.ts';
import type { LogFile, PreviousDigest } from './rows.ts';

export const signatureAlgorithm = 'SHA256withRSA';
export const hashAlgorithm = 'SHA-256';

/** As it is written, in this order of members. */
export interface Digest {
  readonly awsAccountId: string;
  readonly digestStartTime: string;
  readonly digestEndTime: string;
  readonly digestS3Bucket: string;
  readonly digestS3Object: string;
  readonly digestPublicKeyFingerprint: string;
  readonly digestSignatureAlgorithm: string;
  readonly newestEventTime: string | null;
  readonly oldestEventTime: string | null;
  readonly previousDigestS3Bucket: string | null;
  readonly previousDigestS3Object: string | null;
  readonly previousDigestHashValue: string | null;
  readonly previousDigestHashAlgorithm: string | null;
  readonly previousDigestSignature: string | null;
  readonly logFiles: readonly DigestLogFile[];
}

export interface DigestLogFile {
  readonly s3Bucket: string;
  readonly s3Object: string;
  readonly hashValue: string;
  readonly hashAlgorithm: string;
  readonly newestEventTime: string;
  readonly oldestEventTime: string;
}

export interface DigestFacts {
  readonly account: string;
  readonly bucket: string;
  readonly key: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly fingerprint: string;
  readonly previous?: PreviousDigest | undefined;
  readonly files: readonly LogFile[];
}

export function digestOf(facts: DigestFacts): Digest {
  const { account, bucket, key, startMs, endMs, fingerprint, previous, files } = facts;
  const times = files.flatMap(({ newest, oldest }) => [newest, oldest]).sort();
  return {
    awsAccountId: account,
    digestStartTime: isoSeconds(startMs),
    digestEndTime: isoSeconds(endMs),
    digestS3Bucket: bucket,
    digestS3Object: key,
    digestPublicKeyFingerprint: fingerprint,
    digestSignatureAlgorithm: signatureAlgorithm,
    newestEventTime: times.at(-1) ?? null,
    oldestEventTime: times[0] ?? null,
    previousDigestS3Bucket: previous?.bucket ?? null,
    previousDigestS3Object: previous?.key ?? null,
    previousDigestHashValue: previous?.sha256 ?? null,
    previousDigestHashAlgorithm: previous ? hashAlgorithm : null,
    previousDigestSignature: previous?.signature ?? null,
    logFiles: files.map((file) => ({
      s3Bucket: file.bucket,
      s3Object: file.key,
      hashValue: file.sha256,
      hashAlgorithm,
      newestEventTime: file.newest,
      oldestEventTime: file.oldest,
    })),
  };
}

/** Hex. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What is signed: `bytes` are those of the digest, uncompressed. */
function signedText(digest: Digest, bytes: Uint8Array): string {
  const at = `${digest.digestS3Bucket}/${digest.digestS3Object}`;
  const previous = digest.previousDigestSignature ?? 'null';
  return [digest.digestEndTime, at, sha256Of(bytes), previous].join('\n');
}

/** RSASSA-PKCS1-v1_5 with SHA-256, hex. */
export function signDigest(digest: Digest, bytes: Uint8Array, key: KeyObject): string {
  return sign('sha256', Buffer.from(signedText(digest, bytes)), key).toString('hex');
}

/** `publicKey` is PKCS#1 DER. False for what is no key or no signature, too. */
export function isSignedBy(
  { digest, bytes }: { readonly digest: Digest; readonly bytes: Uint8Array },
  { signature, publicKey }: { readonly signature: string; readonly publicKey: Uint8Array },
): boolean {
  const der = Buffer.from(publicKey);
  try {
    const key = createPublicKey({ key: der, format: 'der', type: 'pkcs1' });
    const text = Buffer.from(signedText(digest, bytes));
    return verify('sha256', text, key, Buffer.from(signature, 'hex'));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return false;
    throw cause;
  }
}

const texts = [
  'awsAccountId',
  'digestStartTime',
  'digestEndTime',
  'digestS3Bucket',
  'digestS3Object',
  'digestPublicKeyFingerprint',
  'digestSignatureAlgorithm',
] as const;
const textsOrNull = [
  'previousDigestS3Bucket',
  'previousDigestS3Object',
  'previousDigestHashValue',
  'previousDigestSignature',
] as const;
const fileTexts = ['s3Bucket', 's3Object', 'hashValue'] as const;

/** Refused with what is wrong with it; the signature is not looked at. */
export function parseDigest(bytes: Uint8Array): Outcome<Digest> {
  const value = parseJson(bytes);
  if (!isObject(value)) return refuse('not a JSON object');
  const lacking = texts.find((name) => typeof value[name] !== 'string');
  if (lacking !== undefined) return refuse(`${lacking} is missing`);
  const strange = textsOrNull.find((name) => !isTextOrNull(value[name]));
  if (strange !== undefined) return refuse(`${strange} is missing`);
  const files = value['logFiles'];
  if (!Array.isArray(files)) return refuse('logFiles is missing');
  const isFile = (file: unknown) =>
    isObject(file) && fileTexts.every((name) => typeof file[name] === 'string');
  if (!files.every(isFile)) return refuse('logFiles has an incomplete entry');
  return ok(value as unknown as Digest);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextOrNull(value: unknown): boolean {
  return typeof value === 'string' || value === null;
}
