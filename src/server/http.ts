/** The HTTP server: which part takes which request, and an orderly end. Not the parts. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  affordableConnections,
  type ConnectionLimits,
  defaultConnectionLimits,
  guardConnections,
} from './connections.ts';
import { framingRefusal, maxHeaderLines } from './framing.ts';
import type { TlsSource } from './tls.ts';

/** Longer than clients keep an idle connection: a shorter one would race with their requests. */
const keepAliveMs = 75_000;
/** For a head, from the first moment of a connection or of a request; clients send it at once. */
const headersTimeoutMs = 20_000;
const handshakeTimeoutMs = 10_000;
/** How often Node looks for heads and requests past their time. */
const lookMs = 5_000;
/** An upload of 5 GiB at a slow client's pace. */
const requestTimeoutMs = 3_600_000;
const largestHeaderBytes = 64 * 1024;
/** What requests under way get to end when the server stops. */
const drainMs = 10_000;

export interface Route {
  matches(request: IncomingMessage): boolean;
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

export interface ListenAt {
  readonly host: string;
  readonly port: number;
  /** Undefined: in clear. */
  readonly tls?: TlsSource | undefined;
  readonly maxConnections?: number;
  /** Of tests that do not want to wait. */
  readonly limits?: Partial<ConnectionLimits> & { readonly headersTimeoutMs?: number };
}

/** For browsers: this host is spoken to over TLS, for a year. */
const strictTransport = 'max-age=31536000';

/** A server that is given its connections by `listen`, or by whoever else takes them. */
export interface HttpServer {
  readonly server: Server;
  /** Ends what it watches; connections go on. */
  stop(): void;
}

/** The first route that matches takes the request; the last must match everything. */
export function httpServer(
  routes: () => readonly Route[],
  at: Omit<ListenAt, 'host' | 'port'>,
): HttpServer {
  const { tls } = at;
  // What follows a refused request on its connection may be part of it.
  const condemned = new WeakSet<Socket>();
  const listener: RequestListener = (request, response) => {
    if (condemned.has(request.socket) || !connections.begin(request, response)) return;
    const refusal = framingRefusal(request);
    if (refusal !== undefined) {
      condemned.add(request.socket);
      return void response.writeHead(refusal, { connection: 'close', 'content-length': 0 }).end();
    }
    if (tls) response.setHeader('strict-transport-security', strictTransport);
    const route = routes().find((one) => one.matches(request));
    if (!route) return void response.writeHead(404).end();
    // Parts answer their own failures; what is left is a broken connection.
    route.handle(request, response).catch(() => response.destroy());
  };
  const options = {
    keepAliveTimeout: keepAliveMs,
    headersTimeout: at.limits?.headersTimeoutMs ?? headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    maxHeaderSize: largestHeaderBytes,
    connectionsCheckingInterval: at.limits?.sweepMs ?? lookMs,
    insecureHTTPParser: false,
    // Node would go on to serve what follows; `framingRefusal` does not.
    requireHostHeader: false,
  };
  const { server, unwatch } = serverOf(options, listener, tls);
  // One more than are served: lines past this bound are dropped without a word.
  server.maxHeadersCount = maxHeaderLines + 1;
  server.on('connect', refuseTunnel);
  const maxConnections = affordableConnections(at.maxConnections ?? defaultMax);
  const limits = { ...defaultConnectionLimits, maxConnections, ...at.limits };
  const connections = guardConnections(server, limits, tls !== undefined);
  return {
    server,
    stop() {
      unwatch();
      connections.stop();
    },
  };
}

export async function listen(routes: () => readonly Route[], at: ListenAt): Promise<Listening> {
  const { server, stop } = httpServer(routes, at);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  return {
    url: `${at.tls ? 'https' : 'http'}://${host}:${port}`,
    async close() {
      stop();
      await drain(server);
    },
  };
}

const { maxConnections: defaultMax } = defaultConnectionLimits;

/** CONNECT: this is no proxy. */
function refuseTunnel(_request: IncomingMessage, socket: Duplex): void {
  socket.end('HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
}

interface Served {
  readonly server: Server;
  readonly unwatch: () => void;
}

function serverOf(
  options: ServerOptions,
  listener: RequestListener,
  tls: TlsSource | undefined,
): Served {
  if (!tls) return { server: createServer(options, listener), unwatch: () => {} };
  const secure = { ...options, ...tls.options, handshakeTimeout: handshakeTimeoutMs };
  const server = createSecureServer(
    tls.mutual ? { ...secure, requestCert: true, rejectUnauthorized: true } : secure,
    listener,
  );
  return { server, unwatch: tls.watch((changed) => server.setSecureContext(changed)) };
}

async function drain(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearTimeout(timer);
}

/** A route for one path and method. */
export function fixedRoute(
  method: string,
  path: string,
  handle: (response: ServerResponse) => Promise<void> | void,
): Route {
  return {
    matches: ({ method: m, url }) => m === method && url?.split('?')[0] === path,
    async handle(request, response) {
      request.resume();
      await handle(response);
    },
  };
}

export function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
