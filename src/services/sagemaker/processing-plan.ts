/** Makes a runnable plan of a CreateProcessingJob request; refuses what is not built by name. */
import type {
  ProcessingInput as ClientInput,
  ProcessingOutput as ClientOutput,
  CreateProcessingJobRequest,
} from '@aws-sdk/client-sagemaker';
import { parseObjectUri } from '../../engines/objects/space.ts';
import type {
  ProcessingInput,
  ProcessingOutput,
  ProcessingPlan,
} from '../../engines/processing/rows.ts';
import { checkedEnvironment } from './environment.ts';
import { faults } from './faults.ts';

const defaultRuntimeSeconds = 86_400;
const mostInputs = 10;
const mostOutputs = 10;

export function processingPlan(request: CreateProcessingJobRequest): ProcessingPlan {
  const { AppSpecification: app, NetworkConfig: network } = request;
  if (network?.EnableNetworkIsolation) throw faults.notImplemented('EnableNetworkIsolation');
  if (network?.VpcConfig) throw faults.notImplemented('VpcConfig');
  const inputs = (request.ProcessingInputs ?? []).map(inputOf);
  const outputs = (request.ProcessingOutputConfig?.Outputs ?? []).map(outputOf);
  atMost('processingInputs', inputs.length, mostInputs);
  atMost('outputs', outputs.length, mostOutputs);
  eachOnce('processingInputs', 'inputName', inputs);
  eachOnce('processingOutputConfig.outputs', 'outputName', outputs);
  const seconds = request.StoppingCondition?.MaxRuntimeInSeconds ?? defaultRuntimeSeconds;
  return {
    image: app?.ImageUri ?? '',
    entrypoint: app?.ContainerEntrypoint ?? [],
    arguments: app?.ContainerArguments ?? [],
    environment: checkedEnvironment('environment', request.Environment),
    inputs,
    outputs,
    maxRuntimeMs: seconds * 1_000,
    ...keysOf(request),
  };
}

function keysOf({ ProcessingResources, ProcessingOutputConfig }: CreateProcessingJobRequest) {
  const volumeKeyId = ProcessingResources?.ClusterConfig?.VolumeKmsKeyId;
  const outputKeyId = ProcessingOutputConfig?.KmsKeyId;
  return { ...(volumeKeyId ? { volumeKeyId } : {}), ...(outputKeyId ? { outputKeyId } : {}) };
}

function atMost(member: string, count: number, limit: number): void {
  if (count <= limit) return;
  throw faults.badMember(member, `Member must have length less than or equal to ${limit}`);
}

function eachOnce(member: string, what: string, named: readonly { readonly name: string }[]): void {
  const names = named.map(({ name }) => name).filter((name) => name !== '');
  const again = names.find((name, at) => names.indexOf(name) !== at);
  if (again === undefined) return;
  throw faults.badMember(member, `the ${what} ${again} is given more than once`);
}

function inputOf(input: ClientInput, at: number): ProcessingInput {
  const member = `processingInputs.${at + 1}.member`;
  if (input.DatasetDefinition) throw faults.notImplemented('DatasetDefinition');
  const source = input.S3Input;
  if (!source?.S3Uri) throw faults.badMember(`${member}.s3Input.s3Uri`, 'Member must not be null');
  if (!source.LocalPath) {
    throw faults.badMember(`${member}.s3Input.localPath`, 'Member must not be null');
  }
  if (source.S3CompressionType === 'Gzip') throw faults.notImplemented('S3CompressionType Gzip');
  if (source.S3InputMode === 'Pipe') throw faults.notImplemented('S3InputMode Pipe');
  return {
    name: input.InputName ?? '',
    uri: checkedUri(`${member}.s3Input.s3Uri`, source.S3Uri),
    localPath: checkedPath(`${member}.s3Input.localPath`, source.LocalPath),
    isManifest: source.S3DataType === 'ManifestFile',
  };
}

function outputOf(output: ClientOutput, at: number): ProcessingOutput {
  const member = `processingOutputConfig.outputs.${at + 1}.member`;
  if (output.FeatureStoreOutput) throw faults.notImplemented('FeatureStoreOutput');
  const target = output.S3Output;
  if (!target?.S3Uri || !target.LocalPath) {
    throw faults.badMember(`${member}.s3Output`, 'S3Uri and LocalPath must not be null');
  }
  if (target.S3UploadMode === 'Continuous') throw faults.notImplemented('S3UploadMode Continuous');
  return {
    name: output.OutputName ?? '',
    uri: checkedUri(`${member}.s3Output.s3Uri`, target.S3Uri),
    localPath: checkedPath(`${member}.s3Output.localPath`, target.LocalPath),
  };
}

function checkedUri(member: string, uri: string): string {
  const parsed = parseObjectUri(uri);
  if (!parsed.ok) throw faults.badMember(member, parsed.reason);
  return uri;
}

function checkedPath(member: string, path: string): string {
  const safe = path.startsWith('/opt/ml/') && !path.split('/').includes('..');
  if (!safe) throw faults.badMember(member, 'Member must be a path below /opt/ml/ without ..');
  return path;
}
