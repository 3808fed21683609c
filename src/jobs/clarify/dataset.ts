/**
 * The table an analysis works on: the data set, joined with predicted labels and facets from files
 * of their own, and which of its columns are labels, facets and features.
 */
import type { BiasColumn } from '../../engines/fairness/column.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { InputFile } from '../processing/analysis.ts';
import { everyRow, type Table, takeRows, textAt } from './columns.ts';
import type { ClarifyConfig, NameOrIndex, SideTable } from './config.ts';
import { readTable, type TableParts, type TableRequest } from './table.ts';

/** What a predicted label is called where nothing says it. */
const predictedName = 'predicted_label';
const labelName = 'label';
const shownNames = 20;

export interface DatasetFiles {
  readonly dataset: readonly InputFile[];
  readonly predictedLabels: readonly InputFile[];
  readonly facets: readonly InputFile[];
}

export interface Dataset {
  readonly rows: number;
  /** Everything that was read, by name. */
  readonly columns: ReadonlyMap<string, BiasColumn>;
  readonly label: string | undefined;
  readonly predictedLabel: string | undefined;
  /** What the model is asked with, in its order. */
  readonly features: readonly string[];
  /** Names of the configuration's facets, in their order. */
  readonly facets: readonly string[];
  readonly group: string | undefined;
  readonly joinColumn: string | undefined;
  readonly notes: readonly string[];
}

export async function readDataset(
  parts: TableParts,
  { files, config }: { readonly files: DatasetFiles; readonly config: ClarifyConfig },
  options: Abortable,
): Promise<Outcome<Dataset>> {
  const main = await readTable(parts, mainRequest(files, config), options);
  if (!main.ok) return main;
  const joined = await joinAll(parts, { main: main.value, files, config }, options);
  return joined.ok ? datasetOf(joined.value, config) : joined;
}

function mainRequest({ dataset }: DatasetFiles, config: ClarifyConfig): TableRequest {
  const { datasetType: type, headers, features } = config;
  const what = 'dataset';
  if (features === undefined) return { what, files: dataset, type, headers };
  const others = [
    ...pickOf(config.label, labelName),
    ...(config.predictedLabelTable ? [] : pickOf(config.predictedLabel, predictedName)),
  ];
  return { what, files: dataset, type, headers, picks: { features, others } };
}

function pickOf(expression: NameOrIndex | undefined, name: string) {
  return expression === undefined ? [] : [{ expression: String(expression), name }];
}

interface Joined extends Table {
  /** Column names of the tables that were joined on. */
  readonly predicted: readonly string[];
  readonly facets: readonly string[];
}

interface Joining {
  readonly main: Table;
  readonly files: DatasetFiles;
  readonly config: ClarifyConfig;
}

async function joinAll(
  parts: TableParts,
  { main, files, config }: Joining,
  options: Abortable,
): Promise<Outcome<Joined>> {
  let joined: Joined = { ...main, predicted: [], facets: [] };
  const sides = [
    { key: 'predicted', plan: config.predictedLabelTable, from: files.predictedLabels },
    { key: 'facets', plan: config.facetTable, from: files.facets },
  ] as const;
  for (const { key, plan, from } of sides) {
    if (!plan) continue;
    const read = await readSide(parts, { plan, files: from, key }, options);
    if (!read.ok) return read;
    const made = join(joined, read.value, config.joinColumn);
    if (!made.ok) return refuse(`${plan.uri}: ${made.reason}`);
    const added = [...read.value.columns.keys()];
    joined = { ...joined, ...made.value, [key]: added };
  }
  return ok(joined);
}

interface Side {
  readonly plan: SideTable;
  readonly files: readonly InputFile[];
  readonly key: 'predicted' | 'facets';
}

/** The original takes CSV alone here. */
function readSide(
  parts: TableParts,
  { plan, files, key }: Side,
  options: Abortable,
): Promise<Outcome<Table>> {
  const what = key === 'predicted' ? 'predicted_label_dataset_uri' : 'facet_dataset_uri';
  const type = /\.parquet$|\.pq$/i.test(plan.uri) ? 'application/x-parquet' : 'text/csv';
  return readTable(parts, { what, files, type, headers: plan.headers }, options);
}

/** By the identifying column, or row by row. */
function join(main: Table, side: Table, by: NameOrIndex | undefined): Outcome<Table> {
  if (by !== undefined) return joinByColumn(main, side, by);
  if (main.rows !== side.rows) {
    return refuse(
      `has ${side.rows} rows and the data set has ${main.rows}: without ` +
        'joinsource_name_or_index they are joined row by row',
    );
  }
  return ok(beside(main, side, everyRow(main.rows)));
}

