/** What DescribeProcessingJob shows of a run's job: the request a client would have sent. */
import type { MonitoringPlan } from '../../engines/monitoring/rows.ts';
import type { ProcessingJobRow } from '../../engines/processing/rows.ts';

type Unasked = Omit<ProcessingJobRow, 'request'>;

export function describedRequest({ name, plan: job, monitoring }: Unasked, plan: MonitoringPlan) {
  const source = plan.endpointName === undefined ? 'batch_transform_input_1' : 'endpoint_input_1';
  const inputs = [
    ...job.inputs,
    { name: source, uri: monitoring?.captureUri ?? '', localPath: plan.inputLocalPath },
    ...(monitoring?.groundTruthUri === undefined
      ? []
      : [
          {
            name: 'ground_truth_input_1',
            uri: monitoring.groundTruthUri,
            localPath: monitoring.groundTruthLocalPath ?? '',
          },
        ]),
  ];
  return {
    ProcessingJobName: name,
    ProcessingInputs: inputs.map((input) => ({
      InputName: input.name,
      S3Input: s3Input(input.uri, input.localPath),
    })),
    ProcessingOutputConfig: {
      ...(plan.outputKeyId === undefined ? {} : { KmsKeyId: plan.outputKeyId }),
      Outputs: job.outputs.map((output) => ({
        OutputName: output.name,
        S3Output: { S3Uri: output.uri, LocalPath: output.localPath, S3UploadMode: 'EndOfJob' },
      })),
    },
    AppSpecification: {
      ImageUri: job.image,
      ...(job.entrypoint.length > 0 ? { ContainerEntrypoint: job.entrypoint } : {}),
      ...(job.arguments.length > 0 ? { ContainerArguments: job.arguments } : {}),
    },
    ProcessingResources: plan.resources,
    StoppingCondition: { MaxRuntimeInSeconds: plan.maxRuntimeSeconds },
    RoleArn: plan.roleArn,
    Environment: job.environment,
  };
}

function s3Input(uri: string, localPath: string) {
  return {
    S3Uri: uri,
    LocalPath: localPath,
    S3DataType: 'S3Prefix',
    S3InputMode: 'File',
    S3DataDistributionType: 'FullyReplicated',
    S3CompressionType: 'None',
  };
}
