/**
 * GetMetricData: many metrics in one call, by pages of points. Each query reads one statistic of
 * one metric; expressions (metric math, SEARCH, SQL) are refused by name.
 */
import type {
  GetMetricDataInput,
  GetMetricDataOutput,
  MetricDataQuery,
  MetricDataResult,
  MetricStat,
} from '@aws-sdk/client-cloudwatch';
import {
  measure,
  needsValues,
  parseStatistic,
  type Statistic,
} from '../../engines/series/statistics.ts';
import type { CloudWatchCtx } from './context.ts';
import { faults } from './faults.ts';
import { dynamicLabel, generatedLabel } from './labels.ts';
import { alignedRange, dimensionsOf, isPeriod, type TimeRange } from './names.ts';
import { countIn, encodeToken } from './tokens.ts';

const maxQueries = 500;
const defaultMaxDatapoints = 100_800;
const idPattern = /^[a-z][a-zA-Z0-9_]{0,254}$/;
const tokenName = 'data';

export async function getMetricData(
  input: GetMetricDataInput,
  ctx: CloudWatchCtx,
): Promise<GetMetricDataOutput> {
  const queries = queriesOf(input.MetricDataQueries ?? []);
  const range = rangeOf(input);
  const { MaxDatapoints: limit = defaultMaxDatapoints } = input;
  if (limit < 1 || limit > defaultMaxDatapoints) {
    throw faults.badValue(limit, 'MaxDatapoints');
  }
  const skipped = countIn(input.NextToken, tokenName);
  const ascending = input.ScanBy === 'TimestampAscending';

  const stats = queries.map(({ stat }) => stat);
  const page: Page = { from: skipped, to: skipped + limit, passed: 0, ascending };
  const results: MetricDataResult[] = [];
  for (const query of queries) {
    if (!query.returned) continue;
    const generated = generatedLabel(query.stat, stats);
    results.push(await resultOf(query, { generated, range, page, ctx }));
  }
  return {
    MetricDataResults: results,
    Messages: [],
    ...(page.passed > page.to ? { NextToken: encodeToken(tokenName, page.to) } : {}),
  };
}

/** A page is a run of the points of all queries, one query after another. */
interface Page {
  readonly from: number;
  readonly to: number;
  readonly ascending: boolean;
  /** Points of the queries read so far. */
  passed: number;
}

interface Answering {
  readonly generated: string;
  readonly range: TimeRange;
  readonly page: Page;
  readonly ctx: CloudWatchCtx;
}

async function resultOf(query: Query, answering: Answering): Promise<MetricDataResult> {
  const { generated, range, page, ctx } = answering;
  const { id, stat } = query;
  const empty = { Timestamps: [], Values: [] };
  // The page is full: this query is read for a later one.
  if (page.passed > page.to) {
    return { Id: id, Label: query.label ?? generated, ...empty, StatusCode: 'PartialData' };
  }
  const { points, units } = await readQuery(query, { range, ctx });
  const values = points.map(({ value }) => value);
  const about = { stat, values, scope: ctx.scope };
  const label = query.label === undefined ? generated : dynamicLabel(query.label, generated, about);
  const from = Math.max(0, page.from - page.passed);
  const to = Math.max(0, page.to - page.passed);
  const shown = (page.ascending ? points : points.toReversed()).slice(from, to);
  page.passed += points.length;
  return {
    Id: id,
    Label: label,
    Timestamps: shown.map(({ startMs }) => new Date(startMs)),
    Values: shown.map(({ value }) => value),
    StatusCode: page.passed <= page.to ? 'Complete' : 'PartialData',
    ...messagesOf(units),
  };
}

interface Query {
  readonly id: string;
  readonly stat: MetricStat;
  readonly statistic: Statistic;
  readonly label: string | undefined;
  readonly returned: boolean;
}

function queriesOf(queries: readonly MetricDataQuery[]): readonly Query[] {
  if (queries.length === 0) throw faults.missing('MetricDataQueries');
  if (queries.length > maxQueries) {
    throw faults.validation(
      `The collection MetricDataQueries must not have a size greater than ${maxQueries}.`,
    );
  }
  const ids = queries.map(({ Id }) => Id);
  if (new Set(ids).size < ids.length) {
    throw faults.validation('The values for parameter id in MetricDataQueries are not unique.');
  }
  return queries.map((query, i) => queryOf(query, `MetricDataQueries.member.${i + 1}`));
}

function queryOf(query: MetricDataQuery, at: string): Query {
  const { Id: id = '', MetricStat: stat, Expression: expression } = query;
  if (!idPattern.test(id)) {
    throw faults.validation(
      `The value ${id} for parameter ${at}.Id is not matching the expected pattern ` +
        '^[a-z][a-zA-Z0-9_]*$.',
    );
  }
  if ((stat === undefined) === (expression === undefined)) {
    throw faults.validation(
      `The parameter ${at} must have exactly one of MetricStat and Expression.`,
    );
  }
  if (!stat) throw faults.notBuilt(`A metric math expression (${at}.Expression)`);
  const statistic = parseStatistic(stat.Stat ?? '');
  if (!statistic.ok) {
    throw faults.validation(
      `The value ${stat.Stat} for parameter ${at}.MetricStat.Stat is not supported.`,
    );
  }
  if (!isPeriod(stat.Period ?? 0)) {
    throw faults.validation(
      `The parameter ${at}.MetricStat.Period must be 1, 5, 10, 20, 30, or a multiple of 60.`,
    );
  }
  const returned = query.ReturnData ?? true;
  return { id, stat, statistic: statistic.value, label: query.Label, returned };
}

function rangeOf({ StartTime, EndTime }: GetMetricDataInput): TimeRange {
  const startMs = StartTime?.getTime() ?? Number.NaN;
  const endMs = EndTime?.getTime() ?? Number.NaN;
  if (!(startMs < endMs)) {
    throw faults.validation('The parameter EndTime must be greater than StartTime');
  }
  return { startMs, endMs };
}

interface Read {
  /** Oldest first. */
  readonly points: readonly { readonly startMs: number; readonly value: number }[];
  readonly units: readonly string[];
}

async function readQuery(
  { stat, statistic }: Query,
  { range, ctx }: { readonly range: TimeRange; readonly ctx: CloudWatchCtx },
): Promise<Read> {
  ctx.signal.throwIfAborted();
  const { Metric: metric = {}, Period: period = 0, Unit: unit } = stat;
  const streams = await ctx.series.query({
    scope: ctx.scope,
    namespace: metric.Namespace ?? '',
    metric: metric.MetricName ?? '',
    dimensions: dimensionsOf(metric.Dimensions, 'MetricStat.Metric.Dimensions'),
    periodSeconds: period,
    ...alignedRange(range, period, ctx.clock.nowMs()),
    ...(unit === undefined ? {} : { unit }),
    withValues: needsValues(statistic),
  });
  // Of several units the first by name is answered; the result says that there are others.
  const points = (streams[0]?.points ?? []).flatMap(({ startMs, bucket }) => {
    const value = measure(statistic, bucket);
    return value === undefined ? [] : [{ startMs, value }];
  });
  return { points, units: streams.map((stream) => stream.unit) };
}

function messagesOf(units: readonly string[]): Pick<MetricDataResult, 'Messages'> {
  if (units.length < 2) return {};
  const Value = `Multiple units returned: '[${units.join(', ')}]'`;
  return { Messages: [{ Code: 'MultipleUnits', Value }] };
}
