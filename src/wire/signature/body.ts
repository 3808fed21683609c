/**
 * A streamed body, decoded and checked against everything the client said about it: its SHA-256,
 * its length, the signatures of its chunks, its checksums. What is kept is the consumer's choice.
 */
import { createHash } from 'node:crypto';
import type { ByteStream } from '../../kernel/bytes.ts';
import { Fault } from '../operation.ts';
import {
  algorithmOf,
  badDigest,
  checkForm,
  contentMd5,
  type Digest,
  isChecksumHeader,
  manyChecksums,
} from './checksums.ts';
import { dechunk, incompleteBody, malformedTrailer } from './chunks.ts';
import { payloadDiffers, unknownPayload } from './faults.ts';
import type { Verified } from './types.ts';

type Headers = Readonly<Record<string, string>>;

/**
 * The body's content. Whatever does not hold throws a `Fault` before the stream ends, and possibly
 * after its last byte: a consumer keeps the bytes only once the stream has ended. Fills `checksums`
 * (header name to base64) as its last act. `verified` is undefined for an anonymous request.
 * Every `x-amz-checksum-*` header is taken to be of this body; operations in which it describes
 * something else (CompleteMultipartUpload) must not pass it on. Bad headers throw at once.
 */
export function verifiedBody(
  source: ByteStream,
  headers: Headers,
  verified: Verified | undefined,
  checksums: Record<string, string>,
): ByteStream {
  const plan = planOf(headers, verified);
  return check(source, plan, checksums);
}

interface Plan {
  /** How the body travels; undefined when it travels as it is. */
  readonly chunked: { readonly signed: boolean; readonly mayTrail: boolean } | undefined;
  readonly chain: Verified['chain'];
  readonly sha256: string | undefined;
  readonly sizeBytes: number | undefined;
  /** Checksums known before the body. */
  readonly expected: ReadonlyMap<string, string>;
  /** Checksums announced to follow it. */
  readonly trailing: readonly string[];
}

function planOf(headers: Headers, verified: Verified | undefined): Plan {
  const payload = verified?.payload ?? headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD';
  const chunked = chunkingOf(payload, headers);
  // An anonymous body that claims signed chunks has nothing to check them with.
  if (chunked?.signed && !verified?.chain) throw unknownPayload();
  const trailing = trailingOf(headers);
  if (trailing.length > 0 && !chunked?.mayTrail) {
    throw malformedTrailer('x-amz-trailer needs a payload that ends in trailers');
  }
  const expected = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    if (name !== contentMd5 && !isChecksumHeader(name)) continue;
    checkForm(name, value.trim());
    expected.set(name, value.trim());
  }
  const given = [...expected.keys(), ...trailing].filter((name) => name !== contentMd5);
  if (given.length > 1) throw manyChecksums();
  return {
    chunked,
    chain: chunked?.signed ? verified?.chain : undefined,
    sha256: /^[0-9a-f]{64}$/.test(payload) ? payload : undefined,
    sizeBytes: sizeOf(headers, chunked !== undefined),
    expected,
    trailing,
  };
}

function chunkingOf(payload: string, headers: Headers): Plan['chunked'] {
  if (payload.startsWith('STREAMING-')) {
    return {
      signed: payload.startsWith('STREAMING-AWS4-'),
      mayTrail: payload.endsWith('-TRAILER'),
    };
  }
  const encodings = (headers['content-encoding'] ?? '').split(',').map((name) => name.trim());
  const isChunked = encodings.includes('aws-chunked') && 'x-amz-decoded-content-length' in headers;
  return isChunked ? { signed: false, mayTrail: 'x-amz-trailer' in headers } : undefined;
}

function trailingOf(headers: Headers): readonly string[] {
  const names = (headers['x-amz-trailer'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const trailing = names.filter((name) => name !== '');
  for (const name of trailing) {
    if (!isChecksumHeader(name)) throw trailerUnsupported();
    algorithmOf(name);
  }
  return trailing;
}

function trailerUnsupported(): Fault {
  const message = 'The value specified in the x-amz-trailer header is not supported';
  return new Fault('InvalidRequest', message, { status: 400 });
}

function sizeOf(headers: Headers, isChunked: boolean): number | undefined {
  const text = headers[isChunked ? 'x-amz-decoded-content-length' : 'content-length'];
  if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  if (!isChunked && text === undefined) return undefined;
  const message = 'You must provide the Content-Length HTTP header.';
  throw new Fault('MissingContentLength', message, { status: 411 });
}

async function* check(
  source: ByteStream,
  plan: Plan,
  checksums: Record<string, string>,
): ByteStream {
  const trailers = new Map<string, string>();
  const { chain, chunked } = plan;
  const content = chunked
    ? dechunk(source, { chain, mayTrail: chunked.mayTrail, trailers })
    : source;
  const whole = plan.sha256 === undefined ? undefined : createHash('sha256');
  const digests = new Map<string, Digest>();
  for (const name of [...plan.expected.keys(), ...plan.trailing]) {
    digests.set(name, algorithmOf(name).start());
  }
  const limitBytes = plan.sizeBytes ?? Number.POSITIVE_INFINITY;
  let sizeBytes = 0;
  for await (const part of content) {
    sizeBytes += part.length;
    if (sizeBytes > limitBytes) throw incompleteBody();
    whole?.update(part);
    for (const digest of digests.values()) digest.update(part);
    yield part;
  }
  if (plan.sizeBytes !== undefined && sizeBytes < limitBytes) throw incompleteBody();
  const sha256 = whole?.digest('hex');
  if (plan.sha256 !== undefined && sha256 !== plan.sha256) {
    throw payloadDiffers(plan.sha256, sha256 ?? '');
  }
  Object.assign(checksums, await compare(digests, expectedOf(plan, trailers)));
}

/** What the client expects, once the trailers are known: exactly the announced ones. */
function expectedOf(plan: Plan, trailers: ReadonlyMap<string, string>): Map<string, string> {
  const expected = new Map(plan.expected);
  for (const name of plan.trailing) {
    const value = trailers.get(name);
    if (value === undefined) throw malformedTrailer(`${name} was announced and is missing`);
    checkForm(name, value);
    expected.set(name, value);
  }
  for (const name of trailers.keys()) {
    if (!plan.trailing.includes(name)) throw malformedTrailer(`${name} was not announced`);
  }
  return expected;
}

async function compare(
  digests: ReadonlyMap<string, Digest>,
  expected: ReadonlyMap<string, string>,
): Promise<Record<string, string>> {
  const verified: Record<string, string> = {};
  for (const [name, digest] of digests) {
    const calculated = await digest.finish();
    const wanted = expected.get(name) ?? '';
    if (wanted !== calculated) throw badDigest(name, wanted, calculated);
    verified[name] = calculated;
  }
  return verified;
}
