/**
 * The model as the analyses ask it: scores of rows for explanations, and for bias one prediction
 * per row of the data set, as a label or as a score.
 */
import { askAll, type Batch, nothingAsked } from '../../engines/attribution/calls.ts';
import type { BatchLimits, Calling, Predict, Scores } from '../../engines/attribution/types.ts';
import { type BiasColumn, columnOfNumbers, columnOfTexts } from '../../engines/fairness/column.ts';
import { AssertionFailure } from '../../kernel/assert.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Prediction } from '../predictor/answer.ts';
import type { EncodedRow, Row } from '../predictor/body.ts';
import {
  type ClientParts,
  type ModelClient,
  maxBodyBytes,
  modelClient,
} from '../predictor/client.ts';
import type { PredictorPlan } from '../predictor/plan.ts';
import { everyRow, rowsOf } from './columns.ts';
import type { Extras } from './config.ts';
import type { Dataset } from './dataset.ts';
import { outsideNote } from './scores.ts';

/** Every row of a request at most; a model is asked in smaller ones where rows are long. */
export interface Asking {
  readonly client: ModelClient;
  readonly batch: BatchLimits;
  readonly parallelism: number;
  readonly signal: AbortSignal;
}

export interface AskingRequest {
  readonly url: string | undefined;
  readonly plan: PredictorPlan | undefined;
  readonly featureNames: readonly string[];
  readonly extras: Extras;
  readonly signal: AbortSignal;
}

/** Refused where the configuration has no predictor, or its templates make no sense. */
export function askingOf(parts: ClientParts, request: AskingRequest): Outcome<Asking> {
  const { url, plan, featureNames, extras, signal } = request;
  if (!plan || url === undefined) {
    return refuse('predictor is missing from analysis_config: this analysis asks the model');
  }
  const { requestTimeoutMs, parallelism, batchRows } = extras;
  const client = modelClient(parts, { url, plan, featureNames, requestTimeoutMs });
  if (!client.ok) return client;
  const maxRows = Math.min(batchRows, client.value.maxRows);
  const { bytesOf } = client.value;
  const batch = { maxRows, maxBytes: maxBodyBytes, bytesOf };
  return ok({ client: client.value, batch, parallelism, signal });
}

/** The model as explanations call it: a number for each of its outputs. */
export function scoring(asking: Asking): Calling {
  const predict: Predict = async (rows, options) =>
    scoresOf(await asking.client.ask(rows, options));
  return { ...asking, predict };
}

function scoresOf(
  answered: Outcome<readonly Prediction[]>,
): Outcome<readonly (readonly number[])[]> {
  if (!answered.ok) return answered;
  const wordy = answered.value.find(({ scores }) => scores.length === 0);
  if (!wordy) return ok(answered.value.map(({ scores }) => scores));
  return refuse(
    `the model answered the label ${JSON.stringify(wordy.label)} and no score: ` +
      'predictor.probability must say where scores are',
  );
}

/** Answers that are kept, so that rows which come again are not asked again. */
const mostRemembered = 100_000;
/** After so many rows it is known whether remembering is worth its while. */
const rowsToJudge = 20_000;
const leastRepeated01 = 0.05;

export interface SyntheticScoring {
  readonly calling: Calling;
  /** As they are asked: to be explained in place of those that were given. */
  readonly rows: readonly EncodedRow[];
  readonly background: readonly EncodedRow[];
  /** Rows that were sent, and requests. */
  readonly sent: { rows: number; calls: number };
}

/**
 * For rows that are put together of these and of the background's cells: every cell is written
 * once, and no row is asked twice while its answer is remembered.
 */
export function syntheticScoring(
  asking: Asking,
  given: { readonly rows: readonly Row[]; readonly background: readonly Row[] },
): Outcome<SyntheticScoring> {
  const { client } = asking;
  const rows = client.encode(given.rows);
  if (!rows.ok) return rows;
  const background = client.encode(given.background);
  if (!background.ok) return refuse(`baseline ${background.reason}`);
  const sent = { rows: 0, calls: 0 };
  const askRecords = async (records: readonly string[], options: { signal: AbortSignal }) => {
    sent.rows += records.length;
    sent.calls += 1;
    return scoresOf(await client.askRecords(records, options));
  };
  const ask = remembering(askRecords);
  const predict: Predict = (asked, options) =>
    ask(
      asked.map((row) => client.record(row as EncodedRow)),
      options,
    );
  const longestBytes = mostBytes(client, [...rows.value, ...background.value]);
  const fitting = Math.max(1, Math.floor(maxBodyBytes / longestBytes));
  const maxRows = Math.min(asking.batch.maxRows ?? 1, fitting);
  const { parallelism, signal } = asking;
  const calling = { predict, batch: { maxRows }, parallelism, signal };
  return ok({ calling, rows: rows.value, background: background.value, sent });
}

type AskRecords = (
  records: readonly string[],
  options: { readonly signal: AbortSignal },
) => Promise<Outcome<readonly (readonly number[])[]>>;

