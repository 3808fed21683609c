/**
 * Gathers predictions of labels, with or without probabilities, and decides what a prediction is
 * where the settings leave it open: a label, or a score that is compared with the threshold.
 */
import { binaryPerformance } from '../../engines/performance/binary.ts';
import {
  type Distributions,
  quantilesOf,
  sharesOf,
} from '../../engines/performance/distribution.ts';
import { LabelCodes, mostLabels, type Sides, sidesOf } from '../../engines/performance/labels.ts';
import type { Performance } from '../../engines/performance/measures.ts';
import { multiclassPerformance } from '../../engines/performance/multiclass.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Answer, Gathered, Judged, JudgeOptions } from './gathered.ts';
import type { Settings } from './settings.ts';

/** Labels and predictions as codes, and predictions that may be scores as numbers too. */
interface Gathering {
  readonly labels: LabelCodes;
  readonly answers: LabelCodes;
  readonly actual: number[];
  /** -1 where there is none, or there are too many to be labels. */
  readonly predicted: number[];
  /** NaN where it is none. */
  readonly numbers: number[];
  readonly scores: number[];
  hasFraction: boolean;
  hasText: boolean;
  /** The first row whose prediction cannot be a probability, if predictions are. */
  outside?: string;
}

export function gatherLabels(settings: Settings): Gathered {
  const gathering: Gathering = {
    labels: new LabelCodes(),
    answers: new LabelCodes(),
    ...{ actual: [], predicted: [], numbers: [], scores: [] },
    ...{ hasFraction: false, hasText: false },
  };
  return {
    add(answer) {
      const scored = scoreOf(answer, settings);
      if (!scored.ok) return scored;
      gathering.actual.push(gathering.labels.codeOf(answer.label));
      if (gathering.labels.size > mostLabels) {
        return refuse(`there are more than ${mostLabels} labels: this is no classification`);
      }
      gathering.scores.push(scored.value.score);
      addInference(gathering, scored.value.inference, answer.where);
      return ok(undefined);
    },
    judge(options) {
      return settings.problem === 'binary'
        ? judgeBinary(gathering, settings, options)
        : judgeMulticlass(gathering, options);
    },
  };
}

interface Scored {
  readonly score: number;
  readonly inference: string | undefined;
}

/** One probability, or one for each class: then the class of the greatest is the prediction. */
function scoreOf(
  { inference, probabilities, where }: Answer,
  { problem, probability: column = '' }: Settings,
): Outcome<Scored> {
  if (!probabilities) return ok({ score: Number.NaN, inference });
  const numbers = probabilities.map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  const bad = numbers.findIndex((p) => !(p >= 0 && p <= 1));
  if (bad !== -1) return refuse(outsideReason(where(), `column ${column}`, probabilities[bad]));
  if (problem === 'binary') {
    const score = numbers.length === 2 ? numbers[1] : numbers[0];
    if (numbers.length > 2 || score === undefined) {
      return refuse(
        `${where()}: a binary problem has one or two probabilities, not ${numbers.length}`,
      );
    }
    return ok({ score, inference });
  }
  const score = Math.max(...numbers);
  if (inference !== undefined) return ok({ score, inference });
  if (numbers.length === 1) {
    return refuse(`${where()}: one probability does not say which class: set inference_attribute`);
  }
  return ok({ score, inference: String(numbers.indexOf(score)) });
}

function outsideReason(where: string, column: string, text: string | undefined): string {
  const shown = JSON.stringify((text ?? '').slice(0, 80));
  return `${where}: the probability in ${column} must be a number from 0 to 1, and is ${shown}`;
}

function addInference(gathering: Gathering, inference: string | undefined, where: () => string) {
  const { answers, predicted, numbers } = gathering;
  const number = inference === undefined ? Number.NaN : Number(inference);
  numbers.push(number);
  if (inference === undefined) {
    predicted.push(-1);
    return;
  }
  if (Number.isNaN(number)) gathering.hasText = true;
  else if (!Number.isInteger(number)) gathering.hasFraction = true;
  if (!Number.isNaN(number) && (number < 0 || number > 1)) {
    gathering.outside ??= outsideReason(where(), 'the inference', inference);
  }
  predicted.push(answers.size > mostLabels ? -1 : answers.codeOf(inference));
}

