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
import type { AddressInfo } from 'node:net';
import type { TlsSource } from './tls.ts';

/** Longer than clients keep an idle connection: a shorter one would race with their requests. */
const keepAliveMs = 75_000;
const headersTimeoutMs = 60_000;
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
}

/** For browsers: this host is spoken to over TLS, for a year. */
const strictTransport = 'max-age=31536000';

/** The first route that matches takes the request; the last must match everything. */
export async function listen(routes: () => readonly Route[], at: ListenAt): Promise<Listening> {
  const { tls } = at;
  const listener: RequestListener = (request, response) => {
    if (tls) response.setHeader('strict-transport-security', strictTransport);
    const route = routes().find((one) => one.matches(request));
    if (!route) return void response.writeHead(404).end();
    // Parts answer their own failures; what is left is a broken connection.
    route.handle(request, response).catch(() => response.destroy());
  };
  const options = {
    keepAliveTimeout: keepAliveMs,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    maxHeaderSize: largestHeaderBytes,
  };
  const { server, unwatch } = serverOf(options, listener, tls);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  return {
    url: `${tls ? 'https' : 'http'}://${host}:${port}`,
    async close() {
      unwatch();
      await drain(server);
    },
  };
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
  const secure = { ...options, ...tls.options };
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
