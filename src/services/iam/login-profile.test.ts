/** Passwords: set, changed, refused when weak or used before, and never kept as they are. */
import { expect, test } from 'vitest';
import { logins } from '../../engines/identity/rows.ts';
import { roleSession, root, setup, startMs } from './principal.fixture.ts';

const good = 'Abcdefg1';
const policyFault = 'PasswordPolicyViolationException';

async function withLogin(more: object = {}) {
  const parts = setup();
  const ann = await parts.userCaller('Ann');
  const input = { UserName: 'ann', Password: good, ...more };
  const created = await parts.run('CreateLoginProfile', input);
  const row = async () => parts.store.get(logins, '111122223333/ann');
  const change = (OldPassword: string, NewPassword: string) =>
    parts.run('ChangePassword', { OldPassword, NewPassword }, ann);
  return { ...parts, ann, created, row, change };
}

test('a login is made, shown without the password, and deleted', async () => {
  const { run, created, row } = await withLogin({ PasswordResetRequired: true });
  const LoginProfile = {
    UserName: 'Ann',
    CreateDate: new Date(startMs),
    PasswordResetRequired: true,
  };
  expect(created).toEqual({ LoginProfile });
  expect(await run('GetLoginProfile', { UserName: 'ANN' })).toEqual({ LoginProfile });
  expect(JSON.stringify(await row())).not.toContain(good);
  const again = run('CreateLoginProfile', { UserName: 'ann', Password: good });
  await expect(again).rejects.toMatchObject({ code: 'EntityAlreadyExistsException' });
  await run('DeleteLoginProfile', { UserName: 'ann' });
  const missing = { code: 'NoSuchEntityException', message: expect.stringContaining('User Ann') };
  for (const operation of [
    'GetLoginProfile',
    'DeleteLoginProfile',
    'UpdateLoginProfile',
  ] as const) {
    await expect(run(operation, { UserName: 'ann' })).rejects.toMatchObject(missing);
  }
});

test('a login needs a password', async () => {
  const { run } = setup();
  await run('CreateUser', { UserName: 'ann' });
  await expect(run('CreateLoginProfile', { UserName: 'ann' })).rejects.toMatchObject({
    code: 'ValidationError',
    message: expect.stringContaining('Password'),
  });
});

test('of two that are made at once one is', async () => {
  const { run } = setup();
  await run('CreateUser', { UserName: 'ann' });
  const make = () => run('CreateLoginProfile', { UserName: 'ann', Password: good });
  const ended = await Promise.allSettled([make(), make()]);
  expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('others set a new password, or only that it must change', async () => {
  const { run, row, clock } = await withLogin();
  clock.moveTo(startMs + 5_000);
  await run('UpdateLoginProfile', { UserName: 'ann', PasswordResetRequired: true });
  expect(await row()).toMatchObject({ mustChange: true, changedAtMs: startMs, earlier: [] });
  await run('UpdateLoginProfile', { UserName: 'ann', Password: 'Other999' });
  expect(await row()).toMatchObject({
    ...{ mustChange: true, changedAtMs: startMs + 5_000, createdAtMs: startMs },
    ...{ hash: 'hash:999rehtO', earlier: ['hash:1gfedcbA'] },
  });
});

test('a user changes their own password with the old one', async () => {
  const { change, row, run } = await withLogin({ PasswordResetRequired: true });
  await expect(change('Wrong999', 'Newpass1')).rejects.toMatchObject({
    code: 'AccessDenied',
    message: 'The old password was incorrect.',
  });
  await change(good, 'Newpass1');
  expect(await row()).toMatchObject({ mustChange: false });
  await expect(change(good, 'Newpass2')).rejects.toMatchObject({ code: 'AccessDenied' });
  const passwords = { OldPassword: good, NewPassword: 'Newpass2' };
  for (const caller of [root, roleSession]) {
    await expect(run('ChangePassword', passwords, caller)).rejects.toMatchObject({
      code: 'InvalidUserTypeException',
    });
  }
});

test('the old password is not found out by guessing', async () => {
  const { change, clock } = await withLogin();
  for (let n = 0; n < 5; n += 1) {
    await expect(change(`guess ${n}`, 'Newpass1')).rejects.toMatchObject({ code: 'AccessDenied' });
  }
  await expect(change(good, 'Newpass1')).rejects.toMatchObject({ code: 'Throttling' });
  clock.moveTo(clock.nowMs() + 1_000);
  await change(good, 'Newpass1');
  await change('Newpass1', 'Newpass2');
});

test('of two changes at once one is refused', async () => {
  const { change } = await withLogin();
  const ended = await Promise.allSettled([change(good, 'Newpass1'), change(good, 'Newpass2')]);
  expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(ended.find(({ status }) => status === 'rejected')).toMatchObject({
    reason: { code: 'EntityTemporarilyUnmodifiableException' },
  });
});

test('weak passwords are refused without being shown', async () => {
  const { run, change } = await withLogin();
  for (const weak of ['Abcdef1', 'abcdefgh', 'ann']) {
    for (const asked of [
      change(good, weak),
      run('UpdateLoginProfile', { UserName: 'ann', Password: weak }),
    ]) {
      await expect(asked).rejects.toMatchObject({
        code: policyFault,
        message: expect.not.stringContaining(weak),
      });
    }
  }
});

test("the account's own policy decides, with no reuse", async () => {
  const { run, change } = await withLogin();
  await run('UpdateAccountPasswordPolicy', { PasswordReusePrevention: 2, RequireSymbols: true });
  await expect(change(good, 'abcdefg')).rejects.toThrow('at least one symbol');
  await change(good, 'first!');
  const reused = { code: policyFault, message: expect.stringContaining('reuse') };
  await expect(change('first!', 'first!')).rejects.toMatchObject(reused);
  await change('first!', 'second!');
  await expect(change('second!', 'first!')).rejects.toMatchObject(reused);
  await change('second!', 'third!');
  await change('third!', 'first!');
});

test('a change is for users with a password', async () => {
  const { run, userCaller } = setup();
  const bob = await userCaller('bob');
  const passwords = { OldPassword: 'x', NewPassword: good };
  await expect(run('ChangePassword', passwords, bob)).rejects.toMatchObject({
    code: 'NoSuchEntityException',
    message: 'Login Profile for User bob cannot be found.',
  });
});
