/** Models, endpoint configurations, listings and tags: what is stored, told and refused. */
import { beforeEach, expect, test } from 'vitest';
import { arnOf, Hosting } from './hosting.fixture.ts';

let h: Hosting;
beforeEach(() => {
  h = new Hosting();
});

const refused = (code: string, message: RegExp | string) =>
  expect.objectContaining({
    code,
    message: typeof message === 'string' ? message : expect.stringMatching(message),
  });

test('a model is told of as it was made', async () => {
  const PrimaryContainer = {
    Image: 'known:1',
    ModelDataUrl: 's3://models/a.tar.gz',
    Environment: { MODELKEEP_COMMAND: 'node server.js' },
  };
  const ExecutionRoleArn = 'arn:aws:iam::111122223333:role/r';
  const input = { ModelName: 'Churn-1', PrimaryContainer, ExecutionRoleArn };
  expect(await h.call('CreateModel', input)).toEqual({ ModelArn: arnOf('model/churn-1') });
  expect(await h.call('DescribeModel', { ModelName: 'Churn-1' })).toEqual({
    ...input,
    ModelArn: arnOf('model/churn-1'),
    EnableNetworkIsolation: false,
    CreationTime: new Date(h.clock.nowMs()),
  });
  await expect(h.call('CreateModel', input)).rejects.toEqual(
    refused(
      'ValidationException',
      `Cannot create already existing model "${arnOf('model/churn-1')}".`,
    ),
  );
  await h.call('DeleteModel', { ModelName: 'Churn-1' });
  const gone = refused('ValidationException', `Could not find model "${arnOf('model/churn-1')}".`);
  await expect(h.call('DescribeModel', { ModelName: 'Churn-1' })).rejects.toEqual(gone);
  await expect(h.call('DeleteModel', { ModelName: 'Churn-1' })).rejects.toEqual(gone);
});

test.each([
  ['several containers', { Containers: [{ Image: 'a' }, { Image: 'b' }] }, 'NotImplemented'],
  ['no container', {}, 'ValidationException'],
  ['no image', { PrimaryContainer: {} }, 'ValidationException'],
  ['a package', { PrimaryContainer: { ModelPackageName: 'p' } }, 'NotImplemented'],
  [
    'many models',
    { PrimaryContainer: { Image: 'a', Mode: 'MultiModel' as const } },
    'NotImplemented',
  ],
  [
    'an archive without a key',
    { PrimaryContainer: { Image: 'a', ModelDataUrl: 's3://bucket' } },
    'ValidationException',
  ],
  [
    'data that is no archive',
    {
      PrimaryContainer: {
        Image: 'a',
        ModelDataSource: {
          S3DataSource: {
            S3Uri: 's3://b/p/',
            S3DataType: 'S3Prefix' as const,
            CompressionType: 'None' as const,
          },
        },
      },
    },
    'NotImplemented',
  ],
])('a model with %s is refused', async (_what, over, code) => {
  await expect(h.call('CreateModel', { ModelName: 'm', ...over })).rejects.toMatchObject({ code });
});

test('one container in a list, and an archive as a data source', async () => {
  const S3DataSource = {
    S3Uri: 's3://b/m.tar.gz',
    S3DataType: 'S3Object' as const,
    CompressionType: 'Gzip' as const,
  };
  const Containers = [{ Image: 'known:1', ModelDataSource: { S3DataSource } }];
  await h.call('CreateModel', { ModelName: 'm', Containers });
  expect(await h.call('DescribeModel', { ModelName: 'm' })).toMatchObject({ Containers });
});

const variant = { VariantName: 'A', ModelName: 'm', InitialInstanceCount: 1 };
const capture = {
  InitialSamplingPercentage: 100,
  DestinationS3Uri: 's3://b/p',
  CaptureOptions: [{ CaptureMode: 'InputAndOutput' as const }],
};

test('a configuration is told of as it was made', async () => {
  await h.model('m');
  const input = {
    EndpointConfigName: 'C-1',
    ProductionVariants: [{ ...variant, InitialVariantWeight: 0.5 }],
    DataCaptureConfig: capture,
  };
  const EndpointConfigArn = arnOf('endpoint-config/c-1');
  expect(await h.call('CreateEndpointConfig', input)).toEqual({ EndpointConfigArn });
  expect(await h.call('DescribeEndpointConfig', { EndpointConfigName: 'c-1' })).toEqual({
    ...input,
    EndpointConfigArn,
    CreationTime: new Date(h.clock.nowMs()),
  });
  await expect(h.call('CreateEndpointConfig', input)).rejects.toThrow(/Cannot create already exis/);
  await h.call('DeleteEndpointConfig', { EndpointConfigName: 'C-1' });
  await expect(h.call('DescribeEndpointConfig', { EndpointConfigName: 'C-1' })).rejects.toThrow(
    `Could not find endpoint configuration "${EndpointConfigArn}".`,
  );
});

