/** The published construction against its published vectors (Wycheproof, see README there). */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type ByteStream, gather, once } from '../../kernel/bytes.ts';
import { chunkCipher, cobblestone128, cobblestone256, commitsTo, saltBytes } from './chunked.ts';
import { type Head, openMessage, sealMessage } from './messages.ts';
import { DamagedBlob } from './sealed-store.ts';

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly key: string;
  readonly ctx: string;
  readonly ct: string;
  readonly msgLength: number;
  readonly msgSha512: string;
  readonly result: 'valid' | 'invalid';
  readonly flags: readonly string[];
}

function vectorsOf(name: string): readonly Vector[] {
  const path = new URL(`wycheproof/c2sp_chunked_encryption_${name}_test.json`, import.meta.url);
  const file = JSON.parse(readFileSync(path, 'utf8')) as { testGroups: { tests: Vector[] }[] };
  return file.testGroups.flatMap(({ tests }) => tests);
}

const limitBytes = 64 * 1024 ** 2;
const bytes = (hex: string) => Buffer.from(hex, 'hex');

const forms = [
  { name: 'aes_128_gcm', form: cobblestone128 },
  { name: 'aes_256_gcm', form: cobblestone256 },
];
const cases = forms.flatMap(({ name, form }) =>
  vectorsOf(name).map((vector) => ({ name, form, vector, title: vector.comment })),
);

test('all vectors are there', () => {
  expect(cases.length).toBe(70);
});

test.each(cases)('$name: $title', async ({ form, vector }) => {
  const sealed = inflateSync(bytes(vector.ct));
  const material = { key: bytes(vector.key), context: bytes(vector.ctx) };
  const head: Head = {
    lengthBytes: 56,
    chunkBytes: form.chunkBytes,
    open(found) {
      const salt = found.subarray(0, saltBytes);
      const cipher = chunkCipher(form, { ...material, salt });
      if (!commitsTo(cipher, found.subarray(saltBytes))) throw new DamagedBlob('commitment');
      return cipher;
    },
  };
  const read = ({ start, end }: { start: number; end: number }) =>
    once(sealed.subarray(start, end));
  const range = { start: 0, end: Number.MAX_SAFE_INTEGER };
  const hash = createHash('sha512');
  let sizeBytes = 0;
  const opened = (async () => {
    for await (const part of openMessage(read, head, range)) {
      sizeBytes += part.length;
      hash.update(part);
    }
  })();
  const failed = await opened.then(
    () => undefined,
    (cause: unknown) => cause as Error,
  );
  if (vector.flags.includes('InvalidKeySize')) expect(failed?.message).toContain('key and salt');
  else if (vector.result === 'invalid') expect(failed).toBeInstanceOf(DamagedBlob);
  else expect(failed).toBeUndefined();
  if (vector.msgLength === undefined) {
    expect(sizeBytes).toBe(0);
    return;
  }
  expect({ sizeBytes, sha512: hash.digest('hex') }).toEqual({
    sizeBytes: vector.msgLength,
    sha512: vector.msgSha512,
  });
  if (vector.result === 'invalid') return;
  const salt = sealed.subarray(0, saltBytes);
  const cipher = chunkCipher(form, { ...material, salt });
  const content: ByteStream = openMessage(read, head, range);
  const again = await gather(sealMessage(cipher, salt, content), limitBytes);
  expect(again.equals(sealed)).toBe(true);
});
