/** A received message as the client asked to see it. */
import type * as sqs from '@aws-sdk/client-sqs';
import { attributesMd5 } from '../../engines/queues/digest.ts';
import type { Received } from '../../engines/queues/receive.ts';
import type { MessageAttribute } from '../../engines/queues/rows.ts';

type Wanted = Pick<
  sqs.ReceiveMessageRequest,
  'AttributeNames' | 'MessageSystemAttributeNames' | 'MessageAttributeNames'
>;

/** Twenty digits, and never a leading zero. */
export function sequenceText(sequence: number): string {
  return `1${String(sequence).padStart(19, '0')}`;
}

export function shownMessage(message: Received, wanted: Wanted, fifo: boolean): sqs.Message {
  const system = systemAttributes(message, wanted, fifo);
  const attributes = chosenAttributes(message, wanted.MessageAttributeNames ?? []);
  // Of what is shown, not of what was sent: clients recompute it from the answer.
  const md5 = attributesMd5(attributes);
  return {
    MessageId: message.messageId,
    ReceiptHandle: message.receiptHandle,
    MD5OfBody: message.bodyMd5,
    Body: message.body,
    ...(Object.keys(system).length === 0 ? {} : { Attributes: system }),
    ...(md5 === undefined
      ? {}
      : { MD5OfMessageAttributes: md5, MessageAttributes: shownAttributes(attributes) }),
  };
}

function systemAttributes(message: Received, wanted: Wanted, fifo: boolean) {
  const names: readonly string[] = [
    ...(wanted.AttributeNames ?? []),
    ...(wanted.MessageSystemAttributeNames ?? []),
  ];
  const all: Record<string, string | undefined> = {
    SenderId: message.senderId,
    SentTimestamp: String(message.sentAtMs),
    ApproximateReceiveCount: String(message.receives),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAtMs),
    SequenceNumber: fifo ? sequenceText(message.sequence) : undefined,
    MessageDeduplicationId: message.deduplicationId,
    MessageGroupId: message.groupId,
    AWSTraceHeader: message.system.AWSTraceHeader?.text,
    DeadLetterQueueSourceArn: message.deadLetterSourceArn,
  };
  const chosen: Record<string, string> = {};
  for (const [name, text] of Object.entries(all)) {
    if (text !== undefined && (names.includes('All') || names.includes(name))) chosen[name] = text;
  }
  return chosen;
}

function chosenAttributes(message: Received, names: readonly string[]) {
  const isWanted = (attribute: string) =>
    names.some(
      (name) =>
        name === 'All' ||
        name === attribute ||
        (name.endsWith('.*') && attribute.startsWith(name.slice(0, -2))),
    );
  const entries = Object.entries(message.attributes);
  return Object.fromEntries(entries.filter(([name]) => isWanted(name)));
}

function shownAttributes(attributes: Readonly<Record<string, MessageAttribute>>) {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, text, base64 }]) => {
      const value: sqs.MessageAttributeValue =
        base64 === undefined
          ? { DataType: type, StringValue: text ?? '' }
          : { DataType: type, BinaryValue: Buffer.from(base64, 'base64') };
      return [name, value];
    }),
  );
}
