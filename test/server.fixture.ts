/** A built server on a folder of its own, Amazon's clients for it, and a model server to host. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { IAMClient } from '@aws-sdk/client-iam';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  type CreateProcessingJobRequest,
  DescribeEndpointCommand,
  type MonitoringScheduleConfig,
  paginateListMonitoringExecutions,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';

export const dist = (path: string) => new URL(`../dist/${path}`, import.meta.url);

type Main = typeof import('../src/server/main.ts');
type Configuration = typeof import('../src/server/config.ts');
type SignedFetch = typeof import('../src/server/signed-fetch.ts');
type RunningServer = import('../src/server/main.ts').RunningServer;
export type Running = RunningServer & At;

export const hourMs = 3_600_000;
/** Where the virtual clocks start: before an hour ends. */
export const startMs = Date.UTC(2027, 2, 1, 9, 30);

export async function startOn(
  folder: string,
  { flags = {}, virtualStartMs = startMs }: { flags?: object; virtualStartMs?: number } = {},
) {
  const { startServer } = (await import(dist('server/main.js').href)) as Main;
  const { readConfig } = (await import(dist('server/config.js').href)) as Configuration;
  const all = { data: folder, port: '0', 'log-level': 'silent', ...flags };
  const config = readConfig({ flags: all, environment: {} });
  if (!config.ok) throw new Error(config.reason);
  return startServer(config.value, { virtualStartMs });
}

export async function started(...args: Parameters<typeof startOn>): Promise<Running> {
  const server = await startOn(...args);
  if (!server.ok) throw new Error(server.reason);
  const { administrator } = server.value;
  if (!administrator) throw new Error('the administrator has no keys');
  const running = { ...server.value, administrator };
  await ensureRole(running);
  return running;
}

export interface At {
  readonly url: string;
  readonly administrator: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export function clientsOf({ url, administrator }: At) {
  // The clients add to the object they are given.
  const credentials = { ...administrator };
  const settings = { endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1 };
  const clients = {
    s3: new S3Client({ ...settings, forcePathStyle: true }),
    sagemaker: new SageMakerClient(settings),
    runtime: new SageMakerRuntimeClient(settings),
    cloudwatch: new CloudWatchClient(settings),
    sns: new SNSClient(settings),
    sqs: new SQSClient(settings),
    iam: new IAMClient(settings),
  };
  const close = () => {
    for (const client of Object.values(clients)) client.destroy();
  };
  return { ...clients, close };
}
export type Clients = ReturnType<typeof clientsOf>;

/** What a test makes and must be rid of, last made first. */
export class Cleanup {
  readonly #steps: (() => unknown)[] = [];

  add<T>(value: T, step: (value: T) => unknown): T {
    this.#steps.push(() => step(value));
    return value;
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) await step();
  }

  async folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'modelkeep-test-'));
    this.add(path, () => rm(path, { recursive: true, force: true }));
    // Not the folder itself: what opens it lies beside it.
    const data = join(path, 'data');
    await mkdir(data, { mode: 0o700 });
    return data;
  }

  /** Answers each line of a body with the sum of its numbers, after the name's sign when given. */
  async model(answer: (line: string) => string = sumOf): Promise<string> {
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const lines = Buffer.concat(parts).toString().trim().split('\n');
        response.writeHead(200, { 'content-type': 'text/csv' });
        response.end(request.method === 'GET' ? '' : lines.map(answer).join('\n'));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.add(server, closed);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
}

const closed = (server: Server) =>
  new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });

export const sumOf = (line: string) =>
  line
    .split(',')
    .map(Number)
    .reduce((a, b) => a + b, 0)
    .toFixed(3);

export const bucket = 'main-job';
export const role = 'arn:aws:iam::000000000000:role/SageMaker-any';

/**
 * The role of jobs and models, made by Role Manager: it reads and writes objects of the tests'
 * bucket. A bucket that does not exist is named too, so that tests see what is missing there.
 */
export async function ensureRole({ url, administrator }: At): Promise<void> {
  const { postSigned } = (await import(dist('server/signed-fetch.js').href)) as SignedFetch;
  const buckets = [bucket, 'no-such-bucket'];
  const answer = await postSigned({
    ...{ url, path: '/_modelkeep/roles/apply', service: 'iam', region: 'us-east-1' },
    body: {
      ...{ persona: 'sagemaker-compute', activities: ['explain-models'], name: 'any' },
      parameters: { buckets },
    },
    keys: administrator,
    nowMs: Date.now(),
  });
  if (!answer.ok || answer.value.status !== 200) throw new Error(JSON.stringify(answer));
}

export function policy(...Statement: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement });
}
const analyzer =
  '156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer:latest';
const cluster = { InstanceCount: 1, InstanceType: 'ml.m5.large' as const, VolumeSizeInGB: 20 };
const folder = '/opt/ml/processing';

