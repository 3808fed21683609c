/**
 * Running means of the model's scores: of each coalition over its background rows. Holds one row's
 * coalitions at a time and hands them over when the row's last score is in.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Background } from './background.ts';
import type { Means } from './explain.ts';
import { describe, itself, type RowPlan, type Segment, type SyntheticBatch } from './synthetic.ts';
import type { Scores } from './types.ts';

/** Probabilities are kept this far from 0 and 1, which would be infinite as log-odds. */
const closestToCertain = 1e-15;

/** ln(p / (1 − p)). */
export function logit(probability: number): number {
  const p = Math.min(1 - closestToCertain, Math.max(closestToCertain, probability));
  return Math.log(p / (1 - p));
}

export interface SumsOptions {
  readonly background: Background;
  readonly useLogit: boolean;
  /** Explained rows; 1 for the background's own. */
  readonly rows: number;
  readonly finish?: (plan: RowPlan, means: Means) => void;
  /** After each batch, with its last segment. */
  readonly progress?: (last: Segment, rowIsDone: boolean) => void;
}

export class Sums {
  readonly #options: SumsOptions;
  #labels = 0;
  #predictions = new Float64Array(0);
  #itself = new Float64Array(0);
  #coalitions = new Float64Array(0);

  constructor(options: SumsOptions) {
    this.#options = options;
  }

  /** Of each explained row, a number each label. */
  get predictions(): Float64Array {
    return this.#predictions;
  }

  /** Of the background's own rows. */
  means(rows: number): Float64Array {
    return this.#coalitions.map((sum) => sum / rows);
  }

  take({ segments }: SyntheticBatch, { values, labels }: Scores): Outcome<void> {
    if (this.#labels === 0) this.#prepare(labels);
    let position = 0;
    for (const segment of segments) {
      const count = segment.to - segment.from;
      const scores = { values, start: position * labels };
      const bad = this.#add(segment, scores);
      if (bad !== undefined) return refuse(bad);
      position += count;
    }
    const last = segments.at(-1);
    if (last) this.#options.progress?.(last, closesRow(last, this.#options.background));
    return ok(undefined);
  }

  #prepare(labels: number): void {
    this.#labels = labels;
    this.#predictions = new Float64Array(this.#options.rows * labels);
    this.#itself = new Float64Array(labels);
    this.#coalitions = new Float64Array(labels);
  }

  #add(
    segment: Segment,
    scores: { readonly values: ArrayLike<number>; readonly start: number },
  ): string | undefined {
    const { plan, coalition } = segment;
    const opensRow = plan !== undefined && coalition === itself;
    if (opensRow) {
      const coalitions = plan.layout?.coalitions.count ?? 0;
      this.#coalitions = new Float64Array(coalitions * this.#labels);
    }
    const into = opensRow ? this.#itself : this.#coalitions;
    if (opensRow) into.fill(0);
    const bad = this.#accumulate(segment, { ...scores, into, at: opensRow ? 0 : coalition });
    if (bad !== undefined || !plan) return bad;
    if (opensRow) this.#predictions.set(this.#itself, plan.index * this.#labels);
    if (closesRow(segment, this.#options.background)) this.#finish(plan);
    return undefined;
  }

  #accumulate(
    segment: Segment,
    {
      values,
      start,
      into,
      at,
    }: {
      readonly values: ArrayLike<number>;
      readonly start: number;
      readonly into: Float64Array;
      readonly at: number;
    },
  ): string | undefined {
    const { plan, coalition, from, to } = segment;
    const weights = plan?.layout?.groups[coalition]?.weights;
    const { useLogit } = this.#options;
    const labels = this.#labels;
    let position = start;
    for (let place = from; place < to; place += 1) {
      const weight = weights?.[place] ?? 1;
      for (let label = 0; label < labels; label += 1) {
        const score = Number(values[position]);
        position += 1;
        if (!Number.isFinite(score) || (useLogit && (score < 0 || score > 1))) {
          return this.#complaint({ ...segment, from: place }, label, score);
        }
        into[at * labels + label] = (into[at * labels + label] ?? 0) + weight * score;
      }
    }
    return undefined;
  }

  #complaint(segment: Segment, label: number, score: number): string {
    const rule = Number.isFinite(score)
      ? 'which is not a probability: use_logit needs scores from 0 to 1'
      : 'which is not a finite number';
    const what = describe(segment, this.#options.background);
    return `the model gave ${score} in output column ${label + 1} for ${what}, ${rule}`;
  }

  #finish(plan: RowPlan): void {
    const rows = this.#options.background.rows.length;
    const coalitions = this.#coalitions.map((sum) => sum / rows);
    this.#options.finish?.(plan, { itself: this.#itself, coalitions });
  }
}

/** Whether the segment is the row's last. */
function closesRow({ plan, coalition, to }: Segment, background: Background): boolean {
  const last = (plan?.layout?.coalitions.count ?? 0) - 1;
  if (coalition !== last && !(coalition === itself && last < 0)) return false;
  if (coalition === itself) return true;
  return to === (plan?.layout?.groups[coalition]?.rows.length ?? background.rows.length);
}
