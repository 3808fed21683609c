/**
 * What a model answered, as one prediction per row: its scores, and its label where it says one.
 * What does not fit the rows that were asked is refused with the row.
 */

import { parseCsvText } from '../../engines/records/csv-text.ts';
import { jsonText } from '../../kernel/json.ts';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { JsonQuery } from '../../ports/json-query.ts';
import type { PredictorPlan } from './plan.ts';

export interface Prediction {
  /** One for each output of the model; none where it answers only a label that is no number. */
  readonly scores: readonly number[];
  readonly label: string | number | undefined;
}

export interface AnswerReader {
  /** `rows` is how many were asked. */
  read(body: string, rows: number): Outcome<readonly Prediction[]>;
}

type Pick = (document: unknown) => unknown;

interface Picks {
  readonly label: Pick | undefined;
  readonly probability: Pick | undefined;
}

/** Refused, naming the key, when an index or an expression does not fit the accepted type. */
export function answerReader(plan: PredictorPlan, query: JsonQuery): Outcome<AnswerReader> {
  const isCsv = plan.acceptType === 'text/csv';
  const label = isCsv ? cellPick(plan.label, 'label') : expressionPick(plan.label, 'label', query);
  if (!label.ok) return label;
  const probability = isCsv
    ? cellPick(plan.probability, 'probability')
    : expressionPick(plan.probability, 'probability', query);
  if (!probability.ok) return probability;
  const picks = { label: label.value, probability: probability.value };
  const headers = plan.labelHeaders;
  return ok({
    read(body, rows) {
      const values = isCsv
        ? csvValues(body, rows, picks)
        : jsonValues(body, rows, { ...picks, isLines: plan.acceptType !== 'application/json' });
      return values.ok ? predictions(values.value, headers) : values;
    },
  });
}

function cellPick(place: string | number | undefined, key: string): Outcome<Pick | undefined> {
  if (place === undefined) return ok(undefined);
  const index = typeof place === 'string' && /^\d+$/.test(place) ? Number(place) : place;
  if (typeof index !== 'number') {
    return refuse(`predictor.${key} must be the index of a column, and is "${place}"`);
  }
  return ok((cells) => (cells as readonly string[])[index]);
}

function expressionPick(
  expression: string | number | undefined,
  key: string,
  query: JsonQuery,
): Outcome<Pick | undefined> {
  if (expression === undefined) return ok(undefined);
  if (typeof expression === 'number') {
    // An index into a list, as JSON answers of plain lists are asked for.
    return ok((value) => (Array.isArray(value) ? (value as unknown[])[expression] : undefined));
  }
  const pick = query.compile(expression);
  return pick.ok ? pick : refuse(`predictor.${key}: ${pick.reason}`);
}

/** What was picked of one row. */
interface Picked {
  readonly label: unknown;
  readonly probability: unknown;
}

function csvValues(body: string, rows: number, picks: Picks): Outcome<readonly Picked[]> {
  const parsed = parseCsvText(body.trim());
  if (!parsed.ok) return refuse(`the answer is not CSV: ${parsed.reason}`);
  const records = inRows(parsed.value, rows);
  if (records.length !== rows) return wrongCount(records.length, rows, body);
  return ok(
    records.map((cells) => ({
      label: picks.label?.(cells),
      // Without a place for either, the whole answer is scores.
      probability: picks.probability
        ? (picks.probability(cells) ?? '')
        : picks.label
          ? undefined
          : cells,
    })),
  );
}

/** Some servers answer a batch with one line, a value for each row. */
function inRows(
  records: readonly (readonly string[])[],
  rows: number,
): readonly (readonly string[])[] {
  const [only] = records;
  const isLine = records.length === 1 && rows > 1 && only?.length === rows;
  return isLine ? only.map((cell) => [cell]) : records;
}

interface JsonPicks extends Picks {
  readonly isLines: boolean;
}

function jsonValues(body: string, rows: number, picks: JsonPicks): Outcome<readonly Picked[]> {
  const documents = picks.isLines ? jsonLines(body) : jsonDocument(body);
  if (!documents.ok) return documents;
  const { label, probability } = picks;
  if (!label && !probability) return usualValues(documents.value, rows, picks.isLines);
  const labels = label && column(documents.value, label, { rows, isLines: picks.isLines });
  if (labels && labels.length !== rows) return wrongCount(labels.length, rows, body);
  const scores =
    probability && column(documents.value, probability, { rows, isLines: picks.isLines });
  if (scores && scores.length !== rows) return wrongCount(scores.length, rows, body);
  return ok(
    Array.from({ length: rows }, (_, at) => ({
      label: labels?.[at],
      probability: probability ? (scores?.[at] ?? null) : undefined,
    })),
  );
}

function jsonDocument(body: string): Outcome<readonly unknown[]> {
  try {
    return ok([JSON.parse(body)]);
  } catch (cause) {
    return refuse(`the answer is not JSON: ${reasonOf(cause)}: ${shortened(body)}`);
  }
}

function jsonLines(body: string): Outcome<readonly unknown[]> {
  const values: unknown[] = [];
  for (const line of body.split('\n')) {
    if (line.trim() === '') continue;
    const value = jsonDocument(line);
    if (!value.ok) return value;
    values.push(...value.value);
  }
  return ok(values);
}

/** A value per row: of each line, or of the list an expression picks from the document. */
function column(
  documents: readonly unknown[],
  pick: Pick,
  { rows, isLines }: { readonly rows: number; readonly isLines: boolean },
): readonly unknown[] {
  if (isLines && documents.length === rows) return documents.map(pick);
  const value = pick(documents[0]);
  if (!Array.isArray(value)) return value === null || value === undefined ? [] : [value];
  const list = value as readonly unknown[];
  // The one row's list of scores, not a list of rows.
  return rows === 1 && list.length !== 1 ? [list] : list;
}

