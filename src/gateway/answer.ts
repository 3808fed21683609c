/** Writes answers and refusals as SageMaker Runtime's protocol (rest-json) has them. */
import type { ServerResponse } from 'node:http';
import type { Fault } from '../wire/operation.ts';

export const requestIdHeader = 'x-amzn-requestid';
export const invokedVariant = 'x-amzn-invoked-production-variant';

/** Resolves when the last byte was handed to the socket, or the client is gone. */
export function send(res: ServerResponse, { status, headers, body }: Reply): Promise<void> {
  return new Promise((resolve) => {
    // Comes after the last byte was handed on, too.
    res.on('close', resolve);
    headers['content-length'] = String(body.length);
    res.writeHead(status, headers).end(body);
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
