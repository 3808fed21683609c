/** From a payload to what is sent, and from the answer to what is written, as the plan asks. */
import { setImmediate } from 'node:timers/promises';
import { type Path, parsePath } from '../../engines/transform/path.ts';
import type { Payload } from '../../engines/transform/payloads.ts';
import {
  filtered,
  idsOf,
  joined,
  kindOf,
  linesOf,
  type Mark,
  marked,
  type RecordKind,
  sameForm,
} from '../../engines/transform/records.ts';
import type { TransformJobRow, TransformPlan } from '../../engines/transform/rows.ts';
import { assert } from '../../kernel/assert.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Answer } from '../../ports/forwarder.ts';

/** Made once for a job. Refusals say which record of the object is wrong, or which several. */
export interface Conversion {
  /** What the model gets. */
  sent(payload: Payload): Promise<Outcome<Buffer>>;
  /** What is written for it. `objectKey` is part of the ids. */
  written(payload: Payload, answer: Answer, objectKey: string): Promise<Outcome<Buffer>>;
}

const newline = Buffer.of(0x0a);
/** Between so many records others get their turn: a payload may hold a million. */
const recordsAtOnce = 2_000;

export function makeConversion(job: TransformJobRow): Conversion {
  const { plan } = job;
  const inputFilter = compiled(plan.inputFilter);
  const outputFilter = compiled(plan.outputFilter);
  const marks = plan.capture?.marksRecords ?? false;
  const isRewritten = plan.joinsInput || !outputFilter.isAll || marks;
  const context = { job, outputFilter, marks };
  return {
    sent: async (payload) =>
      inputFilter.isAll ? ok(payload.body) : filteredBody(payload, plan, inputFilter),
    async written(payload, answer, objectKey) {
      if (isRewritten) return rewritten(payload, answer, { ...context, objectKey });
      const isEnded = plan.target.assemble === 'None' || answer.body.at(-1) === newline[0];
      return ok(isEnded ? answer.body : Buffer.concat([answer.body, newline]));
    },
  };
}

function compiled(text: string): Path {
  const path = parsePath(text);
  assert(path.ok, `a filter that was checked does not parse: ${text}`);
  return path.value;
}

const notText = refuse('is not UTF-8 text, which its filters and joins need');

