/** Objects cut into records and payloads, wherever the chunks of the stream happen to end. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PayloadLimits, payloadsOf, RecordTooLarge } from './payloads.ts';

/** The text in chunks of so many bytes, all in one buffer that is used again and again. */
async function* chunks(text: string, sizeBytes: number) {
  const bytes = Buffer.from(text);
  const buffer = Buffer.alloc(sizeBytes);
  for (let at = 0; at < bytes.length; at += sizeBytes) {
    yield buffer.subarray(0, bytes.copy(buffer, 0, at, at + sizeBytes));
  }
}

async function records(text: string, sizeBytes = 1, limitBytes = 100) {
  const found: string[] = [];
  const limits = { bytes: limitBytes, records: 1 };
  for await (const { body } of payloadsOf(chunks(text, sizeBytes), limits)) {
    found.push(body.toString());
  }
  return found;
}

async function payloads(text: string, limits: PayloadLimits) {
  const found: [number, number, string][] = [];
  for await (const { first, records, body } of payloadsOf(chunks(text, 3), limits)) {
    found.push([first, records, body.toString()]);
  }
  return found;
}

test('line ends cut, quotes or not; blank lines are nothing; the last needs no end', async () => {
  expect(await records('a\n\n"b\nc"\r\n\r\nd')).toEqual(['a', '"b', 'c"\r', 'd']);
  expect(await records('')).toEqual([]);
  expect(await records('\n\n')).toEqual([]);
});

test('chunks make no difference', async () => {
  const text = fc.array(fc.constantFrom('a', 'é', '\n', '\r\n', '🙂'));
  const property = fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), async (parts, size) => {
    const whole = parts.join('');
    expect(await records(whole, size)).toEqual(await records(whole, 1_000));
  });
  await fc.assert(property, { numRuns: 50 });
});

test('a record over the limit is told by its number', async () => {
  await expect(records('ab\n\nabc\nabcd\n', 2, 3)).rejects.toMatchObject({
    name: 'RecordTooLarge',
    record: 3,
    message: 'record 3 is larger than 3 bytes',
  });
  await expect(records('abcd', 1, 3)).rejects.toBeInstanceOf(RecordTooLarge);
});

test('a payload holds as many records as fit, counting their line ends', async () => {
  const text = '11\n22\n33\n4444\n5\n';
  expect(await payloads(text, { bytes: 5, records: Infinity })).toEqual([
    [1, 2, '11\n22'],
    [3, 1, '33'],
    [4, 1, '4444'],
    [5, 1, '5'],
  ]);
  expect(await payloads(text, { bytes: 100, records: 2 })).toEqual([
    [1, 2, '11\n22'],
    [3, 2, '33\n4444'],
    [5, 1, '5'],
  ]);
  expect(await payloads('', { bytes: 5, records: 1 })).toEqual([]);
});

test('no payload is over its limit, and none is smaller than it need be', async () => {
  const lines = fc.array(fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme-ascii' }));
  const property = fc.asyncProperty(lines, fc.integer({ min: 6, max: 20 }), async (rows, bytes) => {
    const found = await payloads(rows.join('\n'), { bytes, records: Infinity });
    expect(found.map(([, , body]) => body).join('\n')).toBe(rows.join('\n'));
    for (const [at, [, , body]] of found.entries()) {
      expect(body.length).toBeLessThanOrEqual(bytes);
      const next = found[at + 1]?.[2].split('\n')[0];
      if (next !== undefined) expect(body.length + 1 + next.length).toBeGreaterThan(bytes);
    }
  });
  await fc.assert(property, { numRuns: 50 });
});
