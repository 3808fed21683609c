/**
 * Calls of the model: bounded in rows, bytes and number at a time, taken in the order they were
 * made whatever the order they end in, so that sums do not depend on timing. A batch that is
 * refused is asked again in halves until the row at fault is alone.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type Calling, defaults, limits, type Matrix, type Row, type Scores } from './types.ts';

/** Some rows to be asked for, made when they are needed and again when they are asked again. */
export interface Batch {
  readonly size: number;
  rows(from: number, to: number): Row[];
  matrix(from: number, to: number, element: 'float32' | 'float64'): Matrix;
  /** What the row at a place was made of, for refusals. */
  describe(at: number): string;
}

/** Checked and counted as they come; the sink is called once a batch, in order. */
export interface Sink<B extends Batch> {
  take(batch: B, scores: Scores): Outcome<void>;
}

export interface Asked {
  rows: number;
  calls: number;
  /** Known once the model has answered. */
  labels: number | undefined;
  halvings: number;
}

export function nothingAsked(): Asked {
  return { rows: 0, calls: 0, labels: undefined, halvings: 0 };
}

/** A model that refuses more batches than this is broken and not at odds with a row. */
const maxHalvings = 64;

/**
 * Asks for every batch of `source`. The first refusal ends it: calls that run are aborted and not
 * waited for. Throws the signal's reason when that is aborted, and what the model throws.
 */
export async function askAll<B extends Batch>(
  source: Iterable<B>,
  sink: Sink<B>,
  { calling, asked }: { readonly calling: Calling; readonly asked: Asked },
): Promise<Outcome<void>> {
  const parallelism = Math.min(calling.parallelism ?? defaults.parallelism, limits.parallelism);
  const running: { readonly batch: B; readonly answer: Promise<Answer> }[] = [];
  const stop = new AbortController();
  const signal = AbortSignal.any([calling.signal, stop.signal]);
  const aborted = rejectedBy(signal);
  const settleFirst = async (): Promise<Outcome<void>> => {
    const first = running.shift();
    if (!first) return ok(undefined);
    const scores = await Promise.race([first.answer, aborted]);
    calling.signal.throwIfAborted();
    return scores.ok ? sink.take(first.batch, scores.value) : refuse(scores.reason);
  };
  try {
    for (const batch of source) {
      calling.signal.throwIfAborted();
      const answer = askRange(batch, whole(batch), { calling: { ...calling, signal }, asked });
      // Its turn to be awaited may come after it has failed.
      answer.catch(() => {});
      running.push({ batch, answer });
      const settled: Outcome<void> =
        running.length < parallelism ? ok(undefined) : await settleFirst();
      if (!settled.ok) return settled;
    }
    while (running.length > 0) {
      const settled = await settleFirst();
      if (!settled.ok) return settled;
    }
    calling.signal.throwIfAborted();
    return ok(undefined);
  } finally {
    stop.abort(new Error('the explanation has ended'));
  }
}

function whole(batch: Batch): Range {
  return { from: 0, to: batch.size };
}

/** Never resolves. */
function rejectedBy(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => {});
  return aborted;
}

interface Parts {
  readonly calling: Calling;
  readonly asked: Asked;
}

/** A refusal that smaller batches would not change. */
interface Final {
  readonly ok: false;
  readonly reason: string;
  readonly final: true;
}

type Answer = Outcome<Scores> | Final;

interface Range {
  readonly from: number;
  readonly to: number;
}

async function askRange(batch: Batch, range: Range, parts: Parts): Promise<Answer> {
  const answer = await askOnce(batch, range, parts);
  if (answer.ok || 'final' in answer) return answer;
  parts.calling.signal.throwIfAborted();
  if (range.to - range.from > 1) return askHalves(batch, range, { ...parts, ...answer });
  return final(`the model refused ${batch.describe(range.from)}: ${answer.reason}`);
}

async function askHalves(
  batch: Batch,
  { from, to }: Range,
  parts: Parts & { readonly reason: string },
): Promise<Answer> {
  parts.asked.halvings += 1;
  if (parts.asked.halvings > maxHalvings) {
    return final(`the model refused ${maxHalvings} batches in all, the last with: ${parts.reason}`);
  }
  const middle = Math.floor((from + to) / 2);
  const first = await askRange(batch, { from, to: middle }, parts);
  if (!first.ok) return first;
  const second = await askRange(batch, { from: middle, to }, parts);
  if (!second.ok) return second;
  const { labels } = first.value;
  const values = new Float64Array((to - from) * labels);
  for (let at = 0; at < values.length; at += 1) {
    const cut = first.value.values.length;
    values[at] = (at < cut ? first.value.values[at] : second.value.values[at - cut]) ?? Number.NaN;
  }
  return ok({ values, labels });
}

async function askOnce(
  batch: Batch,
  { from, to }: Range,
  { calling, asked }: Parts,
): Promise<Answer> {
  const { predict, signal } = calling;
  asked.calls += 1;
  asked.rows += to - from;
  const scores =
    typeof predict === 'function'
      ? flattened(await predict(batch.rows(from, to), { signal }), to - from)
      : await predict.predict(batch.matrix(from, to, predict.element), { signal });
  return scores.ok ? checked(scores.value, { rows: to - from, asked }) : scores;
}

function final(reason: string): Final {
  return { ok: false, reason, final: true };
}

function flattened(scores: Outcome<readonly (readonly number[])[]>, rows: number): Answer {
  if (!scores.ok) return scores;
  const labels = scores.value[0]?.length ?? 0;
  if (scores.value.length !== rows) {
    return final(`the model answered ${scores.value.length} rows for ${rows}`);
  }
  const values = new Float64Array(rows * labels);
  for (const [at, row] of scores.value.entries()) {
    if (row.length !== labels) {
      return final(
        `the model gave ${row.length} scores for row ${at + 1} and ${labels} for the first`,
      );
    }
    values.set(row, at * labels);
  }
  return ok({ values, labels });
}

function checked(
  scores: Scores,
  { rows, asked }: { readonly rows: number; readonly asked: Asked },
): Answer {
  const { values, labels } = scores;
  if (labels < 1 || labels > limits.labels) {
    return final(
      `the model gave ${labels} scores a row; from 1 to ${limits.labels} can be explained`,
    );
  }
  if (values.length !== rows * labels) {
    return final(`the model answered ${values.length / labels} rows for ${rows}`);
  }
  asked.labels ??= labels;
  if (labels !== asked.labels) {
    return final(`the model gave ${labels} scores a row, and ${asked.labels} before`);
  }
  return ok(scores);
}