/** A model and an endpoint configuration of one name, over a model server's URL. */
export async function configure({ sagemaker }: Clients, name: string, image: string) {
  await sagemaker.send(
    new CreateModelCommand({
      ModelName: name,
      ExecutionRoleArn: role,
      PrimaryContainer: { Image: image },
    }),
  );
  const variant = { VariantName: 'AllTraffic', ModelName: name, InstanceType: 'ml.m5.large' };
  await sagemaker.send(
    new CreateEndpointConfigCommand({
      EndpointConfigName: name,
      ProductionVariants: [{ ...variant, InitialInstanceCount: 1 } as never],
      DataCaptureConfig: {
        EnableCapture: true,
        InitialSamplingPercentage: 100,
        DestinationS3Uri: `s3://${bucket}/capture`,
        CaptureOptions: [{ CaptureMode: 'Input' }, { CaptureMode: 'Output' }],
        CaptureContentTypeHeader: { CsvContentTypes: ['text/csv'] },
      },
    }),
  );
}

export async function deploy(clients: Clients, name: string, image: string): Promise<void> {
  await configure(clients, name, image);
  const input = { EndpointName: name, EndpointConfigName: name };
  await clients.sagemaker.send(new CreateEndpointCommand(input));
  await until(async () => (await statusOf(clients, name)) === 'InService');
}

export async function statusOf({ sagemaker }: Clients, EndpointName: string) {
  return (await sagemaker.send(new DescribeEndpointCommand({ EndpointName }))).EndpointStatus;
}

const tries = 600;
const pauseMs = 50;

export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let left = tries; left > 0; left -= 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  throw new Error(`still not so after ${(tries * pauseMs) / 1_000} s`);
}

export async function invoke({ runtime }: Clients, EndpointName: string, body: string) {
  const input = { EndpointName, ContentType: 'text/csv', Body: body };
  const answer = await runtime.send(new InvokeEndpointCommand(input));
  return Buffer.from(answer.Body ?? []).toString();
}

/** Rows of three numbers that repeat for a seed; `scale` stretches the second one. */
export function rows(count: number, scale = 1): readonly string[] {
  let state = 1;
  const next = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  return Array.from({ length: count }, () =>
    [next(), next() * scale, next() + 2].map((n) => n.toFixed(4)).join(','),
  );
}

export function baselineJob(name: string, dataset: string): CreateProcessingJobRequest {
  const source = `${folder}/input/baseline_dataset_input`;
  return {
    ProcessingJobName: name,
    RoleArn: role,
    AppSpecification: { ImageUri: analyzer },
    ProcessingResources: { ClusterConfig: cluster },
    Environment: {
      dataset_format: '{"csv": {"header": true, "output_columns_position": "START"}}',
      dataset_source: source,
      output_path: `${folder}/output`,
      publish_cloudwatch_metrics: 'Disabled',
    },
    ProcessingInputs: [
      {
        InputName: 'baseline_dataset_input',
        S3Input: {
          S3Uri: dataset,
          LocalPath: source,
          S3DataType: 'S3Prefix',
          S3InputMode: 'File',
        },
      },
    ],
    ProcessingOutputConfig: {
      Outputs: [
        {
          OutputName: 'monitoring_output',
          S3Output: {
            S3Uri: `s3://${bucket}/baseline`,
            LocalPath: `${folder}/output`,
            S3UploadMode: 'EndOfJob',
          },
        },
      ],
    },
  };
}

export function watching(EndpointName: string, over: object = {}): MonitoringScheduleConfig {
  return {
    ScheduleConfig: { ScheduleExpression: 'cron(0 * ? * * *)' },
    MonitoringType: 'DataQuality',
    MonitoringJobDefinition: {
      RoleArn: role,
      BaselineConfig: {
        ConstraintsResource: { S3Uri: `s3://${bucket}/baseline/constraints.json` },
        StatisticsResource: { S3Uri: `s3://${bucket}/baseline/statistics.json` },
      },
      MonitoringInputs: [
        { EndpointInput: { EndpointName, LocalPath: `${folder}/input/endpoint` } },
      ],
      MonitoringOutputConfig: {
        MonitoringOutputs: [
          { S3Output: { S3Uri: `s3://${bucket}/reports`, LocalPath: `${folder}/output` } },
        ],
      },
      MonitoringResources: { ClusterConfig: cluster },
      MonitoringAppSpecification: { ImageUri: analyzer },
    },
    ...over,
  };
}

/** Oldest nominal time first. */
export async function runsOf({ sagemaker }: Clients, MonitoringScheduleName: string) {
  const order = { SortBy: 'ScheduledTime', SortOrder: 'Ascending' } as const;
  const pages = paginateListMonitoringExecutions(
    { client: sagemaker, pageSize: 100 },
    { MonitoringScheduleName, ...order },
  );
  const found = [];
  for await (const page of pages) found.push(...(page.MonitoringExecutionSummaries ?? []));
  return found;
}

export async function jsonAt({ s3 }: Clients, Key: string): Promise<Record<string, never>> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
  return JSON.parse((await Body?.transformToString()) ?? '');
}

export async function keysUnder({ s3 }: Clients, Prefix: string): Promise<readonly string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix }));
  return Contents.map(({ Key = '' }) => Key);
}

/** The captured records, in the order of their objects. */
export async function capturedLines(clients: Clients): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const Key of await keysUnder(clients, 'capture/')) {
    const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
    const text = (await Body?.transformToString()) ?? '';
    lines.push(...text.split('\n').filter((line) => line !== ''));
  }
  return lines;
}