const rowLists = ['predictions', 'outputs', 'scores'];
const scoreKeys = ['score', 'probability', 'probabilities', 'scores', 'predicted_score'];
const labelKeys = ['predicted_label', 'label'];

/** Where nothing says what is where: a list of rows, bare or under its usual names. */
function usualValues(
  documents: readonly unknown[],
  rows: number,
  isLines: boolean,
): Outcome<readonly Picked[]> {
  const [first] = documents;
  const list = isLines && documents.length === rows ? documents : listIn(first);
  if (!list) return refuse('predictor.probability must say where the scores are in the answer');
  if (list.length !== rows) return wrongCount(list.length, rows, jsonText(first));
  return ok(
    list.map((item) => {
      if (typeof item !== 'object' || item === null || Array.isArray(item)) {
        return { label: undefined, probability: item };
      }
      return { label: memberOf(item, labelKeys), probability: memberOf(item, scoreKeys) };
    }),
  );
}

function listIn(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const list = memberOf(value, rowLists);
  return Array.isArray(list) ? list : undefined;
}

function memberOf(value: object, names: readonly string[]): unknown {
  const name = names.find((one) => Object.hasOwn(value, one));
  return name === undefined ? undefined : (value as Readonly<Record<string, unknown>>)[name];
}

function wrongCount(got: number, rows: number, body: string) {
  return refuse(`the model answered ${got} rows for ${rows}: ${shortened(body)}`);
}

const shownCharacters = 200;

/** A body for a message, on one line. */
export function shortened(body: string): string {
  const text = body.replace(/\s+/g, ' ').trim();
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}

function predictions(
  values: readonly Picked[],
  headers: readonly (string | number)[] | undefined,
): Outcome<readonly Prediction[]> {
  const found: Prediction[] = [];
  for (const [at, { label: said, probability }] of values.entries()) {
    const score = said === undefined ? onlyScore(probability) : undefined;
    if (score !== undefined) {
      found.push({ scores: [score], label: undefined });
      continue;
    }
    const prediction = predictionOf(said, probability, headers);
    if (!prediction.ok) return refuse(`row ${at + 1}: ${prediction.reason}`);
    found.push(prediction.value);
  }
  return ok(found);
}

/** What most models answer: one number. */
function onlyScore(cells: unknown): number | undefined {
  if (!Array.isArray(cells) || cells.length !== 1) return undefined;
  return numberOf((cells as unknown[])[0]);
}

function predictionOf(
  said: unknown,
  probability: unknown,
  headers: readonly (string | number)[] | undefined,
): Outcome<Prediction> {
  const label = unlisted(said);
  if (probability === undefined) {
    if (typeof label !== 'string' && typeof label !== 'number') {
      return refuse(`the label must be one value, and is ${shortened(jsonText(said))}`);
    }
    const score = numberOf(label);
    return ok({ label, scores: score === undefined ? [] : [score] });
  }
  const text = said === undefined ? onlyText(probability) : undefined;
  if (text !== undefined) return ok({ label: text, scores: [] });
  const scores = scoresOf(probability);
  if (!scores.ok) return scores;
  const names = Array.isArray(label) ? (label as unknown[]) : headers;
  if (names && scores.value.length > 1 && names.length !== scores.value.length) {
    return refuse(`there are ${scores.value.length} scores for ${names.length} labels`);
  }
  const best = scores.value.indexOf(Math.max(...scores.value));
  // Of several labels, and of labels that only the configuration names, the most likely is meant.
  const isNamed =
    Array.isArray(label) || (said === undefined && headers && scores.value.length > 1);
  const chosen = isNamed ? names?.[best] : label;
  const known = typeof chosen === 'string' || typeof chosen === 'number' ? chosen : undefined;
  return ok({ scores: scores.value, label: known });
}

/** The whole answer is one text: a label, where nothing says that it is a score. */
function onlyText(cells: unknown): string | undefined {
  const [only, ...more] = Array.isArray(cells) ? (cells as unknown[]) : [undefined];
  if (typeof only !== 'string' || more.length > 0 || only.trim() === '') return undefined;
  const isScores = numberOf(only) !== undefined || Array.isArray(listOfText(only));
  return isScores ? undefined : only.trim();
}

/** A list as text, and lists of one. Booleans are 1 and 0. */
function unlisted(value: unknown): unknown {
  const list = typeof value === 'string' ? listOfText(value) : value;
  const one = Array.isArray(list) && list.length === 1 ? (list[0] as unknown) : list;
  return typeof one === 'boolean' ? Number(one) : one;
}

function listOfText(text: string): unknown {
  if (!/^\s*\[.*\]\s*$/s.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    // `[a b]` is how some print an array; it is left as the text it is.
    return text;
  }
}

function scoresOf(value: unknown): Outcome<readonly number[]> {
  const list = typeof value === 'string' ? listOfText(value) : value;
  const items: readonly unknown[] = Array.isArray(list) ? list.flatMap(unlisted) : [list];
  const scores = items.map(numberOf);
  const wrong = scores.indexOf(undefined);
  if (items.length === 0) return refuse('the model answered no score');
  if (wrong < 0) return ok(scores.filter((score) => score !== undefined));
  const shown = shortened(jsonText(items[wrong] ?? 'nothing'));
  return refuse(`the model answered ${shown}, which is no finite number`);
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'boolean') return Number(value);
  const isText = typeof value === 'string' && value.trim() !== '';
  const number = isText ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
