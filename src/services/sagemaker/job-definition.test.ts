/** Named data-quality definitions: made once, described as asked for, kept while they are used. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startMs } from '../../jobs/monitoring/monitoring.fixture.ts';
import { definition, endpointInput, Monitoring, scheduledByName } from './monitoring.fixture.ts';

let m: Monitoring;
beforeEach(async () => {
  m = new Monitoring();
  await m.open();
});
afterEach(() => m.close());

const create = (name: string, over: object = {}) =>
  m.call('CreateDataQualityJobDefinition', definition(name, over));
const named = (JobDefinitionName: string) => ({ JobDefinitionName });
const batch = (over: object = {}) => ({
  DataCapturedDestinationS3Uri: 's3://b/batches',
  DatasetFormat: { Csv: { Header: true } },
  LocalPath: '/opt/ml/processing/input/batch',
  ...over,
});
const arn = (name: string) =>
  `arn:aws:sagemaker:eu-west-1:111122223333:data-quality-job-definition/${name}`;

test('a definition is described as it was asked for', async () => {
  expect(await create('First')).toEqual({ JobDefinitionArn: arn('first') });
  const { Tags: _, ...asked } = definition('First');
  expect(await m.call('DescribeDataQualityJobDefinition', named('first'))).toEqual({
    ...asked,
    JobDefinitionArn: arn('first'),
    CreationTime: new Date(startMs),
  });
});

test('a network without isolation and a published baseline, as clients send them', async () => {
  await create('sent', {
    NetworkConfig: { EnableInterContainerTrafficEncryption: false, EnableNetworkIsolation: false },
    DataQualityBaselineConfig: {
      BaseliningJobName: 'base',
      ConstraintsResource: { S3Uri: 's3://b/constraints.json' },
      StatisticsResource: { S3Uri: 's3://b/statistics.json' },
    },
  });
});

test('a definition cannot be replaced', async () => {
  await create('one');
  await expect(create('One')).rejects.toMatchObject({
    code: 'ResourceInUse',
    message: 'Job definition One already exists',
  });
});

test.each<[object, string, RegExp]>([
  [{ JobDefinitionName: 'a b' }, 'ValidationException', /jobDefinitionName/],
  [{ DataQualityJobInput: {} }, 'ValidationException', /endpointInput/],
  [
    { DataQualityJobInput: { BatchTransformInput: batch({ DatasetFormat: {} }) } },
    'ValidationException',
    /datasetFormat.*exactly one of Csv, Json and Parquet/,
  ],
  [
    { DataQualityJobInput: { EndpointInput: endpointInput, BatchTransformInput: batch() } },
    'ValidationException',
    /exclude/,
  ],
  [
    { DataQualityJobInput: { EndpointInput: { ...endpointInput, EndTimeOffset: 'P' } } },
    'ValidationException',
    /endTimeOffset/,
  ],
  [
    { DataQualityAppSpecification: { ImageUri: 'x', Environment: { output_path: 'x' } } },
    'ValidationException',
    /output_path is set by the service itself/,
  ],
  [
    { DataQualityBaselineConfig: { ConstraintsResource: { S3Uri: 'constraints.json' } } },
    'ValidationException',
    /constraintsResource/,
  ],
  [
    {
      DataQualityAppSpecification: {
        ImageUri: 'x',
        Environment: { TOKEN: '{{resolve:secretsmanager:db:SecretBinary}}' },
      },
    },
    'ValidationException',
    /environment\.TOKEN' failed.*only SecretString/,
  ],
  [
    {
      DataQualityAppSpecification: { ImageUri: 'x', PostAnalyticsProcessorSourceUri: 'b/p' },
    },
    'ValidationException',
    /postAnalyticsProcessorSourceUri/,
  ],
])('%j is refused', async (over, code, message) => {
  await expect(create('bad', over)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test.each(['DescribeDataQualityJobDefinition', 'DeleteDataQualityJobDefinition'])(
  '%s of one that is not there',
  async (operation) => {
    await expect(m.call(operation, named('gone'))).rejects.toMatchObject({
      code: 'ResourceNotFound',
      message: `Job definition ${arn('gone')} not found`,
    });
  },
);

test('a definition goes when no schedule names it', async () => {
  await create('used');
  await m.call('CreateMonitoringSchedule', scheduledByName('one', 'USED'));
  await expect(m.call('DeleteDataQualityJobDefinition', named('used'))).rejects.toMatchObject({
    code: 'ValidationException',
    message: 'Job definition used is used by the monitoring schedule one.',
  });
  await m.call('DeleteMonitoringSchedule', { MonitoringScheduleName: 'one' });
  await m.call('DeleteDataQualityJobDefinition', named('used'));
  await create('used');
});

test('definitions are listed by endpoint and name', async () => {
  const on = (EndpointName: string) => ({
    DataQualityJobInput: { EndpointInput: { ...endpointInput, EndpointName } },
  });
  await create('b');
  await create('a', on('other'));
  const list = async (query: object) => {
    const answer = await m.call('ListDataQualityJobDefinitions', query);
    const found = answer['JobDefinitionSummaries'] as Record<string, unknown>[] | undefined;
    return found?.map((one) => [one['MonitoringJobDefinitionName'], one['EndpointName']]);
  };
  expect(await list({ SortBy: 'Name', SortOrder: 'Ascending' })).toEqual([
    ['a', 'other'],
    ['b', 'churn'],
  ]);
  expect(await list({ EndpointName: 'other' })).toEqual([['a', 'other']]);
  expect(await list({ NameContains: 'B', MaxResults: 1 })).toEqual([['b', 'churn']]);
});

const labels = { GroundTruthS3Input: { S3Uri: 's3://b/labels' } };

/** A definition of another kind with the same members under its own names. */
function ofKind(kind: string, app: object, input: object = labels) {
  const { DataQualityAppSpecification: common, ...rest } = definition(`of-${kind}`.toLowerCase());
  const { DataQualityJobInput, DataQualityJobOutputConfig, JobDefinitionName, ...others } = rest;
  const { DataQualityBaselineConfig: _, Tags: __, ...shared } = others;
  return {
    JobDefinitionName,
    ...shared,
    [`${kind}AppSpecification`]: { ...common, ...app },
    [`${kind}JobInput`]: { ...DataQualityJobInput, ...input },
    [`${kind}JobOutputConfig`]: DataQualityJobOutputConfig,
  };
}

