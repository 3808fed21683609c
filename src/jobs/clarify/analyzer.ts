/**
 * The built-in Clarify analysis of a processing job: finds its configuration and files, brings up a
 * server of the model where one is asked, and hands the work to `ClarifyTasks`, which may run
 * elsewhere.
 *
 * A run of a schedule takes the places of features and predictions in a record from the job's
 * environment: `features_attribute`, `inference_attribute`, `probability_attribute`,
 * `probability_threshold_attribute`, `ground_truth_attribute`, `exclude_features_attribute`.
 */
import { createHash } from 'node:crypto';
import type { MonitoringOfJob, ProcessingJobRow } from '../../engines/processing/rows.ts';
import { secondMs } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { contentTypes, type PredictorPlan } from '../predictor/plan.ts';
import { type ShadowParts, type ShadowServer, withShadow } from '../predictor/shadow.ts';
import type {
  AnalysisInputs,
  AnalysisResult,
  Analyze,
  AnalyzeOptions,
  InputFile,
} from '../processing/analysis.ts';
import { roleIn } from '../roles/acting.ts';
import { batchTypeOf } from './batch.ts';
import { type ClarifyConfig, parseConfig } from './config.ts';
import type { Attributes } from './observed.ts';
import type { ClarifyRequest, MonitorRequest } from './request.ts';

/** The heavy work, in plain data, so that it can be sent to another thread. */
export interface ClarifyTasks {
  /** Throws the signal's reason when that is aborted. */
  analyze(request: ClarifyRequest, options: AnalyzeOptions): Promise<Outcome<AnalysisResult>>;
}

export interface ClarifyAnalyzerParts extends ShadowParts {
  readonly tasks: ClarifyTasks;
}

const configInput = 'analysis_config';
const configFolder = '/opt/ml/processing/input/config';
const configFile = 'analysis_config.json';

export function makeClarifyAnalyzer(parts: ClarifyAnalyzerParts): Analyze {
  return async (job, inputs, options) => {
    const config = await configOf(job, inputs);
    if (!config.ok) return config;
    const monitor = monitorOf(job, inputs);
    if (!monitor.ok) return monitor;
    const complete = withDefaults(config.value, monitor.value, job.monitoring);
    for (const note of complete.notes) options.say(note);
    const files = await filesOf(complete, inputs, monitor.value !== undefined);
    if (!files.ok) return files;
    const key = createHash('sha256').update(job.arn).digest('hex').slice(0, 16);
    const request = { config: complete, files: files.value, key, monitor: monitor.value };
    if (!asksModel(complete, monitor.value)) {
      const none = { modelUrl: undefined, onnxArchivePath: undefined };
      return parts.tasks.analyze({ ...request, ...none }, options);
    }
    return withModel(parts, { job, config: complete, options }, (server) => {
      const { invocationsUrl: modelUrl, onnxArchivePath } = server;
      return parts.tasks.analyze({ ...request, modelUrl, onnxArchivePath }, options);
    });
  };
}

async function configOf(
  job: ProcessingJobRow,
  inputs: AnalysisInputs,
): Promise<Outcome<ClarifyConfig>> {
  const input = job.plan.inputs.find(({ name }) => name === configInput);
  const folder = (input?.localPath ?? configFolder).replace(/\/+$/, '');
  const text = await inputs.textOf(`${folder}/${configFile}`);
  if (!text.ok) return refuse(`the input ${configInput}: ${text.reason}`);
  return parseConfig(text.value, { isBiasMonitor: job.monitoring?.type === 'ModelBias' });
}

function monitorOf(
  { monitoring, plan }: ProcessingJobRow,
  { constraintsText }: AnalysisInputs,
): Outcome<MonitorRequest | undefined> {
  if (!monitoring) return ok(undefined);
  const { type } = monitoring;
  if (type !== 'ModelBias' && type !== 'ModelExplainability') {
    return refuse(`this image analyzes bias and attributions, and is asked for ${type}`);
  }
  const attributes = attributesOf(plan.environment);
  if (!attributes.ok) return attributes;
  const batchType = batchTypeOf(plan.environment['dataset_format']);
  if (!batchType.ok) return batchType;
  return ok({
    type,
    window: windowOf(monitoring),
    attributes: attributes.value,
    batchType: batchType.value,
    baselineText: constraintsText,
  });
}

/** Records tell their time in whole seconds, and so does the environment of a run. */
function windowOf({ windowStartMs, windowEndMs }: MonitoringOfJob) {
  const whole = (ms: number) => Math.floor(ms / secondMs) * secondMs;
  return { startMs: whole(windowStartMs), endMs: whole(windowEndMs) };
}

