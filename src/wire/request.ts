/** The head of a request as plain data, and its body within bounds. Knows no service. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Hold } from '../kernel/byte-budget.ts';
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
  const { rawHeaders } = request;
  // Node has made the same already, where no header came twice.
  const known = request.headers;
  const once = 2 * Object.keys(known).length === rawHeaders.length;
  if (once && known['set-cookie'] === undefined) return known as Record<string, string>;
  const headers: Record<string, string> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const value = rawHeaders[at + 1] ?? '';
    // A header of this name would set what the object inherits from; no signature covers it then.
    if (name === '__proto__') continue;
    const before: unknown = headers[name];
    // What every object inherits (`constructor`) is no text.
    headers[name] = typeof before === 'string' ? `${before},${value}` : value;
  }
  return headers;
}

const noQuery: RequestHead['query'] = [];

/** Throws a `Fault` for a query of too many parameters. */
export function headOf(request: IncomingMessage): RequestHead {
  const url = request.url ?? '/';
  const cut = url.indexOf('?');
  const query = cut < 0 ? noQuery : [...new URLSearchParams(url.slice(cut + 1))];
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
  return hasBody(request) ? new Body(request) : nothing;
}

/** One that says neither how long its body is nor how it ends has none. */
function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = headers;
  return coding !== undefined || (length !== undefined && length !== '0');
}

/** An iterator over a request costs more than a small answer needs. */
const nothing: ByteStream = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
};

class Body {
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  [Symbol.asyncIterator]() {
    return this.#request.iterator({ destroyOnReturn: false });
  }
}

/** Most of a refused body that is read off, so that the client gets to see the answer. */
const drainLimitBytes = 32 * 1024 * 1024;

/** Reads off what nobody read of the body, within a bound; past it the connection is cut. */
export function drain(request: IncomingMessage): void {
  if (request.readableEnded || request.destroyed || !hasBody(request)) return;
  let sizeBytes = 0;
  request.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > drainLimitBytes) request.destroy();
  });
  request.resume();
}

/** The whole body. Throws a `Fault` past the limit, and when there is no room to hold it. */
export async function gatherBody(stream: ByteStream, hold?: Hold): Promise<Buffer> {
  try {
    return await gather(hold ? holding(stream, hold) : stream, bodyLimitBytes);
  } catch (error) {
    if (error instanceof TooManyBytes) throw faults.tooLarge(bodyLimitBytes);
    throw error;
  }
}

/**
 * The same of a request that nobody reads otherwise, by its events: an iterator over a body costs
 * more than all else that a small request needs read.
 */
export function wholeBodyOf(request: IncomingMessage, hold?: Hold): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    let refused = false;
    // Listeners stay: what comes after the promise is settled does nothing, and taking them off
    // costs as much as putting them on.
    request.on('data', (part: Buffer) => {
      if (refused) return;
      sizeBytes += part.length;
      const hasRoom = hold?.add(part.length) ?? true;
      if (hasRoom && sizeBytes <= bodyLimitBytes) return void parts.push(part);
      refused = true;
      parts.length = 0;
      request.pause();
      reject(hasRoom ? faults.tooLarge(bodyLimitBytes) : faults.tooBusy());
    });
    request.on('end', () => resolve(onePiece(parts, sizeBytes)));
    request.on('error', reject);
    request.on('close', () => {
      if (!request.readableEnded) reject(new Error('the client went away within its body'));
    });
  });
}

function onePiece(parts: readonly Buffer[], sizeBytes: number): Buffer {
  const [first] = parts;
  return first && parts.length === 1 ? first : Buffer.concat(parts, sizeBytes);
}

async function* holding(stream: ByteStream, hold: Hold): ByteStream {
  for await (const part of stream) {
    if (!hold.add(part.length)) throw faults.tooBusy();
    yield part;
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
