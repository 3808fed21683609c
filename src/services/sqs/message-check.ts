/** What a message must be to be accepted, and its form in the engine. */
import type * as sqs from '@aws-sdk/client-sqs';
import { messageBytes } from '../../engines/queues/digest.ts';
import { queueLimits } from '../../engines/queues/limits.ts';
import type { MessageAttribute, QueueSettings } from '../../engines/queues/rows.ts';
import type { NewMessage } from '../../engines/queues/send.ts';
import { faults } from './faults.ts';

type Input = Omit<sqs.SendMessageBatchRequestEntry, 'Id'>;

export interface CheckedMessage {
  readonly message: NewMessage;
  readonly sizeBytes: number;
}

/** Characters XML 1.0 admits; lone surrogates are not among them. */
const validBody = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

export function checkMessage(
  input: Input,
  settings: QueueSettings,
  senderId: string,
): CheckedMessage {
  const body = input.MessageBody ?? '';
  if (body === '') throw faults.missingParameter('MessageBody');
  if (!validBody.test(body)) throw faults.invalidContents();
  const attributes = checkAttributes(input.MessageAttributes ?? {});
  const system = checkAttributes(input.MessageSystemAttributes ?? {});
  const unknown = Object.keys(system).find((name) => name !== 'AWSTraceHeader');
  if (unknown !== undefined) {
    throw faults.invalid(`Message system attribute name '${unknown}' is invalid.`);
  }
  const sizeBytes = messageBytes(body, attributes);
  if (sizeBytes > settings.maximumMessageBytes) {
    const rule = `Message must be shorter than ${settings.maximumMessageBytes} bytes.`;
    throw faults.invalid(`One or more parameters are invalid. Reason: ${rule}`);
  }
  const order = settings.fifo ? fifoOrder(input, settings) : standardOrder(input);
  return { message: { body, attributes, system, senderId, ...order }, sizeBytes };
}

type Order = Pick<NewMessage, 'delaySeconds' | 'groupId' | 'deduplicationId'>;

function standardOrder(input: Input): Order {
  const { DelaySeconds: delaySeconds, MessageGroupId: groupId } = input;
  if (input.MessageDeduplicationId !== undefined) {
    const rule = 'The request include parameter that is not valid for this queue type';
    throw faults.invalidValue(input.MessageDeduplicationId, 'MessageDeduplicationId', rule);
  }
  checkId('MessageGroupId', groupId);
  const { least, most } = queueLimits.delaySeconds;
  if (delaySeconds !== undefined && !(delaySeconds >= least && delaySeconds <= most)) {
    const rule = `DelaySeconds must be >= ${least} and <= ${most}.`;
    throw faults.invalidValue(delaySeconds, 'DelaySeconds', rule);
  }
  return {
    ...(delaySeconds === undefined ? {} : { delaySeconds }),
    ...(groupId === undefined ? {} : { groupId }),
  };
}

function fifoOrder(input: Input, settings: QueueSettings): Order {
  const { MessageGroupId: groupId, MessageDeduplicationId: deduplicationId } = input;
  // Zero is what some clients always send.
  if (input.DelaySeconds) {
    const rule = 'The request include parameter that is not valid for this queue type.';
    throw faults.invalidValue(input.DelaySeconds, 'DelaySeconds', rule);
  }
  if (!groupId) throw faults.missingParameter('MessageGroupId');
  checkId('MessageGroupId', groupId);
  checkId('MessageDeduplicationId', deduplicationId);
  if (deduplicationId === undefined && !settings.contentDeduplication) {
    throw faults.invalid(
      'The queue should either have ContentBasedDeduplication enabled or ' +
        'MessageDeduplicationId provided explicitly',
    );
  }
  return { groupId, ...(deduplicationId === undefined ? {} : { deduplicationId }) };
}

function checkId(parameter: string, id: string | undefined): void {
  if (id === undefined || /^[!-~]{1,128}$/.test(id)) return;
  throw faults.invalidValue(
    id,
    parameter,
    `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

type AttributeInput = Readonly<Record<string, sqs.MessageAttributeValue>>;

function checkAttributes(input: AttributeInput): Record<string, MessageAttribute> {
  const names = Object.keys(input);
  const most = queueLimits.attributesPerMessage;
  if (names.length > most) {
    const count = `[${names.length}] exceeds the allowed maximum [${most}]`;
    throw faults.invalid(`Number of message attributes ${count}.`);
  }
  // fromEntries, so that a name like __proto__ is a name like others.
  return Object.fromEntries(
    Object.entries(input).map(([name, value]) => {
      checkAttributeName(name);
      return [name, checkAttribute(name, value)];
    }),
  );
}

function checkAttributeName(name: string): void {
  if (!/^[A-Za-z0-9_.-]{1,256}$/.test(name)) {
    throw faults.invalid(
      `The message attribute name '${name}' is invalid. Attribute name can contain A-Z, a-z, ` +
        '0-9, underscore (_), hyphen (-), and period (.) characters.',
    );
  }
  if (!/^(aws|amazon)\.|^\.|\.$|\.\./i.test(name)) return;
  throw faults.invalid(
    "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings " +
      "are reserved for internal use. Additionally, they cannot start or end with '.'.",
  );
}

function checkAttribute(name: string, value: sqs.MessageAttributeValue): MessageAttribute {
  const type = value.DataType ?? '';
  const kind = /^(String|Number|Binary)(\..+)?$/.exec(type)?.[1];
  if (kind === undefined || type.length > 256) {
    throw faults.invalid(
      `The message attribute '${name}' has an invalid message attribute type, the set of ` +
        'supported type prefixes is Binary, Number, and String.',
    );
  }
  const empty = () =>
    faults.invalid(
      `The message attribute '${name}' must contain non-empty message attribute value for ` +
        `message attribute type '${type}'.`,
    );
  if (kind === 'Binary') {
    if (!value.BinaryValue?.length) throw empty();
    return { type, base64: Buffer.from(value.BinaryValue).toString('base64') };
  }
  const text = value.StringValue;
  if (!text) throw empty();
  if (!validBody.test(text)) throw faults.invalidContents();
  if (kind === 'Number' && (text.trim() === '' || !Number.isFinite(Number(text)))) {
    throw faults.invalid(`Can't cast the value of message attribute '${name}' to a number.`);
  }
  return { type, text };
}
