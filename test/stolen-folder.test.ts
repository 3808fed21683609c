/**
 * Who takes the data folder without its key reads nothing: recognisable text is planted in all that
 * a server keeps, and looked for in every byte of the folder, while it runs, killed, and stopped.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cp, readdir, readFile, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PutMetricAlarmCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { CreateUserCommand, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import {
  CreateProcessingJobCommand,
  DescribeProcessingJobCommand,
} from '@aws-sdk/client-sagemaker';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateTopicCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, expect, test, vi } from 'vitest';
import {
  type At,
  baselineJob,
  bucket,
  Cleanup,
  type Clients,
  clientsOf,
  deploy,
  dist,
  ensureRole,
  invoke,
  started,
  startOn,
  until,
} from './server.fixture.ts';

// Whole processes start here: a busy machine takes its time.
vi.setConfig({ testTimeout: 90_000 });

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const program = fileURLToPath(dist('cli/main.js'));
const environment = { PATH: process.env['PATH'] ?? '' };
/** Fit for the name of anything; no other text of a server looks like it. */
const planted = 'quokka-7f3k9-planted';
/** What the sum of these numbers is, and that they were asked for, is captured. */
const row = '31415926.5358,27182818.2845';

async function up(data: string): Promise<{ readonly child: ChildProcess; readonly at: At }> {
  const images = JSON.stringify({
    printing: { command: ['/bin/sh', '-c', `echo ${planted} printed; sleep 0.2`] },
  });
  const args = [program, 'up', '--data', data, '--port', '0', '--images', images];
  const child = spawn(process.execPath, args, {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanup.add(child, kill);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('modelkeep ready ')) break;
  }
  const named = [program, 'env', '--data', data];
  const { stdout } = await promisify(execFile)(process.execPath, named, { env: environment });
  const value = (name: string) =>
    new RegExp(`${name}='?([^' \n]+)`).exec(stdout)?.[1]?.replaceAll("'", '') ?? '';
  const administrator = {
    accessKeyId: value('AWS_ACCESS_KEY_ID'),
    secretAccessKey: value('AWS_SECRET_ACCESS_KEY'),
  };
  return { child, at: { url: value('AWS_ENDPOINT_URL'), administrator } };
}

function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  return ended;
}

async function plant(clients: Clients, at: At): Promise<void> {
  const { s3, iam, sqs, sns, cloudwatch } = clients;
  const Tags = [{ Key: planted, Value: `value ${planted}` }];
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await s3.send(new CreateBucketCommand({ Bucket: planted }));
  const place = { Bucket: planted, Key: `folder/${planted}` };
  await s3.send(
    new PutObjectCommand({
      ...{ ...place, Body: `${planted} `.repeat(9_000) },
      ...{ Metadata: { note: planted }, Tagging: `${planted}=${planted}`, ContentType: planted },
    }),
  );
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(place));
  const part = { ...place, UploadId, PartNumber: 1, Body: `part ${planted}` };
  await s3.send(new UploadPartCommand(part));
  await iam.send(new CreateUserCommand({ UserName: planted, Path: `/${planted}/`, Tags }));
  const inline = { UserName: planted, PolicyName: planted, PolicyDocument: policyOf(planted) };
  await iam.send(new PutUserPolicyCommand(inline));
  const queue = { QueueName: planted, tags: { [planted]: planted } };
  const { QueueUrl } = await sqs.send(new CreateQueueCommand(queue));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: `message ${planted}` }));
  await sns.send(new CreateTopicCommand({ Name: planted, Tags }));
  const metric = { Namespace: planted, MetricName: planted };
  const data = [{ MetricName: planted, Value: 1, Dimensions: [{ Name: 'of', Value: planted }] }];
  await cloudwatch.send(new PutMetricDataCommand({ Namespace: planted, MetricData: data }));
  await cloudwatch.send(
    new PutMetricAlarmCommand({
      ...{ ...metric, AlarmName: planted, AlarmDescription: planted, Statistic: 'Sum' },
      ...{
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'LessThanThreshold',
      },
    }),
  );
  await plantSecret(at);
  await runJob(clients);
  await deploy(clients, 'sums', await cleanup.model());
  await invoke(clients, 'sums', row);
}

