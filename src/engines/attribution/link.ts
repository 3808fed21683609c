/** From a model's sums to its scores, where the model is known from within. */

/** Plain data. Softmax and L1 are over all the sums of a row. */
export interface Link {
  /** Of a row, before the link. */
  readonly sums: number;
  readonly transform: 'none' | 'logistic' | 'softmax';
  /** Scores are divided by the sum of their absolute values. */
  readonly isNormalised: boolean;
  /** The only one of the scores that the model answers; all of them when undefined. */
  readonly answered: number | undefined;
}

export function labelsOf({ sums, answered }: Link): number {
  return answered === undefined ? sums : 1;
}

export function logistic(sum: number): number {
  return 1 / (1 + Math.exp(-sum));
}

/** Sums become scores in place; what is answered stands first. */
export function linked(sums: Float64Array, { transform, isNormalised, answered }: Link): void {
  if (transform === 'logistic') for (const [at, sum] of sums.entries()) sums[at] = logistic(sum);
  if (transform === 'softmax') softmax(sums);
  if (isNormalised) scale(sums, Math.abs);
  if (answered !== undefined) sums[0] = sums[answered] ?? Number.NaN;
}

function softmax(sums: Float64Array): void {
  const highest = Math.max(...sums);
  for (const [at, sum] of sums.entries()) sums[at] = Math.exp(sum - highest);
  scale(sums, (score) => score);
}

function scale(scores: Float64Array, sizeOf: (score: number) => number): void {
  let total = 0;
  for (const score of scores) total += sizeOf(score);
  if (total === 0) return;
  for (const [at, score] of scores.entries()) scores[at] = score / total;
}
