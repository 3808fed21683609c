/**
 * The data plane in processes of its own, as the built program runs it: what they serve, what they
 * take in before a change counts, and what is left when one is killed.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  CloudTrailClient,
  CreateTrailCommand,
  PutEventSelectorsCommand,
  StartLoggingCommand,
} from '@aws-sdk/client-cloudtrail';
import { GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteUserPolicyCommand,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { CreateBucketCommand, GetObjectCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { DeleteEndpointCommand, UpdateEndpointCommand } from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import {
  type At,
  bucket,
  Cleanup,
  type Clients,
  clientsOf,
  configure,
  deploy,
  dist,
  ensureRole,
  keysUnder,
  policy,
  statusOf,
  sumOf,
  until,
} from './server.fixture.ts';

// Whole processes start here: a busy machine takes its time.
vi.setConfig({ testTimeout: 90_000 });

/** Of one test. */
const cleanup = new Cleanup();
afterEach(() => cleanup.run());
/** Of all: one server serves them, each with endpoints of its own. */
const shared = new Cleanup();
afterAll(() => shared.run());

const program = fileURLToPath(dist('cli/main.js'));
const environment = { PATH: process.env['PATH'] ?? '' };
const processes = 2;

interface Up {
  readonly child: ChildProcess;
  readonly at: At;
  readonly clients: Clients;
  readonly dataPlaneUrl: string;
}

async function up(folder: string): Promise<Up> {
  const flags = ['--data-plane-processes', String(processes), '--data-plane-port', '0'];
  const args = ['up', '--data', folder, '--port', '0', '--capture-flush-seconds', '1', ...flags];
  const child = spawn(process.execPath, [program, ...args, '--log-level', 'silent'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  shared.add(child, ended);
  let dataPlaneUrl = '';
  for await (const line of createInterface({ input: child.stdout })) {
    dataPlaneUrl = /^modelkeep data plane (\S+)$/.exec(line)?.[1] ?? dataPlaneUrl;
    if (line.startsWith('modelkeep ready ')) break;
  }
  const at = await keysOf(folder);
  await ensureRole(at);
  const clients = shared.add(clientsOf(at), (made) => made.close());
  return { child, at, clients, dataPlaneUrl };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await exit;
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

/** A client with connections of its own, so many that each process has some. */
function invoker(endpoint: string, keys: At['administrator']) {
  const httpAgent = new Agent({ keepAlive: true, maxSockets: 8 });
  const client = new SageMakerRuntimeClient({
    ...{ endpoint, region: 'us-east-1', credentials: { ...keys }, maxAttempts: 1 },
    requestHandler: new NodeHttpHandler({ httpAgent }),
  });
  cleanup.add(client, (made) => made.destroy());
  return async (EndpointName: string, Body: string) => {
    const input = { EndpointName, ContentType: 'text/csv', Body };
    const answer = await client.send(new InvokeEndpointCommand(input));
    return Buffer.from(answer.Body ?? []).toString();
  };
}

const eight = Array.from({ length: 8 }, (_, n) => n);

async function processIds({ child }: Up): Promise<readonly number[]> {
  const text = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  const found: number[] = [];
  for (const id of text.trim().split(' ').map(Number)) {
    const command = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
    if (command.includes('data-plane')) found.push(id);
  }
  return found;
}

let folder: string;
let server: Up;
beforeAll(async () => {
  folder = await shared.folder();
  server = await up(folder);
  await server.clients.s3.send(new CreateBucketCommand({ Bucket: bucket }));
});

/** What was captured of an endpoint, once there is as much of it. */
async function inputsOf(name: string, count: number): Promise<readonly string[]> {
  const { s3 } = server.clients;
  const inputs = new Map<string, readonly string[]>();
  await until(async () => {
    for (const Key of await keysUnder(server.clients, `capture/${name}/`)) {
      if (inputs.has(Key)) continue;
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      const lines = (await Body?.transformToString())?.trim().split('\n') ?? [];
      inputs.set(
        Key,
        lines.map((line) => JSON.parse(line).captureData.endpointInput.data),
      );
    }
    return [...inputs.values()].flat().length >= count;
  });
  return [...inputs.values()].flat();
}

/** Answers a request when it is let go, and whether it is there at once. */
async function slowModel(waiting: (() => void)[]): Promise<string> {
  const made = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/csv' });
    if (request.method === 'GET') response.end();
    else waiting.push(() => response.end('slow'));
  });
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  cleanup.add(made, () => {
    made.closeAllConnections();
    made.close();
  });
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}

test('invocations are served, captured and counted by processes beside the server', async () => {
  const { clients, dataPlaneUrl, at } = server;
  await deploy(clients, 'sums', await cleanup.model());
  expect(await processIds(server)).toHaveLength(processes);
  const invoke = invoker(dataPlaneUrl, at.administrator);
  const answers = await Promise.all(eight.map((n) => invoke('sums', `${n},1`)));
  expect(answers).toEqual(eight.map((n) => sumOf(`${n},1`)));
  expect([...(await inputsOf('sums', 8))].sort()).toEqual(eight.map((n) => `${n},1`));
  const metric = {
    ...{ Namespace: 'AWS/SageMaker', MetricName: 'Invocations', Statistics: ['Sum' as const] },
    ...{ StartTime: new Date(Date.now() - 600_000), EndTime: new Date(Date.now() + 60_000) },
    Period: 3_600,
    Dimensions: [
      { Name: 'EndpointName', Value: 'sums' },
      { Name: 'VariantName', Value: 'AllTraffic' },
    ],
  };
  await until(async () => {
    const { Datapoints } = await clients.cloudwatch.send(new GetMetricStatisticsCommand(metric));
    return (Datapoints ?? []).reduce((sum, { Sum = 0 }) => sum + Sum, 0) === eight.length;
  });
});

test('another request on that port is refused, and told where to go', async () => {
  const { dataPlaneUrl, at } = server;
  const elsewhere = await fetch(`${dataPlaneUrl}/${bucket}`);
  expect([elsewhere.status, elsewhere.headers.get('x-amzn-errortype')]).toEqual([
    404,
    'UnknownOperationException',
  ]);
  expect(await elsewhere.json()).toMatchObject({ message: expect.stringContaining(at.url) });
  const health = await fetch(`${dataPlaneUrl}/_modelkeep/health`);
  expect([health.status, await health.json()]).toEqual([200, { status: 'ready' }]);
  const unsigned = await fetch(`${dataPlaneUrl}/endpoints/sums/invocations`, { method: 'POST' });
  expect(unsigned.status).toBe(403);
  const args = [program, 'status', '--data', folder];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: environment });
  expect(stdout).toContain(`data plane ${dataPlaneUrl} 2 processes, ready`);
});

