/**
 * PutMetricData: what clients measure, checked datum by datum; nothing is kept of a refused call.
 */
import type { MetricDatum, PutMetricDataInput, StatisticSet } from '@aws-sdk/client-cloudwatch';
import { javaDouble } from '../../engines/alarms/java.ts';
import type { Datum, Sample } from '../../engines/series/recorder.ts';
import { dayMs, hourMs } from '../../kernel/clock.ts';
import type { CloudWatchCtx } from './context.ts';
import { faults } from './faults.ts';
import { checkText, dimensionsOf } from './names.ts';

const maxData = 1_000;
const maxValues = 150;
/** Values lie within plus and minus this. */
const maxMagnitude = 2 ** 360;
const pastMs = 14 * dayMs;
const futureMs = 2 * hourMs;
const reservedPrefix = 'AWS/';

export async function putMetricData(input: PutMetricDataInput, ctx: CloudWatchCtx): Promise<void> {
  const { Namespace: namespace = '', MetricData: data } = input;
  if (input.EntityMetricData?.length) throw faults.notBuilt('EntityMetricData');
  if (namespace.startsWith(reservedPrefix)) throw faults.badValue(reservedPrefix, 'Namespace');
  if (namespace.startsWith(':') || namespace.trim() === '') {
    throw faults.badValue(namespace, 'Namespace');
  }
  checkText(namespace, 'Namespace');
  if (!data || data.length === 0) throw faults.missing('MetricData');
  if (data.length > maxData) throw faults.tooMany('MetricData', maxData);

  const nowMs = ctx.clock.nowMs();
  const checked = data.map((datum, i) => {
    return datumOf(datum, { namespace, at: `MetricData.member.${i + 1}`, nowMs });
  });
  await ctx.series.record(ctx.scope, checked);
}

interface Place {
  readonly namespace: string;
  /** The datum's place in the request, as refusals name it. */
  readonly at: string;
  readonly nowMs: number;
}

function datumOf(datum: MetricDatum, { namespace, at, nowMs }: Place): Datum {
  const { MetricName: metric = '', StorageResolution: resolution = 60 } = datum;
  if (metric.trim() === '') throw faults.missing(`${at}.MetricName`);
  checkText(metric, `${at}.MetricName`);
  if (resolution !== 1 && resolution !== 60) {
    throw faults.badValue(resolution, `${at}.StorageResolution`);
  }
  return {
    namespace,
    metric,
    dimensions: dimensionsOf(datum.Dimensions, `${at}.Dimensions`),
    timestampMs: timestampOf(datum.Timestamp, { at, nowMs }),
    sample: sampleOf(datum, at),
    unit: datum.Unit ?? 'None',
    resolutionSeconds: resolution,
  };
}

function timestampOf(
  timestamp: Date | undefined,
  { at, nowMs }: { readonly at: string; readonly nowMs: number },
): number {
  if (timestamp === undefined) return nowMs;
  const atMs = timestamp.getTime();
  const refuse = (rule: string) =>
    faults.invalidValue(`The parameter ${at}.Timestamp must specify a time ${rule}.`);
  if (!(atMs >= nowMs - pastMs)) throw refuse('no more than two weeks in the past');
  if (!(atMs <= nowMs + futureMs)) throw refuse('no more than two hours in the future');
  return atMs;
}

function sampleOf(datum: MetricDatum, at: string): Sample {
  const { Value: value, Values: values, Counts: counts, StatisticValues: set } = datum;
  const given = Object.entries({ Value: value, Values: values, StatisticValues: set })
    .filter(([, part]) => part !== undefined)
    .map(([name]) => `${at}.${name}`);
  const [first, second] = given;
  if (first !== undefined && second !== undefined) throw faults.exclusive(first, second);
  if (value !== undefined) {
    checkNumber(value, `${at}.Value`);
    return { kind: 'values', values: [value], counts: [1] };
  }
  if (values !== undefined) return valuesOf(values, counts, at);
  if (set !== undefined) return statisticsOf(set, `${at}.StatisticValues`);
  throw faults.noneOf([`${at}.Value`, `${at}.Values`, `${at}.StatisticValues`]);
}

function valuesOf(values: number[], counts: number[] | undefined, at: string): Sample {
  if (values.length === 0) throw faults.missing(`${at}.Values`);
  if (values.length > maxValues) throw faults.tooMany(`${at}.Values`, maxValues);
  if (counts !== undefined && counts.length !== values.length) {
    throw faults.invalidValue(
      `The parameters ${at}.Values and ${at}.Counts must be of the same size.`,
    );
  }
  values.forEach((value, i) => checkNumber(value, `${at}.Values.member.${i + 1}`));
  counts?.forEach((count, i) => checkCount(count, `${at}.Counts.member.${i + 1}`));
  return { kind: 'values', values, counts: counts ?? values.map(() => 1) };
}

function statisticsOf(set: StatisticSet, at: string): Sample {
  const { SampleCount = 0, Sum = 0, Minimum = 0, Maximum = 0 } = set;
  checkCount(SampleCount, `${at}.SampleCount`);
  for (const [name, value] of Object.entries({ Sum, Minimum, Maximum })) {
    checkNumber(value, `${at}.${name}`);
  }
  if (Minimum > Maximum) {
    throw faults.combination(
      `The parameter ${at}.Maximum must be greater than or equal to ${at}.Minimum.`,
    );
  }
  const [sampleCount, sum, minimum, maximum] = [SampleCount, Sum, Minimum, Maximum];
  return { kind: 'statistics', sampleCount, sum, minimum, maximum };
}

function checkNumber(value: number, parameter: string): void {
  if (Math.abs(value) <= maxMagnitude) return;
  throw faults.badValue(Number.isFinite(value) ? javaDouble(value) : String(value), parameter);
}

function checkCount(count: number, parameter: string): void {
  checkNumber(count, parameter);
  if (count < 0) throw faults.badValue(javaDouble(count), parameter);
}
