/** Messages, one at a time: sent, received, deleted, hidden for longer or shorter. */
import type * as sqs from '@aws-sdk/client-sqs';
import { queueLimits } from '../../engines/queues/limits.ts';
import type { Settled } from '../../engines/queues/receive.ts';
import type { Sent } from '../../engines/queues/send.ts';
import { addressIn, type Ctx, found, queueAt } from './context.ts';
import { faults } from './faults.ts';
import { checkMessage } from './message-check.ts';
import { sequenceText, shownMessage } from './message-view.ts';

export async function sendMessage(
  input: sqs.SendMessageRequest,
  ctx: Ctx,
): Promise<sqs.SendMessageResult> {
  const at = addressIn(input.QueueUrl, ctx);
  const { settings } = await queueAt(at, ctx);
  const { message } = checkMessage(input, settings, ctx.caller.userId);
  const [sent] = found(await ctx.queues.send(at, [message]));
  return sent ? { ...digestsOf(sent), ...sequenceOf(sent, settings.fifo) } : {};
}

export function digestsOf(sent: Sent) {
  return {
    MessageId: sent.messageId,
    MD5OfMessageBody: sent.bodyMd5,
    ...(sent.attributesMd5 === undefined ? {} : { MD5OfMessageAttributes: sent.attributesMd5 }),
    ...(sent.systemMd5 === undefined ? {} : { MD5OfMessageSystemAttributes: sent.systemMd5 }),
  };
}

export function sequenceOf(sent: Sent, fifo: boolean) {
  return fifo ? { SequenceNumber: sequenceText(sent.sequence) } : {};
}

export async function receiveMessage(
  input: sqs.ReceiveMessageRequest,
  ctx: Ctx,
): Promise<sqs.ReceiveMessageResult> {
  const at = addressIn(input.QueueUrl, ctx);
  const { MaxNumberOfMessages: limit = 1, WaitTimeSeconds: waitSeconds } = input;
  const most = queueLimits.batchEntries;
  if (!(limit >= 1 && limit <= most)) {
    const rule = `Must be between 1 and ${most}, if provided.`;
    throw faults.invalidValue(limit, 'MaxNumberOfMessages', rule);
  }
  const longest = queueLimits.waitSeconds.most;
  if (waitSeconds !== undefined && !(waitSeconds >= 0 && waitSeconds <= longest)) {
    const rule = `Must be >= 0 and <= ${longest}, if provided.`;
    throw faults.invalidValue(waitSeconds, 'WaitTimeSeconds', rule);
  }
  const visibilitySeconds = input.VisibilityTimeout;
  if (visibilitySeconds !== undefined) checkVisibility(visibilitySeconds);
  const { settings } = await queueAt(at, ctx);
  const received = found(
    await ctx.queues.receive(at, {
      limit,
      signal: ctx.signal,
      ...(waitSeconds === undefined ? {} : { waitSeconds }),
      ...(visibilitySeconds === undefined ? {} : { visibilitySeconds }),
    }),
  );
  if (received === 'overLimit') {
    if (settings.fifo) return {};
    throw faults.overLimit(queueLimits.inFlightMessages);
  }
  const messages = received.map((message) => shownMessage(message, input, settings.fifo));
  return messages.length === 0 ? {} : { Messages: messages };
}

export function checkVisibility(seconds: number): void {
  const { least, most } = queueLimits.visibilitySeconds;
  if (Number.isInteger(seconds) && seconds >= least && seconds <= most) return;
  const rule = `Must be between ${least} and ${most}.`;
  throw faults.invalidValue(seconds, 'VisibilityTimeout', rule);
}

export async function deleteMessage(input: sqs.DeleteMessageRequest, ctx: Ctx): Promise<void> {
  const at = addressIn(input.QueueUrl, ctx);
  const handle = input.ReceiptHandle ?? '';
  const [settled] = found(await ctx.queues.settle(at, [handle]));
  if (settled === 'invalid') throw faults.invalidHandle(handle);
}

export async function changeMessageVisibility(
  input: sqs.ChangeMessageVisibilityRequest,
  ctx: Ctx,
): Promise<void> {
  const at = addressIn(input.QueueUrl, ctx);
  const { ReceiptHandle: handle = '', VisibilityTimeout: forSeconds = Number.NaN } = input;
  checkVisibility(forSeconds);
  const [settled = 'stale'] = found(await ctx.queues.hide(at, [{ handle, forSeconds }]));
  const fault = hideFault(settled, handle, forSeconds);
  if (fault) throw fault;
}

export function hideFault(settled: Settled, handle: string, forSeconds: number) {
  switch (settled) {
    case 'done':
      return undefined;
    case 'invalid':
      return faults.invalidHandle(handle);
    case 'tooLong': {
      const limit = `the limit [${queueLimits.visibilitySeconds.most} seconds]`;
      const rule = `Total VisibilityTimeout for the message is beyond ${limit}`;
      return faults.invalidValue(forSeconds, 'VisibilityTimeout', rule);
    }
    case 'stale': {
      const rule = 'Message does not exist or is not available for visibility timeout change.';
      return faults.invalidValue(handle, 'ReceiptHandle', rule);
    }
  }
}
