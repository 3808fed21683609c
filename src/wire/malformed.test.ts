/** Requests no decent client sends: bodies that cannot be read, and inputs that break the model. */
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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

const model = (value: unknown) => JSON.stringify(value);

describe('a body that cannot be read', () => {
  test.each([
    ['not JSON', '{'],
    ['not UTF-8', Buffer.from('{"ModelName":"caf\xe9"}', 'latin1')],
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
    server.handlers['sagemaker.CreateModel'] = async (got) => {
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
    const { status, text } = await server.send({
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
    const { status, text } = await server.send({
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
    const { status, text } = await server.send({
      service: 'monitoring',
      path: '/service/GraniteServiceVersion20100801/operation/PutMetricData',
      headers: { 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor' },
      body,
    });
    expect(status).toBe(400);
    expect(text).toContain('SerializationException');
  });

  test('gzip is unpacked, within the limit', async () => {
    server.handlers['sagemaker.ListModels'] = async () => ({ Models: [] });
    const gzip = { 'content-encoding': 'gzip' };
    expect((await sagemaker('ListModels', gzipSync('{}'), gzip)).text).toBe('{"Models":[]}');
    const bomb = gzipSync(Buffer.alloc(32 << 20, 0x20));
    expect((await sagemaker('ListModels', bomb, gzip)).status).toBe(413);
    expect((await sagemaker('ListModels', 'no gzip', gzip)).status).toBe(400);
  });

  test('a body beyond the limit is 413, and the client gets to know', async () => {
    for (const sizeBytes of [(16 << 20) + 1, 30 << 20]) {
      const { status } = await sagemaker('ListModels', Buffer.alloc(sizeBytes, 0x20));
      expect(status).toBe(413);
    }
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

test('CloudWatch Logs has a code of its own', async () => {
  const { status, text } = await server.send({
    service: 'logs',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Logs_20140328.CreateLogGroup',
    },
    body: model({ logGroupName: 'a b' }),
  });
  expect([status, JSON.parse(text).__type]).toEqual([400, 'InvalidParameterException']);
});

describe('what is missing, in the words of the service', () => {
  test('CloudWatch', async () => {
    const { status, text, headers } = await server.send({
      service: 'monitoring',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'GraniteServiceVersion20100801.PutMetricData',
      },
      body: model({ Namespace: 'n', MetricData: [{ MetricName: 'a' }, {}] }),
    });
    expect([status, JSON.parse(text)]).toEqual([
      400,
      {
        __type: 'MissingRequiredParameterException',
        message: 'The parameter MetricData.member.2.MetricName is required.',
      },
    ]);
    expect(headers['x-amzn-query-error']).toBe('MissingParameter;Sender');
  });

  test('S3', async () => {
    const { text } = await server.send({
      service: 's3',
      method: 'PUT',
      path: '/bucket',
      query: { tagging: '' },
      body: '<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>',
    });
    expect(text).toContain('published schema (Tagging.TagSet.Tag.1.Value is missing)</Message>');
  });

  test('SQS', async () => {
    const { status, text } = await server.send({
      service: 'sqs',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'AmazonSQS.SendMessageBatch',
      },
      body: model({ QueueUrl: 'q', Entries: [{ Id: '1' }] }),
    });
    expect([status, JSON.parse(text)]).toEqual([
      400,
      {
        __type: 'MissingParameter',
        message:
          'The request must contain the parameter SendMessageBatchRequestEntry.1.MessageBody.',
      },
    ]);
  });
});
