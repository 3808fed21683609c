/**
 * Digests that clients recompute and compare. Format: the developer guide's "Calculating the MD5
 * message digest for message attributes".
 */
import { createHash } from 'node:crypto';
import { compareUtf8 } from '../../kernel/bytes.ts';
import type { MessageAttribute, MessageAttributes } from './rows.ts';

const textMark = Uint8Array.of(1);
const binaryMark = Uint8Array.of(2);

export function bodyMd5(body: string): string {
  return createHash('md5').update(body).digest('hex');
}

/** Undefined when there are no attributes. */
export function attributesMd5(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes).sort(compareUtf8);
  if (names.length === 0) return undefined;
  const hash = createHash('md5');
  const field = (bytes: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of names) {
    const attribute = attributes[name];
    if (attribute === undefined) continue;
    field(Buffer.from(name));
    field(Buffer.from(attribute.type));
    hash.update(attribute.base64 === undefined ? textMark : binaryMark);
    field(valueBytes(attribute));
  }
  return hash.digest('hex');
}

export function valueBytes(attribute: MessageAttribute): Uint8Array {
  if (attribute.base64 !== undefined) return Buffer.from(attribute.base64, 'base64');
  return Buffer.from(attribute.text ?? '');
}

/** What counts against the size of a message: body, and names, types and values of attributes. */
export function messageBytes(body: string, attributes: MessageAttributes): number {
  let sizeBytes = Buffer.byteLength(body);
  for (const [name, attribute] of Object.entries(attributes)) {
    sizeBytes += Buffer.byteLength(name) + Buffer.byteLength(attribute.type);
    sizeBytes += valueBytes(attribute).length;
  }
  return sizeBytes;
}
