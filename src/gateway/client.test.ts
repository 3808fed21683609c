/** Invocations through Amazon's own client: routing, headers, capture and streams. */
import {
  InvokeEndpointCommand,
  InvokeEndpointWithResponseStreamCommand,
  ModelStreamError,
} from '@aws-sdk/client-sagemaker-runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { gather } from '../kernel/bytes.ts';
import { type Bench, bench, instanceAt, plan, variantOn } from './gateway.fixture.ts';

let b: Bench;
beforeEach(async () => {
  b = await bench();
});
afterEach(() => b.close());

const csv = { EndpointName: 'Churn', ContentType: 'text/csv', Body: '132,10,182.9' };
const invoke = (over: object = {}) => b.client.send(new InvokeEndpointCommand({ ...csv, ...over }));
const textOf = (body: Uint8Array | undefined) => Buffer.from(body ?? []).toString('utf8');

/** Answers with what it was sent. */
async function echo(name: string) {
  return b.model(async (req, res) => {
    const body = await gather(req, 10_000_000);
    res.setHeader('content-type', 'text/csv; charset=utf-8');
    res.setHeader('x-model', name);
    res.setHeader('X-Amzn-SageMaker-Custom-Attributes', 'from=model');
    res.end(JSON.stringify({ name, url: req.url, headers: req.headers, body: body.toString() }));
  });
}

test('forwards body and allowed headers, names the variant, captures both sides', async () => {
  const port = await echo('a');
  b.route([variantOn(instanceAt('i1', port), 'AllTraffic')], { capture: plan });
  const answer = await invoke({
    Accept: 'text/csv',
    CustomAttributes: 'trace=abc',
    InferenceId: '42',
  });

  expect(answer.InvokedProductionVariant).toBe('AllTraffic');
  expect(answer.ContentType).toBe('text/csv; charset=utf-8');
  expect(answer.CustomAttributes).toBe('from=model');
  const seen = JSON.parse(textOf(answer.Body));
  expect(seen).toMatchObject({ url: '/invocations', body: '132,10,182.9' });
  expect(seen.headers).toMatchObject({
    'content-type': 'text/csv',
    accept: 'text/csv',
    'x-amzn-sagemaker-custom-attributes': 'trace=abc',
    'x-amzn-sagemaker-inference-id': '42',
  });
  expect(seen.headers).not.toHaveProperty('authorization');
  expect(Object.keys(seen.headers).filter((name) => name.startsWith('x-amz-'))).toEqual([]);

  const [record, ...more] = await b.captured();
  expect(more).toEqual([]);
  expect(record).toEqual({
    captureData: {
      endpointInput: {
        observedContentType: 'text/csv',
        mode: 'INPUT',
        data: '132,10,182.9',
        encoding: 'CSV',
      },
      endpointOutput: {
        observedContentType: 'text/csv; charset=utf-8',
        mode: 'OUTPUT',
        data: textOf(answer.Body),
        encoding: 'CSV',
      },
    },
    eventMetadata: {
      eventId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      inferenceId: '42',
      customAttributes: ['trace=abc'],
      inferenceTime: '2026-01-05T10:59:58Z',
    },
    eventVersion: '0',
  });
});

test('splits traffic by weight, and a target variant bypasses the split', async () => {
  const [heavy, light, none] = await Promise.all(['heavy', 'light', 'none'].map(echo));
  b.route([
    variantOn(instanceAt('i1', heavy ?? 0), 'heavy', 3),
    variantOn(instanceAt('i2', light ?? 0), 'light', 1),
    variantOn(instanceAt('i3', none ?? 0), 'none', 0),
  ]);
  const seen: Record<string, number> = { heavy: 0, light: 0 };
  for (let i = 0; i < 200; i += 1) {
    const { InvokedProductionVariant: name = '' } = await invoke();
    seen[name] = (seen[name] ?? 0) + 1;
  }
  expect(Object.keys(seen).sort()).toEqual(['heavy', 'light']);
  expect(seen.heavy).toBeGreaterThan(120);
  expect(seen.light).toBeGreaterThan(25);
  const targeted = await invoke({ TargetVariant: 'none' });
  expect(targeted.InvokedProductionVariant).toBe('none');
});

