/** The head of a request as plain data, and its body within bounds. Knows no service. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type ByteStream, gather, TooManyBytes } from '../kernel/bytes.ts';
import { faults } from './faults.ts';

/** Largest body that is held in memory, after unpacking too. */
export const bodyLimitBytes = 16 * 1024 * 1024;
/** Most parameters in a query string. */
const queryLimit = 1_000;

export interface RequestHead {
  readonly method: string;
  /** Path and query as received. */
  readonly url: string;
  /** Still percent-encoded. */
  readonly path: string;
  /** Decoded. */
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
}

/** Lower-case names; a header sent more than once is joined by ",". */
export function headersOf(request: IncomingMessage): Record<string, string> {
  const entries = Object.entries(request.headersDistinct);
  return Object.fromEntries(entries.map(([name, values]) => [name, (values ?? []).join(',')]));
}

/** Throws a `Fault` for a query of too many parameters. */
export function headOf(request: IncomingMessage): RequestHead {
  const url = request.url ?? '/';
  const cut = url.indexOf('?');
  const query = cut < 0 ? [] : [...new URLSearchParams(url.slice(cut + 1))];
  if (query.length > queryLimit) {
    throw faults.invalid('InvalidRequest', `More than ${queryLimit} query parameters.`);
  }
  return {
    method: request.method ?? 'GET',
    url,
    path: cut < 0 ? url : url.slice(0, cut),
    query,
    headers: headersOf(request),
  };
}

/** The body as a stream that may be left unread without the connection being cut. */
export function bodyOf(request: IncomingMessage): ByteStream {
  return { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
}

/** Most of a refused body that is read off, so that the client gets to see the answer. */
const drainLimitBytes = 32 * 1024 * 1024;

/** Reads off what nobody read of the body, within a bound; past it the connection is cut. */
export function drain(request: IncomingMessage): void {
  if (request.readableEnded || request.destroyed) return;
  let sizeBytes = 0;
  request.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > drainLimitBytes) request.destroy();
  });
  request.resume();
}

/** The whole body. Throws a `Fault` past the limit. */
export async function gatherBody(stream: ByteStream): Promise<Buffer> {
  try {
    return await gather(stream, bodyLimitBytes);
  } catch (error) {
    if (error instanceof TooManyBytes) throw faults.tooLarge(bodyLimitBytes);
    throw error;
  }
}

const unpack = promisify(gunzip);

/** The body without a `Content-Encoding: gzip`, which clients of some services apply. */
export async function unpackedBody(
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): Promise<Buffer> {
  if (headers['content-encoding'] !== 'gzip' || body.length === 0) return body;
  try {
    return await unpack(body, { maxOutputLength: bodyLimitBytes });
  } catch (error) {
    if (hasCode(error, 'ERR_BUFFER_TOO_LARGE')) throw faults.tooLarge(bodyLimitBytes);
    throw faults.malformed('SerializationException', 'The request body is not valid gzip.');
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
