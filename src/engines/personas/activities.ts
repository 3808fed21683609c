/** The table of activities, and the personas that choose among them. */
import {
  accessRequiredServices,
  manageGlueTables,
  queryAthena,
  useAllBuckets,
  useBuckets,
} from './activities-data.ts';
import { manageEndpoints, manageMlJobs, manageModels } from './activities-jobs.ts';
import { manageModelMonitoring, runBatchTransform } from './activities-monitoring.ts';
import {
  explainModels,
  invokeEndpoints,
  manageAlarmsAndMetrics,
  useTopicsAndQueues,
} from './activities-platform.ts';
import {
  manageExperiments,
  managePipelines,
  runStudioApplications,
  searchExperiments,
} from './activities-studio.ts';
import type { Activity, Persona } from './types.ts';

export const activities: readonly Activity[] = [
  accessRequiredServices,
  runStudioApplications,
  manageMlJobs,
  manageModels,
  manageEndpoints,
  managePipelines,
  manageExperiments,
  searchExperiments,
  manageModelMonitoring,
  useBuckets,
  useAllBuckets,
  queryAthena,
  manageGlueTables,
  invokeEndpoints,
  explainModels,
  manageAlarmsAndMetrics,
  useTopicsAndQueues,
  runBatchTransform,
];

export const personas: readonly Persona[] = [
  {
    id: 'data-scientist',
    title: 'Data scientist',
    meaning: 'explores data, trains models and compares them',
    activities: [
      runStudioApplications.id,
      manageMlJobs.id,
      manageModels.id,
      manageExperiments.id,
      searchExperiments.id,
      useBuckets.id,
    ],
  },
  {
    id: 'mlops-engineer',
    title: 'MLOps engineer',
    meaning: 'deploys models and keeps pipelines running',
    activities: [
      runStudioApplications.id,
      manageModels.id,
      manageEndpoints.id,
      managePipelines.id,
      searchExperiments.id,
    ],
  },
  {
    id: 'sagemaker-compute',
    title: 'SageMaker compute',
    meaning: 'the role of jobs and models themselves',
    activities: [accessRequiredServices.id],
  },
  { id: 'custom', title: 'Custom', meaning: 'only the activities that are named', activities: [] },
];
