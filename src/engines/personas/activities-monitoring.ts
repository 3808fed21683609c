/** Activities that run models over data again and again: monitors and transforms; as data. */
import {
  describeKeys,
  grants,
  jobKeysGuard,
  of,
  onAll,
  outside,
  passing,
  passRoles,
  probe,
  probes,
  resourcesOf,
  underOtherKeys,
  vpcGuard,
} from './templates.ts';
import type { Activity } from './types.ts';

const definitionKinds =
  'data-quality-job-definition model-quality-job-definition model-bias-job-definition ' +
  'model-explainability-job-definition';

const bound = ['dataKeys', 'volumeKeys', 'subnets', 'securityGroups'] as const;

export const manageModelMonitoring: Activity = {
  id: 'manage-model-monitoring',
  title: 'Manage model monitoring',
  meaning: 'makes and runs monitoring schedules, their job definitions and baselines',
  needs: ['passRoles'],
  options: bound,
  statements: [
    {
      sid: 'MakeMonitors',
      actions: of(
        'sagemaker',
        'CreateMonitoringSchedule UpdateMonitoringSchedule CreateProcessingJob ' +
          'CreateDataQualityJobDefinition CreateModelQualityJobDefinition ' +
          'CreateModelBiasJobDefinition CreateModelExplainabilityJobDefinition',
      ),
      resources: resourcesOf('sagemaker', `monitoring-schedule processing-job ${definitionKinds}`),
      inVpc: vpcGuard,
      withKeys: jobKeysGuard,
    },
    {
      // A schedule that names a job definition says nothing of machines: the definition did, when
      // it was made, under the statement above.
      sid: 'ScheduleDefinitions',
      actions: of('sagemaker', 'CreateMonitoringSchedule UpdateMonitoringSchedule'),
      resources: resourcesOf('sagemaker', 'monitoring-schedule'),
      conditions: { Null: { 'sagemaker:InstanceTypes': ['true'] } },
      onlyWith: ['vpc', 'keys'],
    },
    {
      sid: 'RunMonitors',
      actions: of(
        'sagemaker',
        'StartMonitoringSchedule StopMonitoringSchedule DescribeMonitoringSchedule ' +
          'DeleteMonitoringSchedule UpdateMonitoringAlert DescribeProcessingJob ' +
          'StopProcessingJob DescribeDataQualityJobDefinition DeleteDataQualityJobDefinition ' +
          'DescribeModelQualityJobDefinition DeleteModelQualityJobDefinition ' +
          'DescribeModelBiasJobDefinition DeleteModelBiasJobDefinition ' +
          'DescribeModelExplainabilityJobDefinition DeleteModelExplainabilityJobDefinition ' +
          'AddTags ListTags',
      ),
      resources: resourcesOf('sagemaker', `monitoring-schedule processing-job ${definitionKinds}`),
    },
    {
      sid: 'ListMonitors',
      actions: of(
        'sagemaker',
        'ListMonitoringSchedules ListMonitoringExecutions ListMonitoringAlerts ' +
          'ListMonitoringAlertHistory ListProcessingJobs ListDataQualityJobDefinitions ' +
          'ListModelQualityJobDefinitions ListModelBiasJobDefinitions ' +
          'ListModelExplainabilityJobDefinitions',
      ),
      resources: ['*'],
    },
    passRoles,
    grants,
    describeKeys,
  ],
  expects(facts) {
    const schedule = 'monitoring-schedule/s';
    const creates = [
      ['sagemaker:CreateMonitoringSchedule', schedule],
      ['sagemaker:UpdateMonitoringSchedule', schedule],
      ['sagemaker:CreateProcessingJob', 'processing-job/j'],
      ['sagemaker:CreateDataQualityJobDefinition', 'data-quality-job-definition/d'],
      ['sagemaker:CreateModelBiasJobDefinition', 'model-bias-job-definition/d'],
    ] as const;
    const passed = passing(facts);
    return {
      allowed: [
        ...creates.map(([action, resource]) => probe(facts, action, resource)),
        probe(facts, 'sagemaker:CreateMonitoringSchedule', schedule, byDefinition),
        ...probes(
          facts,
          of('sagemaker', 'StartMonitoringSchedule StopMonitoringSchedule'),
          schedule,
        ),
        ...probes(
          facts,
          of('sagemaker', 'DescribeMonitoringSchedule DeleteMonitoringSchedule'),
          schedule,
        ),
        ...onAll(of('sagemaker', 'ListMonitoringExecutions ListMonitoringSchedules')),
        ...passed.allowed,
      ],
      refused: [
        ...creates.flatMap(([action, resource]) => outside(facts, action, resource)),
        ...creates.flatMap((one) => underOtherKeys(facts, one, ['volume', 'output'])),
        ...passed.refused,
      ],
    };
  },
};

/** What the request for a schedule that names its job definition has: nothing of machines. */
const byDefinition = {
  'sagemaker:instancetypes': undefined,
  'sagemaker:vpcsubnets': undefined,
  'sagemaker:vpcsecuritygroupids': undefined,
  'sagemaker:volumekmskey': undefined,
  'sagemaker:outputkmskey': undefined,
};

export const runBatchTransform: Activity = {
  id: 'run-batch-transform',
  title: 'Run batch transforms',
  meaning: 'runs models that exist over files',
  needs: [],
  options: ['dataKeys', 'volumeKeys'],
  statements: [
    {
      sid: 'MakeTransformJobs',
      actions: ['sagemaker:CreateTransformJob'],
      resources: resourcesOf('sagemaker', 'transform-job'),
      withKeys: jobKeysGuard,
    },
    {
      sid: 'ControlTransformJobs',
      actions: of('sagemaker', 'StopTransformJob DescribeTransformJob AddTags ListTags'),
      resources: resourcesOf('sagemaker', 'transform-job'),
    },
    {
      sid: 'ListTransformJobs',
      actions: of('sagemaker', 'ListTransformJobs ListModels'),
      resources: ['*'],
    },
    grants,
    describeKeys,
  ],
  expects: (facts) => ({
    allowed: [
      ...probes(
        facts,
        of('sagemaker', 'CreateTransformJob StopTransformJob DescribeTransformJob'),
        'transform-job/j',
      ),
      ...onAll(of('sagemaker', 'ListTransformJobs')),
    ],
    refused: underOtherKeys(
      facts,
      ['sagemaker:CreateTransformJob', 'transform-job/j'],
      ['volume', 'output'],
    ),
  }),
};
