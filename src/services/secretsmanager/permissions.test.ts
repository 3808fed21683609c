/** What operations need permission for: of the secret, its key, its function. */
import { describe, expect, test } from 'vitest';
import { token } from '../../engines/secrets/secrets.fixture.ts';
import { functionArn, setup } from './secretsmanager.fixture.ts';

async function made(more: object = {}) {
  const all = setup();
  const input = { Name: 's', SecretString: 'one', ClientRequestToken: token('v1'), ...more };
  const { ARN } = await all.run<{ ARN: string }>('CreateSecret', input);
  return { ...all, ARN };
}

const shown = (checks: readonly { action: string; resource: string }[]) =>
  checks.map(({ action, resource }) => `${action} ${resource}`);

describe('a secret', () => {
  test('is asked for by its ARN, with what policies may look at', async () => {
    const { run, needs, ARN } = await made({ Tags: [{ Key: 'Team', Value: 'blue' }] });
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: { Effect: 'Deny', Principal: '*', Action: 'secretsmanager:*', Resource: '*' },
    });
    await run('PutResourcePolicy', { SecretId: 's', ResourcePolicy: policy });
    const RotationLambdaARN = functionArn('rotate');
    await run('RotateSecret', { SecretId: 's', RotationLambdaARN });
    const [check, ...others] = await needs('GetSecretValue', { SecretId: 's' });
    expect(others).toEqual([]);
    expect(check).toMatchObject({
      ...{ action: 'secretsmanager:GetSecretValue', resource: ARN, owner: '111122223333' },
      keys: {
        'secretsmanager:secretid': ARN,
        'secretsmanager:versionstage': 'AWSCURRENT',
        'secretsmanager:resourcetag/Team': 'blue',
        'secretsmanager:secretprimaryregion': 'eu-west-1',
        'secretsmanager:resource/allowrotationlambdaarn': RotationLambdaARN,
      },
    });
    expect(await check?.resourcePolicy?.()).toBe(policy);
    expect(await check?.resourceTags?.()).toEqual({ Team: 'blue' });
  });

  test('that is not there is asked for by the name', async () => {
    const { needs } = setup();
    const name = /^arn:aws:secretsmanager:eu-west-1:111122223333:secret:none-\?{6}$/;
    for (const operation of ['GetSecretValue', 'DeleteSecret', 'DescribeSecret', 'RotateSecret']) {
      const [check] = await needs(operation, { SecretId: 'none' });
      expect(check?.resource).toMatch(name);
    }
    const arn = 'arn:aws:secretsmanager:eu-west-1:999999999999:secret:x';
    const [foreign] = await needs('GetSecretValue', { SecretId: arn });
    expect(foreign).toMatchObject({ resource: arn, owner: '999999999999' });
  });

  test.each([
    [
      'DeleteSecret',
      { RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: false },
      {
        'secretsmanager:recoverywindowindays': 7,
        'secretsmanager:forcedeletewithoutrecovery': false,
      },
    ],
    [
      'PutResourcePolicy',
      { BlockPublicPolicy: true },
      { 'secretsmanager:blockpublicpolicy': true },
    ],
    ['PutSecretValue', { VersionStages: ['blue'] }, { 'secretsmanager:versionstage': ['blue'] }],
    [
      'UpdateSecretVersionStage',
      { VersionStage: 'blue' },
      { 'secretsmanager:versionstage': 'blue' },
    ],
    [
      'TagResource',
      { Tags: [{ Key: 'a', Value: 'b' }] },
      { 'aws:tagkeys': ['a'], 'aws:requesttag/a': 'b' },
    ],
    ['UntagResource', { TagKeys: ['a'] }, { 'aws:tagkeys': ['a'] }],
    ['UpdateSecret', { KmsKeyId: 'k' }, { 'secretsmanager:kmskeyid': 'k' }],
  ])('%s %j', async (operation, input, keys) => {
    const { needs } = await made();
    const [check] = await needs(operation, { SecretId: 's', ...input });
    expect(check?.action).toBe(`secretsmanager:${operation}`);
    expect(check?.keys).toMatchObject(keys);
  });

  test('is made under its name, and tagging is a right of its own', async () => {
    const { needs } = setup();
    const Tags = [{ Key: 'a', Value: 'b' }];
    const checks = await needs('CreateSecret', { Name: 'n', KmsKeyId: 'alias/x', Tags });
    expect(checks.map(({ action }) => action)).toEqual([
      'secretsmanager:CreateSecret',
      'secretsmanager:TagResource',
    ]);
    expect(checks[0]?.keys).toMatchObject({
      'secretsmanager:name': 'n',
      'secretsmanager:kmskeyid': 'alias/x',
      'aws:requesttag/a': 'b',
    });
  });
});

