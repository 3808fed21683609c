/**
 * Kernel SHAP (Lundberg and Lee, 2017): what each feature of each row adds to the model's output,
 * against rows that stand for absent features. The arithmetic is the shap package's
 * KernelExplainer's without its L1 regularisation, which would hide all but ten features when the
 * coalitions are few. A link is applied to averages, as there, not to single scores.
 */
import { setImmediate } from 'node:timers/promises';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type Background, backgroundOf } from './background.ts';
import { askAll, nothingAsked } from './calls.ts';
import { planCost } from './cost.ts';
import { planner } from './planner.ts';
import { logit, Sums } from './sums.ts';
import {
  batchesOf,
  numbersOf,
  type RowPlan,
  type Segment,
  type Source,
  segmentsOf,
} from './synthetic.ts';
import {
  type Calling,
  defaultSamples,
  type ExplainRequest,
  type Explanation,
  limits,
  type Row,
  type WhiteBox,
} from './types.ts';

/**
 * Refused: rows of different widths, more work than the limits, scores that are not finite (or not
 * in [0, 1] with `useLogit`), what the model refuses; always with the row, counted from 1. Throws
 * the signal's reason when that is aborted, and what the model throws.
 */
export async function explain(request: ExplainRequest): Promise<Outcome<Explanation>> {
  request.signal.throwIfAborted();
  const fault = faultIn(request);
  if (fault !== undefined) return refuse(fault);
  const background = backgroundOf(request.background, request.featureNames.length);
  const { predict } = request;
  return 'over' in predict
    ? explainWithin({ request, background, box: predict })
    : explainByCalls({ request, background, calling: { ...request, predict } });
}

async function explainByCalls({
  request,
  background,
  calling,
}: {
  readonly request: ExplainRequest;
  readonly background: Background;
  readonly calling: Calling;
}): Promise<Outcome<Explanation>> {
  const source = sourceOf(request, background, calling);
  if (!source.ok) return source;
  const asked = nothingAsked();
  const parts = { calling, asked };
  const useLogit = request.useLogit ?? false;

  const base = new Sums({ background, useLogit, rows: 1 });
  const whole: Segment = { plan: undefined, coalition: 0, from: 0, to: background.rows.length };
  const opening = await askAll(batchesOf([whole], source.value), base, parts);
  if (!opening.ok) return opening;
  const expected = base.means(background.rows.length);

  const work = workOf(request, background, expected);
  const sums = new Sums({ background, useLogit, rows: request.rows.length, ...work });
  const closing = await askAll(batchesOf(work.segments(), source.value), sums, parts);
  if (!closing.ok) return closing;
  // A row that could not be laid out ended the segments early.
  const failure = work.failure();
  if (failure !== undefined) return refuse(failure);
  return ok(
    work.explanation({ predictions: sums.predictions, asked: asked.rows, calls: asked.calls }),
  );
}

/** A row at a time, with room for other work of this thread between two. */
async function explainWithin({
  request,
  background,
  box,
}: {
  readonly request: ExplainRequest;
  readonly background: Background;
  readonly box: WhiteBox;
}): Promise<Outcome<Explanation>> {
  const { rows, featureNames, useLogit, signal } = request;
  if (box.features !== featureNames.length) {
    return refuse(`the model has ${box.features} features, the rows have ${featureNames.length}`);
  }
  const { labels } = box;
  const sums = new Float64Array(labels);
  for (const row of background.rows) {
    for (const [at, score] of box.scores(row).entries()) sums[at] = (sums[at] ?? 0) + score;
  }
  const expected = sums.map((sum) => sum / background.rows.length);
  const work = workOf(request, background, expected);
  const meansOf = box.over(background.rows);
  const predictions = new Float64Array(rows.length * labels);
  for (const [index, row] of rows.entries()) {
    await setImmediate(undefined, { signal });
    const plan = work.planOf(row, index);
    if (!plan) return refuse(work.failure() ?? `row ${index + 1} cannot be explained`);
    const itself = Float64Array.from(box.scores(row));
    predictions.set(itself, index * labels);
    const found = plan.layout && meansOf(row, plan.layout.coalitions, plan.varying);
    const lowest = Math.min(...itself, found?.lowest ?? Number.POSITIVE_INFINITY);
    const highest = Math.max(...itself, found?.highest ?? Number.NEGATIVE_INFINITY);
    if (useLogit && (lowest < 0 || highest > 1)) {
      return refuse(
        `the model's scores go from ${lowest} to ${highest} for row ${index + 1}: ` +
          'use_logit needs scores from 0 to 1',
      );
    }
    const means = found?.means ?? new Float64Array(0);
    if (!itself.every(Number.isFinite) || !means.every(Number.isFinite)) {
      return refuse(`the model gives no finite number for row ${index + 1}`);
    }
    work.finish(plan, { itself, coalitions: means });
    work.progress({ plan, coalition: 0, from: 0, to: 0 }, true);
  }
  return ok(work.explanation({ predictions, asked: 0, calls: 0 }));
}

