/**
 * What is known of each metric apart from its numbers: its name, its units, when it last had data.
 */
import { hash } from 'node:crypto';
import type { Scope } from '../../kernel/arn.ts';
import { compareUtf8 } from '../../kernel/bytes.ts';
import { dayMs, hourMs } from '../../kernel/clock.ts';
import type { Collection, MetadataStore } from '../../ports/metadata-store.ts';
import type { Dimension } from './recorder.ts';

/** A metric's name within an account and region; the order of the dimensions does not matter. */
export interface MetricId {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: readonly Dimension[];
}

export interface MetricRow extends MetricId {
  /** Units with data, each a stream of its own. */
  readonly units: readonly string[];
  /** The latest instant data was recorded for, to within `activityStepMs`. */
  readonly lastDataMs: number;
}

/** Keys are `account/region/namespace/metric/id of the dimensions`: the order of a listing. */
export const metrics: Collection<MetricRow> = { name: 'series/metric' };

/** How long a metric without new data is listed. */
export const listedMs = 14 * dayMs;
const recentMs = 3 * hourMs;
const scanRows = 500;

/** Nearly all names: nothing in them has to be escaped. */
const plainPart = /^[ !-$&-.0-~]*$/;

/** Keys by parts: the separator and control characters of a name are escaped. */
function part(text: string): string {
  if (plainPart.test(text)) return text;
  return text.replace(/[%/\p{Cc}]/gu, (unit) => {
    return `%${unit.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

export function sortDimensions(dimensions: readonly Dimension[]): readonly Dimension[] {
  return [...dimensions].sort((a, b) => compareUtf8(a.name, b.name));
}

/** The same for every order of the dimensions. */
export function metricKey(scope: Scope, id: MetricId): string {
  const set = sortDimensions(id.dimensions).map(({ name, value }) => [name, value]);
  const digest = hash('sha256', JSON.stringify(set), 'hex').slice(0, 24);
  return `${namespacePrefix(scope, id.namespace)}${part(id.metric)}/${digest}`;
}

function namespacePrefix(scope: Scope, namespace: string): string {
  return `${scope.account}/${scope.region}/${part(namespace)}/`;
}

/** Where one unit's buckets are kept; short whatever the names are. */
export function streamKey(metric: string, unit: string): string {
  const [account, region] = metric.split('/');
  const digest = hash('sha256', metric, 'hex').slice(0, 32);
  return `${account}/${region}/${digest}/${part(unit)}`;
}

export interface MetricFilter {
  readonly scope: Scope;
  readonly namespace?: string;
  readonly metric?: string;
  /** All must be there, with this value where one is given; the metric may have others. */
  readonly dimensions: readonly { readonly name: string; readonly value?: string }[];
  /** Only those with data in the last three hours. */
  readonly recent: boolean;
  readonly after?: string;
  readonly limit: number;
}

export interface MetricPage {
  readonly metrics: readonly MetricId[];
  /** Where the next page starts; undefined at the end. */
  readonly next: string | undefined;
}

export async function listMetricRows(
  store: MetadataStore,
  filter: MetricFilter,
  nowMs: number,
): Promise<MetricPage> {
  const { scope, namespace, metric, limit } = filter;
  const sinceMs = nowMs - (filter.recent ? recentMs : listedMs);
  const all = `${scope.account}/${scope.region}/`;
  const within = namespace === undefined ? all : namespacePrefix(scope, namespace);
  const exact = namespace !== undefined && metric !== undefined;
  const prefix = exact ? `${within}${part(metric)}/` : within;
  const found: MetricId[] = [];
  let after = filter.after;
  for (;;) {
    const range = { prefix, limit: scanRows, ...(after === undefined ? {} : { after }) };
    const page = await store.list(metrics, range);
    for (const { key, row } of page) {
      // One more than asked for tells that there is a next page.
      if (found.length === limit && matches(row, filter, sinceMs))
        return { metrics: found, next: after };
      if (matches(row, filter, sinceMs)) found.push(pick(row));
      after = key;
    }
    if (page.length < scanRows) return { metrics: found, next: undefined };
  }
}

function pick({ namespace, metric, dimensions }: MetricRow): MetricId {
  return { namespace, metric, dimensions };
}

function matches(row: MetricRow, filter: MetricFilter, sinceMs: number): boolean {
  if (row.lastDataMs < sinceMs) return false;
  if (filter.metric !== undefined && row.metric !== filter.metric) return false;
  return filter.dimensions.every(({ name, value }) =>
    row.dimensions.some((own) => own.name === name && (value === undefined || own.value === value)),
  );
}
