/** What only real clients show: event streams, awkward keys, virtual hosts, streamed bodies. */
import { Agent } from 'node:http';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, StartLiveTailCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  SelectObjectContentCommand,
} from '@aws-sdk/client-s3';
import {
  InvokeEndpointWithResponseStreamCommand,
  SageMakerRuntimeClient,
} from '@aws-sdk/client-sagemaker-runtime';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ByteStream, gather } from '../kernel/bytes.ts';
import { Fault } from './operation.ts';
import { startServer, type TestServer, testKeys } from './server.fixture.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.handlers = {};
});

const options = () => ({
  endpoint: `http://127.0.0.1:${server.port}`,
  region: 'us-east-1',
  credentials: testKeys,
  maxAttempts: 1,
  disableHostPrefix: true,
});

async function eventsOf(stream: AsyncIterable<unknown> | undefined): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const event of stream ?? []) all.push(event);
  return all;
}

describe('event streams', () => {
  const command = new InvokeEndpointWithResponseStreamCommand({
    EndpointName: 'e',
    Body: Buffer.from('in'),
  });
  const parts = (texts: readonly string[], end?: Fault) => {
    server.handlers['sagemaker-runtime.InvokeEndpointWithResponseStream'] = async () => ({
      ContentType: 'text/plain',
      Body: (async function* () {
        for (const text of texts) yield { PayloadPart: { Bytes: Buffer.from(text) } };
        if (end) throw end;
      })(),
    });
  };

  test('parts of a payload arrive in order', async () => {
    parts(['one', '', 'three']);
    const answer = await new SageMakerRuntimeClient(options()).send(command);
    const events = (await eventsOf(answer.Body)) as { PayloadPart: { Bytes: Uint8Array } }[];
    expect(events.map((event) => Buffer.from(event.PayloadPart.Bytes).toString())).toEqual([
      'one',
      '',
      'three',
    ]);
  });

  test('a modelled fault in the middle arrives as that exception', async () => {
    parts(['one'], new Fault('ModelStreamError', 'broke', { members: { ErrorCode: 'E1' } }));
    const answer = await new SageMakerRuntimeClient(options()).send(command);
    await expect(eventsOf(answer.Body)).rejects.toMatchObject({
      name: 'ModelStreamError',
      message: 'broke',
      ErrorCode: 'E1',
    });
  });

  test('any other fault arrives as an error', async () => {
    parts(['one'], new Fault('Odd', 'odd one'));
    const answer = await new SageMakerRuntimeClient(options()).send(command);
    await expect(eventsOf(answer.Body)).rejects.toThrow('odd one');
  });

  test('rest-xml: records and statistics', async () => {
    server.handlers['s3.SelectObjectContent'] = async () => ({
      Payload: (async function* () {
        yield { Records: { Payload: Buffer.from('a,b\n') } };
        yield { Stats: { Details: { BytesScanned: 7, BytesProcessed: 7, BytesReturned: 4 } } };
        yield { End: {} };
      })(),
    });
    const answer = await new S3Client({ ...options(), forcePathStyle: true }).send(
      new SelectObjectContentCommand({
        Bucket: 'b',
        Key: 'k',
        Expression: 'x',
        ExpressionType: 'SQL',
        InputSerialization: { CSV: {} },
        OutputSerialization: { CSV: {} },
      }),
    );
    const events = (await eventsOf(answer.Payload)) as {
      Records?: { Payload: Uint8Array };
      Stats?: object;
    }[];
    expect(Buffer.from(events[0]?.Records?.Payload ?? '').toString()).toBe('a,b\n');
    expect(events[1]?.Stats).toEqual({
      Details: { BytesScanned: 7, BytesProcessed: 7, BytesReturned: 4 },
    });
    expect(events.length).toBe(3);
  });

  test('json: an initial response goes first', async () => {
    server.handlers['logs.StartLiveTail'] = async () => ({
      responseStream: (async function* () {
        yield { sessionStart: { sessionId: 's', requestId: 'r' } };
      })(),
    });
    const answer = await new CloudWatchLogsClient(options()).send(
      new StartLiveTailCommand({ logGroupIdentifiers: ['group'] }),
    );
    expect(await eventsOf(answer.responseStream)).toEqual([
      { sessionStart: { sessionId: 's', requestId: 'r' } },
    ]);
  });
});

/** Not every machine resolves names below localhost. */
const toLoopback: LookupFunction = (_name, _options, done) =>
  done(null, [{ address: '127.0.0.1', family: 4 }]);

