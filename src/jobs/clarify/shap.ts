/** Kernel SHAP of the rows of a data set: what it costs, the values, and their texts. */
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type KernelShap, kernelShapOf, localLines } from '../../engines/attribution/aggregate.ts';
import { planCost } from '../../engines/attribution/cost.ts';
import { explain } from '../../engines/attribution/explain.ts';
import type { ExplainRequest, Explanation, Row } from '../../engines/attribution/types.ts';
import type { Clock } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Cell } from '../predictor/body.ts';
import type { FileContent } from '../processing/analysis.ts';
import { type Asking, type SyntheticScoring, syntheticScoring } from './asking.ts';
import { everyRow, rowsOf, textAt } from './columns.ts';
import type { ClarifyConfig, ShapPlan } from './config.ts';
import type { Dataset } from './dataset.ts';
import type { Known } from './known-model.ts';
import { progressOf } from './progress.ts';

export interface ShapRequest {
  readonly config: ClarifyConfig;
  readonly plan: ShapPlan;
  readonly dataset: Dataset;
  readonly background: readonly Row[];
  /** Rows of the data set that are explained, in order. */
  readonly places: Int32Array;
}

export interface ShapResult {
  readonly kernelShap: KernelShap;
  readonly explanation: Explanation;
  readonly labelHeaders: readonly string[];
  /** Rows of the data set that were explained, in order. */
  readonly places: Int32Array;
  readonly notes: readonly string[];
}

export interface Telling {
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

/** The model, and how it is known from within, where it is. */
export interface Subject {
  readonly asking: Asking;
  readonly known: Known | undefined;
}

/**
 * Refused with the row at fault; `say` tells the cost before the model is asked. A model that is
 * known from within is not.
 */
export async function shapOf(
  subject: Subject,
  request: ShapRequest,
  telling: Telling,
): Promise<Outcome<ShapResult>> {
  const { config, plan, dataset, background, places } = request;
  const columns = dataset.features.flatMap((name) => dataset.columns.get(name) ?? []);
  const rows = rowsOf(columns, places);
  const call = callOf(subject, { rows, background });
  if (!call.ok) return refuse(`methods.shap: ${call.reason}`);
  const { sent, ...how } = call.value;
  sayCost(request, { known: subject.known, batchRows: how.batch?.maxRows }, telling);
  const progress = progressOf(telling.clock, 'predictions for SHAP', telling.say);
  const explained = await explain({
    ...how,
    featureNames: dataset.features,
    ...(plan.samples === undefined ? {} : { numSamples: plan.samples }),
    seed: plan.seed ?? 0,
    useLogit: plan.useLogit,
    onProgress: (done, total) => progress.report(done, total),
  });
  if (!explained.ok) return refuse(`methods.shap: ${explained.reason}`);
  const explanation = explained.value;
  const labelHeaders = headersOf(config, explanation.labels);
  telling.say(
    sent
      ? `SHAP is done: the model was asked for ${sent.rows} rows in ${sent.calls} calls.`
      : 'SHAP is done.',
  );
  const sampled = `SHAP explains a sample of ${rows.length} of ${dataset.rows} rows.`;
  return ok({
    kernelShap: kernelShapOf(explanation, { aggregation: plan.aggregation, labelHeaders }),
    explanation,
    labelHeaders,
    places,
    notes: [...(rows.length < dataset.rows ? [sampled] : []), ...explanation.notes],
  });
}

type Call = Pick<ExplainRequest, 'predict' | 'rows' | 'background' | 'signal' | 'batch'> & {
  readonly sent: SyntheticScoring['sent'] | undefined;
};

function callOf({ asking, known }: Subject, given: Pick<Call, 'rows' | 'background'>) {
  if (known) {
    const { signal } = asking;
    return ok<Call>({ ...given, predict: known.box, signal, sent: undefined });
  }
  const scored = syntheticScoring(asking, given);
  if (!scored.ok) return scored;
  const { calling, ...rest } = scored.value;
  return ok<Call>({ ...calling, ...rest });
}

function sayCost(
  { plan, dataset, background, places }: ShapRequest,
  {
    known,
    batchRows,
  }: { readonly known: Known | undefined; readonly batchRows: number | undefined },
  { say }: Telling,
) {
  const cost = planCost({
    rows: places.length,
    features: dataset.features.length,
    background: background.length,
    ...(batchRows === undefined ? {} : { batchRows }),
    ...(plan.samples === undefined ? {} : { numSamples: plan.samples }),
  });
  const how = cost.exact ? 'all coalitions' : 'sampled coalitions';
  const work =
    `SHAP explains ${places.length} rows of ${dataset.features.length} features against ` +
    `${background.length} baseline rows by ${cost.coalitions} ${how} each: up to ` +
    `${cost.predictions} synthetic rows`;
  say(
    known
      ? `${work} would be asked; the model is ${known.what}, computed in process.`
      : `${work} in about ${cost.calls} calls of the model.`,
  );
}

/** Without repetition, in order. */
export function sampleOf(rows: number, most: number, seed: number): Int32Array {
  const places = everyRow(rows);
  if (rows <= most) return places;
  const random = seededRandom(seed);
  for (let at = 0; at < most; at += 1) {
    const other = at + Math.floor(random.next01() * (rows - at));
    [places[at], places[other]] = [places[other] ?? 0, places[at] ?? 0];
  }
  return places.slice(0, most).sort();
}

function headersOf({ predictor }: ClarifyConfig, labels: number): readonly string[] {
  const headers = (predictor?.labelHeaders ?? []).map(String);
  return headers.length === labels ? headers : [];
}

/** The rows that stand for absent features, as CSV with a header. */
export function baselineText(features: readonly string[], rows: readonly Row[]): string {
  return `${[features, ...rows].map((row) => row.map(csvCell).join(',')).join('\n')}\n`;
}

function csvCell(cell: Cell): string {
  if (typeof cell === 'number') return Number.isNaN(cell) ? '' : String(cell);
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Local values by row in a file, the identifying column last where there is one. */
export async function localFile(
  { explanation, labelHeaders, places }: ShapResult,
  dataset: Dataset,
  to: { readonly folder: string; readonly name: string; readonly signal: AbortSignal },
): Promise<FileContent> {
  const path = join(to.folder, `${to.name}-local-values.csv`);
  const ids = dataset.columns.get(dataset.joinColumn ?? '');
  const cells = ids && Array.from(places, (place) => textAt(ids, place) ?? '');
  const key = cells && { header: dataset.joinColumn ?? '', cells };
  const lines = function* () {
    for (const line of localLines(explanation, { labelHeaders, ...(key ? { key } : {}) })) {
      yield `${line}\n`;
    }
  };
  await mkdir(to.folder, { recursive: true });
  try {
    await pipeline(Readable.from(lines()), createWriteStream(path), { signal: to.signal });
  } catch (cause) {
    await rm(path, { force: true });
    throw cause;
  }
  return { path };
}
