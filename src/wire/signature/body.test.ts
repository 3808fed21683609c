/** Bodies arrive whole however they were cut, and never end well when anything in them is wrong. */
import { createHash, createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ByteStream, gather } from '../../kernel/bytes.ts';
import { type Caller, Fault } from '../operation.ts';
import { verifiedBody } from './body.ts';
import type { Verified } from './types.ts';
import { verifySignature } from './verify.ts';

const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const accessKeyId = 'AKIAIOSFODNN7EXAMPLE';
const caller: Caller = { accessKeyId, arn: 'somebody', userId: 'AIDA', account: '123456789012' };
const hmac = (key: string | Buffer, data: string) =>
  createHmac('sha256', key).update(data).digest();
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');

async function* pieces(body: Buffer, size: number): ByteStream {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
}

interface Sent {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  readonly verified: Verified | undefined;
}

async function read({ headers, body, verified }: Sent, size = 7): Promise<string> {
  const checksums: Record<string, string> = {};
  try {
    const stream = verifiedBody(pieces(body, size), headers, verified, checksums);
    const content = await gather(stream, 1e6);
    return `${content.toString('latin1')}|${JSON.stringify(checksums)}`;
  } catch (cause) {
    expect(checksums).toEqual({});
    if (!(cause instanceof Fault)) throw cause;
    return `${cause.code} ${cause.status}`;
  }
}

