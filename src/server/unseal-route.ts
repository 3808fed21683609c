/**
 * What a sealed server answers: that it is sealed, and whether what was offered opens it. Secrets
 * come from this machine or over TLS, in small bodies, and are never repeated.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Trust } from '../engines/unsealing/trust.ts';
import type { Offered, Unsealer } from '../engines/unsealing/unsealer.ts';
import { unreachable } from '../kernel/assert.ts';
import { gather, TooManyBytes } from '../kernel/bytes.ts';
import type { Logger } from '../kernel/log.ts';
import type { Outcome } from '../kernel/outcome.ts';
import { bodyOf, drain } from '../wire/request.ts';
import { answerJson, fixedRoute, type Route } from './http.ts';

export const unsealPath = '/_modelkeep/unseal';
export const healthPath = '/_modelkeep/health';
const bodyLimitBytes = 4 * 1024;
const retryAfterSeconds = 5;

export interface UnsealRouteParts {
  /** Undefined once the server is open, or being opened. */
  readonly unsealer: () => Unsealer | undefined;
  /** Starts what was sealed; the trust is wiped by whoever takes it. */
  readonly open: (trust: Trust) => Promise<Outcome<void>>;
  readonly log: Logger;
}

/** In front of everything while the server is sealed. */
export function sealedRoutes(parts: UnsealRouteParts): readonly Route[] {
  return [
    fixedRoute('GET', healthPath, (response) => answerJson(response, 503, { status: 'sealed' })),
    fixedRoute('GET', unsealPath, (response) => {
      const unsealer = parts.unsealer();
      const opensWith = (['passphrase', 'shares'] as const).filter((kind) => unsealer?.has(kind));
      answerJson(response, 200, { status: 'sealed', opensWith });
    }),
    unsealRoute(parts),
    { matches: () => true, handle: answerSealed },
  ];
}

async function answerSealed(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const message = 'The server is sealed: it answers once somebody has unsealed it.';
  response.setHeader('retry-after', String(retryAfterSeconds));
  response.setHeader('x-amzn-errortype', 'Sealed');
  const error = { code: 'Sealed', message };
  answerJson(response, 503, { __type: 'Sealed', message, error });
  drain(request);
}

/** Also of a server that is open, which then says so. */
export function unsealRoute(parts: UnsealRouteParts): Route {
  return {
    matches: ({ method, url }) => method === 'POST' && url?.split('?')[0] === unsealPath,
    async handle(request, response) {
      response.setHeader('cache-control', 'no-store');
      try {
        await handleUnseal(parts, request, response);
      } catch (error) {
        if (error instanceof TooManyBytes) {
          refuse(response, 413, ['RequestTooLarge', `The body exceeds ${bodyLimitBytes} bytes.`]);
        } else {
          parts.log.error('unsealing failed unexpectedly', error);
          refuse(response, 500, ['InternalFailure', 'An internal error occurred.']);
        }
      }
      drain(request);
    },
  };
}

async function handleUnseal(
  parts: UnsealRouteParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isPrivate(request)) {
    const message = 'Unsealing is possible from this machine, or over TLS.';
    return refuse(response, 403, ['AccessDenied', message]);
  }
  // What a page of another site makes a browser send has no such type without being asked for.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    return refuse(response, 415, ['UnsupportedMediaType', 'The body must be application/json.']);
  }
  const unsealer = parts.unsealer();
  if (!unsealer) return refuse(response, 400, ['NotSealed', 'The server is not sealed.']);
  const offer = offerOf(await gather(bodyOf(request), bodyLimitBytes));
  if (typeof offer === 'string') return refuse(response, 400, ['ValidationError', offer]);
  const offered = await made(unsealer, offer);
  if (offered.kind !== 'opened') return answer(response, offered);
  unsealer.forget();
  const opened = await parts.open(offered.trust);
  if (opened.ok) return answerJson(response, 200, { status: 'ready' });
  refuse(response, 500, ['StartFailed', opened.reason]);
}

function isPrivate({ socket }: IncomingMessage): boolean {
  const isTls = (socket as { encrypted?: boolean }).encrypted === true;
  return isTls || /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/.test(socket.remoteAddress ?? '');
}

interface Offer {
  readonly name: 'passphrase' | 'share';
  readonly value: string;
}

/** What is wrong with the body, or what it offers. */
function offerOf(body: Buffer): Offer | string {
  const rule = 'The body must be {"passphrase": "…"} or {"share": "…"}.';
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return 'The body must be JSON.';
  } finally {
    body.fill(0);
  }
  if (typeof value !== 'object' || value === null) return rule;
  const [first, ...more] = Object.entries(value);
  if (!first || more.length > 0) return rule;
  const [name, given] = first;
  if ((name !== 'passphrase' && name !== 'share') || typeof given !== 'string') return rule;
  return { name, value: given };
}

async function made(unsealer: Unsealer, { name, value }: Offer): Promise<Offered> {
  if (name === 'share') return unsealer.offerShare(value);
  const passphrase = Buffer.from(value, 'utf8');
  try {
    return await unsealer.offerPassphrase(passphrase);
  } finally {
    passphrase.fill(0);
  }
}

function answer(response: ServerResponse, offered: Exclude<Offered, { kind: 'opened' }>): void {
  switch (offered.kind) {
    case 'progress': {
      const { given, needed } = offered;
      return answerJson(response, 200, { status: 'sealed', given, needed });
    }
    case 'wrong':
      return refuse(response, 403, ['AccessDenied', `${sentence(offered.reason)}`]);
    case 'unfit':
      return refuse(response, 400, ['ValidationError', sentence(offered.reason)]);
    case 'damaged':
      return refuse(response, 500, ['SealDamaged', sentence(offered.reason)]);
    case 'tooManyTries': {
      const seconds = Math.max(1, Math.ceil(offered.waitMs / 1_000));
      response.setHeader('retry-after', String(seconds));
      const message = `Too many tries: wait ${seconds} s, and try again.`;
      return refuse(response, 429, ['TooManyTries', message]);
    }
    default:
      unreachable(offered);
  }
}

const sentence = (reason: string) => `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;

function refuse(
  response: ServerResponse,
  status: number,
  [code, message]: readonly [string, string],
): void {
  answerJson(response, status, { error: { code, message } });
}
