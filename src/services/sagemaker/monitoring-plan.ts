/**
 * Makes one plan of the two ways to say what a data-quality run does: a definition inline in the
 * schedule, and a named DataQualityJobDefinition.
 */
import type {
  CreateDataQualityJobDefinitionRequest,
  MonitoringAppSpecification,
  MonitoringJobDefinition,
  MonitoringNetworkConfig,
  MonitoringOutputConfig,
  MonitoringResources,
} from '@aws-sdk/client-sagemaker';
import { parseDurationMs } from '../../engines/cron/cadence.ts';
import type { MonitoringPlan } from '../../engines/monitoring/rows.ts';
import { parseObjectUri } from '../../engines/objects/space.ts';
import { faults } from './faults.ts';

const defaultRuntimeSeconds = 3_600;

/** Environment keys that a run sets itself. */
const reserved: ReadonlySet<string> = new Set([
  'dataset_format',
  'dataset_source',
  'start_time',
  'end_time',
  'output_path',
  'sagemaker_endpoint_name',
  'sagemaker_monitoring_schedule_name',
  'sagemaker_endpoint_datacapture_prefix',
  'baseline_constraints',
  'baseline_statistics',
]);

export function planOfInline(definition: MonitoringJobDefinition): MonitoringPlan {
  const [input, ...more] = definition.MonitoringInputs ?? [];
  if (!input || more.length > 0) {
    throw faults.badMember('monitoringInputs', 'Member must have length equal to 1');
  }
  return planOf({
    app: definition.MonitoringAppSpecification,
    environment: definition.Environment,
    input,
    output: definition.MonitoringOutputConfig,
    baseline: definition.BaselineConfig,
    resources: definition.MonitoringResources,
    network: definition.NetworkConfig,
    maxRuntimeSeconds: definition.StoppingCondition?.MaxRuntimeInSeconds,
    roleArn: definition.RoleArn,
  });
}

export function planOfDefinition(request: CreateDataQualityJobDefinitionRequest): MonitoringPlan {
  return planOf({
    app: request.DataQualityAppSpecification,
    environment: request.DataQualityAppSpecification?.Environment,
    input: request.DataQualityJobInput,
    output: request.DataQualityJobOutputConfig,
    baseline: request.DataQualityBaselineConfig,
    resources: request.JobResources,
    network: request.NetworkConfig,
    maxRuntimeSeconds: request.StoppingCondition?.MaxRuntimeInSeconds,
    roleArn: request.RoleArn,
  });
}

interface Parts {
  readonly app: MonitoringAppSpecification | undefined;
  readonly environment: Record<string, string> | undefined;
  readonly input:
    | Pick<
        NonNullable<MonitoringJobDefinition['MonitoringInputs']>[number],
        'EndpointInput' | 'BatchTransformInput'
      >
    | undefined;
  readonly output: MonitoringOutputConfig | undefined;
  readonly baseline:
    | {
        readonly BaseliningJobName?: string | undefined;
        readonly ConstraintsResource?: { readonly S3Uri?: string | undefined } | undefined;
        readonly StatisticsResource?: { readonly S3Uri?: string | undefined } | undefined;
      }
    | undefined;
  readonly resources: MonitoringResources | undefined;
  readonly network: MonitoringNetworkConfig | undefined;
  readonly maxRuntimeSeconds: number | undefined;
  readonly roleArn: string | undefined;
}

function planOf(parts: Parts): MonitoringPlan {
  const { app, baseline } = parts;
  refuseUnbuilt(parts);
  const endpoint = parts.input?.EndpointInput;
  if (!endpoint?.EndpointName || !endpoint.LocalPath) {
    throw faults.badMember('endpointInput', 'EndpointName and LocalPath must not be null');
  }
  const output = outputOf(parts.output);
  const environment = parts.environment ?? {};
  const clash = Object.keys(environment).find((key) => reserved.has(key));
  if (clash) throw faults.invalid(`Environment: ${clash} is set by the service itself.`);
  return {
    image: app?.ImageUri ?? '',
    entrypoint: app?.ContainerEntrypoint ?? [],
    arguments: app?.ContainerArguments ?? [],
    environment,
    endpointName: endpoint.EndpointName,
    inputLocalPath: endpoint.LocalPath,
    ...optional('startTimeOffset', duration('startTimeOffset', endpoint.StartTimeOffset)),
    ...optional('endTimeOffset', duration('endTimeOffset', endpoint.EndTimeOffset)),
    outputUri: output.uri,
    outputLocalPath: output.localPath,
    ...optional('constraintsUri', uri('constraintsResource', baseline?.ConstraintsResource?.S3Uri)),
    ...optional('statisticsUri', uri('statisticsResource', baseline?.StatisticsResource?.S3Uri)),
    ...optional('baseliningJobName', baseline?.BaseliningJobName),
    maxRuntimeSeconds: parts.maxRuntimeSeconds ?? defaultRuntimeSeconds,
    roleArn: parts.roleArn ?? '',
    resources: { ...parts.resources },
  };
}

/** They say where features and predictions are in a body; rows are found by their names here. */
const unbuiltAttributes = [
  'FeaturesAttribute',
  'InferenceAttribute',
  'ProbabilityAttribute',
  'ProbabilityThresholdAttribute',
  'ExcludeFeaturesAttribute',
] as const;

function refuseUnbuilt({ app, input, network, output, resources }: Parts): void {
  const attribute = unbuiltAttributes.find((name) => input?.EndpointInput?.[name] !== undefined);
  if (attribute) throw faults.notImplemented(`EndpointInput.${attribute}`);
  if (input?.BatchTransformInput) throw faults.notImplemented('BatchTransformInput');
  if (app?.RecordPreprocessorSourceUri) throw faults.notImplemented('RecordPreprocessorSourceUri');
  if (app?.PostAnalyticsProcessorSourceUri) {
    throw faults.notImplemented('PostAnalyticsProcessorSourceUri');
  }
  if (network?.EnableNetworkIsolation) throw faults.notImplemented('EnableNetworkIsolation');
  if (network?.VpcConfig) throw faults.notImplemented('VpcConfig');
  if (output?.KmsKeyId) throw faults.notImplemented('MonitoringOutputConfig.KmsKeyId');
  if (resources?.ClusterConfig?.VolumeKmsKeyId) throw faults.notImplemented('VolumeKmsKeyId');
}

function outputOf(config: MonitoringOutputConfig | undefined) {
  const [first, ...more] = config?.MonitoringOutputs ?? [];
  const output = first?.S3Output;
  if (!output?.S3Uri || !output.LocalPath || more.length > 0) {
    throw faults.badMember('monitoringOutputs', 'Member must hold exactly one S3Output');
  }
  return { uri: uri('s3Uri', output.S3Uri) ?? '', localPath: output.LocalPath };
}

function uri(member: string, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  const parsed = parseObjectUri(value);
  if (!parsed.ok) throw faults.badMember(member, parsed.reason);
  return value;
}

/** The original's pattern is looser than what it then accepts: a bad duration fails at once. */
function duration(member: string, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  const parsed = parseDurationMs(value);
  if (!parsed.ok) throw faults.badMember(member, parsed.reason);
  return value;
}

function optional<Key extends string>(key: Key, value: string | undefined) {
  return (value === undefined || value === '' ? {} : { [key]: value }) as Record<Key, string>;
}
