/** DataCaptureConfig: from the request to what the gateway does, and back as a summary. */
import type { DataCaptureConfig, DataCaptureConfigSummary } from '@aws-sdk/client-sagemaker';
import type { CapturePlan } from '../../engines/hosting/rows.ts';
import { parseObjectUri } from '../../engines/objects/space.ts';
import { faults } from './faults.ts';

const member = 'dataCaptureConfig';
const longestUri = 512;
const mostTypes = 10;
const longestType = 256;
const mediaType = /^[a-zA-Z0-9](-*[a-zA-Z0-9])*\/[a-zA-Z0-9](-*[a-zA-Z0-9.])*/;

export function capturePlan(config: DataCaptureConfig | undefined): CapturePlan | undefined {
  if (!config) return undefined;
  const samplingPercent = config.InitialSamplingPercentage ?? Number.NaN;
  if (!(samplingPercent >= 0 && samplingPercent <= 100)) {
    throw faults.badMember(`${member}.initialSamplingPercentage`, 'Member must be from 0 to 100');
  }
  const modes = (config.CaptureOptions ?? []).map(({ CaptureMode }) => CaptureMode);
  if (modes.length === 0) {
    throw faults.badMember(`${member}.captureOptions`, 'Member must have length at least 1');
  }
  const both = modes.includes('InputAndOutput');
  const types = config.CaptureContentTypeHeader;
  return {
    enabled: config.EnableCapture ?? true,
    samplingPercent,
    destinationUri: destination(config.DestinationS3Uri ?? ''),
    input: both || modes.includes('Input'),
    output: both || modes.includes('Output'),
    csvTypes: mediaTypes(types?.CsvContentTypes, 'csvContentTypes'),
    jsonTypes: mediaTypes(types?.JsonContentTypes, 'jsonContentTypes'),
    ...(config.KmsKeyId ? { keyId: config.KmsKeyId } : {}),
  };
}

function destination(uri: string): string {
  const at = parseObjectUri(uri);
  if (at.ok && uri.length <= longestUri) return uri.replace(/\/+$/, '');
  throw faults.badMember(
    `${member}.destinationS3Uri`,
    `must be s3://bucket/prefix of at most ${longestUri} characters, and is ${uri.slice(0, 100)}`,
  );
}

function mediaTypes(types: readonly string[] | undefined, list: string): readonly string[] {
  const at = `${member}.captureContentTypeHeader.${list}`;
  if (types && (types.length < 1 || types.length > mostTypes)) {
    throw faults.badMember(at, `Member must have length from 1 to ${mostTypes}`);
  }
  for (const type of types ?? []) {
    if (type.length > longestType || !mediaType.test(type)) {
      throw faults.badMember(at, `must be type/subtype, and is ${type.slice(0, longestType)}`);
    }
  }
  return (types ?? []).map((type) => type.toLowerCase());
}

/** Every member is required in the shape, so a key that was not given is an empty string. */
export function captureSummary(plan: CapturePlan): DataCaptureConfigSummary {
  return {
    EnableCapture: plan.enabled,
    CaptureStatus: plan.enabled ? 'Started' : 'Stopped',
    CurrentSamplingPercentage: plan.samplingPercent,
    DestinationS3Uri: plan.destinationUri,
    KmsKeyId: plan.keyId ?? '',
  };
}
