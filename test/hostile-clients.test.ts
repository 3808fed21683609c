/**
 * Clients that mean harm, against a whole server in a process of its own: they get their refusal or
 * nothing, its memory and descriptors stay bounded, and others are served meanwhile. What a single
 * request may look like is in `hostile-framing.test.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { raw, type Sent, send, signedHeaders, told, unsigned } from './bad-input.fixture.ts';
import { type At, Cleanup, dist } from './server.fixture.ts';

// A busy machine takes its time over ten thousand connections.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const cleanup = new Cleanup();
const administrator = { accessKeyId: 'AKIAHOSTILECLIENTS01', secretAccessKey: 'a'.repeat(40) };
const bodyMemoryMb = 64;
let server: ChildProcess;
let at: At;

beforeAll(async () => {
  const folder = await cleanup.folder();
  const flags = {
    ...{ data: folder, port: '0', 'log-level': 'error', 'body-memory-mb': String(bodyMemoryMb) },
    'access-key-id': administrator.accessKeyId,
    'secret-access-key': administrator.secretAccessKey,
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  const program = fileURLToPath(dist('cli/main.js'));
  server = spawn(process.execPath, [program, 'up', ...args], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanup.add(server, (child) => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    return ended;
  });
  if (!server.stdout) throw new Error('nothing to read');
  for await (const line of createInterface({ input: server.stdout })) {
    const [, url] = /^modelkeep ready (\S+)/.exec(line) ?? [];
    if (!url) continue;
    at = { url, administrator };
    break;
  }
  expect(told(await send(at, { service: 's3', method: 'PUT', url: '/bucket' }))).toBe('200');
});
afterAll(() => cleanup.run());

const status = () => readFileSync(`/proc/${server.pid}/status`, 'utf8');
const residentMb = () => Number(/VmRSS:\s+(\d+)/.exec(status())?.[1]) / 1_024;
const descriptors = () => readdirSync(`/proc/${server.pid}/fd`).length;

const listModels: Sent = {
  service: 'sagemaker',
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'SageMaker.ListModels' },
  body: '{}',
};

/** A request of each kind, by a client that means well. */
async function others(): Promise<void> {
  expect(told(await send(at, listModels))).toBe('200');
  const put: Sent = { service: 's3', method: 'PUT', url: '/bucket/k', body: 'x'.repeat(1_000) };
  expect(told(await send(at, put))).toBe('200');
  expect((await send(at, { service: 's3', method: 'GET', url: '/bucket/k' })).text).toHaveLength(
    1_000,
  );
}

async function opened(count: number, bytes: string): Promise<readonly Socket[]> {
  const { hostname, port } = new URL(at.url);
  const sockets: Socket[] = [];
  // As many at a time as wait to be accepted.
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(200, count - sockets.length) }, async () => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {});
      await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
      if (bytes) socket.write(bytes);
      return socket;
    });
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}

async function ended(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(
    sockets.map(async (socket) => {
      if (socket.closed) return;
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.destroy();
      await closed;
    }),
  );
}

/** What this process may open, with some to spare. */
const affordable = () =>
  Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]) - 500;

const half = 'POST / HTTP/1.1\r\nHost: x\r\nX-A: ';
const get = 'GET /_modelkeep/health HTTP/1.1\r\nHost: x\r\n\r\n';

test.skipIf(process.platform !== 'linux').each([
  [10_000, 'that say nothing', ''],
  [2_000, 'that stop within a head', half],
  [2_000, 'that were served and stay', get],
])('%i connections %s', async (count, _what, bytes) => {
  await others();
  const before = { memoryMb: residentMb(), descriptors: descriptors() };
  const sockets = await opened(Math.min(count, affordable()), bytes);
  await others();
  // Node keeps some 10 kB for each.
  expect(residentMb() - before.memoryMb).toBeLessThan(400);
  await ended(sockets);
  await others();
  while (descriptors() > before.descriptors + 50) await new Promise((r) => setTimeout(r, 20));
});

test('hundreds of bodies that stop half-way, of each kind', async () => {
  const kinds: readonly Sent[] = [
    listModels,
    { service: 's3', method: 'PUT', url: '/bucket/half' },
    { service: 'sagemaker', url: '/endpoints/x/invocations' },
  ];
  const heads = kinds.map((kind) => {
    const { method = 'POST', url = '/' } = kind;
    const headers = { ...signedHeaders(kind, at), 'content-length': '1000000' };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    return `${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n{`;
  });
  const sockets = (await Promise.all(heads.map((head) => opened(200, head)))).flat();
  await others();
  await ended(sockets);
});

const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;

