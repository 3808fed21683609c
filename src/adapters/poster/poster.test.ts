/** Posting to a real listener on loopback, and refusing everything the policy says no to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { gather } from '../../kernel/bytes.ts';
import { makePoster } from './poster.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function listen(handler: Handler): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const poster = makePoster({ allow: { allowPrivate: true } });
const post = (url: string, more: { timeoutMs?: number; headers?: Record<string, string> } = {}) =>
  ({ url, headers: {}, body: '{}', timeoutMs: 10_000, ...more }) as const;

test('method, path, headers and body arrive; the status comes back', async () => {
  const seen: unknown[] = [];
  const url = await listen(async (request, response) => {
    const body = (await gather(request, 99)).toString();
    seen.push([request.method, request.url, request.headers['x-a'], body]);
    response.writeHead(202).end('thanks');
  });
  const headers = { 'x-a': 'b', 'content-type': 'text/plain; charset=UTF-8' };
  const message = { url: `${url}/hook?x=1`, headers, body: 'hé', timeoutMs: 10_000 };
  expect(await poster.post(message)).toEqual({ ok: true, value: { status: 202 } });
  expect(seen).toEqual([['POST', '/hook?x=1', 'b', 'hé']]);
});

test('a redirect is an answer, not a way on', async () => {
  const url = await listen((_, response) =>
    response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  );
  expect(await poster.post(post(url))).toEqual({ ok: true, value: { status: 302 } });
});

test('an answer without end is cut off', async () => {
  const url = await listen((_, response) => {
    response.writeHead(200);
    const more = () => {
      while (response.write(Buffer.alloc(16_384)));
    };
    response.on('drain', more);
    more();
  });
  expect(await poster.post(post(url))).toEqual({ ok: true, value: { status: 200 } });
});

test('credentials in the URL become basic authentication', async () => {
  let authorization: string | undefined;
  const url = await listen((request, response) => {
    ({ authorization } = request.headers);
    response.end();
  });
  await poster.post(post(url.replace('//', '//user:p%40ss@')));
  expect(authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
});

test('no answer in time is a refusal; giving up throws', async () => {
  const url = await listen(() => {});
  expect(await poster.post(post(url, { timeoutMs: 50 }))).toEqual({
    ok: false,
    reason: 'no answer within 50 ms',
  });
  const giveUp = new AbortController();
  const posting = poster.post(post(url), { signal: giveUp.signal });
  giveUp.abort(new Error('given up'));
  await expect(posting).rejects.toThrow('given up');
});

test('nobody there, a name that is none, and a bad header are refusals', async () => {
  expect(await poster.post(post('http://127.0.0.1:1/'))).toMatchObject({ ok: false });
  expect(await poster.post(post('http://no-such-name.invalid/'))).toMatchObject({ ok: false });
  expect(await poster.post(post('not a url'))).toMatchObject({ ok: false });
  const url = await listen((_, response) => response.end());
  const smuggled = post(url, { headers: { a: 'b\r\nhost: x' } });
  expect(await poster.post(smuggled)).toMatchObject({ ok: false });
});

test('forbidden and private addresses are refused, also behind a name', async () => {
  const url = await listen((_, response) => response.end());
  const strict = makePoster({ allow: { allowPrivate: false } });
  expect(await strict.post(post(url))).toMatchObject({ ok: false });
  const named = url.replace('127.0.0.1', 'localhost');
  const refused = await strict.post(post(named));
  expect(refused).toMatchObject({ ok: false, reason: expect.stringContaining('private') });
  const metadata = await poster.post(post('http://169.254.169.254/latest'));
  expect(metadata).toMatchObject({ ok: false, reason: expect.stringContaining('never') });
});
