/**
 * Model servers that hang, drip, flood and lie, behind a gateway on real sockets: each gets its
 * client the right error in bounded time and memory, and an endpoint beside it is not disturbed.
 * Amazon's bound of a minute is shortened here, and nothing else.
 */
import { createServer, type Server, type Socket } from 'node:net';
import {
  InvokeEndpointCommand,
  InvokeEndpointWithResponseStreamCommand,
  SageMakerRuntimeClient,
} from '@aws-sdk/client-sagemaker-runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { undiciForwarder } from '../src/adapters/forwarder/forwarder.ts';
import {
  type Bench,
  bench,
  instanceAt,
  plan,
  scope,
  secret,
  variantOn,
} from '../src/gateway/gateway.fixture.ts';
import type { Forwarder, ForwardRequest } from '../src/ports/forwarder.ts';

const timeoutMs = 400;
const totalTimeoutMs = 800;

let gateway: Bench;
let real: Forwarder;
let oddPort: string;
const servers = new Set<Server>();
const sockets = new Set<Socket>();

beforeEach(async () => {
  real = undiciForwarder();
  // The healthy one has all of its time: this process plays every part, and may be slow at it.
  const hasty = (request: ForwardRequest) =>
    request.url.port === oddPort ? { ...request, timeoutMs } : request;
  const forwarder: Forwarder = {
    forward: (request, options) => real.forward(hasty(request), options),
    open: (request) => real.open(hasty(request), { totalTimeoutMs }),
    startTimer: () => real.startTimer(),
    close: () => real.close(),
  };
  gateway = await bench({ forwarder });
  const port = await gateway.model((_request, response) => response.end('well'));
  gateway.route([variantOn(instanceAt('w', port), 'a')], { name: 'healthy', capture: plan });
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  await gateway.close();
  await real.close();
});

/** Routes an endpoint to a server that does as it likes with each request's connection. */
async function misbehaving(behave: (socket: Socket) => void): Promise<void> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => behave(socket));
  });
  servers.add(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  oddPort = String(port);
  gateway.route([variantOn(instanceAt('o', port), 'a')], { name: 'odd', capture: plan });
}

const asked = (EndpointName: string) => ({ EndpointName, ContentType: 'text/csv', Body: '1,2' });

async function invoked(client: SageMakerRuntimeClient, name: string): Promise<string> {
  try {
    const { Body } = await client.send(new InvokeEndpointCommand(asked(name)));
    return Buffer.from(Body ?? []).toString();
  } catch (cause) {
    const {
      name: code,
      message,
      $metadata,
    } = cause as Error & {
      $metadata?: { httpStatusCode?: number };
    };
    return `${$metadata?.httpStatusCode} ${code}: ${message}`;
  }
}

async function streamed(client: SageMakerRuntimeClient, name: string): Promise<string> {
  let sizeBytes = 0;
  try {
    const command = new InvokeEndpointWithResponseStreamCommand(asked(name));
    const { Body = [] } = await client.send(command);
    for await (const { PayloadPart } of Body) sizeBytes += PayloadPart?.Bytes?.length ?? 0;
    return `whole ${sizeBytes}`;
  } catch (cause) {
    const { name: code, message } = cause as Error;
    return `${sizeBytes > 0 ? 'after some: ' : ''}${code}: ${message}`;
  }
}

/** Writes as fast as the other side takes it, until it has had enough. */
function pour(socket: Socket, part: string | Uint8Array, sent?: (sizeBytes: number) => void): void {
  const more = () => {
    while (!socket.destroyed) {
      sent?.(part.length);
      if (!socket.write(part)) return void socket.once('drain', more);
    }
  };
  more();
}

/** Writes a little at a time, until the other side has had enough. */
function drip(socket: Socket, part: string): void {
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer);
    else socket.write(part);
  }, 20);
}

const head = 'HTTP/1.1 200 OK\r\n';
const late = /^424 ModelError: .*timed out while waiting for a response from container primary/;
const unreadable = /^424 ModelError: .*The container's answer could not be read: /;
const parts = Buffer.alloc(64 << 10, 97);

