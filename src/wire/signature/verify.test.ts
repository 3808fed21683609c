/** Signatures made by others hold; anything changed after signing does not. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Caller, Fault } from '../operation.ts';
import type { SignedRequest, VerifyParts } from './types.ts';
import { verifySignature } from './verify.ts';

const plain = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const session = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY',
  sessionToken: 'to/k+en==',
};
const findSecret: VerifyParts['findSecret'] = async (accessKeyId) => {
  const found = [plain, session].find((known) => known.accessKeyId === accessKeyId);
  const caller: Caller = { accessKeyId, arn: 'somebody', userId: 'AIDA', account: '123456789012' };
  return found && { ...found, caller };
};

const sha256 = (body: string) => createHash('sha256').update(body).digest('hex');

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    return `${cause.code} ${cause.status}`;
  }
}

interface Case extends Omit<SignedRequest, 'hostBucket'> {
  readonly name: string;
  readonly body: string;
  readonly hostBucket?: string | null;
}

const botocore = JSON.parse(
  readFileSync(new URL('./vectors/botocore.case.json', import.meta.url), 'utf8'),
) as { readonly nowMs: number; readonly cases: readonly Case[] };

function requestOf({ method, url, headers, body, hostBucket }: Case): SignedRequest {
  return {
    method,
    url,
    headers,
    bodySha256: () => sha256(body),
    ...(hostBucket ? { hostBucket } : {}),
  };
}

describe('requests signed by botocore', () => {
  const parts = { findSecret, nowMs: botocore.nowMs };

  test.each(botocore.cases)('$name', async (one) => {
    const verified = await verifySignature(requestOf(one), parts);
    expect(verified?.caller.account).toBe('123456789012');
    const other = { ...requestOf(one), method: 'DELETE' };
    await expect(verifySignature(other, parts)).rejects.toThrow(/signature/);
  });

  test('a version 2 URL for one bucket opens no other by its host', async () => {
    const [virtual] = botocore.cases.filter((one) => one.name === 's3 virtual get_object key ');
    const [byPath] = botocore.cases.filter((one) => one.name === 's3 path get_object key ');
    if (!virtual || !byPath) throw new Error('cases are missing');
    const moved = [
      { ...requestOf(virtual), hostBucket: 'other' },
      { ...requestOf(byPath), hostBucket: 'other' },
      { ...requestOf(byPath), url: byPath.url.replace('/my-bucket', ''), hostBucket: 'x' },
    ];
    for (const request of moved) {
      expect(await codeOf(verifySignature(request, parts))).toBe('SignatureDoesNotMatch 403');
    }
  });

  test('a version 2 URL ends, and needs its parameters and a known key', async () => {
    const [one] = botocore.cases.filter(({ name }) => name === 's3 path get_object key ');
    if (!one) throw new Error('the case is missing');
    const at = (url: string, nowMs = botocore.nowMs) =>
      codeOf(verifySignature({ ...requestOf(one), url }, { findSecret, nowMs }));
    expect(await at(one.url, botocore.nowMs + 601_000)).toBe('AccessDenied 403');
    expect(await at(one.url.replace(/Expires=\d+/, 'Expires=soon'))).toBe('AccessDenied 403');
    expect(await at(one.url.replace(/&Expires=\d+/, ''))).toBe('AccessDenied 403');
    expect(await at(`${one.url}0`)).toBe('SignatureDoesNotMatch 403');
    expect(await at(`${one.url}&acl`)).toBe('SignatureDoesNotMatch 403');
    expect(await at(one.url.replace('AKIA', 'AKIB'))).toBe('InvalidAccessKeyId 403');
    expect(await at(`${one.url}&x-amz-security-token=t`)).toBe('InvalidToken 400');
    const over = { findSecret: async () => ({ expired: true }) as const, nowMs: botocore.nowMs };
    expect(await codeOf(verifySignature(requestOf(one), over))).toBe('ExpiredToken 400');
  });
});

describe("the vectors of Amazon's documentation", () => {
  const nowMs = Date.UTC(2013, 4, 24);
  const host = 'examplebucket.s3.amazonaws.com';

  test('GET object', async () => {
    const headers = {
      host,
      range: 'bytes=0-9',
      'x-amz-content-sha256': sha256(''),
      'x-amz-date': '20130524T000000Z',
      authorization:
        `AWS4-HMAC-SHA256 Credential=${plain.accessKeyId}/20130524/us-east-1/s3/aws4_request,` +
        'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,' +
        'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    };
    const request = { method: 'GET', url: '/test.txt', headers };
    const verified = await verifySignature(request, { findSecret, nowMs });
    expect(verified).toMatchObject({ service: 's3', region: 'us-east-1', mode: 'header' });
  });

  test('presigned GET object', async () => {
    const url =
      '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
      `&X-Amz-Credential=${plain.accessKeyId}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request` +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
    const request = { method: 'GET', url, headers: { host } };
    const at = (seconds: number) =>
      codeOf(verifySignature(request, { findSecret, nowMs: nowMs + seconds * 1_000 }));
    expect(await at(86_400)).toBe('accepted');
    expect(await at(86_401)).toBe('AccessDenied 403');
    expect(await at(-900)).toBe('accepted');
    expect(await at(-901)).toBe('AccessDenied 403');
  });

  test('the vanilla request of the signing test suite', async () => {
    const headers = {
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ' +
        'SignedHeaders=host;x-amz-date, ' +
        'Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    };
    const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
    const parts: VerifyParts = {
      findSecret: async (id, token) => {
        const found = await findSecret(plain.accessKeyId, token);
        return id === 'AKIDEXAMPLE' && found ? { ...found, secretAccessKey } : undefined;
      },
      nowMs: Date.UTC(2015, 7, 30, 12, 36),
    };
    const verified = await verifySignature({ method: 'GET', url: '/', headers }, parts);
    expect(verified?.accessKeyId).toBe('AKIDEXAMPLE');
  });
});

const nowMs = Date.UTC(2026, 5, 1, 12);
const parts = { findSecret, nowMs };

interface Draft {
  readonly service?: string;
  readonly method?: string;
  readonly path?: string;
  readonly query?: Record<string, string | string[]>;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly credentials?: typeof plain | typeof session;
  readonly presignSeconds?: number;
}

/** A request signed by the SDK's own signer. */
async function signed(draft: Draft): Promise<SignedRequest> {
  const { service = 'sagemaker', method = 'POST', path = '/', query = {}, body = '' } = draft;
  const signer = new SignatureV4({
    service,
    region: 'us-east-1',
    credentials: draft.credentials ?? plain,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
  });
  const headers = { host: 'localhost:4566', ...draft.headers };
  const request = { method, protocol: 'http:', hostname: 'localhost', path, query, headers, body };
  const signingDate = new Date(nowMs);
  const made =
    draft.presignSeconds === undefined
      ? await signer.sign(request, { signingDate })
      : await signer.presign(request, { signingDate, expiresIn: draft.presignSeconds });
  const pairs = Object.entries(made.query ?? {}).flatMap(([name, value]) =>
    [value ?? ''].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one)}`),
  );
  const lower = Object.entries(made.headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    method,
    url: pairs.length > 0 ? `${path}?${pairs.join('&')}` : path,
    headers: Object.fromEntries(lower),
    bodySha256: () => sha256(body),
  };
}

const target = { 'x-amz-target': 'SageMaker.ListModels' };
const dialects = [
  { dialect: 'json', draft: { headers: target }, code: 'InvalidSignatureException 400' },
  { dialect: 'rest', draft: { body: '{}' }, code: 'InvalidSignatureException 403' },
  { dialect: 'query', draft: { service: 'sts' }, code: 'SignatureDoesNotMatch 403' },
  { dialect: 's3', draft: { service: 's3', method: 'PUT' }, code: 'SignatureDoesNotMatch 403' },
] as const;

describe.each(dialects)('a $dialect request', ({ dialect, draft, code }) => {
  const path = '/a/b';
  const make = () => signed({ ...draft, path, query: { q: '1' } });

  test('is accepted as it was signed', async () => {
    const verified = await verifySignature(await make(), parts);
    expect(verified).toMatchObject({ region: 'us-east-1', accessKeyId: plain.accessKeyId });
  });

  test('is refused once anything in it has changed', async () => {
    const request = await make();
    const { headers } = request;
    const authorization = headers.authorization ?? '';
    const changed = [
      { ...request, method: 'DELETE' },
      { ...request, url: request.url.replace('/a', '/c') },
      { ...request, url: `${request.url}&extra` },
      { ...request, url: request.url.replace('q=1', 'q=2') },
      { ...request, headers: { ...headers, host: 'elsewhere' } },
      { ...request, headers: { ...headers, host: 'localhost:4566,elsewhere' } },
      { ...request, headers: { ...headers, 'x-amz-date': '20260601T120001Z' } },
      ...['us-east-1', 'Signature='].map((part) => ({
        ...request,
        headers: { ...headers, authorization: authorization.replace(part, `${part}0`) },
      })),
    ];
    const codes = await Promise.all(changed.map((one) => codeOf(verifySignature(one, parts))));
    expect(new Set(codes)).toEqual(new Set([code]));
  });

  test('is refused with another body', async () => {
    const request = { ...(await make()), bodySha256: () => sha256('other') };
    expect(await codeOf(verifySignature(request, parts))).toBe('XAmzContentSHA256Mismatch 400');
  });

  test('is refused outside the window, on either side', async () => {
    const request = await make();
    const at = (minutes: number) =>
      codeOf(verifySignature(request, { findSecret, nowMs: nowMs + minutes * 60_000 }));
    const late = dialect === 's3' ? 'RequestTimeTooSkewed 403' : code;
    expect([await at(15), await at(-15)]).toEqual(['accepted', 'accepted']);
    expect([await at(15.1), await at(-15.1)]).toEqual([late, late]);
  });

  test('is refused with an unknown key', async () => {
    const wanted = {
      json: 'UnrecognizedClientException 400',
      rest: 'UnrecognizedClientException 403',
      query: 'InvalidClientTokenId 403',
      s3: 'InvalidAccessKeyId 403',
    }[dialect];
    const credentials = { ...plain, accessKeyId: 'AKIANOBODY' };
    const request = await signed({ ...draft, credentials });
    expect(await codeOf(verifySignature(request, parts))).toBe(wanted);
  });

  test('is refused with the wrong secret', async () => {
    const credentials = { ...plain, secretAccessKey: 'guess' };
    const request = await signed({ ...draft, credentials });
    expect(await codeOf(verifySignature(request, parts))).toBe(code);
  });

  test('may not carry a header that was not signed and could change its meaning', async () => {
    const request = await make();
    const headers = { ...request.headers, 'x-amz-acl': 'public-read' };
    const wanted = dialect === 's3' ? 'AccessDenied 403' : code;
    expect(await codeOf(verifySignature({ ...request, headers }, parts))).toBe(wanted);
  });

  test('must carry the session token of a temporary credential, and only that', async () => {
    const bare = { ...draft, credentials: { ...session, sessionToken: '' } };
    const wrong = { ...draft, credentials: { ...session, sessionToken: 'other' } };
    const needless = { ...draft, credentials: { ...plain, sessionToken: 'some' } };
    const codes = [];
    for (const one of [{ ...draft, credentials: session }, bare, wrong, needless]) {
      codes.push(await codeOf(verifySignature(await signed(one), parts)));
    }
    const unknown = {
      json: 'UnrecognizedClientException 400',
      rest: 'UnrecognizedClientException 403',
      query: 'InvalidClientTokenId 403',
      s3: 'InvalidAccessKeyId 403',
    }[dialect];
    const badToken = dialect === 's3' ? 'InvalidToken 400' : unknown;
    expect(codes).toEqual(['accepted', unknown, badToken, badToken]);
  });

  test('with a session that is over says so, for clients get a new one at that', async () => {
    const over = { ...parts, findSecret: async () => ({ expired: true }) as const };
    const request = await signed({ ...draft, credentials: session });
    const wanted = {
      json: 'ExpiredTokenException 400',
      rest: 'ExpiredTokenException 403',
      query: 'ExpiredToken 403',
      s3: 'ExpiredToken 400',
    }[dialect];
    expect(await codeOf(verifySignature(request, over))).toBe(wanted);
  });

  test('signed for another service is refused', async () => {
    const request = await make();
    const asked = { ...parts, services: ['events'] };
    expect(await codeOf(verifySignature(request, asked))).toMatch(/^(Inv|Sig|Auth)\w+ 40[03]$/);
    await expect(verifySignature(request, asked)).rejects.toThrow(/service/);
  });
});

describe('a presigned URL', () => {
  const open = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  const base = { service: 's3', method: 'GET', path: '/b/k', presignSeconds: 60 };
  const make = (draft: Draft = {}) => signed({ ...base, headers: open, ...draft });

  test('is accepted until it ends', async () => {
    const request = await make({ credentials: session });
    const verified = await verifySignature(request, { findSecret, nowMs: nowMs + 60_000 });
    expect(verified).toMatchObject({ mode: 'query', payload: 'UNSIGNED-PAYLOAD' });
    const late = verifySignature(request, { findSecret, nowMs: nowMs + 60_001 });
    await expect(late).rejects.toThrow('Request has expired');
  });

  test.each([
    ['X-Amz-Expires=60', 'X-Amz-Expires=61', 'SignatureDoesNotMatch 403'],
    ['X-Amz-Expires=60', 'X-Amz-Expires=0', 'AuthorizationQueryParametersError 400'],
    ['X-Amz-Expires=60', 'X-Amz-Expires=604801', 'AuthorizationQueryParametersError 400'],
    ['X-Amz-Expires=60', 'X-Amz-Expires=soon', 'AuthorizationQueryParametersError 400'],
    ['X-Amz-Expires=60', 'X-Amz-Expires=60&X-Amz-Expires=99', 'AuthorizationQueryParam'],
    ['&X-Amz-Expires=60', '', 'AuthorizationQueryParametersError 400'],
    ['AWS4-HMAC-SHA256', 'AWS4-HMAC-MD5', 'AuthorizationQueryParametersError 400'],
    ['%2Faws4_request', '', 'AuthorizationQueryParametersError 400'],
    ['X-Amz-Date=2026', 'X-Amz-Date=2025', 'AuthorizationQueryParametersError 400'],
    ['T120000Z', 'noon', 'AuthorizationQueryParametersError 400'],
    ['SignedHeaders=host', 'SignedHeaders=range', 'AccessDenied 403'],
    ['us-east-1', 'us-east-2', 'SignatureDoesNotMatch 403'],
    ['/b/k', '/b/l', 'SignatureDoesNotMatch 403'],
    ['/b/k?', '/b/k?versionId=1&', 'SignatureDoesNotMatch 403'],
  ])('with %s made %s is refused', async (from, to, code) => {
    const request = await make();
    expect(request.url).toContain(from);
    const changed = { ...request, url: request.url.replace(from, to) };
    expect(await codeOf(verifySignature(changed, parts))).toContain(code);
  });

  test('cannot be joined with another signature or an unsigned header', async () => {
    const request = await make();
    const { authorization = '' } = (await signed({ service: 's3' })).headers;
    const both = { ...request, headers: { ...request.headers, authorization } };
    expect(await codeOf(verifySignature(both, parts))).toBe('InvalidArgument 400');
    const headers = { ...request.headers, 'x-amz-acl': 'public-read' };
    expect(await codeOf(verifySignature({ ...request, headers }, parts))).toBe('AccessDenied 403');
  });

  test('of another service is bound to an empty body', async () => {
    const draft = { service: 'sts', query: { Action: 'GetCallerIdentity' }, headers: {} };
    const request = await make(draft);
    expect(await codeOf(verifySignature(request, parts))).toBe('accepted');
    const other = { ...request, bodySha256: () => sha256('x') };
    expect(await codeOf(verifySignature(other, parts))).toBe('SignatureDoesNotMatch 403');
  });
});

test('a request without a signature is anonymous', async () => {
  const headers = { host: 'h' };
  expect(await verifySignature({ method: 'GET', url: '/b?x=1', headers }, parts)).toBeUndefined();
});

test.each([
  ['Bearer abc', 's3', 'InvalidRequest 400'],
  ['AWS AKIAIOSFODNN7EXAMPLE:c2ln', 's3', 'InvalidRequest 400'],
  ['AWS4-ECDSA-P256-SHA256 Credential=a/b', 's3', 'InvalidRequest 400'],
  ['AWS4-HMAC-SHA256', 's3', 'AuthorizationHeaderMalformed 400'],
  ['AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c', 's3', 'AuthorizationHeaderM'],
  ['AWS4-HMAC-SHA256 Credential=a', 'json', 'IncompleteSignatureException 400'],
  ['', 'json', 'IncompleteSignatureException 400'],
  ['AWS4-HMAC-SHA256 Signature=a, Signature=b', 'json', 'IncompleteSignatureException 400'],
])('the header %j is refused (%s)', async (authorization, dialect, code) => {
  const headers = { host: 'h', authorization, ...(dialect === 'json' ? target : {}) };
  const work = verifySignature({ method: 'POST', url: '/', headers }, parts);
  expect(await codeOf(work)).toContain(code);
});

test('a header without a scope is refused in the words of the service it was sent to', async () => {
  const headers = { host: 'h', authorization: 'Bearer abc' };
  const sent = (service: string) =>
    codeOf(
      verifySignature({ method: 'POST', url: '/', headers }, { ...parts, services: [service] }),
    );
  expect(await sent('sagemaker')).toBe('IncompleteSignatureException 403');
  expect(await sent('sns')).toBe('IncompleteSignature 400');
  expect(await sent('s3')).toBe('InvalidRequest 400');
});

test.each(['us:east', 'x'.repeat(65), 'ü', '__proto__'])(
  'the region %j is refused before anything is done with it',
  async (region) => {
    const credential = `AKIAIOSFODNN7EXAMPLE/20150830/${region}/s3/aws4_request`;
    const rest = 'SignedHeaders=host, Signature=0';
    const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, ${rest}`;
    const headers = { host: 'h', authorization };
    const work = verifySignature({ method: 'GET', url: '/', headers }, parts);
    await expect(work).rejects.toThrow('Credential should be scoped to a valid region.');
    const url =
      '/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20150830T000000Z&X-Amz-SignedHeaders=host' +
      `&X-Amz-Expires=1&X-Amz-Signature=0&X-Amz-Credential=${encodeURIComponent(credential)}`;
    const presigned = verifySignature({ method: 'GET', url, headers: { host: 'h' } }, parts);
    await expect(presigned).rejects.toThrow('Credential should be scoped to a valid region.');
  },
);

