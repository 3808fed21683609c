/** Answers on the socket: whole bodies with their length, streams with back-pressure. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ByteStream } from '../kernel/bytes.ts';
import type { ServiceModel } from './model/types.ts';
import type { Fault } from './operation.ts';
import { protocols } from './protocols/index.ts';
import type { ProtocolId, WireResponse } from './protocols/protocol.ts';

/** Answers that have no body and no length, whatever an operation says. */
const bodiless: ReadonlySet<number> = new Set([204, 304]);

/**
 * Rejects when the client goes away or the body's source fails. Nothing was sent if that was before
 * its first piece; otherwise the socket is destroyed.
 */
export async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: WireResponse,
): Promise<void> {
  const { status, body } = answer;
  const headers = sendable(answer.headers);
  const whole = typeof body === 'string' || body instanceof Uint8Array;
  const isHead = request.method === 'HEAD';
  if (bodiless.has(status)) {
    response.writeHead(status, headers).end();
    return;
  }
  if (whole) {
    // The answer to HEAD says how long the body would be.
    if (!isHead || headers['content-length'] === undefined) {
      headers['content-length'] = String(Buffer.byteLength(body));
    }
    response.writeHead(status, headers).end(isHead ? '' : body);
    return;
  }
  if (isHead) {
    response.writeHead(status, headers).end();
    return;
  }
  const begun = await begin(body);
  response.writeHead(status, headers);
  await pipeline(Readable.from(begun, { objectMode: false }), response);
}

/** The body once its first piece is there: what cannot be read at all is still answered a fault. */
async function begin(body: ByteStream): Promise<ByteStream> {
  const source = body[Symbol.asyncIterator]();
  const first = await source.next();
  return (async function* () {
    try {
      for (let next = first; !next.done; next = await source.next()) yield next.value;
    } finally {
      await source.return?.();
    }
  })();
}

/**
 * Header values as bytes that HTTP can carry: UTF-8 where they are beyond Latin-1, as S3 answers
 * metadata, and spaces for line breaks and other control characters.
 */
function sendable(headers: Readonly<Record<string, string>>): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    sent[name] = plain.test(value) ? value : sendableText(value);
  }
  return sent;
}

/** Nearly all values: nothing has to be done to them. */
const plain = /^[\x20-\x7e]*$/;

function sendableText(value: string): string {
  const bytes = /[^\0-\xff]/.test(value) ? Buffer.from(value).toString('latin1') : value;
  // oxlint-disable-next-line no-control-regex -- these are what is replaced
  return bytes.replace(/[\0-\x08\x0a-\x1f\x7f]/g, ' ');
}

export interface Failed {
  readonly protocol: ProtocolId;
  readonly service?: ServiceModel | undefined;
  readonly fault: Fault;
  readonly requestId: string;
}

/** A fault in the words of its protocol; its own headers go along in every one. */
export function faultResponse({ protocol, service, fault, requestId }: Failed): WireResponse {
  const answer = protocols[protocol].encodeFault(service, fault, requestId);
  return { ...answer, headers: { ...answer.headers, ...fault.headers } };
}

/** Answers a request with a fault. */
export async function sendFault(
  request: IncomingMessage,
  response: ServerResponse,
  failed: Failed,
): Promise<void> {
  await respond(request, response, faultResponse(failed));
}
