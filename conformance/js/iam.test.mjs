/** The AWS SDK for JavaScript: every family of identities and policies, and sessions of roles. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as sdk from '@aws-sdk/client-iam';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import * as token from '@aws-sdk/client-sts';
import { allow, named, once, policyOf, refusal } from './clients.mjs';

const iam = new sdk.IAMClient(once);
const sts = new token.STSClient(once);
const waiting = { client: iam, maxWaitTime: 20, minDelay: 1, maxDelay: 1 };
const UserName = named('user');
const RoleName = named('role');
const GroupName = named('group');
const Path = `/${named('path')}/`;
/** Taken away at the end, the last first. */
const undo = [];
let account;
let user;
let role;

/** `send('CreateUser', …)` for the command of that name. */
const send = (operation, input = {}) => iam.send(new sdk[`${operation}Command`](input));
const ask = (operation, input = {}) => sts.send(new token[`${operation}Command`](input));
const credentialsOf = ({ AccessKeyId, SecretAccessKey, SessionToken }) => ({
  accessKeyId: AccessKeyId,
  secretAccessKey: SecretAccessKey,
  ...(SessionToken ? { sessionToken: SessionToken } : {}),
});

async function refusedAs(type, call) {
  const { error, status } = await refusal(call);
  assert.ok(error instanceof type, `${error.name}: ${error.message}`);
  return { error, status };
}

async function gathered(pages, member) {
  const items = [];
  let count = 0;
  for await (const page of pages) {
    items.push(...page[member]);
    count += 1;
  }
  return { items, count };
}

