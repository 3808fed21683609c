/** Every way an invocation fails: what the client reads, and what is counted. */
import { request } from 'node:http';
import type { Socket } from 'node:net';
import {
  InvokeEndpointCommand,
  InvokeEndpointWithResponseStreamCommand,
  SageMakerRuntimeClient,
} from '@aws-sdk/client-sagemaker-runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { undiciForwarder } from '../adapters/forwarder/forwarder.ts';
import { hostedArn, hostedKey } from '../engines/hosting/names.ts';
import { type EndpointStatus, endpoints } from '../engines/hosting/rows.ts';
import { tagRows } from '../engines/hosting/tags.ts';
import type { Forwarder } from '../ports/forwarder.ts';
import { Fault } from '../wire/operation.ts';
import { maxBodyBytes } from './admission.ts';
import { modelTimeoutMs } from './exchange.ts';
import {
  type Bench,
  bench,
  inferenceTimeMs,
  instanceAt,
  plan,
  scope,
  variantOn,
} from './gateway.fixture.ts';

let b: Bench;
beforeEach(async () => {
  b = await bench();
});
afterEach(() => b.close());

const input = { EndpointName: 'Churn', ContentType: 'text/csv', Body: '1,2' };
const refusal = (over: object = {}, client: SageMakerRuntimeClient = b.client) =>
  client.send(new InvokeEndpointCommand({ ...input, ...over })).then(
    () => expect.fail('was answered'),
    (error: unknown) => error as Error & Record<string, unknown>,
  );

/** What was counted for the variant in use, by metric. */
function counted(): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { metric, values, counts } of b.parts.counters.take()) {
    sums[metric] = values.reduce((sum, value, at) => sum + value * (counts[at] ?? 0), 0);
  }
  return sums;
}

async function routeTo(port: number) {
  b.route([variantOn(instanceAt('i1', port), 'AllTraffic')], { capture: plan });
}

async function storeEndpoint(status: EndpointStatus) {
  const row = {
    name: 'Churn',
    arn: hostedArn(scope, 'endpoint', 'Churn'),
    scope,
    status,
    configName: 'c',
    createdAtMs: 1,
    modifiedAtMs: 1,
    generation: 1,
  };
  await b.parts.store.write((tx) => tx.put(endpoints, hostedKey(scope, 'Churn'), row));
}

test('an unknown endpoint', async () => {
  expect(await refusal()).toMatchObject({
    name: 'ValidationError',
    message: 'Endpoint Churn of account 111122223333 not found.',
    $metadata: { httpStatusCode: 400 },
  });
});

test.each(['Creating', 'Failed', 'Deleting'] as const)('an endpoint that is %s', async (status) => {
  await storeEndpoint(status);
  const error = await refusal();
  expect(error).toMatchObject({ name: 'ValidationError', $metadata: { httpStatusCode: 400 } });
  expect(error.message).toContain(`is not InService: its status is ${status}`);
});

test('an endpoint in service whose servers are coming back after a restart', async () => {
  await storeEndpoint('InService');
  const error = await refusal();
  expect(error).toMatchObject({ name: 'ServiceUnavailable', $metadata: { httpStatusCode: 503 } });
});

test('an unknown variant, and headers for containers that are not there', async () => {
  await routeTo(1);
  expect(await refusal({ TargetVariant: 'Other' })).toMatchObject({
    name: 'ValidationError',
    message: 'Variant Other of endpoint Churn of account 111122223333 not found.',
  });
  for (const over of [{ TargetModel: 'm.tar.gz' }, { TargetContainerHostname: 'c' }]) {
    expect(await refusal(over)).toMatchObject({ name: 'ValidationError' });
  }
  const long = await refusal({ CustomAttributes: 'x'.repeat(1_025) });
  expect(long.message).toContain('custom-attributes is over 1024');
  const type = await refusal({ ContentType: `text/csv; ${'x'.repeat(1_024)}` });
  expect(type.message).toContain('content-type is over 1024');
});

test.each([
  [400, 'client', 'Invocation4XXErrors'],
  [503, 'server', 'Invocation5XXErrors'],
] as const)('a model that answers %i', async (status, kind, metric) => {
  await routeTo(await b.model((_req, res) => void res.writeHead(status).end('{"why":"bad row"}')));
  const error = await refusal();
  expect(error).toMatchObject({
    name: 'ModelError',
    $metadata: { httpStatusCode: 424 },
    OriginalStatusCode: status,
    OriginalMessage: '{"why":"bad row"}',
    LogStreamArn: 'arn:aws:logs:eu-west-1:111122223333:log-group:/aws/sagemaker/Endpoints/Churn',
    message:
      `Received ${kind} error (${status}) from primary with message "{"why":"bad row"}". ` +
      'See /aws/sagemaker/Endpoints/Churn in account 111122223333 for more information.',
  });
  const errors = { Invocation4XXErrors: 0, Invocation5XXErrors: 0, [metric]: 1 };
  expect(counted()).toMatchObject({ ...errors, Invocations: 1, InvocationModelErrors: 1 });
  expect(await b.captured()).toEqual([]);
});

