/**
 * Answers beside what came true, and a part of them that is small enough to keep beside a baseline:
 * predictions, labels and scores, and nothing of what was asked.
 */
import type { Random } from '../../kernel/random.ts';

/** Rows side by side; all lists have one length. */
export interface AnswerTable {
  /** Canonical. Absent of numbers: then the lists below hold values, and else places in this. */
  readonly labels?: readonly string[];
  readonly predicted: ArrayLike<number>;
  readonly label: ArrayLike<number>;
  /** Probability of the positive label, or of the predicted one where there are several. */
  readonly score?: ArrayLike<number>;
}

/** As a document has it. */
export interface AnswerSample extends AnswerTable {
  readonly predicted: readonly number[];
  readonly label: readonly number[];
  readonly score?: readonly number[];
}

/** So many rows of a baseline are kept. */
export const mostSampleRows = 5_000;

/** All rows where they are few enough; else each with the same chance, in their order. */
export function sampleOf(
  { labels, predicted, label, score }: AnswerTable,
  random: Random,
  most = mostSampleRows,
): AnswerSample {
  const kept = keptOf(label.length, Math.min(most, label.length), random);
  const of = (values: ArrayLike<number>) => kept.map((row) => values[row] ?? 0);
  return {
    ...(labels ? { labels } : {}),
    predicted: of(predicted),
    label: of(label),
    ...(score ? { score: of(score) } : {}),
  };
}

/** Selection sampling (Knuth, The Art of Computer Programming, 3.4.2, algorithm S). */
function keptOf(rows: number, wanted: number, random: Random): readonly number[] {
  const kept: number[] = [];
  for (let row = 0; kept.length < wanted; row += 1) {
    const missing = wanted - kept.length;
    if (missing === rows - row || random.next01() * (rows - row) < missing) kept.push(row);
  }
  return kept;
}

/** Whether parsed JSON is a sample: finite numbers of one length, places within the labels. */
export function isAnswerSample(value: unknown): value is AnswerSample {
  const { labels, predicted, label, score } = (value ?? {}) as Record<string, unknown>;
  const isList = (of: unknown, fits: (x: unknown) => boolean): of is readonly unknown[] =>
    Array.isArray(of) && of.every(fits);
  if (labels !== undefined && !isList(labels, (x) => typeof x === 'string')) return false;
  const fits = labels ? (x: unknown) => typeof labels[x as number] === 'string' : Number.isFinite;
  if (!isList(predicted, fits) || !isList(label, fits)) return false;
  if (predicted.length !== label.length) return false;
  return score === undefined || (isList(score, Number.isFinite) && score.length === label.length);
}

export interface NamedAnswers {
  readonly predicted: readonly string[];
  readonly label: readonly string[];
  readonly score?: readonly number[];
}

/** Undefined of numbers. */
export function namedAnswers({
  labels,
  predicted,
  label,
  score,
}: AnswerSample): NamedAnswers | undefined {
  if (!labels) return undefined;
  const names = (codes: readonly number[]) => codes.map((code) => labels[code] ?? '');
  return { predicted: names(predicted), label: names(label), ...(score ? { score } : {}) };
}
