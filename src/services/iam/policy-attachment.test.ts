/** Policies attached to and put inside users, groups and roles, by the same rules for the three. */
import type * as sdk from '@aws-sdk/client-iam';
import { describe, expect, test } from 'vitest';
import { nameKey, users } from '../../engines/identity/rows.ts';
import {
  administratorAccess,
  arnOf,
  document,
  documentOfSize,
  readOnly,
  scope,
  setup,
  trust,
} from './policy.fixture.ts';

async function start() {
  const made = setup();
  await made.run('CreateUser', { UserName: 'Ann', Path: '/ml/' });
  await made.run('CreateGroup', { GroupName: 'Staff' });
  await made.run('CreateRole', { RoleName: 'Job', AssumeRolePolicyDocument: trust() });
  return made;
}

describe.each([
  ['User', { UserName: 'ann' }, { UserName: 'ghost' }, 2_048],
  ['Group', { GroupName: 'staff' }, { GroupName: 'ghost' }, 5_120],
  ['Role', { RoleName: 'job' }, { RoleName: 'ghost' }, 10_240],
] as const)('%s', (kind, holder, ghost, inlineTotal) => {
  const attach = `Attach${kind}Policy` as const;
  const detach = `Detach${kind}Policy` as const;
  const listAttached = `ListAttached${kind}Policies` as const;
  const put = `Put${kind}Policy` as const;
  const get = `Get${kind}Policy` as const;
  const remove = `Delete${kind}Policy` as const;
  const list = `List${kind}Policies` as const;

  test('attached policies are counted, listed and taken away', async () => {
    const { run } = await start();
    const own = arnOf('policy/team/Own');
    const named = { PolicyName: 'Own', Path: '/team/', PolicyDocument: document() };
    await run('CreatePolicy', named);
    await run(attach, { ...holder, PolicyArn: readOnly });
    await run(attach, { ...holder, PolicyArn: own });
    await run(attach, { ...holder, PolicyArn: own });
    const both = [
      { PolicyName: 'ReadOnlyAccess', PolicyArn: readOnly },
      { PolicyName: 'Own', PolicyArn: own },
    ];
    expect(await run(listAttached, holder)).toEqual({ AttachedPolicies: both, IsTruncated: false });
    expect(await run(listAttached, { ...holder, PathPrefix: '/team/' })).toMatchObject({
      AttachedPolicies: both.slice(1),
    });
    const page = await run<sdk.ListAttachedUserPoliciesResponse>(listAttached, {
      ...holder,
      MaxItems: 1,
    });
    expect(page).toMatchObject({ AttachedPolicies: both.slice(0, 1), IsTruncated: true });
    expect(await run(listAttached, { ...holder, Marker: page.Marker })).toMatchObject({
      AttachedPolicies: both.slice(1),
    });
    const { Policy } = await run<sdk.GetPolicyResponse>('GetPolicy', { PolicyArn: own });
    expect(Policy).toMatchObject({ AttachmentCount: 1, PermissionsBoundaryUsageCount: 0 });
    const entities = await run<sdk.ListEntitiesForPolicyResponse>('ListEntitiesForPolicy', {
      PolicyArn: own,
    });
    expect(entities).toHaveProperty([`Policy${kind}s`, 'length'], 1);
    await run(detach, { ...holder, PolicyArn: own });
    await expect(run(detach, { ...holder, PolicyArn: own })).rejects.toMatchObject({
      code: 'NoSuchEntityException',
      message: `Policy ${own} was not found.`,
    });
  });

  test('what does not exist or is not for them is refused', async () => {
    const { run } = await start();
    const none = arnOf('policy/none');
    await expect(run(attach, { ...holder, PolicyArn: none })).rejects.toMatchObject({
      code: 'NoSuchEntityException',
      message: `Policy ${none} does not exist or is not attachable.`,
    });
    await expect(run(attach, { ...holder, PolicyArn: 'x'.repeat(20) })).rejects.toMatchObject({
      code: 'ValidationError',
    });
    const linked = 'arn:aws:iam::aws:policy/aws-service-role/CloudTrailServiceRolePolicy';
    await expect(run(attach, { ...holder, PolicyArn: linked })).rejects.toMatchObject({
      code: 'PolicyNotAttachableException',
      message: 'Cannot attach a Service Role Policy to a Customer Role.',
    });
    for (const [operation, more] of [
      [attach, { PolicyArn: readOnly }],
      [detach, { PolicyArn: readOnly }],
      [listAttached, {}],
      [put, { PolicyName: 'p', PolicyDocument: document() }],
      [get, { PolicyName: 'p' }],
      [remove, { PolicyName: 'p' }],
      [list, {}],
    ] as const) {
      await expect(run(operation, { ...ghost, ...more })).rejects.toMatchObject({
        code: 'NoSuchEntityException',
        message: `The ${kind.toLowerCase()} with name ghost cannot be found.`,
      });
    }
  });

  test('ten can be attached', async () => {
    const { run } = await start();
    for (let i = 0; i <= 10; i += 1) {
      await run('CreatePolicy', { PolicyName: `p${i}`, PolicyDocument: document() });
    }
    const nth = (i: number) => run(attach, { ...holder, PolicyArn: arnOf(`policy/p${i}`) });
    for (let i = 0; i < 10; i += 1) await nth(i);
    await expect(nth(10)).rejects.toMatchObject({
      code: 'LimitExceededException',
      message: `Cannot exceed quota for Policies${`Per${kind}`}: 10`,
    });
  });

  test('inline policies are put, shown encoded, replaced and deleted', async () => {
    const { run } = await start();
    const PolicyName = 'Inline';
    const text = document({ Resource: "arn:aws:s3:::b/it's (all)*" });
    await run(put, { ...holder, PolicyName, PolicyDocument: document() });
    await run(put, { ...holder, PolicyName, PolicyDocument: text });
    const got = await run<sdk.GetUserPolicyResponse>(get, { ...holder, PolicyName });
    expect(got).toMatchObject({ PolicyName });
    expect(got.PolicyDocument).toMatch(/^[\w.~%-]+$/);
    expect(decodeURIComponent(got.PolicyDocument ?? '')).toBe(text);
    expect(await run(list, holder)).toEqual({ PolicyNames: [PolicyName], IsTruncated: false });
    await run(remove, { ...holder, PolicyName });
    for (const operation of [get, remove]) {
      await expect(run(operation, { ...holder, PolicyName })).rejects.toMatchObject({
        code: 'NoSuchEntityException',
        message: `The ${kind.toLowerCase()} policy with name Inline cannot be found.`,
      });
    }
  });

  test('an inline policy may have any name that the model allows', async () => {
    const { run } = await start();
    const PolicyName = '__proto__';
    await expect(run(get, { ...holder, PolicyName })).rejects.toMatchObject({
      code: 'NoSuchEntityException',
    });
    await run(put, { ...holder, PolicyName, PolicyDocument: document() });
    expect(await run(list, holder)).toMatchObject({ PolicyNames: [PolicyName] });
    await run(remove, { ...holder, PolicyName });
    expect(await run(list, holder)).toMatchObject({ PolicyNames: [] });
  });

  test('inline policies are refused when malformed, and when together too long', async () => {
    const { run } = await start();
    const bad = { ...holder, PolicyName: 'a', PolicyDocument: '{}' };
    await expect(run(put, bad)).rejects.toMatchObject({ code: 'MalformedPolicyDocumentException' });
    const half = documentOfSize(inlineTotal / 2);
    await run(put, { ...holder, PolicyName: 'a', PolicyDocument: half });
    await run(put, { ...holder, PolicyName: 'b', PolicyDocument: half });
    const third = run(put, { ...holder, PolicyName: 'c', PolicyDocument: document() });
    await expect(third).rejects.toMatchObject({ code: 'LimitExceededException' });
    await expect(third).rejects.toThrow(
      new RegExp(`^Maximum policy size of ${inlineTotal} bytes exceeded for ${kind}`, 'i'),
    );
  });
});

