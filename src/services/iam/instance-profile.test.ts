/** Instance profiles: a box for one role. */
import type * as sdk from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { arnOf, setup, startMs, trust } from './policy.fixture.ts';

const InstanceProfileName = 'Box';

async function start() {
  const made = setup();
  for (const RoleName of ['Job', 'Other']) {
    await made.run('CreateRole', { RoleName, AssumeRolePolicyDocument: trust() });
  }
  await made.run('CreateInstanceProfile', { InstanceProfileName, Path: '/ml/' });
  return made;
}

test('a profile holds one role', async () => {
  const { run } = await start();
  await run('AddRoleToInstanceProfile', { InstanceProfileName, RoleName: 'JOB' });
  const { InstanceProfile } = await run<sdk.GetInstanceProfileResponse>('GetInstanceProfile', {
    InstanceProfileName: 'box',
  });
  expect(InstanceProfile).toEqual({
    Path: '/ml/',
    InstanceProfileName,
    InstanceProfileId: expect.stringMatching(/^AIPA[A-Z2-7]{17}$/),
    Arn: arnOf('instance-profile/ml/Box'),
    CreateDate: new Date(startMs),
    Roles: [expect.objectContaining({ RoleName: 'Job' })],
  });
  const two = run('AddRoleToInstanceProfile', { InstanceProfileName, RoleName: 'Other' });
  await expect(two).rejects.toMatchObject({
    code: 'LimitExceededException',
    message: 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1',
  });
  const list = await run<sdk.ListInstanceProfilesForRoleResponse>('ListInstanceProfilesForRole', {
    RoleName: 'job',
  });
  expect(list.InstanceProfiles).toEqual([InstanceProfile]);
  await expect(run('DeleteInstanceProfile', { InstanceProfileName })).rejects.toMatchObject({
    code: 'DeleteConflictException',
    message: 'Cannot delete entity, must remove roles from instance profile first.',
  });
  const wrong = { InstanceProfileName, RoleName: 'Other' };
  await expect(run('RemoveRoleFromInstanceProfile', wrong)).rejects.toMatchObject({
    code: 'NoSuchEntityException',
  });
  await run('RemoveRoleFromInstanceProfile', { InstanceProfileName, RoleName: 'job' });
  await run('DeleteInstanceProfile', { InstanceProfileName });
  await expect(run('GetInstanceProfile', { InstanceProfileName })).rejects.toMatchObject({
    code: 'NoSuchEntityException',
    message: 'Instance Profile Box cannot be found.',
  });
});

test('names are taken once, and roles must exist', async () => {
  const { run } = await start();
  const again = run('CreateInstanceProfile', { InstanceProfileName: 'BOX' });
  await expect(again).rejects.toMatchObject({
    code: 'EntityAlreadyExistsException',
    message: 'Instance Profile BOX already exists.',
  });
  const ghost = { InstanceProfileName, RoleName: 'ghost' };
  await expect(run('AddRoleToInstanceProfile', ghost)).rejects.toMatchObject({
    code: 'NoSuchEntityException',
    message: 'The role with name ghost cannot be found.',
  });
});

test('the list has a path, and tags can be changed', async () => {
  const { run } = await start();
  await run('CreateInstanceProfile', { InstanceProfileName: 'plain' });
  const all = await run<sdk.ListInstanceProfilesResponse>('ListInstanceProfiles');
  expect(all.InstanceProfiles?.map((one) => one.InstanceProfileName)).toEqual(['Box', 'plain']);
  const some = await run<sdk.ListInstanceProfilesResponse>('ListInstanceProfiles', {
    PathPrefix: '/ml/',
  });
  expect(some.InstanceProfiles?.map((one) => one.InstanceProfileName)).toEqual(['Box']);
  const b = { Key: 'b', Value: '' };
  await run('TagInstanceProfile', { InstanceProfileName, Tags: [{ Key: 'a', Value: '' }, b] });
  await run('UntagInstanceProfile', { InstanceProfileName, TagKeys: ['a'] });
  expect(await run('ListInstanceProfileTags', { InstanceProfileName })).toEqual({
    Tags: [b],
    IsTruncated: false,
  });
});
