/**
 * The data of watched batches as a data set to be explained: tables as they went into a batch job,
 * not captured records. Where labels are needed a merge has made records of them.
 */
import type { BiasColumn } from '../../engines/fairness/column.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { DatasetType } from './config.ts';
import { keptFeatures, labelHeaders, observedNames } from './names.ts';
import type { Observed, ObservedRequest } from './observed.ts';
import { readTable, type TableParts } from './table.ts';

/** Undefined where the files hold captured or merged records. Reads `{"csv":{"header":true}}`… */
export function batchTypeOf(datasetFormat: string | undefined): Outcome<DatasetType | undefined> {
  if (datasetFormat === undefined) return ok(undefined);
  let format: unknown;
  try {
    format = JSON.parse(datasetFormat);
  } catch {
    return refuse(`dataset_format is not JSON: ${datasetFormat.slice(0, 200)}`);
  }
  const [[kind, settings] = []] = Object.entries((format ?? {}) as Record<string, unknown>);
  if (kind === 'csv') return ok('text/csv');
  if (kind === 'parquet') return ok('application/x-parquet');
  if (kind !== 'json') return ok(undefined);
  const { line, lines } = (settings ?? {}) as Record<string, unknown>;
  return ok(String(line ?? lines) === 'true' ? 'application/jsonlines' : 'application/json');
}

/** Refused with the file, the line and the column at fault. */
export async function readBatch(
  parts: TableParts,
  { files, config, attributes }: ObservedRequest,
  { type, ...options }: Abortable & { readonly type: DatasetType },
): Promise<Outcome<Observed>> {
  const isJson = type.includes('json');
  const features = isJson ? (attributes.features ?? config.features) : undefined;
  const picks = features === undefined ? undefined : { features, others: [] };
  const request = { what: 'batch', files, type, headers: undefined, picks };
  const table = await readTable(parts, request, options);
  if (!table.ok) return table;
  const own = [...table.value.columns];
  const named = observedNames(
    own.map(([name]) => name),
    config,
  );
  if (!named.ok) return named;
  const columns = new Map<string, BiasColumn>();
  own.forEach(([name, column], at) => {
    columns.set(named.value[at] ?? name, column);
  });
  const labels = labelHeaders(config).filter((name) => columns.has(name));
  const excluded = [...attributes.excluded, ...config.excludedColumns, ...labels];
  const kept = keptFeatures([...columns.keys()], columns, excluded);
  if (!kept.ok) return kept;
  return ok({
    ...{ rows: table.value.rows, columns, features: kept.value, notes: table.value.notes },
    ...{ label: undefined, predictedLabel: undefined, score: undefined },
    ...{ facets: [], group: undefined, joinColumn: undefined },
  });
}
