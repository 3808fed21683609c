/** A server that people have to open: what it says before, and how it is opened over HTTP. */
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readAdministrator } from './administrator.ts';
import type { RunningServer } from './main.ts';
import { initSeal } from './seal-offline.ts';
import { answering, Place, reasonFor, value } from './unseal.fixture.ts';
import { unsealServer } from './unseal-client.ts';

// What a passphrase costs is for attackers.
vi.mock('../adapters/key-derivation/argon2.ts', () => import('./unseal-cheaply.fixture.ts'));

let place: Place;
beforeEach(async () => {
  place = await Place.make();
});
afterEach(() => place.remove());

const passphrase = 'correct horse battery';
const json = { 'content-type': 'application/json' };

interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function tell(url: string, init: RequestInit = {}): Promise<Told> {
  const { status, headers, ...rest } = await fetch(url, init).then(async (response) => ({
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Told['body'],
  }));
  return { status, headers, body: rest.body };
}

const offer = (server: Pick<RunningServer, 'url'>, body: unknown, headers = json) =>
  tell(`${server.url}/_modelkeep/unseal`, {
    ...{ method: 'POST', headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const health = ({ url }: RunningServer) => tell(`${url}/_modelkeep/health`);

describe('with a passphrase', () => {
  beforeEach(async () => {
    const ask = answering(passphrase, passphrase);
    value(await initSeal(place.config(), { kind: 'passphrase' }, ask));
  });

  test('answers nothing but that it is sealed', async () => {
    const server = await place.start();
    expect([server.isSealed, server.administrator]).toEqual([true, undefined]);
    expect(await health(server)).toMatchObject({ status: 503, body: { status: 'sealed' } });
    for (const [method, path] of [
      ['GET', '/'],
      ['PUT', '/bucket/key'],
      ['POST', '/endpoints/x/invocations'],
      ['POST', '/_modelkeep/sign-in'],
      ['POST', '/_modelkeep/reset'],
    ] as const) {
      const body = method === 'GET' ? {} : { body: 'x'.repeat(100_000) };
      const told = await tell(`${server.url}${path}`, { method, ...body });
      expect(told).toMatchObject({ status: 503, body: { __type: 'Sealed' } });
      expect(told.headers.get('retry-after')).toBe('5');
    }
    expect(reasonFor(await readAdministrator(place.config(), answering()))).toMatch(
      /is sealed: run modelkeep unseal/,
    );
    await server.stop();
    expect(await server.ready).toEqual({ ok: false, reason: 'the server was stopped' });
  });

  test('is opened by it, and serves from then on', async () => {
    const server = await place.start();
    const wrong = await offer(server, { passphrase: 'wrong passphrase' });
    const error = { code: 'AccessDenied', message: 'Wrong passphrase.' };
    expect(wrong).toMatchObject({ status: 403, body: { error } });
    expect(server.isSealed).toBe(true);
    const right = await offer(server, { passphrase });
    expect(right).toMatchObject({ status: 200, body: { status: 'ready' } });
    expect(right.headers.get('cache-control')).toBe('no-store');
    expect(await server.ready).toMatchObject({ ok: true });
    expect(await health(server)).toMatchObject({ status: 200, body: { status: 'ready' } });
    const { administrator } = server;
    const found = value(await readAdministrator(place.config(), answering(passphrase)));
    expect(found).toMatchObject({ ...administrator, url: server.url });
    const again = await offer(server, { passphrase });
    expect(again).toMatchObject({ status: 400, body: { error: { code: 'NotSealed' } } });
    await server.stop();
    const file = await place.secretFile('passphrase', passphrase);
    const open = await place.start({ 'passphrase-file': file });
    expect([open.isSealed, open.administrator]).toEqual([false, administrator]);
  });

  test('opens it once, however often it comes at a time', async () => {
    const server = await place.start();
    const told = await Promise.all([1, 2, 3].map(() => offer(server, { passphrase })));
    const statuses = new Set(told.map(({ status }) => status));
    expect(statuses.has(200)).toBe(true);
    for (const status of statuses) expect([200, 400, 429]).toContain(status);
    expect(await health(server)).toMatchObject({ status: 200 });
  });

  test('cannot be guessed on and on', async () => {
    const server = await place.start();
    const statuses: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      statuses.push((await offer(server, { passphrase: `guess ${i}` })).status);
    }
    expect(statuses).toEqual([403, 403, 403, 403, 403, 429]);
    const told = await offer(server, { passphrase });
    expect(told).toMatchObject({ status: 429, body: { error: { code: 'TooManyTries' } } });
    expect(told.headers.get('retry-after')).toBe('1');
  });

  test('refuses what is no offer, and goes on taking one', async () => {
    const server = await place.start();
    for (const [body, status, message] of [
      ['', 400, 'The body must be JSON.'],
      ['{', 400, 'The body must be JSON.'],
      ['null', 400, 'The body must be {"passphrase"'],
      [{}, 400, 'The body must be {"passphrase"'],
      [{ passphrase: 1 }, 400, 'The body must be {"passphrase"'],
      [{ passphrase, share: 'x' }, 400, 'The body must be {"passphrase"'],
      [{ word: 'x' }, 400, 'The body must be {"passphrase"'],
      [{ passphrase: '' }, 400, 'A passphrase has from 1 to 1024 bytes.'],
      [{ passphrase: 'x'.repeat(1_025) }, 400, 'A passphrase has from 1 to 1024 bytes.'],
      [{ passphrase: 'x'.repeat(5_000) }, 413, 'The body exceeds 4096 bytes.'],
      [{ share: 'x' }, 400, 'No shares open this folder.'],
    ] as const) {
      const told = await offer(server, body);
      expect(told.status).toBe(status);
      expect(told.body['error']).toMatchObject({ message: expect.stringContaining(message) });
    }
    expect((await offer(server, { passphrase })).status).toBe(200);
  });

  test('is not taken from a page of another site, nor in clear from elsewhere', async () => {
    const server = await place.start({ host: '0.0.0.0', 'plaintext-host': '0.0.0.0' });
    const port = new URL(server.url).port;
    const local = { url: `http://127.0.0.1:${port}` };
    const plain = { 'content-type': 'text/plain' };
    expect((await offer(local, { passphrase }, plain)).status).toBe(415);
    const [address] = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal);
    if (address) {
      const told = await offer({ url: `http://${address.address}:${port}` }, { passphrase });
      expect(told).toMatchObject({ status: 403, body: { error: { code: 'AccessDenied' } } });
    }
    expect((await offer(local, { passphrase })).status).toBe(200);
  });

  test('of a folder that was damaged is told from a wrong one', async () => {
    const path = place.at('data', 'seal.json');
    const text = await readFile(path, 'utf8');
    const { createHash } = await import('node:crypto');
    const { checksum: _, ...content } = JSON.parse(text);
    // As somebody would who knows how the checksum is made.
    content.keyring = `${content.keyring.slice(0, -8)}AAAAAAA=`;
    const checksum = createHash('sha256').update(JSON.stringify(content)).digest('hex');
    await place.secretFile('data/seal.json', JSON.stringify({ ...content, checksum }));
    const server = await place.start();
    const told = await offer(server, { passphrase });
    expect(told).toMatchObject({ status: 500, body: { error: { code: 'SealDamaged' } } });
  });

  test('says why it cannot start when what was opened is not what it was', async () => {
    const file = await place.secretFile('passphrase', passphrase);
    await (await place.start({ 'passphrase-file': file })).stop();
    const { rm } = await import('node:fs/promises');
    await rm(place.at('data.anchor'));
    const server = await place.start();
    const told = await offer(server, { passphrase });
    expect(told).toMatchObject({ status: 500, body: { error: { code: 'StartFailed' } } });
    expect(reasonFor(await server.ready)).toContain('--accept-rollback');
    expect(server.isSealed).toBe(true);
  });

  test('modelkeep unseal asks for it and sends it', async () => {
    const server = await place.start();
    const config = place.config();
    expect(reasonFor(await unsealServer(config, answering('no')))).toBe('Wrong passphrase.');
    expect(reasonFor(await unsealServer(config, answering()))).toBe('nobody there');
    expect(await unsealServer(config, answering(passphrase))).toMatchObject({ value: server.url });
    expect(await unsealServer(config, answering())).toMatchObject({ value: server.url });
    await server.stop();
    expect(reasonFor(await unsealServer(config, answering()))).toContain('does not answer');
    const other = await Place.make();
    expect(reasonFor(await unsealServer(other.config(), answering()))).toContain(
      'run modelkeep up',
    );
    await other.remove();
  });
});

describe('with shares', () => {
  let shares: readonly string[] = [];
  beforeEach(async () => {
    shares = value(await initSeal(place.config(), { kind: 'shares' }, answering())).shares ?? [];
  });

  test('is opened by any three of five, one after another', async () => {
    const server = await place.start();
    const [a, b, c] = [shares[4], shares[0], shares[2]];
    const progress = (given: number) => ({
      status: 200,
      body: { status: 'sealed', given, needed: 3 },
    });
    expect(await offer(server, { share: a })).toMatchObject(progress(1));
    expect(await offer(server, { share: a })).toMatchObject(progress(1));
    expect(await offer(server, { share: b })).toMatchObject(progress(2));
    expect(await health(server)).toMatchObject({ status: 503 });
    expect(await offer(server, { share: c })).toMatchObject({ body: { status: 'ready' } });
    expect(await health(server)).toMatchObject({ status: 200 });
  });

  test('modelkeep unseal asks until there are enough', async () => {
    const server = await place.start();
    const ask = answering(shares[1] ?? '', 'a slip', shares[2] ?? '', shares[3] ?? '');
    expect(await unsealServer(place.config(), ask)).toMatchObject({ value: server.url });
    expect(ask.asked).toEqual([
      'Share: ',
      'Share (1 of 3 given): ',
      expect.stringContaining('no share'),
      'Share (1 of 3 given): ',
      'Share (2 of 3 given): ',
    ]);
  });
});
