/**
 * Keeps connections from being used up: how many there may be, and how slow a client may be. A
 * bound is met by ending those that wait for a request longest; a request under way is ended only
 * for being too slow itself. Not what is in a request: see `framing.ts`.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** Past it the connection that has waited longest for a request is ended. */
  readonly maxConnections: number;
  /** Slowest pace of a body that we wait for; Apache's `mod_reqtimeout` has the same. */
  readonly minBodyBytesPerSecond: number;
  /** How long a body may be slower than that. */
  readonly slowBodyMs: number;
  /** How long a client may take nothing of its answer. */
  readonly stalledAnswerMs: number;
  /** How often paces are measured. */
  readonly sweepMs: number;
}

export const defaultConnectionLimits: ConnectionLimits = {
  maxConnections: 10_000,
  minBodyBytesPerSecond: 500,
  slowBodyMs: 20_000,
  stalledAnswerMs: 120_000,
  sweepMs: 5_000,
};

/** Requests on one connection that wait for their answers; clients of these APIs send one. */
const maxPipelined = 64;

/**
 * The bound that the process can hold: files and model servers get half of its descriptors. As
 * asked where the system does not tell of a limit.
 */
export function affordableConnections(asked: number, limits = openFileLimits): number {
  const descriptors = Number(/^Max open files\s+(\d+)/m.exec(limits())?.[1] ?? Number.NaN);
  return Number.isNaN(descriptors) ? asked : Math.min(asked, Math.floor(descriptors / 2));
}

function openFileLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // Not Linux: it has no such file.
    return '';
  }
}

interface Connection {
  socket: Socket;
  /** Requests without a whole answer. */
  underWay: number;
  /** The newest request, and what answers it. */
  request: IncomingMessage | undefined;
  response: ServerResponse | undefined;
  bytesRead: number;
  slowSweeps: number;
}

export interface Connections {
  /** Told of every request; false when it must not be served. */
  begin(request: IncomingMessage, response: ServerResponse): boolean;
  stop(): void;
}

/** `secure`: sockets show up a second time when their handshake is done. */
export function guardConnections(
  server: Server,
  limits: ConnectionLimits,
  secure: boolean,
): Connections {
  const guard = new Guard(limits);
  server.on('connection', (socket) => guard.open(socket));
  if (secure) server.on('secureConnection', (socket: Socket) => guard.secured(socket));
  server.setTimeout(limits.stalledAnswerMs, (socket: Socket) => guard.quiet(socket));
  return {
    begin: (request, response) => guard.begin(request, response),
    stop: () => guard.stop(),
  };
}

const refusal = (status: string) =>
  `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;

class Guard {
  readonly #limits: ConnectionLimits;
  /** By peer, which is the same before and after a handshake. */
  readonly #byPeer = new Map<string, Connection>();
  readonly #bySocket = new WeakMap<Socket, Connection>();
  /** Longest first. */
  readonly #waiting = new Set<Connection>();
  readonly #busy = new Set<Connection>();
  #sweeping: NodeJS.Timeout | undefined;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  open(socket: Socket): void {
    const peer = peerOf(socket);
    const connection: Connection = {
      ...{ socket, underWay: 0, request: undefined, response: undefined },
      ...{ bytesRead: 0, slowSweeps: 0 },
    };
    if (this.#byPeer.size >= this.#limits.maxConnections && !this.#endOldest()) {
      return void socket.end(refusal('503 Service Unavailable'), () => socket.destroy());
    }
    this.#byPeer.set(peer, connection);
    this.#bySocket.set(socket, connection);
    this.#waiting.add(connection);
    socket.once('close', () => {
      if (this.#byPeer.get(peer) === connection) this.#byPeer.delete(peer);
      this.#waiting.delete(connection);
      this.#busy.delete(connection);
    });
  }

  secured(socket: Socket): void {
    const connection = this.#byPeer.get(peerOf(socket));
    if (!connection) return;
    connection.socket = socket;
    this.#bySocket.set(socket, connection);
  }

  begin(request: IncomingMessage, response: ServerResponse): boolean {
    const connection = this.#bySocket.get(request.socket);
    // It was refused when it came, or has ended since.
    if (!connection) return false;
    if (connection.underWay >= maxPipelined) {
      request.socket.destroy();
      return false;
    }
    connection.underWay += 1;
    connection.request = request;
    connection.response = response;
    connection.slowSweeps = 0;
    this.#waiting.delete(connection);
    this.#busy.add(connection);
    // A body that has come with its head is never waited for.
    if (!request.complete) this.#sweep();
    response.once('close', () => {
      connection.underWay -= 1;
      this.#settle(connection);
    });
    return true;
  }

  /** Nothing was sent or taken for a while. */
  quiet(socket: Socket): void {
    const connection = this.#bySocket.get(socket);
    const works = (connection?.underWay ?? 0) > 0 && socket.writableLength === 0;
    if (works) socket.setTimeout(this.#limits.stalledAnswerMs);
    else socket.destroy();
  }

  stop(): void {
    clearInterval(this.#sweeping);
  }

  #settle(connection: Connection): void {
    const { underWay, request, socket } = connection;
    if (underWay > 0 || !request?.complete || socket.destroyed) return;
    this.#busy.delete(connection);
    this.#waiting.add(connection);
    connection.request = undefined;
    connection.response = undefined;
  }

  #endOldest(): boolean {
    for (const { socket } of this.#waiting) {
      if (socket.destroyed) continue;
      socket.destroy();
      return true;
    }
    return false;
  }

  /** The timer runs only while there are requests whose bodies have not come. */
  #sweep(): void {
    if (this.#sweeping) return;
    this.#sweeping = setInterval(() => {
      for (const connection of this.#busy) this.#measure(connection);
      if (this.#busy.size > 0) return;
      clearInterval(this.#sweeping);
      this.#sweeping = undefined;
    }, this.#limits.sweepMs);
    this.#sweeping.unref();
  }

  #measure(connection: Connection): void {
    const { request, socket, bytesRead } = connection;
    connection.bytesRead = socket.bytesRead;
    if (!request || request.complete) return this.#settle(connection);
    const { sweepMs, minBodyBytesPerSecond, slowBodyMs } = this.#limits;
    const enoughBytes = (minBodyBytesPerSecond * sweepMs) / 1_000;
    // What has come and is not read yet waits for us, not for the client.
    const ours = request.readableLength > 0;
    const slow = !ours && socket.bytesRead - bytesRead < enoughBytes;
    connection.slowSweeps = slow ? connection.slowSweeps + 1 : 0;
    if (connection.slowSweeps * sweepMs >= slowBodyMs) tooSlow(connection);
  }
}

function tooSlow({ socket, response }: Connection): void {
  if (!response || response.headersSent) return void socket.destroy();
  socket.end(refusal('408 Request Timeout'), () => socket.destroy());
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
