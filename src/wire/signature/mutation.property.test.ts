/** What a signature covers: a request of any sort, signed by the SDK, with one thing changed. */
import { createHash } from 'node:crypto';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault } from '../operation.ts';
import type { SignedRequest } from './types.ts';
import { verifySignature } from './verify.ts';

const keys = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG' };
const caller = { accessKeyId: keys.accessKeyId, arn: 'a', userId: 'u', account: '123456789012' };
const nowMs = Date.UTC(2026, 4, 3, 12);
const parts = {
  nowMs,
  findSecret: async (id: string) => (id === keys.accessKeyId ? { ...keys, caller } : undefined),
};
const sha256 = (body: string) => createHash('sha256').update(body).digest('hex');

interface Draft {
  readonly service: string;
  readonly method: string;
  readonly segments: readonly string[];
  readonly query: readonly (readonly [string, string])[];
  readonly meta: string;
  readonly body: string;
}

const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 });
const draft: fc.Arbitrary<Draft> = fc.record({
  service: fc.constantFrom('s3', 'sagemaker', 'sts'),
  method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'),
  segments: fc.array(
    word.filter((text) => text !== '.' && text !== '..'),
    { maxLength: 3 },
  ),
  query: fc.uniqueArray(fc.tuple(word, fc.oneof(fc.constant(''), word)), {
    maxLength: 4,
    selector: ([name]) => name,
  }),
  meta: fc.string({ unit: fc.constantFrom('a', 'b', ' ', '=', ',', '"'), maxLength: 12 }),
  body: fc.string({ maxLength: 20 }),
});

const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
const urlOf = ({ segments, query }: Pick<Draft, 'segments' | 'query'>) => {
  const path = `/${segments.map(encode).join('/')}`;
  const pairs = query.map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
};

async function signed(one: Draft): Promise<SignedRequest> {
  const { service, method, body, meta, query, segments } = one;
  const signer = new SignatureV4({
    ...{ service, region: 'us-east-1', credentials: keys, sha256: Sha256 },
    uriEscapePath: service !== 's3',
    applyChecksum: true,
  });
  const headers = {
    host: 'localhost:4566',
    'content-type': 'text/plain',
    'x-amz-meta-a': `m${meta}m`,
    'x-amz-content-sha256': sha256(body),
  };
  const request = await signer.sign(
    {
      ...{ method, headers, body, protocol: 'http:', hostname: 'localhost' },
      path: `/${segments.map(encode).join('/')}`,
      query: Object.fromEntries(query),
    },
    { signingDate: new Date(nowMs) },
  );
  const bodySha256 = () => sha256(body);
  return { method, url: urlOf({ segments, query }), headers: request.headers, bodySha256 };
}

async function refusal(request: SignedRequest): Promise<string | undefined> {
  try {
    return (await verifySignature(request, parts)) ? undefined : 'unsigned';
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    return cause.code;
  }
}

/** Another text: a character changed, left out or put in. */
function other(text: string, at: number): string {
  const points = Array.from(text);
  const place = at % (points.length + 1);
  const changed = points[place] === 'q' ? 'w' : 'q';
  const [before, after] = [points.slice(0, place), points.slice(place)];
  return (
    at % 2 === 0 ? [...before, changed, ...after] : [...before, changed, ...after.slice(1)]
  ).join('');
}

const covered = ['host', 'x-amz-meta-a', 'x-amz-date', 'x-amz-content-sha256', 'authorization'];

test('each part of a request is covered', async () => {
  await fc.assert(
    fc.asyncProperty(draft, fc.nat(999), async (one, at) => {
      const request = await signed(one);
      expect(await refusal(request)).toBeUndefined();
      const header = covered[at % covered.length] ?? '';
      const value = request.headers[header] ?? '';
      const changes: readonly Partial<SignedRequest>[] = [
        { method: one.method === 'PUT' ? 'POST' : 'PUT' },
        { bodySha256: () => sha256(other(one.body, at)) },
        { url: urlOf({ ...one, segments: [...one.segments, 'q'] }) },
        { url: urlOf({ ...one, query: [...one.query, ['~new', '']] }) },
        ...one.segments.slice(0, 1).map((first) => ({
          url: urlOf({ ...one, segments: [other(first, at), ...one.segments.slice(1)] }),
        })),
        ...one.query.slice(0, 1).map(([name, text]) => ({
          url: urlOf({ ...one, query: [[name, other(text, at)], ...one.query.slice(1)] }),
        })),
        // Blanks at the ends, and more than one in a row, are not: they are trimmed when signed.
        { headers: { ...request.headers, [header]: `${value.slice(0, -1)}~` } },
        { headers: { ...request.headers, 'x-amz-added': '1' } },
      ];
      for (const change of changes) {
        expect([change, await refusal({ ...request, ...change })]).not.toEqual([change, undefined]);
      }
      const order = urlOf({ ...one, query: [...one.query].reverse() });
      expect(await refusal({ ...request, url: order })).toBeUndefined();
    }),
    { numRuns: 60 },
  );
});

test('an Authorization header of any text is refused, and nothing else happens', async () => {
  const pieces = fc.constantFrom(
    ...['AWS4-HMAC-SHA256', ' ', ',', '=', '/', 'Credential=', 'SignedHeaders=', 'Signature='],
    ...['AKIAIOSFODNN7EXAMPLE', '20260503', 'us-east-1', 's3', 'aws4_request', 'host', ';', 'é'],
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 20 }).map((all) => all.join('')),
  );
  await fc.assert(
    fc.asyncProperty(text, text, async (authorization, url) => {
      const headers = { host: 'h', authorization, 'x-amz-date': '20260503T120000Z' };
      expect(await refusal({ method: 'GET', url: '/', headers })).toBeTypeOf('string');
      const presigned = `/?X-Amz-Signature=1&X-Amz-Credential=${encode(url)}`;
      const plain = { method: 'GET', url: presigned, headers: { host: 'h' } };
      expect(await refusal(plain)).toBeTypeOf('string');
    }),
    { numRuns: 300 },
  );
});