test('S3 needs a date and a word about the body', async () => {
  const request = await signed({ service: 's3' });
  const without = (name: string) => {
    const headers = Object.entries(request.headers).filter(([key]) => key !== name);
    return verifySignature({ ...request, headers: Object.fromEntries(headers) }, parts);
  };
  expect(await codeOf(without('x-amz-date'))).toBe('AccessDenied 403');
  expect(await codeOf(without('x-amz-content-sha256'))).toBe('InvalidRequest 400');
  const headers = { ...request.headers, 'x-amz-content-sha256': 'STREAMING-SOMEHOW' };
  expect(await codeOf(verifySignature({ ...request, headers }, parts))).toBe('InvalidArgument 400');
});

test('a streamed payload is for S3 only', async () => {
  const headers = { ...target, 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' };
  const request = await signed({ headers });
  expect(await codeOf(verifySignature(request, parts))).toBe('InvalidSignatureException 400');
});

test("whatever the SDK's signer signs holds, and not with one more parameter", async () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 });
  const segment = text.filter((one) => one !== '.' && one !== '..').map(encodeURIComponent);
  const name = fc.string({
    unit: fc.constantFrom('a', 'b', 'Z', '9', '-', '.', '_', '~'),
    minLength: 1,
    maxLength: 6,
  });
  const value = fc.string({
    unit: fc.constantFrom('a', ' ', ',', ';', '=', '"', ':'),
    maxLength: 20,
  });
  const draft = fc.record({
    service: fc.constantFrom('s3', 'sagemaker', 'sts'),
    method: fc.constantFrom('GET', 'POST', 'PUT'),
    path: fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
    query: fc.dictionary(name, fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 }))),
    headers: fc.dictionary(
      fc.constantFrom('x-amz-meta-a', 'content-type', 'x-custom'),
      value.filter((one) => one.trim() !== ''),
    ),
    body: text,
  });
  await fc.assert(
    fc.asyncProperty(draft, async (one) => {
      const request = await signed(one);
      expect(await codeOf(verifySignature(request, parts))).toBe('accepted');
      const url = `${request.url}${request.url.includes('?') ? '&' : '?'}zz=1`;
      expect(await codeOf(verifySignature({ ...request, url }, parts))).toMatch(/Signature/);
    }),
    { numRuns: 150 },
  );
});
