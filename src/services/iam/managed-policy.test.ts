/** Managed policies and their versions, the account's own and everybody's. */
import type * as sdk from '@aws-sdk/client-iam';
import { describe, expect, test } from 'vitest';
import {
  arnOf,
  document,
  documentOfSize,
  readOnly,
  setup,
  startMs,
  trust,
} from './policy.fixture.ts';

const PolicyName = 'Reader';
const PolicyArn = arnOf('policy/ml/Reader');
const basic = { PolicyName, Path: '/ml/', PolicyDocument: document() };

async function start() {
  const made = setup();
  await made.run('CreatePolicy', basic);
  return made;
}

test('a policy is what was asked for', async () => {
  const { run } = setup();
  const Tags = [{ Key: 'team', Value: 'a' }];
  const made = await run<sdk.CreatePolicyResponse>('CreatePolicy', {
    ...{ ...basic, Description: 'reads', Tags },
  });
  expect(made.Policy).toEqual({
    PolicyName,
    PolicyId: expect.stringMatching(/^ANPA[A-Z2-7]{17}$/),
    Arn: PolicyArn,
    Path: '/ml/',
    DefaultVersionId: 'v1',
    AttachmentCount: 0,
    PermissionsBoundaryUsageCount: 0,
    IsAttachable: true,
    Description: 'reads',
    CreateDate: new Date(startMs),
    UpdateDate: new Date(startMs),
    Tags,
  });
  expect(await run('GetPolicy', { PolicyArn })).toEqual(made);
});

test('names are unique whatever the path and the case', async () => {
  const { run } = await start();
  const again = { ...basic, PolicyName: 'READER', Path: '/' };
  await expect(run('CreatePolicy', again)).rejects.toMatchObject({
    code: 'EntityAlreadyExistsException',
    message: 'A policy called READER already exists. Duplicate names are not allowed.',
  });
});

describe('a document is refused', () => {
  test.each([
    ['that is no JSON', '{"Version"'],
    ['with a principal', document({ Principal: '*' })],
    ['that is a trust policy', trust()],
    ['without an action', JSON.stringify({ Statement: [{ Effect: 'Allow', Resource: '*' }] })],
    ['of the version without variables', document().replace('2012-10-17', '2008-10-17')],
  ])('%s', async (_what, PolicyDocument) => {
    const { run } = setup();
    await expect(run('CreatePolicy', { PolicyName, PolicyDocument })).rejects.toMatchObject({
      code: 'MalformedPolicyDocumentException',
    });
  });

  test('that is too long, white space not counted', async () => {
    const { run } = setup();
    const long = { PolicyName, PolicyDocument: documentOfSize(6_145) };
    await expect(run('CreatePolicy', long)).rejects.toMatchObject({
      code: 'LimitExceededException',
      message: 'Cannot exceed quota for PolicySize: 6144',
    });
    const full = documentOfSize(6_144);
    await run('CreatePolicy', { PolicyName, PolicyDocument: full.replace(/,/g, ',   \n') });
  });
});

test('there is no such policy', async () => {
  const { run } = await start();
  const ghost = arnOf('policy/Reader');
  await expect(run('GetPolicy', { PolicyArn: ghost })).rejects.toMatchObject({
    code: 'NoSuchEntityException',
    message: `Policy ${ghost} does not exist or is not attachable.`,
  });
  await expect(run('GetPolicy', { PolicyArn: 'not an arn, at all' })).rejects.toMatchObject({
    code: 'ValidationError',
    message: 'ARN not an arn, at all is not valid.',
  });
});

test('five versions, whose numbers are given once', async () => {
  const { run } = await start();
  const create = async (more: object = {}) => {
    const input = { PolicyArn, PolicyDocument: document({ Action: 's3:*' }), ...more };
    return (await run<sdk.CreatePolicyVersionResponse>('CreatePolicyVersion', input)).PolicyVersion;
  };
  expect(await create({ SetAsDefault: true })).toEqual({
    VersionId: 'v2',
    IsDefaultVersion: true,
    CreateDate: new Date(startMs),
  });
  await run('DeletePolicyVersion', { PolicyArn, VersionId: 'v1' });
  for (const id of ['v3', 'v4', 'v5', 'v6']) {
    expect(await create()).toMatchObject({ VersionId: id, IsDefaultVersion: false });
  }
  await expect(create()).rejects.toMatchObject({ code: 'LimitExceededException' });
  await run('DeletePolicyVersion', { PolicyArn, VersionId: 'v6' });
  expect(await create()).toMatchObject({ VersionId: 'v7' });
  const { Versions } = await run<sdk.ListPolicyVersionsResponse>('ListPolicyVersions', {
    PolicyArn,
  });
  expect(Versions?.map((one) => one.VersionId)).toEqual(['v7', 'v5', 'v4', 'v3', 'v2']);
  await expect(run('DeletePolicyVersion', { PolicyArn, VersionId: 'v2' })).rejects.toMatchObject({
    code: 'DeleteConflictException',
    message: 'Cannot delete the default version of a policy.',
  });
  await run('SetDefaultPolicyVersion', { PolicyArn, VersionId: 'v3' });
  const version = await run<sdk.GetPolicyVersionResponse>('GetPolicyVersion', {
    PolicyArn,
    VersionId: 'v3',
  });
  expect(version.PolicyVersion?.IsDefaultVersion).toBe(true);
  const shown = decodeURIComponent(version.PolicyVersion?.Document ?? '');
  expect(shown).toBe(document({ Action: 's3:*' }));
  for (const operation of [
    'GetPolicyVersion',
    'SetDefaultPolicyVersion',
    'DeletePolicyVersion',
  ] as const) {
    await expect(run(operation, { PolicyArn, VersionId: 'v1' })).rejects.toMatchObject({
      code: 'NoSuchEntityException',
      message: `Policy ${PolicyArn} version v1 does not exist or is not attachable.`,
    });
  }
});

