/** Answers on the socket: whole bodies with their length, streams with back-pressure. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ByteStream } from '../kernel/bytes.ts';
import type { Soon } from '../kernel/soon.ts';
import type { ServiceModel } from './model/types.ts';
import type { Fault } from './operation.ts';
import { protocols } from './protocols/index.ts';
import type { ProtocolId, WireResponse } from './protocols/protocol.ts';
import { sendStream } from './send.ts';

/** Answers that have no body and no length, whatever an operation says. */
const bodiless: ReadonlySet<number> = new Set([204, 304]);

/**
 * Sends a whole body at once. A stream's promise rejects when the client goes away or the source
 * fails: nothing was sent if that was before its first piece; otherwise the socket is destroyed.
 */
export function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: WireResponse,
): Soon<void> {
  const { status, body } = answer;
  const isHead = request.method === 'HEAD';
  const isWhole = typeof body === 'string' || body instanceof Uint8Array;
  const headers = sendable(answer.headers);
  if (bodiless.has(status) || (isHead && !isWhole)) {
    response.writeHead(status, headers).end();
    return;
  }
  if (!isWhole) return stream(response, { status, headers, body });
  const sizeBytes = Buffer.byteLength(body);
  // The answer to HEAD says how long the body would be.
  if (!isHead || answer.headers['content-length'] === undefined) {
    setHeader(headers, 'content-length', String(sizeBytes));
  }
  response.writeHead(status, headers);
  // ASCII is the same bytes in either, and several times faster as Latin-1.
  if (isHead) response.end();
  else response.end(body, sizeBytes === body.length ? 'latin1' : 'utf8');
}

interface Streamed {
  readonly status: number;
  readonly headers: string[];
  readonly body: ByteStream;
}

async function stream(response: ServerResponse, { status, headers, body }: Streamed) {
  const begun = await begin(body);
  response.writeHead(status, headers);
  await sendStream(response, begun);
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
 * Names and values in turn, which Node takes as they are. Values as bytes that HTTP can carry:
 * UTF-8 where they are beyond Latin-1, as S3 answers metadata, and spaces for line breaks and other
 * control characters.
 */
function sendable(headers: Readonly<Record<string, string>>): string[] {
  const sent: string[] = [];
  for (const name of Object.keys(headers)) {
    const value = headers[name] ?? '';
    sent.push(name, plain.test(value) ? value : sendableText(value));
  }
  return sent;
}

function setHeader(headers: string[], name: string, value: string): void {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at] !== name) continue;
    headers[at + 1] = value;
    return;
  }
  headers.push(name, value);
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
