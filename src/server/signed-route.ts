/**
 * Routes of the server's own that are signed like calls of a service: JSON in, JSON out, bounded,
 * and every failure answered. What they do, and who may, is the work's.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Scope } from '../kernel/arn.ts';
import { gather, TooManyBytes } from '../kernel/bytes.ts';
import type { Clock } from '../kernel/clock.ts';
import { uuid } from '../kernel/ids.ts';
import type { Logger } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import type { Authorize } from '../wire/chain.ts';
import { type Call, Fault } from '../wire/operation.ts';
import { bodyOf, drain, headersOf } from '../wire/request.ts';
import { type FindSecret, verifySignature } from '../wire/signature/index.ts';
import { answerJson, type Route } from './http.ts';

export interface SignedRouteParts {
  readonly findSecret: FindSecret;
  readonly authorize: Authorize;
  /** What clients sign by. */
  readonly wallClock: Clock;
  /** Must be fit for keys. */
  readonly random: Random;
  /** Of the server; a request's own account and region come from its signature. */
  readonly scope: Scope;
  readonly log: Logger;
}

const bodyLimitBytes = 256 * 1024;
/** What requests are signed for. */
export const signingName = 'iam';

/** Answers `work`'s object with 200; a `Fault` that it throws with the fault's status. */
export function signedRoute(
  path: string,
  parts: SignedRouteParts,
  work: (body: Buffer, call: Call) => Promise<object>,
): Route {
  return {
    matches: ({ method, url }) => method === 'POST' && url?.split('?')[0] === path,
    async handle(request, response) {
      const requestId = uuid(parts.random);
      try {
        const { call, body } = await opened(request, response, { parts, requestId });
        answerJson(response, 200, await work(body, call));
      } catch (error) {
        const fault = asFault(error, parts.log, requestId);
        const { code, message, status = 400 } = fault;
        answerJson(response, status, { error: { code, message }, requestId });
      }
      drain(request);
    },
  };
}

function asFault(error: unknown, log: Logger, requestId: string): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof TooManyBytes) {
    const message = `The request has more than ${bodyLimitBytes} bytes.`;
    return new Fault('RequestTooLarge', message, { status: 413 });
  }
  log.error('a signed route failed unexpectedly', error, { requestId });
  return new Fault('InternalFailure', 'An internal error occurred.', { status: 500 });
}

interface Opening {
  readonly parts: SignedRouteParts;
  readonly requestId: string;
}

/** Who asks is known before what they ask is looked at. */
async function opened(
  request: IncomingMessage,
  response: ServerResponse,
  { parts, requestId }: Opening,
): Promise<{ readonly call: Call; readonly body: Buffer }> {
  const headers = headersOf(request);
  const url = request.url ?? '/';
  const body = await gather(bodyOf(request), bodyLimitBytes);
  const bodySha256 = () => createHash('sha256').update(body).digest('hex');
  const verified = await verifySignature(
    { method: 'POST', url, headers, bodySha256 },
    { findSecret: parts.findSecret, nowMs: parts.wallClock.nowMs(), services: [signingName] },
  );
  if (!verified) {
    const message = 'Request is missing Authentication Token';
    throw new Fault('MissingAuthenticationToken', message, { status: 403 });
  }
  const { caller, region = parts.scope.region } = verified;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const { remoteAddress } = request.socket;
  const secure = 'encrypted' in request.socket && request.socket.encrypted === true;
  const call: Call = {
    scope: { partition: parts.scope.partition, region, account: caller.account },
    caller,
    requestId,
    signal: gone.signal,
    endpointUrl: `${secure ? 'https' : 'http'}://${headers['host'] ?? 'localhost'}`,
    headers,
    url,
    checksums: {},
    ...(remoteAddress === undefined
      ? {}
      : { sourceAddress: remoteAddress.replace(/^::ffff:(?=\d+\.)/, '') }),
  };
  return { call, body };
}
