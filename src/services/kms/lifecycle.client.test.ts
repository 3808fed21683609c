/** The life of keys through the real client, over HTTP: what is sent is what is meant. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as sdk from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '../../kernel/log.ts';
import { seededRandom } from '../../kernel/random.ts';
import { makeListener } from '../../wire/listener.ts';
import { kmsArn, policy, root, rootArn, scope, setup, startMs, toAccount } from './kms.fixture.ts';

let server: Server;
let client: sdk.KMSClient;
const made = setup();

beforeAll(async () => {
  const listener = makeListener({
    services: [made.service],
    findSecret: async () => ({ secretAccessKey: 'secret', caller: root }),
    clock: { nowMs: () => Date.now() },
    random: seededRandom(1),
    log: silentLogger,
    scope,
    objectDomains: ['localhost'],
    authorize: async () => new Map(),
  });
  server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new sdk.KMSClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: scope.region,
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
});

afterAll(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

async function newKey(input: sdk.CreateKeyCommandInput = {}): Promise<string> {
  const { KeyMetadata } = await client.send(new sdk.CreateKeyCommand(input));
  return KeyMetadata?.KeyId ?? '';
}

test('a key from its making to its end', async () => {
  const Tags = [{ TagKey: 'team', TagValue: 'a b' }];
  const KeyId = await newKey({ Description: 'é ü', Tags, Policy: policy(toAccount) });
  const { KeyMetadata } = await client.send(new sdk.DescribeKeyCommand({ KeyId }));
  expect(KeyMetadata).toMatchObject({
    ...{ Arn: kmsArn(`key/${KeyId}`), Description: 'é ü', KeyState: 'Enabled' },
    ...{ CreationDate: new Date(startMs), KeyManager: 'CUSTOMER' },
  });
  await client.send(new sdk.UpdateKeyDescriptionCommand({ KeyId, Description: 'new' }));
  await client.send(new sdk.TagResourceCommand({ KeyId, Tags: [{ TagKey: 'b', TagValue: '' }] }));
  await client.send(new sdk.UntagResourceCommand({ KeyId, TagKeys: ['team'] }));
  const tags = await client.send(new sdk.ListResourceTagsCommand({ KeyId }));
  expect(tags.Tags).toEqual([{ TagKey: 'b', TagValue: '' }]);
  const { Policy } = await client.send(new sdk.GetKeyPolicyCommand({ KeyId }));
  await client.send(new sdk.PutKeyPolicyCommand({ KeyId, Policy }));
  const { PolicyNames } = await client.send(new sdk.ListKeyPoliciesCommand({ KeyId }));
  expect(PolicyNames).toEqual(['default']);
  await client.send(new sdk.DisableKeyCommand({ KeyId }));
  await client.send(new sdk.EnableKeyCommand({ KeyId }));
  const gone = new sdk.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 });
  const { DeletionDate } = await client.send(gone);
  expect(DeletionDate?.getTime()).toBe(startMs + 7 * 86_400_000);
  await client.send(new sdk.CancelKeyDeletionCommand({ KeyId }));
  const after = await client.send(new sdk.DescribeKeyCommand({ KeyId }));
  expect(after.KeyMetadata?.KeyState).toBe('Disabled');
});

test('aliases', async () => {
  const [one, two] = [await newKey(), await newKey()];
  const AliasName = 'alias/client/a_b';
  await client.send(new sdk.CreateAliasCommand({ AliasName, TargetKeyId: one }));
  await client.send(new sdk.UpdateAliasCommand({ AliasName, TargetKeyId: two }));
  const names: unknown[] = [];
  for await (const page of sdk.paginateListAliases({ client, pageSize: 2 }, {})) {
    names.push(...(page.Aliases ?? []).map((alias) => [alias.AliasName, alias.TargetKeyId]));
  }
  expect(names).toContainEqual([AliasName, two]);
  expect(names).toContainEqual(['alias/aws/s3', undefined]);
  await client.send(new sdk.DeleteAliasCommand({ AliasName }));
  const again = client.send(new sdk.DeleteAliasCommand({ AliasName }));
  await expect(again).rejects.toBeInstanceOf(sdk.NotFoundException);
});

test('grants', async () => {
  const KeyId = await newKey();
  const asked = {
    ...{ KeyId, GranteePrincipal: rootArn, RetiringPrincipal: rootArn },
    Operations: ['Decrypt' as const, 'GenerateDataKey' as const],
    Constraints: { EncryptionContextSubset: { Tenant: 'a' } },
  };
  const { GrantId, GrantToken } = await client.send(new sdk.CreateGrantCommand(asked));
  const { Grants } = await client.send(new sdk.ListGrantsCommand({ KeyId }));
  expect(Grants).toMatchObject([{ GrantId, Constraints: asked.Constraints }]);
  const retirable = new sdk.ListRetirableGrantsCommand({ RetiringPrincipal: rootArn });
  expect((await client.send(retirable)).Grants).toMatchObject([{ GrantId }]);
  await client.send(new sdk.RetireGrantCommand({ GrantToken }));
  const other = await client.send(new sdk.CreateGrantCommand(asked));
  await client.send(new sdk.RevokeGrantCommand({ KeyId, GrantId: other.GrantId }));
  expect((await client.send(new sdk.ListGrantsCommand({ KeyId }))).Grants).toEqual([]);
});

test('rotation', async () => {
  const KeyId = await newKey();
  await client.send(new sdk.EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
  await client.send(new sdk.RotateKeyOnDemandCommand({ KeyId }));
  const status = await client.send(new sdk.GetKeyRotationStatusCommand({ KeyId }));
  expect(status).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90 });
  const { Rotations } = await client.send(new sdk.ListKeyRotationsCommand({ KeyId }));
  expect(Rotations).toMatchObject([{ RotationType: 'ON_DEMAND', KeyMaterialState: 'CURRENT' }]);
  await client.send(new sdk.DisableKeyRotationCommand({ KeyId }));
  const short = new sdk.EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 89 });
  await expect(client.send(short)).rejects.toMatchObject({ name: 'ValidationException' });
});

test('refusals have the classes and the statuses of the original', async () => {
  const KeyId = await newKey();
  await client.send(new sdk.DisableKeyCommand({ KeyId }));
  const refused = (sent: Promise<unknown>) =>
    sent.then(
      () => undefined,
      (cause: unknown) => cause,
    );
  const disabled = await refused(client.send(new sdk.EnableKeyRotationCommand({ KeyId })));
  expect(disabled).toBeInstanceOf(sdk.DisabledException);
  expect(disabled).toMatchObject({
    message: `${kmsArn(`key/${KeyId}`)} is disabled.`,
    $metadata: { httpStatusCode: 400 },
  });
  const invalid = { KeyId, Policy: '{' };
  const cases = [
    [client.send(new sdk.DescribeKeyCommand({ KeyId: 'none' })), sdk.NotFoundException],
    [client.send(new sdk.CancelKeyDeletionCommand({ KeyId })), sdk.KMSInvalidStateException],
    [client.send(new sdk.PutKeyPolicyCommand(invalid)), sdk.MalformedPolicyDocumentException],
    [client.send(new sdk.ListKeysCommand({ Marker: '!' })), sdk.InvalidMarkerException],
    [client.send(new sdk.RetireGrantCommand({ GrantToken: 'x' })), sdk.InvalidGrantTokenException],
    [
      client.send(new sdk.CreateKeyCommand({ Origin: 'AWS_CLOUDHSM' })),
      sdk.UnsupportedOperationException,
    ],
  ] as const;
  const causes = await Promise.all(cases.map(([sent]) => refused(sent)));
  causes.forEach((cause, at) => {
    expect(cause).toBeInstanceOf(cases[at]?.[1]);
  });
  const reserved = { AliasName: 'alias/aws/x', TargetKeyId: KeyId };
  expect(await refused(client.send(new sdk.CreateAliasCommand(reserved)))).toMatchObject({
    name: 'NotAuthorizedException',
  });
  const stores = client.send(new sdk.DescribeCustomKeyStoresCommand({}));
  expect(await refused(stores)).toMatchObject({ $metadata: { httpStatusCode: 501 } });
});

test('keys can be paged to their end', async () => {
  const ids: string[] = [];
  for await (const page of sdk.paginateListKeys({ client, pageSize: 2 }, {})) {
    ids.push(...(page.Keys ?? []).map((key) => key.KeyId ?? ''));
  }
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan(3);
});
