/**
 * A process of the data plane: what is run in it. It is told what to do by the main process over
 * the pipe it was made with, takes clients' connections from there, and ends with it.
 */
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { assert, defined } from '../../kernel/assert.ts';
import { forbidCoreDumps } from '../core-dumps.ts';
import { type HttpServer, httpServer } from '../http.ts';
import { openTls, type TlsSource, tlsFilesOf } from '../tls.ts';
import { Channel, type Frame, type Handlers } from './channel.ts';
import type { ProcessConfig, Setup, ToMain, ToProcess } from './messages.ts';
import { routesOf } from './routes.ts';
import { makeServing, type Serving } from './serving.ts';

/** What requests under way get to end when the server stops. */
const drainMs = 10_000;
const drainStepMs = 20;

let serving: Serving | undefined;
let http: HttpServer | undefined;
let underWay = 0;

const started = () => defined(serving, 'the first message');

const handlers: Handlers<ToProcess> = {
  async start(setup) {
    assert(!serving, 'a process is started once');
    forbidCoreDumps();
    const made = makeServing(setup, channel);
    serving = made;
    http = await serverOf(setup, made);
    await made.begin();
  },
  connection(_asked, socket) {
    // Its client may have gone on the way here.
    if (socket) take(socket);
  },
  changed: (changed) => started().changed(changed),
  fleet: (change) => started().apply(change),
  moved: (moved) => started().moved(moved),
  sealBefore: (instantMs) => started().sealBefore(instantMs),
  async stop() {
    await drain();
    await started().end();
  },
};

const channel = new Channel<ToMain, ToProcess>(
  {
    send: (frame, socket, done) => {
      process.send?.(frame, socket, {}, done);
    },
  },
  handlers,
);

process.on('message', (frame: Frame, socket?: Socket) => channel.take(frame, socket));
// The main process says when to end; a terminal tells all of its processes at once.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.exit(0));

async function serverOf(setup: Setup, { gateway, outgoing }: Serving): Promise<HttpServer> {
  const routes = routesOf(setup, {
    matches: (request) => gateway.matches(request),
    async handle(request, response) {
      underWay += 1;
      try {
        await gateway.handle(request, response);
      } finally {
        underWay -= 1;
      }
    },
  });
  const tls = await tlsOf(setup.config);
  const maxConnections = Math.ceil(setup.config.maxConnections / (setup.processes - 1));
  const made = httpServer(() => routes, { tls, maxConnections });
  made.server.on('connection', (socket: Socket) => {
    outgoing.connected(1);
    socket.once('close', () => outgoing.connected(-1));
  });
  // It does not listen itself: this begins its watch over slow heads.
  made.server.emit('listening');
  return made;
}

/** The main process has read the same files a moment ago. */
async function tlsOf(config: ProcessConfig): Promise<TlsSource | undefined> {
  const files = tlsFilesOf(config);
  if (!files.ok) throw new Error(files.reason);
  if (files.value === undefined) return undefined;
  const opened = await openTls(files.value, started().log);
  if (!opened.ok) throw new Error(opened.reason);
  return opened.value;
}

/** As if it had come to a listener of this process. */
function take(socket: Socket): void {
  socket.allowHalfOpen = true;
  defined(http, 'the server of a started process').server.emit('connection', socket);
}

async function drain(): Promise<void> {
  http?.stop();
  for (let leftMs = drainMs; leftMs > 0; leftMs -= drainStepMs) {
    http?.server.closeIdleConnections();
    if (underWay === 0) break;
    await pause(drainStepMs);
  }
  http?.server.closeAllConnections();
}
