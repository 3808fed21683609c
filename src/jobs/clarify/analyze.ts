/**
 * One analysis from its files to its documents: bias before and after training, SHAP, partial
 * dependence; for a run of a schedule, judged against its baseline. Plain data in and out, so that
 * it may run in a thread of its own. Starting the model's server is the caller's business.
 */
import { explanationsDocument } from '../../engines/attribution/document.ts';
import type { BiasAnalysis } from '../../engines/fairness/config.ts';
import { formatAnalysis, parseAnalysis } from '../../engines/fairness/documents.ts';
import { scalesOf } from '../../engines/fairness/drift.ts';
import { biasReport } from '../../engines/fairness/report-parts.ts';
import type { ReportBody } from '../../engines/report/body.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { AnalysisResult, FileContent } from '../processing/analysis.ts';
import { predictDataset } from './asking.ts';
import { readBatch } from './batch.ts';
import { biasOf, type Judged } from './bias.ts';
import { type Dataset, readDataset } from './dataset.ts';
import { type Explanations, explainStep, noExplanations } from './explanations.ts';
import { judgeBias, judgeShap } from './judge.ts';
import { type Observed, predictedColumn, readObserved, scoreColumn } from './observed.ts';
import { progressOf } from './progress.ts';
import { explanationReport, joined } from './report.ts';
import {
  askingIn,
  type ClarifyOptions,
  type ClarifyParts,
  type ClarifyRequest,
  type MonitorRequest,
  type Run,
} from './request.ts';

export type { ClarifyOptions, ClarifyParts, ClarifyRequest } from './request.ts';

/**
 * Refused with the key, the file, the row or the column at fault, or what the model said. Throws
 * the signal's reason when that is aborted.
 */
export async function analyzeClarify(
  parts: ClarifyParts,
  request: ClarifyRequest,
  options: ClarifyOptions,
): Promise<Outcome<AnalysisResult>> {
  const { monitor, config } = request;
  const read = await readAll(parts, request, options);
  if (!read.ok) return read;
  const run: Run = { parts, request, options, judged: read.value };
  const isOf = (type: MonitorRequest['type']) => !monitor || monitor.type === type;
  const bias = isOf('ModelBias') ? await biasStep(run) : ok(undefined);
  if (!bias.ok) return bias;
  const explained = isOf('ModelExplainability') ? await explainStep(run) : ok(noExplanations);
  if (!explained.ok) return explained;
  const files = filesOf(bias.value, explained.value);
  if (monitor?.type === 'ModelBias' && bias.value) {
    return judgeBias({ analysis: bias.value, files, config, baselineText: monitor.baselineText });
  }
  const { shap } = explained.value;
  if (monitor && shap) {
    const told = { ...shap, notes: explained.value.notes };
    return judgeShap({ shap: told, files, config, baselineText: monitor.baselineText });
  }
  if (monitor) {
    const key = monitor.type === 'ModelBias' ? 'post_training_bias' : 'shap';
    return refuse(`methods.${key} is missing from analysis_config: this monitor needs it`);
  }
  const report = reportOf(run, bias.value, explained.value);
  return ok({ files, violations: 0, metrics: [], ...(report ? { report } : {}) });
}

async function readAll(
  parts: ClarifyParts,
  { config, files, monitor }: ClarifyRequest,
  { signal, say }: ClarifyOptions,
): Promise<Outcome<Judged>> {
  const observed = monitor && (await readMonitored(parts, { config, files, monitor }, signal));
  if (observed && !observed.ok) return observed;
  const table = observed ?? (await readDataset(parts, { files, config }, { signal }));
  if (!table.ok) return table;
  const dataset = table.value;
  say(`Read ${dataset.rows} rows of ${dataset.columns.size} columns.`);
  const { predictedLabel } = dataset;
  return ok({ dataset, predictedLabel, score: observed?.value.score, notes: config.notes });
}

interface Monitored extends Pick<ClarifyRequest, 'config' | 'files'> {
  readonly monitor: MonitorRequest;
}

function readMonitored(
  parts: ClarifyParts,
  { config, files, monitor }: Monitored,
  signal: AbortSignal,
): Promise<Outcome<Observed>> {
  const { attributes, window, type, batchType } = monitor;
  const needsLabels = type === 'ModelBias';
  const request = { files: files.dataset, config, attributes, window, needsLabels };
  if (batchType === undefined || needsLabels) return readObserved(parts.query, request, { signal });
  return readBatch(parts, request, { type: batchType, signal });
}

async function biasStep(run: Run): Promise<Outcome<BiasAnalysis | undefined>> {
  const { config, monitor } = run.request;
  const { judged } = run;
  const isKnown = judged.predictedLabel !== undefined || judged.score !== undefined;
  const needsModel = config.methods.postTrainingBias !== undefined && !isKnown && !monitor;
  const predicted = needsModel ? await withPredictions(run) : ok(judged);
  if (!predicted.ok) return predicted;
  const probabilityThreshold =
    monitor?.attributes.probabilityThreshold ?? config.probabilityThreshold;
  const baseline =
    monitor?.baselineText === undefined ? undefined : parseAnalysis(monitor.baselineText);
  // What is wrong with a baseline is said where it is judged by.
  const scales = baseline?.ok ? { scales: scalesOf(baseline.value) } : {};
  return biasOf({ config, judged: predicted.value, probabilityThreshold, ...scales });
}

async function withPredictions(run: Run): Promise<Outcome<Judged>> {
  const { parts, request, options, judged } = run;
  const asking = askingIn(run);
  if (!asking.ok) return asking;
  const { dataset } = judged;
  options.say(`Asking the model for predictions of ${dataset.rows} rows.`);
  const progress = progressOf(parts.clock, 'predictions', options.say);
  const predicted = await predictDataset(asking.value, dataset, {
    isProbability: request.config.predictor?.probability !== undefined,
    onProgress: (done, total) => progress.report(done, total),
  });
  if (!predicted.ok) return refuse(`methods.post_training_bias: ${predicted.reason}`);
  const { kind, column, notes } = predicted.value;
  const name = freeName(kind === 'scores' ? scoreColumn : predictedColumn, dataset);
  const columns = new Map([...dataset.columns, [name, column]]);
  return ok({
    dataset: { ...dataset, columns },
    predictedLabel: kind === 'labels' ? name : undefined,
    score: kind === 'scores' ? name : undefined,
    notes: [...judged.notes, ...notes],
  });
}

function freeName(wanted: string, { columns }: Dataset): string {
  let name = wanted;
  while (columns.has(name)) name = `_${name}`;
  return name;
}

function filesOf(
  bias: BiasAnalysis | undefined,
  { shap, pdp, files }: Explanations,
): Readonly<Record<string, FileContent>> {
  const document = shap || pdp ? explanationsDocument(shap?.kernelShap, pdp) : undefined;
  const text = bias
    ? formatAnalysis(bias, document ? { explanations: document.explanations } : {})
    : JSON.stringify(document, undefined, 4);
  return { 'analysis.json': text, ...files };
}

function reportOf(
  { judged }: Run,
  bias: BiasAnalysis | undefined,
  { shap, pdp, notes }: Explanations,
): ReportBody | undefined {
  const bodies: ReportBody[] = [];
  if (bias) bodies.push(biasReport({ analysis: bias }));
  if (shap || pdp) {
    const rows = shap?.places.length ?? judged.dataset.rows;
    bodies.push(explanationReport({ rows, kernelShap: shap?.kernelShap, pdp, notes }));
  }
  return joined(bodies);
}