function judgeBinary(
  gathering: Gathering,
  { probability, positiveLabel, threshold }: Settings,
  { random }: JudgeOptions,
): Outcome<Judged> {
  const { labels, answers, actual, predicted, numbers } = gathering;
  const fromProbability = probability !== undefined && gathering.scores.some((p) => p >= 0);
  const areScores = !fromProbability && gathering.hasFraction && !gathering.hasText;
  if (areScores && gathering.outside !== undefined) return refuse(gathering.outside);
  const scores = areScores ? numbers : fromProbability ? gathering.scores : undefined;
  if (scores && scores.some(Number.isNaN)) {
    return refuse('some rows have a probability, and others have none');
  }
  const names = areScores ? [] : answers.labels;
  if (names.length > mostLabels) return refuse('the predictions are no labels');
  const sides = sidesOf([...new Set([...labels.labels, ...names])], positiveLabel);
  if (!sides.ok) return sides;
  const { positive } = sides.value;
  const isActual = labels.labels.map((label) => Number(label === positive));
  const isPredicted = answers.labels.map((label) => Number(label === positive));
  const byScore = (row: number) => Number((scores?.[row] ?? 0) > threshold);
  const rows = {
    actual: Uint8Array.from(actual, (code) => isActual[code] ?? 0),
    predicted: Uint8Array.from(predicted, (code, row) =>
      areScores || code < 0 ? byScore(row) : (isPredicted[code] ?? 0),
    ),
    ...(scores ? { scores: Float64Array.from(scores) } : {}),
    sides: sides.value,
  };
  const performance = binaryPerformance(rows, random);
  const notes = areScores
    ? [`Predictions are taken for probabilities: above ${threshold}, ${positive} is predicted.`]
    : [];
  const { distributions } = binaryDistributions(performance, sides.value, scores);
  const table = {
    labels: [sides.value.negative, positive],
    predicted: rows.predicted,
    label: rows.actual,
    ...(scores ? { score: scores } : {}),
  };
  return ok({ performance, distributions, answers: table, notes });
}

function binaryDistributions(
  { confusion, rows }: Performance,
  { negative, positive }: Sides,
  scores: readonly number[] | undefined,
): { readonly distributions: Distributions } {
  const [[tn = 0, fp = 0] = [], [fn = 0, tp = 0] = []] = confusion?.counts ?? [];
  const shares = (count: number) => ({
    shares: { [negative]: (rows - count) / rows, [positive]: count / rows },
  });
  const distributions = {
    rows: tn + fp + fn + tp,
    label: shares(fn + tp),
    prediction: shares(fp + tp),
    ...(scores ? { score: quantilesOf(Float64Array.from(scores)) } : {}),
  };
  return { distributions };
}

function judgeMulticlass(
  { labels, answers, actual, predicted, scores }: Gathering,
  { random }: JudgeOptions,
): Outcome<Judged> {
  const all = new LabelCodes();
  const places = labels.labels.map((label) => all.codeOf(label));
  const answerPlaces = answers.labels.map((label) => all.codeOf(label));
  if (all.size > mostLabels) {
    return refuse(`labels and predictions have more than ${mostLabels} classes`);
  }
  const coded = {
    actual: Uint32Array.from(actual, (code) => places[code] ?? 0),
    predicted: Uint32Array.from(predicted, (code) => answerPlaces[code] ?? 0),
    labels: all.labels,
  };
  const known = new Set(labels.labels);
  const foreign = answers.labels.filter((label) => !known.has(label));
  const notes =
    foreign.length > 0
      ? [`Predicted, but no row has this label: ${foreign.slice(0, 10).join(', ')}.`]
      : [];
  const hasScores = scores.every((score) => score >= 0);
  const distributions = {
    rows: actual.length,
    label: sharesOf(coded.actual, coded.labels),
    prediction: sharesOf(coded.predicted, coded.labels),
    ...(hasScores ? { score: quantilesOf(Float64Array.from(scores)) } : {}),
  };
  const table = {
    labels: coded.labels,
    predicted: coded.predicted,
    label: coded.actual,
    ...(hasScores ? { score: scores } : {}),
  };
  const performance = multiclassPerformance(coded, random);
  return ok({ performance, distributions, answers: table, notes });
}
