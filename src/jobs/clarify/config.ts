/**
 * The analysis configuration: which data, which columns mean what, which methods, and how to ask
 * the model. Checks form alone; whether columns exist is known when the data is read.
 */
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { PredictorPlan } from '../predictor/plan.ts';
import { ConfigReader, Misconfigured, type NameOrIndex, type Value } from './config-reader.ts';
import { type Methods, readMethods } from './methods-config.ts';
import { readPredictor } from './predictor-config.ts';

export type { NameOrIndex, Value } from './config-reader.ts';
export type { ShapPlan } from './methods-config.ts';

const datasetTypes = [
  'text/csv',
  'application/jsonlines',
  'application/json',
  'application/x-parquet',
] as const;
export type DatasetType = (typeof datasetTypes)[number];

export interface FacetPlan {
  readonly column: NameOrIndex;
  /**
   * The disadvantaged group: categories, or one number that a continuous column must exceed.
   * Absent: each distinct value in turn against the rest.
   */
  readonly values: readonly Value[] | undefined;
}

/** A second table whose rows belong to those of the data set. */
export interface SideTable {
  readonly uri: string;
  readonly headers: readonly string[] | undefined;
}

/** What this server offers beside the original's keys, under the key `modelkeep`. */
export interface Extras {
  /** Bias drift by distance from parity (|1 − DI| for DI), not from 0. */
  readonly parityDistance: boolean;
  /** Columns whose combinations of groups are facets of their own. */
  readonly intersections: readonly (readonly string[])[];
  /** Attribution drift below this is a violation. */
  readonly ndcgThreshold: number;
  /** Requests to the model at the same time. */
  readonly parallelism: number;
  readonly batchRows: number;
  /** More rows are explained by a seeded sample of so many. */
  readonly maxRows: number | undefined;
  readonly requestTimeoutMs: number;
}

export interface ClarifyConfig {
  readonly datasetType: DatasetType;
  readonly datasetUri: string | undefined;
  readonly headers: readonly string[] | undefined;
  /** An expression where the data set is JSON. */
  readonly label: NameOrIndex | undefined;
  readonly labelValues: readonly Value[] | undefined;
  readonly facets: readonly FacetPlan[];
  readonly groupVariable: NameOrIndex | undefined;
  readonly predictedLabel: NameOrIndex | undefined;
  readonly predictedLabelTable: SideTable | undefined;
  readonly facetTable: SideTable | undefined;
  readonly joinColumn: NameOrIndex | undefined;
  readonly excludedColumns: readonly NameOrIndex[];
  /** An expression that picks each row's features of a JSON data set. */
  readonly features: string | undefined;
  readonly probabilityThreshold: number;
  readonly methods: Methods['methods'];
  readonly report: Methods['report'];
  readonly predictor: PredictorPlan | undefined;
  readonly extras: Extras;
  /** Keys that were read and have no effect here, a sentence each. */
  readonly notes: readonly string[];
}

export const defaultThreshold = 0.5;
export const defaultNdcgThreshold = 0.9;
/** A model server holds a request in memory several times over, and has to answer it in time. */
const defaultBatchRows = 5_000;
const mostBatchRows = 100_000;
const mostParallel = 64;
const mostExplained = 1_000_000;
const largestConfigBytes = 16 * 1024 * 1024;

const unbuiltKeys = ['segment_config', 'time_series_data_config'];

export interface ConfigDefaults {
  /** Without `methods` all measures of bias are meant, as in a bias monitor's configuration. */
  readonly isBiasMonitor?: boolean;
}

/** Refused with the name of the key at fault. */
export function parseConfig(text: string, defaults: ConfigDefaults = {}): Outcome<ClarifyConfig> {
  if (text.length > largestConfigBytes) return refuse('analysis_config: is too large');
  let document: unknown;
  try {
    document = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    return refuse(`analysis_config: not JSON: ${reasonOf(cause)}`);
  }
  try {
    return ok(readConfig(new ConfigReader(document, ''), defaults));
  } catch (cause) {
    if (cause instanceof Misconfigured) return refuse(`analysis_config: ${cause.message}`);
    throw cause;
  }
}