before(async () => {
  account = (await ask('GetCallerIdentity')).Account;
  user = (await send('CreateUser', { UserName, Path, Tags: [{ Key: 'team', Value: 'a' }] })).User;
  await sdk.waitUntilUserExists(waiting, { UserName });
  const trust = { Effect: 'Allow', Principal: { AWS: user.Arn }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = policyOf(trust);
  role = (await send('CreateRole', { RoleName, Path, AssumeRolePolicyDocument })).Role;
  await sdk.waitUntilRoleExists(waiting, { RoleName });
});

after(async () => {
  for (const each of undo.reverse()) await each();
  await send('DeleteRole', { RoleName });
  await send('DeleteUser', { UserName });
});

test('users: told, tagged, renamed, listed by pages', async () => {
  const told = (await send('GetUser', { UserName })).User;
  assert.match(told.UserId, /^AIDA[A-Z0-9]{17}$/);
  assert.equal(told.Arn, `arn:aws:iam::${account}:user${Path}${UserName}`);
  assert.ok(told.CreateDate instanceof Date);
  await send('TagUser', { UserName, Tags: [{ Key: 'cost', Value: '1' }] });
  await send('UntagUser', { UserName, TagKeys: ['team'] });
  const { items: tags } = await gathered(
    sdk.paginateListUserTags({ client: iam }, { UserName }),
    'Tags',
  );
  assert.deepEqual(tags, [{ Key: 'cost', Value: '1' }]);
  const others = [named('a'), named('b')].sort();
  for (const name of others) await send('CreateUser', { UserName: name, Path });
  const { items, count } = await gathered(
    sdk.paginateListUsers({ client: iam, pageSize: 1 }, { PathPrefix: Path }),
    'Users',
  );
  assert.deepEqual(items.map((one) => one.UserName).sort(), [...others, UserName].sort());
  assert.equal(count, 3);
  const NewUserName = named('renamed');
  await send('UpdateUser', { UserName: others[0], NewUserName });
  for (const name of [NewUserName, others[1]]) await send('DeleteUser', { UserName: name });
  const { error, status } = await refusedAs(sdk.NoSuchEntityException, () =>
    send('GetUser', { UserName: others[0] }),
  );
  assert.deepEqual([error.name, status], ['NoSuchEntityException', 404]);
  await refusedAs(sdk.EntityAlreadyExistsException, () => send('CreateUser', { UserName }));
  const wrong = await refusal(() => send('CreateUser', { UserName: 'no spaces' }));
  assert.deepEqual([wrong.code, wrong.status], ['ValidationError', 400]);
});

test('groups: members come, are listed and go', async () => {
  await send('CreateGroup', { GroupName, Path });
  await send('AddUserToGroup', { GroupName, UserName });
  const members = await gathered(sdk.paginateGetGroup({ client: iam }, { GroupName }), 'Users');
  assert.deepEqual(
    members.items.map((one) => one.UserName),
    [UserName],
  );
  const of = await gathered(sdk.paginateListGroupsForUser({ client: iam }, { UserName }), 'Groups');
  assert.deepEqual(
    of.items.map((one) => one.GroupName),
    [GroupName],
  );
  await send('PutGroupPolicy', {
    GroupName,
    PolicyName: 'see',
    PolicyDocument: allow('sns:ListTopics'),
  });
  const inline = await gathered(
    sdk.paginateListGroupPolicies({ client: iam }, { GroupName }),
    'PolicyNames',
  );
  assert.deepEqual(inline.items, ['see']);
  const see = await send('GetGroupPolicy', { GroupName, PolicyName: 'see' });
  assert.equal(decodeURIComponent(see.PolicyDocument), allow('sns:ListTopics'));
  await refusedAs(sdk.DeleteConflictException, () => send('DeleteGroup', { GroupName }));
  await send('RemoveUserFromGroup', { GroupName, UserName });
  await send('DeleteGroupPolicy', { GroupName, PolicyName: 'see' });
  const NewGroupName = `${GroupName}-new`;
  await send('UpdateGroup', { GroupName, NewGroupName });
  const { items } = await gathered(
    sdk.paginateListGroups({ client: iam }, { PathPrefix: Path }),
    'Groups',
  );
  assert.deepEqual(
    items.map((one) => one.GroupName),
    [NewGroupName],
  );
  await send('DeleteGroup', { GroupName: NewGroupName });
});

test('keys: two at most, and none that is inactive', async () => {
  const { AccessKey } = await send('CreateAccessKey', { UserName });
  const own = new token.STSClient({ ...once, credentials: credentialsOf(AccessKey) });
  const who = await own.send(new token.GetCallerIdentityCommand({}));
  assert.equal(who.Arn, user.Arn);
  assert.equal(who.UserId, user.UserId);
  const { AccessKeyId } = AccessKey;
  assert.equal((await ask('GetAccessKeyInfo', { AccessKeyId })).Account, account);
  const second = (await send('CreateAccessKey', { UserName })).AccessKey.AccessKeyId;
  await refusedAs(sdk.LimitExceededException, () => send('CreateAccessKey', { UserName }));
  const listed = await gathered(
    sdk.paginateListAccessKeys({ client: iam, pageSize: 1 }, { UserName }),
    'AccessKeyMetadata',
  );
  assert.deepEqual(listed.items.map((one) => one.AccessKeyId).sort(), [AccessKeyId, second].sort());
  await send('UpdateAccessKey', { UserName, AccessKeyId, Status: 'Inactive' });
  const { code, status } = await refusal(() => own.send(new token.GetCallerIdentityCommand({})));
  assert.deepEqual([code, status], ['InvalidClientTokenId', 403]);
  const used = await send('GetAccessKeyLastUsed', { AccessKeyId });
  assert.equal(used.UserName, UserName);
  for (const id of [AccessKeyId, second]) {
    await send('DeleteAccessKey', { UserName, AccessKeyId: id });
  }
});

test('passwords: by the policy of the account', async () => {
  const before = await send('GetAccountPasswordPolicy').catch((error) => error);
  await send('UpdateAccountPasswordPolicy', { MinimumPasswordLength: 14, RequireSymbols: true });
  const { PasswordPolicy } = await send('GetAccountPasswordPolicy');
  assert.equal(PasswordPolicy.MinimumPasswordLength, 14);
  await refusedAs(sdk.PasswordPolicyViolationException, () =>
    send('CreateLoginProfile', { UserName, Password: 'too-Short1' }),
  );
  const Password = 'correct-Horse-battery-9';
  await send('CreateLoginProfile', { UserName, Password, PasswordResetRequired: true });
  assert.equal(
    (await send('GetLoginProfile', { UserName })).LoginProfile.PasswordResetRequired,
    true,
  );
  await send('UpdateLoginProfile', { UserName, PasswordResetRequired: false });
  assert.equal(
    (await send('GetLoginProfile', { UserName })).LoginProfile.PasswordResetRequired,
    false,
  );
  await send('PutUserPolicy', {
    ...{ UserName, PolicyName: 'own', PolicyDocument: allow('iam:ChangePassword', user.Arn) },
  });
  const { AccessKey } = await send('CreateAccessKey', { UserName });
  const own = new sdk.IAMClient({ ...once, credentials: credentialsOf(AccessKey) });
  const change = (OldPassword, NewPassword) =>
    own.send(new sdk.ChangePasswordCommand({ OldPassword, NewPassword }));
  await change(Password, `${Password}-new`);
  const wrong = await refusal(() => change(Password, `${Password}-newer`));
  assert.deepEqual([wrong.code, wrong.status], ['AccessDenied', 403]);
  await send('DeleteAccessKey', { UserName, AccessKeyId: AccessKey.AccessKeyId });
  await send('DeleteUserPolicy', { UserName, PolicyName: 'own' });
  await send('DeleteLoginProfile', { UserName });
  await send('DeleteAccountPasswordPolicy');
  assert.ok(before instanceof sdk.NoSuchEntityException, 'the account had no policy before');
  await refusedAs(sdk.NoSuchEntityException, () => send('GetAccountPasswordPolicy'));
});

test('policies: versions, attachments to each kind, and who has them', async () => {
  const PolicyName = named('policy');
  const { Policy } = await send('CreatePolicy', {
    PolicyName,
    Path,
    PolicyDocument: allow('sqs:ListQueues'),
    Tags: [{ Key: 'k', Value: 'v' }],
  });
  const PolicyArn = Policy.Arn;
  await sdk.waitUntilPolicyExists(waiting, { PolicyArn });
  await send('CreateGroup', { GroupName });
  await send('AttachUserPolicy', { UserName, PolicyArn });
  await send('AttachGroupPolicy', { GroupName, PolicyArn });
  await send('AttachRolePolicy', { RoleName, PolicyArn });
  const holders = await send('ListEntitiesForPolicy', { PolicyArn });
  assert.deepEqual(
    [holders.PolicyUsers[0].UserName, holders.PolicyGroups[0].GroupName],
    [UserName, GroupName],
  );
  assert.equal(holders.PolicyRoles[0].RoleName, RoleName);
  for (const [kind, owner] of Object.entries({
    User: { UserName },
    Group: { GroupName },
    Role: { RoleName },
  })) {
    const { items } = await gathered(
      sdk[`paginateListAttached${kind}Policies`]({ client: iam }, owner),
      'AttachedPolicies',
    );
    assert.deepEqual(items, [{ PolicyName, PolicyArn }], kind);
  }
  assert.equal((await send('GetPolicy', { PolicyArn })).Policy.AttachmentCount, 3);
  await refusedAs(sdk.DeleteConflictException, () => send('DeletePolicy', { PolicyArn }));
  for (let version = 2; version <= 5; version += 1) {
    const PolicyDocument = allow(`sqs:Action${version}`);
    await send('CreatePolicyVersion', { PolicyArn, PolicyDocument, SetAsDefault: version === 5 });
  }
  await refusedAs(sdk.LimitExceededException, () =>
    send('CreatePolicyVersion', { PolicyArn, PolicyDocument: allow('sqs:*') }),
  );
  const { PolicyVersion } = await send('GetPolicyVersion', { PolicyArn, VersionId: 'v3' });
  assert.equal(decodeURIComponent(PolicyVersion.Document), allow('sqs:Action3'));
  const versions = await gathered(
    sdk.paginateListPolicyVersions({ client: iam, pageSize: 2 }, { PolicyArn }),
    'Versions',
  );
  assert.deepEqual([versions.items.length, versions.count], [5, 3]);
  assert.deepEqual(
    versions.items.filter((one) => one.IsDefaultVersion).map((one) => one.VersionId),
    ['v5'],
  );
  await send('SetDefaultPolicyVersion', { PolicyArn, VersionId: 'v1' });
  for (const VersionId of ['v2', 'v3', 'v4', 'v5']) {
    await send('DeletePolicyVersion', { PolicyArn, VersionId });
  }
  await send('TagPolicy', { PolicyArn, Tags: [{ Key: 'l', Value: 'w' }] });
  await send('UntagPolicy', { PolicyArn, TagKeys: ['k'] });
  assert.deepEqual((await send('ListPolicyTags', { PolicyArn })).Tags, [{ Key: 'l', Value: 'w' }]);
  const local = await gathered(
    sdk.paginateListPolicies({ client: iam, pageSize: 1 }, { Scope: 'Local', PathPrefix: Path }),
    'Policies',
  );
  assert.deepEqual(
    local.items.map((one) => one.Arn),
    [PolicyArn],
  );
  await send('DetachUserPolicy', { UserName, PolicyArn });
  await send('DetachGroupPolicy', { GroupName, PolicyArn });
  await send('DetachRolePolicy', { RoleName, PolicyArn });
  await send('DeleteGroup', { GroupName });
  await send('DeletePolicy', { PolicyArn });
  await refusedAs(sdk.MalformedPolicyDocumentException, () =>
    send('CreatePolicy', { PolicyName, PolicyDocument: '{"Statement": "?"}' }),
  );
});

test('policies of AWS: there, and changed by nobody', async () => {
  const { items } = await gathered(
    sdk.paginateListPolicies({ client: iam, pageSize: 100 }, { Scope: 'AWS' }),
    'Policies',
  );
  const arns = new Set(items.map(({ Arn }) => Arn));
  const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
  assert.ok(arns.has(PolicyArn) && arns.size === items.length);
  const { status } = await refusal(() => send('DeletePolicy', { PolicyArn }));
  assert.equal(status, 403);
});

test('inline policies: of users and roles', async () => {
  const PolicyName = 'own';
  const PolicyDocument = allow(['s3:GetObject'], 'arn:aws:s3:::a/ü/*');
  for (const [kind, owner] of [
    ['User', { UserName }],
    ['Role', { RoleName }],
  ]) {
    await send(`Put${kind}Policy`, { ...owner, PolicyName, PolicyDocument });
    const told = await send(`Get${kind}Policy`, { ...owner, PolicyName });
    assert.equal(decodeURIComponent(told.PolicyDocument), PolicyDocument);
    const { items } = await gathered(
      sdk[`paginateList${kind}Policies`]({ client: iam }, owner),
      'PolicyNames',
    );
    assert.deepEqual(items, [PolicyName]);
    await send(`Delete${kind}Policy`, { ...owner, PolicyName });
    await refusedAs(sdk.NoSuchEntityException, () =>
      send(`Get${kind}Policy`, { ...owner, PolicyName }),
    );
  }
});

test('boundaries: of users and roles', async () => {
  const PermissionsBoundary = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
  await send('PutUserPermissionsBoundary', { UserName, PermissionsBoundary });
  await send('PutRolePermissionsBoundary', { RoleName, PermissionsBoundary });
  const bounded = [
    (await send('GetUser', { UserName })).User,
    (await send('GetRole', { RoleName })).Role,
  ];
  for (const { PermissionsBoundary: told } of bounded) {
    assert.equal(told.PermissionsBoundaryArn, PermissionsBoundary);
  }
  await send('DeleteUserPermissionsBoundary', { UserName });
  await send('DeleteRolePermissionsBoundary', { RoleName });
  assert.equal((await send('GetUser', { UserName })).User.PermissionsBoundary, undefined);
});

test('roles: described, tagged, trusted anew, listed', async () => {
  await send('UpdateRole', { RoleName, Description: 'for tests', MaxSessionDuration: 7_200 });
  assert.equal(
    (await send('UpdateRoleDescription', { RoleName, Description: 'of tests' })).Role.RoleName,
    RoleName,
  );
  await send('TagRole', { RoleName, Tags: [{ Key: 'a', Value: '1' }] });
  const told = (await send('GetRole', { RoleName })).Role;
  assert.deepEqual([told.Description, told.MaxSessionDuration], ['of tests', 7_200]);
  const trusted = JSON.parse(decodeURIComponent(told.AssumeRolePolicyDocument));
  assert.equal(trusted.Statement[0].Principal.AWS, user.Arn);
  assert.deepEqual((await send('ListRoleTags', { RoleName })).Tags, [{ Key: 'a', Value: '1' }]);
  await send('UntagRole', { RoleName, TagKeys: ['a'] });
  await refusedAs(sdk.MalformedPolicyDocumentException, () =>
    send('UpdateAssumeRolePolicy', { RoleName, PolicyDocument: allow('sts:AssumeRole') }),
  );
  await send('UpdateAssumeRolePolicy', {
    RoleName,
    PolicyDocument: decodeURIComponent(told.AssumeRolePolicyDocument),
  });
  const { items } = await gathered(
    sdk.paginateListRoles({ client: iam }, { PathPrefix: Path }),
    'Roles',
  );
  assert.deepEqual(
    items.map((one) => one.Arn),
    [role.Arn],
  );
});

test('service-linked roles: made and deleted by their own operations', async () => {
  const AWSServiceName = 'sagemaker.application-autoscaling.amazonaws.com';
  const { Role } = await send('CreateServiceLinkedRole', { AWSServiceName });
  assert.equal(Role.Path, `/aws-service-role/${AWSServiceName}/`);
  await refusedAs(sdk.InvalidInputException, () =>
    send('CreateServiceLinkedRole', { AWSServiceName }),
  );
  await refusedAs(sdk.UnmodifiableEntityException, () =>
    send('DeleteRole', { RoleName: Role.RoleName }),
  );
  const { DeletionTaskId } = await send('DeleteServiceLinkedRole', { RoleName: Role.RoleName });
  const { Status } = await send('GetServiceLinkedRoleDeletionStatus', { DeletionTaskId });
  assert.equal(Status, 'SUCCEEDED');
});

test('instance profiles: hold a role', async () => {
  const InstanceProfileName = named('profile');
  await send('CreateInstanceProfile', { InstanceProfileName, Path });
  await sdk.waitUntilInstanceProfileExists(waiting, { InstanceProfileName });
  await send('AddRoleToInstanceProfile', { InstanceProfileName, RoleName });
  const { InstanceProfile } = await send('GetInstanceProfile', { InstanceProfileName });
  assert.equal(InstanceProfile.Roles[0].Arn, role.Arn);
  await send('TagInstanceProfile', { InstanceProfileName, Tags: [{ Key: 'k', Value: 'v' }] });
  const { Tags } = await send('ListInstanceProfileTags', { InstanceProfileName });
  assert.deepEqual(Tags, [{ Key: 'k', Value: 'v' }]);
  await send('UntagInstanceProfile', { InstanceProfileName, TagKeys: ['k'] });
  const lists = [
    sdk.paginateListInstanceProfiles({ client: iam }, { PathPrefix: Path }),
    sdk.paginateListInstanceProfilesForRole({ client: iam }, { RoleName }),
  ];
  for (const pages of lists) {
    const { items } = await gathered(pages, 'InstanceProfiles');
    assert.deepEqual(
      items.map((one) => one.InstanceProfileName),
      [InstanceProfileName],
    );
  }
  await send('RemoveRoleFromInstanceProfile', { InstanceProfileName, RoleName });
  await send('DeleteInstanceProfile', { InstanceProfileName });
});

test('providers of web identities', async () => {
  const host = `${named('issuer')}.example.com`;
  const { OpenIDConnectProviderArn } = await send('CreateOpenIDConnectProvider', {
    Url: `https://${host}`,
    ClientIDList: ['one'],
    ThumbprintList: ['a'.repeat(40)],
  });
  const at = { OpenIDConnectProviderArn };
  assert.equal(OpenIDConnectProviderArn, `arn:aws:iam::${account}:oidc-provider/${host}`);
  await send('AddClientIDToOpenIDConnectProvider', { ...at, ClientID: 'two' });
  await send('RemoveClientIDFromOpenIDConnectProvider', { ...at, ClientID: 'one' });
  const ThumbprintList = ['b'.repeat(40)];
  await send('UpdateOpenIDConnectProviderThumbprint', { ...at, ThumbprintList });
  await send('TagOpenIDConnectProvider', { ...at, Tags: [{ Key: 'k', Value: 'v' }] });
  assert.deepEqual((await send('ListOpenIDConnectProviderTags', at)).Tags, [
    { Key: 'k', Value: 'v' },
  ]);
  await send('UntagOpenIDConnectProvider', { ...at, TagKeys: ['k'] });
  const told = await send('GetOpenIDConnectProvider', at);
  assert.deepEqual(
    [told.Url, told.ClientIDList, told.ThumbprintList],
    [host, ['two'], ThumbprintList],
  );
  const { OpenIDConnectProviderList: list } = await send('ListOpenIDConnectProviders');
  assert.ok(list.some(({ Arn }) => Arn === OpenIDConnectProviderArn));
  await send('DeleteOpenIDConnectProvider', at);
  const call = { RoleArn: role.Arn, RoleSessionName: 'web', WebIdentityToken: 'no.such.token' };
  await refusedAs(token.InvalidIdentityTokenException, () =>
    ask('AssumeRoleWithWebIdentity', call),
  );
});

test('the account: alias, summary, reports', async () => {
  const AccountAlias = named('alias');
  const aliases = async () => (await send('ListAccountAliases')).AccountAliases;
  assert.deepEqual(await aliases(), []);
  await send('CreateAccountAlias', { AccountAlias });
  assert.deepEqual(await aliases(), [AccountAlias]);
  await send('DeleteAccountAlias', { AccountAlias });
  const { SummaryMap } = await send('GetAccountSummary');
  assert.ok(SummaryMap.Users >= 1 && SummaryMap.Roles >= 1);
  assert.equal((await send('GenerateCredentialReport')).State, 'COMPLETE');
  const { Content } = await send('GetCredentialReport');
  const lines = Buffer.from(Content).toString().split('\n');
  assert.ok(lines[0].startsWith('user,arn,user_creation_time,'));
  assert.ok(lines.some((line) => line.startsWith(`${UserName},${user.Arn},`)));
  const { items } = await gathered(
    sdk.paginateGetAccountAuthorizationDetails({ client: iam }, { Filter: ['Role'] }),
    'RoleDetailList',
  );
  assert.ok(items.some((one) => one.RoleName === RoleName));
});

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const stepMs = 30_000;

function bytesOf(base32) {
  const bits = Array.from(base32, (letter) =>
    alphabet.indexOf(letter).toString(2).padStart(5, '0'),
  ).join('');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
}

/** RFC 6238: six digits of the time's step. */
function codeAt(seed, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac('sha1', bytesOf(seed)).update(counter).digest();
  const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

test('devices: made, enabled by two codes, used for a session', async () => {
  const { VirtualMFADevice } = await send('CreateVirtualMFADevice', {
    VirtualMFADeviceName: named('device'),
    Tags: [{ Key: 'k', Value: 'v' }],
  });
  const { SerialNumber, Base32StringSeed, QRCodePNG } = VirtualMFADevice;
  assert.equal(Buffer.from(QRCodePNG).toString('latin1', 1, 4), 'PNG');
  const seed = Buffer.from(Base32StringSeed).toString();
  const step = Math.floor(Date.now() / stepMs);
  const own = { UserName, SerialNumber };
  await refusedAs(sdk.InvalidAuthenticationCodeException, () =>
    send('EnableMFADevice', {
      ...own,
      AuthenticationCode1: codeAt(seed, step),
      AuthenticationCode2: codeAt(seed, step),
    }),
  );
  await send('EnableMFADevice', {
    ...own,
    AuthenticationCode1: codeAt(seed, step - 1),
    AuthenticationCode2: codeAt(seed, step),
  });
  const listed = await gathered(
    sdk.paginateListMFADevices({ client: iam }, { UserName }),
    'MFADevices',
  );
  assert.deepEqual(
    listed.items.map((one) => one.SerialNumber),
    [SerialNumber],
  );
  const assigned = await gathered(
    sdk.paginateListVirtualMFADevices({ client: iam }, { AssignmentStatus: 'Assigned' }),
    'VirtualMFADevices',
  );
  assert.ok(assigned.items.some((one) => one.User.Arn === user.Arn));
  assert.equal((await send('GetMFADevice', own)).UserName, UserName);
  assert.deepEqual((await send('ListMFADeviceTags', { SerialNumber })).Tags, [
    { Key: 'k', Value: 'v' },
  ]);
  await send('TagMFADevice', { SerialNumber, Tags: [{ Key: 'l', Value: 'w' }] });
  await send('UntagMFADevice', { SerialNumber, TagKeys: ['k'] });
  const { AccessKey } = await send('CreateAccessKey', { UserName });
  const client = new token.STSClient({ ...once, credentials: credentialsOf(AccessKey) });
  const TokenCode = codeAt(seed, step + 1);
  const { Credentials } = await client.send(
    new token.GetSessionTokenCommand({ SerialNumber, TokenCode, DurationSeconds: 900 }),
  );
  assert.ok(Credentials.Expiration > new Date());
  const again = await refusal(() =>
    client.send(new token.GetSessionTokenCommand({ SerialNumber, TokenCode })),
  );
  assert.deepEqual([again.code, again.status], ['AccessDenied', 403]);
  await refusedAs(sdk.DeleteConflictException, () =>
    send('DeleteVirtualMFADevice', { SerialNumber }),
  );
  await send('DeactivateMFADevice', own);
  await send('DeleteVirtualMFADevice', { SerialNumber });
  await send('DeleteAccessKey', { UserName, AccessKeyId: AccessKey.AccessKeyId });
});

test('simulations: decisions, the statements that made them, the keys that lack', async () => {
  const PolicyInputList = [
    policyOf(
      { Effect: 'Allow', Action: 's3:*', Resource: '*' },
      { Effect: 'Deny', Action: 's3:Delete*', Resource: 'arn:aws:s3:::kept/*' },
    ),
  ];
  const { items } = await gathered(
    sdk.paginateSimulateCustomPolicy(
      { client: iam, pageSize: 1 },
      {
        PolicyInputList,
        ActionNames: ['s3:GetObject', 's3:DeleteObject'],
        ResourceArns: ['arn:aws:s3:::kept/k'],
      },
    ),
    'EvaluationResults',
  );
  assert.deepEqual(
    items.map((one) => [one.EvalActionName, one.EvalDecision]),
    [
      ['s3:GetObject', 'allowed'],
      ['s3:DeleteObject', 'explicitDeny'],
    ],
  );
  assert.equal(items[1].MatchedStatements.length, 1);
  const PolicyDocument = policyOf({
    ...{ Effect: 'Allow', Action: 'sqs:*', Resource: '*' },
    Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } },
  });
  await send('PutUserPolicy', { UserName, PolicyName: 'simulated', PolicyDocument });
  const PolicySourceArn = user.Arn;
  const keys = await send('GetContextKeysForPrincipalPolicy', { PolicySourceArn });
  assert.deepEqual(keys.ContextKeyNames, ['aws:RequestedRegion']);
  const custom = await send('GetContextKeysForCustomPolicy', { PolicyInputList: [PolicyDocument] });
  assert.deepEqual(custom.ContextKeyNames, ['aws:RequestedRegion']);
  const ContextEntries = [
    {
      ContextKeyName: 'aws:RequestedRegion',
      ContextKeyType: 'string',
      ContextKeyValues: ['eu-west-1'],
    },
  ];
  const decisionWith = async (entries) => {
    const { EvaluationResults } = await send('SimulatePrincipalPolicy', {
      ...{ PolicySourceArn, ActionNames: ['sqs:SendMessage'], ContextEntries: entries },
    });
    return EvaluationResults[0].EvalDecision;
  };
  assert.equal(await decisionWith([]), 'implicitDeny');
  assert.equal(await decisionWith(ContextEntries), 'allowed');
  await send('DeleteUserPolicy', { UserName, PolicyName: 'simulated' });
});