function faultIn(request: ExplainRequest): string | undefined {
  const { rows, featureNames, background } = request;
  const features = featureNames.length;
  const numSamples = request.numSamples ?? defaultSamples(features);
  const cost = planCost({
    rows: rows.length,
    features,
    background: background.length,
    numSamples,
    ...(request.batch?.maxRows !== undefined && { batchRows: request.batch.maxRows }),
  });
  const told = `it would take ${cost.predictions} predictions in ${cost.calls} calls`;
  if (features === 0) return 'there are no features';
  if (rows.length === 0) return 'there are no rows to explain';
  if (background.length === 0) return 'there are no background rows';
  if (features > limits.features) {
    return `${features} features are more than the limit of ${limits.features}; ${told}`;
  }
  if (background.length > limits.backgroundRows) {
    return `${background.length} background rows are more than the limit of ${
      limits.backgroundRows
    }; ${told}`;
  }
  if (!Number.isInteger(numSamples) || numSamples < 1 || numSamples > limits.samples) {
    return `num_samples must be a whole number from 1 to ${limits.samples}, it is ${numSamples}`;
  }
  if (cost.coalitions * features > limits.factorCells) {
    return `${cost.coalitions} coalitions of ${features} features are more than fit in memory`;
  }
  const names = new Set(featureNames);
  if (names.size < features) return 'two features have the same name';
  const most = request.maxPredictions ?? limits.predictions;
  if (cost.predictions > most) {
    return `${told}, more than the limit of ${most}: take fewer rows, background rows or samples`;
  }
  return misshapen(rows, 'row', features) ?? misshapen(background, 'background row', features);
}

function misshapen(rows: readonly Row[], what: string, features: number): string | undefined {
  const at = rows.findIndex((row) => row.length !== features);
  if (at === -1) return undefined;
  return `${what} ${at + 1} has ${rows[at]?.length} cells for ${features} features`;
}

function sourceOf(
  request: ExplainRequest,
  background: Background,
  { predict, batch }: Calling,
): Outcome<Source> {
  if (typeof predict === 'function') return ok({ background, batch, numbers: undefined });
  const checked = numbersOf(request.rows, 'row');
  if (!checked.ok) return checked;
  const exact = numbersOf(background.rows, 'background row');
  if (!exact.ok) return exact;
  const numbers = predict.element === 'float32' ? Float32Array.from(exact.value) : exact.value;
  return ok({ background, batch, numbers });
}

interface Work {
  segments(): Generator<Segment>;
  /** Called with the means of every coalition of a row, once they are complete. */
  finish(plan: RowPlan, means: Means): void;
  /** Called after each batch with its last segment. */
  progress(last: Segment, rowIsDone: boolean): void;
  planOf(row: Row, index: number): RowPlan | undefined;
  failure(): string | undefined;
  explanation(rest: Pick<Explanation, 'predictions' | 'asked' | 'calls'>): Explanation;
}

export interface Means {
  /** What the model said of the row, a number each label. */
  readonly itself: Float64Array;
  /** Coalition c, label l at `c · labels + l`. */
  readonly coalitions: Float64Array;
}

function workOf(request: ExplainRequest, background: Background, expected: Float64Array): Work {
  const features = request.featureNames.length;
  const labels = expected.length;
  const values = new Float64Array(request.rows.length * labels * features);
  const plans = planner(request, background);
  const link = request.useLogit ? logit : (value: number) => value;
  const total = planCost({
    rows: request.rows.length,
    features,
    background: background.rows.length,
    ...(request.numSamples !== undefined && { numSamples: request.numSamples }),
  }).predictions;
  const perRow = (total - background.rows.length) / request.rows.length;
  return {
    *segments() {
      for (const [index, row] of request.rows.entries()) {
        const plan = plans.planOf(row, index);
        if (!plan) return;
        yield* segmentsOf(plan, background);
      }
    },
    finish(plan, means) {
      for (let label = 0; label < labels; label += 1) {
        const start = (plan.index * labels + label) * features;
        const base = link(expected[label] ?? 0);
        const delta = link(means.itself[label] ?? 0) - base;
        const gains = gainsOf(means.coalitions, { label, labels, base, link });
        plans.solve(plan, { gains, delta, into: values.subarray(start, start + features) });
      }
    },
    progress({ plan, coalition }, rowIsDone) {
      const before = background.rows.length + (plan?.index ?? 0) * perRow;
      const within = rowIsDone ? perRow : 1 + (coalition + 1) * background.rows.length;
      request.onProgress?.(before + Math.min(perRow, within), total);
    },
    planOf: plans.planOf,
    failure: plans.failure,
    explanation: (rest) => ({
      featureNames: request.featureNames,
      rows: request.rows.length,
      labels,
      expected: Array.from(expected, link),
      values,
      exact: plans.exact(),
      notes: plans.notes(),
      ...rest,
    }),
  };
}

function gainsOf(
  coalitions: Float64Array,
  of: {
    readonly label: number;
    readonly labels: number;
    readonly base: number;
    readonly link: (value: number) => number;
  },
): Float64Array {
  const { label, labels, base, link } = of;
  return Float64Array.from(
    { length: coalitions.length / labels },
    (_, c) => link(coalitions[c * labels + label] ?? 0) - base,
  );
}
