/** The request listener of an HTTP server: runs the chain, and has the last word on failures. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ByteBudget, Hold } from '../kernel/byte-budget.ts';
import { uuid } from '../kernel/ids.ts';
import type { Logger } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import { type Arrival, type Chain, type ChainParts, makeChain } from './chain.ts';
import { Fault, type TlsFacts } from './operation.ts';
import type { WireResponse } from './protocols/protocol.ts';
import { bodyOf, drain, headOf, wholeBodyOf } from './request.ts';
import { faultResponse, respond, sendFault } from './respond.ts';
import { guessProtocol, type Target } from './route.ts';
import { faultOf } from './unforeseen.ts';

export interface ListenerParts extends ChainParts {
  /** For request ids. */
  readonly random: Random;
  readonly log: Logger;
  /** For bodies that are held in memory; without bound when left out. */
  readonly bodies?: ByteBudget;
}

export type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Never rejects: a request that fails in a way nobody foresaw answers InternalFailure. */
export function makeListener(parts: ListenerParts): Listener {
  const chain = makeChain(parts);
  return async (request, response) => {
    const requestId = uuid(parts.random);
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    const hold = parts.bodies?.hold();
    const running = { chain, requestId, signal: gone.signal, parts, ...(hold ? { hold } : {}) };
    const answer = await answerTo(request, running);
    try {
      await respond(request, response, answer);
    } catch (error) {
      const [path] = (request.url ?? '').split('?');
      if (!gone.signal.aborted) parts.log.error('an answer broke off', error, { requestId, path });
      if (response.headersSent || gone.signal.aborted) {
        // All that is left is to cut it off, so that it is not taken for whole.
        response.destroy();
      } else {
        const failed = { protocol: guessFor(request), fault: faultOf(error), requestId };
        await sendFault(request, response, failed);
      }
    } finally {
      hold?.release();
    }
    // What the operation did not read of the body must not be taken for the next request.
    drain(request);
  };
}

interface Running {
  readonly chain: Chain;
  readonly requestId: string;
  readonly signal: AbortSignal;
  readonly parts: ListenerParts;
  readonly hold?: Hold;
}

async function answerTo(
  request: IncomingMessage,
  { chain, requestId, signal, parts, hold }: Running,
): Promise<WireResponse> {
  let target: Target | undefined;
  try {
    return await chain({
      head: headOf(request),
      body: bodyOf(request),
      wholeBody: () => wholeBodyOf(request, hold),
      requestId,
      endpointUrl: endpointOf(request),
      signal,
      ...connectionOf(request),
      ...(hold ? { hold } : {}),
      onTarget: (found) => {
        target = found;
      },
    });
  } catch (error) {
    const fault = asFault(error, { requestId, signal, parts, target });
    const protocol = target?.protocol ?? guessFor(request);
    return faultResponse({ protocol, service: target?.service, fault, requestId });
  }
}

function guessFor(request: IncomingMessage) {
  try {
    return guessProtocol(headOf(request));
  } catch (error) {
    if (error instanceof Fault) return 'rest-xml';
    throw error;
  }
}

interface Failing extends Omit<Running, 'chain' | 'hold'> {
  readonly target: Target | undefined;
}

function asFault(error: unknown, { requestId, signal, parts, target }: Failing): Fault {
  if (error instanceof Fault) return error;
  // A client that went away is no failure of ours, and nobody reads the answer.
  if (!signal.aborted) {
    const operation = target && `${target.service.facts.id}.${target.operation?.name}`;
    parts.log.error('an operation failed unexpectedly', error, { requestId, operation });
  }
  return faultOf(error);
}

type Connection = Pick<Arrival, 'sourceAddress' | 'tls'>;

/** What the socket says of where a request came from, and how it was protected. */
export function connectionOf({ socket }: IncomingMessage): Connection {
  // A socket that listens for both kinds writes IPv4 addresses as `::ffff:192.0.2.1`.
  const address = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '');
  return {
    ...(address === undefined ? {} : { sourceAddress: address }),
    ...(isSecure(socket) ? { tls: tlsOf(socket) } : {}),
  };
}

function isSecure(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket && socket.encrypted === true;
}

function tlsOf(socket: TLSSocket): TlsFacts {
  return { version: socket.getProtocol() ?? 'unknown', cipher: socket.getCipher().standardName };
}

/** `http://host:port` as the client reached us. */
function endpointOf(request: IncomingMessage): string {
  const host = request.headers.host ?? `localhost:${request.socket.localPort}`;
  return `${isSecure(request.socket) ? 'https' : 'http'}://${host}`;
}
