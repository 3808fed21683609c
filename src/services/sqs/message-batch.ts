/** Messages, up to ten at a time; an entry that fails does not stop the others. */
import type * as sqs from '@aws-sdk/client-sqs';
import { messageBytes } from '../../engines/queues/digest.ts';
import { queueLimits } from '../../engines/queues/limits.ts';
import { Fault } from '../../wire/operation.ts';
import { addressIn, type Ctx, found, queueAt } from './context.ts';
import { faults } from './faults.ts';
import { checkVisibility, digestsOf, hideFault, sequenceOf } from './message.ts';
import { checkMessage } from './message-check.ts';

interface Identified {
  readonly Id?: string | undefined;
}

/** The entries, whose ids are there, well formed and distinct. */
function checkBatch<Entry extends Identified>(
  entries: readonly Entry[] | undefined,
  kind: string,
): readonly Entry[] {
  if (!entries || entries.length === 0) throw faults.emptyBatch(kind);
  const most = queueLimits.batchEntries;
  if (entries.length > most) throw faults.tooManyEntries(most, entries.length);
  const seen = new Set<string>();
  for (const { Id: id = '' } of entries) {
    if (!/^[A-Za-z0-9_-]{1,80}$/.test(id)) throw faults.invalidId();
    if (seen.has(id)) throw faults.repeatedId(id);
    seen.add(id);
  }
  return entries;
}

interface Passed<Entry, Value> {
  readonly entry: Entry;
  readonly value: Value;
}

/** Runs a check on each entry; a refusal becomes the entry's failure. */
function checkEach<Entry extends Identified, Value>(
  entries: readonly Entry[],
  check: (entry: Entry) => Value,
) {
  const passed: Passed<Entry, Value>[] = [];
  const failed: sqs.BatchResultErrorEntry[] = [];
  for (const entry of entries) {
    try {
      passed.push({ entry, value: check(entry) });
    } catch (cause) {
      if (!(cause instanceof Fault)) throw cause;
      failed.push(failureOf(entry, cause));
    }
  }
  return { passed, failed };
}

function failureOf(entry: Identified, { code, message }: Fault): sqs.BatchResultErrorEntry {
  return { Id: entry.Id, Code: code, Message: message, SenderFault: true };
}

interface BatchAnswer<Success> {
  readonly Successful: Success[];
  readonly Failed: sqs.BatchResultErrorEntry[];
}

/** The answer; Failed is left out when nothing failed, as clients of the original expect. */
function answer<Success>(successful: Success[], failed: sqs.BatchResultErrorEntry[]) {
  const result = { Successful: successful, ...(failed.length > 0 ? { Failed: failed } : {}) };
  return result as BatchAnswer<Success>;
}

export async function sendMessageBatch(
  input: sqs.SendMessageBatchRequest,
  ctx: Ctx,
): Promise<sqs.SendMessageBatchResult> {
  const at = addressIn(input.QueueUrl, ctx);
  const entries = checkBatch(input.Entries, 'SendMessageBatchRequestEntry');
  const { settings } = await queueAt(at, ctx);
  const sizeBytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  const limitBytes = queueLimits.messageBytes.most;
  if (sizeBytes > limitBytes) throw faults.batchTooLong(limitBytes, sizeBytes);
  const { passed, failed } = checkEach(
    entries,
    (entry) => checkMessage(entry, settings, ctx.caller.userId).message,
  );
  const messages = passed.map(({ value }) => value);
  const sent = messages.length === 0 ? [] : found(await ctx.queues.send(at, messages));
  const successful = sent.map((one, i) => ({
    Id: passed[i]?.entry.Id,
    ...digestsOf(one),
    ...sequenceOf(one, settings.fifo),
  }));
  return answer(successful, failed);
}

function entryBytes(entry: sqs.SendMessageBatchRequestEntry): number {
  const attributes = Object.entries(entry.MessageAttributes ?? {}).map(([name, value]) => {
    const { DataType: type = '', StringValue: text = '', BinaryValue: bytes } = value;
    const base64 = bytes && Buffer.from(bytes).toString('base64');
    return [name, base64 === undefined ? { type, text } : { type, base64 }] as const;
  });
  return messageBytes(entry.MessageBody ?? '', Object.fromEntries(attributes));
}

export async function deleteMessageBatch(
  input: sqs.DeleteMessageBatchRequest,
  ctx: Ctx,
): Promise<sqs.DeleteMessageBatchResult> {
  const at = addressIn(input.QueueUrl, ctx);
  const entries = checkBatch(input.Entries, 'DeleteMessageBatchRequestEntry');
  const handles = entries.map(({ ReceiptHandle: handle = '' }) => handle);
  const settled = found(await ctx.queues.settle(at, handles));
  const { passed, failed } = checkEach(entries, (entry) => {
    const i = entries.indexOf(entry);
    if (settled[i] === 'invalid') throw faults.invalidHandle(handles[i] ?? '');
  });
  const successful = passed.map(({ entry }) => ({ Id: entry.Id }));
  return answer(successful, failed);
}

export async function changeMessageVisibilityBatch(
  input: sqs.ChangeMessageVisibilityBatchRequest,
  ctx: Ctx,
): Promise<sqs.ChangeMessageVisibilityBatchResult> {
  const at = addressIn(input.QueueUrl, ctx);
  const entries = checkBatch(input.Entries, 'ChangeMessageVisibilityBatchRequestEntry');
  const { passed, failed } = checkEach(entries, (entry) => {
    const { ReceiptHandle: handle = '', VisibilityTimeout: forSeconds = 0 } = entry;
    checkVisibility(forSeconds);
    return { handle, forSeconds };
  });
  const changes = passed.map(({ value }) => value);
  const settled = found(await ctx.queues.hide(at, changes));
  const successful: sqs.ChangeMessageVisibilityBatchResultEntry[] = [];
  passed.forEach(({ entry, value }, i) => {
    const fault = hideFault(settled[i] ?? 'stale', value.handle, value.forSeconds);
    if (fault) failed.push(failureOf(entry, fault));
    else successful.push({ Id: entry.Id });
  });
  return answer(successful, failed);
}
