/** The check of a row is the HMAC that is promised, and knows whatever was changed. */
import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { DamagedMetadata, rowGuard } from './row-guard.ts';

const key = Uint8Array.from({ length: 32 }, (_, n) => n * 7);
const guard = rowGuard(key);

/** As the head of the file says it. */
function expected(collection: string, name: string, document: string): string {
  const head = `${collection.length} ${name.length} ${collection}${name}`;
  const mac = createHmac('sha256', key).update(head).update(document).digest();
  return `${document}\n${mac.subarray(0, 16).toString('base64url')}`;
}

it.each([
  ['short', 'k', '{}'],
  ['beyond Latin-1', 'ключ/𝄞/\ud800', '{"a":"é€𝄞"}'],
  ['as long as is hashed at once', 'k', `"${'€'.repeat(16_300)}"`],
  ['longer', 'k', `"${'€'.repeat(40_000)}"`],
])('keeps the HMAC of a row that is %s', (_, name, document) => {
  const row = { collection: 'a/b', key: name };
  const stored = guard.close(row, document);
  expect(stored).toBe(expected('a/b', name, document));
  expect(guard.open(row, stored)).toBe(document);
});

it('knows a row that was changed, cut, moved or written under another key', () => {
  const row = { collection: 'a/b', key: 'k' };
  const stored = guard.close(row, '{"n":1}');
  const others = [
    stored.replace('1', '2'),
    stored.slice(0, -1),
    stored.slice(0, -22),
    stored.replace('\n', ' '),
    '',
    '\n',
    `{"n":1}\n${'A'.repeat(22)}`,
    rowGuard(new Uint8Array(32)).close(row, '{"n":1}'),
  ];
  for (const other of others) expect(() => guard.open(row, other)).toThrow(DamagedMetadata);
  expect(() => guard.open({ ...row, key: 'l' }, stored)).toThrow(DamagedMetadata);
  expect(() => guard.open({ ...row, collection: 'a/c' }, stored)).toThrow(DamagedMetadata);
});
