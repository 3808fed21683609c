/** What every forwarder must do, against real servers on loopback. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gather } from '../kernel/bytes.ts';
import { ForwardBroken, type Forwarder, type ForwardRequest } from './forwarder.ts';

interface Kit {
  forwarder(): Forwarder;
  /** A request to a server that answers so. */
  to(handler: RequestListener, over?: Partial<ForwardRequest>): Promise<ForwardRequest>;
}

const options = { limitBytes: 1_000 };
const total = { totalTimeoutMs: 5_000 };

export function forwarderContract(make: () => Forwarder): void {
  let forwarder: Forwarder;
  let servers: Server[];
  beforeEach(() => {
    forwarder = make();
    servers = [];
  });
  afterEach(async () => {
    await forwarder.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  const kit: Kit = {
    forwarder: () => forwarder,
    async to(handler, over = {}) {
      const server = createServer(handler);
      servers.push(server);
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      const { port } = server.address() as AddressInfo;
      const url = new URL(`http://127.0.0.1:${port}/invocations?a=1`);
      return { url, headers: {}, body: Buffer.from('in'), timeoutMs: 5_000, ...over };
    },
  };
  describe('forward', () => wholeAnswers(kit));
  describe('open', () => openAnswers(kit));

  test('a timer runs in microseconds', async () => {
    const elapsedUs = forwarder.startTimer();
    await new Promise((done) => setTimeout(done, 20));
    expect(elapsedUs()).toBeGreaterThan(15_000);
  });
}

function wholeAnswers(kit: Kit): void {
  test('passes path, headers and body on, and status, headers and body back', async () => {
    const request = await kit.to(
      async (req, res) => {
        const body = (await gather(req, 100)).toString();
        res.writeHead(418, { 'X-Out': 'o' });
        res.end(`${req.method} ${req.url} ${req.headers['x-in']} ${body}`);
      },
      { headers: { 'x-in': 'i' } },
    );
    const answer = await kit.forwarder().forward(request, options);
    expect(answer).toMatchObject({ kind: 'answer', status: 418, headers: { 'x-out': 'o' } });
    expect(answer.kind === 'answer' && answer.body.toString()).toBe('POST /invocations?a=1 i in');
    expect(answer.latencyUs).toBeGreaterThan(0);
  });

  test('keeps connections open', async () => {
    const ports = new Set<number | undefined>();
    const request = await kit.to((req, res) => {
      ports.add(req.socket.remotePort);
      res.end('ok');
    });
    for (let i = 0; i < 10; i += 1) await kit.forwarder().forward(request, options);
    // The next request may come a moment before the last connection is free again.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  test.each([
    [
      'unreachable',
      async () => ({ ...(await kit.to(() => {})), url: new URL('http://127.0.0.1:1') }),
    ],
    ['timeout', () => kit.to(() => {}, { timeoutMs: 50 })],
    [
      'timeout',
      () =>
        kit.to((_req, res) => void res.write('half'), {
          timeoutMs: 50,
        }),
    ],
    ['broken', () => kit.to((req) => void req.socket.resetAndDestroy())],
    ['broken', () => kit.to((req) => void req.socket.end('garbage\r\n\r\n'))],
    ['broken', () => kit.to((_req, res) => void res.write('half', () => res.destroy()))],
    ['tooLarge', () => kit.to((_req, res) => void res.end(Buffer.alloc(1_001)))],
  ])('tells %s apart', async (kind, request) => {
    const failure = await kit.forwarder().forward(await request(), options);
    expect(failure).toMatchObject({ kind, reason: expect.stringMatching(/./) });
  });
}

function openAnswers(kit: Kit): void {
  test('gives each part as it comes', async () => {
    let go = () => {};
    const request = await kit.to((_req, res) => {
      res.write('one');
      go = () => void res.end('two');
    });
    const answer = await kit.forwarder().open(request, total);
    expect(answer.kind).toBe('answer');
    if (answer.kind !== 'answer') return;
    const parts: string[] = [];
    for await (const part of answer.body) {
      parts.push(Buffer.from(part).toString());
      go();
    }
    expect(parts).toEqual(['one', 'two']);
  });

  test('throws ForwardBroken when the rest does not come', async () => {
    const request = await kit.to((_req, res) => {
      res.write('half');
      setTimeout(() => res.destroy(), 20);
    });
    const answer = await kit.forwarder().open(request, total);
    const read = answer.kind === 'answer' ? gather(answer.body, 100) : undefined;
    const error = await read?.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ForwardBroken);
    expect(error).toMatchObject({ kind: 'broken' });
  });

  test('ends an answer that does not end', async () => {
    const request = await kit.to((_req, res) => void res.write('half'));
    const answer = await kit.forwarder().open(request, { totalTimeoutMs: 100 });
    const read = answer.kind === 'answer' ? gather(answer.body, 100) : undefined;
    expect(await read?.catch((cause: unknown) => cause)).toMatchObject({ kind: 'timeout' });
  });

  test('tells a server that cannot be reached', async () => {
    const request = { ...(await kit.to(() => {})), url: new URL('http://127.0.0.1:1') };
    expect(await kit.forwarder().open(request, total)).toMatchObject({ kind: 'unreachable' });
  });
}
