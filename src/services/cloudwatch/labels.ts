/** Labels of GetMetricData's results, the generated ones and those with `${…}` in them. */
import type { MetricStat } from '@aws-sdk/client-cloudwatch';
import type { Scope } from '../../kernel/arn.ts';

/** What a label may speak of; values oldest first. */
export interface Labelled {
  readonly stat: MetricStat;
  readonly values: readonly number[];
  readonly scope: Scope;
}

/**
 * The metric's name; with its statistic and its period where those differ between the request's
 * queries.
 */
export function generatedLabel(stat: MetricStat, all: readonly MetricStat[]): string {
  const parts = [stat.Metric?.MetricName ?? ''];
  if (all.some((other) => other.Stat !== stat.Stat)) parts.push(stat.Stat ?? '');
  if (all.some((other) => other.Period !== stat.Period)) parts.push(String(stat.Period));
  return parts.join(' ');
}

/** Fills in the tokens that are known; others stay as they were written. */
export function dynamicLabel(label: string, generated: string, about: Labelled): string {
  return label.replace(/\$\{([^{}]{1,300})\}/g, (token: string, name: string) => {
    const text = name === 'LABEL' ? generated : tokenText(name.trim(), about);
    return text ?? token;
  });
}

function tokenText(name: string, about: Labelled): string | undefined {
  const property = /^PROP\(\s*'([^']+)'\s*\)$/.exec(name)?.[1];
  if (property !== undefined) return propertyText(property, about);
  const compute = valueTokens[name];
  if (!compute) return undefined;
  const { values } = about;
  return values.length === 0 && name !== 'DATAPOINT_COUNT' ? '--' : compute(values);
}

const first = (values: readonly number[]) => String(values[0]);
const last = (values: readonly number[]) => String(values.at(-1));
// Not by spreading into Math.max: there may be a hundred thousand values.
const least = (values: readonly number[]) => String(values.reduce((a, b) => Math.min(a, b)));
const most = (values: readonly number[]) => String(values.reduce((a, b) => Math.max(a, b)));
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

const valueTokens: Readonly<Record<string, (values: readonly number[]) => string>> = {
  MIN: least,
  MAX: most,
  AVG: (values) => String(sum(values) / values.length),
  SUM: (values) => String(sum(values)),
  FIRST: first,
  LAST: last,
  FIRST_LAST_RANGE: (values) => `${first(values)}-${last(values)}`,
  MIN_MAX_RANGE: (values) => `${least(values)}-${most(values)}`,
  DATAPOINT_COUNT: (values) => String(values.length),
};

function propertyText(property: string, { stat, scope }: Labelled): string | undefined {
  const dimension = /^Dim\.(.+)$/.exec(property)?.[1];
  if (dimension !== undefined) {
    return stat.Metric?.Dimensions?.find(({ Name }) => Name === dimension)?.Value;
  }
  const properties: Readonly<Record<string, string | undefined>> = {
    MetricName: stat.Metric?.MetricName,
    Namespace: stat.Metric?.Namespace,
    Period: String(stat.Period),
    Region: scope.region,
    Stat: stat.Stat,
    AccountId: scope.account,
  };
  return Object.hasOwn(properties, property) ? properties[property] : undefined;
}
