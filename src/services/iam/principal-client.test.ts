/** Users, groups and credentials behind the real client, over HTTP: shapes, blobs and errors. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as sdk from '@aws-sdk/client-iam';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeAt, stepAt } from '../../engines/identity/totp.ts';
import { defined } from '../../kernel/assert.ts';
import { silentLogger } from '../../kernel/log.ts';
import { seededRandom } from '../../kernel/random.ts';
import { makeListener } from '../../wire/listener.ts';
import { arnOf, root, scope, setup } from './principal.fixture.ts';

let server: Server;
let client: sdk.IAMClient;
const clock = { nowMs: () => Date.now() };
const parts = setup();

beforeAll(async () => {
  const listener = makeListener({
    services: [parts.service],
    findSecret: async () => ({ secretAccessKey: 'secret', caller: root }),
    authorize: async () => new Map(),
    clock,
    random: seededRandom(1),
    log: silentLogger,
    scope,
    objectDomains: ['localhost'],
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

test('a user with a group, a key, a login and a device, from first to last', async () => {
  const user = { UserName: 'ann' };
  const Tags = [{ Key: 'team', Value: 'grüße' }];
  const created = await client.send(new sdk.CreateUserCommand({ ...user, Path: '/ml/', Tags }));
  expect(created.User).toMatchObject({ Arn: arnOf('user/ml/ann'), Tags });
  expect(created.User?.CreateDate).toBeInstanceOf(Date);
  await client.send(new sdk.CreateGroupCommand({ GroupName: 'g' }));
  await client.send(new sdk.AddUserToGroupCommand({ GroupName: 'g', ...user }));
  const group = await client.send(new sdk.GetGroupCommand({ GroupName: 'g' }));
  expect(group).toMatchObject({ IsTruncated: false, Users: [user] });

  const { AccessKey } = await client.send(new sdk.CreateAccessKeyCommand(user));
  const AccessKeyId = defined(AccessKey?.AccessKeyId, 'the key');
  const used = await client.send(new sdk.GetAccessKeyLastUsedCommand({ AccessKeyId }));
  expect(used.AccessKeyLastUsed).toEqual({ ServiceName: 'N/A', Region: 'N/A' });

  const login = { ...user, Password: 'Abcdef1&<é>', PasswordResetRequired: true };
  const profile = await client.send(new sdk.CreateLoginProfileCommand(login));
  expect(profile.LoginProfile).toMatchObject({ ...user, PasswordResetRequired: true });

  const VirtualMFADeviceName = 'phone';
  const made = await client.send(new sdk.CreateVirtualMFADeviceCommand({ VirtualMFADeviceName }));
  const device = defined(made.VirtualMFADevice, 'the device');
  const seed = Buffer.from(device.Base32StringSeed ?? []).toString();
  expect(Buffer.from(device.QRCodePNG ?? []).toString()).toContain(`secret=${seed}`);
  const step = stepAt(parts.clock.nowMs());
  const SerialNumber = defined(device.SerialNumber, 'the serial');
  const given = { ...user, SerialNumber };
  const codes = {
    AuthenticationCode1: codeAt(seed, step - 1),
    AuthenticationCode2: codeAt(seed, step),
  };
  await client.send(new sdk.EnableMFADeviceCommand({ ...given, ...codes }));
  const devices = await client.send(new sdk.ListMFADevicesCommand(user));
  expect(devices.MFADevices).toMatchObject([given]);

  await client.send(new sdk.GenerateCredentialReportCommand({}));
  const report = await client.send(new sdk.GetCredentialReportCommand({}));
  expect(Buffer.from(report.Content ?? []).toString()).toContain(`\nann,${arnOf('user/ml/ann')},`);
  const { SummaryMap } = await client.send(new sdk.GetAccountSummaryCommand({}));
  expect(SummaryMap).toMatchObject({ Users: 1, MFADevicesInUse: 1, AccountMFAEnabled: 0 });

  await client.send(new sdk.DeactivateMFADeviceCommand(given));
  await client.send(new sdk.DeleteVirtualMFADeviceCommand({ SerialNumber }));
  await client.send(new sdk.DeleteLoginProfileCommand(user));
  await client.send(new sdk.DeleteAccessKeyCommand({ ...user, AccessKeyId }));
  await client.send(new sdk.RemoveUserFromGroupCommand({ GroupName: 'g', ...user }));
  await client.send(new sdk.DeleteUserCommand(user));
  await client.send(new sdk.DeleteGroupCommand({ GroupName: 'g' }));
});

test('the paginator of the client reads every page', async () => {
  const names = ['p1', 'p2', 'p3', 'p4', 'p5'];
  for (const UserName of names) await client.send(new sdk.CreateUserCommand({ UserName }));
  const seen: (string | undefined)[] = [];
  for await (const page of sdk.paginateListUsers({ client, pageSize: 2 }, {})) {
    expect(page.Users?.length).toBeLessThanOrEqual(2);
    seen.push(...(page.Users ?? []).map(({ UserName }) => UserName));
  }
  expect(seen).toEqual(names);
});

test('refusals arrive as the errors the client knows', async () => {
  const UserName = 'p1';
  await client.send(new sdk.CreateLoginProfileCommand({ UserName, Password: 'Abcdef12' }));
  const sent = [
    [new sdk.GetUserCommand({ UserName: 'none' }), sdk.NoSuchEntityException, 404],
    [new sdk.CreateUserCommand({ UserName: 'P1' }), sdk.EntityAlreadyExistsException, 409],
    [new sdk.DeleteUserCommand({ UserName }), sdk.DeleteConflictException, 409],
    [
      new sdk.UpdateLoginProfileCommand({ UserName, Password: 'weak' }),
      sdk.PasswordPolicyViolationException,
      400,
    ],
    [
      new sdk.ChangePasswordCommand({ OldPassword: 'a', NewPassword: 'b' }),
      sdk.InvalidUserTypeException,
      400,
    ],
  ] as const;
  for (const [command, kind, status] of sent) {
    const answer = client.send(command as sdk.GetUserCommand);
    await expect(answer).rejects.toBeInstanceOf(kind);
    await expect(answer).rejects.toMatchObject({ $metadata: { httpStatusCode: status } });
  }
});

test('what the model forbids never reaches an operation', async () => {
  for (const UserName of ['a/b', 'a b', '', 'a'.repeat(65), 'a*', 'a\n']) {
    await expect(client.send(new sdk.CreateUserCommand({ UserName }))).rejects.toMatchObject({
      name: 'ValidationError',
      $metadata: { httpStatusCode: 400 },
    });
  }
  for (const Path of ['x', '/x', 'x/', '/ /', '//é/']) {
    await expect(
      client.send(new sdk.CreateUserCommand({ UserName: 'ok', Path })),
    ).rejects.toMatchObject({ name: 'ValidationError' });
  }
});