test('who has a policy, filtered and in pages', async () => {
  const { run } = await start();
  await run('AttachUserPolicy', { UserName: 'Ann', PolicyArn: readOnly });
  await run('AttachGroupPolicy', { GroupName: 'Staff', PolicyArn: readOnly });
  await run('PutRolePermissionsBoundary', { RoleName: 'Job', PermissionsBoundary: readOnly });
  const of = (more: object) =>
    run<sdk.ListEntitiesForPolicyResponse>('ListEntitiesForPolicy', {
      PolicyArn: readOnly,
      ...more,
    });
  const ann = { UserName: 'Ann', UserId: expect.stringMatching(/^AIDA/) };
  const staff = { GroupName: 'Staff', GroupId: expect.stringMatching(/^AGPA/) };
  const job = { RoleName: 'Job', RoleId: expect.stringMatching(/^AROA/) };
  expect(await of({})).toEqual({
    ...{ PolicyUsers: [ann], PolicyGroups: [staff], PolicyRoles: [job], IsTruncated: false },
  });
  expect(await of({ EntityFilter: 'Group' })).toMatchObject({ PolicyUsers: [], PolicyRoles: [] });
  expect(await of({ PolicyUsageFilter: 'PermissionsBoundary' })).toMatchObject({
    ...{ PolicyUsers: [], PolicyGroups: [], PolicyRoles: [job] },
  });
  expect(await of({ PathPrefix: '/ml/' })).toMatchObject({
    ...{ PolicyUsers: [ann], PolicyGroups: [], PolicyRoles: [] },
  });
  const first = await of({ MaxItems: 2 });
  expect(first.IsTruncated).toBe(true);
  expect((first.Marker ?? '').length).toBeLessThan(320);
  const rest = await of({ MaxItems: 2, Marker: first.Marker });
  const count = ({ PolicyUsers, PolicyGroups, PolicyRoles }: typeof rest) =>
    [...(PolicyUsers ?? []), ...(PolicyGroups ?? []), ...(PolicyRoles ?? [])].length;
  expect([count(first), count(rest)]).toEqual([2, 1]);
  await expect(of({ PolicyArn: arnOf('policy/none') })).rejects.toMatchObject({
    code: 'NoSuchEntityException',
  });
});

test('the last administrator stays one', async () => {
  const { run, identity } = await start();
  const pair = { UserName: 'Ann', PolicyArn: administratorAccess };
  await run('AttachUserPolicy', pair);
  await run('CreateAccessKey', { UserName: 'Ann' });
  await expect(run('DetachUserPolicy', pair)).rejects.toMatchObject({
    code: 'UnmodifiableEntityException',
  });
  const row = await identity.reader.get(users, nameKey(scope.account, 'Ann'));
  expect(row?.attached).toEqual([administratorAccess]);
  await run('AddUserToGroup', { UserName: 'Ann', GroupName: 'Staff' });
  const shared = { GroupName: 'Staff', PolicyArn: administratorAccess };
  await run('AttachGroupPolicy', shared);
  await run('DetachUserPolicy', pair);
  await expect(run('DetachGroupPolicy', shared)).rejects.toMatchObject({
    code: 'UnmodifiableEntityException',
  });
});
