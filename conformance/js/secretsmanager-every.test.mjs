/** The AWS SDK for JavaScript: every operation of the service of secrets, once at least. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as identity from '@aws-sdk/client-iam';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { allow, named, once, policyOf, until } from './clients.mjs';
import {
  ask,
  caller,
  everyOperation,
  names,
  refused,
  secretsAs,
  trust,
  withUser,
} from './every.mjs';
import { startServer } from './issuer.mjs';

const send = caller('secretsmanager');
const read = 'secretsmanager:GetSecretValue';

/** Its first value is "one". */
async function withSecret(use) {
  const input = { Name: named('secret'), SecretString: 'one' };
  const { ARN, VersionId } = await send('CreateSecret', input);
  try {
    await use({ SecretId: input.Name, ARN, VersionId });
  } finally {
    await send('DeleteSecret', { SecretId: ARN, ForceDeleteWithoutRecovery: true });
  }
}

test('a secret from its first day to its last', async () => {
  const Name = named('secret');
  const tag = (Key, Value) => ({ Key, Value });
  const made = await send('CreateSecret', {
    ...{ Name, SecretString: 'one', Description: 'first', Tags: [tag('a', '1')] },
  });
  assert.match(made.ARN, new RegExp(`:secret:${Name}-[A-Za-z0-9]{6}$`));
  const SecretId = made.ARN;
  await refused('ResourceExistsException', 400, () => send('CreateSecret', { Name }));
  await send('TagResource', { SecretId, Tags: [tag('b', '2')] });
  await send('UntagResource', { SecretId, TagKeys: ['a'] });
  await send('UpdateSecret', { SecretId, Description: 'second', SecretString: 'two' });
  const told = await send('DescribeSecret', { SecretId: Name });
  assert.deepEqual([told.ARN, told.Description, told.Tags], [SecretId, 'second', [tag('b', '2')]]);
  const Filters = [{ Key: 'name', Values: [Name] }];
  assert.deepEqual(names((await send('ListSecrets', { Filters })).SecretList, 'ARN'), [SecretId]);
  await refused('InvalidParameterException', 400, () =>
    send('DeleteSecret', { SecretId, RecoveryWindowInDays: 31 }),
  );
  const { DeletionDate } = await send('DeleteSecret', { SecretId, RecoveryWindowInDays: 7 });
  const daysLeft = (DeletionDate - Date.now()) / 86_400_000;
  assert.ok(daysLeft > 6.9 && daysLeft <= 7.001, `${daysLeft} days`);
  await refused('InvalidRequestException', 400, () => send('GetSecretValue', { SecretId }));
  await send('RestoreSecret', { SecretId });
  assert.equal((await send('GetSecretValue', { SecretId })).SecretString, 'two');
  await send('DeleteSecret', { SecretId, ForceDeleteWithoutRecovery: true });
  await refused('ResourceNotFoundException', 400, () => send('DescribeSecret', { SecretId }));
});

test('versions and their labels', () =>
  withSecret(async ({ SecretId, VersionId: first }) => {
    const second = randomUUID();
    const put = { SecretId, ClientRequestToken: second };
    const SecretBinary = randomBytes(100);
    await send('PutSecretValue', { ...put, SecretBinary });
    await refused('ResourceExistsException', 400, () =>
      send('PutSecretValue', { ...put, SecretString: 'other' }),
    );
    const told = await send('GetSecretValue', { SecretId });
    assert.deepEqual(
      [Buffer.from(told.SecretBinary), told.SecretString],
      [SecretBinary, undefined],
    );
    const before = await send('GetSecretValue', { SecretId, VersionStage: 'AWSPREVIOUS' });
    assert.deepEqual([before.SecretString, before.VersionId], ['one', first]);
    const back = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: first };
    await refused('InvalidParameterException', 400, () => send('UpdateSecretVersionStage', back));
    await send('UpdateSecretVersionStage', { ...back, RemoveFromVersionId: second });
    const { Versions } = await send('ListSecretVersionIds', { SecretId });
    const stages = Versions.map((one) => [one.VersionId, one.VersionStages]);
    assert.deepEqual(Object.fromEntries(stages), {
      ...{ [first]: ['AWSCURRENT'], [second]: ['AWSPREVIOUS'] },
    });
  }));

test('many at once, those that cannot be read beside those that can', () =>
  withSecret(async ({ SecretId }) => {
    const gone = `${SecretId}-gone`;
    const told = await send('BatchGetSecretValue', { SecretIdList: [SecretId, gone] });
    assert.deepEqual(names(told.SecretValues, 'SecretString'), ['one']);
    const errors = told.Errors.map((one) => [one.SecretId, one.ErrorCode]);
    assert.deepEqual(errors, [[gone, 'ResourceNotFoundException']]);
    await refused('InvalidParameterException', 400, () => send('BatchGetSecretValue', {}));
  }));

test('random passwords', async () => {
  const input = { PasswordLength: 60, ExcludePunctuation: true, ExcludeCharacters: 'abcABC012' };
  const { RandomPassword } = await send('GetRandomPassword', input);
  assert.match(RandomPassword, /^[d-zD-Z3-9]{60}$/);
  assert.notEqual((await send('GetRandomPassword', input)).RandomPassword, RandomPassword);
  const nothing = { ExcludeLowercase: true, ExcludeUppercase: true, ExcludeNumbers: true };
  await refused('InvalidParameterException', 400, () =>
    send('GetRandomPassword', { ...nothing, ExcludePunctuation: true }),
  );
});

