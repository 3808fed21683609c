/**
 * Requests that two servers could read differently, and clients that take their time, against the
 * HTTP front of the server with a route that notes all it was given. Not the services behind it.
 */
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ListenAt, type Listening, listen } from '../src/server/http.ts';

type Limits = NonNullable<ListenAt['limits']>;

/** Method, target and body of every request that reached a route. */
let served: string[];
/** Targets whose answers have left, or were cut off. */
const ended = new Set<string | undefined>();
let listening: Listening | undefined;
const sockets = new Set<Socket>();

beforeEach(() => {
  served = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  ended.clear();
  await listening?.close();
  listening = undefined;
});

async function start(limits: Limits = {}): Promise<void> {
  const route = {
    matches: () => true,
    async handle(
      request: import('node:http').IncomingMessage,
      response: import('node:http').ServerResponse,
    ) {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const { method, url } = request;
      const body = Buffer.concat(parts);
      served.push(`${method} ${url} ${body.length > 99 ? body.length : body}`);
      response.once('close', () => ended.add(url));
      if (url === '/huge') return void response.end(Buffer.alloc(64 << 20));
      // Later than its successors on the same connection, unless answers wait for their turn.
      if (url === '/slow') await new Promise((resolve) => setTimeout(resolve, 50));
      if (url !== '/never') response.setHeader('content-length', url?.length ?? 0).end(url);
    },
  };
  const at = { host: '127.0.0.1', port: 0, limits: { sweepMs: 20, ...limits } };
  listening = await listen(() => [route], at);
}

function opened(bytes: string | Uint8Array = ''): Socket {
  const socket = connect(Number(new URL(listening?.url ?? '').port), '127.0.0.1');
  sockets.add(socket);
  socket.on('error', () => {});
  socket.write(bytes);
  return socket;
}

/** All that comes until the server ends the connection. */
function answered(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    socket.on('data', (part) => parts.push(part));
    socket.on('close', () => resolve(Buffer.concat(parts).toString('latin1')));
  });
}

const raw = (bytes: string | Uint8Array) => answered(opened(bytes));
const statuses = (text: string) => [...text.matchAll(/HTTP\/1.1 (\d{3})/g)].map(([, s]) => s);

const head = (line: string, ...lines: readonly string[]) => [line, ...lines, '', ''].join('\r\n');
const post = (lines: readonly string[], body: string) =>
  `${head('POST /first HTTP/1.1', 'Host: x', ...lines)}${body}`;
/** What a smuggler hides behind a request. */
const hidden = head('GET /hidden HTTP/1.1', 'Host: x', 'Connection: close');

