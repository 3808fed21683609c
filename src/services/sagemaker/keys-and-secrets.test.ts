/** Keys and secrets in hosting and in what is described: from the request to the running server. */
import { beforeEach, expect, test } from 'vitest';
import { hostedKey } from '../../engines/hosting/names.ts';
import type { KeyRow } from '../../engines/keys/rows.ts';
import { Hosting, role, scope } from './hosting.fixture.ts';
import { hostingPermissions } from './hosting-permissions.ts';
import { definition, inline, Monitoring, scheduled } from './monitoring.fixture.ts';

let h: Hosting;
let key: KeyRow;
beforeEach(async () => {
  h = new Hosting();
  key = await h.kept.addKey();
});

const EndpointName = 'churn';
const create = (EndpointConfigName: string) =>
  h.call('CreateEndpoint', { EndpointName, EndpointConfigName });
const described = () => h.call('DescribeEndpoint', { EndpointName });

test('captured records have the key that the configuration says', async () => {
  await h.model('Blue');
  const DataCaptureConfig = {
    InitialSamplingPercentage: 100,
    DestinationS3Uri: 's3://captures/p',
    CaptureOptions: [{ CaptureMode: 'Input' as const }],
    KmsKeyId: key.arn,
  };
  await h.config('c1', { A: 'Blue' }, { DataCaptureConfig });
  expect(await h.call('DescribeEndpointConfig', { EndpointConfigName: 'c1' })).toMatchObject({
    DataCaptureConfig,
  });
  await create('c1');
  await h.settle();
  expect((await described()).DataCaptureConfig).toMatchObject({ KmsKeyId: key.arn });
  expect(h.fleet.live(hostedKey(scope, EndpointName))?.capture).toMatchObject({ keyId: key.arn });
});

test('an endpoint starts only while the key of its volumes can be used', async () => {
  await h.model('Blue');
  await h.config('c1', { A: 'Blue' }, { KmsKeyId: key.id });
  expect(await h.call('DescribeEndpointConfig', { EndpointConfigName: 'c1' })).toMatchObject({
    KmsKeyId: key.id,
  });
  await h.kept.setState(key, 'Disabled');
  await create('c1');
  await h.settle();
  const { EndpointStatus, FailureReason } = await described();
  expect(EndpointStatus).toBe('Failed');
  expect(FailureReason).toBe(
    `ClientError: KmsKeyId: could not use the KMS key ${key.id}: ${key.arn} is disabled.`,
  );
  expect(h.servers).toEqual([]);
});

test('what is in service goes on without its key, and does not come back without it', async () => {
  await h.model('Blue');
  await h.config('c1', { A: 'Blue' }, { KmsKeyId: key.id });
  await create('c1');
  await h.settle();
  await h.kept.setState(key, 'Disabled');
  const weight = { VariantName: 'A', DesiredWeight: 2 };
  const change = { EndpointName, DesiredWeightsAndCapacities: [weight] };
  await h.call('UpdateEndpointWeightsAndCapacities', change);
  await h.settle();
  expect(await described()).toMatchObject({ EndpointStatus: 'InService' });
  const at = hostedKey(scope, EndpointName);
  expect(h.fleet.live(at)?.variants[0]?.variant.weight).toBe(2);
  h.restart();
  await h.settle();
  expect(h.fleet.live(at)).toBeUndefined();
  await h.kept.setState(key, 'Enabled');
  h.clock.moveTo(h.clock.nowMs() + 10_000);
  await h.settle();
  expect(h.fleet.live(at)).toBeDefined();
});

test.each(['CreateEndpoint', 'UpdateEndpoint'] as const)(
  '%s needs a grant of the key that the configuration names',
  async (operation) => {
    await h.model('Blue');
    await h.config('c1', { A: 'Blue' }, { KmsKeyId: key.id });
    await h.config('c2', { A: 'Blue' });
    await h.config('c3', { A: 'Blue' }, { KmsKeyId: 'alias/none' });
    const checks = async (EndpointConfigName: string) => {
      const caller = { accessKeyId: '', arn: role, userId: 'u', account: scope.account };
      const ctx = { scope, caller, store: h.store, keys: h.kept.keys };
      const permission = hostingPermissions[operation];
      if (permission === 'open') throw new Error('it is open');
      return [await permission({ EndpointName, EndpointConfigName }, ctx as never)].flat();
    };
    const [, , grant] = await checks('c1');
    expect(grant).toMatchObject({
      action: 'kms:CreateGrant',
      resource: key.arn,
      rule: 'key',
      keys: { 'kms:grantisforawsresource': true },
    });
    expect(await checks('c2')).toHaveLength(2);
    expect(await checks('c3')).toHaveLength(2);
    expect(await checks('none')).toHaveLength(2);
  },
);

const reference = '{{resolve:secretsmanager:db:SecretString:pw}}';
const withSecret = (value: string) => ({
  ModelName: 'Secretive',
  PrimaryContainer: { Image: 'known:1', Environment: { PW: value, A: '1' } },
  ExecutionRoleArn: role,
});

