/** Sentences and JSON as recorded from the original, and messages in their exact shape. */
import { describe, expect, test } from 'vitest';
import { formatArn } from '../../kernel/arn.ts';
import { evaluate, type Observation } from './evaluate.ts';
import { javaDate, javaDouble, rawJson, shortDate, toJson } from './java.ts';
import {
  configurationDetail,
  configurationHistory,
  notification,
  notificationSubject,
  stateChangeDetail,
  stateHistory,
} from './messages.ts';
import { explain } from './reason.ts';
import type { AlarmConfig, AlarmRow } from './rows.ts';

const endMs = Date.UTC(2025, 8, 19, 21, 12);
const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const config: AlarmConfig = {
  name: 'fraud-5xx',
  actionsEnabled: true,
  okActions: [],
  insufficientDataActions: [],
  alarmActions: [formatArn(scope, 'sns', 'ops')],
  namespace: 'AWS/SageMaker',
  metric: 'Invocation5XXErrors',
  dimensions: [
    { name: 'VariantName', value: 'blue' },
    { name: 'EndpointName', value: 'fraud' },
  ],
  statistic: 'Sum',
  periodSeconds: 60,
  evaluationPeriods: 1,
  threshold: 21,
  comparison: 'GreaterThanThreshold',
};

/** Explains values of the newest periods, oldest first; undefined is missing. */
function told(values: readonly (number | undefined)[], more: Partial<AlarmConfig> = {}) {
  const own = { ...config, ...more };
  const range: Observation[] = values.map((value, i) => {
    const startMs = endMs - (values.length - i) * own.periodSeconds * 1000;
    return value === undefined ? { startMs } : { startMs, value, sampleCount: 2 };
  });
  const verdict = evaluate(own, range, 'INSUFFICIENT_DATA');
  return explain({ config: own, range, verdict, nowMs: endMs + 1006 });
}

test.each([
  [
    'one point',
    told([21.5]),
    'Threshold Crossed: 1 datapoint [21.5 (19/09/25 21:11:00)] was greater than the ' +
      'threshold (21.0).',
  ],
  [
    'one of one',
    told([99.5], { datapointsToAlarm: 1, threshold: 50 }),
    'Threshold Crossed: 1 out of the last 1 datapoints [99.5 (19/09/25 21:11:00)] was ' +
      'greater than ' +
      'the threshold (50.0) (minimum 1 datapoint for OK -> ALARM transition).',
  ],
  [
    'not over it',
    told([3], { datapointsToAlarm: 1, threshold: 50 }),
    'Threshold Crossed: 1 out of the last 1 datapoints [3.0 (19/09/25 21:11:00)] was not greater ' +
      'than the threshold (50.0) (minimum 1 datapoint for ALARM -> OK transition).',
  ],
  [
    'newest first',
    told([120_500, 3, 131_000], { evaluationPeriods: 3, datapointsToAlarm: 2 }),
    'Threshold Crossed: 2 out of the last 3 datapoints [131000.0 (19/09/25 21:11:00), 120500.0 ' +
      '(19/09/25 21:09:00)] were greater than the threshold (21.0) (minimum 2 datapoints ' +
      'for OK -> ' +
      'ALARM transition).',
  ],
  [
    'many points',
    told([30, 31, 32, 33, 34, 35], { evaluationPeriods: 6 }),
    'Threshold Crossed: 6 datapoints were greater than the threshold (21.0). The most recent ' +
      'datapoints which crossed the threshold: [35.0 (19/09/25 21:11:00), 34.0 (19/09/25 ' +
      '21:10:00), ' +
      '33.0 (19/09/25 21:09:00), 32.0 (19/09/25 21:08:00), 31.0 (19/09/25 21:07:00)].',
  ],
  [
    'gaps beside points',
    told([undefined, undefined, 613], {
      evaluationPeriods: 3,
      datapointsToAlarm: 1,
      threshold: 1,
      comparison: 'GreaterThanOrEqualToThreshold',
      treatMissingData: 'notBreaching',
    }),
    'Threshold Crossed: 1 out of the last 3 datapoints [613.0 (19/09/25 21:11:00)] was ' +
      'greater than ' +
      'or equal to the threshold (1.0) and 2 missing datapoints were treated as [NonBreaching] ' +
      '(minimum 1 datapoint for OK -> ALARM transition).',
  ],
  [
    'only gaps',
    told([undefined, undefined], { evaluationPeriods: 2, treatMissingData: 'breaching' }),
    'Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were ' +
      'treated as [Breaching].',
  ],
  [
    'one gap',
    told([undefined], { treatMissingData: 'notBreaching' }),
    'Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was ' +
      'treated as [NonBreaching].',
  ],
  [
    'gaps outvote a point',
    told([0, undefined, undefined], {
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      treatMissingData: 'breaching',
    }),
    'Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were ' +
      'treated as [Breaching].',
  ],
  ['nothing known', told([undefined]), 'Insufficient Data: 1 datapoint was unknown.'],
])('%s', (_, { reason }, expected) => expect(reason).toBe(expected));