describe('a body whose end is in doubt ends the connection, and hides no request', () => {
  const chunks = `0\r\n\r\n${hidden}`;
  const TE = 'Transfer-Encoding';
  test.each<[string, readonly string[], string, number]>([
    ['a length and chunks', ['Content-Length: 4', `${TE}: chunked`], chunks, 400],
    ['chunks and a length', [`${TE}: chunked`, 'Content-Length: 4'], chunks, 400],
    ['two lengths', ['Content-Length: 0', 'Content-Length: 9'], hidden, 400],
    ['one length twice', ['Content-Length: 0', 'Content-Length: 0'], hidden, 400],
    ['a list of lengths', ['Content-Length: 0, 0'], hidden, 400],
    ['a length of +0', ['Content-Length: +0'], hidden, 400],
    ['a length in hex', ['Content-Length: 0x0'], hidden, 400],
    ['a length of two numbers', ['Content-Length: 0 9'], hidden, 400],
    ['a length past every number', [`Content-Length: ${'9'.repeat(30)}`], hidden, 400],
    ['no length at all', ['Content-Length: '], hidden, 400],
    ['a blank before the colon of a length', ['Content-Length : 0'], hidden, 400],
    ['a blank before the colon of chunks', [`${TE} : chunked`], chunks, 400],
    ['a folded line', ['X-A: b', ' c'], hidden, 400],
    ['folded chunks', [`${TE}:`, ' chunked'], chunks, 400],
    ['a bare line feed in the head', ['X-A: b\nContent-Length: 9'], hidden, 400],
    ['a bare carriage return in the head', ['X-A: b\rContent-Length: 9'], hidden, 400],
    ['a zero byte in a header', ['X-A: b\0c'], hidden, 400],
    ['a header without a name', [': c'], hidden, 400],
    ['chunks that are nearly so', [`${TE}: xchunked`], chunks, 400],
    ['chunks in quotes', [`${TE}: "chunked"`], chunks, 400],
    ['chunks after a vertical tab', [`${TE}: \x0bchunked`], chunks, 400],
    ['chunks, then none', [`${TE}: chunked`, `${TE}: identity`], chunks, 400],
    ['chunks that are not the last coding', [`${TE}: chunked, gzip`], chunks, 400],
    ['identity', [`${TE}: identity`], chunks, 400],
    ['chunks twice', [`${TE}: chunked`, `${TE}: chunked`], chunks, 400],
    ['a coding before chunks', [`${TE}: gzip, chunked`], chunks, 501],
    ['a size of a chunk past every number', [`${TE}: chunked`], `${'f'.repeat(20)}\r\n`, 400],
    ['a negative chunk', [`${TE}: chunked`], `-1\r\nx\r\n${chunks}`, 400],
    ['a chunk of another size', [`${TE}: chunked`], `1\r\nxyz\r\n${chunks}`, 400],
    ['chunks of bare line feeds', [`${TE}: chunked`], `1\nx\n0\n\n${hidden}`, 400],
    ['a line feed in the extension of a chunk', [`${TE}: chunked`], `1;\n\r\nx\r\n${chunks}`, 400],
    ['an extension of 100,000', [`${TE}: chunked`], `1;${'a'.repeat(1e5)}\r\nx\r\n${chunks}`, 413],
  ])('%s', async (_what, lines, body, status) => {
    await start();
    expect(statuses(await raw(post(lines, body)))).toEqual([String(status)]);
    expect(served).toEqual([]);
  });

  test('chunks under HTTP/1.0, which has none', async () => {
    await start();
    const first = head(
      'POST /first HTTP/1.0',
      'Host: x',
      `${TE}: chunked`,
      'Connection: keep-alive',
    );
    expect(statuses(await raw(first + chunks))).toEqual(['400']);
    expect(served).toEqual([]);
  });

  test('chunks as they should be, with an extension and trailers', async () => {
    await start();
    const lines = ['Transfer-Encoding:\tChunked ', 'Connection: close'];
    const body = '2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX-T: 1\r\n\r\n';
    expect(statuses(await raw(post(lines, body)))).toEqual(['200']);
    expect(served).toEqual(['POST /first hello']);
  });
});

