/** Roles and policies through the real client, over HTTP: what is sent is what is meant. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as sdk from '@aws-sdk/client-iam';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '../../kernel/log.ts';
import { seededRandom } from '../../kernel/random.ts';
import { makeListener } from '../../wire/listener.ts';
import { arnOf, document, readOnly, root, scope, setup, trust } from './policy.fixture.ts';

let server: Server;
let client: sdk.IAMClient;

beforeAll(async () => {
  const listener = makeListener({
    services: [setup().service],
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
  client = new sdk.IAMClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
});

afterAll(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

const RoleName = 'Job';

test('a role with its policies, from its making to its end', async () => {
  const made = await client.send(
    new sdk.CreateRoleCommand({
      ...{ RoleName, Path: '/ml/', AssumeRolePolicyDocument: trust(), MaxSessionDuration: 7_200 },
      Tags: [{ Key: 'team', Value: 'a b' }],
    }),
  );
  expect(made.Role?.Arn).toBe(arnOf('role/ml/Job'));
  const { Policy } = await client.send(
    new sdk.CreatePolicyCommand({ PolicyName: 'own', PolicyDocument: document() }),
  );
  const PolicyArn = Policy?.Arn ?? '';
  await client.send(new sdk.AttachRolePolicyCommand({ RoleName, PolicyArn }));
  await client.send(new sdk.AttachRolePolicyCommand({ RoleName, PolicyArn: readOnly }));
  const PolicyName = 'inline';
  const PolicyDocument = document({ Resource: 'arn:aws:s3:::é ü/*' });
  await client.send(new sdk.PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));

  const { Role } = await client.send(new sdk.GetRoleCommand({ RoleName }));
  expect(Role).toMatchObject({ MaxSessionDuration: 7_200, Tags: [{ Key: 'team', Value: 'a b' }] });
  expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).toBe(trust());
  const inline = await client.send(new sdk.GetRolePolicyCommand({ RoleName, PolicyName }));
  expect(decodeURIComponent(inline.PolicyDocument ?? '')).toBe(PolicyDocument);
  const pages = sdk.paginateListAttachedRolePolicies({ client, pageSize: 1 }, { RoleName });
  const attached: string[] = [];
  for await (const page of pages) {
    attached.push(...(page.AttachedPolicies ?? []).map((one) => one.PolicyName ?? ''));
  }
  expect(attached).toEqual(['own', 'ReadOnlyAccess']);

  await expect(client.send(new sdk.DeleteRoleCommand({ RoleName }))).rejects.toMatchObject({
    name: 'DeleteConflictException',
    message: 'Cannot delete entity, must detach all policies first.',
  });
  for (const arn of [PolicyArn, readOnly]) {
    await client.send(new sdk.DetachRolePolicyCommand({ RoleName, PolicyArn: arn }));
  }
  await client.send(new sdk.DeleteRolePolicyCommand({ RoleName, PolicyName }));
  await client.send(new sdk.DeleteRoleCommand({ RoleName }));
  await client.send(new sdk.DeletePolicyCommand({ PolicyArn }));
  await expect(client.send(new sdk.GetRoleCommand({ RoleName }))).rejects.toBeInstanceOf(
    sdk.NoSuchEntityException,
  );
});

test('refusals have the classes and the statuses of the original', async () => {
  const bad = { RoleName: 'bad', AssumeRolePolicyDocument: trust({ AWS: arnOf('user/ghost') }) };
  await expect(client.send(new sdk.CreateRoleCommand(bad))).rejects.toMatchObject({
    name: 'MalformedPolicyDocumentException',
    message: `Invalid principal in policy: "AWS":"${arnOf('user/ghost')}"`,
    $metadata: { httpStatusCode: 400 },
  });
  const spaced = { RoleName: 'a b', AssumeRolePolicyDocument: trust() };
  await expect(client.send(new sdk.CreateRoleCommand(spaced))).rejects.toMatchObject({
    name: 'ValidationError',
  });
  const none = new sdk.GetPolicyCommand({ PolicyArn: arnOf('policy/none') });
  await expect(client.send(none)).rejects.toMatchObject({
    name: 'NoSuchEntityException',
    $metadata: { httpStatusCode: 404 },
  });
});

test('every list of policies can be paged to its end', async () => {
  const names: string[] = [];
  for await (const page of sdk.paginateListPolicies({ client, pageSize: 30 }, { Scope: 'AWS' })) {
    names.push(...(page.Policies ?? []).map((one) => one.PolicyName ?? ''));
  }
  expect(names).toContain('AdministratorAccess');
  expect(new Set(names).size).toBe(names.length);
});

test('a simulation', async () => {
  const ResourceArns = ['arn:aws:s3:::b/k'];
  const { EvaluationResults } = await client.send(
    new sdk.SimulateCustomPolicyCommand({
      PolicyInputList: [document({ Condition: { Bool: { 'aws:SecureTransport': 'true' } } })],
      ActionNames: ['s3:GetObject', 's3:PutObject'],
      ResourceArns,
      ContextEntries: [
        {
          ContextKeyName: 'aws:SecureTransport',
          ContextKeyType: 'boolean',
          ContextKeyValues: ['true'],
        },
      ],
    }),
  );
  expect(EvaluationResults).toMatchObject([
    {
      EvalActionName: 's3:GetObject',
      EvalDecision: 'allowed',
      MatchedStatements: [{ StartPosition: { Line: 1, Column: 38 } }],
      ResourceSpecificResults: [{ EvalResourceDecision: 'allowed' }],
    },
    { EvalActionName: 's3:PutObject', EvalDecision: 'implicitDeny' },
  ]);
  const keys = await client.send(
    new sdk.GetContextKeysForCustomPolicyCommand({
      PolicyInputList: [document({ Resource: 'arn:aws:s3:::${aws:username}' })],
    }),
  );
  expect(keys.ContextKeyNames).toEqual(['aws:username']);
});

test('the rest: providers, profiles, linked roles, the whole account', async () => {
  const { OpenIDConnectProviderArn } = await client.send(
    new sdk.CreateOpenIDConnectProviderCommand({
      Url: 'https://id.example.com',
      ClientIDList: ['one'],
    }),
  );
  expect(OpenIDConnectProviderArn).toBe(arnOf('oidc-provider/id.example.com'));
  await client.send(
    new sdk.CreateRoleCommand({
      RoleName: 'web',
      AssumeRolePolicyDocument: trust({ Federated: OpenIDConnectProviderArn }).replace(
        'sts:AssumeRole',
        'sts:AssumeRoleWithWebIdentity',
      ),
    }),
  );
  const InstanceProfileName = 'box';
  await client.send(new sdk.CreateInstanceProfileCommand({ InstanceProfileName }));
  const pair = { InstanceProfileName, RoleName: 'web' };
  await client.send(new sdk.AddRoleToInstanceProfileCommand(pair));
  const { InstanceProfile } = await client.send(
    new sdk.GetInstanceProfileCommand({ InstanceProfileName }),
  );
  expect(InstanceProfile?.Roles).toMatchObject([{ RoleName: 'web' }]);
  const linked = await client.send(
    new sdk.CreateServiceLinkedRoleCommand({ AWSServiceName: 'macie.amazonaws.com' }),
  );
  const task = await client.send(
    new sdk.DeleteServiceLinkedRoleCommand({ RoleName: linked.Role?.RoleName }),
  );
  const { DeletionTaskId } = task;
  const status = new sdk.GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId });
  expect(await client.send(status)).toMatchObject({ Status: 'SUCCEEDED' });
  const details = await client.send(new sdk.GetAccountAuthorizationDetailsCommand({}));
  expect(details.RoleDetailList?.map((role) => role.RoleName)).toEqual(['web']);
});
