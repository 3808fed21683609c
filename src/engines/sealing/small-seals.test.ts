/** Small contents have the bytes that a blob of them would have, and open where those would. */
import { expect, test } from 'vitest';
import { memoryObjectStore } from '../../adapters/memory/object-store.ts';
import { defined } from '../../kernel/assert.ts';
import { gather, once } from '../../kernel/bytes.ts';
import { seededRandom } from '../../kernel/random.ts';
import { keyringOf } from '../envelope/keyring.ts';
import { orderedIds } from './blob-ciphers.ts';
import { sealedObjects } from './sealed-objects.ts';
import { DamagedBlob, mostSmallBytes, type SealOptions, WrongKey } from './sealed-store.ts';

const random = seededRandom(5);
const [key, mine, theirs] = [random.bytes(32), random.bytes(32), random.bytes(32)];
const inner = memoryObjectStore();
const scratch = memoryObjectStore();
const temporaryFiles = {
  make: async (content: AsyncIterable<Uint8Array>) =>
    scratch.asFile((await scratch.put(content)).id),
};
const store = sealedObjects(inner, { keyring: keyringOf([key]), random, temporaryFiles });
const small = defined(store.small, 'seals');
const kinds: readonly (readonly [string, SealOptions])[] = [
  ['the own key', {}],
  ['a key of the caller', { key: mine }],
  ['both', { key: mine, twice: true }],
];

test.each(kinds)('under %s they open, and so does a blob of the same bytes', async (_, options) => {
  for (const sizeBytes of [0, 1, 1_024, mostSmallBytes]) {
    const content = Buffer.from(random.bytes(sizeBytes));
    const sealed = small.seal(content, options);
    expect(Buffer.from(small.open(sealed, options)).equals(content)).toBe(true);
    await inner.put(once(sealed.sealed), { id: sealed.id });
    const read = await gather(store.read(sealed.id, undefined, options), mostSmallBytes);
    expect(read.equals(content)).toBe(true);
  }
});

test.each(kinds)('under %s every changed or missing byte is noticed', (_, options) => {
  const { id, sealed } = small.seal(Buffer.from('content'), options);
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Uint8Array.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 8;
    expect(() => small.open({ id, sealed: changed }, options)).toThrow();
    expect(() => small.open({ id, sealed: sealed.subarray(0, at) }, options)).toThrow();
  }
  const elsewhere = { id: 'f'.repeat(32), sealed };
  expect(() => small.open(elsewhere, options)).toThrow(DamagedBlob);
});

test.each([
  [{}, { key: mine }],
  [{ key: mine }, {}],
  [{ key: mine }, { key: theirs }],
  [
    { key: mine, twice: true },
    { key: theirs, twice: true },
  ],
])('what is sealed with %j does not open with %j', (sealedWith, openedWith) => {
  const sealed = small.seal(Buffer.from('content'), sealedWith);
  expect(() => small.open(sealed, openedWith)).toThrow(WrongKey);
});

test('ids come in their order, are of the form of ids, and begin anew with each process', () => {
  const draw = (seed: number) => {
    const next = orderedIds(seededRandom(seed));
    return Array.from({ length: 300 }, next);
  };
  const [own, others] = [draw(1), draw(2)];
  for (const id of own) expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(own.toSorted()).toEqual(own);
  expect(new Set([...own, ...others]).size).toBe(600);
  expect(own[0]?.slice(0, 16)).not.toBe(others[0]?.slice(0, 16));
});
