/** The request listener of an HTTP server: runs the chain, and has the last word on failures. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ByteBudget, Hold } from '../kernel/byte-budget.ts';
import { uuids } from '../kernel/ids.ts';
import type { Logger } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import { type Arrival, type Chain, type ChainParts, makeChain } from './chain.ts';
import { Fault, type TlsFacts } from './operation.ts';
import type { WireResponse } from './protocols/protocol.ts';
import { bodyOf, drain, headOf, type RequestHead, wholeBodyOf } from './request.ts';
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
  const nextId = uuids(parts.random);
  return async (request, response) => {
    const incoming = new Incoming(request, response, { requestId: nextId(), bodies: parts.bodies });
    const { requestId, hold } = incoming;
    const answer = await answerTo(incoming, chain, parts);
    try {
      const sending = respond(request, response, answer);
      if (sending) await sending;
    } catch (error) {
      const [path] = (request.url ?? '').split('?');
      if (!incoming.isGone) parts.log.error('an answer broke off', error, { requestId, path });
      if (response.headersSent || incoming.isGone) {
        // All that is left is to cut it off, so that it is not taken for whole.
        response.destroy();
      } else {
        const failed = { protocol: guessOf(incoming), fault: faultOf(error), requestId };
        await sendFault(request, response, failed);
      }
    } finally {
      hold?.release();
    }
    // What the operation did not read of the body must not be taken for the next request.
    drain(request);
  };
}

/** A request under way. What few operations ask for is made when it is asked for. */
class Incoming implements Arrival {
  readonly requestId: string;
  readonly hold?: Hold;
  readonly sourceAddress?: string;
  readonly tls?: TlsFacts;
  isGone = false;
  target: Target | undefined;
  readonly #request: IncomingMessage;
  #head: RequestHead | undefined;
  #gone: AbortController | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    { requestId, bodies }: { readonly requestId: string; readonly bodies: ByteBudget | undefined },
  ) {
    this.#request = request;
    this.requestId = requestId;
    if (bodies) this.hold = bodies.hold();
    const { sourceAddress, tls } = knownConnection(request);
    if (sourceAddress !== undefined) this.sourceAddress = sourceAddress;
    if (tls) this.tls = tls;
    response.on('close', () => {
      if (response.writableFinished) return;
      this.isGone = true;
      this.#gone?.abort();
    });
  }

  /** Throws a `Fault`. */
  get head(): RequestHead {
    this.#head ??= headOf(this.#request);
    return this.#head;
  }

  get body() {
    return bodyOf(this.#request);
  }

  wholeBody(): Promise<Buffer> {
    return wholeBodyOf(this.#request, this.hold);
  }

  get endpointUrl(): string {
    return endpointOf(this.#request, this.head.headers['host']);
  }

  get signal(): AbortSignal {
    this.#gone ??= new AbortController();
    if (this.isGone) this.#gone.abort();
    return this.#gone.signal;
  }

  onTarget(found: Target): void {
    this.target = found;
  }
}

async function answerTo(
  incoming: Incoming,
  chain: Chain,
  parts: ListenerParts,
): Promise<WireResponse> {
  try {
    return await chain(incoming);
  } catch (error) {
    const { target, requestId } = incoming;
    const fault = asFault(error, incoming, parts);
    const protocol = target?.protocol ?? guessOf(incoming);
    return faultResponse({ protocol, service: target?.service, fault, requestId });
  }
}

function guessOf(incoming: Incoming) {
  try {
    return guessProtocol(incoming.head);
  } catch (error) {
    if (error instanceof Fault) return 'rest-xml';
    throw error;
  }
}

function asFault(error: unknown, incoming: Incoming, parts: ListenerParts): Fault {
  if (error instanceof Fault) return error;
  const { requestId, target } = incoming;
  // A client that went away is no failure of ours, and nobody reads the answer.
  if (!incoming.isGone) {
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

/** Sockets carry many requests, and say the same of each. */
const connections = new WeakMap<Socket, Connection>();

function knownConnection(request: IncomingMessage): Connection {
  const known = connections.get(request.socket);
  if (known) return known;
  const connection = connectionOf(request);
  connections.set(request.socket, connection);
  return connection;
}

function isSecure(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket && socket.encrypted === true;
}

function tlsOf(socket: TLSSocket): TlsFacts {
  return { version: socket.getProtocol() ?? 'unknown', cipher: socket.getCipher().standardName };
}

/** `http://host:port` as the client reached us. */
function endpointOf({ socket }: IncomingMessage, named: string | undefined): string {
  const host = named ?? `localhost:${socket.localPort}`;
  return isSecure(socket) ? `https://${host}` : `http://${host}`;
}
