/** SHAP and partial dependence of what was read, and the files that go with them. */
import type { KernelShap } from '../../engines/attribution/aggregate.ts';
import { type PdpPart, partialDependence } from '../../engines/attribution/pdp.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { FileContent } from '../processing/analysis.ts';
import { scoring } from './asking.ts';
import { type Baseline, baselineOf } from './baseline.ts';
import { rowsOf } from './columns.ts';
import type { ClarifyConfig } from './config.ts';
import { nameOf } from './dataset.ts';
import { asPredict, knownModelOf } from './known-model.ts';
import { askingIn, type MonitorRequest, type Run } from './request.ts';
import {
  baselineText,
  localFile,
  type ShapResult,
  type Subject,
  sampleOf,
  shapOf,
} from './shap.ts';

/** Rows that a run of a schedule explains, when `modelkeep.max_rows` does not say otherwise. */
export const monitoredRows = 500;

export interface Explanations {
  readonly shap: ShapResult | undefined;
  readonly pdp: readonly PdpPart[] | undefined;
  readonly files: Readonly<Record<string, FileContent>>;
  readonly notes: readonly string[];
}

export const noExplanations: Explanations = {
  shap: undefined,
  pdp: undefined,
  files: {},
  notes: [],
};

/** Refused with the method's key and the row or feature at fault. */
export async function explainStep(run: Run): Promise<Outcome<Explanations>> {
  const { parts, request, options, judged } = run;
  const { shap: plan, pdp: pdpPlan } = request.config.methods;
  if (!plan && !pdpPlan) return ok(noExplanations);
  const { dataset } = judged;
  if (dataset.features.length === 0) return refuse('no column is left that is a feature');
  const asking = askingIn(run);
  if (!asking.ok) return asking;
  const baseline = plan ? await backgroundOf(run) : ok(undefined);
  if (!baseline.ok) return baseline;
  const known = await knownModelOf(run, asking.value, baseline.value?.rows ?? []);
  const subject = { asking: asking.value, known };
  const shap = baseline.value ? await shapStep(run, subject, baseline.value) : ok(undefined);
  if (!shap.ok) return shap;
  const pdp =
    pdpPlan && !request.monitor
      ? await pdpStep(run, subject, shap.value?.kernelShap)
      : ok(undefined);
  if (!pdp.ok) return pdp;
  const files: Record<string, FileContent> = {};
  if (shap.value && baseline.value) {
    files['explanations_shap/baseline.csv'] = baselineText(dataset.features, baseline.value.rows);
    if (plan?.saveLocalValues) {
      const to = { folder: parts.temporaryFolder, name: request.key, signal: options.signal };
      files['explanations_shap/out.csv'] = await localFile(shap.value, dataset, to);
    }
  }
  const notes = [...judged.notes, ...dataset.notes, ...(shap.value?.notes ?? [])];
  return ok({ shap: shap.value, pdp: pdp.value, files, notes });
}

async function backgroundOf({ parts, request, options, judged }: Run) {
  const { config, files } = request;
  const plan = config.methods.shap;
  if (!plan) return refuse('methods.shap is missing');
  const { dataset } = judged;
  const asked = { config, plan, dataset, files: files.baseline };
  return baselineOf(parts, asked, { signal: options.signal });
}

async function shapStep(
  { parts, request, options, judged }: Run,
  subject: Subject,
  { rows: background, notes }: Baseline,
): Promise<Outcome<ShapResult>> {
  const { config, monitor } = request;
  const plan = config.methods.shap;
  if (!plan) return refuse('methods.shap is missing');
  const { dataset } = judged;
  const places = sampleOf(dataset.rows, mostRows(config, monitor), plan.seed ?? 0);
  const telling = { clock: parts.clock, say: options.say };
  const shap = await shapOf(subject, { config, plan, dataset, background, places }, telling);
  if (!shap.ok) return shap;
  return ok({ ...shap.value, notes: [...notes, ...shap.value.notes] });
}

function mostRows({ extras }: ClarifyConfig, monitor: MonitorRequest | undefined): number {
  return extras.maxRows ?? (monitor ? monitoredRows : Number.POSITIVE_INFINITY);
}

async function pdpStep(
  { parts, request, options, judged }: Run,
  { asking, known }: Subject,
  shap: KernelShap | undefined,
): Promise<Outcome<readonly PdpPart[]>> {
  const { config, monitor } = request;
  const plan = config.methods.pdp;
  const { dataset } = judged;
  const features: string[] = [];
  for (const one of plan?.features ?? []) {
    const name = nameOf(one, dataset.columns, 'methods.pdp.features');
    if (!name.ok) return name;
    features.push(name.value);
  }
  const columns = dataset.features.flatMap((name) => dataset.columns.get(name) ?? []);
  const places = sampleOf(dataset.rows, mostRows(config, monitor), config.methods.shap?.seed ?? 0);
  const grid = plan?.gridResolution ?? 1;
  const count = plan?.features ? features.length : Math.min(plan?.topFeatures ?? 0, columns.length);
  const rows = count * grid * places.length;
  options.say(
    `Partial dependence of ${count} features at ${grid} values: up to ${rows} synthetic rows` +
      `${known ? ', computed in process' : ''}.`,
  );
  const startMs = parts.clock.nowMs();
  const headers = config.predictor?.labelHeaders?.map(String);
  const done = await partialDependence({
    ...scoring(asking),
    ...(known ? { predict: asPredict(known) } : {}),
    rows: rowsOf(columns, places),
    featureNames: dataset.features,
    ...(plan?.features ? { features } : {}),
    ...(shap ? { shap } : {}),
    topKFeatures: plan?.topFeatures ?? 0,
    gridResolution: grid,
    ...(headers ? { labelHeaders: headers } : {}),
  });
  if (!done.ok) return refuse(`methods.pdp: ${done.reason}`);
  options.say(`Partial dependence took ${Math.round(parts.clock.nowMs() - startMs)} ms.`);
  return done;
}
