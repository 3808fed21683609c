/** SHAP and partial dependence of what was read, and the files that go with them. */
import type { KernelShap } from '../../engines/attribution/aggregate.ts';
import { type PdpPart, partialDependence } from '../../engines/attribution/pdp.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { FileContent } from '../processing/analysis.ts';
import { type Asking, scoring } from './asking.ts';
import { baselineOf } from './baseline.ts';
import { rowsOf } from './columns.ts';
import type { ClarifyConfig } from './config.ts';
import { nameOf } from './dataset.ts';
import { askingIn, type MonitorRequest, type Run } from './request.ts';
import { baselineText, localFile, type ShapResult, sampleOf, shapOf } from './shap.ts';

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
  const shap = plan ? await shapStep(run, asking.value) : ok(undefined);
  if (!shap.ok) return shap;
  const pdp =
    pdpPlan && !request.monitor
      ? await pdpStep(run, asking.value, shap.value?.result.kernelShap)
      : ok(undefined);
  if (!pdp.ok) return pdp;
  const files: Record<string, FileContent> = {};
  if (shap.value) {
    const { result, background } = shap.value;
    files['explanations_shap/baseline.csv'] = baselineText(dataset.features, background);
    if (plan?.saveLocalValues) {
      const to = { folder: parts.temporaryFolder, name: request.key, signal: options.signal };
      files['explanations_shap/out.csv'] = await localFile(result, dataset, to);
    }
  }
  const notes = [...judged.notes, ...dataset.notes, ...(shap.value?.notes ?? [])];
  return ok({ shap: shap.value?.result, pdp: pdp.value, files, notes });
}

async function shapStep(run: Run, asking: Asking) {
  const { parts, request, options, judged } = run;
  const { config, monitor, files } = request;
  const plan = config.methods.shap;
  if (!plan) return refuse('methods.shap is missing');
  const { dataset } = judged;
  const baseline = await baselineOf(
    parts,
    { config, plan, dataset, files: files.baseline },
    { signal: options.signal },
  );
  if (!baseline.ok) return baseline;
  const background = baseline.value.rows;
  const shap = await shapOf(
    asking,
    { config, plan, dataset, background, maxRows: mostRows(config, monitor) },
    { clock: parts.clock, say: options.say },
  );
  if (!shap.ok) return shap;
  const notes = [...baseline.value.notes, ...shap.value.notes];
  return ok({ result: { ...shap.value, notes }, background, notes });
}

function mostRows({ extras }: ClarifyConfig, monitor: MonitorRequest | undefined): number {
  return extras.maxRows ?? (monitor ? monitoredRows : Number.POSITIVE_INFINITY);
}

async function pdpStep(
  { parts, request, options, judged }: Run,
  asking: Asking,
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
  options.say(
    `Partial dependence of ${count} features at ${grid} values: up to ` +
      `${count * grid * places.length} synthetic rows.`,
  );
  const startMs = parts.clock.nowMs();
  const headers = config.predictor?.labelHeaders?.map(String);
  const done = await partialDependence({
    ...scoring(asking),
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
