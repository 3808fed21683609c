/** Who counts as an administrator of an account, however many others there are. */
import { expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { administratorRemains } from './administrators.ts';
import { administratorPolicyArn } from './public-policies.ts';
import {
  type AccessKeyRow,
  type AttachmentRow,
  accessKeys,
  attachmentKey,
  attachments,
  groups,
  membershipKey,
  memberships,
  nameKey,
  type UserRow,
  users,
} from './rows.ts';

const account = '111122223333';
const scope = { partition: 'aws', account };
const policyArn = administratorPolicyArn('aws');
const entity = { path: '/', arn: '', createdAtMs: 0, inline: {}, attached: [policyArn] };

function setup() {
  const store = memoryMetadataStore();
  const put = (kind: AttachmentRow['kind'], name: string) => {
    const row: AttachmentRow = { policyArn, as: 'policy', kind, name, id: name };
    return store.write((tx) => tx.put(attachments, attachmentKey(row), row));
  };
  const addUser = (name: string, more: Partial<UserRow> = {}) => {
    const row = { ...entity, account, name, id: name, tags: {}, groups: [], ...more };
    return store.write((tx) => tx.put(users, nameKey(row.account, name), row));
  };
  const addKey = (userName: string, more: Partial<AccessKeyRow> = {}) => {
    const accessKeyId = `AKIA${userName}`;
    const row: AccessKeyRow = {
      ...{ accessKeyId, account, userName, sealedSecret: '', status: 'Active', createdAtMs: 0 },
      ...more,
    };
    return store.write((tx) => tx.put(accessKeys, accessKeyId, row));
  };
  return { store, put, addUser, addKey, remains: () => administratorRemains(store, scope) };
}

test('a user with the policy and an active key', async () => {
  const { put, addUser, addKey, remains } = setup();
  await put('user', 'Ann');
  expect(await remains()).toBe(false);
  await addUser('ann');
  expect(await remains()).toBe(false);
  await addKey('ann', { status: 'Inactive' });
  expect(await remains()).toBe(false);
  await addKey('ann');
  expect(await remains()).toBe(true);
  await addUser('ann', { boundaryArn: policyArn });
  expect(await remains()).toBe(false);
});

test('a member of a group with the policy, after many who are none', async () => {
  const { store, put, addUser, addKey, remains } = setup();
  await put('group', 'ops');
  await store.write(async (tx) => {
    await tx.put(groups, nameKey(account, 'ops'), { ...entity, account, name: 'ops', id: 'g' });
    for (let n = 0; n <= 1_000; n += 1) {
      const user = `u${String(n).padStart(4, '0')}`;
      await tx.put(memberships, membershipKey(account, 'ops', user), { group: 'ops', user });
    }
  });
  expect(await remains()).toBe(false);
  await addUser('u1000', { attached: [] });
  await addKey('u1000');
  expect(await remains()).toBe(true);
});

test('a role, another account and another partition do not count', async () => {
  const { put, addUser, addKey, remains, store } = setup();
  await put('role', 'ann');
  await put('user', 'ann');
  await addUser('ann', { account: '999999999999' });
  await addKey('ann', { account: '999999999999' });
  expect(await remains()).toBe(false);
  await addUser('ann');
  await addKey('ann');
  expect(await remains()).toBe(true);
  expect(await administratorRemains(store, { partition: 'aws-cn', account })).toBe(false);
});
