/** Activities around applications, pipelines, experiments and their lineage, as data. */
import {
  describeKeys,
  grants,
  of,
  onAll,
  passing,
  passRoles,
  probe,
  probes,
  resourcesOf,
} from './templates.ts';
import type { Activity } from './types.ts';

export const runStudioApplications: Activity = {
  id: 'run-studio-applications',
  title: 'Run Studio applications',
  meaning: 'makes and deletes applications of a domain, and sees the domain and its profiles',
  needs: [],
  options: ['dataKeys', 'volumeKeys'],
  statements: [
    {
      sid: 'RunApplications',
      actions: of(
        'sagemaker',
        'CreateApp DeleteApp DescribeApp CreateAppImageConfig DescribeAppImageConfig ' +
          'UpdateAppImageConfig DeleteAppImageConfig DescribeDomain DescribeUserProfile',
      ),
      resources: resourcesOf('sagemaker', 'app app-image-config domain user-profile'),
    },
    {
      sid: 'ListApplications',
      actions: of('sagemaker', 'ListApps ListAppImageConfigs ListDomains ListUserProfiles'),
      resources: ['*'],
    },
    grants,
    {
      sid: 'UseKeys',
      actions: of('kms', 'Decrypt GenerateDataKey'),
      resources: ['[[volumeKeys]]', '[[dataKeys]]'],
      conditions: { StringLike: { 'kms:ViaService': ['sagemaker.*.amazonaws.com'] } },
      onlyWith: ['keys'],
    },
    describeKeys,
  ],
  expects: (facts) => ({
    allowed: [
      ...probes(facts, of('sagemaker', 'CreateApp DeleteApp DescribeApp'), 'app/d/u/t/a'),
      ...probes(facts, of('sagemaker', 'DescribeDomain'), 'domain/d-1'),
      ...onAll(of('sagemaker', 'ListApps ListDomains')),
    ],
    refused: [
      probe(facts, 'sagemaker:DeleteDomain', 'domain/d-1'),
      probe(facts, 'sagemaker:CreateUserProfile', 'user-profile/d/u'),
    ],
  }),
};

export const managePipelines: Activity = {
  id: 'manage-pipelines',
  title: 'Manage pipelines',
  meaning: 'makes, changes, runs and stops pipelines',
  needs: ['passRoles'],
  options: [],
  statements: [
    {
      sid: 'ManagePipelines',
      actions: of(
        'sagemaker',
        'CreatePipeline DescribePipeline UpdatePipeline DeletePipeline StartPipelineExecution ' +
          'StopPipelineExecution RetryPipelineExecution UpdatePipelineExecution ' +
          'DescribePipelineExecution DescribePipelineDefinitionForExecution ' +
          'SendPipelineExecutionStepSuccess SendPipelineExecutionStepFailure AddTags ListTags',
      ),
      resources: resourcesOf('sagemaker', 'pipeline'),
    },
    {
      sid: 'ListPipelines',
      actions: of(
        'sagemaker',
        'ListPipelines ListPipelineExecutions ListPipelineExecutionSteps ' +
          'ListPipelineParametersForExecution',
      ),
      resources: ['*'],
    },
    passRoles,
  ],
  expects(facts) {
    const passed = passing(facts);
    return {
      allowed: [
        ...probes(
          facts,
          of('sagemaker', 'CreatePipeline UpdatePipeline StartPipelineExecution'),
          'pipeline/p',
        ),
        probe(facts, 'sagemaker:StopPipelineExecution', 'pipeline/p/execution/e'),
        ...onAll(of('sagemaker', 'ListPipelines')),
        ...passed.allowed,
      ],
      refused: passed.refused,
    };
  },
};

const experimentKinds =
  'action artifact context experiment experiment-trial experiment-trial-component';
const experimentWords = ['Action', 'Artifact', 'Context', 'Experiment', 'Trial', 'TrialComponent'];

const each = (verbs: readonly string[]) =>
  experimentWords.flatMap((word) => verbs.map((verb) => `${verb}${word}`)).join(' ');

export const manageExperiments: Activity = {
  id: 'manage-experiments',
  title: 'Manage experiments',
  meaning: 'makes, changes and deletes experiments, trials and their lineage',
  needs: [],
  options: [],
  statements: [
    {
      sid: 'ManageExperiments',
      actions: of(
        'sagemaker',
        `${each(['Create', 'Update', 'Delete'])} AddAssociation DeleteAssociation ` +
          'AssociateTrialComponent DisassociateTrialComponent AddTags',
      ),
      resources: resourcesOf('sagemaker', experimentKinds),
    },
  ],
  expects: (facts) => ({
    allowed: [
      ...probes(facts, of('sagemaker', 'CreateExperiment DeleteExperiment'), 'experiment/e'),
      probe(facts, 'sagemaker:UpdateTrial', 'experiment-trial/t'),
      probe(facts, 'sagemaker:AddAssociation', 'artifact/a'),
    ],
    refused: [probe(facts, 'sagemaker:CreateTrainingJob', 'training-job/j')].map((one) => ({
      ...one,
      unless: 'manage-ml-jobs',
    })),
  }),
};

export const searchExperiments: Activity = {
  id: 'search-experiments',
  title: 'Search and visualize experiments',
  meaning: 'sees and searches experiments and lineage, changes nothing',
  needs: [],
  options: [],
  statements: [
    {
      sid: 'SeeExperiments',
      actions: of('sagemaker', `${each(['Describe'])} ListTags`),
      resources: resourcesOf('sagemaker', experimentKinds),
    },
    {
      sid: 'SearchExperiments',
      actions: of(
        'sagemaker',
        `${experimentWords.map((word) => `List${word}s`).join(' ')} ListAssociations ` +
          'ListLineageGroups DescribeLineageGroup QueryLineage GetLineageGroupPolicy Search ' +
          'GetSearchSuggestions',
      ),
      resources: ['*'],
    },
  ],
  expects: (facts) => ({
    allowed: [
      probe(facts, 'sagemaker:DescribeExperiment', 'experiment/e'),
      probe(facts, 'sagemaker:DescribeTrialComponent', 'experiment-trial-component/c'),
      ...onAll(of('sagemaker', 'Search QueryLineage ListExperiments')),
    ],
    refused: of('sagemaker', 'CreateExperiment DeleteExperiment').map((action) => ({
      ...probe(facts, action, 'experiment/e'),
      unless: 'manage-experiments',
    })),
  }),
};
