/** The same keys as the reference implementation makes. */
import { expect, test } from 'vitest';
import { argon2Derivation } from './argon2.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const hex = async (memoryKib: number, passes: number, lanes: number) => {
  const given = { salt: bytes('somesaltsomesalt'), cost: { memoryKib, passes, lanes } };
  const key = await argon2Derivation.derive(bytes('password'), given);
  return Buffer.from(key).toString('hex');
};

// Made by argon2-cffi 25.1.0: hash_secret_raw(b'password', b'somesaltsomesalt', …, type=Type.ID).
// The vector of RFC 9106, 5.3, has associated data, which nothing here uses nor the package takes.
test.each([
  [64, 1, 1, 'e793d64ef75d58f503d4631b2b149f7f80127c5f3993d89b1c9b781e51d0b413'],
  [256, 2, 4, 'e42674cb8105a3c6863674ceab28f466fdcbcbffc512caf46cf67a0469c43bd5'],
  [65_536, 3, 4, '81db97a7e67a891784a2599bc879f957cb3512d273984bd97d8a18fc59ff01e2'],
])('%i KiB, %i passes, %i lanes', async (memoryKib, passes, lanes, expected) => {
  expect(await hex(memoryKib, passes, lanes)).toBe(expected);
});

test('the first test of the reference implementation for version 1.3 with 65536 KiB', async () => {
  // phc-winner-argon2, src/test.c: hashtest(version, 2, 16, 1, "password", "somesalt", …)
  const given = { salt: bytes('somesalt'), cost: { memoryKib: 65_536, passes: 2, lanes: 1 } };
  const key = await argon2Derivation.derive(bytes('password'), given);
  expect(Buffer.from(key).toString('hex')).toBe(
    '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7',
  );
});