test.each([
  [
    'a model that is not there',
    { ProductionVariants: [{ ...variant, ModelName: 'x' }] },
    /model\/x/,
  ],
  ['no variant', { ProductionVariants: [] }, /at least 1/],
  [
    'eleven variants',
    {
      ProductionVariants: Array.from({ length: 11 }, (_, i) => ({
        ...variant,
        VariantName: `v${i}`,
      })),
    },
    /less than or equal to 10/,
  ],
  ['a name twice', { ProductionVariants: [variant, variant] }, /a name of its own/],
  [
    'a negative weight',
    { ProductionVariants: [{ ...variant, InitialVariantWeight: -1 }] },
    /initialVariantWeight.*finite number of 0 or more/,
  ],
  [
    'an endless weight',
    { ProductionVariants: [{ ...variant, InitialVariantWeight: Number.POSITIVE_INFINITY }] },
    /initialVariantWeight.*finite number/,
  ],
  [
    'a weight beyond the floats',
    { ProductionVariants: [{ ...variant, InitialVariantWeight: 1e308 }] },
    /initialVariantWeight.*finite number/,
  ],
  [
    'no instance',
    { ProductionVariants: [{ ...variant, InitialInstanceCount: 0 }] },
    /greater than/,
  ],
  [
    'a shadow beside two variants',
    {
      ProductionVariants: [variant, { ...variant, VariantName: 'B' }],
      ShadowProductionVariants: [{ ...variant, VariantName: 'S' }],
    },
    /exactly one variant/,
  ],
  [
    'a sampling over 100',
    { DataCaptureConfig: { ...capture, InitialSamplingPercentage: 101 } },
    /0 to 100/,
  ],
  [
    'a destination elsewhere',
    { DataCaptureConfig: { ...capture, DestinationS3Uri: 'https://b' } },
    /s3:/,
  ],
  ['no capture side', { DataCaptureConfig: { ...capture, CaptureOptions: [] } }, /at least 1/],
  [
    'a media type that is none',
    { DataCaptureConfig: { ...capture, CaptureContentTypeHeader: { CsvContentTypes: ['csv'] } } },
    /type\/subtype/,
  ],
])('a configuration with %s is refused', async (_what, over, message) => {
  await h.model('m');
  const input = { EndpointConfigName: 'c', ProductionVariants: [variant], ...over };
  await expect(h.call('CreateEndpointConfig', input)).rejects.toEqual(
    refused('ValidationException', message),
  );
  expect((await h.call('ListEndpointConfigs', {})).EndpointConfigs).toEqual([]);
});

test.each([
  ['ServerlessConfig', { ProductionVariants: [{ ...variant, ServerlessConfig: {} as never }] }],
  ['AsyncInferenceConfig', { AsyncInferenceConfig: { OutputConfig: {} } }],
  ['ExplainerConfig', { ExplainerConfig: {} }],
])('%s is named as not supported', async (member, over) => {
  await h.model('m');
  const input = { EndpointConfigName: 'c', ProductionVariants: [variant], ...over };
  await expect(h.call('CreateEndpointConfig', input)).rejects.toEqual(
    refused('NotImplemented', new RegExp(`^${member} is not supported`)),
  );
});

