/** Signatures over messages and over digests are the same thing, told by OpenSSL. */
import { constants, createHash, verify } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { defined } from '../../../kernel/assert.ts';
import { seededRandom } from '../../../kernel/random.ts';
import { decodeSignature, encodeSignature } from './der.ts';
import { privateKeyOf, publicKeyOf } from './material.ts';
import { makePair, type Pair } from './pairs.ts';
import { digestSizeBytes, isSignature, makeSignature } from './signing.ts';
import { algorithmsOf, isPairSpec, type PairSpec, type SigningAlgorithm, specs } from './specs.ts';

const random = seededRandom(5);
const message = Buffer.from('a message');
/** One length of RSA does for all: making its keys takes time. */
const signers = (Object.keys(specs) as PairSpec[]).filter(
  (spec) => isPairSpec(spec) && spec !== 'RSA_3072' && spec !== 'RSA_4096',
);
const cases = signers.flatMap((spec) =>
  algorithmsOf(spec, 'SIGN_VERIFY').signing.map((algorithm) => [spec, algorithm] as const),
);
const pairs = new Map<PairSpec, Pair>();
const keysOf = (spec: PairSpec) => {
  const { privateKey, publicKey } = defined(pairs.get(spec), spec);
  return { secret: privateKeyOf(privateKey), known: publicKeyOf(publicKey) };
};
const hashOf = (algorithm: SigningAlgorithm) => `sha${algorithm.slice(-3)}`;
const digestOf = (algorithm: SigningAlgorithm) =>
  createHash(hashOf(algorithm)).update(message).digest();

beforeAll(async () => {
  for (const spec of signers) pairs.set(spec, await makePair(spec));
}, 60_000);

describe.each(cases)('%s with %s', (spec, algorithm) => {
  const whole = { algorithm, message, isDigest: false } as const;

  test('signs messages', async () => {
    const { secret, known } = keysOf(spec);
    const signature = await makeSignature(whole, { key: secret, random });
    expect(await isSignature({ ...whole, signature }, known)).toBe(true);
    const other = Buffer.from('b message');
    expect(await isSignature({ ...whole, message: other, signature }, known)).toBe(false);
  });

  test('signs digests as it signs their messages', async () => {
    if (digestSizeBytes(algorithm) === undefined) return expect(spec).toContain('EDWARDS');
    const { secret, known } = keysOf(spec);
    const digested = { algorithm, message: digestOf(algorithm), isDigest: true };
    const signature = await makeSignature(digested, { key: secret, random });
    expect(await isSignature({ ...whole, signature }, known)).toBe(true);
    const native = await makeSignature(whole, { key: secret, random });
    expect(await isSignature({ ...digested, signature: native }, known)).toBe(true);
    for (const at of [0, native.length >> 1, native.length - 1]) {
      const changed = Buffer.from(native);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect([at, await isSignature({ ...digested, signature: changed }, known)]).toEqual([
        ...[at, false],
      ]);
    }
    for (const short of [native.subarray(1), Buffer.concat([native, Buffer.alloc(1)])]) {
      expect(await isSignature({ ...digested, signature: short }, known)).toBe(false);
    }
  });
});

test('the padding of a PSS signature has the salt of the original, and no other', async () => {
  const { secret, known } = keysOf('RSA_2048');
  const digest = digestOf('RSASSA_PSS_SHA_256');
  const signature = await makeSignature(
    { algorithm: 'RSASSA_PSS_SHA_256', message: digest, isDigest: true },
    { key: secret, random },
  );
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const with32 = { key: known, padding, saltLength: 32 };
  expect(verify('sha256', message, with32, signature)).toBe(true);
  expect(verify('sha256', message, { ...with32, saltLength: 20 }, signature)).toBe(false);
});

test('two signatures of ECDSA over one digest share no number', async () => {
  const { secret } = keysOf('ECC_NIST_P521');
  const algorithm = 'ECDSA_SHA_512';
  const sign = () =>
    makeSignature(
      { algorithm, message: digestOf(algorithm), isDigest: true },
      { key: secret, random },
    );
  const [one, two] = [decodeSignature(await sign()), decodeSignature(await sign())];
  expect(one?.r).not.toBe(two?.r);
});

describe('DER of signatures', () => {
  test.each([
    [1n, 1n],
    [127n, 128n],
    [255n, 256n],
    [2n ** 521n - 1n, 2n ** 520n],
  ])('%d and %d come back', (r, s) => {
    expect(decodeSignature(encodeSignature({ r, s }))).toEqual({ r, s });
  });

  test.each([
    ['nothing', ''],
    ['no sequence', '020101'],
    ['one number', '3003020101'],
    ['something after', '300602010102010100'],
    ['something inside after', '3007020101020101ff'],
    ['a number below zero', '3006020181020101'],
    ['a zero too many', '300702020001020101'],
    ['a number without bytes', '30050200020101'],
    ['a long length that is short', '308106020101020101'],
    ['a length past the end', '3009020101020101'],
  ])('%s is none', (_name, hex) => {
    expect(decodeSignature(Buffer.from(hex, 'hex'))).toBeUndefined();
  });
});
