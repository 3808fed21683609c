/** Three layers, each of which changes alone; and what a file that was tampered with says. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { formatSealFile, parseSealFile, type SealFile } from './seal-file.ts';
import {
  beginTrust,
  mostRingKeys,
  openRootKey,
  openTrust,
  sameTrust,
  type Trust,
  wipe,
  withNewRingKey,
  withNewRootKey,
  withoutSeal,
  withSeal,
} from './trust.ts';
import { openWith } from './unsealer.ts';

const random = seededRandom(5);
const keyA = random.bytes(32);
const keyB = random.bytes(32);
const sealOf = (id: string, unsealKey: Uint8Array) =>
  ({ id, kind: 'file', parameters: {}, unsealKey }) as const;
const begin = () => beginTrust(sealOf('file-a', keyA), { random });

function both(): Trust {
  const added = withSeal(begin(), sealOf('file-b', keyB), random);
  if (!added.ok) throw new Error(added.reason);
  return added.value;
}

/** What a server would find: the file written, read, and opened by a seal. */
function reopened(file: SealFile, id: string, key: Uint8Array) {
  const parsed = parseSealFile(formatSealFile(file));
  if (!parsed.ok) return { kind: 'unreadable', reason: parsed.reason } as const;
  const row = parsed.value.seals.find((one) => one.id === id);
  if (!row) return { kind: 'missing' } as const;
  return openWith(parsed.value, row, Uint8Array.from(key));
}

test('every seal opens the same ring, and no other key does', () => {
  const trust = both();
  for (const [id, key] of [['file-a', keyA] as const, ['file-b', keyB] as const]) {
    const opened = reopened(trust.file, id, key);
    expect(opened.kind === 'opened' && sameTrust(opened.trust, trust)).toBe(true);
  }
  expect(reopened(trust.file, 'file-a', keyB)).toEqual({ kind: 'wrong', reason: 'another key' });
});

test('nothing of the keys is in the file', () => {
  const trust = both();
  const text = formatSealFile(trust.file);
  for (const key of [trust.rootKey, ...trust.keys, keyA]) {
    for (const coding of ['base64', 'hex'] as const) {
      expect(text).not.toContain(Buffer.from(key).toString(coding).slice(0, 40));
    }
  }
});

test('keys of before the ring stay behind its first', () => {
  const trust = beginTrust(sealOf('file-a', keyA), { random, olderKeys: [keyB] });
  expect(trust.keys).toHaveLength(2);
  expect(Buffer.from(trust.keys[1] ?? [])).toEqual(Buffer.from(keyB));
});

describe('each layer changes alone:', () => {
  test('a new ring key comes first, and the old ones stay', () => {
    const old = both();
    const rotated = withNewRingKey(old, random);
    if (!rotated.ok) throw new Error(rotated.reason);
    expect(rotated.value.keys.slice(1)).toEqual(old.keys);
    expect(rotated.value.keys[0]).not.toEqual(old.keys[0]);
    expect(rotated.value.file.generation).toBe(old.file.generation + 1);
    const opened = reopened(rotated.value.file, 'file-b', keyB);
    expect(opened.kind === 'opened' && sameTrust(opened.trust, rotated.value)).toBe(true);
  });

  test('a new root key keeps the ring and every seal; the old one is wiped', () => {
    const old = both();
    const before = Uint8Array.from(old.rootKey);
    const keys = new Map([['file-a', keyA] as const, ['file-b', keyB] as const]);
    const rotated = withNewRootKey(old, keys, random);
    expect(rotated.rootKey).not.toEqual(before);
    expect(old.rootKey.every((byte) => byte === 0)).toBe(true);
    expect(rotated.keys).toEqual(old.keys);
    expect(reopened(rotated.file, 'file-b', keyB).kind).toBe('opened');
    expect(openTrust(rotated.file, before).ok).toBe(false);
  });

  test('a new unseal key takes the place of the old one', () => {
    const next = random.bytes(32);
    const rotated = withSeal(both(), sealOf('file-a', next), random);
    if (!rotated.ok) throw new Error(rotated.reason);
    expect(rotated.value.file.seals.map(({ id }) => id)).toEqual(['file-a', 'file-b']);
    expect(reopened(rotated.value.file, 'file-a', keyA).kind).toBe('wrong');
    expect(reopened(rotated.value.file, 'file-a', next).kind).toBe('opened');
    expect(reopened(rotated.value.file, 'file-b', keyB).kind).toBe('opened');
  });
});

