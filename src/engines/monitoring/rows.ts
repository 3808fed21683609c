/**
 * What monitoring keeps: schedules, their executions and alerts, and named job definitions.
 * Shared by the façade that edits them and the jobs that act on them; no behaviour here.
 */
import type { Scope } from '../../kernel/arn.ts';
import { type Collection, sortable } from '../../ports/metadata-store.ts';

export type MonitoringType = 'DataQuality' | 'ModelQuality' | 'ModelBias' | 'ModelExplainability';

/** Batches whose manifests lie below the URI. */
export interface BatchSource {
  readonly dataUri: string;
  /** The JSON of `dataset_format`. */
  readonly datasetFormat: string;
}

/** A definition as a run needs it, whichever way it was given. */
export interface MonitoringPlan {
  readonly image: string;
  readonly entrypoint: readonly string[];
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** One of the two is there: an endpoint whose captured records are watched, or batches. */
  readonly endpointName?: string;
  readonly batch?: BatchSource;
  /** Where the container finds the captured data. */
  readonly inputLocalPath: string;
  /** Keys of the contract that say where things are in a record, and what problem it is. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** `s3://…`: labels, in folders by hour. */
  readonly groundTruthUri?: string;
  /** `s3://…/analysis_config.json`. */
  readonly configUri?: string;
  /** `s3://…`: a script that makes rows of each record, one that is run after the analysis. */
  readonly preprocessorUri?: string;
  readonly postprocessorUri?: string;
  /** ISO-8601 durations that shift the window from the nominal time, for late labels. */
  readonly startTimeOffset?: string;
  readonly endTimeOffset?: string;
  readonly outputUri: string;
  readonly outputLocalPath: string;
  readonly constraintsUri?: string;
  readonly statisticsUri?: string;
  /** The baseline's documents are that job's outputs when no URI is given. */
  readonly baseliningJobName?: string;
  /** Managed keys as the client named them: of what a run writes, of what it keeps meanwhile. */
  readonly outputKeyId?: string;
  readonly volumeKeyId?: string;
  readonly maxRuntimeSeconds: number;
  readonly roleArn: string;
  /** Instance type, count, volume: kept for Describe, without effect here. */
  readonly resources: Readonly<Record<string, unknown>>;
}

export interface ScheduleRow {
  readonly arn: string;
  readonly name: string;
  readonly scope: Scope;
  readonly status: 'Pending' | 'Scheduled' | 'Stopped' | 'Failed';
  readonly failureReason?: string;
  readonly type: MonitoringType;
  /** The MonitoringScheduleConfig as the client sent it. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly jobDefinitionName?: string;
  /** Absent for a named definition: it is read when a run starts. */
  readonly plan?: MonitoringPlan;
  readonly endpointName?: string;
  readonly expression: string;
  /** ISO-8601 durations relative to the nominal time; both or none. */
  readonly analysisStart?: string;
  readonly analysisEnd?: string;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
  /** The nominal time of the next run; absent when none will come. */
  readonly nextRunAtMs?: number;
  /** The execution that has not ended; at most one. */
  readonly runningExecution?: string;
  readonly lastExecution?: string;
  readonly alert: Alert;
}

export interface Alert {
  readonly name: string;
  readonly status: 'OK' | 'InAlert';
  readonly datapointsToAlert: number;
  readonly evaluationPeriod: number;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
}

export interface AlertTransition {
  readonly scope: Scope;
  readonly scheduleName: string;
  readonly alertName: string;
  readonly status: 'OK' | 'InAlert';
  readonly atMs: number;
}

export type ExecutionStatus =
  | 'Pending'
  | 'InProgress'
  | 'Completed'
  | 'CompletedWithViolations'
  | 'Failed'
  | 'Stopping'
  | 'Stopped';

export interface ExecutionRow {
  readonly id: string;
  readonly scheduleArn: string;
  readonly scheduleName: string;
  readonly scope: Scope;
  readonly type: MonitoringType;
  readonly jobDefinitionName?: string;
  readonly endpointName?: string;
  /** Nominal, without start delay. */
  readonly scheduledAtMs: number;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  readonly status: ExecutionStatus;
  readonly processingJobArn?: string;
  readonly failureReason?: string;
  /** Of its report, by name: later reports draw the course of them. */
  readonly figures?: Readonly<Record<string, number>>;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
}

export interface JobDefinitionRow {
  readonly arn: string;
  readonly name: string;
  readonly scope: Scope;
  readonly type: MonitoringType;
  readonly endpointName?: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly plan: MonitoringPlan;
  readonly createdAtMs: number;
}

/** Keyed by `<account>/<region>/<name, lower case>`, as all here unless said otherwise. */
export const schedules: Collection<ScheduleRow> = {
  name: 'monitoring/schedule',
  indexes: {
    due: (row) =>
      row.status === 'Scheduled' && row.nextRunAtMs !== undefined && !row.runningExecution
        ? sortable(row.nextRunAtMs)
        : undefined,
    endpoint: (row) => row.endpointName && scoped(row.scope, row.endpointName),
    definition: (row) =>
      row.jobDefinitionName && definitionKey(row.type, scoped(row.scope, row.jobDefinitionName)),
  },
};

/** Keyed by `<schedule's key>/<scheduled time, sortable>/<id>`; outlives its schedule. */
export const executions: Collection<ExecutionRow> = { name: 'monitoring/execution' };

/** Keyed by `<schedule's key>/<instant, sortable>/<status>`. */
export const alertHistory: Collection<AlertTransition> = { name: 'monitoring/alert-history' };

/** A name may be used once in each kind of monitor. */
export const jobDefinitions: Readonly<Record<MonitoringType, Collection<JobDefinitionRow>>> = {
  DataQuality: { name: 'monitoring/data-quality-definition' },
  ModelQuality: { name: 'monitoring/model-quality-definition' },
  ModelBias: { name: 'monitoring/model-bias-definition' },
  ModelExplainability: { name: 'monitoring/model-explainability-definition' },
};

export function scoped(scope: Scope, name: string): string {
  return `${scope.account}/${scope.region}/${name.toLowerCase()}`;
}

/** What schedules that use a definition are found by. */
export function definitionKey(type: MonitoringType, key: string): string {
  return `${type}/${key}`;
}

export function executionKey(row: ExecutionRow): string {
  return `${scoped(row.scope, row.scheduleName)}/${sortable(row.scheduledAtMs)}/${row.id}`;
}