/** Asks no row twice while its answer is kept, and keeps none where hardly any row comes again. */
function remembering(ask: AskRecords): AskRecords {
  const known = new Map<string, readonly number[]>();
  let seen = 0;
  let repeated = 0;
  return async (records, options) => {
    if (seen >= rowsToJudge && repeated < seen * leastRepeated01) {
      known.clear();
      return ask(records, options);
    }
    const answers = new Map<string, readonly number[] | undefined>();
    for (const record of records) answers.set(record, known.get(record));
    const fresh = [...answers].flatMap(([record, scores]) => (scores ? [] : [record]));
    seen += records.length;
    repeated += records.length - fresh.length;
    const asked = fresh.length > 0 ? await ask(fresh, options) : ok([]);
    if (!asked.ok) return asked;
    if (known.size + fresh.length > mostRemembered) known.clear();
    for (const [at, record] of fresh.entries()) {
      const scores = asked.value[at] ?? [];
      answers.set(record, scores);
      known.set(record, scores);
    }
    return ok(records.map((record) => answers.get(record) ?? []));
  };
}

/** Of a row that has the longest cell of every column. */
function mostBytes(client: ModelClient, rows: readonly EncodedRow[]): number {
  const longest: string[] = [];
  for (const row of rows) {
    for (const [at, text] of row.entries()) {
      if (Buffer.byteLength(text) > Buffer.byteLength(longest[at] ?? '')) longest[at] = text;
      else longest[at] ??= text;
    }
  }
  return client.bytesOfEncoded(longest);
}

export interface Predicted {
  /** Labels like those of the data set, or scores that a threshold makes labels of. */
  readonly kind: 'labels' | 'scores';
  readonly column: BiasColumn;
  readonly notes: readonly string[];
}

export interface PredictOptions {
  /** The configuration says where the scores are, so that they are no labels. */
  readonly isProbability: boolean;
  readonly onProgress: (done: number, total: number) => void;
}

/** One prediction for each row of the data set, in order. */
export async function predictDataset(
  asking: Asking,
  dataset: Dataset,
  { isProbability, onProgress }: PredictOptions,
): Promise<Outcome<Predicted>> {
  const predictions: Prediction[] = [];
  const predict: Predict = async (rows, options) => {
    const answered = await asking.client.ask(rows, options);
    // The engine carries numbers; the predictions themselves are found by their index.
    if (!answered.ok) return answered;
    return ok(answered.value.map((prediction) => [predictions.push(prediction) - 1]));
  };
  const order = new Int32Array(dataset.rows);
  let done = 0;
  const sink = {
    take(batch: Batch, scores: Scores): Outcome<void> {
      for (let at = 0; at < batch.size; at += 1) order[done + at] = scores.values[at] ?? 0;
      done += batch.size;
      onProgress(done, dataset.rows);
      return ok(undefined);
    },
  };
  const calling = { ...asking, predict };
  const asked = await askAll(batchesOf(dataset, asking), sink, { calling, asked: nothingAsked() });
  if (!asked.ok) return asked;
  const inOrder = Array.from(order, (index) => predictions[index]);
  const found = inOrder.filter((prediction) => prediction !== undefined);
  return predictedOf(found, isProbability);
}

/** Batches within the limits, made when they are needed. */
function* batchesOf(dataset: Dataset, { batch, client }: Asking): Generator<Batch> {
  const { maxRows = 1 } = batch;
  const columns = dataset.features.flatMap((name) => dataset.columns.get(name) ?? []);
  const all = everyRow(dataset.rows);
  for (let start = 0; start < dataset.rows; ) {
    const rows = rowsOf(columns, all.subarray(start, start + maxRows));
    const size = fitting(rows, client);
    yield batchOf(rows.slice(0, size), start);
    start += size;
  }
}

/** How many of the first rows stay within a request. */
function fitting(rows: readonly Row[], { bytesOf }: ModelClient): number {
  let bytes = 0;
  const over = rows.findIndex((row) => {
    bytes += bytesOf(row);
    return bytes > maxBodyBytes;
  });
  return over < 0 ? rows.length : Math.max(1, over);
}

function batchOf(rows: readonly Row[], start: number): Batch {
  return {
    size: rows.length,
    rows: (from, to) => rows.slice(from, to),
    matrix: () => {
      throw new AssertionFailure('the model is asked in rows');
    },
    describe: (at) => `row ${start + at + 1}`,
  };
}

function predictedOf(
  predictions: readonly Prediction[],
  isProbability: boolean,
): Outcome<Predicted> {
  const unlabelled = predictions.findIndex(({ label }) => label === undefined);
  if (unlabelled < 0) {
    const labels = predictions.map(({ label }) => label ?? '');
    const numbers = labels.map(Number);
    const isNumeric = labels.every((label, at) => label !== '' && Number.isFinite(numbers[at]));
    const column = isNumeric
      ? columnOfNumbers(Float64Array.from(numbers))
      : columnOfTexts(labels.map(String));
    return ok({ kind: 'labels', column, notes: [] });
  }
  const many = predictions.findIndex(({ scores }) => scores.length !== 1);
  if (many >= 0) {
    return refuse(
      `row ${many + 1}: the model answered ${predictions[many]?.scores.length} scores and no ` +
        'label: predictor.label_headers or predictor.label must say what they stand for',
    );
  }
  const scores = Float64Array.from(predictions, ({ scores }) => scores[0] ?? Number.NaN);
  const column = columnOfNumbers(scores);
  const note = outsideNote(scores);
  if (note === undefined) return ok({ kind: 'scores', column, notes: [] });
  // Without a word on which it is, numbers beyond a probability are what the label is measured in.
  return ok(
    isProbability
      ? { kind: 'scores', column, notes: [note] }
      : { kind: 'labels', column, notes: [] },
  );
}
