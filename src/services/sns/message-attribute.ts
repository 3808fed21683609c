/** Attributes of messages: what they may be, and what they weigh. */
import type * as sns from '@aws-sdk/client-sns';
import type { MessageAttribute } from '../../engines/topics/rows.ts';
import { faults } from './faults.ts';

type Input = Readonly<Record<string, sns.MessageAttributeValue>>;

/** `position` is that of an entry in its batch, from 1. */
export function checkedAttributes(
  input: Input,
  position: number | undefined,
): Record<string, MessageAttribute> {
  // fromEntries, so that a name like __proto__ is a name like others.
  return Object.fromEntries(
    Object.entries(input).map(([name, value]) => {
      checkName(name);
      if (value.DataType === undefined) {
        const entry = position ? `publishBatchRequestEntries.${position}.member.` : '';
        throw faults.missingType(`${entry}messageAttributes.${name}.member.dataType`);
      }
      return [name, checkValue(name, value, value.DataType)];
    }),
  );
}

function checkName(name: string): void {
  if (name.length > 256) {
    const rule = 'Length of message attribute name must be less than 256 bytes.';
    throw faults.invalidValue(rule);
  }
  const place = name.startsWith('.') ? 'starting' : name.endsWith('.') ? 'ending' : undefined;
  if (place) {
    const rule = `Invalid message attribute name ${place} with character '.' was found.`;
    throw faults.invalidValue(rule);
  }
  const odd = /[^A-Za-z0-9_.-]/u.exec(name)?.[0];
  if (odd !== undefined || name === '') {
    const code = (odd?.codePointAt(0) ?? 0).toString(16).toUpperCase();
    throw faults.invalidValue(
      `Invalid non-alphanumeric character '#x${code}' was found in the message attribute name. ` +
        'Can only include alphanumeric characters, hyphens, underscores, or dots.',
    );
  }
  if (name.includes('..')) {
    throw faults.invalidValue("Message attribute name can not have successive '.' character.");
  }
}

function checkValue(
  name: string,
  value: sns.MessageAttributeValue,
  type: string,
): MessageAttribute {
  const kind = /^(String|Number|Binary)(\..+)?$/.exec(type)?.[1];
  if (kind === undefined || type.length > 256) {
    throw faults.invalidValue(
      `The message attribute '${name}' has an invalid message attribute type, the set of ` +
        'supported type prefixes is Binary, Number, and String.',
    );
  }
  const { StringValue: text, BinaryValue: bytes } = value;
  const empty = () =>
    faults.invalidValue(
      `The message attribute '${name}' must contain non-empty message attribute value for ` +
        `message attribute type '${type}'.`,
    );
  const [own, other] = kind === 'Binary' ? [bytes, text] : [text, bytes];
  if (own === undefined && other !== undefined) {
    const field = kind === 'Binary' ? 'Binary' : 'String';
    const rule = `The message attribute '${name}' with type '${type}' must use field '${field}'.`;
    throw faults.invalidValue(rule);
  }
  if (!own?.length) throw empty();
  if (kind === 'Binary') return { type, base64: Buffer.from(own).toString('base64') };
  if (kind === 'Number' && !isNumber(String(own))) {
    const rule = `Could not cast message attribute '${name}' value to number.`;
    throw faults.invalidValue(rule);
  }
  return { type, text: String(own) };
}

function isNumber(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

/** Body and attributes in bytes: names, types and values count. */
export function outgoingBytes(input: {
  readonly Message?: string | undefined;
  readonly MessageAttributes?: Input | undefined;
}): number {
  let sizeBytes = Buffer.byteLength(input.Message ?? '');
  for (const [name, value] of Object.entries(input.MessageAttributes ?? {})) {
    sizeBytes += Buffer.byteLength(name) + Buffer.byteLength(value.DataType ?? '');
    sizeBytes += Buffer.byteLength(value.StringValue ?? '') + (value.BinaryValue?.length ?? 0);
  }
  return sizeBytes;
}
