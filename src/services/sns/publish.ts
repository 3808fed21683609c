/** Publishing: one message, or up to ten of which all are accepted or none. */
import type * as sns from '@aws-sdk/client-sns';
import { topicLimits } from '../../engines/topics/limits.ts';
import type { OutgoingMessage, Published } from '../../engines/topics/publish.ts';
import { sequenceText, type TopicAddress } from '../../engines/topics/rows.ts';
import type { Topic } from '../../engines/topics/topics.ts';
import { addressIn, type Ctx, topicAt } from './context.ts';
import { faults } from './faults.ts';
import { checkedAttributes, outgoingBytes } from './message-attribute.ts';

/** What a single publish and an entry of a batch have in common. */
type Entry = Omit<sns.PublishBatchRequestEntry, 'Id'>;

export async function publish(input: sns.PublishInput, ctx: Ctx): Promise<sns.PublishResponse> {
  if (input.PhoneNumber !== undefined) throw faults.notBuilt('Publish to a phone number');
  const arn = input.TopicArn ?? input.TargetArn;
  if (arn?.includes(':endpoint/')) throw faults.notBuilt('Publish to a mobile endpoint');
  const at = addressIn(arn, ctx);
  const topic = await topicAt(at, ctx);
  const message = outgoing(input, topic);
  if (outgoingBytes(input) > topicLimits.messageBytes) throw faults.invalid('Message too long');
  const [first] = await accept(at, [message], ctx);
  return first ? answerOf(first) : {};
}

export async function publishBatch(
  input: sns.PublishBatchInput,
  ctx: Ctx,
): Promise<sns.PublishBatchResponse> {
  const at = addressIn(input.TopicArn, ctx);
  const topic = await topicAt(at, ctx);
  const entries = input.PublishBatchRequestEntries ?? [];
  const ids = entries.map(({ Id: id = '' }) => id);
  if (entries.length === 0) throw faults.emptyBatch();
  if (entries.length > topicLimits.batchEntries) throw faults.tooManyEntries();
  if (new Set(ids).size < ids.length) throw faults.repeatedId();
  if (!ids.every((id) => /^[A-Za-z0-9_-]{1,80}$/.test(id))) throw faults.invalidId();
  const messages = entries.map((entry, i) => outgoing(entry, topic, i + 1));
  const sizeBytes = entries.reduce((sum, entry) => sum + outgoingBytes(entry), 0);
  if (sizeBytes > topicLimits.messageBytes) throw faults.batchTooLong();
  const published = await accept(at, messages, ctx);
  const successful = published.map((one, i) => ({ Id: ids[i] ?? '', ...answerOf(one) }));
  return { Successful: successful, Failed: [] };
}

async function accept(at: TopicAddress, messages: readonly OutgoingMessage[], ctx: Ctx) {
  const published = await ctx.topics.publishAll(at, messages);
  if (!published.ok) throw faults.noSuchTopic();
  return published.value;
}

function answerOf({ messageId, sequence }: Published) {
  if (sequence === undefined) return { MessageId: messageId };
  return { MessageId: messageId, SequenceNumber: sequenceText(sequence) };
}

/** The checked message; `position` is that of an entry in its batch, from 1. */
function outgoing(input: Entry, topic: Topic, position?: number): OutgoingMessage {
  const { Subject: subject, Message: message = '' } = input;
  const valid = subject === undefined || /^[\x20-\x7e]{1,100}$/.test(subject);
  if (!valid || subject?.startsWith(' ')) throw faults.invalid('Subject');
  if (message === '') throw faults.invalid('Empty message');
  const attributes = checkedAttributes(input.MessageAttributes ?? {}, position);
  return {
    ...bodiesOf(input.MessageStructure, message),
    attributes,
    ...(subject === undefined ? {} : { subject }),
    ...orderOf(input, topic),
  };
}

function bodiesOf(structure: string | undefined, message: string) {
  if (structure === undefined || structure === '') return { message };
  if (structure !== 'json') throw faults.invalid('MessageStructure');
  const bodies = parse(message);
  const textOf = (protocol: string) => {
    const text = Object.hasOwn(bodies, protocol) ? bodies[protocol] : undefined;
    return typeof text === 'string' ? text : undefined;
  };
  const usual = textOf('default');
  if (usual === undefined) {
    throw faults.invalid('Message Structure - No default entry in JSON message body');
  }
  const own = ['sqs', 'http', 'https'].flatMap((protocol) => {
    const text = textOf(protocol);
    return text === undefined ? [] : [[protocol, text]];
  });
  return { message: usual, bodies: Object.fromEntries(own) as OutgoingMessage['bodies'] & object };
}

function parse(message: string): Readonly<Record<string, unknown>> {
  const mistake = faults.invalid('Message Structure - JSON message body failed to parse');
  try {
    const value: unknown = JSON.parse(message);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mistake;
    return value as Readonly<Record<string, unknown>>;
  } catch (cause) {
    if (cause instanceof SyntaxError) throw mistake;
    throw cause;
  }
}

function orderOf(input: Entry, topic: Topic) {
  const { MessageGroupId: groupId, MessageDeduplicationId: deduplicationId } = input;
  if (!topic.fifo) {
    if (deduplicationId !== undefined) {
      throw faults.invalid(
        'MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter ' +
          'that is not valid for this topic type',
      );
    }
    return groupId === undefined ? {} : { groupId };
  }
  if (!groupId) {
    throw faults.invalid('The MessageGroupId parameter is required for FIFO topics');
  }
  for (const id of [groupId, deduplicationId ?? 'none']) {
    if (!/^[!-~]{1,128}$/.test(id)) throw faults.invalid('MessageGroupId or DeduplicationId');
  }
  if (deduplicationId !== undefined) return { groupId, deduplicationId };
  if (topic.attributes.ContentBasedDeduplication === 'true') return { groupId };
  throw faults.invalid(
    'The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId ' +
      'provided explicitly',
  );
}
