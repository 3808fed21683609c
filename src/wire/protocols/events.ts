/** `application/vnd.amazon.eventstream`: the events of an operation's answer, framed. */
import { crc32 } from 'node:zlib';
import { assert, defined } from '../../kernel/assert.ts';
import type { ByteStream } from '../../kernel/bytes.ts';
import type { Member, OperationModel, StructureType } from '../model/types.ts';
import { Fault } from '../operation.ts';
import { writeMembers } from './document.ts';
import { jsonNotation } from './json.ts';
import { writeText } from './text.ts';
import { writeXmlDocument } from './xml.ts';

type Event = Readonly<Record<string, unknown>>;
/** `json-rpc` sends an initial response first, as protocols without bound headers must. */
export type EventFormat = 'json-rpc' | 'json' | 'xml';

interface Frame {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Uint8Array;
}

const stringHeader = 7;
const overheadBytes = 16;

/** The output member that is a stream of events, if the operation has one. */
export function eventMember(operation: OperationModel): Member | undefined {
  return operation.output?.members.find(
    ({ type }) => type.kind === 'union' && type.streaming === true,
  );
}

/**
 * Frames the events of `output`, in which each event is an object with one member of the union. A
 * `Fault` thrown by the source ends the stream as an exception of its code.
 */
export async function* encodeEvents(
  operation: OperationModel,
  output: object,
  format: EventFormat,
): ByteStream {
  const member = defined(eventMember(operation), `event stream of ${operation.name}`);
  const union = member.type as StructureType;
  const source = (output as Record<string, unknown>)[member.name] as AsyncIterable<Event>;
  if (format === 'json-rpc') {
    const headers = eventHeaders('event', 'initial-response', 'application/json');
    yield frame({ headers, payload: Buffer.from('{}') });
  }
  try {
    for await (const event of source) yield encodeEvent(union, event, format);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    yield encodeStreamFault(union, error, format);
  }
}

function encodeEvent(union: StructureType, event: Event, format: EventFormat): Uint8Array {
  const [name = '', value] = Object.entries(event).find(([, v]) => v !== undefined) ?? [];
  const type = typeOf(union, name);
  assert(type && typeof value === 'object' && value, `no such event: ${name}`);
  const fields = value as Event;
  const bound = type.members.find((m) => m.eventPayload);
  const raw = bound?.type.kind === 'blob' || bound?.type.kind === 'string';
  const kind = type.error ? 'exception' : 'event';
  const headers = eventHeaders(kind, name, contentTypeOf(raw, format));
  for (const m of type.members) {
    const item = fields[m.name];
    if (m.eventHeader && item !== undefined && item !== null) {
      headers[m.name] = writeText(m.type, item, 'epoch-seconds');
    }
  }
  if (bound && raw) {
    const bytes = fields[bound.name] as Uint8Array | string | undefined;
    return frame({ headers, payload: Buffer.from(bytes ?? '') });
  }
  const inner = bound ? (bound.type as StructureType) : type;
  const body = bound ? (fields[bound.name] ?? {}) : fields;
  return frame({ headers, payload: Buffer.from(writeBody(inner, body as object, format)) });
}

function writeBody(type: StructureType, value: object, format: EventFormat): string {
  const members = type.members.filter((m) => !m.eventHeader);
  if (format === 'xml') return writeXmlDocument({ ...type, members }, value, {});
  return JSON.stringify(writeMembers(jsonNotation, members, value));
}

function encodeStreamFault(union: StructureType, fault: Fault, format: EventFormat): Uint8Array {
  const entry = union.members.find(({ name, type }) => {
    return type.kind === 'structure' && (type.name === fault.code || name === fault.code);
  });
  if (!entry) {
    const headers = {
      ':message-type': 'error',
      ':error-code': fault.code,
      ':error-message': fault.message,
    };
    return frame({ headers, payload: Buffer.alloc(0) });
  }
  const type = entry.type as StructureType;
  const message = type.members.find((m) => m.name.toLowerCase() === 'message')?.name ?? 'message';
  const value = { ...fault.members, [message]: fault.message };
  return encodeEvent(union, { [entry.name]: value }, format);
}

function typeOf(union: StructureType, name: string): StructureType | undefined {
  const type = union.members.find((m) => m.name === name)?.type;
  return type?.kind === 'structure' ? type : undefined;
}

function contentTypeOf(raw: boolean, format: EventFormat): string {
  if (raw) return 'application/octet-stream';
  return format === 'xml' ? 'text/xml' : 'application/json';
}

function eventHeaders(kind: string, name: string, contentType: string): Record<string, string> {
  return {
    ':message-type': kind,
    [`:${kind}-type`]: name,
    ':content-type': contentType,
  };
}

/** Total length, header length, their CRC, headers, payload, the CRC of it all. */
function frame({ headers, payload }: Frame): Uint8Array {
  const encoded = Buffer.concat(Object.entries(headers).map(([k, v]) => encodeHeader(k, v)));
  const sizeBytes = overheadBytes + encoded.length + payload.length;
  const out = Buffer.alloc(sizeBytes);
  out.writeUInt32BE(sizeBytes, 0);
  out.writeUInt32BE(encoded.length, 4);
  out.writeUInt32BE(crc32(out.subarray(0, 8)), 8);
  encoded.copy(out, 12);
  out.set(payload, 12 + encoded.length);
  out.writeUInt32BE(crc32(out.subarray(0, sizeBytes - 4)), sizeBytes - 4);
  return out;
}

function encodeHeader(name: string, value: string): Buffer {
  const key = Buffer.from(name);
  const text = Buffer.from(value);
  const out = Buffer.alloc(1 + key.length + 3 + text.length);
  out.writeUInt8(key.length, 0);
  key.copy(out, 1);
  out.writeUInt8(stringHeader, 1 + key.length);
  out.writeUInt16BE(text.length, 2 + key.length);
  text.copy(out, 4 + key.length);
  return out;
}