describe('reason data', () => {
  test('with points, oldest first and newest first', () => {
    const { reasonData } = told([20, 22], { evaluationPeriods: 2, unit: 'Seconds' });
    expect(reasonData).toBe(
      '{"version":"1.0","queryDate":"2025-09-19T21:12:01.006+0000",' +
        '"startDate":"2025-09-19T21:10:00.000+0000","unit":"Seconds","statistic":"Sum",' +
        '"period":60,' +
        '"recentDatapoints":[20.0,22.0],"threshold":21.0,"evaluatedDatapoints":[' +
        '{"timestamp":"2025-09-19T21:11:00.000+0000","sampleCount":2.0,"value":22.0},' +
        '{"timestamp":"2025-09-19T21:10:00.000+0000","sampleCount":2.0,"value":20.0}]}',
    );
  });

  test('without points there is no start and there are no values', () => {
    const { reasonData } = told([undefined], { treatMissingData: 'breaching' });
    expect(reasonData).toBe(
      '{"version":"1.0","queryDate":"2025-09-19T21:12:01.006+0000","statistic":"Sum","period":60,' +
        '"recentDatapoints":[],"threshold":21.0,"evaluatedDatapoints":[' +
        '{"timestamp":"2025-09-19T21:11:00.000+0000"}]}',
    );
  });

  test('stays within 4,000 characters, and the sentence within 1,023', () => {
    const long = told(
      Array.from({ length: 300 }, (_, i) => 1.234567890123456e100 + i * 1e90),
      { evaluationPeriods: 300, datapointsToAlarm: 300 },
    );
    expect(long.reasonData?.length).toBeLessThan(4000);
    expect(long.reason.length).toBeLessThan(1023);
  });
});

test.each([
  [50, '50.0'],
  [0, '0.0'],
  [-0, '-0.0'],
  [1e7, '1.0E7'],
  [12_345_678.9, '1.23456789E7'],
  [9_999_999, '9999999.0'],
  [0.001, '0.001'],
  [0.000_12, '1.2E-4'],
  [-2.5, '-2.5'],
  [1e300, '1.0E300'],
])('%d in Java is %s', (value, text) => expect(javaDouble(value)).toBe(text));

test('dates', () => {
  const atMs = Date.UTC(2026, 0, 5, 10, 15, 40, 6);
  expect(javaDate(atMs)).toBe('2026-01-05T10:15:40.006+0000');
  expect(shortDate(atMs)).toBe('05/01/26 10:15:40');
});

test('JSON keeps order, leaves out what is undefined, takes text as it is', () => {
  expect(toJson({ b: [1, null, 'é"'], a: undefined, c: rawJson('{"x":1.0}'), d: false })).toBe(
    '{"b":[1,null,"é\\""],"c":{"x":1.0},"d":false}',
  );
});

const before = { value: 'OK', reason: 'fine', updatedAtMs: 0, transitionedAtMs: 0 } as const;
const alarm: AlarmRow = {
  scope,
  arn: formatArn(scope, 'cloudwatch', 'alarm:fraud-5xx'),
  config: { ...config, threshold: 0, treatMissingData: 'notBreaching' },
  configuredAtMs: Date.UTC(2026, 0, 5, 9),
  tags: {},
  state: {
    value: 'ALARM',
    reason: 'too many',
    reasonData: '{"threshold":0.0}',
    updatedAtMs: Date.UTC(2026, 0, 5, 10, 15, 40, 6),
    transitionedAtMs: Date.UTC(2026, 0, 5, 10, 15, 40, 6),
  },
};
const change = { alarm, before };

