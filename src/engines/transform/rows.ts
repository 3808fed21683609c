/**
 * Transform jobs: every object of an input goes through a model, and what it answers is kept.
 * Shared by the façade and the job that runs them; no behaviour here.
 */
import type { Scope } from '../../kernel/arn.ts';
import type { Collection } from '../../ports/metadata-store.ts';

/** The model as it was when the job was made: it runs so, whatever became of it since. */
export interface TransformModel {
  readonly name: string;
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  /** `s3://bucket/key` of a .tar.gz archive. */
  readonly archiveUri?: string;
  /** The model's execution role, which the job reads and writes with. */
  readonly roleArn?: string;
}

export interface TransformSource {
  /** `s3://bucket/prefix`, or of a manifest. */
  readonly uri: string;
  readonly isManifest: boolean;
  /** Sent to the model; also says what a record is, for filters and joins. */
  readonly contentType?: string;
  readonly gzip: boolean;
  /** `None`: an object is one record. */
  readonly split: 'None' | 'Line';
}

export interface TransformTarget {
  readonly uri: string;
  readonly accept?: string;
  /** `Line`: every answer ends with a line end. */
  readonly assemble: 'None' | 'Line';
  /** The managed key of what is written, as the client named it. */
  readonly keyId?: string;
}

/** Where the manifests of what was read and written go. */
export interface TransformCapture {
  readonly destinationUri: string;
  /** Every record of the output gets an id of its own and the time of the job. */
  readonly marksRecords: boolean;
}

export interface TransformPlan {
  readonly model: TransformModel;
  readonly source: TransformSource;
  readonly target: TransformTarget;
  /** One record a request, rather than as many as fit. */
  readonly singleRecord: boolean;
  readonly payloadBytes: number;
  /** Requests to the model at a time. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly retries: number;
  /** Paths of `path.ts`; `$` is all of a record. */
  readonly inputFilter: string;
  readonly outputFilter: string;
  readonly joinsInput: boolean;
  readonly capture?: TransformCapture;
  /** The managed key of what the job keeps while it runs, as the client named it. */
  readonly volumeKeyId?: string;
}

export type TransformStatus = 'InProgress' | 'Completed' | 'Failed' | 'Stopping' | 'Stopped';

export interface TransformJobRow {
  readonly arn: string;
  readonly name: string;
  readonly scope: Scope;
  readonly status: TransformStatus;
  /** As the client sent it, for Describe. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly plan: TransformPlan;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
  /** Of its first run: what a later run writes is the same, byte for byte. */
  readonly startedAtMs?: number;
  readonly endedAtMs?: number;
  readonly failureReason?: string;
}

/** Keyed by `<account>/<region>/<name, lower case>`. */
export const transformJobs: Collection<TransformJobRow> = { name: 'transform/job' };

/** The work item that runs a job carries the key of its row. */
export interface TransformWork {
  readonly key: string;
}

export const transformQueueName = 'transform';

const ended: ReadonlySet<TransformStatus> = new Set(['Completed', 'Failed', 'Stopped']);

export function hasEnded(row: TransformJobRow): boolean {
  return ended.has(row.status);
}