test('a right that was taken away is gone when the call that took it is answered', async () => {
  const { clients, dataPlaneUrl } = server;
  const { iam } = clients;
  await deploy(clients, 'rights', await cleanup.model());
  const UserName = 'ann';
  await iam.send(new CreateUserCommand({ UserName }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey ?? {};
  const invoke = invoker(dataPlaneUrl, {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
  });
  const codes = () =>
    Promise.all(
      eight.map((n) =>
        invoke('rights', `${n}`).then(
          () => 'answered',
          ({ name }: Error) => name,
        ),
      ),
    );
  const all = (code: string) => eight.map(() => code);
  const PolicyDocument = policy({
    ...{ Effect: 'Allow', Action: 'sagemaker:InvokeEndpoint', Resource: '*' },
  });
  const named = { UserName, PolicyName: 'invoke' };
  expect(await codes()).toEqual(all('AccessDeniedException'));
  for (let round = 0; round < 5; round += 1) {
    await iam.send(new PutUserPolicyCommand({ ...named, PolicyDocument }));
    expect(await codes()).toEqual(all('answered'));
    await iam.send(new DeleteUserPolicyCommand(named));
    expect(await codes()).toEqual(all('AccessDeniedException'));
  }
  await iam.send(new PutUserPolicyCommand({ ...named, PolicyDocument }));
  expect(await codes()).toEqual(all('answered'));
  await iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Inactive' }));
  expect(new Set(await codes())).not.toContain('answered');
  await iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Active' }));
  expect(await codes()).toEqual(all('answered'));
});

test('the trail has every invocation that it is asked to have, from its choice on', async () => {
  const { clients, dataPlaneUrl, at } = server;
  await deploy(clients, 'told', await cleanup.model());
  const invoke = invoker(dataPlaneUrl, at.administrator);
  await invoke('told', '1');
  const trail = new CloudTrailClient({
    ...{ endpoint: at.url, region: 'us-east-1', credentials: { ...at.administrator } },
  });
  cleanup.add(trail, (made) => made.destroy());
  const Principal = { Service: 'cloudtrail.amazonaws.com' };
  const Policy = policy(
    { Effect: 'Allow', Principal, Action: 's3:GetBucketAcl', Resource: `arn:aws:s3:::${bucket}` },
    { Effect: 'Allow', Principal, Action: 's3:PutObject', Resource: `arn:aws:s3:::${bucket}/*` },
  );
  await clients.s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  await trail.send(new CreateTrailCommand({ Name: 'calls', S3BucketName: bucket }));
  const equals = (Field: string, value: string) => ({ Field, Equals: [value] });
  await trail.send(
    new PutEventSelectorsCommand({
      TrailName: 'calls',
      AdvancedEventSelectors: [
        {
          FieldSelectors: [
            equals('eventCategory', 'Data'),
            equals('resources.type', 'AWS::SageMaker::Endpoint'),
          ],
        },
      ],
    }),
  );
  await trail.send(new StartLoggingCommand({ Name: 'calls' }));
  await Promise.all(eight.map((n) => invoke('told', `${n}`)));
  await expect(invoke('absent', '1')).rejects.toThrow('absent');
  const { postSigned } = await import(dist('server/signed-fetch.js').href);
  const answer = await postSigned({
    ...{ url: at.url, path: '/_modelkeep/trail/query', service: 'iam', region: 'us-east-1' },
    body: { event: 'InvokeEndpoint' },
    keys: at.administrator,
    nowMs: Date.now(),
  });
  expect(answer.value).toMatchObject({ status: 200, body: { rows: { length: 9 } } });
});

test('what a killed process has captured is kept once, and another takes its place', async () => {
  const { clients, dataPlaneUrl, at } = server;
  await deploy(clients, 'lives', await cleanup.model());
  const [killed = 0, other] = await processIds(server);
  const load = loading(invoker(dataPlaneUrl, at.administrator), 'lives');
  await until(async () => load.answered.length > 100);
  process.kill(killed, 'SIGKILL');
  const before = load.answered.length;
  await until(async () => load.answered.length > before + 100);
  await until(async () => (await processIds(server)).length === processes);
  await load.end();
  expect(await processIds(server)).toContain(other);
  expect(await processIds(server)).not.toContain(killed);
  await keptOnce('lives', load.answered);
});

test('an update and a deletion wait for the requests that other processes have', async () => {
  const { clients, dataPlaneUrl, at } = server;
  const release: (() => void)[] = [];
  const invoke = invoker(dataPlaneUrl, at.administrator);
  const slow = await slowModel(release);
  await deploy(clients, 'changes', slow);
  await configure(clients, 'next', await cleanup.model(() => 'next'));
  const underWay = Promise.all(eight.map((n) => invoke('changes', `${n}`)));
  await until(async () => release.length === eight.length);
  await clients.sagemaker.send(
    new UpdateEndpointCommand({ EndpointName: 'changes', EndpointConfigName: 'next' }),
  );
  await until(async () => (await statusOf(clients, 'changes')) === 'InService');
  // The connections of the first are busy.
  const other = invoker(dataPlaneUrl, at.administrator);
  const answers = await Promise.all(eight.map((n) => other('changes', `${n}`)));
  expect(answers).toEqual(eight.map(() => 'next'));
  for (const go of release) go();
  expect(await underWay).toEqual(eight.map(() => 'slow'));
  await clients.sagemaker.send(new DeleteEndpointCommand({ EndpointName: 'changes' }));
  await until(
    async () => (await statusOf(clients, 'changes').catch(() => undefined)) === undefined,
  );
  for (const n of eight) {
    await expect(invoke('changes', `${n}`)).rejects.toThrow('changes');
  }
});

test('a change is not answered before a process that hangs has been ended', async () => {
  const { clients, dataPlaneUrl, at } = server;
  const { iam } = clients;
  await deploy(clients, 'hangs', await cleanup.model());
  const invoke = invoker(dataPlaneUrl, at.administrator);
  await Promise.all(eight.map((n) => invoke('hangs', `${n}`)));
  const [hanging = 0] = await processIds(server);
  process.kill(hanging, 'SIGSTOP');
  await iam.send(new CreateUserCommand({ UserName: 'bob' }));
  expect(await processIds(server)).not.toContain(hanging);
  await until(async () => (await processIds(server)).length === processes);
});

test('what its processes had captured is there after the server was killed', async () => {
  const { clients, dataPlaneUrl, at, child } = server;
  await deploy(clients, 'outlives', await cleanup.model());
  const load = loading(invoker(dataPlaneUrl, at.administrator), 'outlives');
  await until(async () => load.answered.length > 100);
  child.kill('SIGKILL');
  await load.end();
  server = await up(folder);
  await keptOnce('outlives', load.answered);
});

/** Invokes again and again, with another body each time, until it is ended. */
function loading(invoke: ReturnType<typeof invoker>, name: string) {
  const answered: string[] = [];
  let next = 0;
  let going = true;
  const worker = async () => {
    while (going) {
      next += 1;
      const body = String(next);
      // Requests that a killed process had are lost with it.
      const went = await invoke(name, body).catch(() => undefined);
      if (went !== undefined) answered.push(body);
      else await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const working = Promise.all(eight.map(worker));
  const end = async () => {
    going = false;
    await working;
  };
  return { answered, end };
}

/** Requests whose answer was lost may have been captured as well. */
async function keptOnce(name: string, answered: readonly string[]): Promise<void> {
  const captured = await inputsOf(name, answered.length);
  expect(captured).toEqual(expect.arrayContaining([...answered]));
  expect(new Set(captured).size).toBe(captured.length);
}
