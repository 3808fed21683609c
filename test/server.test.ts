/** The server as a whole: its folder, its modes, what it has not built, and updates under load. */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as cloudtrail from '@aws-sdk/client-cloudtrail';
import * as cloudwatch from '@aws-sdk/client-cloudwatch';
import * as logs from '@aws-sdk/client-cloudwatch-logs';
import * as events from '@aws-sdk/client-eventbridge';
import * as iam from '@aws-sdk/client-iam';
import * as kms from '@aws-sdk/client-kms';
import * as s3 from '@aws-sdk/client-s3';
import * as sagemaker from '@aws-sdk/client-sagemaker';
import * as secrets from '@aws-sdk/client-secrets-manager';
import * as sns from '@aws-sdk/client-sns';
import * as sqs from '@aws-sdk/client-sqs';
import * as sts from '@aws-sdk/client-sts';
import { afterEach, expect, test, vi } from 'vitest';
import {
  bucket,
  Cleanup,
  clientsOf,
  configure,
  deploy,
  dist,
  ensureRole,
  invoke,
  started,
  startOn,
  statusOf,
  until,
} from './server.fixture.ts';

// Whole servers run here: a busy machine takes its time.
vi.setConfig({ testTimeout: 90_000 });

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

type Options = Parameters<typeof started>[1];

async function withServer(folder: string, options: Options = {}) {
  const server = cleanup.add(await started(folder, options), (s) => s.stop());
  const clients = cleanup.add(clientsOf(server), (c) => c.close());
  return { server, clients };
}

test('a data folder belongs to one server at a time', async () => {
  const folder = await cleanup.folder();
  const first = await started(folder);
  expect(await startOn(folder)).toEqual({
    ok: false,
    reason:
      `another server (process ${process.pid}) runs on ${folder}: ` +
      'stop it, or name another folder with --data',
  });
  await first.stop();
  await withServer(folder);
});

test('the lock of a process that died, or whose id is another’s now, is taken over', async () => {
  const folder = await cleanup.folder();
  const { pid } = spawnSync(process.execPath, ['--version']);
  const stale = [
    { processId: pid, processStart: '' },
    { processId: process.pid, processStart: 'of another process' },
  ];
  for (const holder of stale) {
    await writeFile(join(folder, 'server.lock'), JSON.stringify(holder));
    const server = await started(folder);
    const lock = JSON.parse(await readFile(join(folder, 'server.lock'), 'utf8'));
    expect(lock.processId).toBe(process.pid);
    await server.stop();
  }
  await writeFile(join(folder, 'server.lock'), '{"processId":');
  await withServer(folder);
});

test('a port that is taken is a refusal, and leaves the folder free', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  cleanup.add(other, (server) => server.close());
  const { port } = other.address() as AddressInfo;
  const folder = await cleanup.folder();
  expect(await startOn(folder, { flags: { port: String(port) } })).toEqual({
    ok: false,
    reason: expect.stringMatching(`cannot listen on 127.0.0.1:${port}: .*EADDRINUSE`),
  });
  await withServer(folder);
});

test('an ephemeral server is emptied on request and keeps its keys', async () => {
  const { server, clients } = await withServer(await cleanup.folder(), {
    flags: { ephemeral: 'true' },
  });
  const create = new s3.CreateBucketCommand({ Bucket: bucket });
  await clients.s3.send(create);
  await deploy(clients, 'gone', await cleanup.model());
  const answer = await fetch(`${server.url}/_modelkeep/reset`, { method: 'POST' });
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'empty' }]);
  expect((await clients.s3.send(new s3.ListBucketsCommand({}))).Buckets).toEqual([]);
  await expect(statusOf(clients, 'gone')).rejects.toThrow('Could not find endpoint');
  expect((await clients.iam.send(new iam.ListRolesCommand({}))).Roles).toEqual([]);
  await ensureRole(server);
  await clients.s3.send(create);
  await deploy(clients, 'again', await cleanup.model());
  expect(await invoke(clients, 'again', '1,2')).toBe('3.000');
});

test('a server that keeps its data has no reset, and tells nobody but its readiness', async () => {
  const { server, clients } = await withServer(await cleanup.folder());
  await clients.s3.send(new s3.CreateBucketCommand({ Bucket: bucket }));
  const reset = await fetch(`${server.url}/_modelkeep/reset`, { method: 'POST' });
  expect(reset.ok).toBe(false);
  const health = await fetch(`${server.url}/_modelkeep/health`);
  expect(await health.json()).toEqual({ status: 'ready' });
  const { Buckets = [] } = await clients.s3.send(new s3.ListBucketsCommand({}));
  expect(Buckets.map(({ Name }) => Name)).toEqual([bucket]);
});