function readConfig(top: ConfigReader, defaults: ConfigDefaults): ClarifyConfig {
  const version = top.raw('version');
  if (version !== undefined && String(version) !== '1.0' && version !== 1) {
    top.fail('version', 'must be "1.0"');
  }
  top.unbuilt(unbuiltKeys);
  const notes: string[] = [];
  const predictorReader = top.object('predictor');
  const datasetType = readDatasetType(top);
  const config: ClarifyConfig = {
    datasetType,
    datasetUri: top.uri('dataset_uri'),
    headers: readHeaders(top, 'headers'),
    label: top.nameOrIndex('label'),
    labelValues: top.values('label_values_or_threshold'),
    facets: readFacets(top),
    groupVariable: top.nameOrIndex('group_variable'),
    predictedLabel: top.nameOrIndex('predicted_label'),
    predictedLabelTable: readSideTable(top, 'predicted_label'),
    facetTable: readSideTable(top, 'facet'),
    joinColumn: top.nameOrIndex('joinsource_name_or_index'),
    excludedColumns: readExcluded(top),
    features: top.text('features'),
    probabilityThreshold: top.number('probability_threshold') ?? defaultThreshold,
    ...readMethods(top, defaults),
    predictor: predictorReader && readPredictor(predictorReader, datasetType, notes),
    extras: readExtras(top.object('modelkeep') ?? new ConfigReader({}, 'modelkeep')),
    notes,
  };
  top.finish();
  checkWhole(top, config);
  return config;
}

function readDatasetType(top: ConfigReader): DatasetType {
  const given = top.raw('dataset_type');
  if (given === 'application/x-image') {
    throw new Misconfigured('dataset_type application/x-image is not supported by this server');
  }
  return top.oneOf('dataset_type', datasetTypes) ?? 'text/csv';
}

function readHeaders(top: ConfigReader, key: string): readonly string[] | undefined {
  const headers = top.texts(key);
  if (!headers) return undefined;
  if (headers.length === 0) top.fail(key, 'must not be empty');
  const twice = headers.find((name, at) => headers.indexOf(name) !== at);
  if (twice === undefined) return headers;
  throw new Misconfigured(`${top.pathOf(key)} has ${JSON.stringify(twice)} twice`);
}

function readSideTable(top: ConfigReader, stem: string): SideTable | undefined {
  const uri = top.uri(`${stem}_dataset_uri`);
  const headers = readHeaders(top, `${stem}_headers`);
  if (uri !== undefined) return { uri, headers };
  if (headers) {
    throw new Misconfigured(`${stem}_headers is given without ${stem}_dataset_uri`);
  }
  return undefined;
}

function readFacets(top: ConfigReader): readonly FacetPlan[] {
  return (top.objects('facet') ?? []).map((facet) => {
    const column = facet.nameOrIndex('name_or_index');
    const values = facet.values('value_or_threshold');
    facet.finish();
    if (column === undefined)
      throw new Misconfigured(`${facet.pathOf('name_or_index')} is missing`);
    return { column, values };
  });
}

function readExcluded(top: ConfigReader): readonly NameOrIndex[] {
  return top.namesOrIndices('excluded_columns') ?? [];
}

function readExtras(reader: ConfigReader): Extras {
  const whole = (key: string, to: number) => reader.number(key, { whole: true, from: 1, to });
  const extras: Extras = {
    parityDistance: reader.flag('parity_distance') ?? false,
    intersections: (reader.list('intersectional_facets') ?? []).map((names) => {
      const isList = Array.isArray(names) && names.length >= 2;
      if (isList && names.every((name) => typeof name === 'string')) return names;
      return reader.fail('intersectional_facets', 'must be lists of two facets or more');
    }),
    ndcgThreshold: reader.number('ndcg_threshold', { from: 0, to: 1 }) ?? defaultNdcgThreshold,
    parallelism: whole('parallelism', mostParallel) ?? 4,
    batchRows: whole('batch_rows', mostBatchRows) ?? defaultBatchRows,
    maxRows: whole('max_rows', mostExplained),
    requestTimeoutMs: 1_000 * (whole('request_timeout_seconds', 3_600) ?? 60),
  };
  reader.finish();
  return extras;
}

/** Rules between keys. */
function checkWhole(top: ConfigReader, config: ClarifyConfig): void {
  const { methods, facets, features, datasetType } = config;
  const bias = methods.preTrainingBias ?? methods.postTrainingBias;
  if (bias && facets.length === 0) {
    throw new Misconfigured('facet is missing: the bias methods compare its groups');
  }
  if (methods.pdp && !methods.shap && !methods.pdp.features) {
    throw new Misconfigured('methods.pdp.features is missing: without shap no feature is on top');
  }
  if (features !== undefined && !datasetType.includes('json')) {
    top.fail('features', `has no meaning where dataset_type is ${datasetType}`);
  }
  if (config.facetTable && !config.facetTable.headers && datasetType.includes('json')) {
    throw new Misconfigured('facet_headers is missing: a JSON row of facets has no names');
  }
}
