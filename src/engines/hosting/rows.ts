/**
 * What is stored about hosting: models, endpoint configurations and endpoints. Rows hold what was
 * asked for and what runs by name; the running servers themselves are in `fleet.ts`.
 */
import type { Scope } from '../../kernel/arn.ts';
import type { Collection } from '../../ports/metadata-store.ts';

export interface Model {
  readonly name: string;
  readonly arn: string;
  readonly scope: Scope;
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  /** `s3://bucket/key` of a .tar.gz archive. */
  readonly archiveUri?: string;
  /** The request that made it, as JSON, for the answer that describes it. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly createdAtMs: number;
}

/** A variant as its configuration asks for it. */
export interface VariantPlan {
  readonly name: string;
  readonly modelName: string;
  readonly instanceType?: string;
  readonly instanceCount: number;
  readonly weight: number;
  readonly startTimeoutMs: number;
  readonly downloadTimeoutMs: number;
}

/** What is recorded of the traffic, and where to. */
export interface CapturePlan {
  readonly enabled: boolean;
  /** 0 to 100, per request. */
  readonly samplingPercent: number;
  readonly destinationUri: string;
  readonly input: boolean;
  readonly output: boolean;
  /** Lower-case media types whose bodies are recorded as text. */
  readonly csvTypes: readonly string[];
  readonly jsonTypes: readonly string[];
  /** The managed key of the records, as the client named it; absent: as their bucket has it. */
  readonly keyId?: string;
}

/** Never changes once it is made. */
export interface EndpointConfig {
  readonly name: string;
  readonly arn: string;
  readonly scope: Scope;
  readonly variants: readonly VariantPlan[];
  readonly shadows: readonly VariantPlan[];
  readonly capture?: CapturePlan;
  /** The managed key of its volumes, as the client named it. */
  readonly volumeKeyId?: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly createdAtMs: number;
}

/** A variant with everything needed to run it again, whatever became of its model since. */
export interface Variant extends VariantPlan {
  /** Names the server that runs it; a change of weight keeps it, a new configuration does not. */
  readonly instanceId: string;
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly archiveUri?: string;
  /** The model's execution role: its archive and its captured records are under it. */
  readonly roleArn?: string;
}

export interface Deployment {
  readonly configName: string;
  readonly variants: readonly Variant[];
  readonly shadows: readonly Variant[];
  readonly capture?: CapturePlan;
  /** As the configuration has it: servers start only while the key can be used. */
  readonly volumeKeyId?: string;
  /** How its traffic was asked to be shifted, as the client said it. */
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly startedAtMs: number;
}

export type EndpointStatus = 'Creating' | 'Updating' | 'InService' | 'Failed' | 'Deleting';

export interface Endpoint {
  readonly name: string;
  readonly arn: string;
  readonly scope: Scope;
  readonly status: EndpointStatus;
  /** Why the last creation or update failed. */
  readonly failureReason?: string;
  /** The configuration named last; while an update runs, still the one that serves. */
  readonly configName: string;
  /** What serves. */
  readonly active?: Deployment;
  /** What a creation or an update is bringing up. */
  readonly pending?: Deployment;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
  /** Grows with every change a client asks for, so that finished work knows if it is outdated. */
  readonly generation: number;
}

export const models: Collection<Model> = { name: 'hosting/models' };
export const endpointConfigs: Collection<EndpointConfig> = { name: 'hosting/endpoint-configs' };
export const endpoints: Collection<Endpoint> = {
  name: 'hosting/endpoints',
  indexes: { status: (row) => row.status },
};

/** Statuses in which work is under way and no other change may be asked for. */
export function inProgress(status: EndpointStatus): boolean {
  return status === 'Creating' || status === 'Updating' || status === 'Deleting';
}