test('the last seal stays', () => {
  const one = withoutSeal(both(), 'file-a', random);
  if (!one.ok) throw new Error(one.reason);
  expect(reopened(one.value.file, 'file-b', keyB).kind).toBe('opened');
  expect(withoutSeal(one.value, 'file-b', random)).toMatchObject({
    reason: expect.stringContaining('is the only seal'),
  });
  expect(withoutSeal(one.value, 'file-c', random)).toMatchObject({
    reason: 'there is no seal file-c',
  });
});

test('seals and rings have a limit', () => {
  let trust = begin();
  for (let i = 1; i < 16; i += 1) {
    const more = withSeal(trust, sealOf(`file-${i}`, keyB), random);
    if (!more.ok) throw new Error(more.reason);
    trust = more.value;
  }
  expect(withSeal(trust, sealOf('file-z', keyB), random).ok).toBe(false);
  const full = { ...trust, keys: Array.from({ length: mostRingKeys }, () => keyA) };
  expect(withNewRingKey(full, random).ok).toBe(false);
});

test('wiping leaves nothing', () => {
  const trust = begin();
  wipe(trust);
  const bytes = Buffer.concat([trust.rootKey, ...trust.keys]);
  expect(bytes.every((byte) => byte === 0)).toBe(true);
});

describe('a file that is not what was written', () => {
  const trust = both();
  const text = formatSealFile(trust.file);

  test('cut off anywhere, or with any letter changed, is damaged and never wrong', () => {
    for (let at = 0; at < text.length - 2; at += 7) {
      expect(parseSealFile(text.slice(0, at)).ok).toBe(false);
    }
    for (let at = 0; at < text.length - 1; at += 3) {
      const changed = `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
      expect(parseSealFile(changed).ok).toBe(false);
    }
  });

  test.each([
    ['[]', 'not an object'],
    ['{', 'not JSON'],
    ['{"version":2}', 'newer Modelkeep'],
    ['{"version":1}', 'folder is missing'],
  ])('%s is refused', (content, reason) => {
    expect(parseSealFile(content)).toMatchObject({ reason: expect.stringContaining(reason) });
  });

  // Whoever changes it on purpose makes the checksum fit.
  const spliced = (over: Partial<SealFile>) => reopened({ ...trust.file, ...over }, 'file-a', keyA);

  test('put together from two is damaged', () => {
    const other = both();
    const [a, b] = trust.file.seals;
    const [, foreign] = other.file.seals;
    if (!a || !b || !foreign) throw new Error('two seals each');
    for (const over of [
      { seals: [a, foreign] },
      { seals: [a] },
      { seals: [b, a] },
      { seals: [a, { ...b, parameters: { salt: 'x' } }] },
      { seals: [{ ...a, parameters: { salt: 'x' } }, b] },
      { keyring: other.file.keyring },
      { generation: trust.file.generation + 1 },
      { folder: other.file.folder },
      { keyring: '' },
    ]) {
      expect(spliced(over).kind).toBe('damaged');
    }
    expect(spliced({}).kind).toBe('opened');
  });

  test('with a sealed root key that was cut or changed is damaged', () => {
    const [a] = trust.file.seals;
    if (!a) throw new Error('a seal');
    const bytes = Buffer.from(a.sealedRootKey, 'base64');
    const row = (sealed: Buffer) => ({ ...a, sealedRootKey: sealed.toString('base64') });
    expect(openRootKey(trust.file, row(bytes.subarray(0, 4)), keyA).kind).toBe('damaged');
    expect(openRootKey(trust.file, row(bytes.subarray(0, 60)), keyA).kind).toBe('damaged');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(openRootKey(trust.file, row(bytes), keyA).kind).toBe('damaged');
  });
});
