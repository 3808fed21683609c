/** HTTPS: which versions, whose certificates, and new files while the server runs. */
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { get, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '../kernel/log.ts';
import { type CertsMade, makeCerts } from './certs.ts';
import { readConfig } from './config.ts';
import { type Listening, listen } from './http.ts';
import { checkPlaintext, openTls, type TlsFiles, tlsFilesOf } from './tls.ts';

let folder = '';
let server: CertsMade;
let client: CertsMade;

async function certs(at: string, client?: string): Promise<CertsMade> {
  const hosts = client === undefined ? ['localhost', '127.0.0.1'] : [];
  const named = client === undefined ? {} : { client };
  const made = await makeCerts({ folder: join(folder, at), hosts, days: 2, ...named });
  if (!made.ok) throw new Error(made.reason);
  return made.value;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-tls-'));
  server = await certs('a');
  client = await certs('a', 'node-1');
});
afterAll(() => rm(folder, { recursive: true }));

async function serving(
  files: TlsFiles,
  use: (server: Listening) => Promise<void>,
  log = silentLogger,
): Promise<void> {
  const tls = await openTls(files, log);
  if (!tls.ok) throw new Error(tls.reason);
  const everything = {
    matches: () => true,
    handle: async (_: unknown, response: { end(text: string): unknown }) =>
      void response.end('hello'),
  };
  const listening = await listen(() => [everything], {
    host: '127.0.0.1',
    port: 0,
    tls: tls.value,
  });
  try {
    await use(listening);
  } finally {
    await listening.close();
  }
}

interface Seen {
  readonly protocol: string | null;
  readonly serial: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

function fetched(url: string, options: RequestOptions): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const asking = get(url, { agent: false, ...options }, (response) => {
      const socket = response.socket as TLSSocket;
      const protocol = socket.getProtocol();
      const serial = socket.getPeerCertificate().serialNumber;
      response.resume();
      response.once('end', () => resolve({ protocol, serial, headers: response.headers }));
    });
    asking.once('error', reject);
  });
}

const filesOf = ({ certificate, key }: CertsMade): TlsFiles => ({ certificate, key });

test('TLS 1.2 and 1.3 are spoken, older ones are not, and browsers are told to stay', async () => {
  const ca = await readFile(server.authority);
  await serving(filesOf(server), async ({ url }) => {
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const seen = await fetched(url, { ca });
    expect(seen.protocol).toBe('TLSv1.3');
    expect(seen.headers['strict-transport-security']).toBe('max-age=31536000');
    expect((await fetched(url, { ca, maxVersion: 'TLSv1.2' })).protocol).toBe('TLSv1.2');
    const old: RequestOptions = { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' };
    await expect(fetched(url, { ...old, ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow(/alert/);
    await expect(fetched(url, {})).rejects.toThrow(/verify|self.signed|issuer/);
  });
});

test('new files are shown without a restart; files that do not fit are not', async () => {
  const files = { certificate: join(folder, 'live.pem'), key: join(folder, 'live.key') };
  await copyFile(server.certificate, files.certificate);
  await copyFile(server.key, files.key);
  const other = await certs('b');
  const authorities = [await readFile(server.authority), await readFile(other.authority)];
  const warned: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void warned.push(message) };
  const use = async ({ url }: Listening) => {
    const before = await fetched(url, { ca: authorities });
    await writeFile(files.certificate, 'no certificate');
    const told = expect.poll(() => warned, { timeout: 10_000 });
    await told.toContain('the new certificate is not used');
    expect((await fetched(url, { ca: authorities })).serial).toBe(before.serial);
    await copyFile(other.key, files.key);
    await copyFile(other.certificate, files.certificate);
    await expect
      .poll(async () => (await fetched(url, { ca: authorities })).serial, { timeout: 10_000 })
      .not.toBe(before.serial);
  };
  await serving(files, use, log);
}, 30_000);

test('with an authority for clients, only those it signed are let in', async () => {
  const ca = await readFile(server.authority);
  const files = { ...filesOf(server), clientAuthority: server.authority };
  const stranger = await certs('c', 'stranger');
  await serving(files, async ({ url }) => {
    const as = async ({ certificate, key }: CertsMade) =>
      fetched(url, { ca, cert: await readFile(certificate), key: await readFile(key) });
    expect((await as(client)).protocol).toBe('TLSv1.3');
    await expect(fetched(url, { ca })).rejects.toThrow();
    await expect(as(stranger)).rejects.toThrow();
  });
});

describe('is refused', () => {
  const config = (flags: Record<string, string>) => {
    const read = readConfig({ flags, environment: {} });
    if (!read.ok) throw new Error(read.reason);
    return read.value;
  };

  test('a key of another certificate, and files that are not there', async () => {
    const { key } = await certs('d');
    const mixed = await openTls({ certificate: server.certificate, key }, silentLogger);
    expect(mixed).toMatchObject({ ok: false, reason: expect.stringMatching(/mismatch/) });
    const none = await openTls({ certificate: '/no/such', key }, silentLogger);
    expect(none).toMatchObject({ ok: false, reason: expect.stringContaining('/no/such') });
  });

  test('one file without the other', () => {
    expect(tlsFilesOf(config({ 'tls-key': 'k' }))).toMatchObject({ ok: false });
    expect(tlsFilesOf(config({ 'tls-client-authority': 'k' }))).toMatchObject({ ok: false });
    expect(tlsFilesOf(config({}))).toEqual({ ok: true, value: undefined });
  });

  test.each(['0.0.0.0', '::', '192.0.2.7', 'models.example'])(
    'listening on %s in clear, unless it was said twice',
    (host) => {
      expect(checkPlaintext(config({ host }))).toMatchObject({
        ok: false,
        reason: expect.stringContaining(`--plaintext-host ${host}`),
      });
      expect(checkPlaintext(config({ host, 'plaintext-host': '10.0.0.1' })).ok).toBe(false);
      expect(checkPlaintext(config({ host, 'plaintext-host': host })).ok).toBe(true);
    },
  );

  test('nothing, on this machine alone', () => {
    for (const host of ['127.0.0.1', '127.8.8.8', 'localhost', '::1']) {
      expect(checkPlaintext(config({ host })).ok).toBe(true);
    }
  });

  test('names that are none, and a second key over the first', async () => {
    const request = { folder: join(folder, 'e'), days: 1 };
    const bad = await makeCerts({ ...request, hosts: ['not a host'] });
    expect(bad).toMatchObject({ ok: false, reason: "'not a host' is no host name or address" });
    const both = await makeCerts({ ...request, hosts: ['localhost', '127.0.0.1', '::1'] });
    expect(both.ok).toBe(true);
    const away = await makeCerts({ ...request, hosts: [], client: '../up' });
    expect(away.ok).toBe(false);
    const again = await makeCerts({ folder: join(folder, 'a'), hosts: ['localhost'], days: 1 });
    expect(again).toMatchObject({ ok: false, reason: expect.stringContaining('there already') });
  });
});

test('keys are readable by their owner alone', async () => {
  expect((await stat(server.key)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'a', 'ca.key'))).mode & 0o777).toBe(0o600);
});
