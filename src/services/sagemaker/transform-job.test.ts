/** Transform jobs as clients see them: what they may ask for, what is told, and stopping. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hostedKey } from '../../engines/hosting/names.ts';
import { models } from '../../engines/hosting/rows.ts';
import { tagsOf } from '../../engines/hosting/tags.ts';
import { Batches, scope, startMs } from '../../jobs/transform/transform.fixture.ts';
import type { OperationTable } from '../../wire/operation.ts';
import { accessOf, type FakeAccess } from './access.fixture.ts';
import type { TransformCtx } from './transform-job-context.ts';
import { transformOperations } from './transform-operations.ts';

let b: Batches;
let access: FakeAccess;
const role = 'arn:aws:iam::111122223333:role/summer';
beforeEach(async () => {
  b = await new Batches().open();
  access = accessOf();
  const model = {
    name: 'Summer',
    arn: 'arn:aws:sagemaker:eu-west-1:111122223333:model/summer',
    scope,
    image: 'model',
    environment: { A: '1', B: '1' },
    request: { ExecutionRoleArn: role },
    createdAtMs: startMs,
  };
  await b.store.write((tx) => tx.put(models, hostedKey(scope, 'summer'), model));
});
afterEach(() => b.close());

async function call(name: string, input: object): Promise<Record<string, unknown>> {
  const ctx: TransformCtx = {
    scope,
    caller: { accessKeyId: 'A', arn: 'arn:aws:iam::1:root', userId: 'u', account: scope.account },
    requestId: 'r',
    signal: new AbortController().signal,
    endpointUrl: 'http://localhost',
    headers: {},
    url: '/',
    checksums: {},
    access,
    store: b.store,
    clock: b.clock,
    wake: (loop) => void b.woken.push(loop),
    transformQueue: b.queue,
    stopTransform: (key) => b.loop.stopJob(key),
  };
  const table: OperationTable<TransformCtx> = transformOperations;
  const run = table[name];
  if (!run) throw new Error(`there is no operation ${name}`);
  return { ...(await run(input as never, ctx)) };
}

const source = { DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://data/in' } } };
const job = (TransformJobName: string, over: object = {}) => ({
  TransformJobName,
  ModelName: 'summer',
  TransformInput: { ...source, ContentType: 'text/csv', SplitType: 'Line' },
  TransformOutput: { S3OutputPath: 's3://data/out', Accept: 'text/csv', AssembleWith: 'Line' },
  TransformResources: { InstanceType: 'ml.m5.large', InstanceCount: 1 },
  ...over,
});
const create = (name: string, over: object = {}) => call('CreateTransformJob', job(name, over));
const named = (TransformJobName: string) => ({ TransformJobName });
const arn = (name: string) => `arn:aws:sagemaker:eu-west-1:111122223333:transform-job/${name}`;

test('a job is described as it was asked for, before and after it ran', async () => {
  await b.put('in/a.csv', '1,2\n');
  const asked = {
    Environment: { B: '2' },
    MaxConcurrentTransforms: 2,
    MaxPayloadInMB: 1,
    BatchStrategy: 'SingleRecord',
    ExperimentConfig: { TrialName: 't' },
    DataProcessing: { JoinSource: 'Input' },
  };
  const Tags = [{ Key: 'k', Value: 'v' }];
  expect(await create('First', { ...asked, Tags })).toEqual({ TransformJobArn: arn('first') });
  expect(b.woken).toEqual(['transform']);
  const before = await call('DescribeTransformJob', named('first'));
  expect(before).toEqual({
    ...job('First', asked),
    TransformJobArn: arn('first'),
    TransformJobStatus: 'InProgress',
    CreationTime: new Date(startMs),
  });
  b.clock.moveTo(startMs + 5);
  await b.settle();
  expect(await call('DescribeTransformJob', named('FIRST'))).toEqual({
    ...before,
    TransformJobStatus: 'Completed',
    TransformStartTime: new Date(startMs + 5),
    TransformEndTime: new Date(startMs + 5),
  });
  expect(await b.text('out/a.csv.out')).toBe('1,2,3\n');
  expect(await tagsOf(b.store, arn('first'))).toEqual([{ key: 'k', value: 'v' }]);
});

test('the container of a batch is told what it is in', async () => {
  await b.put('in/a.csv', '1,2\n');
  await create('one', { Environment: { B: '2' } });
  await b.settle();
  expect(b.served[0]?.environment).toEqual({
    A: '1',
    B: '2',
    SAGEMAKER_BATCH: 'true',
    SAGEMAKER_BATCH_STRATEGY: 'MULTI_RECORD',
    SAGEMAKER_MAX_PAYLOAD_IN_MB: '6',
    SAGEMAKER_MAX_CONCURRENT_TRANSFORMS: '1',
  });
});

test('a job that failed says why, where it is described and where it is listed', async () => {
  await create('one');
  await b.settle();
  const reason = "input TransformInput: no object's key starts with s3://data/in";
  const told = { TransformJobStatus: 'Failed', FailureReason: reason };
  expect(await call('DescribeTransformJob', named('one'))).toMatchObject(told);
  const { TransformJobSummaries } = await call('ListTransformJobs', {});
  expect(TransformJobSummaries).toEqual([
    {
      ...told,
      TransformJobName: 'one',
      TransformJobArn: arn('one'),
      CreationTime: new Date(startMs),
      LastModifiedTime: new Date(startMs),
      TransformEndTime: new Date(startMs),
    },
  ]);
});

test('jobs are listed newest first, by name and status, page by page', async () => {
  await b.put('in/a.csv', '1');
  for (const [at, name] of ['alpha', 'beta', 'gamma'].entries()) {
    b.clock.moveTo(startMs + at * 1_000);
    await create(name);
  }
  const list = async (query: object) => {
    const page = await call('ListTransformJobs', query);
    const jobs = page['TransformJobSummaries'] as readonly { TransformJobName: string }[];
    return { names: jobs.map((one) => one.TransformJobName), next: page['NextToken'] };
  };
  expect((await list({})).names).toEqual(['gamma', 'beta', 'alpha']);
  const first = await list({ SortBy: 'Name', SortOrder: 'Ascending', MaxResults: 2 });
  expect(first.names).toEqual(['alpha', 'beta']);
  const rest = { SortBy: 'Name', SortOrder: 'Ascending', NextToken: first.next };
  expect(await list(rest)).toEqual({ names: ['gamma'], next: undefined });
  expect((await list({ NameContains: 'ET' })).names).toEqual(['beta']);
  await call('StopTransformJob', named('beta'));
  expect((await list({ StatusEquals: 'Stopping' })).names).toEqual(['beta']);
  expect((await list({ CreationTimeAfter: new Date(startMs + 500) })).names).toHaveLength(2);
});

test('a name is taken for ever, and a model must be there', async () => {
  await create('one');
  await b.settle();
  await expect(create('ONE')).rejects.toMatchObject({
    code: 'ResourceInUse',
    message: expect.stringContaining(arn('one')),
  });
  await expect(create('two', { ModelName: 'gone' })).rejects.toMatchObject({
    code: 'ValidationException',
    message: 'Could not find model "arn:aws:sagemaker:eu-west-1:111122223333:model/gone".',
  });
});

test('the model runs as it was when the job was made', async () => {
  await b.put('in/a.csv', '1');
  await create('one');
  await b.store.write((tx) => tx.delete(models, hostedKey(scope, 'summer')));
  await b.settle();
  expect(await call('DescribeTransformJob', named('one'))).toMatchObject({
    TransformJobStatus: 'Completed',
  });
});

const reading = (over: object) => ({ TransformInput: { ...job('x').TransformInput, ...over } });
const from = (over: object) =>
  reading({ DataSource: { S3DataSource: { ...source.DataSource.S3DataSource, ...over } } });
const writing = (over: object) => ({ TransformOutput: { ...job('x').TransformOutput, ...over } });
const processing = (over: object) => ({ DataProcessing: over });
const capturing = (over: object) => ({
  DataCaptureConfig: { DestinationS3Uri: 's3://data/c', ...over },
});
const joining = processing({ JoinSource: 'Input' });

test.each<[object, string, RegExp]>([
  [{ TransformJobName: 'a b' }, 'ValidationException', /transformJobName/],
  [from({ S3Uri: 'file:///etc' }), 'ValidationException', /transformInput.dataSource.*s3Uri/],
  [from({ S3Uri: undefined }), 'ValidationException', /s3Uri.*must not be null/],
  [from({ S3DataType: 'AugmentedManifestFile' }), 'NotImplemented', /AugmentedManifestFile/],
  [reading({ SplitType: 'RecordIO' }), 'NotImplemented', /SplitType RecordIO/],
  [reading({ SplitType: 'TFRecord' }), 'NotImplemented', /SplitType TFRecord/],
  [writing({ S3OutputPath: 'out' }), 'ValidationException', /transformOutput.s3OutputPath/],
  [capturing({ KmsKeyId: 'k' }), 'NotImplemented', /DataCaptureConfig.KmsKeyId/],
  [capturing({ DestinationS3Uri: 'c' }), 'ValidationException', /dataCaptureConfig.dest/],
  [
    { Environment: { TOKEN: 'x{{resolve:secretsmanager:db' } },
    'ValidationException',
    /environment\.TOKEN' failed.*must end with/,
  ],
  [{ MaxPayloadInMB: 101 }, 'ValidationException', /maxPayloadInMB.*between 0 and 100/],
  [{ MaxPayloadInMB: 0, MaxConcurrentTransforms: 2 }, 'ValidationException', /not be 0/],
  [
    { MaxPayloadInMB: 26, MaxConcurrentTransforms: 4 },
    'ValidationException',
    /maxConcurrentTransforms.*at most 100, and is 4 times 26/,
  ],
  [{ MaxConcurrentTransforms: -1 }, 'ValidationException', /maxConcurrentTransforms/],
  [
    { ModelClientConfig: { InvocationsTimeoutInSeconds: 0 } },
    'ValidationException',
    /invocationsTimeoutInSeconds.*between 1 and 3600/,
  ],
  [
    { ModelClientConfig: { InvocationsMaxRetries: 4 } },
    'ValidationException',
    /invocationsMaxRetries.*between 0 and 3/,
  ],
  [processing({ InputFilter: '$..a' }), 'ValidationException', /inputFilter.*JSONPath/],
  [processing({ OutputFilter: 'a' }), 'ValidationException', /outputFilter.*begin with \$/],
  [processing({ InputFilter: '$.a' }), 'ValidationException', /inputFilter.*by place/],
  [processing({ OutputFilter: '$.a' }), 'ValidationException', /outputFilter.*by place/],
  [
    { ...processing({ InputFilter: '$[0]' }), ...reading({ ContentType: 'image/png' }) },
    'ValidationException',
    /transformInput.contentType.*text\/csv/,
  ],
  [
    { ...joining, ...reading({ ContentType: undefined }) },
    'ValidationException',
    /transformInput.contentType/,
  ],
  [
    { ...joining, ...writing({ Accept: 'application/json' }) },
    'ValidationException',
    /transformOutput.accept.*text\/csv/,
  ],
  [
    { ...joining, ...writing({ AssembleWith: 'None' }) },
    'ValidationException',
    /transformOutput.assembleWith.*SplitType, Line/,
  ],
])('%j is refused', async (over, code, message) => {
  await expect(create('bad', over)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
  expect(await b.queue.nextDueMs()).toBe(Number.POSITIVE_INFINITY);
});

test('keys of output and volume are planned for, and described', async () => {
  const keyed = {
    ...writing({ KmsKeyId: 'alias/out' }),
    TransformResources: { InstanceCount: 1, InstanceType: 'ml.m5.large', VolumeKmsKeyId: 'k' },
  };
  await create('one', keyed);
  const { plan } = await b.row(hostedKey(scope, 'one'));
  expect(plan).toMatchObject({ volumeKeyId: 'k', target: { keyId: 'alias/out' } });
  expect(await call('DescribeTransformJob', named('one'))).toMatchObject(keyed);
});

test('no limit on the payload is the most that a request may carry', async () => {
  await create('one', { MaxPayloadInMB: 0 });
  const { plan } = await b.row(hostedKey(scope, 'one'));
  expect(plan).toMatchObject({ payloadBytes: 100 * 1024 * 1024, concurrency: 1 });
});

test.each(['DescribeTransformJob', 'StopTransformJob'])('%s of no job', async (operation) => {
  await expect(call(operation, named('gone'))).rejects.toMatchObject({
    code: 'ValidationException',
    message: 'Could not find requested job with name: gone',
  });
});

test('a running job is stopped once; one that has ended cannot be', async () => {
  await b.put('in/a.csv', '1');
  const asked = new Promise<void>((resolve) => {
    b.model = () => {
      resolve();
      return new Promise(() => {});
    };
  });
  await create('long');
  await b.tick();
  await asked;
  await call('StopTransformJob', named('long'));
  await expect(call('StopTransformJob', named('long'))).rejects.toMatchObject({
    message: 'The request was rejected because the job is in status Stopping.',
  });
  await b.loop.idle();
  expect(await call('DescribeTransformJob', named('long'))).toMatchObject({
    TransformJobStatus: 'Stopped',
  });
  await expect(call('StopTransformJob', named('long'))).rejects.toMatchObject({
    message: 'The request was rejected because the job is in status Stopped.',
  });
});

test('the role of the model must be there, and let the service in', async () => {
  access.untrusting.add(role);
  await expect(create('one')).rejects.toMatchObject({
    code: 'ValidationException',
    message: expect.stringContaining(`Could not assume role ${role}. Please ensure`),
  });
  await b.store.write(async (tx) => {
    const key = hostedKey(scope, 'summer');
    const model = await tx.get(models, key);
    if (model) await tx.put(models, key, { ...model, request: {} });
  });
  await expect(create('one')).rejects.toMatchObject({
    code: 'ValidationException',
    message: expect.stringContaining('has no ExecutionRoleArn: a transform job reads and writes'),
  });
});