function attributesOf(environment: Readonly<Record<string, string>>): Outcome<Attributes> {
  const given = (key: string) => {
    const value = environment[key]?.trim();
    return value === '' ? undefined : value;
  };
  const threshold = given('probability_threshold_attribute');
  const probabilityThreshold = threshold === undefined ? undefined : Number(threshold);
  if (Number.isNaN(probabilityThreshold)) {
    return refuse(`probability_threshold_attribute must be a number, and is ${threshold}`);
  }
  return ok({
    features: given('features_attribute'),
    inference: given('inference_attribute'),
    probability: given('probability_attribute'),
    groundTruth: given('ground_truth_attribute'),
    excluded: (given('exclude_features_attribute') ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    probabilityThreshold,
  });
}

/** A run that explains asks the model of its endpoint, where the configuration names none. */
function withDefaults(
  config: ClarifyConfig,
  monitor: MonitorRequest | undefined,
  monitoring: MonitoringOfJob | undefined,
): ClarifyConfig {
  if (monitor?.type !== 'ModelExplainability') return config;
  const plan = config.predictor ?? emptyPlan(config);
  const { inference, probability } = monitor.attributes;
  const isNamed = plan.modelName !== undefined || plan.endpointName !== undefined;
  const endpoint = isNamed ? plan.endpointName : monitoring?.endpointName;
  const predictor: PredictorPlan = {
    ...plan,
    endpointName: endpoint,
    label: plan.label ?? (plan.probability === undefined ? inference : undefined),
    probability: plan.probability ?? probability,
  };
  return { ...config, predictor };
}

function emptyPlan({ datasetType }: ClarifyConfig): PredictorPlan {
  const contentType = contentTypes.find((type) => type === datasetType) ?? 'text/csv';
  return {
    contentType,
    acceptType: contentType,
    modelName: undefined,
    endpointName: undefined,
    contentTemplate: undefined,
    recordTemplate: undefined,
    label: undefined,
    probability: undefined,
    labelHeaders: undefined,
    customAttributes: undefined,
  };
}

async function filesOf(
  config: ClarifyConfig,
  inputs: AnalysisInputs,
  isMonitor: boolean,
): Promise<Outcome<ClarifyRequest['files']>> {
  const { datasetUri, predictedLabelTable, facetTable, methods } = config;
  const baselineUri = methods.shap?.baseline;
  const uris = {
    dataset: isMonitor ? undefined : datasetUri,
    predictedLabels: isMonitor ? undefined : predictedLabelTable?.uri,
    facets: isMonitor ? undefined : facetTable?.uri,
    baseline: typeof baselineUri === 'string' ? baselineUri : undefined,
  };
  const found: Record<keyof typeof uris, readonly InputFile[]> = {
    dataset: inputs.dataset,
    predictedLabels: [],
    facets: [],
    baseline: [],
  };
  for (const key of ['dataset', 'predictedLabels', 'facets', 'baseline'] as const) {
    const uri = uris[key];
    if (uri === undefined) continue;
    const files = await inputs.filesAt(uri);
    if (!files.ok) return files;
    found[key] = files.value;
  }
  if (found.dataset.length > 0) return ok(found);
  return refuse('there is no data: no input is named dataset, and dataset_uri is not set');
}

function asksModel(config: ClarifyConfig, monitor: MonitorRequest | undefined): boolean {
  if (monitor) return monitor.type === 'ModelExplainability' && config.methods.shap !== undefined;
  const { postTrainingBias, shap, pdp } = config.methods;
  const isKnown = config.predictedLabel !== undefined || config.predictedLabelTable !== undefined;
  const explains = shap !== undefined || pdp !== undefined;
  return explains || (postTrainingBias !== undefined && !isKnown);
}

interface Asking {
  readonly job: ProcessingJobRow;
  readonly config: ClarifyConfig;
  readonly options: AnalyzeOptions;
}

function withModel(
  parts: ClarifyAnalyzerParts,
  { job, config, options }: Asking,
  work: (server: ShadowServer) => Promise<Outcome<AnalysisResult>>,
): Promise<Outcome<AnalysisResult>> {
  const { scope, name, arn } = job;
  const { endpointName, modelName } = config.predictor ?? {};
  const roleArn = roleIn(job.request);
  const request = { scope, name, arn, roleArn, endpointName, modelName };
  return withShadow(parts, { request, options }, work);
}
