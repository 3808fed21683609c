/** Roles that requests bring: they must be there, and let the service take them over. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { denialOf } from '../../jobs/roles/roles.fixture.ts';
import { arnOf, Hosting, role, scope } from './hosting.fixture.ts';
import { definition, inline, Monitoring, scheduled } from './monitoring.fixture.ts';

const refusal = (roleArn: string) => ({
  code: 'ValidationException',
  message:
    `Could not assume role ${roleArn}. Please ensure that the role exists and allows ` +
    "principal 'sagemaker.amazonaws.com' to assume the role.",
});
const other = 'arn:aws:iam::111122223333:role/other';

describe('models and endpoints', () => {
  let h: Hosting;
  beforeEach(() => {
    h = new Hosting();
  });

  test('a model asks for its role as the service, in its own account', async () => {
    await h.model('Churn');
    expect(h.access.asked).toEqual([
      {
        roleArn: role,
        service: 'sagemaker.amazonaws.com',
        sessionName: 'SageMaker',
        sourceArn: arnOf('model/churn'),
        account: scope.account,
      },
    ]);
  });

  test('a role that may not be assumed is refused, and nothing is made', async () => {
    h.access.untrusting.add(role);
    await expect(h.model('churn')).rejects.toMatchObject(refusal(role));
    h.access.untrusting.clear();
    await h.model('churn');
    h.access.untrusting.add(other);
    const config = h.config('c', { a: 'churn' }, { ExecutionRoleArn: other });
    await expect(config).rejects.toMatchObject(refusal(other));
    expect((await h.call('ListEndpointConfigs', {})).EndpointConfigs).toEqual([]);
  });

  async function failureOf(name: string): Promise<string | undefined> {
    await h.call('CreateEndpoint', { EndpointName: name, EndpointConfigName: 'c' });
    await h.settle();
    return (await h.call('DescribeEndpoint', { EndpointName: name })).FailureReason;
  }

  test('an endpoint fails when the role of its model may not read the archive', async () => {
    h.archives.add('s3://models/m.tar.gz');
    await h.model('churn', 'known', 's3://models/m.tar.gz');
    await h.config('c', { a: 'churn' });
    h.roles.may = (action) => action !== 's3:GetObject';
    const at = { bucket: 'models', key: 'm.tar.gz' };
    const sourceArn = arnOf('endpoint/e');
    const { account, region } = scope;
    const use = { roleArn: role, account, region, sessionName: 'SageMaker', sourceArn };
    expect(await failureOf('e')).toBe(
      'production variant a: Could not access model data at s3://models/m.tar.gz. Please ensure ' +
        `that the role "${role}" exists, that its trust relationship policy allows the action ` +
        '"sts:AssumeRole" for the service principal "sagemaker.amazonaws.com", and that the ' +
        `role has "s3:GetObject" permissions (${denialOf('s3:GetObject', at, use)})`,
    );
    expect(h.roles.used).toEqual([use]);
    expect(h.servers).toEqual([]);
  });

  test('an endpoint fails when the role is gone since its model was made', async () => {
    h.archives.add('s3://models/m.tar.gz');
    await h.model('churn', 'known', 's3://models/m.tar.gz');
    await h.config('c', { a: 'churn' });
    h.roles.gone.add(role);
    expect(await failureOf('e')).toMatch(/Could not access model data .*\(.*Could not assume role/);
  });

  test('a model without a role may have neither an archive nor its records captured', async () => {
    const container = { Image: 'known' };
    await h.call('CreateModel', { ModelName: 'bare', PrimaryContainer: container });
    const ModelDataUrl = 's3://models/m.tar.gz';
    h.archives.add(ModelDataUrl);
    const archived = { ...container, ModelDataUrl };
    await h.call('CreateModel', { ModelName: 'archived', PrimaryContainer: archived });
    const DataCaptureConfig = {
      InitialSamplingPercentage: 100,
      DestinationS3Uri: 's3://captures/x',
      CaptureOptions: [{ CaptureMode: 'Input' }],
    };
    await h.config('c', { a: 'archived' });
    await h.config('captured', { a: 'bare' }, { DataCaptureConfig });
    await h.config('plain', { a: 'bare' });
    expect(await failureOf('e')).toContain('its model has an execution role');
    const create = (EndpointName: string, EndpointConfigName: string) =>
      h.call('CreateEndpoint', { EndpointName, EndpointConfigName });
    const noRole = {
      code: 'ValidationException',
      message:
        `The model "${arnOf('model/bare')}" has no ExecutionRoleArn: an endpoint that captures ` +
        'data reads and writes objects with it.',
    };
    await expect(create('f', 'captured')).rejects.toMatchObject(noRole);
    await create('plain', 'plain');
    await h.settle();
    const input = { EndpointName: 'plain', EndpointConfigName: 'captured' };
    await expect(h.call('UpdateEndpoint', input)).rejects.toMatchObject(noRole);
    const described = await h.call('DescribeEndpoint', { EndpointName: 'plain' });
    expect(described.EndpointStatus).toBe('InService');
  });
});

describe('jobs and schedules', () => {
  let m: Monitoring;
  beforeEach(async () => {
    m = new Monitoring();
    await m.open();
  });
  afterEach(() => m.close());

  const processing = {
    ProcessingJobName: 'one',
    RoleArn: other,
    AppSpecification: { ImageUri: 'program' },
    ProcessingResources: {
      ClusterConfig: { InstanceCount: 1, InstanceType: 'ml.m5.large', VolumeSizeInGB: 1 },
    },
  };
  const kinds = [
    ['CreateProcessingJob', processing, 'ListProcessingJobs', 'ProcessingJobSummaries'],
    [
      'CreateMonitoringSchedule',
      scheduled('s', { MonitoringJobDefinition: inline({ RoleArn: other }) }),
      'ListMonitoringSchedules',
      'MonitoringScheduleSummaries',
    ],
    [
      'CreateDataQualityJobDefinition',
      definition('d', { RoleArn: other }),
      'ListDataQualityJobDefinitions',
      'JobDefinitionSummaries',
    ],
  ] as const;

  test.each(kinds)('%s with a role that does not trust the service', async (name, input, ...of) => {
    const [list, member] = of;
    m.access.untrusting.add(other);
    await expect(m.call(name, input)).rejects.toMatchObject(refusal(other));
    expect((await m.call(list, {}))[member]).toEqual([]);
    m.access.untrusting.clear();
    await m.call(name, input);
    expect((await m.call(list, {}))[member]).toHaveLength(1);
  });

  test('a schedule keeps what it had when its new role is refused', async () => {
    await m.call('CreateMonitoringSchedule', scheduled('s'));
    const before = await m.call('DescribeMonitoringSchedule', { MonitoringScheduleName: 's' });
    m.access.untrusting.add(other);
    const input = scheduled('s', { MonitoringJobDefinition: inline({ RoleArn: other }) });
    const update = m.call('UpdateMonitoringSchedule', input);
    await expect(update).rejects.toMatchObject(refusal(other));
    expect(await m.call('DescribeMonitoringSchedule', { MonitoringScheduleName: 's' })).toEqual(
      before,
    );
  });
});