/** As many bytes as the server takes, without saying how many there are. */
async function endless(head: string, atMost: number): Promise<{ status: string; sent: number }> {
  const [socket] = await opened(1, `${head}\r\nTransfer-Encoding: chunked\r\n\r\n`);
  if (!socket) throw new Error('no connection');
  let answer = '';
  let sent = 0;
  socket.on('data', (part) => {
    answer += part;
  });
  while (!socket.destroyed && sent < atMost) {
    sent += chunk.length;
    if (!socket.write(chunk)) {
      await new Promise<void>((resolve) => {
        const on = () => {
          socket.off('drain', on).off('close', on);
          resolve();
        };
        socket.on('drain', on).on('close', on);
      });
    }
  }
  socket.destroy();
  return { status: /^HTTP\/1.1 (\d+)/.exec(answer)?.[1] ?? 'none', sent };
}

test('bodies without an end are cut off past their bound, and nothing is left of them', async () => {
  const before = residentMb();
  const got: Record<string, string> = {};
  const atMost = 100 << 20;
  const kinds: readonly Sent[] = [
    listModels,
    { service: 'sagemaker', url: '/endpoints/x/invocations' },
    { service: 's3', method: 'PUT', url: '/bucket/unsaid' },
    {
      ...{ service: 's3', method: 'PUT', url: '/bucket/endless' },
      headers: { 'x-amz-decoded-content-length': String(5 << 28) },
    },
  ];
  for (const kind of kinds) {
    const { method = 'POST', url = '/' } = kind;
    const lines = Object.entries(signedHeaders({ ...kind, payload: 'UNSIGNED-PAYLOAD' }, at));
    const head = lines.map(([name, value]) => `${name}: ${value}`).join('\r\n');
    const { status, sent } = await endless(`${method} ${url} HTTP/1.1\r\n${head}`, atMost);
    got[`${method} ${url}`] = sent < atMost ? status : 'taken';
  }
  // Objects go to the disk, up to 5 GiB, and are seen when they are whole.
  expect(got).toEqual({
    'POST /': '413',
    'POST /endpoints/x/invocations': '413',
    'PUT /bucket/unsaid': '501',
    'PUT /bucket/endless': 'taken',
  });
  const endlessly: Sent = { service: 's3', method: 'GET', url: '/bucket/endless' };
  expect(told(await send(at, endlessly))).toBe('404 NoSuchKey');
  expect(residentMb() - before).toBeLessThan(200);
  await others();
});

test('large bodies at once take no more memory than they may; small ones are let in', async () => {
  const large = Buffer.alloc(15 << 20, 32);
  large[0] = 0x7b;
  large[large.length - 1] = 0x7d;
  const headers = signedHeaders({ ...listModels, body: large }, at);
  const { hostname, port } = new URL(at.url);
  const lines = Object.entries({ ...headers, 'content-length': String(large.length) });
  const head = `POST / HTTP/1.1\r\n${lines.map(([n, v]) => `${n}: ${v}`).join('\r\n')}\r\n\r\n`;
  // All but the last byte: nothing can be done with them, and all must be held.
  const answers: string[] = [];
  const sockets = Array.from({ length: 16 }, () => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.on('data', (part) => answers.push(String(part).slice(9, 12)));
    socket.write(head);
    socket.write(large.subarray(0, -1));
    return socket;
  });
  while (answers.length < 16 - Math.floor(bodyMemoryMb / 15)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(new Set(answers)).toEqual(new Set(['503']));
  await others();
  for (const socket of sockets) socket.destroy();
  // What was held is given back.
  let again = '';
  while (again !== '200') again = told(await send(at, { ...listModels, body: large })).slice(0, 3);
  await others();
});

test('requests by the hundred that are refused, on one connection each', async () => {
  const before = residentMb();
  const flood = Array.from({ length: 200 }, (_, i) =>
    unsigned(at, { method: 'PUT', url: `/bucket/${i}`, body: 'x' }).then(told, String),
  );
  const got = new Set(await Promise.all(flood));
  expect(got).toEqual(new Set(['403 AccessDenied']));
  expect(residentMb() - before).toBeLessThan(300);
  await others();
});

test('a TLS client on the plain port, and a URL longer than any', async () => {
  const hello = Buffer.from(`160301020001000 1fc0303${'00'.repeat(40)}`.replace(' ', ''), 'hex');
  expect(await raw(at, hello)).toMatch(/^HTTP\/1.1 400 /);
  const long = `GET /bucket/${'k'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`;
  expect(await raw(at, long)).toMatch(/^HTTP\/1.1 431 /);
  const key: Sent = { service: 's3', method: 'PUT', url: `/bucket/${'k'.repeat(1_025)}` };
  expect(told(await send(at, key))).toBe('400 KeyTooLongError');
});
