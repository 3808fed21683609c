/** Activities of those who use models in production: predictions, alarms, messages; as data. */
import { of, onAll, otherAccount, probe, probes, resourcesOf } from './templates.ts';
import type { Activity } from './types.ts';

export const watching = 'manage-alarms-and-metrics';

export const invokeEndpoints: Activity = {
  id: 'invoke-endpoints',
  title: 'Invoke endpoints',
  meaning: 'asks endpoints for predictions',
  needs: [],
  options: [],
  statements: [
    {
      sid: 'Invoke',
      actions: of(
        'sagemaker',
        'InvokeEndpoint InvokeEndpointAsync InvokeEndpointWithResponseStream',
      ),
      resources: resourcesOf('sagemaker', 'endpoint'),
    },
  ],
  expects: (facts) => ({
    allowed: [probe(facts, 'sagemaker:InvokeEndpoint', 'endpoint/e')],
    refused: of('sagemaker', 'DeleteEndpoint UpdateEndpoint').map((action) => ({
      ...probe(facts, action, 'endpoint/e'),
      unless: 'manage-endpoints',
    })),
  }),
};

/** Endpoints that an analysis makes for itself, and takes away again. */
const shadows = [
  'sagemaker:*:{{account}}:endpoint/sm-clarify-*',
  'sagemaker:*:{{account}}:endpoint-config/sm-clarify-*',
];

export const explainModels: Activity = {
  id: 'explain-models',
  title: 'Explain models',
  meaning: 'lets analyses of bias and attributions ask models, on endpoints made for the analysis',
  needs: [],
  options: [],
  statements: [
    {
      sid: 'MakeShadows',
      actions: of(
        'sagemaker',
        'CreateEndpointConfig CreateEndpoint DescribeEndpoint DescribeEndpointConfig ' +
          'DeleteEndpoint DeleteEndpointConfig AddTags',
      ),
      resources: shadows,
    },
    {
      sid: 'SeeModels',
      actions: of('sagemaker', 'DescribeModel'),
      resources: resourcesOf('sagemaker', 'model'),
    },
    {
      // A monitor asks the model of the endpoint that it watches.
      sid: 'AskModels',
      actions: of('sagemaker', 'InvokeEndpoint'),
      resources: resourcesOf('sagemaker', 'endpoint'),
    },
    {
      sid: 'SeeEndpoints',
      actions: of('sagemaker', 'DescribeEndpoint DescribeEndpointConfig'),
      resources: resourcesOf('sagemaker', 'endpoint endpoint-config'),
    },
  ],
  expects: (facts) => ({
    allowed: [
      probe(facts, 'sagemaker:CreateEndpointConfig', 'endpoint-config/sm-clarify-job', {
        'sagemaker:modelarn': `sagemaker:${facts.region}:${facts.account}:model/m`,
      }),
      probe(facts, 'sagemaker:CreateEndpoint', 'endpoint-config/sm-clarify-job'),
      ...probes(
        facts,
        of('sagemaker', 'CreateEndpoint InvokeEndpoint DeleteEndpoint'),
        'endpoint/sm-clarify-job',
      ),
      probe(facts, 'sagemaker:InvokeEndpoint', 'endpoint/live'),
      probe(facts, 'sagemaker:DescribeModel', 'model/m'),
    ],
    refused: [
      ...probes(
        facts,
        of('sagemaker', 'CreateEndpoint UpdateEndpoint DeleteEndpoint'),
        'endpoint/live',
      ),
      probe(facts, 'sagemaker:CreateEndpointConfig', 'endpoint-config/live'),
    ].map((one) => ({ ...one, unless: 'manage-endpoints' })),
  }),
};

export const manageAlarmsAndMetrics: Activity = {
  id: watching,
  title: 'Manage alarms and metrics',
  meaning: 'sees and writes metrics, and makes and deletes alarms',
  needs: [],
  options: [],
  statements: [
    {
      sid: 'ManageAlarms',
      actions: of(
        'cloudwatch',
        'PutMetricAlarm PutCompositeAlarm DeleteAlarms SetAlarmState EnableAlarmActions ' +
          'DisableAlarmActions DescribeAlarmHistory ListTagsForResource TagResource',
      ),
      resources: ['cloudwatch:*:{{account}}:alarm:*'],
    },
    {
      sid: 'UseMetrics',
      actions: of(
        'cloudwatch',
        'DescribeAlarms DescribeAlarmsForMetric GetMetricData GetMetricStatistics ListMetrics ' +
          'PutMetricData',
      ),
      resources: ['*'],
    },
  ],
  expects: (facts) => ({
    allowed: [
      ...probes(facts, of('cloudwatch', 'PutMetricAlarm DeleteAlarms'), 'alarm:a'),
      ...onAll(of('cloudwatch', 'GetMetricData ListMetrics PutMetricData DescribeAlarms')),
    ],
    refused: [probe(facts, 'cloudwatch:DeleteDashboards', 'dashboard/d')],
  }),
};

export const useTopicsAndQueues: Activity = {
  id: 'use-topics-and-queues',
  title: 'Use topics and queues',
  meaning: 'makes topics, queues and subscriptions, sends to them and receives',
  needs: [],
  options: [],
  statements: [
    {
      sid: 'UseTopics',
      actions: of(
        'sns',
        'CreateTopic DeleteTopic GetTopicAttributes SetTopicAttributes Subscribe ' +
          'ListSubscriptionsByTopic Publish ConfirmSubscription',
      ),
      resources: ['sns:*:{{account}}:*'],
    },
    {
      sid: 'SeeTopics',
      actions: of(
        'sns',
        'ListTopics ListSubscriptions Unsubscribe GetSubscriptionAttributes ' +
          'SetSubscriptionAttributes',
      ),
      resources: ['*'],
    },
    {
      sid: 'UseQueues',
      actions: of(
        'sqs',
        'CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl SetQueueAttributes SendMessage ' +
          'ReceiveMessage DeleteMessage ChangeMessageVisibility PurgeQueue',
      ),
      resources: ['sqs:*:{{account}}:*'],
    },
    { sid: 'SeeQueues', actions: ['sqs:ListQueues'], resources: ['*'] },
  ],
  expects: (facts) => ({
    allowed: [
      ...probes(facts, of('sns', 'CreateTopic Publish Subscribe'), 't'),
      ...probes(facts, of('sqs', 'CreateQueue SendMessage ReceiveMessage'), 'q'),
      ...onAll(['sns:ListTopics', 'sqs:ListQueues']),
    ],
    refused: [
      probe(facts, 'sns:AddPermission', 't'),
      probe(facts, 'sqs:AddPermission', 'q'),
      { action: 'sqs:SendMessage', resource: `sqs:${facts.region}:${otherAccount(facts)}:q` },
    ],
  }),
};