test('an update under constant load drops no request', async () => {
  const { clients } = await withServer(await cleanup.folder());
  await clients.s3.send(new s3.CreateBucketCommand({ Bucket: bucket }));
  await deploy(clients, 'old', await cleanup.model(() => 'old'));
  await configure(clients, 'new', await cleanup.model(() => 'new'));
  const answers: string[] = [];
  let over = false;
  const load = Array.from({ length: 4 }, async () => {
    while (!over) answers.push(await invoke(clients, 'old', '1'));
  });
  await until(async () => answers.length > 50);
  const update = { EndpointName: 'old', EndpointConfigName: 'new' };
  await clients.sagemaker.send(new sagemaker.UpdateEndpointCommand(update));
  await until(async () => (await statusOf(clients, 'old')) === 'InService');
  const inService = answers.length;
  await until(async () => answers.length > inService + 50);
  over = true;
  await Promise.all(load);
  expect(new Set(answers.slice(0, 50))).toEqual(new Set(['old']));
  // What was under way when the update ended may still come from the old one.
  expect(new Set(answers.slice(inService + 4))).toEqual(new Set(['new']));
});

/** Members that every request needs are asked for first, and signatures before those. */
const neverReached =
  / 400 .*(Member must not be null|The parameter \w+ is required|contain the parameter)| 403 /;

type Client = { send(command: object): Promise<unknown>; destroy(): void };
type Made = new (settings: object) => Client;

/** Every command of a client package, by the name of its operation. */
function commandsOf(library: object): readonly (readonly [string, object])[] {
  const classes = Object.entries(library).filter(([name]) => /^[A-Z]\w*Command$/.test(name));
  return classes.map(([name, Command]) => [name.slice(0, -7), new (Command as Made)({})]);
}

async function builtOf(path: string, name: string): Promise<ReadonlySet<string>> {
  const module = (await import(dist(`services/${path}`).href)) as Record<string, object>;
  return new Set(Object.keys(module[name] ?? {}));
}

/** Client library, class, and the tables of what is built of it. */
const services: readonly (readonly [object, Made, ...(readonly [string, string])[]])[] = [
  [sagemaker, sagemaker.SageMakerClient as Made, ['sagemaker/index.js', 'sagemaker']],
  [cloudwatch, cloudwatch.CloudWatchClient as Made, ['cloudwatch/index.js', 'cloudwatch']],
  [sns, sns.SNSClient as Made, ['sns/index.js', 'sns']],
  [sqs, sqs.SQSClient as Made, ['sqs/index.js', 'sqs']],
  [sts, sts.STSClient as Made, ['sts/index.js', 'sts']],
  [iam, iam.IAMClient as Made, ['iam/index.js', 'iam']],
  [kms, kms.KMSClient as Made, ['kms/index.js', 'kms']],
  [logs, logs.CloudWatchLogsClient as Made, ['logs/index.js', 'logs']],
  [events, events.EventBridgeClient as Made],
  [secrets, secrets.SecretsManagerClient as Made, ['secretsmanager/index.js', 'secretsManager']],
  [cloudtrail, cloudtrail.CloudTrailClient as Made, ['cloudtrail/index.js', 'cloudtrail']],
];

test('what is not built is refused by its name, whatever the service', async () => {
  const { server } = await withServer(await cleanup.folder());
  const settings = {
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { ...server.administrator },
    maxAttempts: 1,
    disableHostPrefix: true,
  };
  const wrong: string[] = [];
  let refused = 0;
  for (const [library, Service, ...tables] of services) {
    const client = cleanup.add(new Service(settings), (c) => c.destroy());
    const built = await Promise.all(tables.map(([path, name]) => builtOf(path, name)));
    const unbuilt = commandsOf(library).filter(([name]) => !built.some((names) => names.has(name)));
    const tell = async ([name, command]: readonly [string, object]) => {
      const told = await client.send(command).then(
        () => 'success',
        (cause: Error & { $metadata?: { httpStatusCode?: number } }) =>
          `${cause.name} ${cause.$metadata?.httpStatusCode} ${cause.message}`,
      );
      if (neverReached.test(told)) return;
      if (told.startsWith('NotImplemented 501') && told.includes(name)) refused += 1;
      else wrong.push(`${Service.name} ${name}: ${told}`);
    };
    await Promise.all(unbuilt.map(tell));
  }
  expect(wrong).toEqual([]);
  expect(refused).toBeGreaterThan(150);
});

test('what is not built of S3 is refused by its name', async () => {
  const { clients } = await withServer(await cleanup.folder());
  await clients.s3.send(new s3.CreateBucketCommand({ Bucket: bucket }));
  const at = { Bucket: bucket, Key: 'key' };
  const unbuilt = [
    new s3.PutBucketAccelerateConfigurationCommand({ ...at, AccelerateConfiguration: {} }),
    new s3.GetBucketReplicationCommand(at),
    new s3.GetObjectLegalHoldCommand(at),
    new s3.GetObjectTorrentCommand(at),
  ];
  for (const command of unbuilt) {
    const name = command.constructor.name.replace('Command', '');
    await expect(clients.s3.send(command as s3.GetObjectTorrentCommand)).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining(name),
      $metadata: { httpStatusCode: 501 },
    });
  }
});
