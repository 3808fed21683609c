/**
 * The AWS SDK for JavaScript: every operation of the identity service, once at least, with an
 * answer that is looked at. Pages, waiters and more of what is refused are in `iam.test.mjs`.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { allow, named, policyOf } from './clients.mjs';
import {
  everyOperation,
  here,
  iamAs,
  names,
  Path,
  refused,
  send,
  stsAs,
  tag,
  trust,
  trustsSageMaker,
  withUser,
} from './every.mjs';

const boundary = 'arn:aws:iam::aws:policy/ReadOnlyAccess';

/** Tags come on, are listed, and go; `owner` is the member that names the tagged. */
async function tagged(kind, owner) {
  await send(`Tag${kind}`, { ...owner, Tags: [tag('a', '1'), tag('b', '2')] });
  await send(`Untag${kind}`, { ...owner, TagKeys: ['a'] });
  assert.deepEqual((await send(`List${kind}Tags`, owner)).Tags, [tag('b', '2')]);
}

/** A policy of its own: put, read back, listed and deleted. */
async function inline(kind, owner) {
  const own = { ...owner, PolicyName: 'own' };
  const PolicyDocument = allow('sqs:SendMessage', 'arn:aws:sqs:*:*:ü-*');
  await send(`Put${kind}Policy`, { ...own, PolicyDocument });
  const told = await send(`Get${kind}Policy`, own);
  assert.equal(decodeURIComponent(told.PolicyDocument), PolicyDocument);
  assert.deepEqual((await send(`List${kind}Policies`, owner)).PolicyNames, ['own']);
  await send(`Delete${kind}Policy`, own);
  assert.deepEqual((await send(`List${kind}Policies`, owner)).PolicyNames, []);
}

async function bounded(kind, owner) {
  const boundaryOf = async () =>
    (await send(`Get${kind}`, owner))[kind].PermissionsBoundary?.PermissionsBoundaryArn;
  await send(`Put${kind}PermissionsBoundary`, { ...owner, PermissionsBoundary: boundary });
  assert.equal(await boundaryOf(), boundary);
  await send(`Delete${kind}PermissionsBoundary`, owner);
  assert.equal(await boundaryOf(), undefined);
}

test('a user', async () => {
  const first = named('user');
  const { User } = await send('CreateUser', { UserName: first, Path, Tags: [tag('c', '3')] });
  assert.deepEqual(User.Tags, [tag('c', '3')]);
  await send('UntagUser', { UserName: first, TagKeys: ['c'] });
  const UserName = `${first}-new`;
  await send('UpdateUser', { UserName: first, NewUserName: UserName });
  assert.equal((await send('GetUser', { UserName })).User.UserId, User.UserId);
  await refused('NoSuchEntityException', 404, () => send('GetUser', { UserName: first }));
  assert.deepEqual(names((await send('ListUsers', here)).Users, 'UserName'), [UserName]);
  await tagged('User', { UserName });
  await inline('User', { UserName });
  await bounded('User', { UserName });
  await send('DeleteUser', { UserName });
  assert.deepEqual((await send('ListUsers', here)).Users, []);
});

test('keys of a user', () =>
  withUser(async ({ UserName, Arn }, key) => {
    const { AccessKeyId } = key;
    const unused = await send('GetAccessKeyLastUsed', { AccessKeyId });
    assert.deepEqual([unused.UserName, unused.AccessKeyLastUsed.ServiceName], [UserName, 'N/A']);
    const own = stsAs(key);
    assert.equal((await own('GetCallerIdentity')).Arn, Arn);
    await send('UpdateAccessKey', { UserName, AccessKeyId, Status: 'Inactive' });
    const { AccessKeyMetadata } = await send('ListAccessKeys', { UserName });
    assert.deepEqual(names(AccessKeyMetadata, 'Status'), ['Inactive']);
    await refused('InvalidClientTokenId', 403, () => own('GetCallerIdentity'));
  }));