describe('S3', () => {
  const stored = new Map<string, Buffer>();
  beforeEach(() => {
    stored.clear();
    server.handlers['s3.PutObject'] = async (input, call) => {
      const { Bucket, Key, Body } = input as { Bucket: string; Key: string; Body: ByteStream };
      stored.set(`${Bucket}|${Key}`, await gather(Body, 1 << 26));
      return { ETag: '"e"', ChecksumCRC32: call.checksums['x-amz-checksum-crc32'] };
    };
    server.handlers['s3.GetObject'] = async (input) => {
      const { Bucket, Key } = input as { Bucket: string; Key: string };
      const bytes = stored.get(`${Bucket}|${Key}`);
      if (!bytes)
        throw new Fault('NoSuchKey', 'The specified key does not exist.', { status: 404 });
      return { Body: Readable.from([bytes]), ContentLength: bytes.length };
    };
  });

  const keys = [
    'plain.txt',
    'a//b',
    '/lead',
    'trail/',
    'a b',
    'a+b',
    'a%2Fb',
    'a%b',
    '..',
    'a/../b',
    './a',
    'é☃😀',
    'q?x=1&y',
    '#f',
    "!'()*",
    'a\\b',
    'x=y;z,w:v@u$t',
    'k'.repeat(1024),
  ];

  for (const style of ['path', 'virtual host'] as const) {
    test(`awkward keys arrive whole: ${style}`, async () => {
      const endpoint = `http://${style === 'path' ? '127.0.0.1' : 'localhost'}:${server.port}`;
      const client = new S3Client({
        ...options(),
        endpoint,
        forcePathStyle: style === 'path',
        requestHandler: { httpAgent: new Agent({ lookup: toLoopback }) },
      });
      for (const Key of keys) {
        const Body = `body of ${Key}`;
        await client.send(new PutObjectCommand({ Bucket: 'my-bucket', Key, Body }));
        expect([...stored.keys()].at(-1)).toBe(`my-bucket|${Key}`);
        const got = await client.send(new GetObjectCommand({ Bucket: 'my-bucket', Key }));
        expect(await got.Body?.transformToString()).toBe(Body);
      }
    });
  }

  test('a stream is passed on and its checksum verified', async () => {
    const client = new S3Client({ ...options(), forcePathStyle: true });
    const body = Buffer.alloc(3 << 20, 'x');
    const answer = await client.send(
      new PutObjectCommand({
        Bucket: 'b',
        Key: 'k',
        Body: Readable.from([body]),
        ContentLength: body.length,
      }),
    );
    expect(answer.ChecksumCRC32).toMatch(/^[A-Za-z0-9+/]{6}==$/);
    expect(stored.get('b|k')?.equals(body)).toBe(true);
  });

  test('an error before the body is read leaves the connection usable', async () => {
    server.handlers['s3.PutObject'] = async () => {
      throw new Fault('NoSuchBucket', 'The specified bucket does not exist', { status: 404 });
    };
    const client = new S3Client({ ...options(), forcePathStyle: true });
    const put = new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: Buffer.alloc(4 << 20) });
    await expect(client.send(put)).rejects.toMatchObject({ name: 'NoSuchBucket' });
    await expect(
      client.send(new GetObjectCommand({ Bucket: 'b', Key: 'none' })),
    ).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  test('HEAD of nothing is NotFound', async () => {
    server.handlers['s3.HeadObject'] = async () => {
      throw new Fault('NotFound', 'Not Found', { status: 404 });
    };
    const client = new S3Client({ ...options(), forcePathStyle: true });
    await expect(
      client.send(new HeadObjectCommand({ Bucket: 'b', Key: 'k' })),
    ).rejects.toMatchObject({ name: 'NotFound' });
  });

  test('the location of a bucket, and of one in the first region', async () => {
    const client = new S3Client({ ...options(), forcePathStyle: true });
    const ask = () => client.send(new GetBucketLocationCommand({ Bucket: 'b' }));
    server.handlers['s3.GetBucketLocation'] = async () => ({ LocationConstraint: 'eu-west-1' });
    expect((await ask()).LocationConstraint).toBe('eu-west-1');
    server.handlers['s3.GetBucketLocation'] = async () => ({});
    expect((await ask()).LocationConstraint ?? '').toBe('');
  });
});

test('CloudWatch clients pack large bodies', async () => {
  let count = 0;
  let encoding: string | undefined;
  server.handlers['cloudwatch.PutMetricData'] = async (input, call) => {
    count = (input as { MetricData: unknown[] }).MetricData.length;
    encoding = call.headers['content-encoding'];
    return {};
  };
  const MetricData = Array.from({ length: 500 }, (_, i) => ({ MetricName: `m${i}`, Value: i }));
  await new CloudWatchClient(options()).send(
    new PutMetricDataCommand({ Namespace: 'n', MetricData }),
  );
  expect([count, encoding]).toEqual([500, 'gzip']);
});

test('once-query services send the old code in a header', async () => {
  server.handlers['sqs.SendMessage'] = async () => {
    throw new Fault('QueueDoesNotExist', 'The specified queue does not exist.');
  };
  const failed = new SQSClient(options()).send(
    new SendMessageCommand({ QueueUrl: `http://127.0.0.1:${server.port}/1/q`, MessageBody: 'x' }),
  );
  await expect(failed).rejects.toMatchObject({
    name: 'QueueDoesNotExist',
    Code: 'AWS.SimpleQueueService.NonExistentQueue',
    $metadata: { httpStatusCode: 400 },
  });
});
