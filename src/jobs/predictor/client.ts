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
import { bodyWriter, type EncodedRow, type Row } from './body.ts';
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
  /** Rows as the texts of a request. Refused with the row and the column that cannot be said. */
  encode(rows: readonly Row[]): Outcome<readonly EncodedRow[]>;
  /** What stands for a row in a request; rows of the same cells have the same. */
  record(row: EncodedRow): string;
  /** Bytes a row takes in a request, about; for batches that keep within `maxBodyBytes`. */
  bytesOf(row: Row): number;
  bytesOfEncoded(row: EncodedRow): number;
  /** Throws the signal's reason when it is aborted. */
  ask(rows: readonly Row[], options: Asking): Promise<Outcome<readonly Prediction[]>>;
  askRecords(records: readonly string[], options: Asking): Promise<Outcome<readonly Prediction[]>>;
}

export interface Asking {
  readonly signal: AbortSignal;
}

/** Refused when templates or expressions of the plan make no sense. */
export function modelClient(parts: ClientParts, options: ClientOptions): Outcome<ModelClient> {
  const made = bodyWriter(options.plan, options.featureNames);
  if (!made.ok) return made;
  const reader = answerReader(options.plan, parts.query);
  if (!reader.ok) return reader;
  const writer = made.value;
  const send = sender(parts.forwarder, options);
  const blank = writer.body([writer.record(options.featureNames.map(() => '0'))]);
  const perRowBytes = Buffer.byteLength(blank);
  const client: ModelClient = {
    maxRows: writer.maxRows,
    encode: writer.encode,
    record: writer.record,
    bytesOf: (row) => perRowBytes + cellBytes(row),
    bytesOfEncoded: (row) => row.reduce((sum, text) => sum + Buffer.byteLength(text), perRowBytes),
    async ask(rows, asking) {
      const encoded = writer.encode(rows);
      if (!encoded.ok) return encoded;
      return client.askRecords(encoded.value.map(writer.record), asking);
    },
    async askRecords(records, { signal }) {
      const body = Buffer.from(writer.body(records));
      const many = ofRows(records.length);
      if (body.length > maxBodyBytes) {
        return refuse(`${many}the request would have ${body.length} bytes`);
      }
      const answer = await send(body, signal);
      if (!answer.ok) return answer;
      const read = reader.value.read(answer.value, records.length);
      return read.ok ? read : refuse(`${many}${read.reason}`);
    },
  };
  return ok(client);
}

/** A character takes up to three bytes, and an escaped one six. */
function cellBytes(row: Row): number {
  let bytes = 0;
  for (const cell of row) bytes += typeof cell === 'string' ? 6 * cell.length + 2 : 24;
  return bytes;
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
