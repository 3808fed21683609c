/** Hashes that other programs can check, and that give nothing away. */
import { argon2Verify } from 'hash-wasm';
import { expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { argon2Passwords } from './argon2.ts';

const hasher = argon2Passwords(seededRandom(11));

test('a password is verified by its hash alone, and no other password is', async () => {
  const hash = await hasher.hash('corréct horse');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(await hasher.verify('corréct horse'.normalize('NFD'), hash)).toBe(true);
  expect(await hasher.verify('correct horse', hash)).toBe(false);
  expect(await argon2Verify({ password: 'corréct horse', hash })).toBe(true);
  expect(await hasher.hash('corréct horse')).not.toBe(hash);
});

test('hashes made with other parameters are read as they say', async () => {
  // Made by argon2-cffi 25.1.0: PasswordHasher(time_cost=1, memory_cost=64, parallelism=2).
  const hash =
    '$argon2id$v=19$m=64,t=1,p=2$YR9zkhFZ4kXfnBRjd7Gb+g' +
    '$k7HlWXzrm4O2kq+bcFGaIT9bs9jZCep2mB/YdnjFooc';
  expect(await hasher.verify('password', hash)).toBe(true);
  expect(await hasher.verify('Password', hash)).toBe(false);
});

const salt = 'c29tZXNhbHQxMjM0NTY3OA';
const sum = 'A'.repeat(43);

test.each([
  '',
  'plain',
  `$argon2i$v=19$m=19456,t=2,p=1$${salt}$${sum}`,
  `$argon2id$v=19$m=9999999,t=2,p=1$${salt}$${sum}`,
  `$argon2id$v=19$m=19456,t=999,p=1$${salt}$${sum}`,
  `$argon2id$v=19$m=8,t=1,p=8$${salt}$${sum}`,
  `$argon2id$v=19$m=19456,t=0,p=1$${salt}$${sum}`,
  `$argon2id$v=19$m=19456,t=2,p=1$${salt}$short`,
])('a hash that cannot be read is no password: %s', async (hash) => {
  expect(await hasher.verify('password', hash)).toBe(false);
});

test('no password is never the right one, and is no hash', async () => {
  const hash = await hasher.hash('none');
  expect(await hasher.verify('', hash)).toBe(false);
  await expect(hasher.hash('')).rejects.toThrow();
  expect(await hasher.verify('none', hash)).toBe(true);
});
