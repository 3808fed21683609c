/** Keys of services: one for each, and only by way of the service. */
import { expect, test } from 'vitest';
import { compilePolicy } from '../policy/compile.ts';
import { decide } from '../policy/decide.ts';
import { parsePolicy } from '../policy/parse.ts';
import { scope, setup } from './keys.fixture.ts';
import { keyCheck } from './permission.ts';
import { keyRows } from './rows.ts';
import { serviceKey, serviceOfAlias } from './service-keys.ts';

const account = scope.account;
const arn = 'arn:aws:iam::111122223333:user/u';

test('of many who ask at once all get the one key', async () => {
  const { store, making } = setup();
  const asked = Array.from({ length: 5 }, () => serviceKey({ ...making, store }, 's3', scope));
  const ids = new Set((await Promise.all(asked)).map(({ id }) => id));
  expect(ids.size).toBe(1);
  const rows = await store.list(keyRows, { limit: 10 });
  expect(rows.map(({ row }) => row)).toMatchObject([
    { manager: 'service', aliases: ['alias/aws/s3'], rotation: { periodDays: 365 } },
  ]);
});

test('services, accounts and regions have keys of their own', async () => {
  const { store, making } = setup();
  const key = (service: string, more: object = {}) =>
    serviceKey({ ...making, store }, service, { ...scope, ...more });
  const made = [
    ...[await key('s3'), await key('sns'), await key('s3', { region: 'us-east-1' })],
    ...[await key('s3', { account: '999988887777' }), await key('s3')],
  ];
  expect(new Set(made.map(({ arn: one }) => one)).size).toBe(4);
  expect(made[4]?.arn).toBe(made[0]?.arn);
});

test.each([
  ['through the service', 's3', 'kms:Decrypt', account, true],
  ['through another', 'sns', 'kms:Decrypt', account, false],
  ['through none', undefined, 'kms:Decrypt', account, false],
  ['from another account', 's3', 'kms:Decrypt', '999988887777', false],
  ['to look at it', undefined, 'kms:DescribeKey', account, true],
  ['to change it', undefined, 'kms:PutKeyPolicy', account, false],
  ['to change it through the service', 's3', 'kms:ScheduleKeyDeletion', account, false],
])('%s', async (_what, viaService, action, from, allowed) => {
  const { store, making } = setup();
  const key = await serviceKey({ ...making, store }, 's3', scope);
  const parsed = parsePolicy(key.policy, 'resource');
  if (!parsed.ok) throw new Error(parsed.reason);
  const { keys = {} } = keyCheck(key, {
    ...{ action, caller: { account: from }, policy: async () => key.policy },
    ...(viaService === undefined ? {} : { viaService }),
  });
  const all = compilePolicy({
    version: '2012-10-17',
    statements: [
      {
        ...{ index: 0, effect: 'Allow', actions: ['*'], resources: ['*'], conditions: [] },
        ...{ start: { line: 1, column: 1 }, end: { line: 1, column: 1 } },
      },
    ],
  });
  const { effect } = decide(
    {
      ...{ action, resource: key.arn, key: (name) => keys[name] },
      principal: { kind: 'user', account: from, arn },
    },
    {
      ...{ owner: account, rule: 'key', identity: [{ id: 'own', type: 'user', compiled: all }] },
      resource: { id: 'key', type: 'resource', compiled: compilePolicy(parsed.value) },
    },
  );
  expect(effect === 'allowed').toBe(allowed);
});

test('only aliases of known services stand for a key before there is one', () => {
  expect(serviceOfAlias('alias/aws/s3')).toBe('s3');
  expect(serviceOfAlias('alias/aws/nothing')).toBeUndefined();
  expect(serviceOfAlias('alias/s3')).toBeUndefined();
});
