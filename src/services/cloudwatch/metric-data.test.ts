/** What PutMetricData takes, and what it refuses in which words. */
import type { MetricDatum } from '@aws-sdk/client-cloudwatch';
import { expect, test } from 'vitest';
import { dayMs, hourMs } from '../../kernel/clock.ts';
import { putMetricData } from './metric-data.ts';
import { getMetricStatistics } from './metric-statistics.ts';
import { refusal, setup, startMs } from './setup.fixture.ts';

const one = { MetricName: 'm', Value: 1 };

test('all three forms of a datum add up', async () => {
  const { ctx } = setup();
  const data: MetricDatum[] = [
    { MetricName: 'm', Value: 5, Timestamp: new Date(startMs + 59_999) },
    { MetricName: 'm', Values: [1, 2], Counts: [3, 4] },
    { MetricName: 'm', Values: [10] },
    {
      MetricName: 'm',
      StatisticValues: { SampleCount: 2, Sum: 6, Minimum: 2, Maximum: 4 },
    },
  ];
  await putMetricData({ Namespace: 'shop', MetricData: data }, ctx);
  const { Datapoints } = await getMetricStatistics(
    {
      Namespace: 'shop',
      MetricName: 'm',
      Period: 60,
      StartTime: new Date(startMs),
      EndTime: new Date(startMs + hourMs),
      Statistics: ['SampleCount', 'Sum', 'Minimum', 'Maximum', 'Average'],
    },
    ctx,
  );
  expect(Datapoints).toEqual([
    {
      Timestamp: new Date(startMs),
      SampleCount: 11,
      Sum: 32,
      Minimum: 1,
      Maximum: 10,
      Average: 32 / 11,
      Unit: 'None',
    },
  ]);
});

const combination = 'InvalidParameterCombinationException';
const value = 'InvalidParameterValueException';
const missing = 'MissingRequiredParameterException';

