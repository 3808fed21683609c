/**
 * Gathers labelled predictions into the arrays of the engine. Rows without a label or a prediction
 * are counted, not judged.
 */
import { quantilesOf } from '../../engines/performance/distribution.ts';
import { canonicalLabel } from '../../engines/performance/labels.ts';
import { regressionPerformance } from '../../engines/performance/regression.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Gathered, Judged, JudgeOptions } from './gathered.ts';
import { gatherLabels } from './labelled.ts';
import type { AnswerRow } from './read.ts';
import type { Settings } from './settings.ts';

/** More rows do not fit into memory beside other work. */
export const mostRows = 10_000_000;

export interface Answers {
  /** Refused, with the row and the column, when a value cannot be what its column is. */
  add(row: AnswerRow): Outcome<void>;
  /** Refused when no row can be judged, or the labels do not fit the problem. */
  judge(options: JudgeOptions): Outcome<Judged>;
}

export function answersOf(settings: Settings): Answers {
  const seen: Seen = { rows: 0, unlabelled: 0, unanswered: 0 };
  const gathered =
    settings.problem === 'regression' ? gatherNumbers(settings) : gatherLabels(settings);
  return {
    add(row) {
      seen.rows += 1;
      if (seen.rows > mostRows) return refuse(`there are more than ${mostRows} rows`);
      const label = canonicalLabel(row.label);
      const inference = canonicalLabel(row.inference);
      const probabilities = row.probabilities?.length ? row.probabilities : undefined;
      if (label === undefined) seen.unlabelled += 1;
      else if (inference === undefined && probabilities === undefined) seen.unanswered += 1;
      else return gathered.add({ label, inference, probabilities, where: row.where });
      return ok(undefined);
    },
    judge(options) {
      const { rows, unlabelled, unanswered } = seen;
      if (rows === unlabelled + unanswered) return refuse(nothingToJudge(seen));
      const judged = gathered.judge(options);
      if (!judged.ok) return judged;
      const left = [
        ...(unlabelled > 0
          ? [`${unlabelled} of ${rows} rows have no label and are left out.`]
          : []),
        ...(unanswered > 0
          ? [`${unanswered} of ${rows} rows have no prediction and are left out.`]
          : []),
      ];
      return ok({ ...judged.value, notes: [...left, ...judged.value.notes] });
    },
  };
}

interface Seen {
  rows: number;
  unlabelled: number;
  unanswered: number;
}

function nothingToJudge({ rows, unlabelled, unanswered }: Seen): string {
  if (rows === 0) return 'Job inputs had no data: there are no rows';
  const which = [
    ...(unlabelled > 0 ? [`${unlabelled} have no label`] : []),
    ...(unanswered > 0
      ? [`${unanswered} have no prediction that inference_attribute or probability_attribute says`]
      : []),
  ];
  return `Job inputs had no labelled predictions: of ${rows} rows ${which.join(', ')}`;
}

function gatherNumbers({ inference: column }: Settings): Gathered {
  const actual: number[] = [];
  const predicted: number[] = [];
  return {
    add({ label, inference, where }) {
      if (inference === undefined) return refuse(`${where()}: a regression needs an inference`);
      const [x, y] = [Number(label), Number(inference)];
      if (!Number.isFinite(x)) return notNumber(where(), 'the label', label);
      if (!Number.isFinite(y)) {
        return notNumber(where(), `the inference (${column ?? 'the output'})`, inference);
      }
      actual.push(x);
      predicted.push(y);
      return ok(undefined);
    },
    judge(options) {
      const answers = {
        actual: Float64Array.from(actual),
        predicted: Float64Array.from(predicted),
      };
      const performance = regressionPerformance(answers, options);
      const values = Object.values(performance.measures);
      if (!values.every(({ value }) => Number.isFinite(value))) {
        return refuse('the labels or the predictions are too large to be squared');
      }
      const distributions = {
        rows: actual.length,
        label: quantilesOf(answers.actual),
        prediction: quantilesOf(answers.predicted),
      };
      const table = { predicted: answers.predicted, label: answers.actual };
      return ok({ performance, distributions, answers: table, notes: [] });
    },
  };
}

function notNumber(where: string, what: string, text: string) {
  const problem = Number.isNaN(Number(text)) ? 'no number' : 'not finite';
  return refuse(`${where}: ${what} is ${problem}: ${JSON.stringify(text.slice(0, 80))}`);
}