test('sessions: of the role, of a federated user, and by a profile', async () => {
  const { AccessKey } = await send('CreateAccessKey', { UserName });
  const { AccessKeyId } = AccessKey;
  undo.push(() => send('DeleteAccessKey', { UserName, AccessKeyId }));
  const see = { PolicyName: 'see', PolicyDocument: allow('s3:ListAllMyBuckets') };
  await send('PutRolePolicy', { RoleName, ...see });
  undo.push(() => send('DeleteRolePolicy', { RoleName, PolicyName: 'see' }));
  const client = new token.STSClient({ ...once, credentials: credentialsOf(AccessKey) });
  const told = await client.send(
    new token.AssumeRoleCommand({ RoleArn: role.Arn, RoleSessionName: 'js' }),
  );
  assert.equal(told.AssumedRoleUser.Arn, `arn:aws:sts::${account}:assumed-role/${RoleName}/js`);
  const as = { ...once, credentials: credentialsOf(told.Credentials) };
  assert.ok((await new S3Client(as).send(new ListBucketsCommand({}))).Buckets);
  const denied = await refusal(() => new sdk.IAMClient(as).send(new sdk.ListUsersCommand({})));
  assert.deepEqual([denied.code, denied.status], ['AccessDenied', 403]);
  assert.match(denied.error.message, /is not authorized to perform: iam:ListUsers on resource: /);
  const EncodedMessage = denied.error.$response.headers['x-modelkeep-authorization-message'];
  const { DecodedMessage } = await ask('DecodeAuthorizationMessage', { EncodedMessage });
  const { allowed, context } = JSON.parse(DecodedMessage);
  assert.deepEqual([allowed, context.action], [false, 'iam:ListUsers']);
  const forged = { ...as.credentials, sessionToken: `${as.credentials.sessionToken}x` };
  const wrong = await refusal(() =>
    new token.STSClient({ ...once, credentials: forged }).send(
      new token.GetCallerIdentityCommand({}),
    ),
  );
  assert.equal(wrong.status, 403);
  await refusedAs(token.MalformedPolicyDocumentException, () =>
    client.send(
      new token.AssumeRoleCommand({ RoleArn: role.Arn, RoleSessionName: 'js', Policy: '{}' }),
    ),
  );
  const federated = await ask('GetFederationToken', { Name: 'guest', Policy: see.PolicyDocument });
  assert.equal(federated.FederatedUser.Arn, `arn:aws:sts::${account}:federated-user/guest`);
  await byProfile(AccessKey);
});