test('listings filter, sort and page without gaps', async () => {
  for (let i = 0; i < 25; i += 1) {
    h.clock.moveTo(h.clock.nowMs() + 1_000);
    await h.model(i % 2 ? `odd-${i}` : `Even-${i}`);
  }
  const names: (string | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const page = await h.call('ListModels', {
      NameContains: 'even',
      SortBy: 'CreationTime',
      SortOrder: 'Ascending',
      MaxResults: 5,
      NextToken,
    });
    names.push(...(page.Models ?? []).map(({ ModelName }) => ModelName));
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  expect(names).toEqual(Array.from({ length: 13 }, (_, i) => `Even-${2 * i}`));

  const newest = await h.call('ListModels', {});
  expect(newest.Models).toHaveLength(10);
  expect(newest.Models?.[0]?.ModelName).toBe('Even-24');
  const byName = await h.call('ListModels', { SortBy: 'Name', SortOrder: 'Ascending' });
  expect(byName.Models?.slice(0, 3).map(({ ModelName }) => ModelName)).toEqual([
    'Even-0',
    'Even-10',
    'Even-12',
  ]);
  const last = newest.Models?.[0]?.CreationTime;
  const before = await h.call('ListModels', { CreationTimeBefore: last, MaxResults: 1 });
  expect(before.Models?.[0]?.ModelName).toBe('odd-23');
  await expect(h.call('ListModels', { NextToken: 'junk' })).rejects.toEqual(
    refused('ValidationException', /NextToken/),
  );
});

test('accounts and regions do not see one another', async () => {
  await h.model('m');
  const elsewhere = { scope: { partition: 'aws', region: 'us-east-1', account: '111122223333' } };
  expect((await h.call('ListModels', {}, elsewhere)).Models).toEqual([]);
  await expect(h.call('DescribeModel', { ModelName: 'm' }, elsewhere)).rejects.toThrow(/Could not/);
});

test('endpoints are listed by status', async () => {
  await h.model('m');
  await h.config('c', { A: 'm' });
  await h.call('CreateEndpoint', { EndpointName: 'one', EndpointConfigName: 'c' });
  await h.settle();
  await h.call('CreateEndpoint', { EndpointName: 'two', EndpointConfigName: 'c' });
  const list = async (StatusEquals: 'InService' | 'Creating') =>
    (await h.call('ListEndpoints', { StatusEquals })).Endpoints?.map((e) => e.EndpointName);
  expect(await list('InService')).toEqual(['one']);
  expect(await list('Creating')).toEqual(['two']);
});

test('tags: added, replaced, listed, removed, and gone with their resource', async () => {
  const ResourceArn = arnOf('model/m');
  const Tags = [
    { Key: 'team', Value: 'risk' },
    { Key: 'stage', Value: 'test' },
  ];
  await h.call('CreateModel', { ModelName: 'm', PrimaryContainer: { Image: 'known' }, Tags });
  await h.call('AddTags', { ResourceArn, Tags: [{ Key: 'stage', Value: 'live' }] });
  expect(await h.call('ListTags', { ResourceArn })).toEqual({
    Tags: [
      { Key: 'team', Value: 'risk' },
      { Key: 'stage', Value: 'live' },
    ],
  });
  const first = await h.call('ListTags', { ResourceArn, MaxResults: 1 });
  expect(first.Tags).toHaveLength(1);
  const second = await h.call('ListTags', { ResourceArn, NextToken: first.NextToken });
  expect(second.Tags?.[0]?.Key).toBe('stage');
  await h.call('DeleteTags', { ResourceArn, TagKeys: ['team', 'none'] });
  expect((await h.call('ListTags', { ResourceArn })).Tags?.map(({ Key }) => Key)).toEqual([
    'stage',
  ]);
  await h.call('DeleteModel', { ModelName: 'm' });
  await expect(h.call('ListTags', { ResourceArn })).rejects.toThrow(/Could not find model/);
  await h.model('m');
  expect(await h.call('ListTags', { ResourceArn })).toEqual({ Tags: [] });
});

test.each([
  ['too many', Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: '' })), /50 tags/],
  ['a reserved key', [{ Key: 'aws:x', Value: '' }], /reserved/],
  [
    'a key twice',
    [
      { Key: 'a', Value: '1' },
      { Key: 'a', Value: '2' },
    ],
    /more than once/,
  ],
  ['a long value', [{ Key: 'a', Value: 'x'.repeat(257) }], /over 256/],
])('tags: %s', async (_what, Tags, message) => {
  await h.model('m');
  await expect(h.call('AddTags', { ResourceArn: arnOf('model/m'), Tags })).rejects.toEqual(
    refused('ValidationException', message),
  );
  expect((await h.call('ListTags', { ResourceArn: arnOf('model/m') })).Tags).toEqual([]);
});

test('tags of something that is not ours', async () => {
  for (const ResourceArn of ['nonsense', arnOf('model/none'), 'arn:aws:s3:::bucket']) {
    await expect(h.call('ListTags', { ResourceArn })).rejects.toMatchObject({
      code: 'ValidationException',
    });
  }
});
