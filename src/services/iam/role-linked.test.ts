/** Service-linked roles: from a template, changed by nobody, deleted by a task. */
import type * as sdk from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { arnOf, document, readOnly, setup, trust } from './policy.fixture.ts';

const AWSServiceName = 'cloudtrail.amazonaws.com';
const RoleName = 'AWSServiceRoleForCloudTrail';

async function start() {
  const made = setup();
  const answer = await made.run<sdk.CreateServiceLinkedRoleResponse>('CreateServiceLinkedRole', {
    AWSServiceName,
    Description: 'trail',
  });
  return { ...made, role: answer.Role };
}

test('a role of a service comes with its policy', async () => {
  const { run, role } = await start();
  expect(role).toMatchObject({
    RoleName,
    Path: `/aws-service-role/${AWSServiceName}/`,
    Arn: arnOf(`role/aws-service-role/${AWSServiceName}/${RoleName}`),
    Description: 'trail',
  });
  expect(decodeURIComponent(role?.AssumeRolePolicyDocument ?? '')).toBe(
    trust({ Service: AWSServiceName }),
  );
  const PolicyArn = 'arn:aws:iam::aws:policy/aws-service-role/CloudTrailServiceRolePolicy';
  expect(await run('ListAttachedRolePolicies', { RoleName })).toMatchObject({
    AttachedPolicies: [{ PolicyArn }],
  });
  const { Policy } = await run<sdk.GetPolicyResponse>('GetPolicy', { PolicyArn });
  expect(Policy).toMatchObject({ AttachmentCount: 1, IsAttachable: false });
});

test.each([
  ['UpdateRole', { Description: 'x' }],
  ['UpdateRoleDescription', { Description: 'x' }],
  ['UpdateAssumeRolePolicy', { PolicyDocument: trust() }],
  ['PutRolePermissionsBoundary', { PermissionsBoundary: readOnly }],
  ['DeleteRolePermissionsBoundary', {}],
  ['AttachRolePolicy', { PolicyArn: readOnly }],
  ['DetachRolePolicy', { PolicyArn: readOnly }],
  ['PutRolePolicy', { PolicyName: 'p', PolicyDocument: document() }],
  ['DeleteRolePolicy', { PolicyName: 'p' }],
  ['TagRole', { Tags: [{ Key: 'a', Value: 'b' }] }],
  ['DeleteRole', {}],
] as const)('it is protected from %s', async (operation, more) => {
  const { run } = await start();
  await expect(run(operation, { RoleName, ...more })).rejects.toMatchObject({
    code: 'UnmodifiableEntityException',
    message:
      `Cannot perform the operation on the protected role '${RoleName}' - ` +
      'this role is only modifiable by AWS',
  });
});

test('it is deleted by a task that can be asked about', async () => {
  const { run, clock } = await start();
  const { DeletionTaskId } = await run<sdk.DeleteServiceLinkedRoleResponse>(
    'DeleteServiceLinkedRole',
    { RoleName },
  );
  expect(DeletionTaskId).toMatch(
    /^task\/aws-service-role\/cloudtrail\.amazonaws\.com\/AWSServiceRoleForCloudTrail\/[0-9a-f-]+$/,
  );
  const status = () => run('GetServiceLinkedRoleDeletionStatus', { DeletionTaskId });
  expect(await status()).toEqual({ Status: 'SUCCEEDED' });
  await expect(run('GetRole', { RoleName })).rejects.toMatchObject({
    code: 'NoSuchEntityException',
  });
  // Tasks are forgotten when later ones come.
  clock.moveTo(clock.nowMs() + 8 * 86_400_000);
  await run('CreateServiceLinkedRole', { AWSServiceName });
  await run('DeleteServiceLinkedRole', { RoleName });
  await expect(status()).rejects.toMatchObject({ code: 'NoSuchEntityException' });
});

test.each([
  ['a service without a template', 'CreateServiceLinkedRole', { AWSServiceName: 'x.example.com' }],
  [
    'a suffix where there is only one',
    'CreateServiceLinkedRole',
    { AWSServiceName: 'shield.amazonaws.com', CustomSuffix: 'x' },
  ],
  ['a second one', 'CreateServiceLinkedRole', { AWSServiceName }],
  ['a role that is none', 'DeleteServiceLinkedRole', { RoleName: 'plain' }],
  ['a task id that is none', 'GetServiceLinkedRoleDeletionStatus', { DeletionTaskId: 'task' }],
] as const)('is refused: %s', async (_what, operation, input) => {
  const { run } = await start();
  await run('CreateRole', { RoleName: 'plain', AssumeRolePolicyDocument: trust() });
  await expect(run(operation, input)).rejects.toMatchObject({ code: 'InvalidInputException' });
});