function textOf(body: Uint8Array): Outcome<string> {
  try {
    return ok(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return notText;
  }
}

/** The records of a payload as text. */
function inputRows(payload: Payload, plan: TransformPlan): Outcome<readonly string[]> {
  const text = textOf(payload.body);
  if (!text.ok) return at(payload, firstNotText(payload), text.reason);
  const isWhole = plan.source.split === 'None' && kindOf(plan.source.contentType) === 'json';
  return ok(isWhole ? [text.value] : linesOf(text.value));
}

/** Looked for only to tell which record of several it is. */
function firstNotText({ body }: Payload): number {
  let index = 0;
  for (let start = 0; start <= body.length; index += 1) {
    const end = body.indexOf(0x0a, start);
    const line = body.subarray(start, end === -1 ? body.length : end);
    if (!textOf(line).ok || end === -1) return index;
    start = end + 1;
  }
  return index;
}

/** Which records a payload holds, as the beginning of a reason. */
export function whereIn({ first, records }: Payload, { source }: TransformPlan): string {
  if (source.split === 'None') return '';
  return records === 1 ? `record ${first}: ` : `records ${first} to ${first + records - 1}: `;
}

function at(payload: Payload, index: number, reason: string): Outcome<never> {
  return refuse(`record ${payload.first + index}: ${reason}`);
}

function filteredBody(payload: Payload, plan: TransformPlan, path: Path) {
  const rows = inputRows(payload, plan);
  if (!rows.ok) return rows;
  const kind = kindOf(plan.source.contentType) ?? 'csv';
  return converted(rows.value, { payload, isEnded: false }, (row) => {
    const one = filtered(row, kind, path);
    return one.ok ? one : refuse(`InputFilter: ${one.reason}`);
  });
}

interface Converting {
  readonly payload: Payload;
  /** A line end comes after the last record too. */
  readonly isEnded: boolean;
}

/** Every record as another, a line each. */
async function converted(
  rows: readonly string[],
  { payload, isEnded }: Converting,
  convert: (row: string, index: number) => Outcome<string>,
): Promise<Outcome<Buffer>> {
  const parts: Buffer[] = [];
  let text = '';
  for (const [index, row] of rows.entries()) {
    const one = convert(row, index);
    if (!one.ok) return at(payload, index, one.reason);
    text += `${one.value}\n`;
    if (index % recordsAtOnce !== recordsAtOnce - 1) continue;
    parts.push(Buffer.from(text));
    text = '';
    await setImmediate();
  }
  const body = Buffer.concat([...parts, Buffer.from(text)]);
  return ok(isEnded ? body : body.subarray(0, -1));
}

interface Rewriting {
  readonly job: TransformJobRow;
  readonly outputFilter: Path;
  readonly marks: boolean;
  readonly objectKey: string;
}

async function rewritten(
  payload: Payload,
  answer: Answer,
  context: Rewriting,
): Promise<Outcome<Buffer>> {
  const { plan } = context.job;
  const where = whereIn(payload, plan);
  const kind = kindOfAnswer(answer, plan);
  if (!kind.ok) return refuse(`${where}${kind.reason}`);
  const inputs = plan.joinsInput ? inputRows(payload, plan) : ok([]);
  if (!inputs.ok) return inputs;
  const text = textOf(answer.body);
  if (!text.ok) return refuse(`${where}the answer ${text.reason}`);
  const isOne = kind.value !== 'csv' && rowsSent(payload, plan, inputs.value) === 1;
  const outputs = isOne ? [text.value] : linesOf(text.value);
  if (plan.joinsInput && outputs.length !== inputs.value.length) {
    return refuse(
      `${where}the model answered ${outputs.length} records to ${inputs.value.length}, ` +
        'which cannot be joined with them',
    );
  }
  const isBare = kind.value === 'json' && isOne && plan.target.assemble === 'None';
  const markOf = context.marks ? markerOf(context, payload.first) : undefined;
  return converted(outputs, { payload, isEnded: !isBare }, (output, index) => {
    const row = { input: inputs.value[index], output, mark: markOf?.(index) };
    return rewrittenRow(row, kind.value, context.outputFilter);
  });
}

/** A document that is sent whole, or one record in a request, is answered by one document. */
function rowsSent(payload: Payload, plan: TransformPlan, inputs: readonly string[]): number {
  if (plan.joinsInput) return inputs.length;
  const isLines = kindOf(plan.source.contentType) !== 'json';
  return plan.source.split === 'None' && isLines ? Number.NaN : payload.records;
}

interface Row {
  readonly input: string | undefined;
  readonly output: string;
  readonly mark: Mark | undefined;
}

/** Joined, filtered, marked: in this order, so that no filter takes the marks away. */
function rewrittenRow({ input, output, mark }: Row, kind: RecordKind, path: Path): Outcome<string> {
  const whole = input === undefined ? ok(output) : joined(input, output, kind);
  if (!whole.ok) return whole;
  const kept = filtered(whole.value, kind, path);
  if (!kept.ok) return refuse(`OutputFilter: ${kept.reason}`);
  return mark ? marked(kept.value, kind, mark) : kept;
}

function markerOf({ job, objectKey }: Rewriting, first: number): (index: number) => Mark {
  const startedAt = new Date(job.startedAtMs ?? job.createdAtMs).toISOString();
  const time = startedAt.replace(/\.\d{3}Z$/, 'Z');
  const idOf = idsOf(job.arn, job.createdAtMs, objectKey, first);
  return (index) => ({ id: idOf(index), time });
}

/** What the model says it answered counts, then what it was asked for, then what it was sent. */
function kindOfAnswer(answer: Answer, { source, target, joinsInput }: TransformPlan) {
  const said = answer.headers['content-type'];
  const sentKind = kindOf(source.contentType);
  const kind = kindOf(said) ?? kindOf(target.accept) ?? sentKind;
  if (!kind) {
    return refuse(
      `the model answered ${said ?? 'without a Content-Type'}, and records can be told apart in ` +
        'CSV and JSON only',
    );
  }
  if (joinsInput && sentKind && !sameForm(kind, sentKind)) {
    return refuse(`the model answered ${said} to ${source.contentType}, which cannot be joined`);
  }
  return ok(kind);
}