test('a password, by the rules of the account', () =>
  withUser(async ({ UserName, Arn }, key) => {
    await send('UpdateAccountPasswordPolicy', {
      ...{ MinimumPasswordLength: 12, RequireNumbers: true, AllowUsersToChangePassword: true },
    });
    const { PasswordPolicy } = await send('GetAccountPasswordPolicy');
    const { MinimumPasswordLength, RequireNumbers, ExpirePasswords } = PasswordPolicy;
    assert.deepEqual([MinimumPasswordLength, RequireNumbers, ExpirePasswords], [12, true, false]);
    const Password = 'correct-Horse-battery-9';
    await refused('PasswordPolicyViolationException', 400, () =>
      send('CreateLoginProfile', { UserName, Password: 'no-Number-in-it' }),
    );
    await send('CreateLoginProfile', { UserName, Password, PasswordResetRequired: true });
    await send('UpdateLoginProfile', { UserName, PasswordResetRequired: false });
    const { LoginProfile } = await send('GetLoginProfile', { UserName });
    assert.deepEqual(
      [LoginProfile.UserName, LoginProfile.PasswordResetRequired],
      [UserName, false],
    );
    const change = { PolicyName: 'change', PolicyDocument: allow('iam:ChangePassword', Arn) };
    await send('PutUserPolicy', { UserName, ...change });
    const NewPassword = `${Password}-new`;
    await iamAs(key)('ChangePassword', { OldPassword: Password, NewPassword });
    await send('DeleteUserPolicy', { UserName, PolicyName: 'change' });
    await send('DeleteLoginProfile', { UserName });
    await send('DeleteAccountPasswordPolicy');
    await refused('NoSuchEntityException', 404, () => send('GetAccountPasswordPolicy'));
  }));

test('a group and its members', () =>
  withUser(async ({ UserName, Arn }) => {
    const first = named('group');
    await send('CreateGroup', { GroupName: first, Path });
    const GroupName = `${first}-new`;
    await send('UpdateGroup', { GroupName: first, NewGroupName: GroupName });
    await send('AddUserToGroup', { GroupName, UserName });
    assert.deepEqual(names((await send('GetGroup', { GroupName })).Users, 'Arn'), [Arn]);
    const { Groups } = await send('ListGroupsForUser', { UserName });
    assert.deepEqual(names(Groups, 'GroupName'), [GroupName]);
    assert.deepEqual((await send('ListGroups', here)).Groups, Groups);
    await inline('Group', { GroupName });
    await refused('DeleteConflictException', 409, () => send('DeleteGroup', { GroupName }));
    await send('RemoveUserFromGroup', { GroupName, UserName });
    assert.deepEqual((await send('GetGroup', { GroupName })).Users, []);
    await send('DeleteGroup', { GroupName });
  }));

test('a role', async () => {
  const RoleName = named('role');
  const made = { RoleName, Path, AssumeRolePolicyDocument: trustsSageMaker };
  const { Role } = await send('CreateRole', made);
  assert.match(Role.RoleId, /^AROA[A-Z0-9]{17}$/);
  await send('UpdateRole', { RoleName, Description: 'one', MaxSessionDuration: 7_200 });
  const updated = await send('UpdateRoleDescription', { RoleName, Description: 'two' });
  assert.deepEqual([updated.Role.Description, updated.Role.MaxSessionDuration], ['two', 7_200]);
  const PolicyDocument = trust({ AWS: Role.Arn.split(':')[4] });
  await send('UpdateAssumeRolePolicy', { RoleName, PolicyDocument });
  const told = (await send('GetRole', { RoleName })).Role.AssumeRolePolicyDocument;
  assert.equal(decodeURIComponent(told), PolicyDocument);
  assert.deepEqual(names((await send('ListRoles', here)).Roles, 'Arn'), [Role.Arn]);
  await tagged('Role', { RoleName });
  await inline('Role', { RoleName });
  await bounded('Role', { RoleName });
  await refused('EntityAlreadyExistsException', 409, () => send('CreateRole', made));
  await send('DeleteRole', { RoleName });
  assert.deepEqual((await send('ListRoles', here)).Roles, []);
});

test('a role of a service', async () => {
  const AWSServiceName = 'shield.amazonaws.com';
  const { Role } = await send('CreateServiceLinkedRole', { AWSServiceName, Description: 'ours' });
  const { RoleName } = Role;
  assert.equal(Role.Path, `/aws-service-role/${AWSServiceName}/`);
  await refused('UnmodifiableEntityException', 400, () => send('DeleteRole', { RoleName }));
  const { DeletionTaskId } = await send('DeleteServiceLinkedRole', { RoleName });
  const { Status } = await send('GetServiceLinkedRoleDeletionStatus', { DeletionTaskId });
  assert.equal(Status, 'SUCCEEDED');
});

