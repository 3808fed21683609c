/** Remote model servers: listeners of this test on loopback. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { defined } from '../../kernel/assert.ts';
import { makeRemoteLauncher } from './launcher.ts';

const launcher = makeRemoteLauncher({ allow: { allowPrivate: true } });

async function listen(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const specOf = (image: string, startTimeoutMs = 10_000) => ({
  name: 'm',
  image,
  environment: {},
  startTimeoutMs,
  onLog: () => {},
});

async function serve(image: string) {
  const outcome = await launcher.serve(specOf(image));
  expect(outcome).toMatchObject({ ok: true });
  return defined(outcome.ok ? outcome.value : undefined, 'server');
}

test('URLs are its images, names are not', () => {
  expect(launcher.accepts('http://models:8080')).toBe(true);
  expect(launcher.accepts('https://models/x')).toBe(true);
  expect(launcher.accepts('123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1')).toBe(false);
});

test('without a path, invocations and ping are where the contract has them', async () => {
  const seen: (string | undefined)[] = [];
  const url = await listen((request, response) => {
    seen.push(request.url);
    response.end();
  });
  const server = await serve(url);
  expect(server.invocationsUrl.href).toBe(`${url}/invocations`);
  expect(seen).toEqual(['/ping']);
  expect(await server.healthy()).toBe(true);
  expect(await server.usage()).toBeUndefined();
  await server.stop({ graceMs: 1 });
});

test('a path of its own is kept, and /ping may be missing there', async () => {
  let status = 404;
  const url = await listen((_, response) => response.writeHead(status).end());
  const server = await serve(`${url}/v1/predict?key=1`);
  expect(server.invocationsUrl.href).toBe(`${url}/v1/predict?key=1`);
  expect(await server.healthy()).toBe(true);
  status = 503;
  expect(await server.healthy()).toBe(false);
});

test('a server that is not ready, not there or silent is refused with the reason', async () => {
  const sick = await listen((_, response) => response.writeHead(404).end());
  const silent = await listen(() => {});
  const reasonOf = async (image: string) => {
    const outcome = await launcher.serve(specOf(image, 100));
    return outcome.ok ? undefined : outcome.reason;
  };
  expect(await reasonOf(sick)).toBe(`${sick}/ping answered 404 instead of 200`);
  expect(await reasonOf(silent)).toMatch(/did not answer within 100 ms/);
  expect(await reasonOf('http://127.0.0.1:1')).toMatch(/cannot be reached: .*ECONNREFUSED/);
});

test('where URLs may not point is refused before anything is sent', async () => {
  let requests = 0;
  const url = await listen((_, response) => {
    requests += 1;
    response.end();
  });
  const only = makeRemoteLauncher({ allow: { allowPrivate: true, hosts: ['models.test'] } });
  expect(await only.serve(specOf(url))).toMatchObject({ ok: false });
  const metadata = await launcher.serve(specOf('http://169.254.169.254/'));
  expect(metadata).toMatchObject({ ok: false, reason: expect.stringContaining('never') });
  const named = await launcher.serve(specOf(url.replace('//', '//user:secret@')));
  expect(named).toMatchObject({ ok: false, reason: expect.stringContaining('password') });
  expect(requests).toBe(0);
});

test('jobs cannot run at a URL', async () => {
  const outcome = await launcher.run({
    ...specOf('http://models:8080'),
    entrypoint: [],
    arguments: [],
    rootPath: '/tmp',
    timeoutMs: 1,
  });
  expect(outcome).toMatchObject({ ok: false, reason: expect.stringContaining('URL') });
});
