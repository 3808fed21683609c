/**
 * An alarm as the API shows it: members its maker left out are absent, lists of actions are not.
 */
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type { AlarmRow } from '../../engines/alarms/rows.ts';

export function alarmView({ arn, config, configuredAtMs, state }: AlarmRow): MetricAlarm {
  const view: MetricAlarm = {
    AlarmName: config.name,
    AlarmArn: arn,
    AlarmDescription: config.description,
    AlarmConfigurationUpdatedTimestamp: new Date(configuredAtMs),
    ActionsEnabled: config.actionsEnabled,
    OKActions: [...config.okActions],
    AlarmActions: [...config.alarmActions],
    InsufficientDataActions: [...config.insufficientDataActions],
    StateValue: state.value,
    StateReason: state.reason,
    StateReasonData: state.reasonData,
    StateUpdatedTimestamp: new Date(state.updatedAtMs),
    StateTransitionedTimestamp: new Date(state.transitionedAtMs),
    MetricName: config.metric,
    Namespace: config.namespace,
    Statistic: config.statistic as MetricAlarm['Statistic'],
    ExtendedStatistic: config.extendedStatistic,
    Dimensions: config.dimensions.map(({ name, value }) => ({ Name: name, Value: value })),
    Period: config.periodSeconds,
    Unit: config.unit as MetricAlarm['Unit'],
    EvaluationPeriods: config.evaluationPeriods,
    DatapointsToAlarm: config.datapointsToAlarm,
    Threshold: config.threshold,
    ComparisonOperator: config.comparison,
    TreatMissingData: config.treatMissingData,
    EvaluateLowSampleCountPercentile: config.evaluateLowSampleCountPercentile,
  };
  return Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined));
}