test('a policy and its versions, attached to each kind', () =>
  withUser(async ({ UserName }) => {
    const RoleName = named('role');
    const GroupName = named('group');
    await send('CreateRole', { RoleName, Path, AssumeRolePolicyDocument: trustsSageMaker });
    await send('CreateGroup', { GroupName, Path });
    const PolicyName = named('policy');
    const input = { PolicyName, Path, PolicyDocument: allow('sqs:*') };
    await refused('MalformedPolicyDocumentException', 400, () =>
      send('CreatePolicy', { ...input, PolicyDocument: allow('no action') }),
    );
    const { Policy } = await send('CreatePolicy', input);
    const PolicyArn = Policy.Arn;
    await tagged('Policy', { PolicyArn });
    await versioned(PolicyArn);
    const owners = { User: { UserName }, Group: { GroupName }, Role: { RoleName } };
    for (const [kind, owner] of Object.entries(owners)) {
      await send(`Attach${kind}Policy`, { ...owner, PolicyArn });
      const { AttachedPolicies } = await send(`ListAttached${kind}Policies`, owner);
      assert.deepEqual(AttachedPolicies, [{ PolicyName, PolicyArn }], kind);
    }
    const holders = await send('ListEntitiesForPolicy', { PolicyArn });
    assert.deepEqual(names(holders.PolicyUsers, 'UserName'), [UserName]);
    assert.deepEqual(names(holders.PolicyGroups, 'GroupName'), [GroupName]);
    assert.deepEqual(names(holders.PolicyRoles, 'RoleName'), [RoleName]);
    const { Policies } = await send('ListPolicies', { Scope: 'Local', ...here });
    assert.deepEqual(names(Policies, 'AttachmentCount'), [3]);
    for (const [kind, owner] of Object.entries(owners)) {
      await send(`Detach${kind}Policy`, { ...owner, PolicyArn });
    }
    assert.equal((await send('GetPolicy', { PolicyArn })).Policy.AttachmentCount, 0);
    await send('DeletePolicy', { PolicyArn });
    await send('DeleteGroup', { GroupName });
    await send('DeleteRole', { RoleName });
  }));

async function versioned(PolicyArn) {
  const PolicyDocument = allow('sns:*');
  const made = await send('CreatePolicyVersion', { PolicyArn, PolicyDocument });
  assert.deepEqual(
    [made.PolicyVersion.VersionId, made.PolicyVersion.IsDefaultVersion],
    ['v2', false],
  );
  const second = { PolicyArn, VersionId: 'v2' };
  await send('SetDefaultPolicyVersion', second);
  const { PolicyVersion } = await send('GetPolicyVersion', second);
  assert.equal(decodeURIComponent(PolicyVersion.Document), PolicyDocument);
  assert.equal(PolicyVersion.IsDefaultVersion, true);
  await send('DeletePolicyVersion', { PolicyArn, VersionId: 'v1' });
  const { Versions } = await send('ListPolicyVersions', { PolicyArn });
  assert.deepEqual(names(Versions, 'VersionId'), ['v2']);
}

test('a profile of instances', async () => {
  const RoleName = named('role');
  const InstanceProfileName = named('profile');
  const own = { InstanceProfileName };
  await send('CreateRole', { RoleName, Path, AssumeRolePolicyDocument: trustsSageMaker });
  const { InstanceProfile } = await send('CreateInstanceProfile', { ...own, Path });
  await send('AddRoleToInstanceProfile', { ...own, RoleName });
  await refused('LimitExceededException', 409, () =>
    send('AddRoleToInstanceProfile', { ...own, RoleName }),
  );
  const { Roles } = (await send('GetInstanceProfile', own)).InstanceProfile;
  assert.deepEqual(names(Roles, 'RoleName'), [RoleName]);
  await tagged('InstanceProfile', own);
  for (const { InstanceProfiles } of [
    await send('ListInstanceProfiles', here),
    await send('ListInstanceProfilesForRole', { RoleName }),
  ]) {
    assert.deepEqual(names(InstanceProfiles, 'Arn'), [InstanceProfile.Arn]);
  }
  await send('RemoveRoleFromInstanceProfile', { ...own, RoleName });
  await send('DeleteInstanceProfile', own);
  await send('DeleteRole', { RoleName });
  assert.deepEqual((await send('ListInstanceProfiles', here)).InstanceProfiles, []);
});

