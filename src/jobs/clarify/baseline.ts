/** The rows that stand for absent features: given in the configuration, in a file, or clustered. */
import { clusterBaseline } from '../../engines/attribution/clusters.ts';
import type { Row } from '../../engines/attribution/types.ts';
import type { BiasColumn } from '../../engines/fairness/column.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { Cell } from '../predictor/body.ts';
import type { InputFile } from '../processing/analysis.ts';
import { everyRow, rowsOf, type Table } from './columns.ts';
import type { ClarifyConfig, ShapPlan } from './config.ts';
import type { Dataset } from './dataset.ts';
import { GrowingTable } from './json-table.ts';
import { readTable, type TableParts } from './table.ts';

const key = 'methods.shap.baseline';

export interface Baseline {
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

export interface BaselineRequest {
  readonly config: ClarifyConfig;
  readonly plan: ShapPlan;
  readonly dataset: Dataset;
  /** Of the baseline's URI. */
  readonly files: readonly InputFile[];
}

export async function baselineOf(
  parts: TableParts,
  request: BaselineRequest,
  options: Abortable,
): Promise<Outcome<Baseline>> {
  const { plan, dataset } = request;
  if (plan.baseline === undefined) return clustered(plan, dataset);
  if (typeof plan.baseline === 'string') return ofFiles(parts, request, options);
  const listed = listedRows(parts, request);
  return listed.ok ? typed(listed.value, dataset) : listed;
}

function clustered(plan: ShapPlan, dataset: Dataset): Outcome<Baseline> {
  const columns = dataset.features.flatMap((name) => dataset.columns.get(name) ?? []);
  const found = clusterBaseline({
    rows: rowsOf(columns, everyRow(dataset.rows)),
    ...(plan.clusters === undefined ? {} : { numClusters: plan.clusters }),
    seed: plan.seed ?? 0,
  });
  if (!found.ok) return refuse(`${key}: ${found.reason}`);
  const { rows, method, notes } = found.value;
  const many = rows.length === 1 ? 'one row' : `${rows.length} rows`;
  return ok({ rows, notes: [`The baseline is ${many}, found by ${method}.`, ...notes] });
}

async function ofFiles(
  parts: TableParts,
  { config, dataset, files }: BaselineRequest,
  options: Abortable,
): Promise<Outcome<Baseline>> {
  const picks =
    config.features === undefined ? undefined : { features: config.features, others: [] };
  const { datasetType: type } = config;
  const headers = dataset.features;
  const table = await readTable(parts, { what: key, files, type, headers, picks }, options);
  if (!table.ok) return table;
  const rows = rowsInOrder(table.value, dataset);
  return rows.ok ? typed(rows.value, dataset) : rows;
}

function rowsInOrder(table: Table, { features }: Dataset): Outcome<readonly Row[]> {
  const columns: BiasColumn[] = [];
  for (const name of features) {
    const column = table.columns.get(name);
    if (!column) return refuse(`${key}: has no column ${name}`);
    columns.push(column);
  }
  return ok(rowsOf(columns, everyRow(table.rows)));
}

function listedRows(
  { query }: TableParts,
  { config, plan, dataset }: BaselineRequest,
): Outcome<readonly (readonly unknown[])[]> {
  const given = plan.baseline;
  const isRow = (row: unknown): row is readonly unknown[] => Array.isArray(row);
  if (Array.isArray(given) && given.every(isRow)) return ok(given);
  const wrong = refuse(`${key} must be a list of rows, each a list of feature values`);
  if (config.features === undefined) return wrong;
  const features = query.compile(config.features);
  if (!features.ok) return refuse(`features: ${features.reason}`);
  // Laid out as the data set is: a document, or a document a row.
  const table = new GrowingTable(dataset.features, { features: features.value, others: [] });
  for (const document of Array.isArray(given) ? (given as unknown[]) : [given]) {
    const isLines = config.datasetType === 'application/jsonlines';
    const added = isLines ? table.addRecord(document) : table.addDocument(document);
    if (!added.ok) return refuse(`${key}: ${added.reason}`);
  }
  const finished = table.finish();
  if (!finished.ok) return refuse(`${key}: ${finished.reason}`);
  return rowsInOrder(finished.value, dataset);
}

/** Cells of the type of their columns; null is a missing cell. */
function typed(rows: readonly (readonly unknown[])[], dataset: Dataset): Outcome<Baseline> {
  const { features, columns } = dataset;
  const made: Row[] = [];
  for (const [at, row] of rows.entries()) {
    if (row.length !== features.length) {
      return refuse(
        `${key}: row ${at + 1} has ${row.length} values for ${features.length} features`,
      );
    }
    const cells: Cell[] = [];
    for (const [place, name] of features.entries()) {
      const cell = cellOf(row[place], columns.get(name)?.kind === 'numbers');
      if (cell === undefined) {
        const shown = JSON.stringify(row[place])?.slice(0, 60);
        return refuse(`${key}: row ${at + 1}, column ${name}: ${shown} is no number`);
      }
      cells.push(cell);
    }
    made.push(cells);
  }
  return made.length > 0 ? ok({ rows: made, notes: [] }) : refuse(`${key}: has no rows`);
}

function cellOf(value: unknown, isNumber: boolean): Cell | undefined {
  const missing = value === null || value === undefined || value === '' || Number.isNaN(value);
  if (missing) return isNumber ? Number.NaN : '';
  if (!isNumber) return typeof value === 'object' ? undefined : String(value);
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}
