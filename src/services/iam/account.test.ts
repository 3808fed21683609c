/** What is about the whole account: alias, password policy, counts and the credential report. */
import type * as sdk from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { keyUses } from '../../engines/identity/rows.ts';
import { dayMs, hourMs } from '../../kernel/clock.ts';
import { arnOf, setup, startMs } from './principal.fixture.ts';

test('the alias: one, replaced by the next', async () => {
  const { run } = setup();
  expect(await run('ListAccountAliases')).toEqual({ AccountAliases: [], IsTruncated: false });
  await run('CreateAccountAlias', { AccountAlias: 'one' });
  await expect(run('CreateAccountAlias', { AccountAlias: 'one' })).rejects.toMatchObject({
    code: 'EntityAlreadyExistsException',
  });
  await run('CreateAccountAlias', { AccountAlias: 'two' });
  expect(await run('ListAccountAliases')).toMatchObject({ AccountAliases: ['two'] });
  await expect(run('DeleteAccountAlias', { AccountAlias: 'one' })).rejects.toMatchObject({
    code: 'NoSuchEntityException',
  });
  await run('UpdateAccountPasswordPolicy', {});
  await run('DeleteAccountAlias', { AccountAlias: 'two' });
  expect(await run('ListAccountAliases')).toMatchObject({ AccountAliases: [] });
  expect(await run('GetAccountPasswordPolicy')).toHaveProperty('PasswordPolicy');
});

test('the password policy: as given, the rest as the original has it', async () => {
  const { run } = setup();
  const missing = {
    code: 'NoSuchEntityException',
    message: 'The Password Policy with domain name 111122223333 cannot be found.',
  };
  await expect(run('GetAccountPasswordPolicy')).rejects.toMatchObject(missing);
  await expect(run('DeleteAccountPasswordPolicy')).rejects.toMatchObject(missing);
  await run('UpdateAccountPasswordPolicy', { MaxPasswordAge: 90, HardExpiry: true });
  const usual = {
    ...{ MinimumPasswordLength: 6, RequireSymbols: false, RequireNumbers: false },
    ...{ RequireUppercaseCharacters: false, RequireLowercaseCharacters: false },
    ...{ AllowUsersToChangePassword: false, ExpirePasswords: false },
  };
  expect(await run('GetAccountPasswordPolicy')).toEqual({
    PasswordPolicy: { ...usual, ExpirePasswords: true, MaxPasswordAge: 90, HardExpiry: true },
  });
  await run('UpdateAccountPasswordPolicy', {
    ...{ MinimumPasswordLength: 14, PasswordReusePrevention: 24, RequireSymbols: true },
  });
  expect(await run('GetAccountPasswordPolicy')).toEqual({
    PasswordPolicy: {
      ...usual,
      ...{ MinimumPasswordLength: 14, PasswordReusePrevention: 24, RequireSymbols: true },
    },
  });
  await run('DeleteAccountPasswordPolicy');
  await expect(run('GetAccountPasswordPolicy')).rejects.toMatchObject(missing);
});

test('the summary counts', async () => {
  const { run } = setup();
  for (const UserName of ['a', 'b']) await run('CreateUser', { UserName });
  await run('CreateGroup', { GroupName: 'g' });
  await run('CreateVirtualMFADevice', { VirtualMFADeviceName: 'd' });
  const { SummaryMap } = await run<sdk.GetAccountSummaryResponse>('GetAccountSummary');
  expect(SummaryMap).toMatchObject({
    ...{ Users: 2, Groups: 1, Roles: 0, Policies: 0, MFADevices: 1, MFADevicesInUse: 0 },
    ...{ UsersQuota: 5000, GroupsQuota: 300, AccessKeysPerUserQuota: 2, AccountMFAEnabled: 0 },
    ...{ PolicySizeQuota: 6144, AssumeRolePolicySizeQuota: 2048 },
  });
});

const header =
  'user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,' +
  'password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,' +
  'access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,' +
  'access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,' +
  'access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,' +
  'cert_1_last_rotated,cert_2_active,cert_2_last_rotated';

test('the credential report has a line a user', async () => {
  const { run, identity, clock } = setup();
  await expect(run('GetCredentialReport')).rejects.toMatchObject({
    code: 'CredentialReportNotPresentException',
  });
  await run('CreateUser', { UserName: 'a,b' });
  clock.moveTo(startMs + dayMs);
  await run('UpdateAccountPasswordPolicy', { MaxPasswordAge: 30 });
  await run('CreateUser', { UserName: 'full' });
  await run('CreateLoginProfile', { UserName: 'full', Password: 'abcdef' });
  const { AccessKey } = await run<{ AccessKey: sdk.AccessKey }>('CreateAccessKey', {
    UserName: 'full',
  });
  const use = { atMs: startMs + 2 * dayMs, service: 's3', region: 'eu-west-1' };
  await identity.write((tx) => tx.put(keyUses, AccessKey.AccessKeyId ?? '', use));
  expect(await run('GenerateCredentialReport')).toEqual({ State: 'COMPLETE' });
  const report = await run<sdk.GetCredentialReportResponse>('GetCredentialReport');
  expect(report).toMatchObject({
    ReportFormat: 'text/csv',
    GeneratedTime: new Date(startMs + dayMs),
  });
  const stamp = (day: number) => `2026-01-0${day}T03:04:05+00:00`;
  const none = 'false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A';
  expect(
    Buffer.from(report.Content ?? [])
      .toString()
      .split('\n'),
  ).toEqual([
    header,
    `<root_account>,${arnOf('root')},${stamp(2)},` +
      `not_supported,N/A,not_supported,not_supported,false,${none}`,
    `"a,b","${arnOf('user/a,b')}",${stamp(2)},false,N/A,N/A,N/A,false,${none}`,
    `full,${arnOf('user/full')},${stamp(3)},true,no_information,${stamp(3)},` +
      `2026-02-02T03:04:05+00:00,false,true,${stamp(3)},${stamp(4)},eu-west-1,s3,` +
      'false,N/A,N/A,N/A,N/A,false,N/A,false,N/A',
  ]);
});

test('a report gets old', async () => {
  const { run, clock } = setup();
  await run('GenerateCredentialReport');
  clock.moveTo(startMs + 4 * hourMs);
  await run('GetCredentialReport');
  clock.moveTo(startMs + 4 * hourMs + 1);
  await expect(run('GetCredentialReport')).rejects.toMatchObject({
    code: 'CredentialReportExpiredException',
  });
});