describe('a key of the customer', () => {
  test('must let the caller read and write through this service', async () => {
    const { run, needs, addKey } = setup();
    const key = await addKey();
    const first = { Name: 's', SecretString: 'x', KmsKeyId: key.id };
    const making = await needs('CreateSecret', first);
    expect(shown(making).slice(1)).toEqual([
      `kms:GenerateDataKey ${key.arn}`,
      `kms:Decrypt ${key.arn}`,
    ]);
    const { ARN } = await run('CreateSecret', { ...first, ClientRequestToken: token('v1') });
    const reading = await needs('GetSecretValue', { SecretId: 's' });
    expect(reading[1]).toMatchObject({
      ...{ action: 'kms:Decrypt', resource: key.arn, rule: 'key' },
      keys: {
        'kms:viaservice': 'secretsmanager.eu-west-1.amazonaws.com',
        'kms:calleraccount': '111122223333',
        'kms:encryptioncontext:secretarn': ARN,
        'kms:encryptioncontext:secretversionid': token('v1'),
      },
    });
    expect(await needs('PutSecretValue', { SecretId: 's' })).toHaveLength(3);
    expect(await needs('UpdateSecret', { SecretId: 's', Description: 'x' })).toHaveLength(1);
    const other = await addKey();
    const moving = await needs('UpdateSecret', { SecretId: 's', KmsKeyId: other.arn });
    expect(shown(moving).slice(1)).toEqual([
      `kms:GenerateDataKey ${other.arn}`,
      `kms:Decrypt ${other.arn}`,
      `kms:Decrypt ${key.arn}`,
    ]);
  });
});

test('a batch asks for each secret as an item', async () => {
  const { needs, ARN } = await made();
  const listed = await needs('BatchGetSecretValue', { SecretIdList: ['s', 'none'] });
  expect(listed.map(({ action, item }) => [action, item])).toEqual([
    ['secretsmanager:BatchGetSecretValue', undefined],
    ['secretsmanager:GetSecretValue', 's'],
    ['secretsmanager:GetSecretValue', 'none'],
  ]);
  const found = await needs('BatchGetSecretValue', { Filters: [] });
  expect(found.map(({ action, item }) => [action, item])).toEqual([
    ['secretsmanager:BatchGetSecretValue', undefined],
    ['secretsmanager:ListSecrets', undefined],
    ['secretsmanager:GetSecretValue', ARN],
  ]);
});

test('who sets a function on a secret must be one who may call it', async () => {
  const { needs } = await made();
  const RotationLambdaARN = functionArn('rotate');
  expect(shown(await needs('RotateSecret', { SecretId: 's', RotationLambdaARN }))[1]).toBe(
    `lambda:InvokeFunction ${RotationLambdaARN}`,
  );
  expect(await needs('RotateSecret', { SecretId: 's' })).toHaveLength(1);
});

test('what is about no secret', async () => {
  const { needs } = setup();
  for (const operation of ['ListSecrets', 'GetRandomPassword', 'ValidateResourcePolicy']) {
    expect(shown(await needs(operation, {}))).toEqual([`secretsmanager:${operation} *`]);
  }
});
