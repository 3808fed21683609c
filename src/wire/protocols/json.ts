/** AWS JSON 1.0 and 1.1: one POST path, the operation in `X-Amz-Target`. */

import { type Notation, readDocument, writeDocument, writeMembers } from './document.ts';
import { encodeEvents, eventMember } from './events.ts';
import { describeFailure, queryErrorHeader } from './failure.ts';
import { Malformed, strictUtf8 } from './malformed.ts';
import type { Protocol } from './protocol.ts';
import { formatTimestamp, fromEpochSeconds, parseTimestamp } from './timestamps.ts';

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Blobs are base64, timestamps seconds since the epoch unless the model says otherwise. */
export const jsonNotation: Notation = {
  readBlob: (raw) => {
    if (typeof raw !== 'string' || !base64.test(raw)) return undefined;
    return Buffer.from(raw, 'base64');
  },
  readTimestamp: (raw) => {
    if (typeof raw === 'number') return fromEpochSeconds(raw);
    return typeof raw === 'string' ? parseTimestamp(raw) : undefined;
  },
  writeBlob: (bytes) => Buffer.from(bytes).toString('base64'),
  writeTimestamp: (date, { format }) =>
    !format || format === 'epoch-seconds' ? date.getTime() / 1000 : formatTimestamp(date, format),
  writeOddNumber: String,
};

/** Throws `Malformed` for what is not JSON in UTF-8. No bytes are an empty structure. */
export function parseJson(body: Uint8Array): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(strictUtf8(body));
  } catch {
    // The parser's own words quote the input.
    throw new Malformed('The request body is not valid JSON.');
  }
}

export function jsonProtocol(version: '1.0' | '1.1'): Protocol {
  const contentType = `application/x-amz-json-${version}`;
  return {
    id: `json-${version}`,
    malformedCode: 'SerializationException',
    badBindingCode: 'SerializationException',
    invalidCode: 'ValidationException',
    decode({ input }, { body }) {
      const document = parseJson(body);
      return input ? readDocument(jsonNotation, input, document) : {};
    },
    encode(operation, output, requestId) {
      const headers = { 'x-amzn-requestid': requestId, 'content-type': contentType };
      if (!operation.output) return { status: 200, headers, body: '' };
      if (eventMember(operation)) {
        headers['content-type'] = 'application/vnd.amazon.eventstream';
        return { status: 200, headers, body: encodeEvents(operation, output, 'json-rpc') };
      }
      const document = writeMembers(jsonNotation, operation.output.members, output);
      return { status: 200, headers, body: JSON.stringify(document) };
    },
    encodeFault(service, fault, requestId) {
      const failure = describeFailure(service, fault);
      const headers = {
        'x-amzn-requestid': requestId,
        'x-amzn-errortype': fault.code,
        'content-type': contentType,
        ...queryErrorHeader(service, failure),
      };
      const body = { __type: fault.code, ...failureDocument(jsonNotation, failure, fault.message) };
      return { status: failure.status, headers, body: JSON.stringify(body) };
    },
  };
}

/** Members of an error as a document; unmodelled errors carry `message`. */
export function failureDocument(
  notation: Notation,
  failure: ReturnType<typeof describeFailure>,
  message: string,
): Record<string, unknown> {
  if (!failure.shape) return { message, ...failure.loose };
  const modelled = writeDocument(notation, failure.shape, failure.modelled) as object;
  const named = Object.keys(modelled).some((name) => name.toLowerCase() === 'message');
  return { ...(named ? {} : { message }), ...modelled, ...failure.loose };
}
