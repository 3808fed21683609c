/** Which addresses users may send the server to, in all the spellings attackers know. */
import { expect, test } from 'vitest';
import { checkAddress, checkUrl, guardedLookup, type ResolvedAddress } from './addresses.ts';

const open = { allowPrivate: true };
const strict = { allowPrivate: false };
const allowed = (url: string, policy: Parameters<typeof checkUrl>[1]) =>
  checkUrl(new URL(url), policy).ok;

test.each([
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://0xa9fea9fe/',
  'http://0251.0376.0251.0376/',
  'http://169.254.170.2/v2/credentials',
  'http://[fe80::1]/',
  'http://[::ffff:169.254.169.254]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[64:ff9b::169.254.169.254]/',
  'http://[2002:a9fe:a9fe::]/',
  'http://[fd00:ec2::254]/',
  'http://100.100.100.200/',
  'http://metadata.google.internal/',
  'http://METADATA.google.internal./',
  'http://metadata/',
  'http://instance-data.ec2.internal/',
  'file:///etc/passwd',
  'ftp://example.com/',
])('%s is refused by every policy', (url) => {
  expect(allowed(url, open)).toBe(false);
});

test.each([
  'http://127.0.0.1/',
  'http://10.1.2.3/',
  'http://172.31.0.1/',
  'http://192.168.0.1/',
  'http://100.64.0.1/',
  'http://0.0.0.0/',
  'http://[::1]/',
  'http://[::]/',
  'http://[fd12::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://224.0.0.1/',
])('%s is private', (url) => {
  expect(allowed(url, strict)).toBe(false);
  expect(allowed(url, open)).toBe(true);
});

test.each(['http://8.8.8.8/', 'https://[2001:4860:4860::8888]/', 'https://metadata-x.com/'])(
  '%s is public',
  (url) => {
    expect(allowed(url, strict)).toBe(true);
  },
);

test('a list of hosts allows those and no others', () => {
  const policy = { allowPrivate: true, hosts: ['api.example.com', '*.models.test:8080'] };
  expect(allowed('https://api.example.com/x', policy)).toBe(true);
  expect(allowed('https://API.example.com:9/x', policy)).toBe(true);
  expect(allowed('http://a.models.test:8080/', policy)).toBe(true);
  expect(allowed('http://a.models.test/', policy)).toBe(false);
  expect(allowed('http://models.test:8080/', policy)).toBe(false);
  expect(allowed('http://evilmodels.test:8080/', policy)).toBe(false);
  expect(allowed('https://api.example.com.evil.test/', policy)).toBe(false);
});

test('something that is no address is refused', () => {
  expect(checkAddress('example.com', open).ok).toBe(false);
});

function lookup(addresses: readonly ResolvedAddress[], all: boolean) {
  const guarded = guardedLookup(strict, (_name, _options, callback) => callback(null, addresses));
  return new Promise((resolve, reject) => {
    guarded('x.test', { all }, (cause, found, family) =>
      cause ? reject(cause) : resolve(all ? found : [found, family]),
    );
  });
}

test('a name is looked up only when all its addresses are allowed', async () => {
  const good = { address: '8.8.8.8', family: 4 };
  const bad = { address: '169.254.169.254', family: 4 };
  expect(await lookup([good], true)).toEqual([good]);
  expect(await lookup([good], false)).toEqual(['8.8.8.8', 4]);
  await expect(lookup([good, bad], true)).rejects.toThrow('never allowed');
  await expect(lookup([{ address: '10.0.0.1', family: 4 }], false)).rejects.toThrow('private');
  await expect(lookup([], true)).rejects.toThrow('no address');
});
