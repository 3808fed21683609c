/** GetMetricStatistics, GetMetricData and ListMetrics. */
import type { GetMetricDataInput, MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { describe, expect, test } from 'vitest';
import { defined } from '../../kernel/assert.ts';
import { dayMs, hourMs, minuteMs } from '../../kernel/clock.ts';
import { putMetricData } from './metric-data.ts';
import { getMetricData } from './metric-queries.ts';
import { getMetricStatistics } from './metric-statistics.ts';
import { listMetrics } from './metrics.ts';
import { refusal, scope, setup, startMs } from './setup.fixture.ts';

async function filled() {
  const all = setup();
  const { ctx } = all;
  const data = Array.from({ length: 10 }, (_, m) => ({
    MetricName: 'm',
    Unit: 'Seconds' as const,
    Values: [m, m + 1],
    Timestamp: new Date(startMs + m * minuteMs),
  }));
  await putMetricData({ Namespace: 'shop', MetricData: data }, ctx);
  return all;
}

describe('GetMetricStatistics', () => {
  const input = {
    Namespace: 'shop',
    MetricName: 'm',
    Period: 60,
    StartTime: new Date(startMs + 30_000),
    EndTime: new Date(startMs + 2 * minuteMs),
  };

  test('rounds the start down and takes percentiles', async () => {
    const { ctx } = await filled();
    const ExtendedStatistics = ['p50', 'TC(0:1)'];
    expect(await getMetricStatistics({ ...input, ExtendedStatistics }, ctx)).toEqual({
      Label: 'm',
      Datapoints: [
        {
          Timestamp: new Date(startMs),
          Unit: 'Seconds',
          ExtendedStatistics: { p50: 0.5, 'TC(0:1)': 1 },
        },
        {
          Timestamp: new Date(startMs + minuteMs),
          Unit: 'Seconds',
          ExtendedStatistics: { p50: 1.5, 'TC(0:1)': 1 },
        },
      ],
    });
  });

  test('answers a datapoint for each unit, or for the one asked for', async () => {
    const { ctx } = await filled();
    const more = [{ MetricName: 'm', Value: 7, Unit: 'Count' as const }];
    await putMetricData({ Namespace: 'shop', MetricData: more }, ctx);
    const ask = async (unit: object) => {
      const EndTime = new Date(startMs + minuteMs);
      const asked = { ...input, ...unit, EndTime, Statistics: ['Sum' as const] };
      const { Datapoints } = await getMetricStatistics(asked, ctx);
      return Datapoints?.map(({ Unit, Sum }) => [Unit, Sum]);
    };
    expect(await ask({})).toEqual([
      ['Count', 7],
      ['Seconds', 1],
    ]);
    expect(await ask({ Unit: 'Seconds' })).toEqual([['Seconds', 1]]);
    expect(await ask({ Unit: 'Bytes' })).toEqual([]);
  });

  test.each<[object, string, string]>([
    [
      { Period: 1, StartTime: new Date(startMs - dayMs), EndTime: new Date(startMs) },
      'InvalidParameterCombinationException',
      'You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may ' +
        'reduce ' +
        'the datapoints requested by increasing Period, or decreasing the time range.',
    ],
    [
      { StartTime: new Date(startMs), EndTime: new Date(startMs) },
      'InvalidParameterValueException',
      'The parameter StartTime must be less than the parameter EndTime.',
    ],
    [
      { Period: 45 },
      'InvalidParameterValueException',
      'The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.',
    ],
    [
      { ExtendedStatistics: ['p50'] },
      'InvalidParameterCombinationException',
      'The parameters Statistics and ExtendedStatistics are mutually exclusive and you have ' +
        'specified both.',
    ],
    [
      { Statistics: [], ExtendedStatistics: ['p101'] },
      'InvalidParameterValueException',
      'The value p101 for parameter ExtendedStatistics is not supported.',
    ],
    [
      { Statistics: [] },
      'MissingRequiredParameterException',
      'At least one of the parameters Statistics, ExtendedStatistics must be specified.',
    ],
  ])('refuses %o', async (more, code, message) => {
    const { ctx } = setup();
    const asked = { ...input, Statistics: ['Sum' as const], ...more };
    expect(await refusal(getMetricStatistics(asked, ctx))).toEqual({ code, message });
  });
});

function query(
  id: string,
  stat = 'Sum',
  period = 60,
  more: Partial<MetricDataQuery> = {},
): MetricDataQuery {
  const Metric = { Namespace: 'shop', MetricName: 'm' };
  return { Id: id, MetricStat: { Metric, Stat: stat, Period: period }, ...more };
}

function request(queries: MetricDataQuery[], more: Partial<GetMetricDataInput> = {}) {
  const range = { StartTime: new Date(startMs), EndTime: new Date(startMs + hourMs) };
  return { MetricDataQueries: queries, ...range, ...more };
}

describe('GetMetricData', () => {
  test('newest first unless asked otherwise; hidden queries are left out', async () => {
    const { ctx } = await filled();
    const hidden = query('h', 'Sum', 60, { ReturnData: false });
    const down = await getMetricData(request([query('a'), hidden]), ctx);
    expect(down.Messages).toEqual([]);
    expect(down.MetricDataResults).toHaveLength(1);
    expect(down.MetricDataResults?.[0]?.Values?.slice(0, 2)).toEqual([19, 17]);
    const up = await getMetricData(request([query('a')], { ScanBy: 'TimestampAscending' }), ctx);
    expect(up.MetricDataResults?.[0]).toMatchObject({
      Id: 'a',
      Label: 'm',
      StatusCode: 'Complete',
    });
    expect(up.MetricDataResults?.[0]?.Timestamps?.[1]).toEqual(new Date(startMs + minuteMs));
  });

  test.each([
    [
      [query('a'), query('b')],
      ['m', 'm'],
    ],
    [
      [query('a'), query('b', 'Minimum')],
      ['m Sum', 'm Minimum'],
    ],
    [
      [query('a'), query('b', 'Sum', 300)],
      ['m 60', 'm 300'],
    ],
    [
      [query('a'), query('b', 'Minimum', 300)],
      ['m Sum 60', 'm Minimum 300'],
    ],
    [[query('a', 'Sum', 60, { Label: 'mine' })], ['mine']],
    [
      [query('a', 'Sum', 600, { Label: "${LABEL} ${SUM} ${PROP('Stat')} ${what}" })],
      ['m 100 Sum ${what}'],
    ],
    [[query('a', 'Sum', 60, { Label: 'max ${MAX} of ${DATAPOINT_COUNT}' })], ['max 19 of 10']],
  ])('labels %#', async (queries, labels) => {
    const { ctx } = await filled();
    const { MetricDataResults } = await getMetricData(request(queries), ctx);
    expect(MetricDataResults?.map(({ Label }) => Label)).toEqual(labels);
  });

  test('pages run through the points of all queries', async () => {
    const { ctx } = await filled();
    const whole = await getMetricData(request([query('a'), query('b', 'Average')]), ctx);
    const values: Record<string, number[]> = { a: [], b: [] };
    const statuses: (string | undefined)[][] = [];
    let NextToken: string | undefined;
    do {
      const asked = request([query('a'), query('b', 'Average')], { MaxDatapoints: 7 });
      const page = await getMetricData({ ...asked, NextToken }, ctx);
      const results = page.MetricDataResults ?? [];
      expect(results.flatMap(({ Values = [] }) => Values).length).toBeLessThanOrEqual(7);
      for (const { Id = '', Values = [] } of results) values[Id]?.push(...Values);
      statuses.push(results.map(({ StatusCode }) => StatusCode));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(values).toEqual({
      a: whole.MetricDataResults?.[0]?.Values,
      b: whole.MetricDataResults?.[1]?.Values,
    });
    expect(statuses).toEqual([
      ['PartialData', 'PartialData'],
      ['Complete', 'PartialData'],
      ['Complete', 'Complete'],
    ]);
  });

  test('of several units the first is answered, with a message', async () => {
    const { ctx } = await filled();
    const more = [{ MetricName: 'm', Value: 7, Unit: 'Milliseconds' as const }];
    await putMetricData({ Namespace: 'shop', MetricData: more }, ctx);
    const { MetricDataResults: [result] = [] } = await getMetricData(request([query('a')]), ctx);
    expect(result?.Values).toEqual([7]);
    expect(result?.Messages).toEqual([
      { Code: 'MultipleUnits', Value: "Multiple units returned: '[Milliseconds, Seconds]'" },
    ]);
    const asked = query('a');
    const stat = defined(asked.MetricStat, 'stat');
    const wrong = { ...asked, MetricStat: { ...stat, Unit: 'Bytes' as const } };
    const { MetricDataResults: [none] = [] } = await getMetricData(request([wrong]), ctx);
    expect(none).toMatchObject({ Values: [], StatusCode: 'Complete', Label: 'm' });
  });

  test.each<[string, GetMetricDataInput, string, RegExp]>([
    ['an expression', request([{ Id: 'e', Expression: 'm1*2' }]), 'NotImplemented', /metric math/],
    ['equal ids', request([query('a'), query('a')]), 'ValidationException', /are not unique/],
    ['a bad id', request([query('A')]), 'ValidationException', /value A .* expected pattern/],
    ['neither', request([{ Id: 'a' }]), 'ValidationException', /exactly one of/],
    ['a bad period', request([query('a', 'Sum', 61)]), 'ValidationException', /Period must be/],
    ['a bad statistic', request([query('a', 'sum')]), 'ValidationException', /value sum /],
    [
      'no time',
      request([query('a')], { EndTime: new Date(startMs) }),
      'ValidationException',
      /EndTime must be greater than StartTime/,
    ],
    ['a bad token', request([query('a')], { NextToken: 'x' }), 'InvalidNextToken', /invalid/],
    [
      'too many points',
      request([query('a')], { MaxDatapoints: 100_801 }),
      'InvalidParameterValueException',
      /MaxDatapoints/,
    ],
  ])('refuses %s', async (_, input, code, message) => {
    const { ctx } = setup();
    const refused = await refusal(getMetricData(input, ctx));
    expect(refused.code).toBe(code);
    expect(refused.message).toMatch(message);
  });
});

describe('ListMetrics', () => {
  test('pages by 500 and filters', async () => {
    const { ctx } = setup();
    const data = Array.from({ length: 501 }, (_, i) => ({
      MetricName: `m${i}`,
      Value: 1,
      Dimensions: [{ Name: 'parity', Value: String(i % 2) }],
    }));
    await putMetricData({ Namespace: 'shop', MetricData: data }, ctx);
    const first = await listMetrics({}, ctx);
    expect(first.Metrics).toHaveLength(500);
    const second = await listMetrics({ NextToken: first.NextToken }, ctx);
    expect(second.Metrics).toHaveLength(1);
    expect(second.NextToken).toBeUndefined();
    const filter = [{ Name: 'parity', Value: '1' }];
    expect((await listMetrics({ Dimensions: filter }, ctx)).Metrics).toHaveLength(250);
    const named = await listMetrics({ Namespace: 'shop', MetricName: 'm7' }, ctx);
    expect(named.Metrics).toEqual([
      { Namespace: 'shop', MetricName: 'm7', Dimensions: [{ Name: 'parity', Value: '1' }] },
    ]);
  });

  test('a token of another account or another listing is refused', async () => {
    const { ctx } = setup();
    const foreign = Buffer.from(JSON.stringify(['metrics', '999/eu-west-1/x'])).toString(
      'base64url',
    );
    for (const NextToken of [foreign, 'junk', Buffer.from('["data",1]').toString('base64url')]) {
      expect((await refusal(listMetrics({ NextToken }, ctx))).code).toBe('InvalidNextToken');
    }
    expect(ctx.scope).toEqual(scope);
  });
});
