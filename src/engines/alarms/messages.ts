/** What is said about an alarm: the notification, its history and the events, in the shapes clients
 *  parse. Key order is the original's. */
import { createHash } from 'node:crypto';
import { double, type JsonObject, javaDate, rawJson, toJson } from './java.ts';
import { regionName } from './regions.ts';
import type { AlarmConfig, AlarmRow, AlarmState } from './rows.ts';

/** Bound of a notification's subject. */
const maxSubjectChars = 100;

/** A change of state: `alarm` already has the new one. */
export interface Change {
  readonly alarm: AlarmRow;
  readonly before: AlarmState;
}

export function notificationSubject({ alarm }: Change): string {
  const { name } = alarm.config;
  const subject = `${alarm.state.value}: "${name}" in ${regionName(alarm.scope.region)}`;
  return subject.slice(0, maxSubjectChars);
}

export function notification({ alarm, before }: Change): string {
  const { config, state } = alarm;
  return toJson({
    AlarmName: config.name,
    AlarmDescription: config.description ?? null,
    AWSAccountId: alarm.scope.account,
    AlarmConfigurationUpdatedTimestamp: javaDate(alarm.configuredAtMs),
    NewStateValue: state.value,
    NewStateReason: state.reason,
    StateChangeTime: javaDate(state.transitionedAtMs),
    Region: regionName(alarm.scope.region),
    AlarmArn: alarm.arn,
    OldStateValue: before.value,
    OKActions: config.okActions,
    AlarmActions: config.alarmActions,
    InsufficientDataActions: config.insufficientDataActions,
    Trigger: trigger(config),
  });
}

function trigger(config: AlarmConfig): JsonObject {
  const extended = config.extendedStatistic !== undefined;
  return {
    MetricName: config.metric,
    Namespace: config.namespace,
    StatisticType: extended ? 'ExtendedStatistic' : 'Statistic',
    Statistic: extended ? undefined : constantCase(config.statistic ?? ''),
    ExtendedStatistic: config.extendedStatistic,
    Unit: config.unit ?? null,
    Dimensions: config.dimensions.map(({ name, value }) => ({ value, name })),
    Period: config.periodSeconds,
    EvaluationPeriods: config.evaluationPeriods,
    DatapointsToAlarm: config.datapointsToAlarm,
    ComparisonOperator: config.comparison,
    Threshold: double(config.threshold),
    TreatMissingData: config.treatMissingData ?? 'missing',
    EvaluateLowSampleCountPercentile: config.evaluateLowSampleCountPercentile ?? '',
  };
}

/** `SampleCount` as `SAMPLE_COUNT`. */
function constantCase(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}

/** The data of a StateUpdate in the history. */
export function stateHistory({ alarm, before }: Change): string {
  const state = ({ value, reason, reasonData }: AlarmState) => ({
    stateValue: value,
    stateReason: reason,
    stateReasonData: reasonData === undefined ? undefined : rawJson(reasonData),
  });
  return toJson({ version: '1.0', oldState: state(before), newState: state(alarm.state) });
}

export const stateChangeType = 'CloudWatch Alarm State Change';
export const configurationChangeType = 'CloudWatch Alarm Configuration Change';

type Detail = Readonly<Record<string, unknown>>;

/** The detail of the event `stateChangeType`. */
export function stateChangeDetail({ alarm, before }: Change): Detail {
  const { description } = alarm.config;
  return {
    alarmName: alarm.config.name,
    configuration: {
      ...(description === undefined ? {} : { description }),
      metrics: [metricDetail(alarm)],
    },
    previousState: stateDetail(before),
    state: stateDetail(alarm.state),
  };
}

export type Operation = 'create' | 'update' | 'delete';

export interface Reconfiguration {
  readonly operation: Operation;
  readonly alarm: AlarmRow;
  /** The alarm before an update. */
  readonly before?: AlarmRow;
}