describe('messages', () => {
  test('a notification, key by key', () => {
    const arn = (service: string, rest: string) => formatArn(scope, service, rest);
    expect(notification(change)).toBe(
      '{"AlarmName":"fraud-5xx","AlarmDescription":null,"AWSAccountId":"111122223333",' +
        '"AlarmConfigurationUpdatedTimestamp":"2026-01-05T09:00:00.000+0000",' +
        '"NewStateValue":"ALARM","NewStateReason":"too many",' +
        '"StateChangeTime":"2026-01-05T10:15:40.006+0000","Region":"EU (Ireland)",' +
        `"AlarmArn":"${arn('cloudwatch', 'alarm:fraud-5xx')}","OldStateValue":"OK",` +
        `"OKActions":[],"AlarmActions":["${arn('sns', 'ops')}"],"InsufficientDataActions":[],` +
        '"Trigger":{"MetricName":"Invocation5XXErrors","Namespace":"AWS/SageMaker",' +
        '"StatisticType":"Statistic","Statistic":"SUM","Unit":null,"Dimensions":[' +
        '{"value":"blue","name":"VariantName"},{"value":"fraud","name":"EndpointName"}],' +
        '"Period":60,"EvaluationPeriods":1,"ComparisonOperator":"GreaterThanThreshold",' +
        '"Threshold":0.0,"TreatMissingData":"notBreaching",' +
        '"EvaluateLowSampleCountPercentile":""}}',
    );
    expect(notificationSubject(change)).toBe('ALARM: "fraud-5xx" in EU (Ireland)');
  });

  test('a percentile names itself', () => {
    const { statistic: _, ...rest } = alarm.config;
    const own = { ...alarm, config: { ...rest, extendedStatistic: 'p99', datapointsToAlarm: 1 } };
    const { Trigger } = JSON.parse(notification({ alarm: own, before }));
    expect(Trigger).toMatchObject({ StatisticType: 'ExtendedStatistic', ExtendedStatistic: 'p99' });
    expect(Trigger.DatapointsToAlarm).toBe(1);
    expect(Trigger).not.toHaveProperty('Statistic');
  });

  test('history of a state has both states and their data as JSON', () => {
    expect(stateHistory(change)).toBe(
      '{"version":"1.0","oldState":{"stateValue":"OK","stateReason":"fine"},' +
        '"newState":{"stateValue":"ALARM","stateReason":"too many",' +
        '"stateReasonData":{"threshold":0.0}}}',
    );
  });

  test('a state event', () => {
    expect(stateChangeDetail(change)).toEqual({
      alarmName: 'fraud-5xx',
      configuration: {
        metrics: [
          {
            id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/),
            metricStat: {
              metric: {
                namespace: 'AWS/SageMaker',
                name: 'Invocation5XXErrors',
                dimensions: { VariantName: 'blue', EndpointName: 'fraud' },
              },
              period: 60,
              stat: 'Sum',
            },
            returnData: true,
          },
        ],
      },
      previousState: { value: 'OK', reason: 'fine', timestamp: '1970-01-01T00:00:00.000+0000' },
      state: {
        value: 'ALARM',
        reason: 'too many',
        reasonData: '{"threshold":0.0}',
        timestamp: '2026-01-05T10:15:40.006+0000',
      },
    });
  });

  test('a configuration event has the former configuration on update only', () => {
    const created = configurationDetail({ operation: 'create', alarm });
    expect(created).not.toHaveProperty('previousConfiguration');
    const detail = configurationDetail({ operation: 'update', alarm, before: alarm });
    expect(detail.previousConfiguration).toEqual(detail.configuration);
    const data = JSON.parse(configurationHistory({ operation: 'delete', alarm }));
    expect(data).toMatchObject({ type: 'Delete', deletedAlarm: { alarmName: 'fraud-5xx' } });
  });
});