describe("the chunked vectors of Amazon's documentation", () => {
  const common = {
    host: 's3.amazonaws.com',
    'content-encoding': 'aws-chunked',
    'x-amz-date': '20130524T000000Z',
    'x-amz-decoded-content-length': '66560',
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
  };
  const scope = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20130524/us-east-1/s3/aws4_request`;
  const plain = {
    ...common,
    'content-length': '66824',
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    authorization:
      `${scope},SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;` +
      'x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=' +
      '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  };
  const trailing = {
    ...common,
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    'x-amz-trailer': 'x-amz-checksum-crc32c',
    authorization:
      `${scope},SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;` +
      'x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer,Signature=' +
      '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
  };
  const plainSignatures = [
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ];
  const trailingSignatures = [
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
  ];
  const tail =
    'x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:' +
    'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n';
  const bodyOf = ([first, second, last]: string[], end: string) =>
    Buffer.from(
      `10000;chunk-signature=${first}\r\n${'a'.repeat(65_536)}\r\n` +
        `400;chunk-signature=${second}\r\n${'a'.repeat(1_024)}\r\n` +
        `0;chunk-signature=${last}\r\n${end}\r\n`,
    );
  const sent = async (headers: Record<string, string>, body: Buffer): Promise<Sent> => {
    const url = '/examplebucket/chunkObject.txt';
    const verified = await verifySignature(
      { method: 'PUT', url, headers },
      { findSecret: async () => ({ secretAccessKey, caller }), nowMs: Date.UTC(2013, 4, 24) },
    );
    return { headers, body, verified };
  };
  const content = 'a'.repeat(66_560);

  test('signed chunks, in any pieces', async () => {
    const whole = await sent(plain, bodyOf(plainSignatures, ''));
    for (const size of [1, 3, 17, 7_919, 1e6])
      expect(await read(whole, size)).toBe(`${content}|{}`);
  });

  test('signed chunks and a signed trailer', async () => {
    const whole = await sent(trailing, bodyOf(trailingSignatures, tail));
    const want = `${content}|{"x-amz-checksum-crc32c":"sOO8/Q=="}`;
    for (const size of [1, 17, 7_919]) expect(await read(whole, size)).toBe(want);
  });

  test('chunks out of order, changed, cut off or without their trailer are refused', async () => {
    const [first = '', second = '', last = ''] = plainSignatures;
    const changed = bodyOf(plainSignatures, '');
    changed[200] = 98;
    const codes = [
      await read(await sent(plain, bodyOf([first, last, second], '')), 1e6),
      await read(await sent(plain, changed), 1e6),
      await read(await sent(plain, bodyOf(plainSignatures, '').subarray(0, 66_000)), 1e6),
      await read(await sent(plain, bodyOf(plainSignatures, tail)), 1e6),
      await read(await sent(trailing, bodyOf(trailingSignatures, '')), 1e6),
      await read(await sent(trailing, bodyOf(trailingSignatures, tail.slice(0, 32))), 1e6),
      await read(await sent(trailing, bodyOf(trailingSignatures, tail.replace('sO', 'tO'))), 1e6),
    ];
    expect(codes).toEqual([
      'SignatureDoesNotMatch 403',
      'SignatureDoesNotMatch 403',
      'IncompleteBody 400',
      'MalformedTrailerError 400',
      ...Array.from({ length: 3 }, () => 'SignatureDoesNotMatch 403'),
    ]);
  });
});

const amzDate = '20260601T120000Z';
const scope = '20260601/eu-west-1/s3/aws4_request';
const key = Buffer.alloc(32, 7);

function verifiedAs(payload: string): Verified {
  const seed = sha256('seed');
  const chain = { key, amzDate, scope, seed };
  return { caller, accessKeyId, service: 's3', region: 'x', mode: 'header', payload, chain };
}

interface Chunked {
  readonly signed: boolean;
  readonly trailer?: string;
}

/** Chunks signed independently of the code under test. */
function chunked(content: readonly Buffer[], { signed, trailer }: Chunked): Sent {
  const head = `AWS4-HMAC-SHA256-%s\n${amzDate}\n${scope}\n`;
  let previous = sha256('seed');
  const parts = [...content, Buffer.alloc(0)].map((chunk) => {
    const toSign = `${head.replace('%s', 'PAYLOAD')}${previous}\n${sha256('')}\n${sha256(chunk)}`;
    previous = hmac(key, toSign).toString('hex');
    const extra = signed ? `;chunk-signature=${previous}` : '';
    const end = chunk.length > 0 ? '\r\n' : '';
    return Buffer.concat([
      Buffer.from(`${chunk.length.toString(16)}${extra}\r\n`),
      chunk,
      Buffer.from(end),
    ]);
  });
  const last = trailer === undefined ? '' : `${trailer}\r\n`;
  const toSign = `${head.replace('%s', 'TRAILER')}${previous}\n${sha256(`${trailer}\n`)}`;
  const signature = hmac(key, toSign).toString('hex');
  const tail = signed && trailer ? `${last}x-amz-trailer-signature:${signature}\r\n` : last;
  const kind = signed ? 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' : 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
  const payload = signed && trailer ? `${kind}-TRAILER` : kind;
  const headers: Record<string, string> = {
    'content-encoding': 'aws-chunked',
    'x-amz-content-sha256': payload,
    'x-amz-decoded-content-length': String(Buffer.concat(content).length),
  };
  if (trailer) headers['x-amz-trailer'] = trailer.split(':')[0] ?? '';
  const body = Buffer.concat([...parts, Buffer.from(`${tail}\r\n`)]);
  return { headers, body, verified: verifiedAs(payload) };
}

function crcOf(content: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(content));
  return bytes.toString('base64');
}

const hello = [Buffer.from('hello '), Buffer.from('world\r\n0\r\n')];
const helloText = Buffer.concat(hello);
const crc = `x-amz-checksum-crc32:${crcOf(helloText)}`;
const kinds: readonly Chunked[] = [
  { signed: true },
  { signed: true, trailer: crc },
  { signed: false },
  { signed: false, trailer: crc },
];

test('every kind of chunked body survives every cut', async () => {
  for (const kind of kinds) {
    const sent = chunked(hello, kind);
    const sums = kind.trailer ? `{"x-amz-checksum-crc32":"${crcOf(helloText)}"}` : '{}';
    for (let size = 1; size <= sent.body.length; size += 1) {
      expect(await read(sent, size)).toBe(`${helloText.toString()}|${sums}`);
    }
  }
});

test('every shortened chunked body is refused, save for the closing empty line', async () => {
  for (const kind of kinds) {
    const sent = chunked(hello, kind);
    for (let size = 0; size < sent.body.length - 2; size += 1) {
      const code = await read({ ...sent, body: sent.body.subarray(0, size) });
      expect(code).toMatch(/^(IncompleteBody|MalformedTrailer|SignatureDoes|InvalidChunk)\w* 40/);
    }
  }
});

test('no changed byte of a signed body gets through', async () => {
  const kind = { signed: true, trailer: crc };
  const sent = chunked(hello, kind);
  const flips = fc.tuple(fc.nat(sent.body.length - 3), fc.integer({ min: 1, max: 255 }));
  const want = await read(sent);
  await fc.assert(
    fc.asyncProperty(flips, async ([at, mask]) => {
      const body = Buffer.from(sent.body);
      body[at] = (body[at] ?? 0) ^ mask;
      const got = await read({ ...sent, body });
      // Case of a hexadecimal size or of a header's name says the same thing.
      if (got === want) expect(body.toString('latin1').toLowerCase()).toBe(lower(sent.body));
      else expect(got).toMatch(/ 40[03]$/);
    }),
    { numRuns: 400 },
  );
});

const lower = (bytes: Buffer) => bytes.toString('latin1').toLowerCase();

test('any content in any chunks and any pieces arrives as it was', async () => {
  const chunk = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const body = fc.array(chunk, { maxLength: 8 });
  const kind = fc.constantFrom<{ signed: boolean; trails: boolean }>(
    ...[true, false].flatMap((signed) => [true, false].map((trails) => ({ signed, trails }))),
  );
  await fc.assert(
    fc.asyncProperty(body, kind, fc.integer({ min: 1, max: 400 }), async (chunks, how, size) => {
      const content = Buffer.concat(chunks);
      const trailer = how.trails ? { trailer: `x-amz-checksum-crc32:${crcOf(content)}` } : {};
      const got = await read(chunked(chunks, { signed: how.signed, ...trailer }), size);
      expect(got.slice(0, got.lastIndexOf('|'))).toBe(content.toString('latin1'));
    }),
    { numRuns: 200 },
  );
});

describe('a malformed chunked body', () => {
  const announced = chunked([], { signed: false, trailer: crc }).headers;
  const sizes = { 'x-amz-decoded-content-length': '5' };
  const headers = { ...announced, ...sizes };
  const verified = verifiedAs('STREAMING-UNSIGNED-PAYLOAD-TRAILER');
  const right = `x-amz-checksum-crc32:${crcOf(Buffer.from('hello'))}\r\n`;

  test.each([
    [`5\r\nhello\r\n0\r\n${right}\r\n`, 'hello|{"x-amz-checksum-crc32":"NhCmhg=="}'],
    [`5\r\nhello\r\n0\r\n${right}`, 'hello|{"x-amz-checksum-crc32":"NhCmhg=="}'],
    [`5\r\nhello\r\n0\r\n${right.toUpperCase().replace(/:.*/, ':NhCmhg==')}\r\n`, 'hello|'],
    ['', 'IncompleteBody 400'],
    ['5\r\nhel', 'IncompleteBody 400'],
    [`4\r\nhell\r\n0\r\n${right}\r\n`, 'IncompleteBody 400'],
    [`6\r\nhello!\r\n0\r\n${right}\r\n`, 'IncompleteBody 400'],
    [`5\r\nhello!\r\n0\r\n${right}\r\n`, 'InvalidChunkSizeError 403'],
    ['x\r\nhello\r\n0\r\n\r\n', 'InvalidChunkSizeError 403'],
    ['-5\r\nhello\r\n0\r\n\r\n', 'InvalidChunkSizeError 403'],
    ['5\nhello\r\n0\r\n\r\n', 'InvalidChunkSizeError 403'],
    ['5;name=value\r\nhello\r\n0\r\n\r\n', 'InvalidChunkSizeError 403'],
    ['fffffffffffffff\r\nhello\r\n0\r\n\r\n', 'InvalidChunkSizeError 403'],
    [`${'0'.repeat(2_000)}5\r\nhello\r\n0\r\n\r\n`, 'InvalidChunkSizeError 403'],
    ['5\r\nhello\r\n0\r\n\r\n', 'MalformedTrailerError 400'],
    ['5\r\nhello\r\n0\r\nno header\r\n\r\n', 'MalformedTrailerError 400'],
    [`5\r\nhello\r\n0\r\n${right}${right}\r\n`, 'MalformedTrailerError 400'],
    [`5\r\nhello\r\n0\r\n${right}x-other: 1\r\n\r\n`, 'MalformedTrailerError 400'],
    [`5\r\nhello\r\n0\r\n${right}\r\nmore`, 'MalformedTrailerError 400'],
    [`5\r\nhello\r\n0\r\nx: ${'y'.repeat(9_000)}\r\n\r\n`, 'MalformedTrailerError 400'],
    ['5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', 'BadDigest 400'],
    ['5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n', 'InvalidRequest 400'],
  ])('%j', async (text, want) => {
    const sent = { headers, body: Buffer.from(text), verified };
    for (const size of [1, 4, 1e4]) expect(await read(sent, size)).toContain(want);
  });

  test('needs its decoded length, and trailers it can check', async () => {
    const body = Buffer.from('5\r\nhello\r\n0\r\n\r\n');
    const { 'x-amz-decoded-content-length': _, ...without } = headers;
    const codes = [
      await read({ headers: without, body, verified }),
      await read({ headers: { ...headers, 'x-amz-trailer': 'x-other' }, body, verified }),
      await read({
        headers: { ...headers, 'x-amz-trailer': 'x-amz-checksum-crc99' },
        body,
        verified,
      }),
      await read({ headers, body, verified: verifiedAs('UNSIGNED-PAYLOAD') }),
    ];
    expect(codes).toEqual([
      'MissingContentLength 411',
      'InvalidRequest 400',
      'NotImplemented 501',
      'MalformedTrailerError 400',
    ]);
  });
});

describe('a plain body', () => {
  const body = Buffer.from('123456789');
  const open = verifiedAs('UNSIGNED-PAYLOAD');
  const hashed = (name: string) => createHash(name).update(body).digest('base64');

  // Check values of "123456789" for the CRCs, from the catalogue of parametrised CRC algorithms.
  test.each([
    ['x-amz-checksum-crc32', Buffer.from('cbf43926', 'hex').toString('base64')],
    ['x-amz-checksum-crc32c', Buffer.from('e3069283', 'hex').toString('base64')],
    ['x-amz-checksum-crc64nvme', Buffer.from('ae8b14860a799888', 'hex').toString('base64')],
    ['x-amz-checksum-sha1', hashed('sha1')],
    ['x-amz-checksum-sha256', hashed('sha256')],
    ['x-amz-checksum-sha512', hashed('sha512')],
    ['content-md5', hashed('md5')],
  ])('is checked against %s', async (name, value) => {
    const sent = { headers: { [name]: value }, body, verified: open };
    expect(await read(sent, 2)).toBe(`123456789|${JSON.stringify({ [name]: value })}`);
    expect(await read({ ...sent, body: Buffer.from('123456780') })).toBe('BadDigest 400');
    expect(await read({ ...sent, body: Buffer.alloc(0) })).toBe('BadDigest 400');
    const bad = name === 'content-md5' ? 'InvalidDigest 400' : 'InvalidRequest 400';
    expect(await read({ ...sent, headers: { [name]: `${value}AAAA` } })).toBe(bad);
    expect(await read({ ...sent, headers: { [name]: '*' } })).toBe(bad);
  });

  test('is checked against its signed hash, though the headers say another thing', async () => {
    const verified = verifiedAs(sha256(body));
    const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    expect(await read({ headers, body, verified })).toBe('123456789|{}');
    const other = { headers, body: Buffer.from('12345678'), verified };
    expect(await read(other)).toBe('XAmzContentSHA256Mismatch 400');
  });

  test('is checked against its length', async () => {
    const sent = (length: string) => ({
      headers: { 'content-length': length },
      body,
      verified: undefined,
    });
    expect(await read(sent('9'))).toBe('123456789|{}');
    expect(await read(sent('8'))).toBe('IncompleteBody 400');
    expect(await read(sent('10'))).toBe('IncompleteBody 400');
  });

  test('with two checksums, or one of an unknown kind, is refused', async () => {
    const two = {
      'x-amz-checksum-crc32': crcOf(body),
      'x-amz-checksum-sha1': hashed('sha1'),
    };
    expect(await read({ headers: two, body, verified: open })).toBe('InvalidRequest 400');
    const unknown = { 'x-amz-checksum-xor': 'AA==' };
    expect(await read({ headers: unknown, body, verified: open })).toBe('NotImplemented 501');
    const settings = { 'x-amz-checksum-type': 'FULL_OBJECT', 'x-amz-checksum-mode': 'ENABLED' };
    expect(await read({ headers: settings, body, verified: open })).toBe('123456789|{}');
  });

  test('lets its source go when the reader stops early', async () => {
    let closed = 0;
    async function* source(): ByteStream {
      try {
        for (;;) yield Buffer.from('5\r\nhello\r\n');
      } finally {
        closed += 1;
      }
    }
    const headers = { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': '50' };
    for await (const part of verifiedBody(source(), headers, open, {})) {
      expect(part.length).toBeGreaterThan(0);
      break;
    }
    expect(closed).toBe(1);
  });
});

test('an anonymous body cannot claim signed chunks', async () => {
  const sent = { ...chunked(hello, { signed: true }), verified: undefined };
  expect(await read(sent)).toBe('InvalidArgument 400');
});
