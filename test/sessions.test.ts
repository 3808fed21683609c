/** Temporary credentials against a whole server: they work, and end when somebody ends them. */

import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, expect, test, vi } from 'vitest';
import { type At, Cleanup, clientsOf, dist, policy, started } from './server.fixture.ts';

// Whole servers run here: a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000 });

type SignedFetch = typeof import('../src/server/signed-fetch.ts');
type Keys = At['administrator'];

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const roleArn = (name: string) => `arn:aws:iam::000000000000:role/${name}`;

async function world() {
  const at = cleanup.add(await started(await cleanup.folder()), (server) => server.stop());
  const clients = cleanup.add(clientsOf(at), (c) => c.close());
  const root = { AWS: 'arn:aws:iam::000000000000:root' };
  const AssumeRolePolicyDocument = policy({
    ...{ Effect: 'Allow', Principal: root, Action: 'sts:AssumeRole' },
  });
  for (const RoleName of ['worker', 'other']) {
    await clients.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  }
  const sts = (credentials: object) =>
    cleanup.add(
      new STSClient({
        ...{ endpoint: at.url, region: 'us-east-1', maxAttempts: 1 },
        credentials: { ...credentials } as Keys,
      }),
      (client) => client.destroy(),
    );
  const assumed = async (name: string) => {
    const asked = new AssumeRoleCommand({ RoleArn: roleArn(name), RoleSessionName: 'session' });
    const { Credentials } = await sts(at.administrator).send(asked);
    const session = {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    };
    const client = sts(session);
    const works = () =>
      client.send(new GetCallerIdentityCommand({})).then(
        () => 'works',
        (error: Error) => error.name,
      );
    return { ...session, works };
  };
  const { postSigned } = (await import(dist('server/signed-fetch.js').href)) as SignedFetch;
  const revoke = async (body: object, keys: Keys = at.administrator) => {
    const answer = await postSigned({
      ...{ url: at.url, path: '/_modelkeep/sessions/revoke', service: 'iam' },
      ...{ region: 'us-east-1', body, keys, nowMs: Date.now() },
    });
    if (!answer.ok) throw new Error(answer.reason);
    return answer.value;
  };
  return { clients, assumed, revoke };
}

test('one session ends, or all of a role, and others go on', async () => {
  const { assumed, revoke } = await world();
  const [first, second, other] = [
    await assumed('worker'),
    await assumed('worker'),
    await assumed('other'),
  ];
  const all = () => Promise.all([first.works(), second.works(), other.works()]);
  expect(await all()).toEqual(['works', 'works', 'works']);

  const { accessKeyId } = first;
  expect(await revoke({ accessKeyId })).toEqual({ status: 200, body: { revoked: accessKeyId } });
  expect(await all()).toEqual(['InvalidClientTokenId', 'works', 'works']);

  expect(await revoke({ roleName: 'worker' })).toEqual({
    status: 200,
    body: { revoked: roleArn('worker') },
  });
  expect(await all()).toEqual(['InvalidClientTokenId', 'InvalidClientTokenId', 'works']);
  // Only what was issued before: the role itself is as good as it was.
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await (await assumed('worker')).works()).toBe('works');
});

test('ending sessions needs a right of its own, on the role', async () => {
  const { clients, assumed, revoke } = await world();
  const UserName = 'warden';
  await clients.iam.send(new CreateUserCommand({ UserName }));
  const PolicyDocument = policy({
    ...{ Effect: 'Allow', Action: 'modelkeep:RevokeSession', Resource: roleArn('worker') },
  });
  const { iam } = clients;
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'p', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const keys = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  const session = await assumed('other');
  const { accessKeyId } = session;
  const statuses = [];
  for (const body of [{ accessKeyId }, { roleName: 'other' }, { roleName: 'worker' }]) {
    statuses.push((await revoke(body, keys)).status);
  }
  expect(statuses).toEqual([403, 403, 200]);
  expect(await session.works()).toBe('works');
});

test.each<[object, number, RegExp]>([
  [{}, 400, /accessKeyId or roleName, and nothing else/],
  [{ roleName: 'a', accessKeyId: 'ASIAAAAAAAAAAAAAAAAA' }, 400, /nothing else/],
  [{ accessKeyId: 'AKIAAAAAAAAAAAAAAAAA' }, 400, /accessKeyId must match \^ASIA/],
  [{ roleName: '../worker' }, 400, /roleName must match/],
  [{ roleName: 7 }, 400, /roleName must match/],
  [{ roleName: 'nobody' }, 404, /There is no role nobody/],
])('%j is refused', async (body, status, words) => {
  const { revoke } = await world();
  const answer = await revoke(body);
  const { error } = answer.body as { error: { message: string } };
  expect([answer.status, error.message]).toEqual([status, expect.stringMatching(words)]);
});
