/** Looks at one digest or log file as it lies in a bucket: all that it proves about itself. */
import { gunzipSync } from 'node:zlib';
import { type Outcome, ok, reasonOf, refuse } from '../../../kernel/outcome.ts';
import { type Digest, isSignedBy, parseDigest, sha256Of, signatureAlgorithm } from './digest.ts';

export interface Stored {
  readonly bytes: Uint8Array;
  /** The names in lower case, without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface At {
  readonly bucket: string;
  readonly key: string;
}

export interface GoodDigest extends At {
  readonly digest: Digest;
  readonly sha256: string;
  readonly signature: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** Fingerprint to PKCS#1 DER. */
export type PublicKeys = ReadonlyMap<string, Uint8Array>;

const mostBytes = 1_024 ** 3;

/** Refused when it is no gzip stream, or when something follows it. */
export function unzipped(bytes: Uint8Array): Outcome<Buffer> {
  try {
    const options = { info: true, maxOutputLength: mostBytes };
    // With `info` the answer is the content and how much of the input was read.
    const told = gunzipSync(bytes, options) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    if (told.engine.bytesWritten !== bytes.length) return refuse('something follows its end');
    return ok(told.buffer);
  } catch (cause) {
    return refuse(`not in gzip format: ${reasonOf(cause)}`);
  }
}

/** Refused with the first thing that is wrong. */
export function inspectDigest(at: At, stored: Stored, keys: PublicKeys): Outcome<GoodDigest> {
  const content = unzipped(stored.bytes);
  if (!content.ok) return content;
  const bytes = content.value;
  const parsed = parseDigest(bytes);
  if (!parsed.ok) return parsed;
  const digest = parsed.value;
  const { signature, 'signature-algorithm': algorithm } = stored.metadata;
  if (signature === undefined) return refuse('its signature is missing');
  if (algorithm !== signatureAlgorithm) return refuse('its signature has an unknown algorithm');
  if (digest.digestS3Bucket !== at.bucket || digest.digestS3Object !== at.key) {
    return refuse('it was moved: it says that it lies elsewhere');
  }
  const publicKey = keys.get(digest.digestPublicKeyFingerprint);
  if (!publicKey) return refuse('its key is not among the public keys');
  if (!isSignedBy({ digest, bytes }, { signature, publicKey })) {
    return refuse('its signature does not match: it was changed');
  }
  const startMs = Date.parse(digest.digestStartTime);
  const endMs = Date.parse(digest.digestEndTime);
  if (!(startMs < endMs)) return refuse('it does not end after it begins');
  return ok({ ...at, digest, sha256: sha256Of(bytes), signature, startMs, endMs });
}

/** What is wrong with a log file; undefined when it is as the digest says. */
export function logFileProblem(stored: Stored | undefined, sha256: string): string | undefined {
  if (!stored) return 'the log file is missing';
  const content = unzipped(stored.bytes);
  if (!content.ok) return `the log file was changed: ${content.reason}`;
  return sha256Of(content.value) === sha256 ? undefined : 'the log file was changed';
}
