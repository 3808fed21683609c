/**
 * The condition keys that the service adds, from the members of requests. What a request does not
 * say has no key. Keys of encryption have two spellings: the newer one is what the service's
 * reference lists, the older one what policies in use are written with.
 */
import type {
  CreateEndpointConfigInput,
  CreateModelInput,
  CreateProcessingJobRequest,
  CreateTransformJobRequest,
  MonitoringClusterConfig,
  MonitoringJobDefinition,
  MonitoringNetworkConfig,
  MonitoringOutputConfig,
  MonitoringResources,
  MonitoringStoppingCondition,
  ProcessingClusterConfig,
  VpcConfig,
} from '@aws-sdk/client-sagemaker';
import type { MonitoringType } from '../../engines/monitoring/rows.ts';
import type { KeyValue } from '../../kernel/check.ts';
import type { Keys } from './checks.ts';

function given(
  values: Readonly<Record<string, KeyValue | readonly (string | undefined)[] | undefined>>,
): Keys {
  const keys: Record<string, KeyValue> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const many = Array.isArray(value);
    const kept = many ? value.filter((one) => one !== undefined) : (value as KeyValue);
    if (!many || (kept as readonly string[]).length > 0) keys[`sagemaker:${name}`] = kept;
  }
  return keys;
}

const kmsKeys = (name: 'volumekmskey' | 'outputkmskey', key: string | undefined) => ({
  [name]: key || undefined,
  [`${name}arn`]: key || undefined,
});

const vpcKeys = (config: VpcConfig | undefined) => ({
  vpcsubnets: config?.Subnets,
  vpcsecuritygroupids: config?.SecurityGroupIds,
});

interface JobMembers {
  readonly cluster: ProcessingClusterConfig | MonitoringClusterConfig | undefined;
  readonly network: MonitoringNetworkConfig | undefined;
  readonly outputKey: string | undefined;
  readonly stopping: MonitoringStoppingCondition | undefined;
}

function jobKeys({ cluster, network, outputKey, stopping }: JobMembers): Keys {
  return given({
    instancetypes: [cluster?.InstanceType],
    ...kmsKeys('volumekmskey', cluster?.VolumeKmsKeyId),
    ...kmsKeys('outputkmskey', outputKey),
    ...vpcKeys(network?.VpcConfig),
    networkisolation: network?.EnableNetworkIsolation,
    intercontainertrafficencryption: network?.EnableInterContainerTrafficEncryption,
    maxruntimeinseconds: stopping?.MaxRuntimeInSeconds,
  });
}

export function processingKeys(input: CreateProcessingJobRequest): Keys {
  return jobKeys({
    cluster: input.ProcessingResources?.ClusterConfig,
    network: input.NetworkConfig,
    outputKey: input.ProcessingOutputConfig?.KmsKeyId,
    stopping: input.StoppingCondition,
  });
}

/** None of a schedule that names its definition: that was judged when it was made. */
export function inlineKeys(definition: MonitoringJobDefinition | undefined): Keys {
  return jobKeys({
    cluster: definition?.MonitoringResources?.ClusterConfig,
    network: definition?.NetworkConfig,
    outputKey: definition?.MonitoringOutputConfig?.KmsKeyId,
    stopping: definition?.StoppingCondition,
  });
}

export interface DefinitionMembers {
  readonly JobResources?: MonitoringResources | undefined;
  readonly NetworkConfig?: MonitoringNetworkConfig | undefined;
  readonly StoppingCondition?: MonitoringStoppingCondition | undefined;
}

/** The wire has checked the members against the model of the kind. */
export function definitionKeys(type: MonitoringType, request: DefinitionMembers): Keys {
  const members = request as Readonly<Record<string, unknown>>;
  const output = members[`${type}JobOutputConfig`] as MonitoringOutputConfig | undefined;
  return jobKeys({
    cluster: request.JobResources?.ClusterConfig,
    network: request.NetworkConfig,
    outputKey: output?.KmsKeyId,
    stopping: request.StoppingCondition,
  });
}

export function modelKeys({ EnableNetworkIsolation, VpcConfig }: CreateModelInput): Keys {
  return given({ networkisolation: EnableNetworkIsolation, ...vpcKeys(VpcConfig) });
}

/** Without the model: a configuration may name several, and each is judged. */
export function endpointConfigKeys(input: CreateEndpointConfigInput): Keys {
  const variants = [...(input.ProductionVariants ?? []), ...(input.ShadowProductionVariants ?? [])];
  const serverless = variants.flatMap(({ ServerlessConfig }) => ServerlessConfig ?? []);
  const [memory, concurrency] = [
    serverless.map(({ MemorySizeInMB }) => MemorySizeInMB),
    serverless.map(({ MaxConcurrency }) => MaxConcurrency),
  ].map(largest);
  return given({
    instancetypes: variants.map(({ InstanceType }) => InstanceType),
    acceleratortypes: variants.map(({ AcceleratorType }) => AcceleratorType),
    serverlessmemorysize: memory,
    serverlessmaxconcurrency: concurrency,
    networkisolation: input.EnableNetworkIsolation,
    ...kmsKeys('volumekmskey', input.KmsKeyId),
    ...vpcKeys(input.VpcConfig),
  });
}

/** Policies bound these from above: the largest of several stands for all. */
function largest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

export function modelArnKey(arn: string): Keys {
  return { 'sagemaker:modelarn': arn };
}

export function transformKeys(input: CreateTransformJobRequest): Keys {
  const { TransformResources: resources } = input;
  return given({
    instancetypes: [resources?.InstanceType],
    ...kmsKeys('volumekmskey', resources?.VolumeKmsKeyId),
    ...kmsKeys('outputkmskey', input.TransformOutput?.KmsKeyId),
  });
}
