/**
 * Takes `aws-chunked` bodies apart: chunks with or without signatures, then trailing headers.
 * Source: "Signature calculations for the Authorization header: transferring payload in multiple
 * chunks" and "… including trailing headers" in the S3 API Reference.
 * Chunks smaller than the original's 8 KiB are accepted.
 */
import { createHash } from 'node:crypto';
import type { ByteStream } from '../../kernel/bytes.ts';
import { Fault } from '../operation.ts';
import { emptySha256, hmacSha256, sha256Hex } from './canonical.ts';
import { doesNotMatch } from './faults.ts';
import { type PieceReader, pieceReader } from './pieces.ts';
import { sameText } from './text.ts';
import type { SignatureChain } from './types.ts';

const maxHeaderBytes = 512;
const maxTrailerBytes = 4_096;
const maxTrailers = 16;
/** A chunk may not be larger than the largest object. */
const maxChunkBytes = 5 * 2 ** 40;

export interface ChunkedBody {
  /** Set when every chunk and the trailer must be signed. */
  readonly chain: SignatureChain | undefined;
  /** Whether the body was announced to end in trailing headers. */
  readonly mayTrail: boolean;
  /** Filled with the trailing headers, lower case, when the stream ends. */
  readonly trailers: Map<string, string>;
}

export const incompleteBody = () =>
  new Fault('IncompleteBody', 'The request body terminated unexpectedly', { status: 400 });

export function malformedTrailer(reason: string): Fault {
  const message =
    'The request contained trailing data that was not well-formed or did not conform to our ' +
    `published schema: ${reason}`;
  return new Fault('MalformedTrailerError', message, { status: 400 });
}

const badChunk = (reason: string) => new Fault('InvalidChunkSizeError', reason, { status: 403 });

/**
 * The content of the chunks. Bytes leave before the signature of their chunk is known to hold, and
 * a wrong one throws before the stream ends: the consumer must keep nothing until the end.
 */
export async function* dechunk(source: ByteStream, body: ChunkedBody): ByteStream {
  const reader = pieceReader(source);
  const signer = body.chain ? chunkSigner(body.chain) : undefined;
  try {
    for (;;) {
      const header = await chunkHeader(reader);
      const content = signer ? createHash('sha256') : undefined;
      for (let left = header.sizeBytes; left > 0; ) {
        const part = await reader.take(left);
        if (!part) throw incompleteBody();
        left -= part.length;
        content?.update(part);
        yield part;
      }
      signer?.checkChunk(content?.digest('hex') ?? emptySha256, header.signature);
      if (header.sizeBytes === 0) break;
      await chunkEnd(reader);
    }
    await readTrailers(reader, body, signer);
  } finally {
    await reader.close();
  }
}

interface ChunkHeader {
  readonly sizeBytes: number;
  readonly signature: string | undefined;
}

async function chunkHeader(reader: PieceReader): Promise<ChunkHeader> {
  const line = await reader.line(maxHeaderBytes);
  if (line.kind === 'ended') throw incompleteBody();
  const text = line.kind === 'whole' ? line.text : '';
  const match = /^([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(text);
  if (!match) throw badChunk('A chunk does not begin with its size');
  const sizeBytes = Number.parseInt(match[1] ?? '', 16);
  if (sizeBytes > maxChunkBytes) throw badChunk('A chunk is larger than the largest object');
  return { sizeBytes, signature: match[2] };
}

async function chunkEnd(reader: PieceReader): Promise<void> {
  const line = await reader.line(0);
  if (line.kind === 'ended') throw incompleteBody();
  if (line.kind !== 'whole') throw badChunk('A chunk is longer than its size');
}

/** Some clients end the body after the last chunk or trailer, without the closing empty line. */
async function readTrailers(
  reader: PieceReader,
  { trailers, mayTrail }: ChunkedBody,
  signer: ChunkSigner | undefined,
): Promise<void> {
  let canonical = '';
  let signature: string | undefined;
  for (;;) {
    const line = await reader.line(maxTrailerBytes);
    if (line.kind === 'tooLong') throw malformedTrailer('a line is too long');
    if (line.text === '') break;
    if (line.kind === 'ended') throw malformedTrailer('a line does not end in CR LF');
    const [, name = '', value = ''] = /^([\w-]+)[ \t]*:(.*)$/.exec(line.text) ?? [];
    const header = name.toLowerCase();
    if (!header || trailers.has(header) || trailers.size >= maxTrailers || signature) {
      throw malformedTrailer('a line is not a header, or is one too many');
    }
    if (header === 'x-amz-trailer-signature') {
      signature = value.trim();
      continue;
    }
    trailers.set(header, value.trim());
    canonical += `${header}:${value.trim()}\n`;
  }
  if (!mayTrail && canonical !== '') throw malformedTrailer('x-amz-trailer announced none');
  if (mayTrail && signer) signer.checkTrailer(canonical, signature);
  if (await reader.take(1)) throw malformedTrailer('there is more after the last line');
}

interface ChunkSigner {
  checkChunk(contentSha256: string, signature: string | undefined): void;
  checkTrailer(canonical: string, signature: string | undefined): void;
}

/** Each signature covers the one before it, so chunks cannot be dropped, repeated or moved. */
function chunkSigner({ key, amzDate, scope, seed }: SignatureChain): ChunkSigner {
  let previous = seed;
  const check = (kind: string, content: string, signature: string | undefined) => {
    const toSign = `AWS4-HMAC-SHA256-${kind}\n${amzDate}\n${scope}\n${previous}\n${content}`;
    const want = hmacSha256(key, toSign).toString('hex');
    if (!sameText(want, signature ?? '')) {
      throw doesNotMatch('s3', { StringToSign: toSign, SignatureProvided: signature ?? '' });
    }
    previous = want;
  };
  return {
    checkChunk: (sha256, signature) => check('PAYLOAD', `${emptySha256}\n${sha256}`, signature),
    checkTrailer: (canonical, signature) => check('TRAILER', sha256Hex(canonical), signature),
  };
}
