/** What others' attack vectors say of the primitives, as the server uses them. */
import { createHash, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hkdfSha256 } from './derive.ts';
import { gcmOpen, gcmSeal } from './gcm.ts';
import { isSame, macOf } from './mac.ts';
import { privateKeyOf } from './material.ts';
import { type OaepAlgorithm, oaepDecrypt, oaepEncrypt } from './rsa.ts';
import { isSignature } from './signing.ts';
import { kwpUnwrap, kwpWrap } from './wrapping.ts';

interface Case {
  readonly tcId: number;
  readonly flags: readonly string[];
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly [field: string]: unknown;
}

interface Group {
  readonly tests: readonly Case[];
  readonly privateKeyPkcs8?: string;
  readonly publicKey?: { readonly uncompressed: string };
}

const groupsOf = (name: string): readonly Group[] => {
  const file = new URL(`./vectors/${name}.case.json`, import.meta.url);
  const { groups } = JSON.parse(readFileSync(file, 'utf8')) as { groups: Group[] };
  expect(groups.length).toBeGreaterThan(0);
  return groups;
};
const casesOf = (name: string) => groupsOf(name).flatMap(({ tests }) => tests);
const bytes = (value: unknown) => Buffer.from(String(value), 'hex');
const told = (one: Case, said: unknown) => [one.tcId, said];

test('AES-256-GCM', () => {
  for (const one of casesOf('aes_gcm')) {
    const options = { key: bytes(one['key']), nonce: bytes(one['iv']), beside: bytes(one['aad']) };
    const sealed = Buffer.concat([bytes(one['ct']), bytes(one['tag'])]);
    const isValid = one.result === 'valid';
    const wanted = isValid ? bytes(one['msg']) : undefined;
    expect(told(one, gcmOpen(sealed, options))).toEqual(told(one, wanted));
    const again = gcmSeal(bytes(one['msg']), options);
    expect(told(one, again.equals(sealed))).toEqual(told(one, isValid));
  }
});

test('HKDF-SHA256', () => {
  for (const one of casesOf('hkdf_sha256')) {
    const [salt, info] = [bytes(one['salt']), bytes(one['info'])];
    const made = hkdfSha256(bytes(one['ikm']), { salt, info, sizeBytes: Number(one['size']) });
    expect(told(one, made)).toEqual(told(one, bytes(one['okm'])));
  }
});

test('HMAC-SHA256', () => {
  for (const one of casesOf('hmac_sha256')) {
    const mac = macOf(bytes(one['msg']), 'HMAC_SHA_256', bytes(one['key']));
    expect(told(one, isSame(mac, bytes(one['tag'])))).toEqual(told(one, one.result === 'valid'));
  }
});

/** A key that is shorter than the digest. */
test.each([
  ['HMAC_SHA_224', 'a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44'],
  ['HMAC_SHA_256', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
  [
    'HMAC_SHA_384',
    'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47' +
      'e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
  ],
  [
    'HMAC_SHA_512',
    '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554' +
      '9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
  ],
] as const)('%s of RFC 4231, case 2', (algorithm, wanted) => {
  const message = Buffer.from('what do ya want for nothing?');
  expect(macOf(message, algorithm, Buffer.from('Jefe')).toString('hex')).toBe(wanted);
});

/** The specification of GCM (McGrew, Viega), test cases 13 to 16. */
test('AES-256-GCM of its specification', () => {
  const zeros = { key: Buffer.alloc(32), nonce: Buffer.alloc(12), beside: Buffer.alloc(0) };
  const hex = (sealed: Buffer) => sealed.toString('hex');
  expect(hex(gcmSeal(Buffer.alloc(0), zeros))).toBe('530f8afbc74536b9a963b4f1c4cb738b');
  expect(hex(gcmSeal(Buffer.alloc(16), zeros))).toBe(
    'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
  );
  const key = bytes('feffe9928665731c6d6a8f9467308308'.repeat(2));
  const nonce = bytes('cafebabefacedbaddecaf888');
  const text =
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
    '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255';
  const sealed =
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
    '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad';
  expect(hex(gcmSeal(bytes(text), { key, nonce, beside: Buffer.alloc(0) }))).toBe(
    `${sealed}b094dac5d93471bdec1a502270e3cc6c`,
  );
  const beside = bytes('feedfacedeadbeeffeedfacedeadbeefabaddad2');
  expect(hex(gcmSeal(bytes(text).subarray(0, 60), { key, nonce, beside }))).toBe(
    `${sealed.slice(0, 120)}76fc6ece0f4e1768cddf8853bb2d551b`,
  );
});

test('AES key wrap with padding', () => {
  for (const one of casesOf('aes_kwp')) {
    const [key, plain, wrapped] = [bytes(one['key']), bytes(one['msg']), bytes(one['ct'])];
    const isValid = one.result !== 'invalid';
    const opened = kwpUnwrap(wrapped, key);
    if (one.result !== 'acceptable') {
      expect(told(one, opened)).toEqual(told(one, isValid ? plain : undefined));
    }
    if (one.result === 'valid') expect(told(one, kwpWrap(plain, key))).toEqual(told(one, wrapped));
  }
});

test.each([
  ['rsa_oaep_2048_sha1_mgf1sha1', 'RSAES_OAEP_SHA_1'],
  ['rsa_oaep_2048_sha256_mgf1sha256', 'RSAES_OAEP_SHA_256'],
  ['rsa_oaep_4096_sha256_mgf1sha256', 'RSAES_OAEP_SHA_256'],
] as const)('%s', (name, algorithm: OaepAlgorithm) => {
  for (const { privateKeyPkcs8, tests } of groupsOf(name)) {
    const key = privateKeyOf(bytes(privateKeyPkcs8));
    for (const one of tests) {
      // Labels are not used: what has one is not ours.
      const isOurs = one.result === 'valid' && one['label'] === '';
      const opened = oaepDecrypt(bytes(one['ct']), algorithm, key);
      expect(told(one, opened)).toEqual(told(one, isOurs ? bytes(one['msg']) : undefined));
    }
    const again = oaepEncrypt(Buffer.from('text'), algorithm, key);
    expect(oaepDecrypt(again, algorithm, key)).toEqual(Buffer.from('text'));
  }
});

test('ECDSA over P-256, of messages and of their digests', async () => {
  for (const { publicKey, tests } of groupsOf('ecdsa_secp256r1_sha256')) {
    const point = bytes(publicKey?.uncompressed);
    const [x, y] = [point.subarray(1, 33), point.subarray(33)];
    const jwk = { kty: 'EC', crv: 'P-256', x: x.toString('base64url'), y: y.toString('base64url') };
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    for (const one of tests) {
      const message = bytes(one['msg']);
      const signature = bytes(one['sig']);
      const digest = createHash('sha256').update(message).digest();
      const about = { algorithm: 'ECDSA_SHA_256', signature } as const;
      const said = [
        await isSignature({ ...about, message, isDigest: false }, key),
        await isSignature({ ...about, message: digest, isDigest: true }, key),
      ];
      const isValid = one.result === 'valid';
      expect(told(one, said)).toEqual(told(one, [isValid, isValid]));
    }
  }
});
