/** Tokens of an issuer on loopback: those that hold, and every way in which one does not. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as jose from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../kernel/clock.ts';
import type { WebIdentities } from '../../ports/web-identities.ts';
import { makeWebIdentities } from './web-identities.ts';

type Answer = readonly [status: number, body: string, headers?: Record<string, string>];

interface Pair {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: jose.CryptoKey;
  readonly jwk: jose.JWK;
}

const startMs = Date.UTC(2026, 0, 1);
let server: Server;
let issuer: string;
let answers: Map<string, Answer>;
let asked: string[];
let first: Pair;
let second: Pair;
let clock: VirtualClock;
let identities: WebIdentities;

async function newPair(kid: string, alg = 'ES256'): Promise<Pair> {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await jose.exportJWK(publicKey)), kid, alg, use: 'sig' };
  return { kid, alg, privateKey, jwk };
}

const publish = (...pairs: Pair[]) =>
  answers.set('/keys', [200, JSON.stringify({ keys: pairs.map(({ jwk }) => jwk) })]);

const discovery = (more: object = {}) =>
  answers.set('/.well-known/openid-configuration', [
    200,
    JSON.stringify({ issuer, jwks_uri: `${issuer}/keys`, ...more }),
  ]);

function token(claims: jose.JWTPayload = {}, pair = first): Promise<string> {
  const nowSeconds = Math.floor(clock.nowMs() / 1_000);
  const usual = { iss: issuer, sub: 'repo:me/x', aud: 'sts', exp: nowSeconds + 600 };
  return new jose.SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: pair.alg, kid: pair.kid })
    .sign(pair.privateKey);
}

const verify = (text: string, one = identities) =>
  one.verify(text, async (name) => name === issuer);

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const [status, body, headers = {}] = answers.get(request.url ?? '') ?? [404, ''];
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  [first, second] = await Promise.all([newPair('one'), newPair('two', 'PS256')]);
});

afterAll(() => server.close());

beforeEach(() => {
  answers = new Map();
  asked = [];
  clock = new VirtualClock(startMs);
  const allow = { allowPrivate: true };
  identities = makeWebIdentities({ clock, allow, httpOnLoopback: true });
  discovery();
  publish(first);
});

test('a token tells who its issuer vouches for', async () => {
  const given = await token({ azp: 'app', amr: ['mfa'], email: 'a@b', level: 3, list: [1] });
  expect(await verify(given)).toEqual({
    ok: true,
    value: {
      issuer,
      subject: 'repo:me/x',
      audiences: ['sts'],
      authorizedParty: 'app',
      expiresAtMs: startMs + 600_000,
      claims: { email: 'a@b', level: '3' },
      methods: ['mfa'],
    },
  });
  await verify(await token({ sub: 'another' }));
  expect(asked).toEqual(['/.well-known/openid-configuration', '/keys']);
});

describe('is refused', () => {
  test('after its time, but for the clocks being a minute apart', async () => {
    const given = await token();
    clock.moveTo(startMs + 650_000);
    expect((await verify(given)).ok).toBe(true);
    clock.moveTo(startMs + 661_000);
    expect(await verify(given)).toMatchObject({ ok: false, kind: 'expired' });
  });

  test('before its time, and without a good subject, audience or end', async () => {
    const bad = [{ nbf: startMs / 1_000 + 120 }, { sub: undefined }, { aud: undefined }];
    const wrongType = [{ sub: null }, { sub: 7 }, { sub: '' }, { aud: [] }, { aud: [7] }];
    for (const claims of [...bad, ...wrongType, { aud: {} }, { exp: undefined }]) {
      const verified = await verify(await token(claims as unknown as jose.JWTPayload));
      expect(verified).toMatchObject({ ok: false, kind: 'invalid' });
    }
  });

  test('of an issuer that nobody expects, and nothing is fetched', async () => {
    const other = await verify(await token({ iss: 'http://127.0.0.1:1' }));
    expect(other).toMatchObject({ ok: false, kind: 'invalid' });
    expect(asked).toEqual([]);
  });

  test('with the signature of another key, of nobody, or made with a public key', async () => {
    const forger = await newPair('one');
    const [head = '', body = '', sum = ''] = (await token()).split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const shared = new jose.SignJWT({ iss: issuer, sub: 's', aud: 'sts', exp: 9e9 })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .sign(Buffer.from(JSON.stringify(first.jwk)));
    const changed = Buffer.from(
      Buffer.from(body, 'base64url').toString().replace('repo:me', 'repo:it'),
    ).toString('base64url');
    const forged = [
      await token({}, forger),
      `${head}.${changed}.${sum}`,
      `${none}.${body}.`,
      await shared,
      `${head}.${body}`,
      'x',
      `${await token()}${' '.repeat(20_001)}`,
    ];
    for (const text of forged) {
      expect(await verify(text)).toMatchObject({ ok: false, kind: 'invalid' });
    }
  });

  test('when the keys cannot be had, with the reason and no content of the answer', async () => {
    const secret = 'TOP-SECRET';
    const bad: Answer[] = [
      [500, ''],
      [302, '', { location: `${issuer}/keys` }],
      [200, secret],
      [200, `"${'x'.repeat(300_000)}"`],
    ];
    for (const answer of bad) {
      answers.set('/.well-known/openid-configuration', answer);
      clock.moveTo(clock.nowMs() + 11_000);
      const verified = await verify(await token());
      expect(verified).toMatchObject({ ok: false, kind: 'unreachable' });
      expect(JSON.stringify(verified)).not.toContain('SECRET');
    }
    expect(asked.every((path) => path.endsWith('openid-configuration'))).toBe(true);
  });

  test.each([
    ['of another issuer', { issuer: 'https://other.example' }, /another issuer/],
    ['without keys', { jwks_uri: undefined }, /no jwks_uri/],
    ['of keys that are not https', { jwks_uri: 'http://192.0.2.1/keys' }, /not https/],
    ['of keys at a forbidden address', { jwks_uri: 'https://169.254.169.254/k' }, /never allowed/],
    ['of keys in a file', { jwks_uri: 'file:///etc/passwd' }, /not https/],
  ])('by a discovery document %s', async (_name, more, reason) => {
    discovery(more);
    const verified = await verify(await token());
    expect(verified).toMatchObject({ ok: false, kind: 'unreachable' });
    expect(verified.ok ? '' : verified.reason).toMatch(reason);
  });

  test('over plain http, unless it was said that loopback may', async () => {
    const strict = makeWebIdentities({ clock, allow: { allowPrivate: true } });
    const verified = await verify(await token(), strict);
    expect(verified).toMatchObject({ ok: false, kind: 'unreachable' });
    expect(asked).toEqual([]);
  });

  test('at a private address, unless those are allowed', async () => {
    const allow = { allowPrivate: false };
    const strict = makeWebIdentities({ clock, allow, httpOnLoopback: true });
    expect(await verify(await token(), strict)).toMatchObject({ kind: 'unreachable' });
    expect(asked).toEqual([]);
  });
});

test('new keys are fetched when a token names one, at most twice a minute', async () => {
  await verify(await token());
  publish(first, second);
  const rotated = await token({}, second);
  expect((await verify(rotated)).ok).toBe(false);
  clock.moveTo(startMs + 30_000);
  expect((await verify(rotated)).ok).toBe(true);
  const unknown = await token({}, { ...second, kid: 'three' });
  expect((await verify(unknown)).ok).toBe(false);
  expect((await verify(unknown)).ok).toBe(false);
  expect(asked.filter((path) => path === '/keys')).toHaveLength(2);
});

test('keys that an issuer withdrew are forgotten within the hour', async () => {
  const old = await token({ exp: startMs / 1_000 + 9_000 });
  expect((await verify(old)).ok).toBe(true);
  publish(second);
  clock.moveTo(startMs + 3_600_000);
  expect((await verify(old)).ok).toBe(false);
});
