/** The forwarder over undici: a pool of connections to each model server. */
import { lookup } from 'node:dns';
import { createRequire } from 'node:module';
import type { Agent, Dispatcher } from 'undici';
import { addressRefused, guardedLookup, type Resolve } from '../../kernel/addresses.ts';
import type { ByteStream } from '../../kernel/bytes.ts';
import {
  type Answer,
  ForwardBroken,
  type Forwarder,
  type ForwardFailure,
  type ForwardRequest,
  type OpenAnswer,
} from '../../ports/forwarder.ts';

export interface ForwarderOptions {
  /** Connections to one model server; further requests wait for one. */
  readonly connections?: number;
  readonly connectTimeoutMs?: number;
  /** How names become addresses; the system's way when left out. */
  readonly resolve?: Resolve;
}

/** Uvicorn closes idle connections after 5 s without a word, so we let go first. */
const keepAliveTimeoutMs = 4_000;

const load = createRequire(import.meta.url);
/** Takes longer to load than half of the server: a start does not wait for it. */
const undici = () => load('undici') as typeof import('undici');

export function undiciForwarder(options: ForwarderOptions = {}): Forwarder {
  let made: Agent | undefined;
  const agent = () => {
    made ??= agentOf(options);
    return made;
  };
  return {
    forward: (request, { limitBytes }) => forward(agent(), request, limitBytes),
    open: (request, { totalTimeoutMs }) => open(agent(), request, totalTimeoutMs),
    startTimer,
    close: async () => made?.destroy(),
  };
}

function agentOf(options: ForwarderOptions): Agent {
  const { Agent: Pools } = undici();
  return new Pools({
    connections: options.connections ?? 256,
    connect: {
      timeout: options.connectTimeoutMs ?? 2_000,
      // A name may mean another address by now than when its server was started.
      lookup: guardedLookup({ allowPrivate: true }, options.resolve ?? lookup),
    },
    keepAliveTimeout: keepAliveTimeoutMs,
    pipelining: 1,
    // Each request has a timer of its own.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

function startTimer(): () => number {
  const startMs = performance.now();
  return () => Math.round((performance.now() - startMs) * 1_000);
}

class Late extends Error {}
class TooLarge extends Error {}

interface Place {
  readonly origin: string;
  readonly path: string;
}

/** Servers keep one object for where they are: it is taken apart once. */
const places = new WeakMap<URL, Place>();

function placeOf(url: URL): Place {
  const known = places.get(url);
  if (known) return known;
  const place = { origin: url.origin, path: `${url.pathname}${url.search}` };
  places.set(url, place);
  return place;
}

function optionsOf({ url, headers, body }: ForwardRequest): Dispatcher.DispatchOptions {
  const { origin, path } = placeOf(url);
  return { origin, path, method: 'POST', headers, body, blocking: false };
}

function forward(
  agent: Agent,
  request: ForwardRequest,
  limitBytes: number,
): Promise<Answer | ForwardFailure> {
  const elapsedUs = startTimer();
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    let head: Pick<Answer, 'status' | 'headers'> = { status: 0, headers: {} };
    let running: Dispatcher.DispatchController | undefined;
    let late: Late | undefined;
    const fail = (error: Error) => {
      clearTimeout(timer);
      resolve(failureOf(late ?? error, elapsedUs()));
    };
    const timer = setTimeout(() => {
      late = new Late(`no answer within ${request.timeoutMs} ms`);
      // A request that still waits for a connection has nothing to abort; it is answered now.
      running?.abort(late);
      fail(late);
    }, request.timeoutMs);
    agent.dispatch(optionsOf(request), {
      onRequestStart(controller) {
        running = controller;
        if (late) controller.abort(late);
      },
      onResponseStart(_controller, status, headers) {
        head = { status, headers: flat(headers) };
      },
      onResponseData(controller, chunk) {
        sizeBytes += chunk.length;
        if (sizeBytes > limitBytes) {
          controller.abort(new TooLarge(`the answer is larger than ${limitBytes} bytes`));
        } else {
          parts.push(chunk);
        }
      },
      onResponseEnd() {
        clearTimeout(timer);
        const [only] = parts;
        const body = parts.length === 1 && only ? only : Buffer.concat(parts, sizeBytes);
        const { status, headers } = head;
        resolve({ kind: 'answer', status, headers, body, latencyUs: elapsedUs() });
      },
      onResponseError: (_controller, error) => fail(error),
    });
  });
}

async function open(
  agent: Agent,
  request: ForwardRequest,
  totalTimeoutMs: number,
): Promise<OpenAnswer | ForwardFailure> {
  const elapsedUs = startTimer();
  const stop = new AbortController();
  const total = setTimeout(
    () => stop.abort(new Late(`not ended within ${totalTimeoutMs} ms`)),
    totalTimeoutMs,
  );
  const { timeoutMs } = request;
  try {
    const { statusCode, headers, body } = await agent.request({
      ...optionsOf(request),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: stop.signal,
    });
    const end = () => clearTimeout(total);
    return {
      kind: 'answer',
      status: statusCode,
      headers: flat(headers),
      latencyUs: elapsedUs(),
      body: streamOf(body, end),
    };
  } catch (cause) {
    clearTimeout(total);
    return failureOf(cause, elapsedUs());
  }
}

async function* streamOf(body: AsyncIterable<Uint8Array>, end: () => void): ByteStream {
  try {
    yield* body;
  } catch (cause) {
    const { kind, reason } = failureOf(cause, 0);
    throw new ForwardBroken(kind === 'timeout' ? 'timeout' : 'broken', reason);
  } finally {
    end();
  }
}

const timeoutCodes = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const unreachableCodes = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  addressRefused,
]);

function failureOf(error: unknown, latencyUs: number): ForwardFailure {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  const reason = message || code || String(error);
  const kind = (): ForwardFailure['kind'] => {
    if (error instanceof TooLarge) return 'tooLarge';
    if (error instanceof Late || timeoutCodes.has(code ?? '')) return 'timeout';
    return syscall === 'connect' || unreachableCodes.has(code ?? '') ? 'unreachable' : 'broken';
  };
  return { kind: kind(), reason, latencyUs };
}

function flat(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return joined;
}
