/** Opening by what people have: passphrases and shares, right, wrong, damaged and too often. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { argon2Derivation } from '../../adapters/key-derivation/argon2.ts';
import { shamirSharing } from '../../adapters/secret-sharing/shamir.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import type { Outcome } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { SealFile } from './seal-file.ts';
import { formatShare, parseShare } from './shares.ts';
import { beginTrust, withSeal } from './trust.ts';
import {
  deviceKey,
  makeDeviceKey,
  makePassphraseKey,
  makeShares,
  passphraseKey,
} from './unseal-keys.ts';
import { Unsealer } from './unsealer.ts';

const random = seededRandom(9);
/** The cost of a passphrase is for attackers: here a small one does. */
const derivation = {
  derive: (passphrase: Uint8Array, { salt }: { salt: Uint8Array }) =>
    argon2Derivation.derive(passphrase, { salt, cost: { memoryKib: 64, passes: 1, lanes: 1 } }),
};
const parts = { derivation, sharing: shamirSharing, random };
const passphrase = Buffer.from('correct horse bättery');

function value<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

let clock: VirtualClock;
let file: SealFile;
let shares: readonly string[];
let unsealer: Unsealer;

beforeEach(async () => {
  clock = new VirtualClock(0);
  const made = value(await makePassphraseKey(passphrase, parts));
  const trust = beginTrust({ id: 'passphrase-1', kind: 'passphrase', ...made }, { random });
  const split = value(await makeShares({ count: 5, threshold: 3 }, parts));
  shares = split.shares;
  const { parameters, unsealKey } = split;
  const row = { id: 'shares-1', kind: 'shares', parameters, unsealKey } as const;
  file = value(withSeal(trust, row, random)).file;
  unsealer = new Unsealer({ file, clock, derivation, sharing: shamirSharing });
});

describe('a passphrase', () => {
  test('opens, however its letters are composed', async () => {
    const given = Buffer.from(passphrase.toString().normalize('NFD'));
    expect(given.equals(passphrase)).toBe(false);
    expect((await unsealer.offerPassphrase(given)).kind).toBe('opened');
  });

  test('that is wrong is told from a file that is damaged', async () => {
    const wrong = { kind: 'wrong', reason: 'wrong passphrase' };
    expect(await unsealer.offerPassphrase(Buffer.from('correct horse'))).toEqual(wrong);
    for (const size of [0, 1_025]) {
      const offered = await unsealer.offerPassphrase(Buffer.alloc(size, 'x'));
      expect(offered).toMatchObject({ kind: 'unfit' });
    }
    const [first, second] = file.seals;
    if (!first || !second) throw new Error('two seals');
    for (const broken of [
      { ...file, keyring: file.keyring.replace(/.{9}==?$|.{9}$/, 'AAAAAAAAA') },
      { ...file, seals: [{ ...first, parameters: { ...first.parameters, passes: 0 } }, second] },
      { ...file, seals: [first] },
    ]) {
      const other = new Unsealer({ file: broken, clock, derivation, sharing: shamirSharing });
      expect(await other.offerPassphrase(passphrase)).toMatchObject({ kind: 'damaged' });
    }
  });

  test('cannot be tried on and on', async () => {
    const kinds: string[] = [];
    for (let i = 0; i < 7; i += 1) {
      kinds.push((await unsealer.offerPassphrase(Buffer.from('guess'))).kind);
    }
    expect(kinds.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'wrong'));
    expect(kinds.slice(5)).toEqual(['tooManyTries', 'tooManyTries']);
    expect(await unsealer.offerPassphrase(passphrase)).toEqual({
      kind: 'tooManyTries',
      waitMs: 1_000,
    });
    clock.moveTo(1_000);
    expect((await unsealer.offerPassphrase(Buffer.from('guess'))).kind).toBe('wrong');
    expect(await unsealer.offerPassphrase(passphrase)).toMatchObject({ waitMs: 2_000 });
    clock.moveTo(3_000);
    expect((await unsealer.offerPassphrase(passphrase)).kind).toBe('opened');
  });

  test('is tried once at a time', async () => {
    const both = [unsealer.offerPassphrase(passphrase), unsealer.offerPassphrase(passphrase)];
    const kinds = (await Promise.all(both)).map(({ kind }) => kind);
    expect(kinds).toEqual(['opened', 'tooManyTries']);
  });

  test.each([
    [0, 'at least 12 letters'],
    [11, 'at least 12 letters'],
    [1_025, 'at most 1024 bytes'],
  ])('of %i letters is not accepted as a new one', async (length, reason) => {
    expect(await makePassphraseKey(Buffer.alloc(length, 'x'), parts)).toMatchObject({
      reason: expect.stringContaining(reason),
    });
  });

  test('at the cost that RFC 9106 recommends', () => {
    expect(file.seals[0]?.parameters).toMatchObject({ memoryKib: 65_536, passes: 3, lanes: 4 });
  });

  test('is not derived at a cost that no machine has', async () => {
    const [row] = file.seals;
    if (!row) throw new Error('a seal');
    for (const over of [
      { memoryKib: 2 ** 40 },
      { lanes: 1_000 },
      { passes: 1_000 },
      { memoryKib: 1 },
      { salt: 'short' },
    ]) {
      const asked = { ...row, parameters: { ...row.parameters, ...over } };
      expect((await passphraseKey(asked, passphrase, parts)).ok).toBe(false);
    }
  });
});