test.each<[string, MetricDatum, string, string]>([
  [
    'Value and Values',
    { MetricName: 'm', Value: 1, Values: [1] },
    combination,
    'The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually ' +
      'exclusive ' +
      'and you have specified both.',
  ],
  [
    'Value and StatisticValues',
    { ...one, StatisticValues: { SampleCount: 1, Sum: 1, Minimum: 1, Maximum: 1 } },
    combination,
    'The parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues are ' +
      'mutually ' +
      'exclusive and you have specified both.',
  ],
  [
    'fewer counts than values',
    { MetricName: 'm', Values: [1, 2], Counts: [1] },
    value,
    'The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of ' +
      'the same size.',
  ],
  [
    'NaN',
    { MetricName: 'm', Value: Number.NaN },
    value,
    'The value NaN for parameter MetricData.member.1.Value is invalid.',
  ],
  [
    'infinity',
    { MetricName: 'm', Values: [1, Number.NEGATIVE_INFINITY] },
    value,
    'The value -Infinity for parameter MetricData.member.1.Values.member.2 is invalid.',
  ],
  [
    'too large a number',
    { MetricName: 'm', Value: 1e109 },
    value,
    'The value 1.0E109 for parameter MetricData.member.1.Value is invalid.',
  ],
  [
    'a negative count',
    { MetricName: 'm', Values: [1], Counts: [-1] },
    value,
    'The value -1.0 for parameter MetricData.member.1.Counts.member.1 is invalid.',
  ],
  [
    'too many values',
    { MetricName: 'm', Values: Array.from({ length: 151 }, (_, i) => i) },
    value,
    'The collection MetricData.member.1.Values must not have a size greater than 150.',
  ],
  [
    'no value',
    { MetricName: 'm' },
    missing,
    'At least one of the parameters MetricData.member.1.Value, MetricData.member.1.Values, ' +
      'MetricData.member.1.StatisticValues must be specified.',
  ],
  [
    'minimum over maximum',
    { MetricName: 'm', StatisticValues: { SampleCount: 1, Sum: 1, Minimum: 2, Maximum: 1 } },
    combination,
    'The parameter MetricData.member.1.StatisticValues.Maximum must be greater than or equal to ' +
      'MetricData.member.1.StatisticValues.Minimum.',
  ],
  [
    'too old',
    { ...one, Timestamp: new Date(startMs - 14 * dayMs - 1) },
    value,
    'The parameter MetricData.member.1.Timestamp must specify a time no more than two weeks ' +
      'in the past.',
  ],
  [
    'too far ahead',
    { ...one, Timestamp: new Date(startMs + 2 * hourMs + 1) },
    value,
    'The parameter MetricData.member.1.Timestamp must specify a time no more than two hours ' +
      'in the ' +
      'future.',
  ],
  [
    'no date at all',
    { ...one, Timestamp: new Date(Number.NaN) },
    value,
    'The parameter MetricData.member.1.Timestamp must specify a time no more than two weeks ' +
      'in the past.',
  ],
  [
    'an odd resolution',
    { ...one, StorageResolution: 30 },
    value,
    'The value 30 for parameter MetricData.member.1.StorageResolution is invalid.',
  ],
  [
    'a dimension twice',
    {
      ...one,
      Dimensions: [
        { Name: 'a', Value: '1' },
        { Name: 'a', Value: '2' },
      ],
    },
    value,
    'The parameter MetricData.member.1.Dimensions has the dimension a more than once.',
  ],
  [
    'a dimension that is not ASCII',
    { ...one, Dimensions: [{ Name: 'a', Value: 'é' }] },
    value,
    'The parameter MetricData.member.1.Dimensions.member.1.Value must contain only ' +
      'printable ASCII ' +
      'characters.',
  ],
])('%s is refused and nothing of the call is kept', async (_, datum, code, message) => {
  const { ctx, series } = setup();
  const good = { MetricName: 'good', Value: 1 };
  const input = { Namespace: 'shop', MetricData: [datum, good] };
  expect(await refusal(putMetricData(input, ctx))).toEqual({ code, message });
  const page = await series.list({ scope: ctx.scope, dimensions: [], recent: false, limit: 9 });
  expect(page.metrics).toEqual([]);
});

test('what a call as a whole must be', async () => {
  const { ctx } = setup();
  const put = (input: Partial<Parameters<typeof putMetricData>[0]>) =>
    refusal(putMetricData({ Namespace: 'shop', MetricData: [one], ...input }, ctx));
  expect(await put({ Namespace: 'AWS/SageMaker' })).toEqual({
    code: value,
    message: 'The value AWS/ for parameter Namespace is invalid.',
  });
  expect((await put({ Namespace: ':x' })).code).toBe(value);
  expect((await put({ Namespace: 'a\nb' })).code).toBe(value);
  expect((await put({ MetricData: [] })).code).toBe(missing);
  expect(await put({ MetricData: Array.from({ length: 1001 }, () => one) })).toEqual({
    code: value,
    message: 'The collection MetricData must not have a size greater than 1000.',
  });
  expect(await put({ EntityMetricData: [{}] })).toEqual({
    code: 'NotImplemented',
    message: 'EntityMetricData is not implemented by this server.',
  });
});

test('values at the edge of what is allowed are kept', async () => {
  const { ctx, series } = setup();
  const edge = 2 ** 360;
  const Values = [edge, -edge, 0];
  await putMetricData({ Namespace: 'shop', MetricData: [{ MetricName: 'm', Values }] }, ctx);
  const [stream] = await series.query({
    scope: ctx.scope,
    namespace: 'shop',
    metric: 'm',
    dimensions: [],
    periodSeconds: 60,
    startMs,
    endMs: startMs + hourMs,
  });
  expect(stream?.points[0]?.bucket).toMatchObject({ minimum: -edge, maximum: edge, count: 3 });
});
