/** Answers on the socket: whole bodies with their length, streams with back-pressure. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ServiceModel } from './model/types.ts';
import type { Fault } from './operation.ts';
import { protocols } from './protocols/index.ts';
import type { ProtocolId, WireResponse } from './protocols/protocol.ts';

/** Rejects when the client goes away or the body's source fails; the socket is then destroyed. */
export async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: WireResponse,
): Promise<void> {
  const { status, headers, body } = answer;
  const whole = typeof body === 'string' || body instanceof Uint8Array;
  const isHead = request.method === 'HEAD';
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
  response.writeHead(status, headers);
  await pipeline(Readable.from(body, { objectMode: false }), response);
}

/** Answers a request with a fault in the words of its protocol. */
export async function sendFault(
  request: IncomingMessage,
  response: ServerResponse,
  failed: {
    readonly protocol: ProtocolId;
    readonly service?: ServiceModel;
    readonly fault: Fault;
    readonly requestId: string;
  },
): Promise<void> {
  const { protocol, service, fault, requestId } = failed;
  await respond(request, response, protocols[protocol].encodeFault(service, fault, requestId));
}
