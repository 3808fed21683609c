/** Secrets made, described, changed, tagged, deleted, taken back; and what is refused. */
import { describe, expect, test } from 'vitest';
import { startMs, token } from '../../engines/secrets/secrets.fixture.ts';
import { dayMs } from '../../kernel/clock.ts';
import { setup } from './secretsmanager.fixture.ts';

const value = { SecretString: 'one', ClientRequestToken: token('v1') };

describe('CreateSecret', () => {
  test('makes a secret with its first version, and DescribeSecret tells of it', async () => {
    const { run } = setup();
    const made = await run('CreateSecret', {
      ...{ Name: 'prod/db', Description: 'main', ...value },
      Tags: [{ Key: 'team', Value: 'blue' }],
    });
    const ARN = expect.stringMatching(/:secret:prod\/db-\w{6}$/);
    expect(made).toEqual({ ARN, Name: 'prod/db', VersionId: token('v1') });
    expect(await run('DescribeSecret', { SecretId: made.ARN })).toEqual({
      ...{ ARN, Name: 'prod/db', Description: 'main', Tags: [{ Key: 'team', Value: 'blue' }] },
      ...{ CreatedDate: new Date(startMs), LastChangedDate: new Date(startMs) },
      VersionIdsToStages: { [token('v1')]: ['AWSCURRENT'] },
    });
  });

  test('makes one without a value', async () => {
    const { run, refusal } = setup();
    const made = await run('CreateSecret', { Name: 'empty' });
    expect(made).toEqual({ ARN: expect.any(String), Name: 'empty' });
    expect(await run('DescribeSecret', { SecretId: 'empty' })).not.toHaveProperty(
      'VersionIdsToStages',
    );
    expect(await refusal('GetSecretValue', { SecretId: 'empty' })).toBe(
      "ResourceNotFoundException: Secrets Manager can't find the specified secret value for " +
        'staging label: AWSCURRENT',
    );
  });

  test.each([
    [{ Name: 'a b' }, /^ValidationException: Invalid name/],
    [{ Name: 'ä' }, /^ValidationException/],
    [{ Name: 'a', SecretString: 'x', SecretBinary: Buffer.from('x') }, /^InvalidParameter.*both/],
    [{ Name: 'a', SecretString: 'ä'.repeat(40_000) }, /^InvalidParameter.*65536 bytes/],
    [{ Name: 'a', Tags: [{ Key: 'aws:x', Value: '' }] }, /^InvalidParameter.*reserved/],
    [{ Name: 'a', Tags: [{ Key: 'x' }, { Key: 'x' }] }, /^InvalidParameter.*Duplicate/],
    [{ Name: 'a', Tags: [{ Value: 'x' }] }, /^InvalidParameter.*Key/],
    [
      { Name: 'a', Tags: Array.from({ length: 51 }, (_, i) => ({ Key: `${i}` })) },
      /^InvalidParameter.*50 tags/,
    ],
    [{ Name: 'a', AddReplicaRegions: [{ Region: 'us-east-1' }] }, /^InvalidParameter.*one Region/],
    [{ Name: 'a', Type: 'SalesforceClientSecret' }, /^InvalidParameter.*Type/],
    [{ Name: 'a', ...value, KmsKeyId: 'alias/none' }, /^EncryptionFailure/],
    [{ Name: 'taken', SecretString: 'x' }, /^ResourceExistsException.*secret taken already/],
    [{ Name: 'gone' }, /^InvalidRequestException: You can't create this secret/],
  ])('%j is refused', async (input, reason) => {
    const { run, refusal } = setup();
    await run('CreateSecret', { Name: 'taken' });
    await run('CreateSecret', { Name: 'gone' });
    await run('DeleteSecret', { SecretId: 'gone' });
    expect(await refusal('CreateSecret', input)).toMatch(reason);
    expect(await refusal('DescribeSecret', { SecretId: 'a' })).toMatch(/^ResourceNotFound/);
  });
});

describe('UpdateSecret', () => {
  test('changes what is said about it, and its value as a new version', async () => {
    const { run, clock } = setup();
    const { ARN } = await run('CreateSecret', { Name: 's', ...value });
    clock.moveTo(startMs + 1_000);
    const said = await run('UpdateSecret', { SecretId: 's', Description: 'new' });
    expect(said).toEqual({ ARN, Name: 's' });
    const put = { SecretString: 'two', ClientRequestToken: token('v2') };
    expect(await run('UpdateSecret', { SecretId: 's', Description: '', ...put })).toEqual({
      ...{ ARN, Name: 's', VersionId: token('v2') },
    });
    expect(await run('DescribeSecret', { SecretId: 's' })).toMatchObject({
      Description: '',
      LastChangedDate: new Date(startMs + 1_000),
      VersionIdsToStages: { [token('v1')]: ['AWSPREVIOUS'], [token('v2')]: ['AWSCURRENT'] },
    });
  });

  test('changes the key: values are sealed anew, and back under the service key', async () => {
    const { run, refusal, addKey, setState } = setup();
    const key = await addKey();
    await run('CreateSecret', { Name: 's', ...value });
    await run('UpdateSecret', { SecretId: 's', KmsKeyId: key.id });
    expect(await run('DescribeSecret', { SecretId: 's' })).toMatchObject({ KmsKeyId: key.id });
    const { Versions } = await run<{ Versions: { KmsKeyIds: string[] }[] }>(
      'ListSecretVersionIds',
      { SecretId: 's' },
    );
    expect(Versions[0]?.KmsKeyIds).toEqual([key.arn]);
    await setState(key, 'Disabled');
    expect(await refusal('GetSecretValue', { SecretId: 's' })).toMatch(
      /^DecryptionFailure: Secrets Manager can't decrypt.*disabled/,
    );
    expect(await refusal('PutSecretValue', { SecretId: 's', SecretString: 'x' })).toMatch(
      /^EncryptionFailure: Secrets Manager can't encrypt.*disabled/,
    );
    await setState(key, 'Enabled');
    await run('UpdateSecret', { SecretId: 's', KmsKeyId: '' });
    await setState(key, 'Disabled');
    expect(await run('GetSecretValue', { SecretId: 's' })).toMatchObject({ SecretString: 'one' });
  });

  test.each([
    [{ SecretId: 'none', Description: 'x' }, /^ResourceNotFound/],
    [{ SecretId: 's', SecretString: 'x', SecretBinary: Buffer.from('x') }, /^InvalidParameter/],
    [{ SecretId: 's', Type: 'x' }, /^InvalidParameter/],
    [{ SecretId: 's', SecretString: 'x', ClientRequestToken: token('v1') }, /^ResourceExists/],
    [{ SecretId: 's', KmsKeyId: 'alias/none' }, /^EncryptionFailure/],
    [{ SecretId: 'gone', Description: 'x' }, /^InvalidRequestException.*marked for deletion/],
  ])('%j is refused', async (input, reason) => {
    const { run, refusal } = setup();
    await run('CreateSecret', { Name: 's', ...value });
    await run('CreateSecret', { Name: 'gone', ...value });
    await run('DeleteSecret', { SecretId: 'gone' });
    const before = await run('DescribeSecret', { SecretId: 's' });
    expect(await refusal('UpdateSecret', input)).toMatch(reason);
    expect(await run('DescribeSecret', { SecretId: 's' })).toEqual(before);
  });
});

describe('DeleteSecret', () => {
  test('waits thirty days unless said; the secret is listed only when asked for', async () => {
    const { run, refusal } = setup();
    const { ARN } = await run('CreateSecret', { Name: 's', ...value });
    const DeletionDate = new Date(startMs + 30 * dayMs);
    expect(await run('DeleteSecret', { SecretId: 's' })).toEqual({ ARN, Name: 's', DeletionDate });
    expect(await run('DescribeSecret', { SecretId: 's' })).toMatchObject({
      DeletedDate: DeletionDate,
    });
    expect(await run('ListSecrets', {})).toEqual({ SecretList: [] });
    expect(await run('ListSecrets', { IncludePlannedDeletion: true })).toMatchObject({
      SecretList: [{ ARN }],
    });
    const marked = /^InvalidRequestException: You can't perform this operation.*deletion/;
    for (const [operation, more] of [
      ['GetSecretValue', {}],
      ['PutSecretValue', { SecretString: 'x' }],
      ['UpdateSecretVersionStage', { VersionStage: 'x', MoveToVersionId: token('v1') }],
      ['TagResource', { Tags: [] }],
      ['UntagResource', { TagKeys: [] }],
      ['DeleteSecret', {}],
      ['GetResourcePolicy', {}],
      ['DeleteResourcePolicy', {}],
      ['CancelRotateSecret', {}],
    ] as const) {
      expect(await refusal(operation, { SecretId: 's', ...more })).toMatch(marked);
    }
    expect(await run('RestoreSecret', { SecretId: 's' })).toEqual({ ARN, Name: 's' });
    expect(await run('GetSecretValue', { SecretId: 's' })).toMatchObject({ SecretString: 'one' });
  });

  test('at once, by force, whether it is there or not', async () => {
    const { run, refusal } = setup();
    await run('CreateSecret', { Name: 's', ...value });
    const force = { SecretId: 's', ForceDeleteWithoutRecovery: true };
    await run('DeleteSecret', force);
    expect(await refusal('DescribeSecret', { SecretId: 's' })).toMatch(/^ResourceNotFound/);
    expect(await run('DeleteSecret', force)).toMatchObject({ Name: 's' });
    await run('CreateSecret', { Name: 's', ...value });
  });

  test.each([
    [{ SecretId: 's', RecoveryWindowInDays: 6 }, /^InvalidParameter.*between 7 and 30/],
    [{ SecretId: 's', RecoveryWindowInDays: 31 }, /^InvalidParameter.*between 7 and 30/],
    [
      { SecretId: 's', RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true },
      /^InvalidParameter.*in conjunction/,
    ],
    [{ SecretId: 'none' }, /^ResourceNotFound/],
  ])('%j is refused', async (input, reason) => {
    const { run, refusal } = setup();
    await run('CreateSecret', { Name: 's', ...value });
    expect(await refusal('DeleteSecret', input)).toMatch(reason);
    expect(await refusal('RestoreSecret', { SecretId: 'none' })).toMatch(/^ResourceNotFound/);
  });
});

test('tags are added, replaced and taken away', async () => {
  const { run, refusal } = setup();
  await run('CreateSecret', { Name: 's', Tags: [{ Key: 'a', Value: '1' }] });
  const Tags = [
    { Key: 'a', Value: '2' },
    { Key: 'b', Value: '3' },
  ];
  await run('TagResource', { SecretId: 's', Tags });
  expect(await run('DescribeSecret', { SecretId: 's' })).toMatchObject({ Tags });
  await run('UntagResource', { SecretId: 's', TagKeys: ['a', 'none'] });
  expect(await run('DescribeSecret', { SecretId: 's' })).toMatchObject({ Tags: [Tags[1]] });
  const many = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: '' }));
  expect(await refusal('TagResource', { SecretId: 's', Tags: many })).toMatch(/50 tags/);
  expect(await refusal('TagResource', { SecretId: 'none', Tags })).toMatch(/^ResourceNotFound/);
});

