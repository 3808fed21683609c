/**
 * The port of the data plane: takes connections and gives each to the process that has the fewest.
 * Nothing of them is read here. The processes share no listener, because the system would wake
 * whichever it likes, and give one of them most of the clients.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Member } from './member.ts';

/** Connections that wait for a process to be there again; beyond, they are ended. */
const mostWaiting = 1_024;

export class Acceptor {
  readonly #server: Server;
  readonly #members: () => readonly Member[];
  #waiting: Socket[] = [];

  /** `onError` is told why a connection could not be taken: a lack of descriptors, say. */
  constructor(members: () => readonly Member[], onError: (cause: Error) => void) {
    this.#members = members;
    this.#server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true });
    this.#server.on('connection', (socket) => this.#take(socket));
    this.#server.on('error', onError);
  }

  /** Resolves with the port; rejects when it is taken. */
  async listen(host: string, port: number): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** A process is there that was not before. */
  settle(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const socket of waiting) this.#take(socket);
  }

  /** Takes no more. */
  close(): void {
    this.#server.close();
    for (const socket of this.#waiting) socket.destroy();
    this.#waiting = [];
  }

  #take(socket: Socket): void {
    // Until it is given away; a client that goes takes nothing with it.
    socket.on('error', () => socket.destroy());
    let fewest: Member | undefined;
    for (const member of this.#members()) {
      if (member.isReady && (!fewest || member.connections < fewest.connections)) fewest = member;
    }
    if (fewest) fewest.give(socket);
    else if (this.#waiting.length < mostWaiting) this.#waiting.push(socket);
    else socket.destroy();
  }
}
