/** What each operation needs permission for: actions, resources, condition keys, passed roles. */
import * as client from '@aws-sdk/client-sagemaker';
import { beforeEach, expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import type { Check } from '../../kernel/check.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { type Call, mount } from '../../wire/operation.ts';
import { sagemaker } from './index.ts';
import { sagemakerPermissions } from './permissions.ts';
import { writeTags } from './tags.ts';

const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const arn = (resource: string) => `arn:aws:sagemaker:eu-west-1:111122223333:${resource}`;
const role = 'arn:aws:iam::111122223333:role/jobs';
const passed = {
  action: 'iam:PassRole',
  resource: role,
  keys: { 'iam:passedtoservice': 'sagemaker.amazonaws.com' },
  owner: '111122223333',
};

let store: MetadataStore;
beforeEach(() => {
  store = memoryMetadataStore();
});

async function needs(operation: string, input: object): Promise<readonly Check[] | 'open'> {
  const service = mount('sagemaker', { operations: sagemaker, permissions: sagemakerPermissions }, {
    store,
  } as never);
  return service.needs(operation, input, { scope } as Call);
}

/** The checks as they were declared, without what is asked for later. */
async function declared(operation: string, input: object) {
  const checks = await needs(operation, input);
  if (checks === 'open') throw new Error(`${operation} is open to everybody`);
  return checks.map(({ resourceTags: _, ...check }) => check);
}

const actions = new Set(
  Object.keys(client)
    .filter((name) => name.endsWith('Command'))
    .map((name) => `sagemaker:${name.replace(/Command$/, '')}`),
);

/** Members by which anything is named, and everything that may bring a check of its own. */
const everything = {
  ModelName: 'M',
  EndpointConfigName: 'C',
  EndpointName: 'E',
  MonitoringScheduleName: 'S',
  MonitoringAlertName: 'A',
  JobDefinitionName: 'D',
  ProcessingJobName: 'P',
  TransformJobName: 'T',
  ResourceArn: arn('model/M'),
  RoleArn: role,
  ExecutionRoleArn: role,
  Tags: [{ Key: 'team', Value: 'risk' }],
  TagKeys: ['team'],
  MonitoringScheduleConfig: { MonitoringJobDefinition: { RoleArn: role } },
};

test.each(Object.keys(sagemaker))('%s needs its own action, on its own account', async (name) => {
  const checks = await declared(name, everything);
  expect(checks[0]?.action).toBe(`sagemaker:${name}`);
  for (const check of checks) {
    expect(actions.has(check.action) || check.action === 'iam:PassRole').toBe(true);
    const { resource } = check;
    const ours = resource === resource.toLowerCase() && resource.startsWith(arn(''));
    expect(ours || resource === '*' || resource === role).toBe(true);
  }
});

test.each(Object.keys(sagemaker))('%s can be asked about with nothing given', async (name) => {
  const [first] = await declared(name, {});
  expect(first?.action).toBe(`sagemaker:${name}`);
});

test('lists are about everything, and all else about one resource', async () => {
  for (const name of Object.keys(sagemaker)) {
    const checks = await declared(name, everything);
    const isList = name.startsWith('List') && name !== 'ListTags';
    expect([name, checks.some(({ resource }) => resource === '*')]).toEqual([name, isList]);
  }
});

test.each([
  ['DescribeModel', 'model/m'],
  ['DeleteEndpointConfig', 'endpoint-config/c'],
  ['UpdateEndpointWeightsAndCapacities', 'endpoint/e'],
  ['StartMonitoringSchedule', 'monitoring-schedule/s'],
  ['DescribeModelBiasJobDefinition', 'model-bias-job-definition/d'],
  ['DeleteDataQualityJobDefinition', 'data-quality-job-definition/d'],
  ['StopProcessingJob', 'processing-job/p'],
  ['StopTransformJob', 'transform-job/t'],
])('%s is about %s: names of resources are lower case', async (name, resource) => {
  const action = `sagemaker:${name}`;
  expect(await declared(name, everything)).toEqual([{ action, resource: arn(resource) }]);
});

test('a model: its tags, its role, and where it may run', async () => {
  const input = {
    ModelName: 'Churn',
    ExecutionRoleArn: role,
    EnableNetworkIsolation: true,
    VpcConfig: { Subnets: ['s-1', 's-2'], SecurityGroupIds: ['g'] },
    Tags: [
      { Key: 'Team', Value: 'risk' },
      { Key: 'stage', Value: 'prod' },
    ],
  };
  const tags = {
    'aws:requesttag/Team': 'risk',
    'aws:requesttag/stage': 'prod',
    'aws:tagkeys': ['Team', 'stage'],
  };
  expect(await declared('CreateModel', input)).toEqual([
    {
      action: 'sagemaker:CreateModel',
      resource: arn('model/churn'),
      keys: {
        ...tags,
        'sagemaker:networkisolation': true,
        'sagemaker:vpcsubnets': ['s-1', 's-2'],
        'sagemaker:vpcsecuritygroupids': ['g'],
      },
    },
    {
      action: 'sagemaker:AddTags',
      resource: arn('model/churn'),
      keys: { ...tags, 'sagemaker:taggingaction': 'CreateModel' },
    },
    passed,
  ]);
});

test('what a request does not say has no key, and no role is passed', async () => {
  expect(await declared('CreateModel', { ModelName: 'churn', Tags: [] })).toEqual([
    { action: 'sagemaker:CreateModel', resource: arn('model/churn'), keys: {} },
  ]);
});

test('a role of another account takes the leave of that account', async () => {
  const theirs = 'arn:aws:iam::444455556666:role/theirs';
  const checks = await declared('CreateModel', { ModelName: 'm', ExecutionRoleArn: theirs });
  expect(checks[1]).toMatchObject({ resource: theirs, owner: '444455556666' });
});

const cluster = { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeKmsKeyId: 'volume' };
const network = {
  EnableInterContainerTrafficEncryption: true,
  EnableNetworkIsolation: false,
  VpcConfig: { Subnets: ['s'], SecurityGroupIds: ['g'] },
};
const jobKeys = {
  'sagemaker:instancetypes': ['ml.m5.large'],
  'sagemaker:volumekmskey': 'volume',
  'sagemaker:volumekmskeyarn': 'volume',
  'sagemaker:outputkmskey': 'output',
  'sagemaker:outputkmskeyarn': 'output',
  'sagemaker:vpcsubnets': ['s'],
  'sagemaker:vpcsecuritygroupids': ['g'],
  'sagemaker:networkisolation': false,
  'sagemaker:intercontainertrafficencryption': true,
  'sagemaker:maxruntimeinseconds': 60,
};
const StoppingCondition = { MaxRuntimeInSeconds: 60 };
const inline = {
  MonitoringResources: { ClusterConfig: cluster },
  NetworkConfig: network,
  MonitoringOutputConfig: { MonitoringOutputs: [], KmsKeyId: 'output' },
  StoppingCondition,
  RoleArn: role,
};
const definition = {
  JobDefinitionName: 'D',
  JobResources: { ClusterConfig: cluster },
  NetworkConfig: network,
  ModelQualityJobOutputConfig: { KmsKeyId: 'output' },
  StoppingCondition,
  RoleArn: role,
};

test.each([
  [
    'CreateProcessingJob',
    'processing-job/p',
    {
      ProcessingJobName: 'P',
      ProcessingResources: { ClusterConfig: cluster },
      NetworkConfig: network,
      ProcessingOutputConfig: { Outputs: [], KmsKeyId: 'output' },
      StoppingCondition,
      RoleArn: role,
    },
  ],
  [
    'CreateMonitoringSchedule',
    'monitoring-schedule/s',
    {
      MonitoringScheduleName: 'S',
      MonitoringScheduleConfig: { MonitoringJobDefinition: inline },
    },
  ],
  [
    'UpdateMonitoringSchedule',
    'monitoring-schedule/s',
    {
      MonitoringScheduleName: 'S',
      MonitoringScheduleConfig: { MonitoringJobDefinition: inline },
    },
  ],
  ['CreateModelQualityJobDefinition', 'model-quality-job-definition/d', definition],
])('%s tells where it would run, and passes its role', async (name, resource, input) => {
  expect(await declared(name, input)).toEqual([
    { action: `sagemaker:${name}`, resource: arn(resource), keys: jobKeys },
    passed,
  ]);
});

test('a schedule of a named definition passes no role', async () => {
  const config = { MonitoringJobDefinitionName: 'd', MonitoringType: 'DataQuality' };
  const input = { MonitoringScheduleName: 's', MonitoringScheduleConfig: config };
  for (const name of ['CreateMonitoringSchedule', 'UpdateMonitoringSchedule']) {
    const action = `sagemaker:${name}`;
    const resource = arn('monitoring-schedule/s');
    expect(await declared(name, input)).toEqual([{ action, resource, keys: {} }]);
  }
});

test('each model of an endpoint configuration has to be allowed', async () => {
  const input = {
    EndpointConfigName: 'C',
    KmsKeyId: 'key',
    ProductionVariants: [
      { ModelName: 'A', InstanceType: 'ml.m5.large' },
      { ModelName: 'A', ServerlessConfig: { MemorySizeInMB: 1_024, MaxConcurrency: 5 } },
      { ModelName: 'B', ServerlessConfig: { MemorySizeInMB: 2_048, MaxConcurrency: 2 } },
    ],
    ShadowProductionVariants: [{ ModelName: arn('model/C'), InstanceType: 'ml.c5.large' }],
  };
  const checks = await declared('CreateEndpointConfig', input);
  expect(checks.map(({ keys }) => keys?.['sagemaker:modelarn'])).toEqual(
    ['model/a', 'model/b', 'model/c'].map(arn),
  );
  for (const check of checks) {
    expect(check).toMatchObject({
      action: 'sagemaker:CreateEndpointConfig',
      resource: arn('endpoint-config/c'),
      keys: {
        'sagemaker:instancetypes': ['ml.m5.large', 'ml.c5.large'],
        'sagemaker:serverlessmemorysize': 2_048,
        'sagemaker:serverlessmaxconcurrency': 5,
        'sagemaker:volumekmskey': 'key',
        'sagemaker:volumekmskeyarn': 'key',
      },
    });
  }
});

test.each(['CreateEndpoint', 'UpdateEndpoint'])('%s needs both of its parts', async (name) => {
  const checks = await declared(name, { EndpointName: 'E', EndpointConfigName: 'C' });
  const action = `sagemaker:${name}`;
  expect(checks).toMatchObject([
    { action, resource: arn('endpoint/e') },
    { action, resource: arn('endpoint-config/c') },
  ]);
});

test('a transform job tells its model, and passes no role', async () => {
  const input = {
    TransformJobName: 'T',
    ModelName: 'Churn',
    TransformResources: { InstanceType: 'ml.m5.large', VolumeKmsKeyId: 'volume' },
    TransformOutput: { KmsKeyId: 'output' },
  };
  expect(await declared('CreateTransformJob', input)).toEqual([
    {
      action: 'sagemaker:CreateTransformJob',
      resource: arn('transform-job/t'),
      keys: {
        'sagemaker:instancetypes': ['ml.m5.large'],
        'sagemaker:volumekmskey': 'volume',
        'sagemaker:volumekmskeyarn': 'volume',
        'sagemaker:outputkmskey': 'output',
        'sagemaker:outputkmskeyarn': 'output',
        'sagemaker:modelarn': arn('model/churn'),
      },
    },
  ]);
});

test('an alert is part of its schedule', async () => {
  const input = { MonitoringScheduleName: 'S', MonitoringAlertName: 'Alert' };
  const checks = await declared('UpdateMonitoringAlert', input);
  expect(checks.map(({ resource }) => resource)).toEqual([
    arn('monitoring-schedule/s'),
    arn('monitoring-schedule/s/alert/alert'),
  ]);
});

test('tags: what is put on, what is taken off, and whose resource it is', async () => {
  const Tags = [{ Key: 'team', Value: 'risk' }];
  const resource = arn('endpoint/churn');
  const owner = scope.account;
  expect(await declared('AddTags', { ResourceArn: arn('endpoint/Churn'), Tags })).toEqual([
    {
      action: 'sagemaker:AddTags',
      resource,
      owner,
      keys: { 'aws:requesttag/team': 'risk', 'aws:tagkeys': ['team'] },
    },
  ]);
  expect(await declared('DeleteTags', { ResourceArn: resource, TagKeys: ['team'] })).toEqual([
    { action: 'sagemaker:DeleteTags', resource, owner, keys: { 'aws:tagkeys': ['team'] } },
  ]);
  const theirs = 'arn:aws:sagemaker:eu-west-1:444455556666:endpoint/churn';
  const checks = await declared('ListTags', { ResourceArn: theirs });
  expect(checks).toEqual([
    { action: 'sagemaker:ListTags', resource: theirs, owner: '444455556666' },
  ]);
});

test('tags of what is there are read when they are asked for', async () => {
  const checks = await needs('DeleteEndpoint', { EndpointName: 'Churn' });
  const [check] = checks as readonly Check[];
  expect(await check?.resourceTags?.()).toEqual({});
  await store.write((tx) => writeTags(tx, arn('endpoint/churn'), [{ Key: 'Team', Value: 'risk' }]));
  expect(await check?.resourceTags?.()).toEqual({ Team: 'risk' });
});

test('what is to be made has no tags yet', async () => {
  const checks = await needs('CreateModel', { ModelName: 'm', Tags: [{ Key: 'a', Value: 'b' }] });
  for (const check of checks as readonly Check[]) expect(check.resourceTags).toBeUndefined();
});
