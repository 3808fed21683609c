/** The service behind its real client, over HTTP. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as sdk from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { setupSecrets, token } from '../../engines/secrets/secrets.fixture.ts';
import { silentLogger } from '../../kernel/log.ts';
import { makeListener } from '../../wire/listener.ts';
import { mount } from '../../wire/operation.ts';
import { secretsManager, secretsManagerPermissions } from './index.ts';
import { functionArn, makeCall, scope } from './secretsmanager.fixture.ts';

let server: Server;
let client: sdk.SecretsManagerClient;

beforeAll(async () => {
  const { secrets, random } = setupSecrets();
  const functions = { has: () => false };
  const guarded = { operations: secretsManager, permissions: secretsManagerPermissions };
  const listener = makeListener({
    services: [mount('secretsmanager', guarded, { secrets, functions, random })],
    authorize: async () => new Map(),
    findSecret: async () => ({ secretAccessKey: 'secret', caller: makeCall().caller }),
    ...{ clock: { nowMs: () => Date.now() }, random, log: silentLogger, scope },
    objectDomains: ['localhost'],
  });
  server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
  const settings = { endpoint, region: scope.region, credentials, maxAttempts: 1 };
  client = new sdk.SecretsManagerClient(settings);
});

afterAll(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

test('a secret lives and dies', async () => {
  const { ARN } = await client.send(
    new sdk.CreateSecretCommand({
      ...{ Name: 'app/db', SecretString: '{"password":"hunter2"}' },
      Tags: [{ Key: 'team', Value: 'blue' }],
    }),
  );
  const read = await client.send(new sdk.GetSecretValueCommand({ SecretId: 'app/db' }));
  expect(read).toMatchObject({ ARN, SecretString: '{"password":"hunter2"}' });
  expect(read.VersionId).toMatch(/^[0-9a-f-]{36}$/);
  expect(read.CreatedDate).toBeInstanceOf(Date);
  const SecretBinary = Uint8Array.of(0, 1, 255);
  await client.send(new sdk.PutSecretValueCommand({ SecretId: ARN, SecretBinary }));
  const bytes = await client.send(new sdk.GetSecretValueCommand({ SecretId: ARN }));
  expect(bytes.SecretBinary).toEqual(SecretBinary);
  expect(bytes.SecretString).toBeUndefined();
  const described = await client.send(new sdk.DescribeSecretCommand({ SecretId: ARN }));
  expect(
    Object.values(described.VersionIdsToStages ?? {})
      .flat()
      .sort(),
  ).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
  const batch = { SecretIdList: ['app/db', 'none'] };
  const many = await client.send(new sdk.BatchGetSecretValueCommand(batch));
  expect(many.Errors).toMatchObject([{ ErrorCode: 'ResourceNotFoundException' }]);
  expect(many.SecretValues).toHaveLength(1);
  const Filters: sdk.Filter[] = [{ Key: 'tag-value', Values: ['blue'] }];
  const { SecretList } = await client.send(new sdk.ListSecretsCommand({ Filters }));
  expect(SecretList).toMatchObject([{ ARN, Tags: [{ Key: 'team', Value: 'blue' }] }]);
  const deletion = { SecretId: ARN, RecoveryWindowInDays: 7 };
  const { DeletionDate } = await client.send(new sdk.DeleteSecretCommand(deletion));
  expect(DeletionDate).toBeInstanceOf(Date);
  await client.send(new sdk.RestoreSecretCommand({ SecretId: ARN }));
});

test('refusals arrive as the errors the client knows', async () => {
  const getting = client.send(new sdk.GetSecretValueCommand({ SecretId: 'none' }));
  await expect(getting).rejects.toBeInstanceOf(sdk.ResourceNotFoundException);
  await client.send(new sdk.CreateSecretCommand({ Name: 'r', SecretString: 'x' }));
  const RotationLambdaARN = functionArn('none');
  const rotating = client.send(new sdk.RotateSecretCommand({ SecretId: 'r', RotationLambdaARN }));
  await expect(rotating).rejects.toMatchObject({
    name: 'AccessDeniedException',
    $metadata: { httpStatusCode: 400 },
  });
  const again = client.send(new sdk.CreateSecretCommand({ Name: 'r', SecretString: 'y' }));
  await expect(again).rejects.toBeInstanceOf(sdk.ResourceExistsException);
  const short = { SecretId: 'r', SecretString: 'z', ClientRequestToken: 'short' };
  await expect(client.send(new sdk.PutSecretValueCommand(short))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 400 },
  });
  const named = client.send(new sdk.CreateSecretCommand({ Name: 'a b', SecretString: 'x' }));
  await expect(named).rejects.toMatchObject({ name: 'ValidationException' });
});

test('every operation of the client is answered by the service', async () => {
  const SecretId = 'all';
  const ClientRequestToken = token('v1');
  await client.send(
    new sdk.CreateSecretCommand({ Name: SecretId, SecretString: 'x', ClientRequestToken }),
  );
  const commands = [
    new sdk.UpdateSecretCommand({ SecretId, Description: 'd' }),
    new sdk.TagResourceCommand({ SecretId, Tags: [{ Key: 'a', Value: 'b' }] }),
    new sdk.UntagResourceCommand({ SecretId, TagKeys: ['a'] }),
    new sdk.ListSecretVersionIdsCommand({ SecretId }),
    new sdk.GetResourcePolicyCommand({ SecretId }),
    new sdk.DeleteResourcePolicyCommand({ SecretId }),
    new sdk.GetRandomPasswordCommand({ PasswordLength: 20 }),
    new sdk.UpdateSecretVersionStageCommand({
      ...{ SecretId, VersionStage: 'blue', MoveToVersionId: ClientRequestToken },
    }),
  ];
  for (const command of commands) {
    const answer = await client.send(command as sdk.GetRandomPasswordCommand);
    expect(answer.$metadata.httpStatusCode).toBe(200);
  }
  const refused = [
    new sdk.CancelRotateSecretCommand({ SecretId }),
    new sdk.StopReplicationToReplicaCommand({ SecretId }),
    new sdk.ReplicateSecretToRegionsCommand({
      ...{ SecretId, AddReplicaRegions: [{ Region: 'us-east-1' }] },
    }),
    new sdk.RemoveRegionsFromReplicationCommand({
      ...{ SecretId, RemoveReplicaRegions: ['us-east-1'] },
    }),
    new sdk.PutResourcePolicyCommand({ SecretId, ResourcePolicy: '{}' }),
    new sdk.ValidateResourcePolicyCommand({ ResourcePolicy: '{}' }),
  ];
  for (const command of refused) {
    const answer = client.send(command as sdk.CancelRotateSecretCommand);
    await expect(answer).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
  }
});