test('a provider of web identities', async () => {
  const ThumbprintList = ['a'.repeat(40)];
  const Url = `https://${named('issuer')}.example.com`;
  const created = { Url, ClientIDList: ['one'], ThumbprintList };
  const { OpenIDConnectProviderArn } = await send('CreateOpenIDConnectProvider', created);
  const own = { OpenIDConnectProviderArn };
  await refused('EntityAlreadyExistsException', 409, () =>
    send('CreateOpenIDConnectProvider', created),
  );
  await send('AddClientIDToOpenIDConnectProvider', { ...own, ClientID: 'two' });
  await send('RemoveClientIDFromOpenIDConnectProvider', { ...own, ClientID: 'one' });
  const other = ['b'.repeat(40)];
  await send('UpdateOpenIDConnectProviderThumbprint', { ...own, ThumbprintList: other });
  const told = await send('GetOpenIDConnectProvider', own);
  assert.deepEqual([told.ClientIDList, told.ThumbprintList], [['two'], other]);
  await tagged('OpenIDConnectProvider', own);
  const listed = async () =>
    names((await send('ListOpenIDConnectProviders')).OpenIDConnectProviderList, 'Arn');
  assert.ok((await listed()).includes(OpenIDConnectProviderArn));
  await send('DeleteOpenIDConnectProvider', own);
  assert.ok(!(await listed()).includes(OpenIDConnectProviderArn));
});

