/** The processing job of one run of a schedule: inputs, environment and outputs of the contract. */
import {
  type ExecutionRow,
  type MonitoringPlan,
  type ScheduleRow,
  scoped,
} from '../../engines/monitoring/rows.ts';
import type { Window } from '../../engines/monitoring/window.ts';
import type {
  ProcessingInput,
  ProcessingJobRow,
  ProcessingOutput,
} from '../../engines/processing/rows.ts';
import { formatArn } from '../../kernel/arn.ts';
import { hourFolder } from '../../kernel/hours.ts';

export interface RunOfSchedule {
  readonly schedule: ScheduleRow;
  readonly execution: ExecutionRow;
  readonly executionKey: string;
  readonly plan: MonitoringPlan;
  readonly window: Window;
  readonly captureUri: string;
  readonly nowMs: number;
}

const baselineFolder = '/opt/ml/processing/baseline';
const captureFormat =
  '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}';

export function monitoringJob(run: RunOfSchedule): ProcessingJobRow {
  const { schedule, execution, executionKey, plan, window, captureUri, nowMs } = run;
  const name = jobName(execution);
  const inputs = baselineInputs(plan);
  const outputs = [reportOutput(run)];
  const environment = environmentOf(run);
  const maxRuntimeMs = plan.maxRuntimeSeconds * 1_000;
  return {
    arn: formatArn(schedule.scope, 'sagemaker', `processing-job/${name}`),
    name,
    scope: schedule.scope,
    status: 'InProgress',
    request: describedRequest(run, { name, environment, inputs, outputs }),
    plan: {
      image: plan.image,
      entrypoint: plan.entrypoint,
      arguments: plan.arguments,
      environment,
      inputs,
      outputs,
      maxRuntimeMs,
    },
    monitoring: {
      scheduleKey: scoped(schedule.scope, schedule.name),
      scheduleName: schedule.name,
      executionKey,
      endpointName: plan.endpointName,
      captureUri,
      captureLocalPath: plan.inputLocalPath,
      windowStartMs: window.startMs,
      windowEndMs: window.endMs,
      scheduledAtMs: execution.scheduledAtMs,
    },
    createdAtMs: nowMs,
    modifiedAtMs: nowMs,
  };
}

/** As the original names them: kind, nominal minute, 24 hexadecimal digits. */
function jobName(execution: ExecutionRow): string {
  const minute = new Date(execution.scheduledAtMs).toISOString().replace(/\D/g, '').slice(0, 12);
  return `model-monitoring-${minute}-${execution.id.replaceAll('-', '').slice(0, 24)}`;
}

function baselineInputs(plan: MonitoringPlan): readonly ProcessingInput[] {
  const input = (name: string, uri: string | undefined): ProcessingInput[] =>
    uri === undefined
      ? []
      : [{ name, uri, localPath: `${baselineFolder}/${name}`, isManifest: false }];
  return [...input('constraints', plan.constraintsUri), ...input('baseline', plan.statisticsUri)];
}

function localFile(input: string, uri: string): string {
  return `${baselineFolder}/${input}/${uri.split('/').at(-1) ?? ''}`;
}

/** `{output}/{endpoint}/{schedule}/yyyy/mm/dd/hh`, by the nominal hour. */
function reportOutput({ schedule, execution, plan }: RunOfSchedule): ProcessingOutput {
  const base = plan.outputUri.replace(/\/+$/, '');
  const hour = hourFolder(execution.scheduledAtMs);
  return {
    name: 'result',
    uri: `${base}/${plan.endpointName}/${schedule.name}/${hour}`,
    localPath: plan.outputLocalPath,
  };
}

const isoSeconds = (ms: number) => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

function environmentOf({ schedule, plan, window, captureUri }: RunOfSchedule) {
  return {
    ...plan.environment,
    dataset_format: captureFormat,
    dataset_source: plan.inputLocalPath,
    start_time: isoSeconds(window.startMs),
    end_time: isoSeconds(window.endMs),
    output_path: plan.outputLocalPath,
    publish_cloudwatch_metrics: publishing(schedule, plan),
    sagemaker_endpoint_name: plan.endpointName,
    sagemaker_monitoring_schedule_name: schedule.name,
    sagemaker_endpoint_datacapture_prefix: captureUri,
    monitoring_input_type: 'ENDPOINT_INPUT',
    ...(plan.constraintsUri === undefined
      ? {}
      : { baseline_constraints: localFile('constraints', plan.constraintsUri) }),
    ...(plan.statisticsUri === undefined
      ? {}
      : { baseline_statistics: localFile('baseline', plan.statisticsUri) }),
  };
}

/** As the definition says, else Enabled; runs on demand never publish. */
function publishing({ expression }: ScheduleRow, { environment }: MonitoringPlan): string {
  if (expression === 'NOW') return 'Disabled';
  return environment['publish_cloudwatch_metrics'] ?? 'Enabled';
}

interface Described {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly inputs: readonly ProcessingInput[];
  readonly outputs: readonly ProcessingOutput[];
}

/** What DescribeProcessingJob shows, in the shape of the request a client would have sent. */
function describedRequest({ plan, captureUri }: RunOfSchedule, described: Described) {
  const s3Input = (uri: string, localPath: string) => ({
    S3Uri: uri,
    LocalPath: localPath,
    S3DataType: 'S3Prefix',
    S3InputMode: 'File',
    S3DataDistributionType: 'FullyReplicated',
    S3CompressionType: 'None',
  });
  return {
    ProcessingJobName: described.name,
    ProcessingInputs: [
      ...described.inputs.map(({ name, uri, localPath }) => ({
        InputName: name,
        S3Input: s3Input(uri, localPath),
      })),
      { InputName: 'endpoint_input_1', S3Input: s3Input(captureUri, plan.inputLocalPath) },
    ],
    ProcessingOutputConfig: {
      Outputs: described.outputs.map(({ name, uri, localPath }) => ({
        OutputName: name,
        S3Output: { S3Uri: uri, LocalPath: localPath, S3UploadMode: 'EndOfJob' },
      })),
    },
    AppSpecification: {
      ImageUri: plan.image,
      ...(plan.entrypoint.length > 0 ? { ContainerEntrypoint: plan.entrypoint } : {}),
      ...(plan.arguments.length > 0 ? { ContainerArguments: plan.arguments } : {}),
    },
    ProcessingResources: plan.resources,
    StoppingCondition: { MaxRuntimeInSeconds: plan.maxRuntimeSeconds },
    RoleArn: plan.roleArn,
    Environment: described.environment,
  };
}
