/**
 * Alarms as they are kept: configuration and state, their history, and what is still to be sent.
 * Shared by the façade that configures alarms and the loop that evaluates them.
 */
import { createHash } from 'node:crypto';
import type { Arn, Scope } from '../../kernel/arn.ts';
import { dayMs } from '../../kernel/clock.ts';
import { type Collection, sortable, type Transaction } from '../../ports/metadata-store.ts';

export const stateValues = ['OK', 'ALARM', 'INSUFFICIENT_DATA'] as const;
export type StateValue = (typeof stateValues)[number];

export const comparisons = [
  'GreaterThanThreshold',
  'GreaterThanOrEqualToThreshold',
  'LessThanThreshold',
  'LessThanOrEqualToThreshold',
] as const;
export type Comparison = (typeof comparisons)[number];

export const missingTreatments = ['missing', 'ignore', 'breaching', 'notBreaching'] as const;
export type MissingTreatment = (typeof missingTreatments)[number];

/** One metric, one statistic, one threshold. Members the client left out are left out. */
export interface AlarmConfig {
  readonly name: string;
  readonly description?: string;
  readonly actionsEnabled: boolean;
  readonly okActions: readonly string[];
  readonly alarmActions: readonly string[];
  readonly insufficientDataActions: readonly string[];
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: readonly { readonly name: string; readonly value: string }[];
  /** Exactly one of the two. */
  readonly statistic?: string;
  readonly extendedStatistic?: string;
  readonly periodSeconds: number;
  readonly unit?: string;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm?: number;
  readonly threshold: number;
  readonly comparison: Comparison;
  readonly treatMissingData?: MissingTreatment;
  readonly evaluateLowSampleCountPercentile?: 'evaluate' | 'ignore';
}

export interface NewState {
  readonly value: StateValue;
  readonly reason: string;
  /** JSON text. */
  readonly reasonData?: string;
}

export interface AlarmState extends NewState {
  readonly updatedAtMs: number;
  /** When `value` last became another. */
  readonly transitionedAtMs: number;
}

export interface AlarmRow {
  readonly scope: Scope;
  readonly arn: Arn;
  readonly config: AlarmConfig;
  readonly configuredAtMs: number;
  readonly state: AlarmState;
  readonly tags: Readonly<Record<string, string>>;
}

/** How often an alarm is evaluated. */
export const cadences = { fast: 10_000, minute: 60_000, hour: 3_600_000 } as const;
export type Cadence = keyof typeof cadences;

export function cadenceOf({ periodSeconds, evaluationPeriods }: AlarmConfig): Cadence {
  if (periodSeconds < 60) return 'fast';
  return periodSeconds * evaluationPeriods * 1000 > dayMs ? 'hour' : 'minute';
}

/** Keys are `account/region/name`. */
export const alarms: Collection<AlarmRow> = {
  name: 'alarms/alarm',
  indexes: {
    cadence: ({ config }) => cadenceOf(config),
    metric: ({ scope, config }) => metricIndex(scope, config),
  },
};

/** The value of the index `metric`: all alarms of one metric name, whatever their dimensions. */
export function metricIndex(
  scope: Scope,
  { namespace, metric }: { readonly namespace: string; readonly metric: string },
): string {
  const name = JSON.stringify([namespace, metric]);
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32);
  return `${scopePrefix(scope)}${digest}`;
}

export function scopePrefix(scope: Scope): string {
  return `${scope.account}/${scope.region}/`;
}

export function alarmKey(scope: Scope, name: string): string {
  return `${scopePrefix(scope)}${name}`;
}

export const historyTypes = ['ConfigurationUpdate', 'StateUpdate', 'Action'] as const;
export type HistoryType = (typeof historyTypes)[number];

export interface HistoryRow {
  readonly scope: Scope;
  readonly alarm: string;
  readonly type: HistoryType;
  readonly atMs: number;
  readonly summary: string;
  /** JSON text. */
  readonly data: string;
}

export const historyKeepMs = 14 * dayMs;
const maxSummaryChars = 255;

/** Keys are `account/region/time/name/number`. */
export const history: Collection<HistoryRow> = {
  name: 'alarms/history',
  indexes: {
    alarm: ({ scope, alarm }) => alarmKey(scope, alarm),
    age: ({ atMs }) => sortable(atMs),
  },
};

export async function addHistory(tx: Transaction, row: HistoryRow): Promise<void> {
  const prefix = `${scopePrefix(row.scope)}${sortable(row.atMs)}/${row.alarm}`;
  await insertNumbered(tx, history, { prefix, row: { ...row, summary: cut(row.summary) } });
}

function cut(summary: string): string {
  return summary.length <= maxSummaryChars ? summary : summary.slice(0, maxSummaryChars);
}

/** What has been decided and is still to be sent; the loop sends it, in order, at least once. */
export type OutboxRow =
  | {
      readonly kind: 'event';
      readonly scope: Scope;
      readonly detailType: string;
      readonly resources: readonly string[];
      readonly detail: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'action';
      readonly scope: Scope;
      readonly alarm: string;
      readonly action: string;
      readonly subject: string;
      readonly message: string;
      readonly stateUpdatedAtMs: number;
    };

/** Keys are `time/account/region/name/number`. */
export const outbox: Collection<OutboxRow> = { name: 'alarms/outbox' };

interface Placed {
  readonly scope: Scope;
  readonly alarm: string;
  readonly atMs: number;
}

export async function addToOutbox(tx: Transaction, at: Placed, row: OutboxRow): Promise<void> {
  const prefix = `${sortable(at.atMs)}/${scopePrefix(at.scope)}${at.alarm}`;
  await insertNumbered(tx, outbox, { prefix, row });
}

/** Rows of one instant and one alarm keep the order in which they came. */
async function insertNumbered<Row>(
  tx: Transaction,
  into: Collection<Row>,
  { prefix, row }: { readonly prefix: string; readonly row: Row },
): Promise<void> {
  for (let number = 0; ; number += 1) {
    if (await tx.insert(into, `${prefix}/${String(number).padStart(4, '0')}`, row)) return;
  }
}