test('a policy goes when nobody has it and one version is left', async () => {
  const { run } = await start();
  await run('CreatePolicyVersion', { PolicyArn, PolicyDocument: document() });
  await run('CreateUser', { UserName: 'ann' });
  await run('AttachUserPolicy', { UserName: 'ann', PolicyArn });
  const refused = async (words: RegExp) => {
    const deleted = run('DeletePolicy', { PolicyArn });
    await expect(deleted).rejects.toMatchObject({ code: 'DeleteConflictException' });
    await expect(deleted).rejects.toThrow(words);
  };
  await refused(/^Cannot delete a policy attached to entities\.$/);
  await run('DetachUserPolicy', { UserName: 'ann', PolicyArn });
  await run('PutUserPermissionsBoundary', { UserName: 'ann', PermissionsBoundary: PolicyArn });
  await refused(/attached/);
  await run('DeleteUserPermissionsBoundary', { UserName: 'ann' });
  await refused(/^This policy has more than one version\./);
  await run('DeletePolicyVersion', { PolicyArn, VersionId: 'v2' });
  await run('DeletePolicy', { PolicyArn });
  await expect(run('GetPolicy', { PolicyArn })).rejects.toMatchObject({
    code: 'NoSuchEntityException',
  });
});

test('tags', async () => {
  const { run } = await start();
  const b = { Key: 'b', Value: '2' };
  await run('TagPolicy', { PolicyArn, Tags: [{ Key: 'a', Value: '1' }, b] });
  await run('UntagPolicy', { PolicyArn, TagKeys: ['A'] });
  expect(await run('ListPolicyTags', { PolicyArn })).toEqual({ Tags: [b], IsTruncated: false });
});

describe("everybody's policies", () => {
  test('are there', async () => {
    const { run } = setup();
    const { Policy } = await run<sdk.GetPolicyResponse>('GetPolicy', { PolicyArn: readOnly });
    expect(Policy).toMatchObject({ PolicyName: 'ReadOnlyAccess', Path: '/', IsAttachable: true });
    const version = { PolicyArn: readOnly, VersionId: Policy?.DefaultVersionId };
    const { PolicyVersion } = await run<sdk.GetPolicyVersionResponse>('GetPolicyVersion', version);
    const shown = JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? ''));
    expect(shown).toMatchObject({ Version: '2012-10-17' });
  });

  test.each([
    ['DeletePolicy', {}],
    ['CreatePolicyVersion', { PolicyDocument: document() }],
    ['DeletePolicyVersion', { VersionId: 'v1' }],
    ['SetDefaultPolicyVersion', { VersionId: 'v1' }],
    ['TagPolicy', { Tags: [{ Key: 'a', Value: 'b' }] }],
    ['UntagPolicy', { TagKeys: ['a'] }],
  ] as const)('cannot be changed: %s', async (operation, more) => {
    const { run } = setup();
    await expect(run(operation, { PolicyArn: readOnly, ...more })).rejects.toMatchObject({
      code: 'AccessDenied',
      status: 403,
    });
  });
});

describe('the list', () => {
  const names = async (run: ReturnType<typeof setup>['run'], input: object = {}) => {
    const { Policies } = await run<sdk.ListPoliciesResponse>('ListPolicies', input);
    return Policies?.map(({ PolicyName: name }) => name) ?? [];
  };

  test("has the account's own, everybody's, or both", async () => {
    const { run } = await start();
    expect(await names(run, { Scope: 'Local' })).toEqual([PolicyName]);
    const shared = await names(run, { Scope: 'AWS', MaxItems: 1_000 });
    expect(shared).toContain('AdministratorAccess');
    expect(shared).not.toContain(PolicyName);
    expect(await names(run, { MaxItems: 1_000 })).toEqual([PolicyName, ...shared]);
    expect(await names(run, { PathPrefix: '/ml/' })).toEqual([PolicyName]);
  });

  test('can be of those in use, as policies or as boundaries', async () => {
    const { run } = await start();
    await run('CreateUser', { UserName: 'ann', PermissionsBoundary: PolicyArn });
    await run('AttachUserPolicy', { UserName: 'ann', PolicyArn: readOnly });
    expect(await names(run, { OnlyAttached: true })).toEqual([PolicyName, 'ReadOnlyAccess']);
    const of = (PolicyUsageFilter: string) => names(run, { PolicyUsageFilter });
    expect(await of('PermissionsPolicy')).toEqual(['ReadOnlyAccess']);
    expect(await of('PermissionsBoundary')).toEqual([PolicyName]);
  });

  test('comes page by page, whole and without repeats', async () => {
    const { run } = await start();
    for (let i = 0; i < 12; i += 1) await run('CreatePolicy', { ...basic, PolicyName: `p${i}` });
    const seen: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await run<sdk.ListPoliciesResponse>('ListPolicies', { Marker, MaxItems: 7 });
      seen.push(...(page.Policies ?? []).map((one) => one.PolicyName ?? ''));
      Marker = page.Marker;
    } while (Marker !== undefined);
    expect(seen).toEqual(await names(run, { MaxItems: 1_000 }));
    expect(new Set(seen).size).toBe(seen.length);
  });
});
