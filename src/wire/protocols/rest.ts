/** rest-json and rest-xml: members bound to the URI, to headers and to the body. */
import { assert } from '../../kernel/assert.ts';
import type { Member, OperationModel, StructureType, Type } from '../model/types.ts';
import { readMembers, writeMembers } from './document.ts';
import { encodeEvents, eventMember } from './events.ts';
import { describeFailure } from './failure.ts';
import { failureDocument, jsonNotation, parseJson } from './json.ts';
import { Malformed } from './malformed.ts';
import type { Protocol, WireRequest, WireResponse } from './protocol.ts';
import { furtherMembers } from './query.ts';
import { readText, splitHeader, writeText } from './text.ts';
import { escapeXml, readXml, wordsInXml, writeXmlDocument, xmlDeclaration } from './xml.ts';
import { parseXml } from './xml-tree.ts';

/** What differs between the two: how a structure lies in a body. */
interface BodyCodec {
  readonly contentType: string;
  read(type: StructureType, members: readonly Member[], bytes: Uint8Array): object;
  write(operation: OperationModel, type: StructureType, value: BodyValue): string;
  idHeaders(requestId: string): Record<string, string>;
}

interface BodyValue {
  readonly members: readonly Member[];
  readonly fields: object;
  /** The element that a payload member asks for. */
  readonly name?: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const jsonBody: BodyCodec = {
  contentType: 'application/json',
  read: (type, members, bytes) =>
    readMembers(jsonNotation, type, { members, raw: parseJson(bytes) }),
  write: (_operation, _type, { members, fields }) =>
    JSON.stringify(writeMembers(jsonNotation, members, fields)),
  idHeaders: (requestId) => ({ 'x-amzn-requestid': requestId }),
};

const xmlBody: BodyCodec = {
  contentType: 'application/xml',
  read: (type, members, bytes) => readXml(type, parseXml(Buffer.from(bytes).toString()), members),
  write({ service }, type, { members, fields, name }) {
    const options = { ...(name ? { name } : {}), xmlns: service.facts.xmlns };
    return xmlDeclaration + writeXmlDocument({ ...type, members }, fields, options);
  },
  idHeaders: (requestId) => ({ 'x-amz-request-id': requestId, 'x-amz-id-2': requestId }),
};

export const restJsonProtocol: Protocol = {
  id: 'rest-json',
  malformedCode: 'SerializationException',
  badBindingCode: 'SerializationException',
  invalidCode: 'ValidationException',
  decode: (operation, request) => decode(operation, request, jsonBody),
  encode: (operation, output, requestId) =>
    encode(operation, output as Fields, {
      codec: jsonBody,
      headers: jsonBody.idHeaders(requestId),
    }),
  encodeFault(service, fault, requestId) {
    const failure = describeFailure(service, fault);
    const headers = {
      ...jsonBody.idHeaders(requestId),
      'x-amzn-errortype': fault.code,
      'content-type': 'application/json',
    };
    const body = JSON.stringify(failureDocument(jsonNotation, failure, fault.message));
    return { status: failure.status, headers, body };
  },
};

export const restXmlProtocol: Protocol = {
  id: 'rest-xml',
  malformedCode: 'MalformedXML',
  badBindingCode: 'InvalidArgument',
  invalidCode: 'MalformedXML',
  decode: (operation, request) => decode(operation, request, xmlBody),
  encode(operation, output, requestId) {
    const headers = xmlBody.idHeaders(requestId);
    // The one operation whose root element is its member, which no schema of the clients says.
    if (operation.name === 'GetBucketLocation') return bucketLocation(operation, output, headers);
    return encode(operation, output as Fields, { codec: xmlBody, headers });
  },
  encodeFault(service, fault, requestId) {
    const failure = describeFailure(service, fault);
    const headers = {
      ...xmlBody.idHeaders(requestId),
      'content-type': 'application/xml',
    };
    const body =
      `${xmlDeclaration}<Error><Code>${escapeXml(fault.code)}</Code>` +
      `<Message>${wordsInXml(fault.message)}</Message>${furtherMembers(failure)}` +
      `<RequestId>${requestId}</RequestId><HostId>${requestId}</HostId></Error>`;
    return { status: failure.status, headers, body };
  },
};

function bucketLocation(
  { service }: OperationModel,
  output: object,
  headers: Record<string, string>,
): WireResponse {
  const { LocationConstraint: location } = output as { readonly LocationConstraint?: string };
  const inner = location ? escapeXml(location) : '';
  const root = `<LocationConstraint xmlns="${service.facts.xmlns}">${inner}</LocationConstraint>`;
  headers['content-type'] = 'application/xml';
  return { status: 200, headers, body: xmlDeclaration + root };
}

function isBound(member: Member): boolean {
  const { label, header, prefixHeaders, query, queryParams, payload, status } = member;
  return [label, header, prefixHeaders, query, queryParams, payload, status].some(
    (binding) => binding !== undefined,
  );
}

function decode({ input }: OperationModel, request: WireRequest, codec: BodyCodec): object {
  if (!input) return {};
  const out: Record<string, unknown> = {};
  for (const member of input.members) {
    const value = member.payload
      ? readPayload(member, request, codec)
      : readBound(member, request, input);
    if (value !== undefined) out[member.name] = value;
  }
  const inBody = input.members.filter((member) => !isBound(member));
  const hasPayload = input.members.some((member) => member.payload);
  if (inBody.length > 0 && !hasPayload && request.body.length > 0) {
    Object.assign(out, codec.read(input, inBody, request.body));
  }
  return out;
}

function readBound(member: Member, request: WireRequest, input: StructureType): unknown {
  try {
    return readBinding(member, request, input);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Malformed(error.message, { inBody: false });
  }
}

function readBinding(member: Member, request: WireRequest, input: StructureType): unknown {
  const { name, type } = member;
  if (member.label) {
    const text = request.labels[name];
    return text === undefined ? undefined : readText(type, text, name);
  }
  if (member.header) return readHeader(type, request.headers[member.header.toLowerCase()], name);
  if (member.prefixHeaders !== undefined) {
    const prefix = member.prefixHeaders.toLowerCase();
    const hits = Object.entries(request.headers).filter(([header]) => header.startsWith(prefix));
    if (hits.length === 0) return undefined;
    return Object.fromEntries(hits.map(([header, text]) => [header.slice(prefix.length), text]));
  }
  if (member.query) {
    const texts = request.query.filter(([key]) => key === member.query).map(([, text]) => text);
    const [first] = texts;
    if (first === undefined) return undefined;
    if (type.kind !== 'list') return readText(type, first, name);
    return texts.map((text) => readText(type.item.type, text, name));
  }
  if (member.queryParams) {
    const taken = new Set(input.members.map((m) => m.query));
    const rest = request.query.filter(([key]) => !taken.has(key));
    return rest.length === 0 ? undefined : Object.fromEntries(rest);
  }
  return undefined;
}

function readHeader(type: Type, text: string | undefined, name: string): unknown {
  if (text === undefined) return undefined;
  if (type.kind !== 'list') return readText(type, text, name);
  const { type: item } = type.item;
  return splitHeader(text).map((part) => readText(item, part, name));
}

function readPayload({ name, type }: Member, request: WireRequest, codec: BodyCodec): unknown {
  if (type.kind === 'blob') {
    if (type.streaming) return request.stream ?? bytesOnce(request.body);
    return request.body.length > 0 ? request.body : undefined;
  }
  if (request.body.length === 0) return undefined;
  if (type.kind === 'string') return Buffer.from(request.body).toString();
  if (type.kind === 'structure' || type.kind === 'union') {
    return codec.read(type, type.members, request.body);
  }
  throw new Malformed(`The payload ${name} cannot be read.`);
}

async function* bytesOnce(bytes: Uint8Array) {
  if (bytes.length > 0) yield bytes;
}

interface Encoding {
  readonly codec: BodyCodec;
  readonly headers: Record<string, string>;
}

function encode(operation: OperationModel, output: Fields, encoding: Encoding): WireResponse {
  const { codec, headers } = encoding;
  const members = operation.output?.members ?? [];
  // A part of an object answers 206, which no model says.
  let status = output['ContentRange'] === undefined ? (operation.http?.[2] ?? 200) : 206;
  for (const member of members) {
    const value = output[member.name];
    if (value === undefined || value === null) continue;
    if (member.status) status = Number(value);
    else writeHeaders(headers, member, value);
  }
  const payload = members.find((member) => member.payload);
  if (payload) return { status, headers, body: writePayload(operation, payload, output, encoding) };
  const inBody = members.filter((member) => !isBound(member));
  const type = operation.output;
  if (!type || (inBody.length === 0 && codec === xmlBody)) {
    if (codec === jsonBody) headers['content-type'] = codec.contentType;
    return { status, headers, body: codec === jsonBody ? '{}' : '' };
  }
  headers['content-type'] = codec.contentType;
  const body = codec.write(operation, type, { members: inBody, fields: output });
  return { status, headers, body };
}

function writeHeaders(headers: Record<string, string>, member: Member, value: unknown): void {
  if (member.header) {
    headers[member.header.toLowerCase()] = writeText(member.type, value, 'http-date');
  } else if (member.prefixHeaders !== undefined) {
    for (const [key, text] of Object.entries(value as Fields)) {
      headers[(member.prefixHeaders + key).toLowerCase()] = String(text);
    }
  }
}

function writePayload(
  operation: OperationModel,
  member: Member,
  output: Fields,
  { codec, headers }: Encoding,
): WireResponse['body'] {
  const { type } = member;
  const value = output[member.name];
  if (eventMember(operation) === member) {
    headers['content-type'] = 'application/vnd.amazon.eventstream';
    return encodeEvents(operation, output, codec === xmlBody ? 'xml' : 'json');
  }
  if (type.kind === 'blob' || type.kind === 'string') {
    headers['content-type'] ??= type.kind === 'string' ? 'text/plain' : 'application/octet-stream';
    return (value as WireResponse['body'] | undefined) ?? '';
  }
  if (value === undefined || value === null) return '';
  assert(type.kind === 'structure' || type.kind === 'union', `payload of ${operation.name}`);
  headers['content-type'] = codec.contentType;
  const name = member.xmlName ?? type.xmlName;
  return codec.write(operation, type, { members: type.members, fields: value as object, name });
}
