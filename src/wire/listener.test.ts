/** What the listener answers to requests no decent client sends, and to operations that fail. */
import { createHash, createHmac } from 'node:crypto';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Logger } from '../kernel/log.ts';
import { seededRandom } from '../kernel/random.ts';
import type { Authorize, Finished } from './chain.ts';
import { makeListener } from './listener.ts';
import { type Call, Fault } from './operation.ts';

const keys = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
const caller = {
  accessKeyId: 'AKID',
  arn: 'arn:aws:iam::123456789012:user/u',
  userId: 'AIDA',
  account: '123456789012',
};

type Handler = (input: never, call: Call) => Promise<object>;

let handlers: Record<string, Handler>;
let logged: unknown[];
let finished: Finished[];
let authorize: Authorize;
let server: Server;
let port = 0;

beforeEach(async () => {
  handlers = {};
  logged = [];
  finished = [];
  authorize = async () => {};
  const log: Logger = {
    info: () => {},
    warn: () => {},
    error: (message, cause, fields) => void logged.push({ message, cause, fields }),
  };
  const listener = makeListener({
    services: ['sagemaker', 's3', 'iam', 'cloudwatch', 'sns', 'logs', 'sagemaker-runtime'].map(
      (service) => ({
        service,
        call: (operation, input, call) =>
          handlers[`${service}.${operation}`]?.(input as never, call),
      }),
    ),
    findSecret: async (id) =>
      id === keys.accessKeyId ? { secretAccessKey: keys.secretAccessKey, caller } : undefined,
    clock: { nowMs: () => Date.now() },
    random: seededRandom(1),
    log,
    scope: { partition: 'aws', region: 'us-east-1', account: '123456789012' },
    objectDomains: ['localhost'],
    authorize: (...args) => authorize(...args),
    anonymous: new Set(['sns.ConfirmSubscription']),
    audit: async (entry) => void finished.push(entry),
  });
  server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address ? address.port : 0;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

interface Sent {
  readonly service: string;
  readonly method?: string;
  readonly path?: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly unsigned?: boolean;
  readonly region?: string;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
}

class Sha256 {
  readonly #hash;
  constructor(secret?: unknown) {
    this.#hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string);
  }
  update(data: string | Uint8Array) {
    this.#hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.#hash.digest());
  }
  reset() {}
}

async function send(sent: Sent): Promise<Answer> {
  const { service, method = 'POST', path = '/', query = {}, body = '', unsigned, region } = sent;
  const base = { host: `127.0.0.1:${port}`, ...sent.headers };
  let headers: Record<string, string> = base;
  if (!unsigned) {
    const signer = new SignatureV4({
      service,
      region: region ?? 'us-east-1',
      credentials: keys,
      sha256: Sha256,
      uriEscapePath: service !== 's3',
      applyChecksum: true,
    });
    const unsignedRequest = {
      method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      port,
      path,
      query,
      headers: base,
      body,
    };
    headers = (await signer.sign(unsignedRequest)).headers;
  }
  const search = Object.entries(query)
    .map(([k, v]) => `${k}=${encodeURIComponent(v)}`)
    .join('&');
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, method, path: search ? `${path}?${search}` : path, headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function sagemaker(operation: string, body: string | Uint8Array, headers = {}): Promise<Answer> {
  return send({
    service: 'sagemaker',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `SageMaker.${operation}`,
      ...headers,
    },
    body,
  });
}

function query(service: string, parameters: string): Promise<Answer> {
  return send({
    service,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: parameters,
  });
}

const model = (value: unknown) => JSON.stringify(value);

describe('a body that cannot be read', () => {
  test.each([
    ['not JSON', '{'],
    ['an array', '[]'],
    ['null', 'null'],
    ['a number for a string', '{"ModelName":1}'],
    ['a list for a structure', '{"ModelName":"m","PrimaryContainer":[]}'],
    ['a string for a list', '{"ModelName":"m","Containers":"c"}'],
    ['null in a list', '{"ModelName":"m","Containers":[null]}'],
    ['a string for a boolean', '{"ModelName":"m","EnableNetworkIsolation":"true"}'],
    ['deep nesting', `{"ModelName":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('%s is a SerializationException', async (_what, body) => {
    const { status, text } = await sagemaker('CreateModel', body);
    expect({ status, type: JSON.parse(text).__type }).toEqual({
      status: 400,
      type: 'SerializationException',
    });
  });

  test('names the member of the wrong type', async () => {
    const { text } = await sagemaker('CreateModel', '{"PrimaryContainer":{"Image":true}}');
    expect(JSON.parse(text).message).toBe(
      'TRUE_VALUE can not be converted to a String (at PrimaryContainer.Image)',
    );
  });

  test('a fraction for an integer is refused', async () => {
    const { text } = await sagemaker('ListModels', '{"MaxResults":1.5}');
    expect(JSON.parse(text)).toEqual({
      __type: 'SerializationException',
      message: 'NUMBER_VALUE can not be converted to an Integer (at MaxResults)',
    });
  });

  test('members the model does not have, and prototypes, do not get in', async () => {
    let input: object = {};
    handlers['sagemaker.CreateModel'] = async (got) => {
      input = got;
      return { ModelArn: 'a' };
    };
    const body =
      '{"__type":"x","ModelName":"m","Evil":1,' +
      '"PrimaryContainer":{"Environment":{"__proto__":"p"}}}';
    expect((await sagemaker('CreateModel', body)).status).toBe(200);
    expect(JSON.stringify(input)).toBe(
      '{"ModelName":"m","PrimaryContainer":{"Environment":{"__proto__":"p"}}}',
    );
    expect(({} as { p?: unknown }).p).toBeUndefined();
  });

  test('query: a word for a number', async () => {
    const { status, text } = await query(
      'iam',
      'Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=x' +
        '&MaxSessionDuration=abc',
    );
    expect(status).toBe(400);
    expect(text).toContain('<Code>MalformedInput</Code>');
    expect(text).toContain('MaxSessionDuration');
  });

  test('query: a name of too many parts', async () => {
    const { status } = await query(
      'iam',
      `Action=ListRoles&Version=2010-05-08&${'a.'.repeat(200)}=1`,
    );
    expect(status).toBe(400);
  });

  test.each([
    ['broken', '<Tagging><TagSet>'],
    ['a document type', '<!DOCTYPE l [<!ENTITY a "b">]><Tagging><TagSet></TagSet></Tagging>'],
    ['an unknown entity', '<Tagging><TagSet><Tag><Key>&a;</Key></Tag></TagSet></Tagging>'],
    ['deep', `${'<a>'.repeat(200)}${'</a>'.repeat(200)}`],
    ['a missing member', '<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>'],
  ])('XML that is %s is MalformedXML', async (_what, body) => {
    const { status, text } = await send({
      service: 's3',
      method: 'PUT',
      path: '/bucket',
      query: { tagging: '' },
      headers: { 'content-type': 'application/xml' },
      body,
    });
    expect(text).toContain('<Code>MalformedXML</Code>');
    expect(status).toBe(400);
  });

  test('a bad query parameter of S3 is InvalidArgument', async () => {
    const { status, text } = await send({
      service: 's3',
      method: 'GET',
      path: '/bucket',
      query: { 'list-type': '2', 'max-keys': 'many' },
    });
    expect(status).toBe(400);
    expect(text).toContain('<Code>InvalidArgument</Code>');
  });

  test.each([
    ['truncated', Buffer.of(0xa1, 0x61)],
    ['a huge length', Buffer.of(0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ['deep', Buffer.alloc(5_000, 0x81)],
    ['trailing bytes', Buffer.of(0xa0, 0xa0)],
    ['a list', Buffer.of(0x80)],
  ])('CBOR that is %s is a SerializationException', async (_what, body) => {
    const { status, text } = await send({
      service: 'monitoring',
      path: '/service/GraniteServiceVersion20100801/operation/PutMetricData',
      headers: { 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor' },
      body,
    });
    expect(status).toBe(400);
    expect(text).toContain('SerializationException');
  });

  test('gzip is unpacked, within the limit', async () => {
    handlers['sagemaker.ListModels'] = async () => ({ Models: [] });
    const gzip = { 'content-encoding': 'gzip' };
    expect((await sagemaker('ListModels', gzipSync('{}'), gzip)).text).toBe('{"Models":[]}');
    const bomb = gzipSync(Buffer.alloc(32 << 20, 0x20));
    expect((await sagemaker('ListModels', bomb, gzip)).status).toBe(413);
    expect((await sagemaker('ListModels', 'no gzip', gzip)).status).toBe(400);
  });

  test('a body beyond the limit is 413', async () => {
    const { status } = await sagemaker('ListModels', Buffer.alloc((16 << 20) + 1, 0x20));
    expect(status).toBe(413);
  });
});

describe('constraints', () => {
  test('every violation is named in the original words', async () => {
    const { status, text } = await sagemaker(
      'CreateModel',
      model({ ModelName: '-', VpcConfig: {} }),
    );
    expect(status).toBe(400);
    expect(JSON.parse(text)).toEqual({
      __type: 'ValidationException',
      message:
        "3 validation errors detected: Value '-' at 'modelName' failed to satisfy constraint: " +
        'Member must satisfy regular expression pattern: ' +
        '[a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?; ' +
        "Value null at 'vpcConfig.securityGroupIds' failed to satisfy constraint: " +
        "Member must not be null; Value null at 'vpcConfig.subnets' failed to satisfy " +
        'constraint: Member must not be null',
    });
  });

  test('query: the code is ValidationError', async () => {
    const { status, text } = await query(
      'monitoring',
      'Action=SetAlarmState&Version=2010-08-01&AlarmName=a&StateValue=BAD&StateReason=r',
    );
    expect(status).toBe(400);
    expect(text).toContain('<Code>ValidationError</Code>');
    expect(text).toContain(
      '1 validation error detected: Value &apos;BAD&apos; at'.replaceAll('&apos;', "'"),
    );
    expect(text).toContain(
      "at 'stateValue' failed to satisfy constraint: Member must satisfy enum",
    );
  });
});

describe('routing and operations', () => {
  test('an operation that is not built answers 501 with its name', async () => {
    const { status, text } = await sagemaker('DescribeModel', model({ ModelName: 'm' }));
    expect(status).toBe(501);
    expect(JSON.parse(text)).toEqual({
      __type: 'NotImplemented',
      message: 'sagemaker.DescribeModel is not implemented by this server.',
    });
  });

  test('an operation nobody has is unknown', async () => {
    expect(JSON.parse((await sagemaker('MakeCoffee', '{}')).text).__type).toBe(
      'UnknownOperationException',
    );
    const answer = await query('iam', 'Action=MakeCoffee&Version=2010-05-08');
    expect(answer.text).toContain('<Code>InvalidAction</Code>');
    const s3 = await send({ service: 's3', method: 'PATCH', path: '/bucket/key' });
    expect([s3.status, /<Code>(\w+)/.exec(s3.text)?.[1]]).toEqual([405, 'MethodNotAllowed']);
  });

  test('the region is that of the signature', async () => {
    let scope: object = {};
    handlers['iam.ListRoles'] = async (_input, call) => {
      scope = call.scope;
      return { Roles: [] };
    };
    await send({
      service: 'iam',
      region: 'eu-west-1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Action=ListRoles&Version=2010-05-08',
    });
    expect(scope).toEqual({ partition: 'aws', region: 'eu-west-1', account: '123456789012' });
  });

  test('a signature for another service is refused', async () => {
    const { status } = await send({
      service: 'iam',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'SageMaker.ListModels',
      },
      body: '{}',
    });
    expect(status).toBe(403);
  });

  test('unsigned requests are refused, but where they may be unsigned', async () => {
    handlers['sns.ConfirmSubscription'] = async () => ({ SubscriptionArn: 'a' });
    const unsigned = { service: 'sagemaker', unsigned: true };
    const json = await send({
      ...unsigned,
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'SageMaker.ListModels',
      },
      body: '{}',
    });
    expect([json.status, JSON.parse(json.text)]).toEqual([
      403,
      { __type: 'MissingAuthenticationToken', message: 'Missing Authentication Token' },
    ]);
    const s3 = await send({ ...unsigned, method: 'GET', path: '/bucket/key' });
    expect([s3.status, /<Code>(\w+)/.exec(s3.text)?.[1]]).toEqual([403, 'AccessDenied']);
    const sns = await send({
      ...unsigned,
      method: 'GET',
      query: { Action: 'ConfirmSubscription', Version: '2010-03-31', TopicArn: 't', Token: 'x' },
    });
    expect([sns.status, sns.text]).toEqual([200, expect.stringContaining('<SubscriptionArn>a<')]);
  });

  test('what authorize refuses does not run, and is audited', async () => {
    let ran = false;
    handlers['sagemaker.ListModels'] = async () => {
      ran = true;
      return {};
    };
    authorize = async (_call, service, operation) => {
      throw new Fault('AccessDeniedException', `no ${service}:${operation}`, { status: 400 });
    };
    const { status, text } = await sagemaker('ListModels', '{}');
    expect([status, JSON.parse(text).message, ran]).toEqual([
      400,
      'no sagemaker:ListModels',
      false,
    ]);
    expect(finished.map(({ operation, fault }) => [operation, fault?.code])).toEqual([
      ['ListModels', 'AccessDeniedException'],
    ]);
  });

  test('an unexpected failure is logged with its request id and tells nothing', async () => {
    handlers['sagemaker.ListModels'] = async () => {
      throw new Error('secret detail');
    };
    const { status, text, headers } = await sagemaker('ListModels', '{}');
    expect([status, JSON.parse(text).__type]).toEqual([500, 'InternalFailure']);
    expect(text).not.toContain('secret detail');
    expect(logged).toMatchObject([
      { cause: { message: 'secret detail' }, fields: { requestId: headers['x-amzn-requestid'] } },
    ]);
  });

  test('HEAD keeps the length and has no body', async () => {
    handlers['s3.HeadObject'] = async () => ({ ContentLength: 42, ETag: '"e"' });
    const { status, headers, text } = await send({ service: 's3', method: 'HEAD', path: '/b/k' });
    expect([status, headers['content-length'], headers.etag, text]).toEqual([200, '42', '"e"', '']);
  });

  test('S3 errors carry members no model has', async () => {
    handlers['s3.GetObject'] = async () => {
      throw new Fault('NoSuchKey', 'The specified key does not exist.', {
        members: { Key: 'a<b' },
        status: 404,
      });
    };
    const { status, text } = await send({ service: 's3', method: 'GET', path: '/b/k' });
    expect(status).toBe(404);
    expect(text).toContain('<Message>The specified key does not exist.</Message><Key>a&lt;b</Key>');
  });

  test('the signal tells the operation that the client went away', async () => {
    const seen = new Promise<boolean>((resolve) => {
      handlers['sagemaker.ListModels'] = (_input, call) =>
        new Promise((done) => {
          server.closeAllConnections();
          call.signal.addEventListener('abort', () => {
            resolve(true);
            done({});
          });
        });
    });
    await expect(sagemaker('ListModels', '{}')).rejects.toThrow();
    expect(await seen).toBe(true);
    expect(logged).toEqual([]);
  });
});