const config = { ConfigUri: 's3://b/analysis_config.json' };

test.each([
  ['ModelQuality', 'model-quality', { ProblemType: 'Regression' }, labels],
  ['ModelBias', 'model-bias', config, labels],
  ['ModelExplainability', 'model-explainability', config, {}],
])('%s: made, described, listed, used by a schedule, deleted', async (kind, word, app, input) => {
  const asked = ofKind(kind, app, input);
  const name = asked.JobDefinitionName;
  const made = await m.call(`Create${kind}JobDefinition`, asked);
  expect(made).toEqual({
    JobDefinitionArn: `arn:aws:sagemaker:eu-west-1:111122223333:${word}-job-definition/${name}`,
  });
  const described = await m.call(`Describe${kind}JobDefinition`, named(name));
  expect(described).toMatchObject(asked);
  expect(await m.call(`List${kind}JobDefinitions`, {})).toMatchObject({
    JobDefinitionSummaries: [{ MonitoringJobDefinitionName: name, EndpointName: 'churn' }],
  });
  expect(await m.call('ListDataQualityJobDefinitions', {})).toEqual({ JobDefinitionSummaries: [] });
  const { MonitoringScheduleConfig } = scheduledByName('watch', name);
  await m.call('CreateMonitoringSchedule', {
    MonitoringScheduleName: 'watch',
    MonitoringScheduleConfig: { ...MonitoringScheduleConfig, MonitoringType: kind },
  });
  const used = m.call(`Delete${kind}JobDefinition`, named(name));
  await expect(used).rejects.toMatchObject({ message: expect.stringContaining('watch') });
  await m.call('DeleteMonitoringSchedule', { MonitoringScheduleName: 'watch' });
  await m.call(`Delete${kind}JobDefinition`, named(name));
});

test.each([
  ['ModelQuality', {}, labels, /problemType/],
  ['ModelQuality', { ProblemType: 'Regression' }, {}, /groundTruthS3Input/],
  ['ModelBias', {}, labels, /configUri/],
  ['ModelBias', config, {}, /groundTruthS3Input/],
  ['ModelExplainability', {}, {}, /configUri/],
])('%s with %j and %j is refused', async (kind, app, input, message) => {
  await expect(
    m.call(`Create${kind}JobDefinition`, ofKind(kind, app, input)),
  ).rejects.toMatchObject({
    code: 'ValidationException',
    message: expect.stringMatching(message),
  });
});

test('a definition of one kind is not one of another', async () => {
  await create('quality');
  const { MonitoringScheduleConfig } = scheduledByName('watch', 'quality');
  await expect(
    m.call('CreateMonitoringSchedule', {
      MonitoringScheduleName: 'watch',
      MonitoringScheduleConfig: { ...MonitoringScheduleConfig, MonitoringType: 'ModelQuality' },
    }),
  ).rejects.toMatchObject({ code: 'ResourceNotFound' });
});
