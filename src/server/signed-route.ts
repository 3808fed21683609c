/**
 * Routes of the server's own that are signed like calls of a service: JSON in, JSON out, bounded,
 * and every failure answered. What they do, and who may, is the work's.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Scope } from '../kernel/arn.ts';
import { gather, TooManyBytes } from '../kernel/bytes.ts';
import type { Check } from '../kernel/check.ts';
import type { Clock } from '../kernel/clock.ts';
import { uuid } from '../kernel/ids.ts';
import type { Logger } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import type { Authorize } from '../wire/chain.ts';
import { connectionOf } from '../wire/listener.ts';
import { type Call, Fault } from '../wire/operation.ts';
import { bodyOf, drain, headersOf } from '../wire/request.ts';
import { type FindSecret, verifySignature } from '../wire/signature/index.ts';
import { answerJson, type Route } from './http.ts';
import type { TrailCalls } from './trail-calls.ts';

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
  /** Told of every request whose signature holds, before it is answered. */
  readonly trail?: Pick<TrailCalls, 'ownCall' | 'mustBeWritable'>;
}

/** What a route is, and how the trail calls it. */
export interface OwnRoute {
  readonly path: string;
  readonly eventName: string;
  /** `iam.amazonaws.com` unless said. */
  readonly eventSource?: string;
  readonly readOnly: boolean;
}

/** Filled by the work, as far as it gets: what the request needed permission for. */
export interface OwnSeen {
  checks: readonly Check[];
}

const bodyLimitBytes = 256 * 1024;
/** What requests are signed for. */
export const signingName = 'iam';

export type OwnWork = (body: Buffer, call: Call, seen: OwnSeen) => Promise<object>;

/** Answers `work`'s object with 200; a `Fault` that it throws with the fault's status. */
export function signedRoute(route: OwnRoute, parts: SignedRouteParts, work: OwnWork): Route {
  return {
    matches: ({ method, url }) => method === 'POST' && url?.split('?')[0] === route.path,
    async handle(request, response) {
      const requestId = uuid(parts.random);
      try {
        const { call, body } = await opened(request, response, { parts, requestId });
        answerJson(response, 200, await audited(route, { parts, body, call }, work));
      } catch (error) {
        const fault = asFault(error, parts.log, requestId);
        const { code, message, status = 400 } = fault;
        answerJson(response, status, { error: { code, message }, requestId });
      }
      drain(request);
    },
  };
}

interface Opened {
  readonly parts: SignedRouteParts;
  readonly body: Buffer;
  readonly call: Call;
}

async function audited(
  { eventName, eventSource = `${signingName}.amazonaws.com`, readOnly }: OwnRoute,
  { parts, body, call }: Opened,
  work: OwnWork,
): Promise<object> {
  const { trail, log } = parts;
  const seen: OwnSeen = { checks: [] };
  const record = async (outcome: { readonly fault?: Fault }) => {
    const about = { call, eventName, eventSource, readOnly, parameters: parametersOf(body) };
    await trail?.ownCall({ ...about, ...outcome, checks: seen.checks });
  };
  let answer: object;
  try {
    await trail?.mustBeWritable();
    answer = await work(body, call, seen);
  } catch (error) {
    const fault = asFault(error, log, call.requestId);
    await record({ fault });
    throw fault;
  }
  await record({});
  return answer;
}

/** What is not JSON was refused, and is not told: it may be anything. */
function parametersOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
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
  const connection = connectionOf(request);
  const call: Call = {
    scope: { partition: parts.scope.partition, region, account: caller.account },
    caller,
    requestId,
    signal: gone.signal,
    endpointUrl: `${connection.tls ? 'https' : 'http'}://${headers['host'] ?? 'localhost'}`,
    headers,
    url,
    checksums: {},
    ...connection,
  };
  return { call, body };
}
