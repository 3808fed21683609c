/** Access policies of secrets. */
import { expect, test } from 'vitest';
import { setup } from './secretsmanager.fixture.ts';

const statement = {
  ...{ Effect: 'Allow', Principal: { AWS: '999999999999' } },
  ...{ Action: 'secretsmanager:GetSecretValue', Resource: '*' },
};
const policyOf = (more: object = {}) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, ...more }] });

test('a policy is put, told, and taken away', async () => {
  const { run } = setup();
  const { ARN } = await run('CreateSecret', { Name: 's' });
  const answer = { ARN, Name: 's' };
  expect(await run('GetResourcePolicy', { SecretId: 's' })).toEqual(answer);
  const ResourcePolicy = policyOf();
  const put = { SecretId: 's', ResourcePolicy, BlockPublicPolicy: true };
  expect(await run('PutResourcePolicy', put)).toEqual(answer);
  expect(await run('GetResourcePolicy', { SecretId: 's' })).toEqual({ ...answer, ResourcePolicy });
  expect(await run('DeleteResourcePolicy', { SecretId: 's' })).toEqual(answer);
  expect(await run('GetResourcePolicy', { SecretId: 's' })).toEqual(answer);
});

test.each([
  [{ ResourcePolicy: '{' }, /^MalformedPolicyDocumentException/],
  [{ ResourcePolicy: policyOf({ Action: 's3:GetObject' }) }, /^MalformedPolicy.*another service/],
  [
    { ResourcePolicy: policyOf({ Resource: 'arn:aws:secretsmanager:eu-west-1:1:secret:x' }) },
    /^MalformedPolicy.*another resource/,
  ],
  [{ ResourcePolicy: policyOf({ Principal: '*' }), BlockPublicPolicy: true }, /^PublicPolicy/],
  [{ ResourcePolicy: policyOf(), SecretId: 'none' }, /^ResourceNotFound/],
])('%j is refused', async (input, reason) => {
  const { run, refusal } = setup();
  await run('CreateSecret', { Name: 's' });
  expect(await refusal('PutResourcePolicy', { SecretId: 's', ...input })).toMatch(reason);
  expect(await run('GetResourcePolicy', { SecretId: 's' })).not.toHaveProperty('ResourcePolicy');
});

test('public policies are blocked only when asked, and found by validation', async () => {
  const { run, refusal } = setup();
  await run('CreateSecret', { Name: 's' });
  const ResourcePolicy = policyOf({ Principal: '*' });
  await run('PutResourcePolicy', { SecretId: 's', ResourcePolicy });
  expect(await run('ValidateResourcePolicy', { ResourcePolicy })).toMatchObject({
    PolicyValidationPassed: false,
    ValidationErrors: [{ ErrorMessage: expect.stringContaining('broad access') }],
  });
  const good = { SecretId: 's', ResourcePolicy: policyOf() };
  expect(await run('ValidateResourcePolicy', good)).toMatchObject({ PolicyValidationPassed: true });
  const broken = { ResourcePolicy: '[]' };
  expect(await refusal('ValidateResourcePolicy', broken)).toMatch(/^MalformedPolicy/);
});
