/** The monitoring and processing operations over the jobs that act on what they store. */
import { Fleet } from '../../engines/hosting/fleet.ts';
import { scope, Watch } from '../../jobs/monitoring/monitoring.fixture.ts';
import type { Call, OperationTable } from '../../wire/operation.ts';
import { accessOf } from './access.fixture.ts';
import type { Ctx } from './context.ts';
import { tagOperations } from './index.ts';
import type { MonitoringCtx } from './monitoring-context.ts';
import { monitoringOperations } from './monitoring-operations.ts';

const call: Call = {
  scope,
  caller: { accessKeyId: 'A', arn: 'arn:aws:iam::1:root', userId: 'u', account: scope.account },
  requestId: 'r',
  signal: new AbortController().signal,
  endpointUrl: 'http://localhost',
  headers: {},
  url: '/',
  checksums: {},
};

type Answer = Readonly<Record<string, unknown>>;

export class Monitoring extends Watch {
  readonly fleet = new Fleet();
  readonly access = accessOf();
  readonly stopped: string[] = [];

  /** Answers as plain JSON would read it, but for its Dates. */
  async call(name: string, input: object, over: Partial<Call> = {}): Promise<Answer> {
    const { store, clock, random, access } = this;
    const ctx: MonitoringCtx & Ctx = {
      ...{ ...call, store, clock, random, access, keys: this.kept.keys },
      wake: (loop: string) => void this.woken.push(loop),
      fleet: this.fleet,
      processingQueue: this.queue,
      stopProcessing: (key: string) => {
        this.stopped.push(key);
        this.processing.stopJob(key);
      },
      ...over,
    };
    const tables: OperationTable<MonitoringCtx & Ctx> = {
      ...monitoringOperations,
      ...tagOperations,
    };
    const run = tables[name];
    if (!run) throw new Error(`there is no operation ${name}`);
    return ((await run(input as never, ctx)) ?? {}) as Answer;
  }
}

const cluster = { InstanceCount: 1, InstanceType: 'ml.m5.xlarge', VolumeSizeInGB: 20 };
export const analyzerImage = '1.dkr.ecr.eu-west-1.amazonaws.com/analyzer';
const outputs = {
  MonitoringOutputs: [
    { S3Output: { S3Uri: 's3://records/reports', LocalPath: '/opt/ml/processing/output' } },
  ],
};

/** The endpoint as the original's Python SDK writes it. */
export const endpointInput = {
  EndpointName: 'churn',
  LocalPath: '/opt/ml/processing/input/endpoint_input',
  S3InputMode: 'File',
  S3DataDistributionType: 'FullyReplicated',
};

/** A definition inline in a schedule. */
export function inline(over: object = {}) {
  return {
    MonitoringInputs: [{ EndpointInput: endpointInput }],
    MonitoringOutputConfig: outputs,
    MonitoringResources: { ClusterConfig: cluster },
    MonitoringAppSpecification: { ImageUri: analyzerImage },
    RoleArn: 'arn:aws:iam::111122223333:role/monitor',
    ...over,
  };
}

export function scheduled(name: string, over: object = {}) {
  return {
    MonitoringScheduleName: name,
    MonitoringScheduleConfig: {
      ScheduleConfig: { ScheduleExpression: 'cron(0 * ? * * *)' },
      MonitoringType: 'DataQuality',
      MonitoringJobDefinition: inline(),
      ...over,
    },
  };
}

/** A schedule of a named definition, as the original's Python SDK makes it. */
export function scheduledByName(name: string, definition: string) {
  return {
    MonitoringScheduleName: name,
    MonitoringScheduleConfig: {
      MonitoringJobDefinitionName: definition,
      MonitoringType: 'DataQuality',
      ScheduleConfig: { ScheduleExpression: 'cron(0 * ? * * *)' },
    },
    Tags: [],
  };
}

/** A named definition, as the original's Python SDK makes it. */
export function definition(name: string, over: object = {}) {
  return {
    JobDefinitionName: name,
    DataQualityAppSpecification: {
      ImageUri: analyzerImage,
      Environment: { publish_cloudwatch_metrics: 'Enabled' },
    },
    DataQualityBaselineConfig: {},
    DataQualityJobInput: { EndpointInput: endpointInput },
    DataQualityJobOutputConfig: outputs,
    JobResources: { ClusterConfig: cluster },
    StoppingCondition: { MaxRuntimeInSeconds: 3_600 },
    RoleArn: 'arn:aws:iam::111122223333:role/monitor',
    Tags: [],
    ...over,
  };
}