test('a policy of its own lets people in', () =>
  withUser((user, key) =>
    withSecret(async ({ SecretId }) => {
      const get = () => secretsAs(key)('GetSecretValue', { SecretId });
      await refused('AccessDeniedException', 400, get);
      const may = (Principal) => ({ Effect: 'Allow', Principal, Action: read, Resource: '*' });
      const ResourcePolicy = policyOf(may({ AWS: user.Arn }));
      const open = { SecretId, ResourcePolicy: policyOf(may('*')) };
      await refused('PublicPolicyException', 400, () =>
        send('PutResourcePolicy', { ...open, BlockPublicPolicy: true }),
      );
      await refused('MalformedPolicyDocumentException', 400, () =>
        send('PutResourcePolicy', { SecretId, ResourcePolicy: '{' }),
      );
      await send('PutResourcePolicy', { SecretId, ResourcePolicy });
      assert.equal((await get()).SecretString, 'one');
      const kept = await send('GetResourcePolicy', { SecretId });
      assert.deepEqual(JSON.parse(kept.ResourcePolicy), JSON.parse(ResourcePolicy));
      const { ValidationErrors } = await send('ValidateResourcePolicy', open);
      assert.deepEqual(names(ValidationErrors, 'CheckName'), ['BlockPublicPolicy']);
      await send('DeleteResourcePolicy', { SecretId });
      await refused('AccessDeniedException', 400, get);
    }),
  ));

test('replicas, of which there are none', () =>
  withSecret(async ({ SecretId }) => {
    await refused('InvalidParameterException', 400, () =>
      send('ReplicateSecretToRegions', { SecretId, AddReplicaRegions: [{ Region: 'eu-north-1' }] }),
    );
    await refused('InvalidParameterException', 400, () =>
      send('RemoveRegionsFromReplication', { SecretId, RemoveReplicaRegions: ['eu-north-1'] }),
    );
    await refused('InvalidRequestException', 400, () =>
      send('StopReplicationToReplica', { SecretId }),
    );
  }));

test('a rotation by a function', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rotation-'));
  const { Account } = await ask('GetCallerIdentity');
  const file = fileURLToPath(new URL('rotate.mjs', import.meta.url));
  const role = `arn:aws:iam::${Account}:role/rotator`;
  const functions = JSON.stringify({ rotate: { file, role } });
  const server = await startServer(folder, { flags: ['--functions', functions] });
  try {
    await rotated({ ...once, ...server.client }, Account);
  } finally {
    assert.equal(await server.stop(), 0);
    await rm(folder, { recursive: true });
  }
});

async function rotated(config, account) {
  const iam = caller('iam', new identity.IAMClient(config));
  const here = caller('secretsmanager', new SecretsManagerClient(config));
  const RoleName = 'rotator';
  const AssumeRolePolicyDocument = trust({ Service: 'lambda.amazonaws.com' });
  await iam('CreateRole', { RoleName, AssumeRolePolicyDocument });
  const PolicyDocument = allow('secretsmanager:*');
  await iam('PutRolePolicy', { RoleName, PolicyName: 'own', PolicyDocument });
  const SecretId = (await here('CreateSecret', { Name: 'turned', SecretString: 'one' })).ARN;
  const RotationLambdaARN = `arn:aws:lambda:${config.region}:${account}:function:rotate`;
  await refused('AccessDeniedException', 400, () =>
    here('RotateSecret', { SecretId, RotationLambdaARN: `${RotationLambdaARN}-gone` }),
  );
  const RotationRules = { ScheduleExpression: 'rate(10 days)', Duration: '2h' };
  const asked = { SecretId, RotationLambdaARN, RotationRules };
  const { VersionId } = await here('RotateSecret', asked);
  const described = await until(async () => {
    const told = await here('DescribeSecret', { SecretId });
    return told.LastRotatedDate && told;
  });
  assert.deepEqual(described.VersionIdsToStages[VersionId].includes('AWSCURRENT'), true);
  assert.deepEqual(described.RotationRules, RotationRules);
  assert.ok(described.NextRotationDate > new Date());
  const value = await here('GetSecretValue', { SecretId });
  assert.match(value.SecretString, /^[A-Za-z0-9]{40}$/);
  await here('CancelRotateSecret', { SecretId });
  assert.equal((await here('DescribeSecret', { SecretId })).RotationEnabled, false);
  await refused('InvalidRequestException', 400, () => here('CancelRotateSecret', { SecretId }));
}

everyOperation(
  'secretsmanager',
  `
  CreateSecret UpdateSecret DescribeSecret ListSecrets DeleteSecret RestoreSecret
  GetSecretValue PutSecretValue BatchGetSecretValue ListSecretVersionIds
  UpdateSecretVersionStage GetRandomPassword TagResource UntagResource
  PutResourcePolicy GetResourcePolicy DeleteResourcePolicy ValidateResourcePolicy
  RotateSecret CancelRotateSecret
  ReplicateSecretToRegions RemoveRegionsFromReplication StopReplicationToReplica
`,
  'ReplicateSecretToRegions RemoveRegionsFromReplication StopReplicationToReplica',
);
