/** `kill -9` of the built program: what was answered is there afterwards, and work goes on. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateProcessingJobCommand,
  DescribeProcessingJobCommand,
  StopProcessingJobCommand,
} from '@aws-sdk/client-sagemaker';
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, expect, test, vi } from 'vitest';
import {
  type At,
  bucket,
  Cleanup,
  type Clients,
  capturedLines,
  clientsOf,
  deploy,
  dist,
  ensureRole,
  invoke,
  role,
  until,
} from './server.fixture.ts';

// Whole processes start here: a busy machine takes its time.
vi.setConfig({ testTimeout: 90_000 });

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const program = fileURLToPath(dist('cli/main.js'));
const environment = { PATH: process.env['PATH'] ?? '' };

interface Up {
  readonly child: ChildProcess;
  readonly clients: Clients;
}

/** `modelkeep up`, and the keys that `modelkeep env` says. */
async function up(folder: string): Promise<Up> {
  const args = [program, 'up', '--data', folder, '--port', '0', '--log-level', 'error'];
  const child = spawn(process.execPath, args, {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanup.add(child, kill);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('modelkeep ready ')) break;
  }
  const at = await keysOf(folder);
  await ensureRole(at);
  return { child, clients: cleanup.add(clientsOf(at), (clients) => clients.close()) };
}

async function keysOf(folder: string): Promise<At> {
  const args = [program, 'env', '--data', folder];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: environment });
  const value = (name: string) =>
    new RegExp(`${name}='?([^' \\n]+)`).exec(stdout)?.[1]?.replaceAll("'", '') ?? '';
  return {
    url: value('AWS_ENDPOINT_URL'),
    administrator: {
      accessKeyId: value('AWS_ACCESS_KEY_ID'),
      secretAccessKey: value('AWS_SECRET_ACCESS_KEY'),
    },
  };
}

function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  return ended;
}

/** Does something again and again, several at a time, until it fails; answers what was answered. */
async function untilItFails(step: (n: number) => Promise<unknown>): Promise<number[]> {
  const answered: number[] = [];
  let next = 0;
  const worker = async () => {
    for (;;) {
      next += 1;
      const n = next;
      const went = await step(n).then(
        () => true,
        () => false,
      );
      if (!went) return;
      answered.push(n);
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  return answered;
}

test('what was answered, and what was captured of it, survives a kill', async () => {
  const folder = await cleanup.folder();
  const { child, clients } = await up(folder);
  await clients.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await deploy(clients, 'sums', await cleanup.model());
  const { QueueUrl = '' } = await clients.sqs.send(new CreateQueueCommand({ QueueName: 'jobs' }));
  let invoked = 0;
  const working = Promise.all([
    untilItFails((n) =>
      clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key: `put/${n}`, Body: `body ${n}` })),
    ),
    untilItFails((n) => invoke(clients, 'sums', `${n},0`).then(() => (invoked = n))),
    untilItFails((n) =>
      clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: `${n}` })),
    ),
  ]);
  await until(async () => invoked > 40);
  await kill(child);
  const [puts, requests, messages] = await working;

  const later = (await up(folder)).clients;
  const bodyOf = async (n: number) => {
    const { Body } = await later.s3.send(new GetObjectCommand({ Bucket: bucket, Key: `put/${n}` }));
    return Body?.transformToString();
  };
  expect(await Promise.all(puts.map(bodyOf))).toEqual(puts.map((n) => `body ${n}`));
  await until(async () => (await invoke(later, 'sums', '1,2').catch(() => '')) === '3.000');
  const captured = (await capturedLines(later)).map(
    (line) => JSON.parse(line).captureData.endpointInput.data.split(',')[0],
  );
  expect(captured).toEqual(expect.arrayContaining(requests.map(String)));
  expect(new Set(captured).size).toBe(captured.length);
  const bodies = new Set<string>();
  for (let more = true; more; ) {
    // Where this server listens now is not where the queue was made.
    const url = new URL(
      new URL(QueueUrl).pathname,
      await later.sqs.config.endpoint?.().then(urlOf),
    );
    const asked = { QueueUrl: url.href, MaxNumberOfMessages: 10 };
    const { Messages = [] } = await later.sqs.send(new ReceiveMessageCommand(asked));
    for (const { Body = '' } of Messages) bodies.add(Body);
    more = Messages.length > 0;
  }
  expect([...bodies]).toEqual(expect.arrayContaining(messages.map(String)));
});

const urlOf = ({
  protocol,
  hostname,
  port,
}: {
  protocol: string;
  hostname: string;
  port?: number;
}) => `${protocol}//${hostname}:${port}`;

/** Notes that it runs; the first time it never ends. */
const script =
  'echo run >> "$NOTES"; [ "$(wc -l < "$NOTES")" -gt 1 ] || sleep 600; ' +
  'echo result > "$OUT/result.txt"';

test('a job that was under way is run again from its beginning', async () => {
  const folder = await cleanup.folder();
  const notes = join(folder, 'notes');
  const { child, clients } = await up(folder);
  await clients.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const cluster = { InstanceCount: 1, InstanceType: 'ml.m5.large' as const, VolumeSizeInGB: 1 };
  const LocalPath = '/opt/ml/processing/out';
  const S3Output = { S3Uri: `s3://${bucket}/out`, LocalPath, S3UploadMode: 'EndOfJob' as const };
  const ProcessingJobName = 'twice';
  await clients.sagemaker.send(
    new CreateProcessingJobCommand({
      ProcessingJobName,
      RoleArn: role,
      AppSpecification: {
        ImageUri: 'modelkeep/process',
        ContainerEntrypoint: ['/bin/sh', '-c', script],
      },
      Environment: { NOTES: notes, OUT: LocalPath },
      ProcessingResources: { ClusterConfig: cluster },
      ProcessingOutputConfig: { Outputs: [{ OutputName: 'out', S3Output }] },
    }),
  );
  const runs = async () => (await readFile(notes, 'utf8').catch(() => '')).split('\n').length - 1;
  await until(async () => (await runs()) === 1);
  await kill(child);

  const later = (await up(folder)).clients;
  const describe = new DescribeProcessingJobCommand({ ProcessingJobName });
  const status = async () => (await later.sagemaker.send(describe)).ProcessingJobStatus;
  await until(async () => (await status()) !== 'InProgress');
  expect([await status(), await runs()]).toEqual(['Completed', 2]);
  const at = { Bucket: bucket, Key: 'out/result.txt' };
  const { Body } = await later.s3.send(new GetObjectCommand(at));
  expect(await Body?.transformToString()).toBe('result\n');
  await expect(
    later.sagemaker.send(new StopProcessingJobCommand({ ProcessingJobName })),
  ).rejects.toThrow('the job is in status Completed');
});

test('SIGTERM ends it in order, with exit code 0', async () => {
  const { child } = await up(await cleanup.folder());
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});
