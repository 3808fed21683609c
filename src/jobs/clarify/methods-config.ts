/** The `methods` of an analysis configuration: what is computed, and how. */
import { type ConfigReader, Misconfigured, type NameOrIndex } from './config-reader.ts';

const mostClusters = 100;
const mostSamples = 131_072;

export interface ShapPlan {
  /**
   * The URI of a file like the data set but without labels; a list of rows; where the data set is
   * JSON a document laid out as it is. Absent: found by clusters.
   */
  readonly baseline: unknown;
  readonly clusters: number | undefined;
  readonly samples: number | undefined;
  readonly aggregation: 'mean_abs' | 'median' | 'mean_sq';
  readonly useLogit: boolean;
  readonly saveLocalValues: boolean;
  readonly seed: number | undefined;
}

export interface PdpPlan {
  readonly features: readonly NameOrIndex[] | undefined;
  readonly topFeatures: number;
  readonly gridResolution: number;
}

/** Names of metrics, or all of them. */
export type MetricChoice = 'all' | readonly string[];

export interface MethodPlans {
  readonly preTrainingBias: MetricChoice | undefined;
  readonly postTrainingBias: MetricChoice | undefined;
  readonly shap: ShapPlan | undefined;
  readonly pdp: PdpPlan | undefined;
}

const unbuiltMethods = ['asymmetric_shapley_value', 'cohort'];
const allOfBias: MethodPlans = {
  preTrainingBias: 'all',
  postTrainingBias: 'all',
  shap: undefined,
  pdp: undefined,
};

export interface Methods {
  readonly methods: MethodPlans;
  readonly report: { readonly name: string; readonly title: string };
}

const defaultReport = { name: 'report', title: 'Analysis Report' };

/** Throws `Misconfigured`. */
export function readMethods(
  top: ConfigReader,
  { isBiasMonitor = false }: { readonly isBiasMonitor?: boolean },
): Methods {
  const reader = top.object('methods');
  if (!reader && isBiasMonitor) return { methods: allOfBias, report: defaultReport };
  if (!reader) throw new Misconfigured('methods is missing');
  reader.unbuilt(unbuiltMethods);
  const shap = reader.object('shap');
  const pdp = reader.object('pdp');
  const methods = {
    preTrainingBias: readChoice(reader, 'pre_training_bias'),
    postTrainingBias: readChoice(reader, 'post_training_bias'),
    shap: shap && readShap(shap),
    pdp: pdp && readPdp(pdp),
  };
  const report = reader.object('report');
  const name = report?.text('name') ?? defaultReport.name;
  const title = report?.text('title') ?? defaultReport.title;
  report?.finish();
  reader.finish();
  if (Object.values(methods).every((method) => method === undefined)) {
    throw new Misconfigured(
      'methods must name one of pre_training_bias, post_training_bias, shap and pdp',
    );
  }
  return { methods, report: { name, title } };
}

function readChoice(methods: ConfigReader, key: string): MetricChoice | undefined {
  const reader = methods.object(key);
  if (!reader) return undefined;
  const given = reader.raw('methods') ?? 'all';
  reader.finish();
  if (typeof given === 'string') return given === 'all' ? 'all' : [given];
  const names = reader.texts('methods') ?? [];
  if (names.length === 0) reader.fail('methods', 'must be "all" or a list of metrics');
  return names.includes('all') ? 'all' : names;
}

function readShap(reader: ConfigReader): ShapPlan {
  reader.unbuilt(['text_config', 'image_config', 'features_to_explain']);
  const plan: ShapPlan = {
    baseline: readBaseline(reader),
    clusters: reader.number('num_clusters', { whole: true, from: 1, to: mostClusters }),
    samples: reader.number('num_samples', { whole: true, from: 1, to: mostSamples }),
    aggregation: reader.oneOf('agg_method', ['mean_abs', 'median', 'mean_sq']) ?? 'mean_abs',
    useLogit: reader.flag('use_logit') ?? false,
    saveLocalValues: reader.flag('save_local_shap_values') ?? false,
    seed: reader.number('seed', { whole: true }),
  };
  reader.finish();
  return plan;
}

function readBaseline(reader: ConfigReader): unknown {
  const given = reader.raw('baseline');
  if (given === undefined) return undefined;
  if (typeof given === 'string') return reader.uri('baseline');
  if (typeof given === 'object' && !(Array.isArray(given) && given.length === 0)) return given;
  return reader.fail('baseline', 'must be a list of rows, or the S3 URI of a file of rows');
}

function readPdp(reader: ConfigReader): PdpPlan {
  const plan: PdpPlan = {
    features: reader.namesOrIndices('features'),
    topFeatures: reader.number('top_k_features', { whole: true, from: 1 }) ?? 10,
    gridResolution: reader.number('grid_resolution', { whole: true, from: 2, to: 1_000 }) ?? 15,
  };
  reader.finish();
  return plan;
}