/** The detail of the event `configurationChangeType`. */
export function configurationDetail({ operation, alarm, before }: Reconfiguration): Detail {
  return {
    alarmName: alarm.config.name,
    operation,
    state: stateDetail(alarm.state),
    configuration: configurationOf(alarm),
    ...(before === undefined ? {} : { previousConfiguration: configurationOf(before) }),
  };
}

function stateDetail({ value, reason, reasonData, updatedAtMs }: AlarmState): Detail {
  return {
    value,
    reason,
    ...(reasonData === undefined ? {} : { reasonData }),
    timestamp: javaDate(updatedAtMs),
  };
}

function configurationOf(alarm: AlarmRow): Detail {
  const { config } = alarm;
  const { datapointsToAlarm, treatMissingData, description } = config;
  return {
    evaluationPeriods: config.evaluationPeriods,
    ...(datapointsToAlarm === undefined ? {} : { datapointsToAlarm }),
    threshold: config.threshold,
    comparisonOperator: config.comparison,
    ...(treatMissingData === undefined ? {} : { treatMissingData }),
    metrics: [metricDetail(alarm)],
    alarmName: config.name,
    ...(description === undefined ? {} : { description }),
    actionsEnabled: config.actionsEnabled,
    timestamp: javaDate(alarm.configuredAtMs),
    okActions: config.okActions,
    alarmActions: config.alarmActions,
    insufficientDataActions: config.insufficientDataActions,
  };
}

function metricDetail({ arn, config }: AlarmRow): Detail {
  const { namespace, metric, dimensions, periodSeconds, unit } = config;
  return {
    id: metricId(arn),
    metricStat: {
      metric: {
        namespace,
        name: metric,
        dimensions: Object.fromEntries(dimensions.map(({ name, value }) => [name, value])),
      },
      period: periodSeconds,
      stat: config.statistic ?? config.extendedStatistic,
      ...(unit === undefined ? {} : { unit }),
    },
    returnData: true,
  };
}

/** A metric that was given no id has a UUID; the same one in every event of an alarm. */
function metricId(arn: string): string {
  const hex = createHash('sha256').update(arn).digest('hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  const tail = `${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${tail}`;
}

/** An alarm's configuration and state as the history records them. */
export function configurationHistory({ operation, alarm, before }: Reconfiguration): string {
  const verb = { create: 'Create', update: 'Update', delete: 'Delete' }[operation];
  return toJson({
    version: '1.0',
    type: verb,
    createdAlarm: operation === 'create' ? fullAlarm(alarm) : undefined,
    updatedAlarm: operation === 'update' ? fullAlarm(alarm) : undefined,
    deletedAlarm: operation === 'delete' ? fullAlarm(alarm) : undefined,
    previousAlarm: before && fullAlarm(before),
  });
}

function fullAlarm({ arn, config, configuredAtMs, state }: AlarmRow): JsonObject {
  return {
    threshold: double(config.threshold),
    alarmName: config.name,
    alarmArn: arn,
    alarmDescription: config.description,
    namespace: config.namespace,
    metricName: config.metric,
    dimensions: config.dimensions.map(({ name, value }) => ({ name, value })),
    statistic: config.statistic,
    extendedStatistic: config.extendedStatistic,
    period: config.periodSeconds,
    unit: config.unit,
    evaluationPeriods: config.evaluationPeriods,
    datapointsToAlarm: config.datapointsToAlarm,
    comparisonOperator: config.comparison,
    treatMissingData: config.treatMissingData,
    evaluateLowSampleCountPercentile: config.evaluateLowSampleCountPercentile,
    actionsEnabled: config.actionsEnabled,
    okactions: config.okActions,
    alarmActions: config.alarmActions,
    insufficientDataActions: config.insufficientDataActions,
    alarmConfigurationUpdatedTimestamp: javaDate(configuredAtMs),
    stateValue: state.value,
    stateUpdatedTimestamp: javaDate(state.updatedAtMs),
  };
}
