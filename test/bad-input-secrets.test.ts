/** What must stay secret is nowhere in clear: not in the logs, the answers, nor the data folder. */
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CreateAccessKeyCommand,
  CreateLoginProfileCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  GetAccountAuthorizationDetailsCommand,
  GetLoginProfileCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListVirtualMFADevicesCommand,
  UpdateLoginProfileCommand,
} from '@aws-sdk/client-iam';
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, expect, test } from 'vitest';
import { answering, form, json, type Sent, send, unsigned } from './bad-input.fixture.ts';
import { Cleanup, dist } from './server.fixture.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const administrator = {
  accessKeyId: 'AKIDSECRETSTEST00000',
  secretAccessKey: 'verySecret/0123456789+abcdefghijklmnopqr',
};

/** A server as users start it, with all that it prints. */
async function upOn(folder: string) {
  const { accessKeyId, secretAccessKey } = administrator;
  const flags = ['--data', folder, '--port', '0', '--log-level', 'info'];
  const keys = ['--access-key-id', accessKeyId, '--secret-access-key', secretAccessKey];
  const main = fileURLToPath(dist('cli/main.js'));
  const child = spawn(process.execPath, [main, 'up', ...flags, ...keys]);
  cleanup.add(child, (running) => running.kill('SIGKILL'));
  let printed = '';
  const url = await new Promise<string>((resolve, reject) => {
    const hear = (part: Buffer) => {
      printed += part;
      const ready = /ready (http:\S+)/.exec(printed)?.[1];
      if (ready) resolve(ready);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('exit', () => reject(new Error(printed)));
  });
  const stop = () =>
    new Promise<number | null>((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGTERM');
    });
  return { at: { url, administrator }, printed: () => printed, stop };
}

/** Every file below the folder but the root key, which is the one thing that opens the rest. */
async function filesOf(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, Buffer>();
  for (const entry of entries) {
    if (!entry.isFile() || entry.name === 'root.key') continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path, await readFile(path));
  }
  return files;
}

test('neither the secret key nor the key of topics is in logs, answers or files', async () => {
  const folder = await cleanup.folder();
  const { at, printed, stop } = await upOn(folder);
  const answers: string[] = [];
  const ask = async (answer: ReturnType<typeof send>) => {
    const { headers, text } = await answer;
    answers.push(JSON.stringify(headers), text);
    return text;
  };
  const requests: readonly Sent[] = [
    { service: 's3', method: 'GET', url: '/' },
    { service: 's3', method: 'PUT', url: '/bucket' },
    { service: 's3', method: 'PUT', url: '/bucket/key', body: 'content' },
  ];
  for (const request of requests) {
    await ask(send(at, request));
    await ask(send(at, { ...request, payload: '0'.repeat(64) }));
    await ask(send(at, { ...request, keys: { ...administrator, secretAccessKey: 'other' } }));
  }
  await ask(json(at, ['sagemaker', 'CreateModel'], { ModelName: '-' }));
  await ask(unsigned(at, { method: 'GET', url: '/_modelkeep/health' }));

  // A topic signs what it sends, so its key exists from the first message to a subscriber on.
  const sns = (parameters: Readonly<Record<string, string>>) =>
    ask(form(at, 'sns', `${new URLSearchParams({ Version: '2010-03-31', ...parameters })}`));
  let heard = 0;
  const well = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
  const Endpoint = await answering(cleanup, (socket) => {
    heard += 1;
    socket.end(well);
  });
  const created = await sns({ Action: 'CreateTopic', Name: 'topic' });
  const TopicArn = /<TopicArn>([^<]*)/.exec(created)?.[1] ?? '';
  await sns({ Action: 'Subscribe', TopicArn, Protocol: 'http', Endpoint });
  await expect.poll(() => heard, { timeout: 20_000 }).toBeGreaterThan(0);
  expect(await stop()).toBe(0);

  const files = await filesOf(folder);
  expect([...files.keys()].some((path) => path.endsWith('metadata.db'))).toBe(true);
  expect(files.size).toBeGreaterThan(1);
  const { secretAccessKey } = administrator;
  const inClear = [secretAccessKey, Buffer.from(secretAccessKey).toString('base64').slice(0, 50)];
  for (const secret of [...inClear, 'PRIVATE KEY']) {
    expect(printed()).not.toContain(secret);
    expect(answers.join('\n')).not.toContain(secret);
    const holding = [...files].filter(([, bytes]) => bytes.includes(secret)).map(([path]) => path);
    expect([secret, holding]).toEqual([secret, []]);
  }
  // A private key in DER, as base64: the header of PKCS #8 for RSA.
  const pkcs8 = /MII[A-Za-z0-9+/]{2,6}IBADANBgkqhkiG9w0BAQEFAASC/;
  for (const [path, bytes] of files) {
    expect([path, pkcs8.test(bytes.toString('latin1'))]).toEqual([path, false]);
  }
  const key = (await readFile(`${folder}.key`, 'utf8')).trim();
  for (const form of [Buffer.from(key), Buffer.from(key, 'base64')]) {
    for (const [path, bytes] of files) expect([path, bytes.includes(form)]).toEqual([path, false]);
  }
});

