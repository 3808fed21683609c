/** GetMetricStatistics: several statistics of one metric, a datapoint for each period and unit. */
import type {
  Datapoint,
  GetMetricStatisticsInput,
  GetMetricStatisticsOutput,
} from '@aws-sdk/client-cloudwatch';
import type { Point } from '../../engines/series/series.ts';
import {
  measure,
  needsValues,
  parseStatistic,
  type Statistic,
} from '../../engines/series/statistics.ts';
import type { CloudWatchCtx } from './context.ts';
import { faults } from './faults.ts';
import { alignedRange, dimensionsOf, isPeriod, pointsIn, type TimeRange } from './names.ts';

const maxPoints = 1_440;
const maxSimple = 5;
const maxExtended = 10;

export async function getMetricStatistics(
  input: GetMetricStatisticsInput,
  ctx: CloudWatchCtx,
): Promise<GetMetricStatisticsOutput> {
  const {
    Namespace: namespace = '',
    MetricName: metric = '',
    Period: period = 0,
    Unit: unit,
  } = input;
  const dimensions = dimensionsOf(input.Dimensions, 'Dimensions');
  const statistics = statisticsOf(input);
  if (!isPeriod(period)) {
    throw faults.invalidValue(
      'The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.',
    );
  }
  const range = rangeOf(input, period);

  const streams = await ctx.series.query({
    scope: ctx.scope,
    namespace,
    metric,
    dimensions,
    periodSeconds: period,
    ...alignedRange(range, period, ctx.clock.nowMs()),
    ...(unit === undefined ? {} : { unit }),
    withValues: statistics.some(({ statistic }) => needsValues(statistic)),
  });
  const datapoints = streams.flatMap((stream) =>
    stream.points.flatMap((point) => datapointOf(point, { statistics, unit: stream.unit })),
  );
  return { Label: metric, Datapoints: datapoints };
}

interface Named {
  readonly name: string;
  readonly statistic: Statistic;
}

function statisticsOf(input: GetMetricStatisticsInput): readonly Named[] {
  const { Statistics: simple = [], ExtendedStatistics: extended = [] } = input;
  if (simple.length > 0 && extended.length > 0) {
    throw faults.exclusive('Statistics', 'ExtendedStatistics');
  }
  if (simple.length + extended.length === 0) {
    throw faults.noneOf(['Statistics', 'ExtendedStatistics']);
  }
  if (simple.length > maxSimple) throw faults.tooMany('Statistics', maxSimple);
  if (extended.length > maxExtended) throw faults.tooMany('ExtendedStatistics', maxExtended);
  return [...simple, ...extended].map((name) => {
    const parsed = parseStatistic(name);
    const isSimple = parsed.ok && parsed.value.kind === 'simple';
    if (!parsed.ok || isSimple !== simple.length > 0) {
      throw faults.unsupported(name, simple.length > 0 ? 'Statistics' : 'ExtendedStatistics');
    }
    return { name, statistic: parsed.value };
  });
}

function rangeOf(input: GetMetricStatisticsInput, period: number): TimeRange {
  const startMs = input.StartTime?.getTime() ?? Number.NaN;
  const endMs = input.EndTime?.getTime() ?? Number.NaN;
  if (!(startMs < endMs)) {
    throw faults.invalidValue('The parameter StartTime must be less than the parameter EndTime.');
  }
  const points = pointsIn({ startMs, endMs }, period);
  if (points > maxPoints) {
    throw faults.combination(
      `You have requested up to ${points} datapoints, which exceeds the limit of ` +
        `${maxPoints}. You ` +
        'may reduce the datapoints requested by increasing Period, or decreasing the time range.',
    );
  }
  return { startMs, endMs };
}

interface Asked {
  readonly statistics: readonly Named[];
  readonly unit: string;
}

/** None when no statistic that was asked for has a value. */
function datapointOf(point: Point, { statistics, unit }: Asked): Datapoint[] {
  const simple: Record<string, number> = {};
  const extended: Record<string, number> = {};
  for (const { name, statistic } of statistics) {
    const value = measure(statistic, point.bucket);
    if (value !== undefined) (statistic.kind === 'simple' ? simple : extended)[name] = value;
  }
  const hasExtended = Object.keys(extended).length > 0;
  if (!hasExtended && Object.keys(simple).length === 0) return [];
  const datapoint: Datapoint = {
    Timestamp: new Date(point.startMs),
    ...simple,
    Unit: unit as Datapoint['Unit'],
    ...(hasExtended ? { ExtendedStatistics: extended } : {}),
  };
  return [datapoint];
}
