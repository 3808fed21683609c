/** PutMetricAlarm's input, checked and as the engine keeps it. */
import type { PutMetricAlarmInput } from '@aws-sdk/client-cloudwatch';
import {
  type AlarmConfig,
  type Comparison,
  comparisons,
  type MissingTreatment,
  missingTreatments,
} from '../../engines/alarms/rows.ts';
import { parseStatistic } from '../../engines/series/statistics.ts';
import { parseArn } from '../../kernel/arn.ts';
import { faults } from './faults.ts';
import { checkText, dimensionsOf } from './names.ts';

const maxDaySeconds = 86_400;
const maxWeekSeconds = 604_800;
const hourSeconds = 3_600;
const shortPeriods: readonly number[] = [10, 20, 30];
const maxActions = 5;

/** Members of the request that belong to kinds of alarm this server does not have. */
const notBuilt = [
  'Metrics',
  'ThresholdMetricId',
  'EvaluationCriteria',
  'EvaluationInterval',
  'EvaluationWindow',
  'WarmUpConfiguration',
  'ActionConfiguration',
] as const;

export function configOf(input: PutMetricAlarmInput): AlarmConfig {
  for (const member of notBuilt) {
    const given = input[member];
    if (given === undefined || (Array.isArray(given) && given.length === 0)) continue;
    const what =
      member === 'Metrics' ? 'An alarm on metric math (Metrics)' : `Alarm member ${member}`;
    throw faults.notBuilt(what);
  }
  const { AlarmName: name = '', AlarmDescription: description } = input;
  checkText(name, 'AlarmName');
  if (name.trim() === '') throw faults.validation('AlarmName must not be blank');
  return {
    name,
    ...(description === undefined ? {} : { description }),
    actionsEnabled: input.ActionsEnabled ?? true,
    okActions: actionsOf(input.OKActions, 'OKActions'),
    alarmActions: actionsOf(input.AlarmActions, 'AlarmActions'),
    insufficientDataActions: actionsOf(input.InsufficientDataActions, 'InsufficientDataActions'),
    namespace: required(input.Namespace, 'Namespace'),
    metric: required(input.MetricName, 'MetricName'),
    dimensions: dimensionsOf(input.Dimensions, 'Dimensions'),
    ...statisticOf(input),
    ...(input.Unit === undefined ? {} : { unit: input.Unit }),
    ...windowOf(input),
    threshold: thresholdOf(input.Threshold),
    comparison: comparisonOf(input.ComparisonOperator),
    ...missingOf(input.TreatMissingData),
  };
}

function required<T>(value: T | undefined, member: string): T {
  if (value === undefined) throw faults.validation(`${member} must not be null`);
  return value;
}

function actionsOf(actions: readonly string[] | undefined, member: string): readonly string[] {
  if (!actions) return [];
  if (actions.length > maxActions) throw faults.tooMany(member, maxActions);
  for (const action of actions) {
    if (!parseArn(action).ok) throw faults.validation(`Invalid arn syntax: ${action}`);
  }
  return actions;
}

type Statistics = Pick<
  AlarmConfig,
  'statistic' | 'extendedStatistic' | 'evaluateLowSampleCountPercentile'
>;

function statisticOf(input: PutMetricAlarmInput): Statistics {
  const { Statistic: simple, ExtendedStatistic: extended } = input;
  const { EvaluateLowSampleCountPercentile: low } = input;
  if ((simple === undefined) === (extended === undefined)) {
    throw faults.validation('Exactly one of Statistic and ExtendedStatistic must be specified');
  }
  if (low !== undefined && low !== 'evaluate' && low !== 'ignore') {
    throw faults.invalidValue(
      `Option ${low} is not supported. Supported options for parameter ` +
        'EvaluateLowSampleCountPercentile are evaluate and ignore.',
    );
  }
  if (low !== undefined && extended === undefined) {
    throw faults.combination(
      'The parameter EvaluateLowSampleCountPercentile can only be used with ExtendedStatistic.',
    );
  }
  const name = simple ?? extended ?? '';
  const parsed = parseStatistic(name);
  if (!parsed.ok || (parsed.value.kind === 'simple') !== (simple !== undefined)) {
    throw faults.unsupported(name, simple === undefined ? 'ExtendedStatistic' : 'Statistic');
  }
  return {
    ...(simple === undefined ? { extendedStatistic: name } : { statistic: name }),
    ...(low === undefined ? {} : { evaluateLowSampleCountPercentile: low }),
  };
}

type Window = Pick<AlarmConfig, 'periodSeconds' | 'evaluationPeriods' | 'datapointsToAlarm'>;

function windowOf(input: PutMetricAlarmInput): Window {
  const periodSeconds = required(input.Period, 'Period');
  const evaluationPeriods = required(input.EvaluationPeriods, 'EvaluationPeriods');
  const { DatapointsToAlarm: needed } = input;
  const isMinutes = periodSeconds >= 60 && periodSeconds % 60 === 0;
  if (!isMinutes && !shortPeriods.includes(periodSeconds)) {
    throw faults.validation('Period must be 10, 20, 30 or a multiple of 60');
  }
  if (evaluationPeriods < 1) throw faults.validation('EvaluationPeriods must be at least 1');
  const windowSeconds = periodSeconds * evaluationPeriods;
  if (periodSeconds < hourSeconds && windowSeconds > maxDaySeconds) {
    throw faults.validation(
      'Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= ' +
        `${maxDaySeconds}) for alarms using period < ${hourSeconds}`,
    );
  }
  if (windowSeconds > maxWeekSeconds) {
    throw faults.validation(
      'Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= ' +
        `${maxWeekSeconds}) for alarms using period >= ${hourSeconds}`,
    );
  }
  if (needed !== undefined && (needed < 1 || needed > evaluationPeriods)) {
    throw faults.validation(
      'DatapointsToAlarm must be at least 1 and less than or equal to EvaluationPeriods',
    );
  }
  return {
    periodSeconds,
    evaluationPeriods,
    ...(needed === undefined ? {} : { datapointsToAlarm: needed }),
  };
}

function thresholdOf(threshold: number | undefined): number {
  const value = required(threshold, 'Threshold');
  if (!Number.isFinite(value)) throw faults.badValue(String(value), 'Threshold');
  return value;
}

function comparisonOf(operator: string | undefined): Comparison {
  const comparison = comparisons.find((known) => known === operator);
  if (!comparison) throw faults.notBuilt(`An alarm with the comparison operator ${operator}`);
  return comparison;
}

function missingOf(treatment: string | undefined): {
  readonly treatMissingData?: MissingTreatment;
} {
  if (treatment === undefined) return {};
  const treatMissingData = missingTreatments.find((known) => known === treatment);
  if (!treatMissingData) {
    throw faults.validation(
      `The value ${treatment} is not supported for TreatMissingData parameter. Supported ` +
        'values are ' +
        '[breaching, notBreaching, ignore, missing].',
    );
  }
  return { treatMissingData };
}
