/** Makes endpoints before a model server as a user would, and the requests that invoke them. */
import { setTimeout as pause } from 'node:timers/promises';
import { sent, signedJson, signedRequest } from '../support/signing.mjs';

const bucket = 'bench-capture';
const roleArn = 'arn:aws:iam::000000000000:role/SageMaker-bench';
const readyMs = 30_000;

/** What endpoints need: a bucket for captured records, and a role that may write to it. */
export async function prepared(server) {
  await expected(
    server,
    signedRequest(server, { service: 's3', method: 'PUT', path: `/${bucket}` }),
  );
  const body = JSON.stringify({
    ...{ persona: 'sagemaker-compute', activities: ['explain-models'], name: 'bench' },
    parameters: { buckets: [bucket] },
  });
  const headers = { 'content-type': 'application/json' };
  const path = '/_modelkeep/roles/apply';
  await expected(server, signedRequest(server, { service: 'iam', path, headers, body }));
}

/** An endpoint in service; `capture` is whether all it is asked and answers is kept. */
export async function deployed(server, { name, image, capture = true }) {
  const ask = (operation, input) =>
    expected(
      server,
      signedJson(server, {
        ...{ service: 'sagemaker', target: `SageMaker.${operation}`, input },
      }),
    );
  const PrimaryContainer = { Image: image };
  await ask('CreateModel', { ModelName: name, ExecutionRoleArn: roleArn, PrimaryContainer });
  await ask('CreateEndpointConfig', {
    EndpointConfigName: name,
    ProductionVariants: [
      {
        ...{ VariantName: 'AllTraffic', ModelName: name, InstanceType: 'ml.m5.large' },
        InitialInstanceCount: 1,
      },
    ],
    DataCaptureConfig: {
      ...{ EnableCapture: capture, InitialSamplingPercentage: 100 },
      DestinationS3Uri: `s3://${bucket}/${name}`,
      CaptureOptions: [{ CaptureMode: 'Input' }, { CaptureMode: 'Output' }],
      CaptureContentTypeHeader: { CsvContentTypes: ['text/csv'] },
    },
  });
  await ask('CreateEndpoint', { EndpointName: name, EndpointConfigName: name });
  const givenUpAtMs = performance.now() + readyMs;
  for (;;) {
    const { EndpointStatus } = JSON.parse(await ask('DescribeEndpoint', { EndpointName: name }));
    if (EndpointStatus === 'InService') return;
    if (performance.now() > givenUpAtMs) throw new Error(`${name} is ${EndpointStatus}`);
    await pause(100);
  }
}

/** Different rows of CSV, a kilobyte each, signed. */
export async function invocations(server, { name, count = 400 }) {
  const path = `/endpoints/${name}/invocations`;
  const headers = { 'content-type': 'text/csv', accept: 'text/csv' };
  const made = [];
  for (let number = 0; number < count; number++) {
    const body = rowOf(number);
    made.push(await signedRequest(server, { service: 'sagemaker', path, headers, body }));
  }
  return made;
}

/** The same bodies for whoever asks for no signature. */
export function plainRequests(port, count = 400) {
  return Array.from({ length: count }, (_, number) => {
    const body = rowOf(number);
    const head =
      `POST /invocations HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n` +
      `content-type: text/csv\r\ncontent-length: ${body.length}\r\n\r\n`;
    return Buffer.from(head + body);
  });
}

function rowOf(number) {
  const values = Array.from({ length: 114 }, (_, at) =>
    String((number * 7919 + at * 104729) % 1e8),
  );
  return values
    .map((value) => value.padStart(8, '1'))
    .join(',')
    .slice(0, 1_024);
}

async function expected(server, request) {
  const { status, body } = await sent(server, request);
  if (status >= 300) throw new Error(`answered ${status}: ${body}`);
  return body;
}
