/** Checksums against published check values, and of parts against those of the whole. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { once } from '../../kernel/bytes.ts';
import { checksumOfParts, compositeOf, digestOf, makeDigest, multipartEtag } from './digest.ts';
import type { ChecksumAlgorithm, Part } from './rows.ts';

const hex = (base64: string) => Buffer.from(base64, 'base64').toString('hex');

// The check values of the CRC catalogue (reveng) and of FIPS 180 and RFC 1321 for "123456789".
test.each([
  ['CRC32', 'cbf43926'],
  ['CRC32C', 'e3069283'],
  ['CRC64NVME', 'ae8b14860a799888'],
  ['SHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
  ['MD5', '25f9e794323b453885f5181f1b624d0b'],
] satisfies [ChecksumAlgorithm, string][])('%s of the check text', async (algorithm, expected) => {
  expect(hex(await digestOf(algorithm, once(Buffer.from('123456789'))))).toBe(expected);
});

test('pieces of a stream may be cut anywhere', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
      for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME'] as const) {
        const cut = makeDigest(algorithm);
        for (const piece of pieces) cut.update(piece);
        const whole = makeDigest(algorithm);
        whole.update(Buffer.concat(pieces));
        expect(cut.base64()).toBe(whole.base64());
      }
    }),
  );
});

test('a full-object checksum is joined from those of the parts', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1 }), (pieces) => {
      for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME'] as const) {
        const parts = pieces.map((piece, i) => partOf(algorithm, i + 1, piece));
        const whole = makeDigest(algorithm);
        whole.update(Buffer.concat(pieces));
        const joined = checksumOfParts({ algorithm, type: 'FULL_OBJECT' }, parts);
        expect(joined?.value).toBe(whole.base64());
      }
    }),
  );
});

test('a composite checksum is that of the raw checksums, and counts them', () => {
  const raw = ['a', 'bc'].map((text) => createHash('sha256').update(text).digest());
  const expected = createHash('sha256').update(Buffer.concat(raw)).digest('base64');
  const values = raw.map((value) => value.toString('base64'));
  expect(compositeOf('SHA256', values)).toBe(`${expected}-2`);
});

test('a part without a checksum, or SHA over the whole, makes none', () => {
  const part = partOf('SHA256', 1, Buffer.from('a'));
  expect(checksumOfParts({ algorithm: 'SHA256', type: 'FULL_OBJECT' }, [part])).toBeUndefined();
  expect(checksumOfParts({ algorithm: 'CRC32', type: 'COMPOSITE' }, [part])).toBeUndefined();
});

test('the etag of parts is the MD5 of their MD5s', () => {
  const md5 = (bytes: number) => createHash('md5').update(Buffer.alloc(bytes)).digest('hex');
  const etags = [md5(5 * 1024 ** 2), md5(1)];
  const joined = createHash('md5')
    .update(Buffer.from(etags.join(''), 'hex'))
    .digest('hex');
  expect(multipartEtag(etags)).toBe(`${joined}-2`);
});

function partOf(algorithm: ChecksumAlgorithm, number: number, bytes: Uint8Array): Part {
  const digest = makeDigest(algorithm);
  digest.update(bytes);
  const checksum = { algorithm, value: digest.base64(), type: 'FULL_OBJECT' as const };
  return { number, blob: '', sizeBytes: bytes.length, etag: '', modifiedAtMs: 0, checksum };
}
