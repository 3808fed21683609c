/** What the main process and the processes of its data plane ask of one another. */
import type { Tally } from '../../engines/hosting/counters.ts';
import type { CapturePlan, Variant } from '../../engines/hosting/rows.ts';
import type { Use } from '../../engines/identity/uses.ts';
import type { TrailLine } from '../../engines/trail/trail.ts';
import type { Scope } from '../../kernel/arn.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { IndexRange, Range } from '../../ports/metadata-store.ts';
import type { Config } from '../config.ts';
import type { Question } from './channel.ts';

export type ProcessConfig = Pick<
  Config,
  | 'data'
  | 'account'
  | 'logLevel'
  | 'maxConnections'
  | 'bodyMemoryMb'
  | 'captureFlushSeconds'
  | 'tlsCertificate'
  | 'tlsKey'
  | 'tlsClientAuthority'
>;

/** What a process needs to know to begin. */
export interface Setup {
  readonly config: ProcessConfig;
  /** Of the root ring, newest first; over the pipe alone, never in arguments or the environment. */
  readonly keys: readonly Uint8Array[];
  /** Names its journals, and never those of another process. */
  readonly tag: string;
  /** How many processes share the limits, the main one among them. */
  readonly processes: number;
  readonly partition: string;
  /** Where everything else is served. */
  readonly mainUrl: string;
}

export interface ToldVariant {
  /** Without its environment, which may hold secrets and is not asked for here. */
  readonly variant: Variant;
  readonly url: string;
}

/** An endpoint as requests see it. */
export interface ToldEndpoint {
  readonly key: string;
  readonly name: string;
  readonly arn: string;
  readonly scope: Scope;
  readonly variants: readonly ToldVariant[];
  readonly shadows: readonly ToldVariant[];
  readonly capture?: CapturePlan;
}

export interface FleetChange {
  /** Grows with each change that a process is told of. */
  readonly version: number;
  readonly routed: readonly ToldEndpoint[];
  /** Keys. */
  readonly withdrawn: readonly string[];
}

/** What was committed, as far as it decides about requests. */
export interface Changed {
  readonly identities: boolean;
  /** Which data events trails want. */
  readonly selectors: boolean;
}

export interface Moved {
  readonly instanceId: string;
  readonly url: string;
}

/** What happened since the last time. */
export interface Told {
  readonly tallies: readonly Tally[];
  readonly uses: readonly { readonly caller: Caller; readonly use: Use }[];
  readonly connections: number;
}

export interface Released {
  readonly instanceId: string;
  /** Of the last change that was taken in when the process let go of it. */
  readonly version: number;
}

/** A row of the metadata, as `Reader` asks. */
export type Reading =
  | { readonly kind: 'get'; readonly collection: string; readonly key: string }
  | { readonly kind: 'list'; readonly collection: string; readonly range: Range }
  | { readonly kind: 'listBy'; readonly collection: string; readonly range: IndexRange };

/** A row or nothing, or entries: as `Reader` answers what was asked. */
export type Read = unknown;

/** Asked by the main process. Everything is taken in when it is answered. */
export type ToProcess = {
  readonly start: Question<Setup, void>;
  /** With the socket of a client. */
  readonly connection: Question<void, void>;
  readonly changed: Question<Changed, void>;
  readonly fleet: Question<FleetChange, void>;
  readonly moved: Question<Moved, void>;
  /** Hands over the journals that were begun before the instant. */
  readonly sealBefore: Question<number, void>;
  /** Ends requests under way, and tells the rest. */
  readonly stop: Question<void, void>;
};

/** Asked by a process. */
export type ToMain = {
  readonly read: Question<Reading, Read>;
  /** Records of the trail; kept when it is answered. */
  readonly record: Question<readonly TrailLine[], void>;
  readonly isTrailWritable: Question<void, boolean>;
  /** The name of a journal that takes no more records; false: later, the spool is full. */
  readonly handOver: Question<string, boolean>;
  readonly released: Question<Released, void>;
  readonly told: Question<Told, void>;
};
