/**
 * Endpoints whose model servers fail while they serve: health checks that flap, an update under
 * way, a container that dies within a request. Clients get the right error for as long as it lasts,
 * and an endpoint beside it is not disturbed.
 */
import type { Socket } from 'node:net';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  DescribeEndpointCommand,
  UpdateEndpointCommand,
} from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { answering, outcome } from './bad-input.fixture.ts';
import {
  bucket,
  Cleanup,
  type Clients,
  clientsOf,
  configure,
  deploy,
  invoke,
  type Running,
  role,
  started,
  statusOf,
  until,
} from './server.fixture.ts';

// Endpoints come up one after the other; a busy machine takes its time over each.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const cleanup = new Cleanup();
let at: Running;
let clients: Clients;

beforeAll(async () => {
  at = cleanup.add(await started(await cleanup.folder()), (server) => server.stop());
  clients = cleanup.add(clientsOf(at), (c) => c.close());
  await clients.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await deploy(clients, 'healthy', await cleanup.model());
});
afterAll(() => cleanup.run());

const says = (bytes: string) => (socket: Socket) => void socket.write(bytes);
const well = says('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
const ill = says('HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n');
const answers = (text: string) =>
  says(
    `HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
  );

const healthy = async () => expect(await invoke(clients, 'healthy', '1,2')).toBe('3.000');
const tried = (name: string) => outcome(invoke(clients, name, '1,2'));
const update = (EndpointName: string, EndpointConfigName: string) =>
  clients.sagemaker.send(new UpdateEndpointCommand({ EndpointName, EndpointConfigName }));

test('a health check that flaps: what serves goes on serving, what begins so is told why', async () => {
  let turn = 0;
  const turns = [well, ill, (socket: Socket) => void socket.end('?\r\n\r\n')];
  const model = await answering(cleanup, answers('ok'), (socket) => {
    turns[turn % turns.length]?.(socket);
    turn += 1;
  });
  await deploy(clients, 'flapping', model);
  for (let asks = 0; asks < 5; asks += 1) expect(await invoke(clients, 'flapping', '1')).toBe('ok');
  // The same server again, whose turn it is to be ill.
  turn = 1;
  await configure(clients, 'flapping-2', model);
  await update('flapping', 'flapping-2');
  await until(async () => (await statusOf(clients, 'flapping')) !== 'Updating');
  const { FailureReason } = await clients.sagemaker.send(
    new DescribeEndpointCommand({ EndpointName: 'flapping' }),
  );
  expect(FailureReason).toMatch(/\/ping answered 500 instead of 200/);
  expect(await statusOf(clients, 'flapping')).toBe('InService');
  expect(await invoke(clients, 'flapping', '1')).toBe('ok');
});

test('an update while the old fleet fails, and one to a fleet that never comes up', async () => {
  let old = answers('old');
  const waiting: Socket[] = [];
  const [first, second] = [
    await answering(cleanup, (socket) => old(socket), well),
    await answering(cleanup, answers('new'), (socket) => void waiting.push(socket)),
  ];
  await deploy(clients, 'changing', first);
  expect(await invoke(clients, 'changing', '1')).toBe('old');
  old = (socket) => void socket.resetAndDestroy();
  await configure(clients, 'changing-new', second);
  await update('changing', 'changing-new');
  for (let asks = 0; asks < 5; asks += 1) {
    expect(await tried('changing')).toMatch(/^424 ModelError: .*could not be read/);
    await healthy();
  }
  expect(await statusOf(clients, 'changing')).toBe('Updating');
  for (const socket of waiting) well(socket);
  await until(async () => (await statusOf(clients, 'changing')) === 'InService');
  expect(await invoke(clients, 'changing', '1')).toBe('new');

  await configure(clients, 'changing-bad', 'file:///no/such/image');
  await update('changing', 'changing-bad');
  await until(async () => {
    expect(await invoke(clients, 'changing', '1')).toBe('new');
    return (await statusOf(clients, 'changing')) !== 'Updating';
  });
  expect(await invoke(clients, 'changing', '1')).toBe('new');
  const { FailureReason, EndpointConfigName } = await clients.sagemaker.send(
    new DescribeEndpointCommand({ EndpointName: 'changing' }),
  );
  expect(FailureReason).toContain('file:///no/such/image is not known here');
  expect(EndpointConfigName).toBe('changing-new');
});

/** Ends within the request it is asked to; otherwise answers its process id. */
const mortal = `require('node:http').createServer((q, s) => {
  let body = '';
  q.on('data', (part) => { body += part; });
  q.on('end', () => {
    if (body !== 'die') return s.end(q.method === 'GET' ? '' : String(process.pid));
    s.writeHead(200, { 'content-length': 100 });
    s.write('half', () => process.exit(1));
  });
}).listen(process.env.SAGEMAKER_BIND_TO_PORT, '127.0.0.1');`;

test('a container that dies within a request is started again', async () => {
  const name = 'mortal';
  await clients.sagemaker.send(
    new CreateModelCommand({
      ModelName: name,
      ExecutionRoleArn: role,
      PrimaryContainer: {
        Image: 'modelkeep/process',
        Environment: { MODELKEEP_COMMAND: JSON.stringify([process.execPath, '-e', mortal]) },
      },
    }),
  );
  const variant = { VariantName: 'a', ModelName: name, InitialInstanceCount: 1 };
  await clients.sagemaker.send(
    new CreateEndpointConfigCommand({
      EndpointConfigName: name,
      ProductionVariants: [{ ...variant, InstanceType: 'ml.m5.large' }],
    }),
  );
  const input = { EndpointName: name, EndpointConfigName: name };
  await clients.sagemaker.send(new CreateEndpointCommand(input));
  await until(async () => (await statusOf(clients, name)) === 'InService');
  const before = await invoke(clients, name, 'live');
  expect(await outcome(invoke(clients, name, 'die'))).toMatch(/^424 ModelError: .*could not be re/);
  let after = '';
  const seen = new Set<string>();
  await until(async () => {
    await healthy();
    const told = await outcome(
      invoke(clients, name, 'live').then((pid) => {
        after = pid;
      }),
    );
    seen.add(told.replace(/:.*/, ''));
    return told === 'success';
  });
  // Until then: nothing but these, which clients take as temporary.
  seen.delete('success');
  for (const told of seen) expect(told).toMatch(/^(429 ModelNotReady|503 Service|424 ModelError)/);
  expect(after).not.toBe(before);
});
