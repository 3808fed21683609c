/** Processing jobs as clients see them: what they may ask for, what is told, and stopping. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exited, gate, startMs } from '../../jobs/monitoring/monitoring.fixture.ts';
import { ok } from '../../kernel/outcome.ts';
import { Monitoring } from './monitoring.fixture.ts';

let m: Monitoring;
beforeEach(async () => {
  m = new Monitoring();
  await m.open();
});
afterEach(() => m.close());

const input = {
  InputName: 'in',
  S3Input: { S3Uri: 's3://records/in', LocalPath: '/opt/ml/processing/in', S3DataType: 'S3Prefix' },
};
const output = {
  OutputName: 'out',
  S3Output: { S3Uri: 's3://records/out', LocalPath: '/opt/ml/processing/out' },
};
const job = (ProcessingJobName: string, over: object = {}) => ({
  ProcessingJobName,
  RoleArn: 'arn:aws:iam::111122223333:role/r',
  AppSpecification: { ImageUri: 'program', ContainerEntrypoint: ['run'] },
  ProcessingResources: {
    ClusterConfig: { InstanceCount: 1, InstanceType: 'ml.m5.large', VolumeSizeInGB: 1 },
  },
  ...over,
});
const create = (name: string, over: object = {}) => m.call('CreateProcessingJob', job(name, over));
const named = (ProcessingJobName: string) => ({ ProcessingJobName });
const arn = (name: string) => `arn:aws:sagemaker:eu-west-1:111122223333:processing-job/${name}`;

test('a job is described as it was asked for, before and after it ran', async () => {
  const asked = {
    ProcessingInputs: [input],
    ProcessingOutputConfig: { Outputs: [output] },
    Environment: { A: '1' },
    StoppingCondition: { MaxRuntimeInSeconds: 60 },
  };
  await m.put('in/a', '1');
  expect(await create('First', asked)).toEqual({ ProcessingJobArn: arn('first') });
  const before = await m.call('DescribeProcessingJob', named('first'));
  expect(before).toEqual({
    ...job('First', asked),
    ProcessingJobArn: arn('first'),
    ProcessingJobStatus: 'InProgress',
    CreationTime: new Date(startMs),
    LastModifiedTime: new Date(startMs),
  });
  m.program = async (spec) => {
    expect(spec).toMatchObject({ timeoutMs: 60_000, environment: { A: '1' } });
    return exited(0);
  };
  await m.settle();
  expect(await m.call('DescribeProcessingJob', named('First'))).toEqual({
    ...before,
    ProcessingJobStatus: 'Completed',
    ProcessingStartTime: new Date(startMs),
    ProcessingEndTime: new Date(startMs),
  });
});

test('a name is taken for ever', async () => {
  await create('one');
  await m.settle();
  await expect(create('ONE')).rejects.toMatchObject({
    code: 'ResourceInUse',
    message: expect.stringContaining(arn('one')),
  });
});

const s3 = (over: object) => ({ ProcessingInputs: [{ S3Input: { ...input.S3Input, ...over } }] });
const to = (over: object) => ({
  ProcessingOutputConfig: { Outputs: [{ S3Output: { ...output.S3Output, ...over } }] },
});

test.each<[object, string, RegExp]>([
  [{ ProcessingJobName: 'a b' }, 'ValidationException', /processingJobName/],
  [s3({ S3Uri: 'file:///etc' }), 'ValidationException', /processingInputs.1.member.s3Input.s3Uri/],
  [s3({ LocalPath: '/etc' }), 'ValidationException', /localPath.*below \/opt\/ml/],
  [s3({ LocalPath: '/opt/ml/../../etc' }), 'ValidationException', /localPath/],
  [s3({ LocalPath: undefined }), 'ValidationException', /localPath.*must not be null/],
  [s3({ S3CompressionType: 'Gzip' }), 'NotImplemented', /Gzip/],
  [s3({ S3InputMode: 'Pipe' }), 'NotImplemented', /Pipe/],
  [{ ProcessingInputs: [{ DatasetDefinition: {} }] }, 'NotImplemented', /DatasetDefinition/],
  [{ ProcessingInputs: Array(11).fill(input) }, 'ValidationException', /less than or equal to 10/],
  [
    { ProcessingInputs: [1, 2].map(() => ({ ...input, InputName: 'data' })) },
    'ValidationException',
    /processingInputs.*the inputName data is given more than once/,
  ],
  [to({ S3Uri: 'out' }), 'ValidationException', /outputs.1.member.s3Output.s3Uri/],
  [to({ LocalPath: '/opt/ml/a/../b' }), 'ValidationException', /outputs.1.member.s3Output.local/],
  [to({ S3UploadMode: 'Continuous' }), 'NotImplemented', /Continuous/],
  [
    { Environment: { A: '1', TOKEN: '{{resolve:ssm:token}}' } },
    'ValidationException',
    /environment\.TOKEN' failed.*only secretsmanager/,
  ],
  [{ NetworkConfig: { VpcConfig: {} } }, 'NotImplemented', /VpcConfig/],
  [{ NetworkConfig: { EnableNetworkIsolation: true } }, 'NotImplemented', /NetworkIsolation/],
])('%j is refused', async (over, code, message) => {
  await expect(create('bad', over)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test.each(['DescribeProcessingJob', 'StopProcessingJob'])('%s of no job', async (operation) => {
  await expect(m.call(operation, named('gone'))).rejects.toMatchObject({
    code: 'ValidationException',
    message: 'Could not find requested job with name: gone',
  });
});

test('a running job is stopped once; one that has ended cannot be', async () => {
  await create('long');
  const begun = gate();
  m.program = (_, { signal }) => {
    begun.open();
    const end = ok({ exitCode: undefined, timedOut: false, stopped: true });
    return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(end)));
  };
  await m.tick(m.processing);
  await begun.opened;
  await m.call('StopProcessingJob', named('long'));
  const again = m.call('StopProcessingJob', named('long'));
  await expect(again).rejects.toMatchObject({ message: expect.stringMatching(/Stopping|Stopped/) });
  await m.processing.idle();
  expect(await m.call('DescribeProcessingJob', named('long'))).toMatchObject({
    ProcessingJobStatus: 'Stopped',
  });
  await expect(m.call('StopProcessingJob', named('long'))).rejects.toMatchObject({
    code: 'ValidationException',
    message: 'The request was rejected because the job is in status Stopped.',
  });
});

test('jobs are listed by status, name and time', async () => {
  await create('good');
  await m.settle();
  m.program = async () => exited(1);
  m.clock.moveTo(startMs + 1_000);
  await create('bad');
  await m.settle();
  const list = async (query: object) => {
    const answer = await m.call('ListProcessingJobs', query);
    const found = answer['ProcessingJobSummaries'] as Record<string, unknown>[] | undefined;
    return found?.map((one) => [one['ProcessingJobName'], one['ProcessingJobStatus']]);
  };
  expect(await list({})).toEqual([
    ['bad', 'Failed'],
    ['good', 'Completed'],
  ]);
  expect(await list({ StatusEquals: 'Completed' })).toEqual([['good', 'Completed']]);
  expect(await list({ NameContains: 'BA' })).toEqual([['bad', 'Failed']]);
  expect(await list({ CreationTimeBefore: new Date(startMs + 1_000) })).toHaveLength(1);
  expect(await list({ SortBy: 'Status', SortOrder: 'Ascending', MaxResults: 1 })).toEqual([
    ['good', 'Completed'],
  ]);
});

test('tags of a job', async () => {
  const Tags = [{ Key: 'k', Value: 'v' }];
  await create('tagged', { Tags });
  expect(await m.call('ListTags', { ResourceArn: arn('tagged') })).toEqual({ Tags });
});
