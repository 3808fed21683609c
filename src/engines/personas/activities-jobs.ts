/** Activities of people who train, try and deploy models, as data. */
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
  volumeGuard,
  vpcGuard,
} from './templates.ts';
import type { Activity } from './types.ts';

const bound = ['dataKeys', 'volumeKeys', 'subnets', 'securityGroups'] as const;

const jobKinds = 'training-job processing-job hyper-parameter-tuning-job automl-job transform-job';

export const manageMlJobs: Activity = {
  id: 'manage-ml-jobs',
  title: 'Manage ML jobs',
  meaning: 'makes, watches and stops training, tuning, AutoML, processing and transform jobs',
  needs: ['passRoles'],
  options: bound,
  statements: [
    {
      sid: 'MakeJobs',
      actions: of(
        'sagemaker',
        'CreateTrainingJob CreateProcessingJob CreateHyperParameterTuningJob CreateAutoMLJob ' +
          'CreateAutoMLJobV2',
      ),
      resources: resourcesOf(
        'sagemaker',
        'training-job processing-job hyper-parameter-tuning-job automl-job',
      ),
      inVpc: vpcGuard,
      withKeys: jobKeysGuard,
    },
    {
      // Where it runs is its model's: its requests say nothing of subnets.
      sid: 'MakeTransformJobs',
      actions: ['sagemaker:CreateTransformJob'],
      resources: resourcesOf('sagemaker', 'transform-job'),
      withKeys: jobKeysGuard,
    },
    {
      sid: 'ControlJobs',
      actions: of(
        'sagemaker',
        'StopTrainingJob DescribeTrainingJob UpdateTrainingJob StopProcessingJob ' +
          'DescribeProcessingJob StopHyperParameterTuningJob DescribeHyperParameterTuningJob ' +
          'StopAutoMLJob DescribeAutoMLJob DescribeAutoMLJobV2 StopTransformJob ' +
          'DescribeTransformJob BatchGetMetrics AddTags ListTags',
      ),
      resources: resourcesOf('sagemaker', jobKinds),
    },
    {
      sid: 'ListJobs',
      actions: of(
        'sagemaker',
        'ListTrainingJobs ListProcessingJobs ListHyperParameterTuningJobs ListAutoMLJobs ' +
          'ListTransformJobs ListTrainingJobsForHyperParameterTuningJob ' +
          'ListCandidatesForAutoMLJob Search',
      ),
      resources: ['*'],
    },
    passRoles,
    grants,
    describeKeys,
  ],
  expects(facts) {
    const creates = [
      ['sagemaker:CreateTrainingJob', 'training-job/j'],
      ['sagemaker:CreateProcessingJob', 'processing-job/j'],
      ['sagemaker:CreateHyperParameterTuningJob', 'hyper-parameter-tuning-job/j'],
      ['sagemaker:CreateAutoMLJob', 'automl-job/j'],
    ] as const;
    const transform = ['sagemaker:CreateTransformJob', 'transform-job/j'] as const;
    const passed = passing(facts);
    return {
      allowed: [
        ...[...creates, transform].map(([action, resource]) => probe(facts, action, resource)),
        ...probes(facts, of('sagemaker', 'StopTrainingJob DescribeTrainingJob'), 'training-job/j'),
        ...probes(facts, of('sagemaker', 'StopTransformJob'), 'transform-job/j'),
        ...onAll(of('sagemaker', 'ListTrainingJobs Search')),
        ...passed.allowed,
      ],
      refused: [
        ...creates.flatMap(([action, resource]) => outside(facts, action, resource)),
        ...[...creates, transform].flatMap((one) =>
          underOtherKeys(facts, one, ['volume', 'output']),
        ),
        ...passed.refused,
      ],
    };
  },
};

export const manageModels: Activity = {
  id: 'manage-models',
  title: 'Manage models',
  meaning: 'makes and deletes models, and packages and groups of the registry',
  needs: ['passRoles'],
  options: ['subnets', 'securityGroups'],
  statements: [
    {
      sid: 'MakeModels',
      actions: ['sagemaker:CreateModel'],
      resources: resourcesOf('sagemaker', 'model'),
      inVpc: vpcGuard,
    },
    {
      sid: 'ManageModels',
      actions: of(
        'sagemaker',
        'DescribeModel DeleteModel CreateModelPackage DescribeModelPackage UpdateModelPackage ' +
          'DeleteModelPackage BatchDescribeModelPackage CreateModelPackageGroup ' +
          'DescribeModelPackageGroup DeleteModelPackageGroup AddTags ListTags',
      ),
      resources: resourcesOf('sagemaker', 'model model-package model-package-group'),
    },
    {
      sid: 'ListModels',
      actions: of('sagemaker', 'ListModels ListModelPackages ListModelPackageGroups'),
      resources: ['*'],
    },
    passRoles,
  ],
  expects(facts) {
    const passed = passing(facts);
    return {
      allowed: [
        ...probes(facts, of('sagemaker', 'CreateModel DescribeModel DeleteModel'), 'model/m'),
        ...probes(
          facts,
          of('sagemaker', 'CreateModelPackage UpdateModelPackage'),
          'model-package/p/1',
        ),
        ...onAll(of('sagemaker', 'ListModels')),
        ...passed.allowed,
      ],
      refused: [...outside(facts, 'sagemaker:CreateModel', 'model/m'), ...passed.refused],
    };
  },
};

export const manageEndpoints: Activity = {
  id: 'manage-endpoints',
  title: 'Manage endpoints',
  meaning: 'makes, changes and deletes endpoints and their configurations',
  needs: [],
  options: ['dataKeys', 'volumeKeys'],
  statements: [
    {
      sid: 'MakeConfigurations',
      actions: ['sagemaker:CreateEndpointConfig'],
      resources: resourcesOf('sagemaker', 'endpoint-config'),
      withKeys: volumeGuard,
    },
    {
      sid: 'ManageEndpoints',
      actions: of(
        'sagemaker',
        'CreateEndpoint DescribeEndpoint UpdateEndpoint DeleteEndpoint DescribeEndpointConfig ' +
          'DeleteEndpointConfig UpdateEndpointWeightsAndCapacities AddTags ListTags',
      ),
      resources: resourcesOf('sagemaker', 'endpoint endpoint-config'),
    },
    {
      sid: 'ListEndpoints',
      actions: of('sagemaker', 'ListEndpoints ListEndpointConfigs'),
      resources: ['*'],
    },
    grants,
    describeKeys,
  ],
  expects: (facts) => ({
    allowed: [
      probe(facts, 'sagemaker:CreateEndpointConfig', 'endpoint-config/c'),
      probe(facts, 'sagemaker:CreateEndpoint', 'endpoint-config/c'),
      ...probes(
        facts,
        of('sagemaker', 'CreateEndpoint UpdateEndpoint DeleteEndpoint DescribeEndpoint'),
        'endpoint/e',
      ),
      ...onAll(of('sagemaker', 'ListEndpoints')),
    ],
    refused: underOtherKeys(
      facts,
      ['sagemaker:CreateEndpointConfig', 'endpoint-config/c'],
      ['volume'],
    ),
  }),
};
