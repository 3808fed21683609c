/** Key policies with grants in them: what the document says, and that it can always be read. */
import { expect, test } from 'vitest';
import { parsePolicy } from '../policy/parse.ts';
import { scope, setup, startMs } from './keys.fixture.ts';
import { policyOf, policyWith, withRetiring } from './policy-of.ts';
import { type GrantRow, grantRows, type KeyRow, keyed } from './rows.ts';

const user = { arn: 'arn:aws:iam::111122223333:user/u', userId: 'AIDAU', account: scope.account };
const caller = { accessKeyId: 'A', ...user };

function grantOf(key: KeyRow, more: Partial<GrantRow> = {}): GrantRow {
  return {
    ...{ id: 'f'.repeat(64), keyId: key.id, keyArn: key.arn, createdAtMs: startMs },
    ...{ grantee: user.arn, operations: ['Decrypt'], issuer: scope.account },
    ...more,
  };
}

function statements(text: string): Record<string, unknown>[] {
  const parsed = parsePolicy(text, 'resource');
  expect(parsed).toMatchObject({ ok: true });
  return (JSON.parse(text) as { Statement: Record<string, unknown>[] }).Statement;
}

test('without grants the policy is as it was written', async () => {
  const { create, store } = setup();
  const key = await create();
  expect(await policyOf(store, key)).toBe(key.policy);
});

test('a grant is a statement for its grantee alone', async () => {
  const { create } = setup();
  const key = await create();
  const grant = grantOf(key, {
    operations: ['Decrypt', 'DescribeKey'],
    contextEquals: { a: '${x}' },
  });
  const [own, ...granted] = statements(policyWith(key, [grant]));
  expect(own).toEqual((JSON.parse(key.policy) as { Statement: unknown[] }).Statement[0]);
  const about = { Effect: 'Allow', Principal: { AWS: user.arn }, Resource: '*' };
  expect(granted).toEqual([
    { ...about, Action: ['kms:DescribeKey'] },
    {
      ...{ ...about, Action: ['kms:Decrypt'] },
      Condition: {
        StringEquals: { 'kms:encryptioncontextpair:61': '${$}{x}' },
        'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['a'] },
      },
    },
  ]);
});

test('in a policy of the old version nothing is a variable, and nothing is escaped', async () => {
  const { create } = setup();
  const statement = { Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' };
  const key = await create({ policy: JSON.stringify({ Statement: statement }) });
  const grant = grantOf(key, { contextSubset: { a: '${x}' } });
  const [, granted] = statements(policyWith(key, [grant]));
  expect(granted?.['Condition']).toEqual({
    StringEquals: { 'kms:encryptioncontextpair:61': '${x}' },
  });
});

test('only the grants that name the caller are weighed', async () => {
  const { create, store } = setup();
  const key = await create({ grants: 3 });
  const names = [user.arn, 'arn:aws:iam::111122223333:user/v', 'arn:aws:iam::111122223333:root'];
  await store.write(async (tx) => {
    for (const [at, grantee] of names.entries()) {
      const row = grantOf(key, { id: String(at), grantee });
      await tx.put(grantRows, `${keyed(key, key.id)}/${at}`, row);
    }
  });
  const named = (text: string) =>
    statements(text)
      .slice(1)
      .map(({ Principal }) => (Principal as { AWS: string }).AWS)
      .sort();
  expect(named(await policyOf(store, key, caller))).toEqual([names[2], names[0]].sort());
  expect(named(await policyOf(store, key))).toEqual([...names].sort());
});

test('who stood in the policy under a name stands there under an id', async () => {
  const { create } = setup();
  const statement = {
    ...{ Effect: 'Allow', Action: 'kms:*', Resource: '*' },
    Principal: { AWS: [user.arn, '111122223333'] },
  };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const key = await create({ policy, trustedIds: { [user.arn]: 'AIDAU' } });
  const [shown] = statements(policyWith(key, []));
  expect(shown?.['Principal']).toEqual({ AWS: ['AIDAU', '111122223333'] });
});

test('grants past what can be read are left out, and the policy stays', async () => {
  const { create } = setup();
  const key = await create();
  const contextEquals = { a: 'x'.repeat(380) };
  const many = Array.from({ length: 1_000 }, () => grantOf(key, { contextEquals }));
  const shown = statements(policyWith(key, many));
  expect(shown.length).toBeGreaterThan(100);
  expect(shown.length).toBeLessThan(1_000);
});

test('retiring is for the retiring principal, and for a grantee whose grant says so', async () => {
  const { create } = setup();
  const key = await create();
  const principals = (more: Partial<GrantRow>) =>
    statements(withRetiring(key.policy, grantOf(key, more)))
      .slice(1)
      .map(({ Principal, Action }) => [Action, Principal]);
  expect(principals({})).toEqual([]);
  const action = 'kms:RetireGrant';
  const retiring = 'sns.amazonaws.com';
  expect(principals({ retiring })).toEqual([[action, { Service: retiring }]]);
  expect(principals({ operations: ['RetireGrant'], granteeId: 'AIDAU' })).toEqual([
    [action, { AWS: 'AIDAU' }],
  ]);
});