/** What its promise comes to, as text: an answer, or an error with all that it says. */
async function told(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    (value) => JSON.stringify(value),
    (error: Error & { $response?: unknown }) => `${error.name}: ${error.message}`,
  );
}

test('what is shown once is never shown again: keys, passwords, seeds and tokens', async () => {
  const folder = await cleanup.folder();
  const { at, printed, stop } = await upOn(folder);
  const settings = { endpoint: at.url, region: 'us-east-1', maxAttempts: 1 };
  const clientWith = <T extends { destroy(): void }>(Client: new (of: object) => T, keys: object) =>
    cleanup.add(new Client({ ...settings, credentials: { ...keys } }), (c) => c.destroy());
  const iam = clientWith(IAMClient, administrator);
  const UserName = 'planted';
  await iam.send(new CreateUserCommand({ UserName }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const Password = 'Planted-Pass-7319!';
  await iam.send(new CreateLoginProfileCommand({ UserName, Password }));
  const named = { VirtualMFADeviceName: 'planted' };
  const { VirtualMFADevice } = await iam.send(new CreateVirtualMFADeviceCommand(named));
  const seed = Buffer.from(VirtualMFADevice?.Base32StringSeed ?? []).toString();
  expect(seed).toMatch(/^[A-Z2-7]{32,}$/);
  const keys = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  const sts = clientWith(STSClient, keys);
  const { Credentials } = await sts.send(new GetSessionTokenCommand({}));
  const session = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  const signIn = async (password: string) => {
    const body = JSON.stringify({ userName: UserName, password });
    const answer = await fetch(`${at.url}/_modelkeep/sign-in`, { method: 'POST', body });
    return { status: answer.status, text: await answer.text() };
  };
  const signedIn = await signIn(Password);
  expect(signedIn.status).toBe(200);

  // What comes after must not repeat any of it, least of all where it goes wrong.
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [] });
  const SerialNumber = VirtualMFADevice?.SerialNumber ?? '';
  const codes = { AuthenticationCode1: '000000', AuthenticationCode2: '000001' };
  const cut = { ...session, sessionToken: `${session.sessionToken.slice(0, -4)}AAAA` };
  const later = [
    iam.send(new CreateLoginProfileCommand({ UserName, Password })),
    iam.send(new UpdateLoginProfileCommand({ UserName, Password: Password.slice(0, 5) })),
    iam.send(new UpdateLoginProfileCommand({ UserName: 'nobody', Password })),
    iam.send(new GetLoginProfileCommand({ UserName })),
    iam.send(new ListAccessKeysCommand({ UserName })),
    iam.send(new CreateVirtualMFADeviceCommand(named)),
    iam.send(new ListVirtualMFADevicesCommand({})),
    iam.send(new EnableMFADeviceCommand({ UserName, SerialNumber, ...codes })),
    iam.send(new GetAccountAuthorizationDetailsCommand({})),
    clientWith(STSClient, session).send(new GetSessionTokenCommand({})),
    clientWith(STSClient, cut).send(new GetSessionTokenCommand({})),
    clientWith(IAMClient, keys).send(new CreateUserCommand({ UserName: Policy })),
    clientWith(IAMClient, keys).send(new CreateUserCommand({ UserName: 'other' })),
    signIn(`${Password}?`),
  ];
  const answers = await Promise.all(later.map(told));
  expect(answers.filter((text) => /AccessDenied|InvalidClientTokenId/.test(text)).length).toBe(4);
  expect(await stop()).toBe(0);

  const { sessionToken, secretAccessKey } = session;
  const given = JSON.parse(signedIn.text) as typeof session;
  const files = await filesOf(folder);
  const secrets = [keys.secretAccessKey, Password, seed, secretAccessKey, sessionToken];
  for (const secret of [...secrets, given.secretAccessKey, given.sessionToken]) {
    expect(secret.length).toBeGreaterThan(10);
    expect(printed()).not.toContain(secret);
    expect(answers.join('\n')).not.toContain(secret);
    const holding = [...files].filter(([, bytes]) => bytes.includes(secret)).map(([path]) => path);
    expect(holding).toEqual([]);
  }
});