function policyOf(sid: string): string {
  const Statement = [{ Sid: sid.replaceAll('-', ''), Effect: 'Deny', Action: '*', Resource: '*' }];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

async function plantSecret({ url, administrator }: At): Promise<void> {
  const credentials = { ...administrator };
  const client = new SecretsManagerClient({ endpoint: url, region: 'us-east-1', credentials });
  cleanup.add(client, (one) => one.destroy());
  const input = { Name: planted, Description: planted, SecretString: `secret ${planted}` };
  await client.send(new CreateSecretCommand(input));
}

/** Prints a line that is kept as a log. */
async function runJob({ sagemaker }: Clients): Promise<void> {
  const ProcessingJobName = 'printing';
  const { RoleArn, ProcessingResources } = baselineJob(ProcessingJobName, 's3://unused/x');
  await sagemaker.send(
    new CreateProcessingJobCommand({
      ...{ ProcessingJobName, RoleArn, ProcessingResources },
      AppSpecification: { ImageUri: 'printing' },
      Environment: { [planted.replaceAll('-', '_')]: planted },
    }),
  );
  const described = new DescribeProcessingJobCommand({ ProcessingJobName });
  await until(async () => {
    const { ProcessingJobStatus } = await sagemaker.send(described);
    return ProcessingJobStatus === 'Completed' || ProcessingJobStatus === 'Failed';
  });
}

/** A text as it might lie in a file. */
function formsOf(text: string): readonly Buffer[] {
  const utf8 = Buffer.from(text);
  const utf16 = Buffer.from(text, 'utf16le');
  const hex = utf8.toString('hex');
  // In base64 a text looks otherwise after one byte and after two; its ends depend on its neighbours.
  const base64 = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), utf8])
      .toString('base64')
      .slice(4, -4),
  );
  const texts = [hex, hex.toUpperCase(), ...base64];
  return [utf8, utf16, Buffer.from(utf16).swap16(), ...texts.map((one) => Buffer.from(one))];
}

const sought = [planted, planted.replaceAll('-', '_'), ...row.split(',')].flatMap(formsOf);

interface Searched {
  /** Of files that hold something. */
  readonly files: readonly string[];
  readonly found: readonly string[];
}

async function search(folder: string): Promise<Searched> {
  const files: string[] = [];
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    if (bytes.length > 0) files.push(path.slice(folder.length + 1));
    if (sought.some((form) => bytes.includes(form) || path.includes(form.toString()))) {
      found.push(path);
    }
  }
  return { files, found };
}

test('nothing planted is in any file, running, killed or stopped, and all of it is there', async () => {
  const folder = await cleanup.folder();
  const data = join(folder, 'data');
  const { child, at } = await up(data);
  await ensureRole(at);
  const clients = cleanup.add(clientsOf(at), (one) => one.close());
  await plant(clients, at);

  const running = join(folder, 'running');
  await cp(data, running, { recursive: true });
  const copied = await search(running);
  expect(copied.found).toEqual([]);
  // The search was of something: each of the places where a server keeps things was there.
  for (const place of [/^metadata\.db$/, /^metadata\.db-wal$/, /^objects\//, /^logs\//]) {
    expect(copied.files).toContainEqual(expect.stringMatching(place));
  }
  expect(copied.files).toContainEqual(expect.stringMatching(/^journals\/capture\./));

  await kill(child);
  expect((await search(data)).found).toEqual([]);

  const again = await startOn(data, { virtualStartMs: Date.now() });
  if (!again.ok) throw new Error(again.reason);
  const { administrator, url } = again.value;
  if (!administrator) throw new Error('the administrator has no keys');
  const later = clientsOf({ url, administrator });
  const place = { Bucket: planted, Key: `folder/${planted}` };
  const { Body, Metadata } = await later.s3.send(new GetObjectCommand(place));
  expect(await Body?.transformToString()).toBe(`${planted} `.repeat(9_000));
  expect(Metadata).toEqual({ note: planted });
  later.close();
  await again.value.stop();
  expect((await search(data)).found).toEqual([]);
});

test('the search finds what is not encrypted', () => {
  const inside = (text: string) => sought.some((form) => Buffer.from(text).includes(form));
  for (const before of ['', 'a', 'ab', 'abc']) {
    const text = Buffer.from(`${before}${planted}xyz`);
    for (const encoding of ['utf8', 'base64', 'hex'] as const) {
      expect(inside(text.toString(encoding))).toBe(true);
    }
  }
  expect(inside('nothing of the kind')).toBe(false);
});

test.each(['metadata.db', 'metadata.key', 'objects', 'journals', 'logs'])(
  'a symbolic link in place of %s is refused',
  async (name) => {
    const folder = await cleanup.folder();
    const data = join(folder, 'data');
    const first = await started(data);
    await first.stop();
    const [path, elsewhere] = [join(data, name), join(folder, 'elsewhere')];
    await rename(path, elsewhere).catch((cause: NodeJS.ErrnoException) => {
      // A server that logged nothing has made no folder for it.
      if (cause.code !== 'ENOENT') throw cause;
    });
    await symlink(elsewhere, path);
    const again = await startOn(data).catch((cause: Error) => ({ ok: false, reason: `${cause}` }));
    expect(again).toMatchObject({
      ok: false,
      reason: expect.stringContaining(`${path} is a symbolic link`),
    });
  },
);
