/**
 * The processing jobs of one run of a schedule: inputs, environment and outputs of the container
 * contract. Where labels are needed a merge comes first, and the analysis follows it.
 */
import {
  type ExecutionRow,
  type MonitoringPlan,
  type MonitoringType,
  type ScheduleRow,
  scoped,
} from '../../engines/monitoring/rows.ts';
import type { Window } from '../../engines/monitoring/window.ts';
import type {
  MonitoringOfJob,
  ProcessingInput,
  ProcessingJobRow,
  ProcessingOutput,
} from '../../engines/processing/rows.ts';
import { formatArn } from '../../kernel/arn.ts';
import { hourFolder } from '../../kernel/hours.ts';
import { describedRequest } from './described.ts';

export interface RunOfSchedule {
  readonly schedule: ScheduleRow;
  readonly execution: ExecutionRow;
  readonly executionKey: string;
  readonly plan: MonitoringPlan;
  readonly window: Window;
  readonly captureUri: string;
  readonly nowMs: number;
}

const folder = '/opt/ml/processing';
const baselineFolder = `${folder}/baseline`;
const groundTruthFolder = `${folder}/groundtruth`;
const captureNames = '{"captureIndexNames":["endpointInput","endpointOutput"]}';
const batchNames = '{"captureIndexNames":["batchTransformOutput"]}';
export const mergerImage = 'sagemaker-model-monitor-groundtruth-merger';

const nameStems: Readonly<Record<MonitoringType, string>> = {
  DataQuality: 'model-monitoring',
  ModelQuality: 'model-quality-monitoring',
  ModelBias: 'model-bias-monitoring',
  ModelExplainability: 'model-explainability-monitoring',
};

/** The job to run now; one that merges labels says what follows it. */
export function monitoringJob(run: RunOfSchedule): ProcessingJobRow {
  const { execution, plan } = run;
  if (plan.groundTruthUri === undefined) return analysisJob(run);
  const mergeUri = `${base(plan)}/merge/${plan.endpointName ?? run.schedule.name}`;
  const followedBy = analysisJob(run, { captureUri: mergeUri, fileSuffix: suffixOf(execution) });
  return mergeJob(run, { uri: mergeUri, followedBy });
}

/** Windows overlap and runs are repeated: each run reads what its own merge made. */
export function suffixOf({ id }: Pick<ExecutionRow, 'id'>): string {
  return `-${id}.c000.jsonl`;
}

function base({ outputUri }: MonitoringPlan): string {
  return outputUri.replace(/\/+$/, '');
}

function analysisJob(
  run: RunOfSchedule,
  merged?: Pick<MonitoringOfJob, 'captureUri' | 'fileSuffix'>,
) {
  const { schedule, plan } = run;
  const environment = {
    ...commonEnvironment(run),
    ...plan.attributes,
    dataset_format: formatOf(plan, merged !== undefined),
    publish_cloudwatch_metrics: publishing(schedule, plan),
    ...pathsOf(plan),
  };
  return jobRow(run, {
    stem: nameStems[schedule.type],
    image: plan.image,
    environment,
    inputs: documentInputs(plan),
    outputs: [reportOutput(run)],
    monitoring: merged ?? {},
  });
}

function mergeJob(
  run: RunOfSchedule,
  { uri, followedBy }: { readonly uri: string; readonly followedBy: ProcessingJobRow },
): ProcessingJobRow {
  const { plan } = run;
  const { groundTruthUri = '' } = plan;
  const labels = { groundTruthUri, groundTruthLocalPath: groundTruthFolder };
  return jobRow(run, {
    stem: 'groundtruth-merge',
    image: mergerImage,
    environment: {
      ...commonEnvironment(run),
      dataset_format: formatOf(plan, false),
      ground_truth_source: groundTruthFolder,
    },
    inputs: [],
    outputs: [{ name: 'result', uri, localPath: `${folder}/output` }],
    monitoring: { ...labels, followedBy },
  });
}

interface Job {
  readonly stem: string;
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly inputs: readonly ProcessingInput[];
  readonly outputs: readonly ProcessingOutput[];
  /** What differs from the run's own. */
  readonly monitoring: Partial<MonitoringOfJob>;
}

function jobRow(run: RunOfSchedule, job: Job): ProcessingJobRow {
  const { schedule, execution, executionKey, plan, window, captureUri, nowMs } = run;
  const { environment, inputs, outputs, image } = job;
  const name = jobName(job.stem, execution);
  const isAnalysis = job.monitoring.followedBy === undefined;
  const entrypoint = isAnalysis ? plan.entrypoint : [];
  const args = isAnalysis ? plan.arguments : [];
  const monitoring: MonitoringOfJob = {
    type: schedule.type,
    scheduleKey: scoped(schedule.scope, schedule.name),
    scheduleName: schedule.name,
    executionKey,
    executionId: execution.id,
    ...(plan.endpointName === undefined ? {} : { endpointName: plan.endpointName }),
    captureUri,
    captureLocalPath: plan.inputLocalPath,
    windowStartMs: window.startMs,
    windowEndMs: window.endMs,
    scheduledAtMs: execution.scheduledAtMs,
    ...job.monitoring,
  };
  const row = {
    arn: formatArn(schedule.scope, 'sagemaker', `processing-job/${name}`),
    name,
    scope: schedule.scope,
    status: 'InProgress' as const,
    plan: {
      image,
      entrypoint,
      arguments: args,
      environment,
      inputs,
      outputs,
      maxRuntimeMs: plan.maxRuntimeSeconds * 1_000,
      ...keysOf(plan),
    },
    monitoring,
    createdAtMs: nowMs,
    modifiedAtMs: nowMs,
  };
  return { ...row, request: describedRequest(row, plan) };
}