function joinByColumn(main: Table, side: Table, by: NameOrIndex): Outcome<Table> {
  const name = nameOf(by, main.columns, 'joinsource_name_or_index');
  if (!name.ok) return name;
  const keys = main.columns.get(name.value);
  const sideKeys = side.columns.get(name.value);
  if (!keys || !sideKeys) return refuse(`has no column ${name.value} to be joined by`);
  const places = new Map<string, number>();
  for (let row = 0; row < side.rows; row += 1) {
    const key = textAt(sideKeys, row);
    if (key === undefined)
      return refuse(`row ${row + 1}, column ${name.value}: the cell is missing`);
    if (places.has(key)) {
      return refuse(`row ${row + 1}, column ${name.value}: ${key} is there twice`);
    }
    places.set(key, row);
  }
  const matches = Array.from({ length: main.rows }, (_, row) =>
    places.get(textAt(keys, row) ?? ''),
  );
  const kept = everyRow(main.rows).filter((row) => matches[row] !== undefined);
  if (kept.length === 0) return refuse(`no row has a ${name.value} that the data set has`);
  const left = main.rows - kept.length;
  const note = `${left} of ${main.rows} rows have no match by ${name.value} and are left out.`;
  const columns = new Map(
    [...main.columns].map(([key, column]) => [key, takeRows(column, kept)] as const),
  );
  const rest = new Map([...side.columns].filter(([key]) => key !== name.value));
  const sideRows = kept.map((row) => matches[row] ?? 0);
  const notes = left === 0 ? main.notes : [...main.notes, note];
  return ok(beside({ rows: kept.length, columns, notes }, { ...side, columns: rest }, sideRows));
}

/** A column of a name that is taken replaces it: what is joined is more to the point. */
function beside(main: Table, side: Table, sideRows: Int32Array): Table {
  const columns = new Map(main.columns);
  for (const [name, column] of side.columns) columns.set(name, takeRows(column, sideRows));
  return { rows: main.rows, columns, notes: [...main.notes, ...side.notes] };
}

type Columns = ReadonlyMap<string, BiasColumn>;

/** A name that is there, or the index of a column. Refused with the names that are there. */
export function nameOf(wanted: NameOrIndex, columns: Columns, key: string): Outcome<string> {
  const name = String(wanted);
  if (typeof wanted === 'string' && columns.has(wanted)) return ok(wanted);
  const names = [...columns.keys()];
  const found = /^\d+$/.test(name) ? names[Number(name)] : undefined;
  if (found !== undefined) return ok(found);
  const listed = names.slice(0, shownNames).join(', ');
  const more = names.length > shownNames ? `, … (${names.length} in all)` : '';
  return refuse(`${key}: there is no column ${name}; the columns are ${listed}${more}`);
}

function datasetOf(joined: Joined, config: ClarifyConfig): Outcome<Dataset> {
  const { columns } = joined;
  const label = roleOf(config, { wanted: config.label, key: 'label' }, joined);
  if (!label.ok) return label;
  const predicted = predictedOf(joined, config);
  if (!predicted.ok) return predicted;
  const facetColumns = joined.facets.length > 0 ? subset(columns, joined.facets) : columns;
  const facets = namesOf(
    config.facets.map(({ column }) => column),
    facetColumns,
    'facet',
  );
  if (!facets.ok) return facets;
  const named = namesOf(config.excludedColumns, columns, 'excluded_columns');
  if (!named.ok) return named;
  const group = optional(config.groupVariable, columns, 'group_variable');
  if (!group.ok) return group;
  const joinColumn = optional(config.joinColumn, columns, 'joinsource_name_or_index');
  if (!joinColumn.ok) return joinColumn;
  const isOther = new Set([
    ...named.value,
    ...joined.predicted,
    ...joined.facets,
    label.value,
    predicted.value,
    joinColumn.value,
  ]);
  return ok({
    rows: joined.rows,
    columns,
    label: label.value,
    predictedLabel: predicted.value,
    features: [...columns.keys()].filter((name) => !isOther.has(name)),
    facets: facets.value,
    group: group.value,
    joinColumn: joinColumn.value,
    notes: joined.notes,
  });
}

function subset(columns: Columns, names: readonly string[]): Columns {
  return new Map([...columns].filter(([name]) => names.includes(name)));
}

interface Role {
  readonly wanted: NameOrIndex | undefined;
  readonly key: string;
}

/** Where JSON is picked apart, labels are the columns after the features. */
function roleOf(config: ClarifyConfig, role: Role, joined: Joined): Outcome<string | undefined> {
  const { wanted, key } = role;
  if (wanted === undefined) return ok(undefined);
  if (config.features === undefined) return nameOf(wanted, joined.columns, key);
  const own = [...joined.columns.keys()].filter(
    (name) => !joined.predicted.includes(name) && !joined.facets.includes(name),
  );
  const isLast = key === 'predicted_label' || config.predictedLabel === undefined;
  return ok(own.at(isLast || config.predictedLabelTable ? -1 : -2));
}

function predictedOf(joined: Joined, config: ClarifyConfig): Outcome<string | undefined> {
  const { columns, predicted } = joined;
  if (!config.predictedLabelTable) {
    const role = { wanted: config.predictedLabel, key: 'predicted_label' };
    return roleOf(config, role, joined);
  }
  const own = subset(columns, predicted);
  const [only, ...more] = predicted.filter((name) => name !== String(config.joinColumn));
  if (config.predictedLabel === undefined && only !== undefined && more.length === 0) {
    return ok(only);
  }
  return nameOf(config.predictedLabel ?? predictedName, own, 'predicted_label');
}

function optional(
  wanted: NameOrIndex | undefined,
  columns: Columns,
  key: string,
): Outcome<string | undefined> {
  return wanted === undefined ? ok(undefined) : nameOf(wanted, columns, key);
}

function namesOf(
  wanted: readonly NameOrIndex[],
  columns: Columns,
  key: string,
): Outcome<readonly string[]> {
  const names: string[] = [];
  for (const one of wanted) {
    const name = nameOf(one, columns, key);
    if (!name.ok) return name;
    names.push(name.value);
  }
  return ok(names);
}
