/** What signing in answers over HTTP, for each outcome and for bodies that are none. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SignInAnswer, SignInRequest } from '../engines/identity/sign-in.ts';
import { silentLogger } from '../kernel/log.ts';
import { seededRandom } from '../kernel/random.ts';
import { Fault } from '../wire/operation.ts';
import { type Listening, listen } from './http.ts';
import { signInRoute } from './sign-in.ts';
import type { SignInTold } from './trail-calls.ts';

let server: Listening;
let answer: SignInAnswer | Error = { kind: 'refused' };
let asked: SignInRequest | undefined;

beforeAll(async () => {
  const route = signInRoute({
    async signIn(request) {
      asked = request;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    account: '123456789012',
    log: silentLogger,
  });
  server = await listen(() => [route], { host: '127.0.0.1', port: 0 });
});
afterAll(() => server.close());

async function post(body: string) {
  asked = undefined;
  const response = await fetch(`${server.url}/_modelkeep/sign-in`, { method: 'POST', body });
  const told = (await response.json()) as { error?: { code: string; message: string } };
  return { status: response.status, headers: response.headers, told };
}

const good = JSON.stringify({ userName: 'ada', password: 'secret word', code: '123456' });

test('who signs in gets credentials, and no cache keeps them', async () => {
  const session = {
    ...{ accessKeyId: 'ASIA', secretAccessKey: 's', sessionToken: 't', expiresAtMs: 3_600_000 },
  };
  answer = { kind: 'signedIn', session, userArn: 'user-arn' };
  const { status, headers, told } = await post(good);
  expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(told).toEqual({
    ...{ userArn: 'user-arn', accessKeyId: 'ASIA', secretAccessKey: 's', sessionToken: 't' },
    expiration: '1970-01-01T01:00:00.000Z',
  });
  expect(asked).toEqual({
    ...{ account: '123456789012', userName: 'ada', password: 'secret word', code: '123456' },
    sourceAddress: '127.0.0.1',
  });
});

test.each<[SignInAnswer, number, string]>([
  [{ kind: 'refused' }, 403, 'AccessDenied'],
  [{ kind: 'codeNeeded' }, 403, 'CodeNeeded'],
  [{ kind: 'codeRefused' }, 403, 'CodeRefused'],
  [{ kind: 'passwordExpired', mayChange: true }, 403, 'PasswordExpired'],
  [{ kind: 'passwordExpired', mayChange: false }, 403, 'PasswordExpired'],
  [{ kind: 'newPasswordRefused', reason: 'too short' }, 400, 'PasswordPolicyViolation'],
  [{ kind: 'tooManyTries', waitMs: 1_500 }, 429, 'TooManyTries'],
])('%j', async (outcome, status, code) => {
  answer = outcome;
  const refused = await post(good);
  expect([refused.status, refused.told.error?.code]).toEqual([status, code]);
  expect(refused.headers.get('retry-after')).toBe(outcome.kind === 'tooManyTries' ? '2' : null);
});

test.each([
  ['', 'The body must be JSON.'],
  ['[]', 'The body must be a JSON object.'],
  ['{"userName":"ada"}', 'password is missing.'],
  ['{"userName":"ada","password":""}', 'password is missing.'],
  ['{"userName":"ada","password":7}', 'password must be a string.'],
  ['{"userName":"ada","password":"p","pasword":"p"}', 'Unknown member pasword.'],
])('%s is refused before anybody looks at it', async (body, message) => {
  const { status, told } = await post(body);
  expect([status, told.error]).toEqual([400, { code: 'ValidationError', message }]);
  expect(asked).toBeUndefined();
});

test('a body past the limit and a failure inside tell nothing', async () => {
  expect((await post(JSON.stringify({ userName: 'x'.repeat(9_000) }))).status).toBe(413);
  answer = new Error('the secret word');
  const { status, told } = await post(good);
  expect([status, told.error?.message]).toEqual([500, 'An internal error occurred.']);
});

describe('the trail', () => {
  const told: SignInTold[] = [];
  let writable = true;
  let audited: Listening;

  beforeAll(async () => {
    const route = signInRoute({
      signIn: async () => (answer instanceof Error ? { kind: 'refused' } : answer),
      account: '123456789012',
      log: silentLogger,
      audit: {
        scope: { partition: 'aws', region: 'eu-west-1', account: '123456789012' },
        random: seededRandom(1),
        findUser: async (_account, name) =>
          name === 'ada' ? { id: 'AIDA', arn: 'user-arn', name } : undefined,
        trail: {
          signIn: async (one) => void told.push(one),
          async mustBeWritable() {
            if (!writable) throw new Fault('ServiceUnavailable', 'no', { status: 503 });
          },
        },
      },
    });
    audited = await listen(() => [route], { host: '127.0.0.1', port: 0 });
  });
  beforeEach(() => {
    told.length = 0;
    writable = true;
  });
  afterAll(() => audited.close());

  const signIn = (body: object) =>
    fetch(`${audited.url}/_modelkeep/sign-in`, { method: 'POST', body: JSON.stringify(body) });

  test('is told of who came in, and whether with a code', async () => {
    const session = { accessKeyId: 'A', secretAccessKey: 's', sessionToken: 't', expiresAtMs: 0 };
    answer = { kind: 'signedIn', session, userArn: 'user-arn' };
    await signIn({ userName: 'ada', password: 'secret word', code: '123456' });
    expect(told).toMatchObject([
      { userName: 'ada', userId: 'AIDA', succeeded: true, usedMfa: true },
    ]);
    expect(told[0]?.call.sourceAddress).toBe('127.0.0.1');
  });

  test('is told of who did not, and no name that nobody has', async () => {
    answer = { kind: 'refused' };
    await signIn({ userName: 'ada', password: 'wrong' });
    await signIn({ userName: 'my password', password: 'wrong' });
    expect(
      told.map(({ userName, succeeded, errorMessage }) => [userName, succeeded, errorMessage]),
    ).toEqual([
      ['ada', false, 'Failed authentication'],
      [undefined, false, 'Failed authentication'],
    ]);
  });

  test('that cannot be written lets nobody in', async () => {
    writable = false;
    const response = await signIn({ userName: 'ada', password: 'secret word' });
    expect([response.status, told.length]).toEqual([503, 0]);
  });
});
