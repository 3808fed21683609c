/** Rotation turned on, asked for, described, turned off; and what is refused. */
import { describe, expect, test } from 'vitest';
import { token } from '../../engines/secrets/secrets.fixture.ts';
import { functionArn, setup } from './secretsmanager.fixture.ts';

const RotationLambdaARN = functionArn('rotate');

async function made() {
  const all = setup();
  const input = { Name: 's', SecretString: 'one', ClientRequestToken: token('v1') };
  const { ARN } = await all.run<{ ARN: string }>('CreateSecret', input);
  return { ...all, ARN };
}

test('DescribeSecret tells of a rotation from the first request on', async () => {
  const { run, refusal, ARN, wakes } = await made();
  expect(await run('DescribeSecret', { SecretId: 's' })).not.toHaveProperty('RotationEnabled');
  const RotationRules = { ScheduleExpression: 'rate(10 days)', Duration: '3h' };
  const asked = { SecretId: 's', RotationLambdaARN, RotationRules };
  const answer = await run('RotateSecret', { ...asked, ClientRequestToken: token('r1') });
  expect(answer).toEqual({ ARN, Name: 's', VersionId: token('r1') });
  expect(wakes()).toBe(1);
  expect(await run('DescribeSecret', { SecretId: 's' })).toMatchObject({
    ...{ RotationEnabled: true, RotationLambdaARN, RotationRules },
    NextRotationDate: new Date(Date.UTC(2024, 4, 24, 3)),
    VersionIdsToStages: { [token('v1')]: ['AWSCURRENT'], [token('r1')]: ['AWSPENDING'] },
  });
  // As functions look for what they have staged.
  const pending = { SecretId: 's', VersionId: token('r1'), VersionStage: 'AWSPENDING' };
  expect(await refusal('GetSecretValue', pending)).toMatch(/^ResourceNotFoundException/);
  expect(await refusal('RotateSecret', { SecretId: 's' })).toBe(
    "InvalidRequestException: A previous rotation isn't complete. That rotation will be " +
      'reattempted.',
  );
  const cancelled = await run('CancelRotateSecret', { SecretId: 's' });
  expect(cancelled).toEqual({ ARN, Name: 's', VersionId: token('r1') });
  const after = await run('DescribeSecret', { SecretId: 's' });
  expect(after).toMatchObject({ RotationEnabled: false, RotationLambdaARN, RotationRules });
  expect(after).not.toHaveProperty('NextRotationDate');
  expect(await refusal('CancelRotateSecret', { SecretId: 's' })).toMatch(/^InvalidRequest/);
});

describe('RotateSecret', () => {
  test.each([
    [{ SecretId: 's' }, /^InvalidRequestException: No Lambda rotation function ARN/],
    [{ SecretId: 'none', RotationLambdaARN }, /^ResourceNotFound/],
    [
      { SecretId: 's', RotationLambdaARN: functionArn('none') },
      /^AccessDeniedException: Secrets Manager cannot invoke the specified Lambda.*'none'/,
    ],
    [{ SecretId: 's', RotationLambdaARN: 'rotate' }, /^InvalidParameter.*RotationLambdaARN/],
    [
      {
        SecretId: 's',
        RotationLambdaARN: RotationLambdaARN.replace('111122223333', '999999999999'),
      },
      /^InvalidParameter.*of this account and Region/,
    ],
    [
      { SecretId: 's', RotationLambdaARN: RotationLambdaARN.replace('eu-west-1', 'us-east-1') },
      /^InvalidParameter/,
    ],
    [
      { SecretId: 's', RotationLambdaARN, RotationRules: { ScheduleExpression: 'rate(1 hour)' } },
      /^InvalidParameter.*every 4 hours/,
    ],
    [
      {
        SecretId: 's',
        RotationLambdaARN,
        RotationRules: { AutomaticallyAfterDays: 3, ScheduleExpression: 'rate(3 days)' },
      },
      /^InvalidParameter.*not both/,
    ],
    [
      { SecretId: 's', ExternalSecretRotationMetadata: [{ Key: 'a', Value: 'b' }] },
      /^InvalidParameter.*partners/,
    ],
  ])('%j is refused', async (input, reason) => {
    const { run, refusal } = await made();
    expect(await refusal('RotateSecret', input)).toMatch(reason);
    const described = await run('DescribeSecret', { SecretId: 's' });
    expect(described).not.toHaveProperty('RotationEnabled');
    expect(described.VersionIdsToStages).toEqual({ [token('v1')]: ['AWSCURRENT'] });
  });

  test('without rules is on demand only', async () => {
    const { run } = await made();
    await run('RotateSecret', { SecretId: 's', RotationLambdaARN, RotateImmediately: false });
    const described = await run('DescribeSecret', { SecretId: 's' });
    expect(described).toMatchObject({ RotationEnabled: true });
    expect(described).not.toHaveProperty('NextRotationDate');
    expect(described).not.toHaveProperty('RotationRules');
  });
});