/** As people have it: keys and a role in a file, and nothing but the profile's name in the code. */
async function byProfile({ AccessKeyId, SecretAccessKey }) {
  const folder = await mkdtemp(join(tmpdir(), 'modelkeep-profile-'));
  undo.push(() => rm(folder, { recursive: true }));
  const configFilepath = join(folder, 'config');
  const filepath = join(folder, 'credentials');
  const region = process.env.AWS_REGION;
  await writeFile(
    configFilepath,
    `[profile reader]\nrole_arn=${role.Arn}\nsource_profile=ada\nregion=${region}\n`,
  );
  await writeFile(
    filepath,
    `[ada]\naws_access_key_id=${AccessKeyId}\naws_secret_access_key=${SecretAccessKey}\n`,
  );
  const { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE } = process.env;
  Object.assign(process.env, {
    AWS_CONFIG_FILE: configFilepath,
    AWS_SHARED_CREDENTIALS_FILE: filepath,
  });
  undo.push(() => Object.assign(process.env, { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE }));
  const client = new token.STSClient({ ...once, profile: 'reader' });
  const { Arn } = await client.send(new token.GetCallerIdentityCommand({}));
  assert.ok(Arn.startsWith(`arn:aws:sts::${account}:assumed-role/${RoleName}/`), Arn);
}
