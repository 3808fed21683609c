/** The AWS SDK for JavaScript: an endpoint from model to answer, streams included, and its records. */
import assert from 'node:assert/strict';
import { once as event } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  DeleteEndpointCommand,
  DeleteEndpointConfigCommand,
  DeleteModelCommand,
  DescribeEndpointCommand,
  DescribeModelCommand,
  SageMakerClient,
  waitUntilEndpointDeleted,
  waitUntilEndpointInService,
} from '@aws-sdk/client-sagemaker';
import {
  InvokeEndpointCommand,
  InvokeEndpointWithResponseStreamCommand,
  SageMakerRuntimeClient,
} from '@aws-sdk/client-sagemaker-runtime';
import { named, once, refusal, roleOf, until } from './clients.mjs';

const sagemaker = new SageMakerClient(once);
const runtime = new SageMakerRuntimeClient(once);
const s3 = new S3Client(once);
const name = named();
const Bucket = named();
const waiting = { client: sagemaker, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };

const modelServer = createServer(async (req, res) => {
  if (req.url === '/ping') return void res.end();
  let body = '';
  for await (const part of req) body += part;
  if (body === 'bad') return void res.writeHead(422, { 'content-type': 'text/plain' }).end('no');
  res.writeHead(200, { 'content-type': 'text/csv' });
  for (const cell of body.split(',')) res.write(`${2 * Number(cell)};`);
  res.end();
});

before(async () => {
  modelServer.listen(0, '127.0.0.1');
  await event(modelServer, 'listening');
  await s3.send(new CreateBucketCommand({ Bucket }));
  const Image = `http://127.0.0.1:${modelServer.address().port}`;
  const ExecutionRoleArn = await roleOf(Bucket);
  await sagemaker.send(
    new CreateModelCommand({ ModelName: name, ExecutionRoleArn, PrimaryContainer: { Image } }),
  );
  const ProductionVariants = [
    {
      VariantName: 'AllTraffic',
      ModelName: name,
      InitialInstanceCount: 1,
      InstanceType: 'ml.m5.large',
    },
  ];
  const DataCaptureConfig = {
    EnableCapture: true,
    InitialSamplingPercentage: 100,
    DestinationS3Uri: `s3://${Bucket}/cap`,
    CaptureOptions: [{ CaptureMode: 'InputAndOutput' }],
    CaptureContentTypeHeader: { CsvContentTypes: ['text/csv'] },
  };
  await sagemaker.send(
    new CreateEndpointConfigCommand({
      EndpointConfigName: name,
      ProductionVariants,
      DataCaptureConfig,
    }),
  );
  await sagemaker.send(new CreateEndpointCommand({ EndpointName: name, EndpointConfigName: name }));
  await waitUntilEndpointInService(waiting, { EndpointName: name });
});

after(async () => {
  await sagemaker.send(new DeleteEndpointCommand({ EndpointName: name }));
  await waitUntilEndpointDeleted(waiting, { EndpointName: name });
  await sagemaker.send(new DeleteEndpointConfigCommand({ EndpointConfigName: name }));
  await sagemaker.send(new DeleteModelCommand({ ModelName: name }));
  modelServer.close();
  modelServer.closeAllConnections();
});

test('describes the endpoint', async () => {
  const told = await sagemaker.send(new DescribeEndpointCommand({ EndpointName: name }));
  assert.equal(told.EndpointStatus, 'InService');
  assert.ok(told.CreationTime instanceof Date);
  assert.equal(told.DataCaptureConfig.CaptureStatus, 'Started');
});

test('invokes, and the record of it becomes an object', async () => {
  const told = await runtime.send(
    new InvokeEndpointCommand({ EndpointName: name, ContentType: 'text/csv', Body: '1,2' }),
  );
  assert.equal(Buffer.from(told.Body).toString(), '2;4;');
  assert.equal(told.InvokedProductionVariant, 'AllTraffic');
  const { Contents } = await until(async () => {
    const listed = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: `cap/${name}/` }));
    return listed.KeyCount > 0 && listed;
  });
  const object = await s3.send(new GetObjectCommand({ Bucket, Key: Contents[0].Key }));
  const [line] = (await object.Body.transformToString()).split('\n');
  const { captureData } = JSON.parse(line);
  assert.equal(captureData.endpointInput.data, '1,2');
  assert.equal(captureData.endpointOutput.data, '2;4;');
});

test('invokes with a stream of events', async () => {
  const told = await runtime.send(
    new InvokeEndpointWithResponseStreamCommand({
      EndpointName: name,
      ContentType: 'text/csv',
      Body: '1,2,3',
    }),
  );
  let text = '';
  for await (const { PayloadPart } of told.Body) text += Buffer.from(PayloadPart.Bytes).toString();
  assert.equal(text, '2;4;6;');
  assert.equal(told.ContentType, 'text/csv');
});

test('passes on that the model refused', async () => {
  const { code, status, error } = await refusal(() =>
    runtime.send(
      new InvokeEndpointCommand({ EndpointName: name, ContentType: 'text/csv', Body: 'bad' }),
    ),
  );
  assert.deepEqual([code, status], ['ModelError', 424]);
  assert.equal(error.OriginalStatusCode, 422);
  assert.equal(error.OriginalMessage, 'no');
});

test('says which model is missing', async () => {
  const { code, status, error } = await refusal(() =>
    sagemaker.send(new DescribeModelCommand({ ModelName: named('absent') })),
  );
  assert.deepEqual([code, status], ['ValidationException', 400]);
  assert.match(error.message, /Could not find model/);
});