test('a model gets its secrets when it starts, and shows the reference for ever', async () => {
  await h.kept.make('db', '{"pw":"hunter2-hunter2"}');
  await h.call('CreateModel', withSecret(reference));
  await h.config('c1', { A: 'Secretive' });
  await create('c1');
  await h.settle();
  expect(h.servers[0]?.spec.environment).toEqual({ PW: 'hunter2-hunter2', A: '1' });
  const model = await h.call('DescribeModel', { ModelName: 'Secretive' });
  expect(model.PrimaryContainer?.Environment).toEqual({ PW: reference, A: '1' });
  const shown = [model, await described(), h.events, h.fleet.live(hostedKey(scope, EndpointName))];
  const texts = shown.map((one) =>
    JSON.stringify(one, (name, value) => (name === 'spec' ? undefined : value)),
  );
  expect(texts.join()).not.toContain('hunter2');
  expect(h.roles.asked.map(({ action }) => action)).toEqual(['secretsmanager:GetSecretValue']);
});

test.each([
  ['gone', () => true, /variable PW: .*can't find the specified secret/],
  ['forbidden', () => false, /variable PW: .*is not authorized to perform/],
])('a secret that is %s fails the endpoint with a reason', async (_, mayDo, reason) => {
  h.roles.mayDo = mayDo;
  await h.call('CreateModel', withSecret(reference));
  await h.config('c1', { A: 'Secretive' });
  await create('c1');
  await h.settle();
  const { EndpointStatus, FailureReason } = await described();
  expect(EndpointStatus).toBe('Failed');
  expect(FailureReason).toMatch(reason);
  expect(h.servers).toEqual([]);
});

test.each([
  ['{{resolve:ssm:x}}', /only secretsmanager/],
  ['{{resolve:secretsmanager:db', /must end with/],
  ['{{resolve:secretsmanager:db:SecretString:a:b:c:d}}', /more parts/],
])('a model with %s is refused, by the name of the variable', async (value, rule) => {
  const made = h.call('CreateModel', withSecret(value));
  await expect(made).rejects.toMatchObject({
    code: 'ValidationException',
    message: expect.stringMatching(rule),
  });
  await expect(made).rejects.toThrow(/Value at 'primaryContainer\.environment\.PW' failed/);
});

test('more references than are read for one program are refused', async () => {
  const Environment = Object.fromEntries(
    Array.from({ length: 61 }, (_, at) => [`V${at}`, reference]),
  );
  const input = { ...withSecret(''), PrimaryContainer: { Image: 'known:1', Environment } };
  await expect(h.call('CreateModel', input)).rejects.toThrow(/at most 60 dynamic references/);
});

test('keys of jobs are planned for, and described as they were asked for', async () => {
  const m = await new Monitoring().open();
  try {
    const jobKey = await m.kept.addKey();
    const cluster = { InstanceCount: 1, InstanceType: 'ml.m5.large', VolumeSizeInGB: 1 };
    const MonitoringOutputs = inline().MonitoringOutputConfig.MonitoringOutputs;
    const keyed = {
      MonitoringOutputConfig: { MonitoringOutputs, KmsKeyId: jobKey.id },
      MonitoringResources: { ClusterConfig: { ...cluster, VolumeKmsKeyId: 'alias/volume' } },
    };
    const wanted = { outputKeyId: jobKey.id, volumeKeyId: 'alias/volume' };
    await m.call(
      'CreateMonitoringSchedule',
      scheduled('hourly', { MonitoringJobDefinition: inline(keyed) }),
    );
    expect((await m.scheduleRow('hourly')).plan).toMatchObject(wanted);
    const { MonitoringOutputConfig: output, MonitoringResources: JobResources } = keyed;
    const named = { DataQualityJobOutputConfig: output, JobResources };
    await m.call('CreateDataQualityJobDefinition', definition('named', named));
    const JobDefinitionName = 'named';
    const shown = await m.call('DescribeDataQualityJobDefinition', { JobDefinitionName });
    expect(shown).toMatchObject(named);

    const job = {
      ProcessingJobName: 'job',
      RoleArn: role,
      AppSpecification: { ImageUri: 'program' },
      ProcessingResources: { ClusterConfig: { ...cluster, VolumeKmsKeyId: jobKey.arn } },
      ProcessingOutputConfig: { Outputs: [], KmsKeyId: jobKey.id },
    };
    await m.call('CreateProcessingJob', job);
    const row = await m.jobRow(`${scope.account}/${scope.region}/job`);
    expect(row.plan).toMatchObject({ outputKeyId: jobKey.id, volumeKeyId: jobKey.arn });
    const ProcessingJobName = 'job';
    expect(await m.call('DescribeProcessingJob', { ProcessingJobName })).toMatchObject(job);
  } finally {
    await m.close();
  }
});
