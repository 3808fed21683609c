/**
 * Asks a model server for predictions of rows: one request, one answer, or a refusal with the rows,
 * the status and what the server said. Batches, their number at a time and the search for the row
 * at fault are the business of the caller.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Answer, Forwarder, ForwardFailure } from '../../ports/forwarder.ts';
import type { JsonQuery } from '../../ports/json-query.ts';
import { answerReader, type Prediction, shortened } from './answer.ts';
import { type BodyWriter, bodyWriter, type Row } from './body.ts';
import type { PredictorPlan } from './plan.ts';

/** What real-time requests may hold. */
export const maxBodyBytes = 5 * 1024 * 1024;
/** Answers of many outputs are larger than their requests. */
const maxAnswerBytes = 64 * 1024 * 1024;
/** A server that restarts, or is busy, is given this long in all. */
const retryPausesMs = [200, 1_000, 3_000];
const retriedStatuses = new Set([429, 502, 503, 504]);

export interface ClientParts {
  readonly forwarder: Forwarder;
  readonly query: JsonQuery;
}

export interface ClientOptions {
  readonly url: string;
  readonly plan: PredictorPlan;
  /** In the order of the cells. */
  readonly featureNames: readonly string[];
  readonly requestTimeoutMs: number;
}

export interface ModelClient {
  /** Rows of one request at most. */
  readonly maxRows: number;
  /** Bytes a row takes in a request, about; for batches that keep within `maxBodyBytes`. */
  bytesOf(row: Row): number;
  /** Throws the signal's reason when it is aborted. */
  ask(
    rows: readonly Row[],
    options: { readonly signal: AbortSignal },
  ): Promise<Outcome<readonly Prediction[]>>;
}

/** Refused when templates or expressions of the plan make no sense. */
export function modelClient(parts: ClientParts, options: ClientOptions): Outcome<ModelClient> {
  const writer = bodyWriter(options.plan, options.featureNames);
  if (!writer.ok) return writer;
  const reader = answerReader(options.plan, parts.query);
  if (!reader.ok) return reader;
  const send = sender(parts.forwarder, options);
  const blank = writer.value.write([options.featureNames.map(() => 0)]);
  const perRowBytes = blank.ok ? Buffer.byteLength(blank.value) : 0;
  return ok({
    maxRows: writer.value.maxRows,
    bytesOf: (row) => perRowBytes + cellBytes(row),
    async ask(rows, { signal }) {
      const body = encoded(writer.value, rows);
      if (!body.ok) return body;
      const answer = await send(body.value, signal);
      if (!answer.ok) return answer;
      const read = reader.value.read(answer.value, rows.length);
      return read.ok ? read : refuse(`${ofRows(rows.length)}${read.reason}`);
    },
  });
}

/** A character takes up to three bytes, and an escaped one six. */
function cellBytes(row: Row): number {
  let bytes = 0;
  for (const cell of row) bytes += typeof cell === 'string' ? 6 * cell.length + 2 : 24;
  return bytes;
}

function encoded(writer: BodyWriter, rows: readonly Row[]): Outcome<Buffer> {
  const text = writer.write(rows);
  if (!text.ok) return text;
  const body = Buffer.from(text.value);
  if (body.length <= maxBodyBytes) return ok(body);
  return refuse(`${ofRows(rows.length)}the request would have ${body.length} bytes`);
}

function ofRows(count: number): string {
  return count === 1 ? '' : `of ${count} rows, `;
}

type Send = (body: Buffer, signal: AbortSignal) => Promise<Outcome<string>>;

function sender(forwarder: Forwarder, options: ClientOptions): Send {
  const url = new URL(options.url);
  const { contentType, acceptType, customAttributes } = options.plan;
  const headers = {
    'content-type': contentType,
    accept: acceptType,
    ...(customAttributes === undefined
      ? {}
      : { 'x-amzn-sagemaker-custom-attributes': customAttributes }),
  };
  return async (body, signal) => {
    const request = { url, headers, body, timeoutMs: options.requestTimeoutMs };
    for (let tried = 0; ; tried += 1) {
      signal.throwIfAborted();
      const answer = await forwarder.forward(request, { limitBytes: maxAnswerBytes });
      const pauseMs = retryPausesMs[tried];
      if (pauseMs === undefined || !mayPass(answer)) return textOf(answer);
      await sleep(pauseMs, undefined, { signal });
    }
  };
}

function mayPass(answer: Answer | ForwardFailure): boolean {
  return answer.kind === 'answer'
    ? retriedStatuses.has(answer.status)
    : answer.kind === 'unreachable';
}

function textOf(answer: Answer | ForwardFailure): Outcome<string> {
  if (answer.kind !== 'answer') return refuse(`no answer (${answer.kind}): ${answer.reason}`);
  const text = answer.body.toString('utf8');
  if (answer.status >= 200 && answer.status < 300) return ok(text);
  return refuse(`status ${answer.status}: ${shortened(text) || 'nothing more was said'}`);
}