test('a model that hangs past its time', async () => {
  const real = undiciForwarder();
  // The bound itself is a minute; the test gives the forwarder a shorter one.
  let asked = 0;
  const hasty: Forwarder = {
    ...real,
    forward(message, options) {
      asked = message.timeoutMs;
      return real.forward({ ...message, timeoutMs: 50 }, options);
    },
  };
  await b.close();
  b = await bench({ forwarder: hasty });
  await routeTo(await b.model(() => {}));
  const error = await refusal();
  expect(asked).toBe(modelTimeoutMs);
  expect(error).toMatchObject({ name: 'ModelError', OriginalStatusCode: 0 });
  expect(error.OriginalMessage).toMatch(
    /^Your invocation timed out while waiting for a response from container primary\. /,
  );
  expect(error.message).toMatch(/^Received server error \(0\) from primary with message "Your inv/);
  expect(counted()).toMatchObject({ Invocation5XXErrors: 1, InvocationModelErrors: 1 });
});

test.each([
  ['resets', (socket: Socket) => void socket.resetAndDestroy()],
  ['answers garbage', (socket: Socket) => void socket.end('not http\r\n\r\n')],
  [
    'ends early',
    (socket: Socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'),
  ],
])('a model that %s is asked once and reported', async (_what, misbehave) => {
  let asked = 0;
  await routeTo(
    await b.model((req) => {
      asked += 1;
      misbehave(req.socket);
    }),
  );
  expect(await refusal()).toMatchObject({ name: 'ModelError', OriginalStatusCode: 0 });
  expect(asked).toBe(1);
  expect(counted()).toMatchObject({ Invocation5XXErrors: 1, InvocationModelErrors: 1 });
});

test('a model server that cannot be reached, and one that is being started again', async () => {
  const port = await b.model(() => {});
  await b.close();
  b = await bench();
  await routeTo(port);
  expect(await refusal()).toMatchObject({
    name: 'ServiceUnavailable',
    $metadata: { httpStatusCode: 503 },
  });
  const instance = instanceAt('i1', port);
  Object.assign(instance.server, { invocationsUrl: undefined });
  b.route([variantOn(instance, 'AllTraffic')]);
  expect(await refusal()).toMatchObject({
    name: 'ModelNotReadyException',
    $metadata: { httpStatusCode: 429 },
  });
});

test('a connection that fails is tried again once the server is back', async () => {
  const gone = await b.model(() => {});
  await b.close();
  b = await bench();
  const back = await b.model((_req, res) => void res.end('ok'));
  const instance = instanceAt('i1', gone);
  b.route([variantOn(instance, 'AllTraffic')]);
  const answer = b.client.send(new InvokeEndpointCommand(input));
  setTimeout(() => {
    const invocationsUrl = new URL(`http://127.0.0.1:${back}/invocations`);
    Object.assign(instance.server, { invocationsUrl });
  }, 50);
  expect(Buffer.from((await answer).Body ?? []).toString()).toBe('ok');
});

test('a body of the limit passes, one byte more does not reach the model', async () => {
  let sizeBytes = 0;
  const port = await b.model((req, res) => {
    req.on('data', (part: Buffer) => {
      sizeBytes += part.length;
    });
    req.on('end', () => res.end('ok'));
  });
  b.route([variantOn(instanceAt('i1', port), 'AllTraffic')]);
  await b.client.send(new InvokeEndpointCommand({ ...input, Body: Buffer.alloc(maxBodyBytes) }));
  expect(sizeBytes).toBe(maxBodyBytes);
  const error = await refusal({ Body: Buffer.alloc(maxBodyBytes + 1) });
  expect(error).toMatchObject({
    name: 'ValidationError',
    message: 'HTTP content length exceeded 6291456 bytes.',
    $metadata: { httpStatusCode: 413 },
  });
  expect(sizeBytes).toBe(maxBodyBytes);
});

test('no signature, a wrong one, and a caller who may not', async () => {
  await routeTo(await b.model((_req, res) => void res.end('ok')));
  const unsigned = await new Promise<{ status: number | undefined; code: unknown }>((done) => {
    const path = '/endpoints/Churn/invocations';
    const req = request({ port: b.port, method: 'POST', path }, (res) => {
      res.resume();
      done({ status: res.statusCode, code: res.headers['x-amzn-errortype'] });
    });
    req.end('1,2');
  });
  expect(unsigned).toEqual({ status: 403, code: 'MissingAuthenticationToken' });

  const forger = new SageMakerRuntimeClient({
    endpoint: `http://127.0.0.1:${b.port}`,
    region: scope.region,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'wrong' },
    maxAttempts: 1,
  });
  const forged = await refusal({}, forger);
  expect(forged.$metadata).toMatchObject({ httpStatusCode: 403 });

  await b.close();
  const asked: unknown[] = [];
  b = await bench({
    authorize: async ({ caller, check, facts }) => {
      const tags = await check.resourceTags?.();
      asked.push([caller.arn, check.action, check.resource, check.keys, tags]);
      const { sourceAddress, secure, region } = facts;
      asked.push({ sourceAddress, secure, region });
      const headers = { 'x-why': 'sealed' };
      throw new Fault('AccessDeniedException', 'may not', { status: 403, headers });
    },
  });
  const resource = 'arn:aws:sagemaker:eu-west-1:111122223333:endpoint/churn';
  const tags = [{ key: 'Team', value: 'risk' }];
  await b.parts.store.write((tx) => tx.put(tagRows, resource, { arn: resource, tags }));
  expect(await refusal()).toMatchObject({
    name: 'AccessDeniedException',
    message: 'may not',
    $response: { headers: { 'x-why': 'sealed' } },
  });
  expect(await refusal({ TargetModel: 'm.tar.gz' })).toMatchObject({ message: 'may not' });
  const who = `arn:aws:iam::${scope.account}:user/ada`;
  const facts = { sourceAddress: '127.0.0.1', secure: false, region: scope.region };
  const keys = { 'sagemaker:targetmodel': 'm.tar.gz' };
  expect(asked).toEqual([
    [who, 'sagemaker:InvokeEndpoint', resource, undefined, { Team: 'risk' }],
    facts,
    [who, 'sagemaker:InvokeEndpoint', resource, keys, { Team: 'risk' }],
    facts,
  ]);
});

test('a stream refuses with the same errors as long as nothing was answered', async () => {
  await routeTo(await b.model((_req, res) => void res.writeHead(500).end('boom')));
  const error = await b.client
    .send(new InvokeEndpointWithResponseStreamCommand(input))
    .catch((cause: unknown) => cause);
  expect(error).toMatchObject({ name: 'ModelError', OriginalStatusCode: 500 });
});

test('success is counted with latencies that add up, per minute of the clock', async () => {
  await routeTo(await b.model((_req, res) => void setTimeout(() => res.end('ok'), 20)));
  await b.client.send(new InvokeEndpointCommand(input));
  const tallies = b.parts.counters.take();
  const minute = Math.floor(inferenceTimeMs / 60_000) * 60_000;
  expect(new Set(tallies.map(({ timestampMs }) => timestampMs))).toEqual(new Set([minute]));
  const valueOf = (name: string) => tallies.find(({ metric }) => metric === name)?.values[0];
  expect(valueOf('Invocations')).toBe(1);
  expect(valueOf('InvocationsPerInstance')).toBe(0.5);
  expect(valueOf('Invocation4XXErrors')).toBe(0);
  expect(valueOf('Invocation5XXErrors')).toBe(0);
  expect(valueOf('ModelLatency')).toBeGreaterThan(15_000);
  expect(valueOf('OverheadLatency')).toBeGreaterThanOrEqual(0);
});

test('switching under load drops no request, and the old server drains', async () => {
  const model = (name: string) =>
    b.model((_req, res) => void setTimeout(() => res.end(name), Math.random() * 10));
  const [blue, green] = [await model('blue'), await model('green')];
  const old = instanceAt('i1', blue);
  b.route([variantOn(old, 'AllTraffic')], { capture: plan });
  const total = 120;
  const seen: string[] = [];
  let drained: Promise<boolean> | undefined;
  const worker = async () => {
    while (seen.length < total) {
      const { Body } = await b.client.send(new InvokeEndpointCommand(input));
      seen.push(Buffer.from(Body ?? []).toString());
      if (seen.length < total / 2 || drained) continue;
      b.route([variantOn(instanceAt('i2', green), 'AllTraffic')], { capture: plan });
      drained = old.drained(5_000);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  expect(await drained).toBe(true);
  expect(old.inFlight).toBe(0);
  expect(new Set(seen)).toEqual(new Set(['blue', 'green']));
  expect(seen.at(-1)).toBe('green');
  expect(await b.captured()).toHaveLength(seen.length);
});
