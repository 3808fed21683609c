/** What is asked about, made through the API as users make it, on ours and on other servers. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { sent, signedJson, signedRequest } from '../support/signing.mjs';

export const name = 'bench-churn';
export const bucket = 'bench-keys';
const roleName = 'bench';
const roleArn = `arn:aws:iam::000000000000:role/${roleName}`;
const formType = 'application/x-www-form-urlencoded; charset=utf-8';
const readyMs = 30_000;
const uploadsAtOnce = 16;

/** A model server that is healthy, which is all that a description of an endpoint needs of it. */
export async function healthyModel() {
  const server = createServer((request, response) => {
    request.resume();
    response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return `http://127.0.0.1:${server.address().port}`;
}

export function sagemaker(server, operation, input) {
  return signedJson(server, { service: 'sagemaker', target: `SageMaker.${operation}`, input });
}

/** The role that the model runs under. */
async function makeRole(server) {
  const trust = {
    ...{ Effect: 'Allow', Action: 'sts:AssumeRole' },
    Principal: { Service: 'sagemaker.amazonaws.com' },
  };
  const body = new URLSearchParams({
    ...{ Action: 'CreateRole', Version: '2010-05-08', RoleName: roleName },
    AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
  }).toString();
  const headers = { 'content-type': formType };
  await expected(server, signedRequest(server, { service: 'iam', headers, body }));
}

/** A model, a configuration and an endpoint; resolves once it serves. */
export async function deploy(server, image) {
  await makeRole(server);
  const ask = (operation, input) => expected(server, sagemaker(server, operation, input));
  const PrimaryContainer = { Image: image };
  await ask('CreateModel', { ModelName: name, ExecutionRoleArn: roleArn, PrimaryContainer });
  const variant = { VariantName: 'AllTraffic', ModelName: name, InitialInstanceCount: 1 };
  const ProductionVariants = [{ ...variant, InstanceType: 'ml.m5.large' }];
  await ask('CreateEndpointConfig', { EndpointConfigName: name, ProductionVariants });
  await ask('CreateEndpoint', { EndpointName: name, EndpointConfigName: name });
  const givenUpAtMs = performance.now() + readyMs;
  for (;;) {
    const { EndpointStatus } = JSON.parse(await ask('DescribeEndpoint', { EndpointName: name }));
    if (EndpointStatus === 'InService') return;
    if (performance.now() > givenUpAtMs) throw new Error(`the endpoint is ${EndpointStatus}`);
    await pause(100);
  }
}

/** One measurement of one metric, as a client that counts its calls sends it. */
export function metricData(server) {
  const at = new Date().toISOString().replace(/\.\d+/, '');
  const body = new URLSearchParams({
    ...{ Action: 'PutMetricData', Version: '2010-08-01', Namespace: 'bench' },
    ...{ 'MetricData.member.1.MetricName': 'latency', 'MetricData.member.1.Value': '12.5' },
    ...{ 'MetricData.member.1.Unit': 'Milliseconds', 'MetricData.member.1.Timestamp': at },
    'MetricData.member.1.Dimensions.member.1.Name': 'variant',
    'MetricData.member.1.Dimensions.member.1.Value': 'blue',
  }).toString();
  const headers = { 'content-type': formType };
  return signedRequest(server, { service: 'monitoring', headers, body });
}

export function metricDataJson(server) {
  const datum = { MetricName: 'latency', Value: 12.5, Unit: 'Milliseconds' };
  const Dimensions = [{ Name: 'variant', Value: 'blue' }];
  const Timestamp = Math.floor(Date.now() / 1_000);
  return signedJson(server, {
    ...{ service: 'monitoring', target: 'GraniteServiceVersion20100801.PutMetricData' },
    ...{ input: { Namespace: 'bench', MetricData: [{ ...datum, Dimensions, Timestamp }] } },
    version: '1.0',
  });
}

/** Small objects under keys of the length that people use. */
export async function fillBucket(server, count) {
  const put = (path, body = '') =>
    expected(server, signedRequest(server, { service: 's3', method: 'PUT', path, body }));
  await put(`/${bucket}`);
  let next = 0;
  const upload = async () => {
    for (let number = next++; number < count; number = next++) {
      await put(`/${bucket}/data/2026/11/22/part-${String(number).padStart(6, '0')}.json`, '{}');
    }
  };
  await Promise.all(Array.from({ length: uploadsAtOnce }, upload));
}

export function listKeys(server) {
  const query = { 'list-type': '2', 'max-keys': '1000' };
  return signedRequest(server, { service: 's3', method: 'GET', path: `/${bucket}`, query });
}

/** Bytes of the answer to a request; rejects when it is no good one. */
export async function answerBytes(server, request) {
  return Buffer.byteLength(await expected(server, request));
}

export async function expected(server, request) {
  const { status, body } = await sent(server, request);
  if (status >= 300) throw new Error(`answered ${status}: ${body.slice(0, 500)}`);
  return body;
}
