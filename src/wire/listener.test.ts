/** How requests find their operation, and what becomes of operations that fail. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectionOf } from './listener.ts';
import { Fault } from './operation.ts';
import { type Answer, startServer, type TestServer } from './server.fixture.ts';

let server: TestServer;

beforeEach(async () => {
  server = await startServer();
});
afterEach(() => server.close());

function sagemaker(operation: string, body: string | Uint8Array, headers = {}): Promise<Answer> {
  return server.send({
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
  return server.send({
    service,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: parameters,
  });
}

test('what protects a connection is told, and addresses are written as of IPv4', () => {
  const clear = { socket: { remoteAddress: '::ffff:192.0.2.1' } };
  expect(connectionOf(clear as never)).toEqual({ sourceAddress: '192.0.2.1' });
  const socket = {
    ...{ remoteAddress: '2001:db8::1', encrypted: true, getProtocol: () => 'TLSv1.3' },
    getCipher: () => ({ standardName: 'TLS_AES_128_GCM_SHA256' }),
  };
  expect(connectionOf({ socket } as never)).toEqual({
    sourceAddress: '2001:db8::1',
    tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' },
  });
});

describe('routing and operations', () => {
  test('an operation that is not built answers 501 with its name', async () => {
    const { status, text } = await sagemaker('DescribeModel', '{"ModelName":"m"}');
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
    const s3 = await server.send({ service: 's3', method: 'PATCH', path: '/bucket/key' });
    expect([s3.status, /<Code>(\w+)/.exec(s3.text)?.[1]]).toEqual([405, 'MethodNotAllowed']);
  });

  test('the region is that of the signature', async () => {
    let scope: object = {};
    server.handlers['iam.ListRoles'] = async (_input, call) => {
      scope = call.scope;
      return { Roles: [] };
    };
    await server.send({
      service: 'iam',
      region: 'eu-west-1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Action=ListRoles&Version=2010-05-08',
    });
    expect(scope).toEqual({ partition: 'aws', region: 'eu-west-1', account: '123456789012' });
  });

  test('a signature for another service is refused', async () => {
    const { status } = await server.send({
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
    server.handlers['sns.ConfirmSubscription'] = async () => ({ SubscriptionArn: 'a' });
    const unsigned = { service: 'sagemaker', unsigned: true };
    const json = await server.send({
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
    const s3 = await server.send({ ...unsigned, method: 'GET', path: '/bucket/key' });
    expect([s3.status, /<Code>(\w+)/.exec(s3.text)?.[1]]).toEqual([403, 'AccessDenied']);
    const sns = await server.send({
      ...unsigned,
      method: 'GET',
      query: { Action: 'ConfirmSubscription', Version: '2010-03-31', TopicArn: 't', Token: 'x' },
    });
    expect([sns.status, sns.text]).toEqual([200, expect.stringContaining('<SubscriptionArn>a<')]);
  });

  test('what authorize refuses does not run, and is audited', async () => {
    let ran = false;
    server.handlers['sagemaker.ListModels'] = async () => {
      ran = true;
      return {};
    };
    server.authorize = async ({ service, operation }) => {
      const headers = { 'x-why': 'sealed' };
      const words = `no ${service}:${operation}`;
      throw new Fault('AccessDeniedException', words, { status: 400, headers });
    };
    const { status, text, headers } = await sagemaker('ListModels', '{}');
    expect(headers['x-why']).toBe('sealed');
    expect([status, JSON.parse(text).message, ran]).toEqual([
      400,
      'no sagemaker:ListModels',
      false,
    ]);
    expect(server.finished.map(({ operation, fault }) => [operation, fault?.code])).toEqual([
      ['ListModels', 'AccessDeniedException'],
    ]);
  });

  test('what breaks a rule of the model, and what fails, is audited too', async () => {
    server.handlers['sagemaker.ListModels'] = async () => {
      throw new Error('a bug');
    };
    await sagemaker('DescribeModel', '{');
    await sagemaker('ListModels', '{"MaxResults":0}');
    await sagemaker('ListModels', '{}');
    expect(
      server.finished.map(({ operation, input, fault }) => [operation, input, fault?.code]),
    ).toEqual([
      ['DescribeModel', {}, 'SerializationException'],
      ['ListModels', { MaxResults: 0 }, 'ValidationException'],
      ['ListModels', {}, 'InternalFailure'],
    ]);
  });

  test('a call that could not be recorded is refused before it runs', async () => {
    let ran = false;
    server.handlers['sagemaker.ListModels'] = async () => {
      ran = true;
      return {};
    };
    server.canRecord = async ({ operation }) => operation !== 'ListModels';
    const { status, text } = await sagemaker('ListModels', '{}');
    expect([status, JSON.parse(text).__type, ran]).toEqual([503, 'ServiceUnavailable', false]);
    expect(server.finished.map(({ fault }) => fault?.code)).toEqual(['ServiceUnavailable']);
  });

  test('a call whose record is not kept is not answered as done', async () => {
    server.handlers['sagemaker.ListModels'] = async () => ({});
    server.record = async () => {
      throw new Fault('ServiceUnavailable', 'the disk is full', { status: 503 });
    };
    const { status, text } = await sagemaker('ListModels', '{}');
    expect([status, JSON.parse(text).__type]).toEqual([503, 'ServiceUnavailable']);
  });

  test('an unexpected failure is logged with its request id and tells nothing', async () => {
    server.handlers['sagemaker.ListModels'] = async () => {
      throw new Error('secret detail');
    };
    const { status, text, headers } = await sagemaker('ListModels', '{}');
    expect([status, JSON.parse(text).__type]).toEqual([500, 'InternalFailure']);
    expect(text).not.toContain('secret detail');
    expect(server.logged).toMatchObject([
      { cause: { message: 'secret detail' }, fields: { requestId: headers['x-amzn-requestid'] } },
    ]);
  });

  test('HEAD keeps the length and has no body', async () => {
    server.handlers['s3.HeadObject'] = async () => ({ ContentLength: 42, ETag: '"e"' });
    const { status, headers, text } = await server.send({
      service: 's3',
      method: 'HEAD',
      path: '/b/k',
    });
    expect([status, headers['content-length'], headers.etag, text]).toEqual([200, '42', '"e"', '']);
  });

  test('header values are made fit for HTTP', async () => {
    server.handlers['s3.HeadObject'] = async () => ({
      ContentDisposition: 'a; b="☃"\r\nx-evil: 1',
      Metadata: { key: 'é' },
    });
    const { headers } = await server.send({ service: 's3', method: 'HEAD', path: '/b/k' });
    expect(headers['x-evil']).toBeUndefined();
    expect(headers['content-disposition']).toBe(
      `a; b="${Buffer.from('☃').toString('latin1')}"  x-evil: 1`,
    );
    expect(headers['x-amz-meta-key']).toBe('é');
  });

  test('S3 errors carry members no model has', async () => {
    server.handlers['s3.GetObject'] = async () => {
      throw new Fault('NoSuchKey', 'The specified key does not exist.', {
        members: { Key: 'a<b' },
        status: 404,
      });
    };
    const { status, text } = await server.send({ service: 's3', method: 'GET', path: '/b/k' });
    expect(status).toBe(404);
    expect(text).toContain('<Message>The specified key does not exist.</Message><Key>a&lt;b</Key>');
  });

  test('the signal tells the operation that the client went away', async () => {
    const seen = new Promise<boolean>((resolve) => {
      server.handlers['sagemaker.ListModels'] = (_input, call) =>
        new Promise((done) => {
          server.cutConnections();
          call.signal.addEventListener('abort', () => {
            resolve(true);
            done({});
          });
        });
    });
    await expect(sagemaker('ListModels', '{}')).rejects.toThrow();
    expect(await seen).toBe(true);
    expect(server.logged).toEqual([]);
  });
});
