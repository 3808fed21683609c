/**
 * Makes the files beside it from Project Wycheproof's: `node trim.mjs FOLDER`, where FOLDER has its
 * `testvectors_v1/*.json`. Keeps what the server uses, and of many alike cases a spread over every
 * group, flag and result.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const folder = process.argv[2] ?? '.';

/** The same keys in other forms, and what says nothing. */
const dropped = new Set(['privateKeyPem', 'privateKeyJwk', 'privateKey', 'wx', 'wy', 'publicKeyDer']);

/** Name, which groups, how many cases of one kind at most. */
const wanted = [
  ['aes_gcm', (g) => g.keySize === 256 && g.ivSize === 96 && g.tagSize === 128, 100],
  ['aes_kwp', (g) => g.keySize === 256, 100],
  ['ecdsa_secp256r1_sha256', () => true, 6],
  ['hkdf_sha256', () => true, 100],
  ['hmac_sha256', (g) => g.keySize === 256 && g.tagSize === 256, 100],
  ['rsa_oaep_2048_sha1_mgf1sha1', () => true, 6],
  ['rsa_oaep_2048_sha256_mgf1sha256', () => true, 6],
  ['rsa_oaep_4096_sha256_mgf1sha256', () => true, 2],
];

for (const [name, keeps, most] of wanted) {
  const { algorithm, testGroups } = JSON.parse(readFileSync(`${folder}/${name}_test.json`, 'utf8'));
  const counts = new Map();
  const groups = testGroups.filter(keeps).map(({ source, tests, publicKeyPem, ...group }) => ({
    ...group,
    tests: tests.filter(({ flags, result, comment, size = 0 }) => {
      if (size > 32) return false;
      const kind = `${flags.join()} ${result} ${comment.replace(/\d+/g, '')}`.slice(0, 40);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      return counts.get(kind) <= most;
    }),
  }));
  const kept = { algorithm, groups: groups.filter(({ tests }) => tests.length > 0) };
  const text = JSON.stringify(kept, (key, value) => (dropped.has(key) ? undefined : value));
  writeFileSync(new URL(`${name}.case.json`, import.meta.url), `${text}\n`);
}