/** RFC 6238: six digits of the time's step. */
function codeAt(seed, step) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = Array.from(seed, (letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0'));
  const bytes = bits.join('').match(/.{8}/g);
  const key = Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac('sha1', key).update(counter).digest();
  const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

test('a device, whose clock is behind, and a session by its code', () =>
  withUser(async ({ UserName, Arn }, key) => {
    const VirtualMFADeviceName = named('device');
    const { VirtualMFADevice } = await send('CreateVirtualMFADevice', {
      ...{ VirtualMFADeviceName, Path },
    });
    const { SerialNumber, Base32StringSeed } = VirtualMFADevice;
    const seed = Buffer.from(Base32StringSeed).toString();
    const now = Math.floor(Date.now() / 30_000);
    const own = { UserName, SerialNumber };
    const codes = (first) => ({
      AuthenticationCode1: codeAt(seed, first),
      AuthenticationCode2: codeAt(seed, first + 1),
    });
    await send('EnableMFADevice', { ...own, ...codes(now - 6) });
    const session = { SerialNumber, DurationSeconds: 900 };
    await refused('AccessDenied', 403, () =>
      stsAs(key)('GetSessionToken', { ...session, TokenCode: codeAt(seed, now) }),
    );
    await send('ResyncMFADevice', { ...own, ...codes(now - 1) });
    const TokenCode = codeAt(seed, now + 1);
    const { Credentials } = await stsAs(key)('GetSessionToken', { ...session, TokenCode });
    assert.equal((await stsAs(Credentials)('GetCallerIdentity')).Arn, Arn);
    assert.equal((await send('GetMFADevice', own)).UserName, UserName);
    const { MFADevices } = await send('ListMFADevices', { UserName });
    assert.deepEqual(names(MFADevices, 'SerialNumber'), [SerialNumber]);
    await tagged('MFADevice', { SerialNumber });
    await send('DeactivateMFADevice', own);
    const free = await send('ListVirtualMFADevices', { AssignmentStatus: 'Unassigned' });
    assert.ok(names(free.VirtualMFADevices, 'SerialNumber').includes(SerialNumber));
    await send('DeleteVirtualMFADevice', { SerialNumber });
  }));

test('the account', () =>
  withUser(async ({ UserName, Arn }) => {
    const AccountAlias = named('alias');
    await send('CreateAccountAlias', { AccountAlias });
    assert.deepEqual((await send('ListAccountAliases')).AccountAliases, [AccountAlias]);
    await refused('NoSuchEntityException', 404, () =>
      send('DeleteAccountAlias', { AccountAlias: `${AccountAlias}-x` }),
    );
    await send('DeleteAccountAlias', { AccountAlias });
    assert.deepEqual((await send('ListAccountAliases')).AccountAliases, []);
    const { SummaryMap } = await send('GetAccountSummary');
    assert.ok(SummaryMap.Users >= 1 && SummaryMap.AccessKeysPerUserQuota === 2);
    assert.equal((await send('GenerateCredentialReport')).State, 'COMPLETE');
    const report = await send('GetCredentialReport');
    const line = Buffer.from(report.Content).toString().split(`\n${UserName},`)[1];
    assert.ok(line.startsWith(`${Arn},`) && report.ReportFormat === 'text/csv');
    const Filter = ['User'];
    const details = await send('GetAccountAuthorizationDetails', { Filter, MaxItems: 1_000 });
    assert.ok(names(details.UserDetailList, 'Arn').includes(Arn));
    assert.deepEqual(details.RoleDetailList, []);
  }));

test('simulations', () =>
  withUser(async ({ UserName, Arn }) => {
    const ActionNames = ['s3:GetObject', 's3:PutObject'];
    const decisions = ({ EvaluationResults }) => names(EvaluationResults, 'EvalDecision');
    const Condition = { StringEquals: { 'aws:username': UserName } };
    const PolicyDocument = policyOf(
      { Effect: 'Allow', Action: 's3:Get*', Resource: '*', Condition },
      { Effect: 'Deny', Action: 's3:Put*', Resource: '*' },
    );
    const PolicyInputList = [PolicyDocument];
    const custom = await send('SimulateCustomPolicy', { PolicyInputList, ActionNames });
    assert.deepEqual(decisions(custom), ['implicitDeny', 'explicitDeny']);
    await send('PutUserPolicy', { UserName, PolicyName: 'own', PolicyDocument });
    const source = { PolicySourceArn: Arn };
    const own = await send('SimulatePrincipalPolicy', { ...source, ActionNames });
    assert.deepEqual(decisions(own), ['allowed', 'explicitDeny']);
    for (const { ContextKeyNames } of [
      await send('GetContextKeysForCustomPolicy', { PolicyInputList }),
      await send('GetContextKeysForPrincipalPolicy', source),
    ]) {
      assert.deepEqual(ContextKeyNames, ['aws:username']);
    }
    await refused('InvalidInputException', 400, () =>
      send('SimulateCustomPolicy', { PolicyInputList: ['{}'], ActionNames }),
    );
    await send('DeleteUserPolicy', { UserName, PolicyName: 'own' });
  }));

everyOperation(
  'iam',
  `
  CreateUser GetUser UpdateUser DeleteUser ListUsers TagUser UntagUser ListUserTags
  PutUserPermissionsBoundary DeleteUserPermissionsBoundary
  CreateGroup GetGroup UpdateGroup DeleteGroup ListGroups
  AddUserToGroup RemoveUserFromGroup ListGroupsForUser
  CreateAccessKey UpdateAccessKey DeleteAccessKey ListAccessKeys GetAccessKeyLastUsed
  CreateLoginProfile GetLoginProfile UpdateLoginProfile DeleteLoginProfile ChangePassword
  CreateVirtualMFADevice DeleteVirtualMFADevice ListVirtualMFADevices
  TagMFADevice UntagMFADevice ListMFADeviceTags
  EnableMFADevice DeactivateMFADevice ResyncMFADevice ListMFADevices GetMFADevice
  CreateAccountAlias DeleteAccountAlias ListAccountAliases
  UpdateAccountPasswordPolicy GetAccountPasswordPolicy DeleteAccountPasswordPolicy
  GetAccountSummary GenerateCredentialReport GetCredentialReport GetAccountAuthorizationDetails
  CreateRole GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole ListRoles
  PutRolePermissionsBoundary DeleteRolePermissionsBoundary TagRole UntagRole ListRoleTags
  CreateServiceLinkedRole DeleteServiceLinkedRole GetServiceLinkedRoleDeletionStatus
  CreatePolicy GetPolicy DeletePolicy ListPolicies TagPolicy UntagPolicy ListPolicyTags
  CreatePolicyVersion GetPolicyVersion ListPolicyVersions DeletePolicyVersion
  SetDefaultPolicyVersion ListEntitiesForPolicy
  AttachUserPolicy AttachGroupPolicy AttachRolePolicy
  DetachUserPolicy DetachGroupPolicy DetachRolePolicy
  ListAttachedUserPolicies ListAttachedGroupPolicies ListAttachedRolePolicies
  PutUserPolicy PutGroupPolicy PutRolePolicy GetUserPolicy GetGroupPolicy GetRolePolicy
  DeleteUserPolicy DeleteGroupPolicy DeleteRolePolicy
  ListUserPolicies ListGroupPolicies ListRolePolicies
  CreateInstanceProfile GetInstanceProfile DeleteInstanceProfile
  ListInstanceProfiles ListInstanceProfilesForRole
  AddRoleToInstanceProfile RemoveRoleFromInstanceProfile
  TagInstanceProfile UntagInstanceProfile ListInstanceProfileTags
  CreateOpenIDConnectProvider GetOpenIDConnectProvider DeleteOpenIDConnectProvider
  ListOpenIDConnectProviders AddClientIDToOpenIDConnectProvider
  RemoveClientIDFromOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint
  TagOpenIDConnectProvider UntagOpenIDConnectProvider ListOpenIDConnectProviderTags
  SimulateCustomPolicy SimulatePrincipalPolicy
  GetContextKeysForCustomPolicy GetContextKeysForPrincipalPolicy
`,
);
