/** What is asked before a key is used. */
import { expect, test } from 'vitest';
import { setup } from './keys.fixture.ts';
import { keyCheck } from './permission.ts';

const caller = { account: '111122223333' };
const policy = async () => 'the policy';

test('the check says everything that policies may look at', async () => {
  const { create } = setup();
  const tags = [{ key: 'Team', value: 'red' }];
  const key = await create({ aliases: ['alias/x'], tags, multiRegion: true });
  const check = keyCheck(key, {
    ...{ action: 'kms:Decrypt', caller, policy, viaService: 's3', alias: 'alias/x' },
    context: { 'aws:s3:arn': 'arn:aws:s3:::b', Tenant: 'a' },
    keys: { 'kms:encryptionalgorithm': 'SYMMETRIC_DEFAULT' },
  });
  expect(check).toMatchObject({
    ...{ action: 'kms:Decrypt', resource: key.arn, owner: key.account, rule: 'key' },
  });
  expect(check.keys).toEqual({
    'kms:calleraccount': '111122223333',
    'kms:keyspec': 'SYMMETRIC_DEFAULT',
    'kms:keyusage': 'ENCRYPT_DECRYPT',
    'kms:keyorigin': 'AWS_KMS',
    'kms:multiregion': true,
    'kms:multiregionkeytype': 'PRIMARY',
    'kms:resourcealiases': ['alias/x'],
    'kms:requestalias': 'alias/x',
    'kms:viaservice': 's3.eu-west-1.amazonaws.com',
    'kms:encryptioncontextkeys': ['aws:s3:arn', 'Tenant'],
    'kms:encryptioncontext:aws:s3:arn': 'arn:aws:s3:::b',
    'kms:encryptioncontext:tenant': 'a',
    'kms:encryptioncontextpair:6177733a73333a61726e': 'arn:aws:s3:::b',
    'kms:encryptioncontextpair:54656e616e74': 'a',
    'kms:encryptionalgorithm': 'SYMMETRIC_DEFAULT',
  });
  expect(await check.resourceTags?.()).toEqual({ Team: 'red' });
  expect(await check.resourcePolicy?.()).toBe('the policy');
});

test('what there is not is left out', async () => {
  const { create } = setup();
  const check = keyCheck(await create(), { action: 'kms:Encrypt', caller, policy, context: {} });
  expect(Object.keys(check.keys ?? {})).toEqual([
    ...['kms:calleraccount', 'kms:keyspec', 'kms:keyusage', 'kms:keyorigin', 'kms:multiregion'],
  ]);
});

test('names that differ in case alone are both told', async () => {
  const { create } = setup();
  const context = { a: '1', A: '2' };
  const check = keyCheck(await create(), { action: 'kms:Encrypt', caller, policy, context });
  expect(check.keys?.['kms:encryptioncontext:a']).toEqual(['1', '2']);
});
