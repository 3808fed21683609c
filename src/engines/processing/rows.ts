/**
 * Processing jobs: a program, or a built-in analysis, over inputs from and outputs to the object
 * space. Shared by the façade, the schedules that start them, and the job that runs them.
 */
import type { Scope } from '../../kernel/arn.ts';
import type { Collection } from '../../ports/metadata-store.ts';
import type { MonitoringType } from '../monitoring/rows.ts';

export interface ProcessingInput {
  readonly name: string;
  /** `s3://bucket/prefix`: every object whose key starts so. */
  readonly uri: string;
  /** Below `/opt/ml/processing` as the container sees it. */
  readonly localPath: string;
  /** The URI names a manifest: a JSON list, a prefix first and keys after it. */
  readonly isManifest: boolean;
}

export interface ProcessingOutput {
  readonly name: string;
  readonly uri: string;
  readonly localPath: string;
}

export interface ProcessingPlan {
  readonly image: string;
  readonly entrypoint: readonly string[];
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly inputs: readonly ProcessingInput[];
  readonly outputs: readonly ProcessingOutput[];
  readonly maxRuntimeMs: number;
  /** Managed keys as the client named them: of what the job keeps meanwhile, of what it writes. */
  readonly volumeKeyId?: string;
  readonly outputKeyId?: string;
}

/** What a run of a schedule adds to a processing job. */
export interface MonitoringOfJob {
  readonly type: MonitoringType;
  /** Of the schedule's row. */
  readonly scheduleKey: string;
  readonly scheduleName: string;
  readonly executionKey: string;
  readonly executionId: string;
  /** Absent where the records of a batch are watched. */
  readonly endpointName?: string;
  /**
   * Where the records lie in folders `<variant>/yyyy/mm/dd/hh/` (of a batch: `yyyy/mm/dd/hh/`):
   * `s3://bucket/prefix/<endpoint>`, or what a merge before this job has made of it.
   */
  readonly captureUri: string;
  readonly captureLocalPath: string;
  /** The files that a merge made for this run alone end so; others in the folders are not read. */
  readonly fileSuffix?: string;
  /** Labels to merge lie here in folders `yyyy/mm/dd/hh/`; such a job is a merge. */
  readonly groundTruthUri?: string;
  readonly groundTruthLocalPath?: string;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  readonly scheduledAtMs: number;
  /** Started when this job has completed, as the execution's own. */
  readonly followedBy?: ProcessingJobRow;
}

export type ProcessingStatus = 'InProgress' | 'Completed' | 'Failed' | 'Stopping' | 'Stopped';

export interface ProcessingJobRow {
  readonly arn: string;
  readonly name: string;
  readonly scope: Scope;
  readonly status: ProcessingStatus;
  /** As the client sent it, for Describe. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly plan: ProcessingPlan;
  readonly monitoring?: MonitoringOfJob;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
  readonly startedAtMs?: number;
  readonly endedAtMs?: number;
  readonly exitMessage?: string;
  readonly failureReason?: string;
}

/** Keyed by `<account>/<region>/<name, lower case>`. */
export const processingJobs: Collection<ProcessingJobRow> = { name: 'processing/job' };

/** The work item that runs a job carries the key of its row. */
export interface ProcessingWork {
  readonly key: string;
}

export const processingQueueName = 'processing';

const ended: ReadonlySet<ProcessingStatus> = new Set(['Completed', 'Failed', 'Stopped']);

export function hasEnded(row: ProcessingJobRow): boolean {
  return ended.has(row.status);
}
