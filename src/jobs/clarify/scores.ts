/** Scores that are no probabilities: they are compared with the threshold all the same. */

/** Names the first of them by its row from 1; undefined when all are within 0 and 1. */
export function outsideNote(scores: Float64Array): string | undefined {
  const isOutside = (score: number) => score < 0 || score > 1;
  const first = scores.findIndex(isOutside);
  if (first < 0) return undefined;
  const count = scores.reduce((sum, score) => sum + (isOutside(score) ? 1 : 0), 0);
  return (
    `${count} scores are not between 0 and 1, the first ${scores[first]} in row ${first + 1}: ` +
    'all are compared with the threshold as they are.'
  );
}