test.each<[string, (socket: Socket) => void, RegExp, RegExp]>([
  ['hangs', () => {}, late, /^ModelError: .*timed out/],
  [
    'drips its head',
    (socket) => {
      socket.write(head);
      drip(socket, 'x: y\r\n');
    },
    late,
    /^ModelError: .*timed out/,
  ],
  [
    'drips its body',
    (socket) => {
      socket.write(`${head}content-length: 1000000\r\n\r\n`);
      drip(socket, 'a');
    },
    late,
    /^after some: ModelStreamError: .*timed out/,
  ],
  [
    'stops in the middle of its body',
    (socket) => socket.write(`${head}content-length: 9\r\n\r\nabc`),
    late,
    /^after some: ModelStreamError: .*timed out/,
  ],
  [
    'resets in the middle of its body',
    (socket) => {
      socket.write(`${head}content-length: 9\r\n\r\nabc`);
      setTimeout(() => socket.resetAndDestroy(), 50);
    },
    unreadable,
    /^after some: ModelStreamError: /,
  ],
  ['resets at once', (socket) => socket.resetAndDestroy(), unreadable, /^ModelError: /],
  ['closes without an answer', (socket) => socket.end(), unreadable, /^ModelError: /],
  ['answers garbage', (socket) => socket.end('NONSENSE\r\n\r\n'), unreadable, /^ModelError: /],
  [
    'sends headers without an end',
    (socket) => {
      socket.write(head);
      pour(socket, 'x: y\r\n'.repeat(10_000));
    },
    unreadable,
    /^ModelError: /,
  ],
  [
    'sends a header without an end',
    (socket) => {
      socket.write(`${head}x: `);
      pour(socket, parts);
    },
    unreadable,
    /^ModelError: /,
  ],
  [
    'says 100 again and again',
    (socket) => pour(socket, 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)),
    unreadable,
    /^ModelError: /,
  ],
  [
    'says 103 again and again',
    (socket) => pour(socket, 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'.repeat(100)),
    late,
    /^ModelError: /,
  ],
  [
    'says 102 now and then',
    (socket) => drip(socket, 'HTTP/1.1 102 Processing\r\n\r\n'),
    late,
    /^ModelError: /,
  ],
  [
    'sends less than its length',
    (socket) => socket.end(`${head}content-length: 9\r\n\r\nabc`),
    unreadable,
    /^after some: ModelStreamError: |^ModelError: /,
  ],
  [
    'names two lengths',
    (socket) => socket.end(`${head}content-length: 3\r\ncontent-length: 4\r\n\r\nabc`),
    unreadable,
    /^ModelError: /,
  ],
  [
    'sends a length and chunks',
    (socket) =>
      socket.end(`${head}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`),
    unreadable,
    /ModelError: |ModelStreamError: /,
  ],
])('a model that %s', async (_what, behave, whole, stream) => {
  await misbehaving(behave);
  const { client } = gateway;
  const odd = Promise.all([invoked(client, 'odd'), streamed(client, 'odd')]);
  // Beside it, for as long as it takes.
  let ended = false;
  const ends = odd.then(() => {
    ended = true;
  });
  let others = 0;
  do {
    expect(await invoked(client, 'healthy')).toBe('well');
    others += 1;
  } while (!ended && others < 5_000);
  await ends;
  const [answer, streaming] = await odd;
  expect(answer).toMatch(whole);
  expect(streaming).toMatch(stream);
  // Only answers are captured, and each of the others was.
  const captured = await gateway.captured();
  expect(captured).toHaveLength(others);
});

test("more than its length: the rest is nobody's answer", async () => {
  await misbehaving((socket) => {
    socket.write(`${head}content-length: 3\r\n\r\nabc${head}content-length: 6\r\n\r\nforged`);
  });
  for (let asks = 0; asks < 5; asks += 1) {
    expect(['abc', '424']).toContain((await invoked(gateway.client, 'odd')).slice(0, 3));
  }
});

test.each([
  ['with its length', `content-length: ${10 * 2 ** 30}\r\n\r\n`],
  ['without a length', '\r\n'],
])('10 GB %s are refused at the bound, in flat memory', async (_what, rest) => {
  let sentBytes = 0;
  await misbehaving((socket) => {
    socket.write(head + rest);
    pour(socket, parts, (sizeBytes) => {
      sentBytes += sizeBytes;
    });
  });
  // This is about size, not about time.
  oddPort = '';
  const before = process.memoryUsage.rss();
  for (let asks = 0; asks < 3; asks += 1) {
    expect(await invoked(gateway.client, 'odd')).toMatch(
      /^424 ModelError: .*answer is larger than 26214400 bytes/,
    );
  }
  // What the sockets hold beyond the bound was sent too.
  expect(sentBytes).toBeLessThan(3 * (26_214_400 + (20 << 20)));
  expect(process.memoryUsage.rss() - before).toBeLessThan(300 << 20);
});

test('more requests than connections to a model that hangs hold up nobody else', async () => {
  await misbehaving(() => {});
  const client = new SageMakerRuntimeClient({
    endpoint: `http://127.0.0.1:${gateway.port}`,
    region: scope.region,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: secret },
    maxAttempts: 1,
    requestHandler: { requestTimeout: 30_000, httpAgent: { maxSockets: 1_000 } },
  });
  const hanging = Array.from({ length: 400 }, () => invoked(client, 'odd'));
  for (let asks = 0; asks < 20; asks += 1) {
    expect(await invoked(gateway.client, 'healthy')).toBe('well');
  }
  for (const answer of await Promise.all(hanging)) expect(answer).toMatch(late);
  // What waited for a connection is not sent once its client has been told.
  await gateway.idle();
  expect(await gateway.captured()).toHaveLength(20);
  client.destroy();
});