/** A merge is under the same keys as the analysis that follows it. */
function keysOf({ outputKeyId, volumeKeyId }: MonitoringPlan) {
  return {
    ...(outputKeyId === undefined ? {} : { outputKeyId }),
    ...(volumeKeyId === undefined ? {} : { volumeKeyId }),
  };
}

/** What the names of processing jobs have at most. */
const longestName = 63;

/** As the original names them: kind, nominal minute, 24 hexadecimal digits where there is room. */
function jobName(stem: string, execution: ExecutionRow): string {
  const minute = new Date(execution.scheduledAtMs).toISOString().replace(/\D/g, '').slice(0, 12);
  const digits = execution.id.replaceAll('-', '').slice(0, 24);
  return `${stem}-${minute}-${digits}`.slice(0, longestName);
}

/** The documents and scripts that the definition names, each with the folder it is brought to. */
const documents = [
  { name: 'constraints', member: 'constraintsUri', at: `${baselineFolder}/constraints` },
  { name: 'baseline', member: 'statisticsUri', at: `${baselineFolder}/baseline` },
  { name: 'analysis_config', member: 'configUri', at: `${folder}/input/config` },
  { name: 'record_preprocessor_script', member: 'preprocessorUri', at: `${folder}/code/pre` },
  {
    name: 'post_analytics_processor_script',
    member: 'postprocessorUri',
    at: `${folder}/code/post`,
  },
] as const;

function documentInputs(plan: MonitoringPlan): readonly ProcessingInput[] {
  return documents.flatMap(({ name, member, at }) => {
    const uri = plan[member];
    return uri === undefined ? [] : [{ name, uri, localPath: at, isManifest: false }];
  });
}

const pathKeys: Readonly<Partial<Record<string, string>>> = {
  constraints: 'baseline_constraints',
  baseline: 'baseline_statistics',
  record_preprocessor_script: 'record_preprocessor_script',
  post_analytics_processor_script: 'post_analytics_processor_script',
};

function pathsOf(plan: MonitoringPlan): Readonly<Record<string, string>> {
  const paths: Record<string, string> = {};
  for (const { name, uri, localPath } of documentInputs(plan)) {
    const key = pathKeys[name];
    if (key !== undefined) paths[key] = `${localPath}/${uri.split('/').at(-1) ?? ''}`;
  }
  return paths;
}

/** `{output}/{endpoint}/{schedule}/yyyy/mm/dd/hh`, by the nominal hour; no endpoint of a batch. */
function reportOutput({ schedule, execution, plan }: RunOfSchedule): ProcessingOutput {
  const { endpointName } = plan;
  const parts = [
    base(plan),
    ...(endpointName === undefined ? [] : [endpointName]),
    schedule.name,
    hourFolder(execution.scheduledAtMs),
  ];
  return { name: 'result', uri: parts.join('/'), localPath: plan.outputLocalPath };
}

function formatOf({ batch }: MonitoringPlan, isMerged: boolean): string {
  if (isMerged) return `{"sagemakerMergeJson":${batch ? batchNames : captureNames}}`;
  return batch?.datasetFormat ?? `{"sagemakerCaptureJson":${captureNames}}`;
}

const isoSeconds = (ms: number) => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

function commonEnvironment({ schedule, plan, window, captureUri }: RunOfSchedule) {
  const { endpointName } = plan;
  return {
    ...plan.environment,
    dataset_source: plan.inputLocalPath,
    start_time: isoSeconds(window.startMs),
    end_time: isoSeconds(window.endMs),
    output_path: plan.outputLocalPath,
    sagemaker_monitoring_schedule_name: schedule.name,
    monitoring_input_type: endpointName === undefined ? 'BATCH_TRANSFORM_INPUT' : 'ENDPOINT_INPUT',
    ...(endpointName === undefined
      ? {}
      : {
          sagemaker_endpoint_name: endpointName,
          sagemaker_endpoint_datacapture_prefix: captureUri,
        }),
  };
}

/** As the definition says, else Enabled; runs on demand never publish. */
function publishing({ expression }: ScheduleRow, { environment }: MonitoringPlan): string {
  if (expression === 'NOW') return 'Disabled';
  return environment['publish_cloudwatch_metrics'] ?? 'Enabled';
}
