/** Writes answers and refusals as SageMaker Runtime's protocol (rest-json) has them. */
import type { ServerResponse } from 'node:http';
import type { Fault } from '../wire/operation.ts';

export const requestIdHeader = 'x-amzn-requestid';
export const invokedVariant = 'x-amzn-invoked-production-variant';

const mostAsTextBytes = 16_384;

/** A character for each byte. */
function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}

/** Resolves when the last byte was handed to the socket, or the client is gone. */
export function send(res: ServerResponse, { status, headers, body }: Reply): Promise<void> {
  return new Promise((resolve) => {
    // Comes after the last byte was handed on, too.
    res.on('close', resolve);
    headers['content-length'] = String(body.length);
    res.writeHead(status, headers);
    if (body.length > mostAsTextBytes) res.end(body);
    // Text goes out with its head in one piece, which takes the socket less than two.
    else res.end(latin1(body), 'latin1');
  });
}

export interface Reply {
  readonly status: number;
  /** The caller's no longer. */
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

export function sendFault(res: ServerResponse, fault: Fault, requestId: string): Promise<void> {
  const body = { ...fault.members, Message: fault.message, message: fault.message };
  const headers = {
    ...fault.headers,
    'content-type': 'application/json',
    'x-amzn-errortype': fault.code,
    [requestIdHeader]: requestId,
  };
  const status = fault.status ?? 400;
  return send(res, { status, headers, body: Buffer.from(JSON.stringify(body)) });
}