describe('a head that is none', () => {
  const host = 'Host: x';
  test.each<[string, string | Uint8Array, string]>([
    ['garbage', 'GARBAGE\r\n\r\n', '400'],
    ['the start of TLS', Buffer.from('16030100a5010000a10303', 'hex'), '400'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400'],
    ['HTTP/1.2', head('GET /a HTTP/1.2', host), '400'],
    ['HTTP/0.9', 'GET /a\r\n\r\n', '505'],
    ['an unknown method', head('BREW /a HTTP/1.1', host), '400'],
    ['a tunnel', head('CONNECT evil:443 HTTP/1.1', host), '405'],
    ['no host', head('GET /a HTTP/1.1'), '400'],
    ['two hosts', head('GET /a HTTP/1.1', host, 'Host: y'), '400'],
    ['one host twice', head('GET /a HTTP/1.1', host, host), '400'],
    ['a host with a path', head('GET /a HTTP/1.1', 'Host: x/../y'), '400'],
    ['a host with a user', head('GET /a HTTP/1.1', 'Host: u@x'), '400'],
    ['another host in the target', head('GET http://evil/a HTTP/1.1', host), '400'],
    ['another scheme in the target', head('GET ftp://x/a HTTP/1.1', host), '400'],
    ['a relative target', head('GET a HTTP/1.1', host), '400'],
    ['an asterisk', head('GET * HTTP/1.1', host), '400'],
    ['a blank in the target', head('GET /a b HTTP/1.1', host), '400'],
    ['a zero byte in the target', head('GET /a\0b HTTP/1.1', host), '400'],
    ['Latin-1 in the target', Buffer.from(head('GET /\xe9 HTTP/1.1', host), 'latin1'), '400'],
    ['a blank before all', ` ${head('GET /a HTTP/1.1', host)}`, '400'],
    ['bare line feeds', 'GET /a HTTP/1.1\nHost: x\n\n', '400'],
    ['a target of 200,000', head(`GET /${'a'.repeat(2e5)} HTTP/1.1`, host), '431'],
    ['a header of 100,000', head('GET /a HTTP/1.1', host, `X: ${'a'.repeat(1e5)}`), '431'],
    ['501 lines', head('GET /a HTTP/1.1', host, ...Array(500).fill('X: 1')), '431'],
    ['5,000 lines', head('GET /a HTTP/1.1', host, ...Array(5_000).fill('X: 1')), '431'],
  ])('%s', async (_what, bytes, status) => {
    await start();
    const both = Buffer.concat([Buffer.from(bytes), Buffer.from(hidden)]);
    expect(statuses(await raw(both))).toEqual([status]);
    expect(served).toEqual([]);
  });
});

describe('a head that is odd and right', () => {
  const close = ['Host: x', 'Connection: close'];
  test.each<[string, string, string]>([
    ['HTTP/1.0 without a host', 'GET /a HTTP/1.0\r\n\r\n', 'GET /a '],
    ['its own host in the target', head('GET http://X/a?b HTTP/1.1', ...close), 'GET /a?b '],
    ['a target that is a host alone', head('GET http://x HTTP/1.1', ...close), 'GET / '],
    ['options of the server', head('OPTIONS * HTTP/1.1', ...close), 'OPTIONS * '],
    [
      'an upgrade',
      head('GET /a HTTP/1.1', 'Host: x', 'Connection: Upgrade, close', 'Upgrade: h2c'),
      'GET /a ',
    ],
    ['500 lines', head('GET /a HTTP/1.1', ...close, ...Array(498).fill('X: 1')), 'GET /a '],
    ['empty lines before', `\r\n\r\n${head('GET /a HTTP/1.1', ...close)}`, 'GET /a '],
    [
      'a target of 60,000',
      head(`GET /${'a'.repeat(6e4)} HTTP/1.1`, ...close),
      `GET /${'a'.repeat(6e4)} `,
    ],
  ])('%s', async (_what, bytes, one) => {
    await start();
    expect(statuses(await raw(bytes))).toEqual(['200']);
    expect(served).toEqual([one]);
  });

  test('expectations: one is met, others are refused', async () => {
    await start();
    const expecting = (what: string) =>
      post([`Expect: ${what}`, 'Content-Length: 5', 'Connection: close'], 'hello');
    expect(statuses(await raw(expecting('100-continue')))).toEqual(['100', '200']);
    expect(statuses(await raw(expecting('wonders')))).toEqual(['417']);
    expect(served).toEqual(['POST /first hello']);
  });
});

describe('requests sent before their answers came', () => {
  const get = (path: string, ...lines: readonly string[]) =>
    head(`GET ${path} HTTP/1.1`, 'Host: x', ...lines);

  test('are answered in their order', async () => {
    await start();
    const text = await raw(get('/slow') + get('/b') + get('/c', 'Connection: close'));
    expect(statuses(text)).toEqual(['200', '200', '200']);
    expect(text.match(/\/(slow|b|c)(?=HTTP|$)/g)).toEqual(['/slow', '/b', '/c']);
  });

  test('end the connection past a bound', async () => {
    await start();
    await raw(get('/never').repeat(1_000));
    expect(served.length).toBeLessThanOrEqual(64);
  });

  test('after one that ends the connection are not served', async () => {
    await start();
    await raw(get('/a', 'Connection: close') + get('/b'));
    expect(served).toEqual(['GET /a ']);
  });
});

describe('a client that takes its time', () => {
  /** Sends a byte every few milliseconds until the connection ends. */
  async function dripped(bytes: string, everyMs: number): Promise<string> {
    const socket = opened();
    let at = 0;
    const timer = setInterval(() => {
      if (at < bytes.length && socket.writable) socket.write(bytes[at++] ?? '');
    }, everyMs);
    try {
      return await answered(socket);
    } finally {
      clearInterval(timer);
    }
  }

  test('over its head is told that it took too long', async () => {
    await start({ headersTimeoutMs: 200 });
    expect(statuses(await dripped(get1000, 10))).toEqual(['408']);
    expect(served).toEqual([]);
  });
  const get1000 = head('GET /a HTTP/1.1', 'Host: x', `X: ${'a'.repeat(1_000)}`);

  test('before its first byte is told so too', async () => {
    await start({ headersTimeoutMs: 200 });
    expect(statuses(await raw(''))).toEqual(['408']);
  });

  test.each([
    ['of a length', 'Content-Length: 100000'],
    ['in chunks', 'Transfer-Encoding: chunked'],
  ])('over a body %s is told so', async (_what, line) => {
    await start({ minBodyBytesPerSecond: 500, slowBodyMs: 200 });
    const socket = opened(post([line], 'ffff\r\n'));
    const timer = setInterval(() => socket.writable && socket.write('1'), 10);
    expect(statuses(await answered(socket))).toEqual(['408']);
    clearInterval(timer);
    expect(served).toEqual([]);
  });

  test('over a body at a pace that will do is served', async () => {
    await start({ minBodyBytesPerSecond: 500, slowBodyMs: 200 });
    const socket = opened(post(['Content-Length: 10000', 'Connection: close'], ''));
    let sent = 0;
    const timer = setInterval(() => {
      if (sent < 10_000) socket.write('x'.repeat(250));
      sent += 250;
    }, 10);
    expect(statuses(await answered(socket))).toEqual(['200']);
    clearInterval(timer);
    expect(served).toEqual(['POST /first 10000']);
  });

  test('to read its answer is cut off', async () => {
    await start({ stalledAnswerMs: 300 });
    const socket = opened(head('GET /huge HTTP/1.1', 'Host: x'));
    socket.pause();
    while (!ended.has('/huge')) await new Promise((resolve) => setTimeout(resolve, 10));
    const text = answered(socket.resume());
    expect((await text).length).toBeLessThan(64 << 20);
  });

  test('is not cut off while it is the server that takes its time', async () => {
    await start({ stalledAnswerMs: 50, slowBodyMs: 50 });
    const socket = opened(head('GET /never HTTP/1.1', 'Host: x'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(socket.closed).toBe(false);
    expect(served).toEqual(['GET /never ']);
  });
});

describe('more connections than there may be', () => {
  const get = head('GET /a HTTP/1.1', 'Host: x', 'Connection: close');

  test('push out those that have waited longest, and nobody is refused', async () => {
    await start({ maxConnections: 5 });
    const idle = Array.from({ length: 20 }, () => opened());
    const ends = idle.map(answered);
    expect(statuses(await raw(get))).toEqual(['200']);
    await Promise.all(ends.slice(0, 15));
    expect(idle.slice(16).filter((socket) => socket.closed)).toEqual([]);
  });

  test('are refused while all the others have a request under way', async () => {
    await start({ maxConnections: 5 });
    const busy = Array.from({ length: 5 }, () => opened(head('GET /never HTTP/1.1', 'Host: x')));
    while (served.length < 5) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(statuses(await raw(''))).toEqual(['503']);
    for (const socket of busy) socket.destroy();
    await Promise.all(busy.map(answered));
    while (statuses(await raw(get))[0] !== '200') {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(served.at(-1)).toBe('GET /a ');
  });
});