test('samples nothing at 0 percent, and nothing when capture is off', async () => {
  const port = await echo('a');
  const running = [variantOn(instanceAt('i1', port), 'AllTraffic')];
  b.route(running, { capture: { ...plan, samplingPercent: 0 } });
  await invoke();
  b.route(running, { capture: { ...plan, enabled: false } });
  await invoke();
  expect(await b.captured()).toEqual([]);
});

test('captures only the configured side, and other media types as base64', async () => {
  const port = await echo('a');
  const capture = { ...plan, output: false };
  b.route([variantOn(instanceAt('i1', port), 'AllTraffic')], { capture });
  const bytes = Buffer.from([0, 1, 254, 255]);
  await invoke({ ContentType: 'application/octet-stream', Body: bytes });
  // A label of text does not make bytes text: nothing may be lost.
  await invoke({ ContentType: 'text/csv', Body: bytes });
  const records = await b.captured();
  expect(records.map(({ captureData }) => captureData)).toEqual(
    ['application/octet-stream', 'text/csv'].map((observedContentType) => ({
      endpointInput: {
        observedContentType,
        mode: 'INPUT',
        data: bytes.toString('base64'),
        encoding: 'BASE64',
      },
    })),
  );
});

test('a shadow gets a copy; its answer is captured and goes to nobody', async () => {
  const [main, copy] = await Promise.all(['main', 'copy'].map(echo));
  b.route([variantOn(instanceAt('i1', main ?? 0), 'AllTraffic')], {
    shadows: [variantOn(instanceAt('i2', copy ?? 0), 'Shadow')],
    capture: plan,
  });
  const answer = await invoke();
  expect(JSON.parse(textOf(answer.Body)).name).toBe('main');
  await b.idle();
  const records = await b.captured();
  const sources = records.map(({ eventMetadata }) => eventMetadata.invocationSource);
  expect(sources.sort()).toEqual(['ShadowExperiment', undefined]);
});

test('a shadow that fails or hangs changes nothing for the caller', async () => {
  const main = await echo('main');
  const broken = await b.model((req) => void req.socket.destroy());
  b.route([variantOn(instanceAt('i1', main), 'AllTraffic')], {
    shadows: [variantOn(instanceAt('i2', broken), 'Shadow')],
  });
  const answer = await invoke();
  expect(JSON.parse(textOf(answer.Body)).name).toBe('main');
});

test('streams parts as they come and captures the whole answer', async () => {
  const port = await b.model((_req, res) => {
    res.setHeader('content-type', 'application/json');
    res.write('{"a":');
    setTimeout(() => res.end('1}'), 20);
  });
  b.route([variantOn(instanceAt('i1', port), 'AllTraffic')], { capture: plan });
  const answer = await b.client.send(new InvokeEndpointWithResponseStreamCommand(csv));
  expect(answer.ContentType).toBe('application/json');
  expect(answer.InvokedProductionVariant).toBe('AllTraffic');
  const parts: string[] = [];
  for await (const event of answer.Body ?? []) parts.push(textOf(event.PayloadPart?.Bytes));
  expect(parts.filter((part) => part !== '')).toEqual(['{"a":', '1}']);
  const [record] = await b.captured();
  expect(record?.captureData.endpointOutput?.data).toBe('{"a":1}');
});

test('a stream that breaks ends with ModelStreamError', async () => {
  const port = await b.model((_req, res) => {
    res.write('half');
    setTimeout(() => res.destroy(), 20);
  });
  b.route([variantOn(instanceAt('i1', port), 'AllTraffic')]);
  const answer = await b.client.send(new InvokeEndpointWithResponseStreamCommand(csv));
  const read = async () => {
    for await (const _ of answer.Body ?? []) void _;
  };
  const error = await read().catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(ModelStreamError);
  expect(error).toMatchObject({ ErrorCode: 'STREAM_BROKEN' });
});