describe('shares', () => {
  const offer = async (at: number) => unsealer.offerShare(shares[at] ?? '');

  test('open when there are enough, in any order, each counted once', async () => {
    expect(await offer(4)).toEqual({ kind: 'progress', given: 1, needed: 3 });
    expect(await offer(4)).toEqual({ kind: 'progress', given: 1, needed: 3 });
    expect(await offer(0)).toEqual({ kind: 'progress', given: 2, needed: 3 });
    expect(await offer(2)).toMatchObject({ kind: 'opened', seal: { id: 'shares-1' } });
  });

  test('of which one is wrong say so only together, and are all given again', async () => {
    const parsed = value(parseShare(shares[1] ?? ''));
    const bytes = Uint8Array.from(parsed.bytes);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    expect(await unsealer.offerShare(formatShare({ ...parsed, bytes }))).toMatchObject({
      kind: 'progress',
    });
    expect(await offer(0)).toMatchObject({ kind: 'progress', given: 2 });
    expect(await offer(3)).toMatchObject({ kind: 'wrong', reason: /give all of them again/ });
    expect(await offer(0)).toMatchObject({ kind: 'progress', given: 1 });
    expect(await offer(1)).toMatchObject({ kind: 'progress', given: 2 });
    expect((await offer(3)).kind).toBe('opened');
  });

  test('that are no shares, have a slip or are of another set are not counted', async () => {
    const [first = ''] = shares;
    const last = first.at(-1) === '0' ? '8' : '0';
    const other = value(await makeShares({ count: 2, threshold: 2 }, parts)).shares[0] ?? '';
    for (const [text, reason] of [
      ['', 'no share'],
      ['x'.repeat(5_000), 'no share'],
      [first.replace('-', '-U'), 'no share'],
      [first.slice(0, -3), 'no share'],
      [`${first.slice(0, 12)}${first[12] === '0' ? '1' : '0'}${first.slice(13)}`, 'a slip'],
      [`${first.slice(0, -1)}${last}`, ''],
      [other, 'another set'],
    ] as const) {
      const offered = await unsealer.offerShare(text);
      expect(offered).toMatchObject({ kind: 'unfit', reason: expect.stringContaining(reason) });
    }
    expect(await offer(1)).toMatchObject({ kind: 'progress', given: 1 });
  });

  test('survive handwriting', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 33, maxLength: 33 }), (bytes) => {
        const text = formatShare({ set: '0badcafe', bytes });
        const written = text.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l');
        for (const one of [text, written, text.replaceAll('-', ' ')]) {
          expect(parseShare(one)).toEqual({ ok: true, value: { set: '0badcafe', bytes } });
        }
      }),
    );
  });

  test.each([
    [1, 1],
    [256, 3],
    [5, 1],
    [5, 6],
    [5, 2.5],
  ])('are not made %i with a threshold of %d', async (count, threshold) => {
    expect((await makeShares({ count, threshold }, parts)).ok).toBe(false);
  });

  test('can be as many as 255', async () => {
    const made = value(await makeShares({ count: 255, threshold: 255 }, parts));
    expect(new Set(made.shares).size).toBe(255);
  });
});

test('what no seal opens with is not tried', async () => {
  const only = file.seals.slice(0, 1);
  const other = new Unsealer({ ...parts, file: { ...file, seals: only }, clock });
  expect(other.has('shares')).toBe(false);
  expect(await other.offerShare(shares[0] ?? '')).toMatchObject({ kind: 'unfit' });
});

test('a device wraps a key, bound to its seal', async () => {
  const wraps = new Map<string, Uint8Array>();
  const device = {
    ensureKey: async () => ({ ok: true, value: undefined }) as const,
    async wrap(secret: Uint8Array, binding: Uint8Array) {
      wraps.set(Buffer.from(binding).toString(), Uint8Array.from(secret));
      return { ok: true, value: Buffer.from('wrapped') } as const;
    },
    async unwrap(_: Uint8Array, binding: Uint8Array) {
      const found = wraps.get(Buffer.from(binding).toString());
      return found ? ({ ok: true, value: found } as const) : ({ ok: false, reason: 'no' } as const);
    },
    close: async () => {},
  };
  const names = { token: 't', key: 'k' };
  const made = value(await makeDeviceKey(device, { id: 'pkcs11-1', names, random }));
  expect(made.parameters).toEqual({ ...names, wrappedKey: 'd3JhcHBlZA==' });
  const row = { kind: 'pkcs11', parameters: made.parameters, sealedRootKey: '' } as const;
  expect(value(await deviceKey({ ...row, id: 'pkcs11-1' }, device))).toEqual(made.unsealKey);
  expect((await deviceKey({ ...row, id: 'pkcs11-2' }, device)).ok).toBe(false);
});