test('replication is answered for what it is', async () => {
  const { run, refusal } = setup();
  await run('CreateSecret', { Name: 's' });
  const regions = { SecretId: 's', AddReplicaRegions: [{ Region: 'us-east-1' }] };
  expect(await refusal('ReplicateSecretToRegions', regions)).toMatch(
    /^InvalidParameterException: .*one Region/,
  );
  const removed = { SecretId: 's', RemoveReplicaRegions: ['us-east-1'] };
  expect(await refusal('RemoveRegionsFromReplication', removed)).toMatch(/^InvalidParameter/);
  expect(await refusal('StopReplicationToReplica', { SecretId: 's' })).toMatch(
    /^InvalidRequestException: .*not a replica/,
  );
  expect(await refusal('StopReplicationToReplica', { SecretId: 'x' })).toMatch(/^ResourceNotFound/);
});

test('random passwords', async () => {
  const { run, refusal } = setup();
  const { RandomPassword } = await run<{ RandomPassword: string }>('GetRandomPassword', {});
  expect(RandomPassword).toHaveLength(32);
  const plain = { ExcludePunctuation: true, ExcludeUppercase: true, PasswordLength: 100 };
  const { RandomPassword: other } = await run<{ RandomPassword: string }>(
    'GetRandomPassword',
    plain,
  );
  expect(other).toMatch(/^[a-z0-9]{100}$/);
  expect(await refusal('GetRandomPassword', { PasswordLength: 2 })).toMatch(
    /^InvalidParameterException: .*too short/,
  );
});
