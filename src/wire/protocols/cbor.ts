/** Smithy's rpc-v2-cbor: the operation in the path, CBOR both ways. */
import { decodeCbor, encodeCbor } from './cbor-codec.ts';
import { type Notation, readDocument, writeMembers } from './document.ts';
import { encodeEvents, eventMember } from './events.ts';
import { describeFailure, queryErrorHeader } from './failure.ts';
import { failureDocument } from './json.ts';
import type { Protocol } from './protocol.ts';
import { fromEpochSeconds } from './timestamps.ts';

const cborNotation: Notation = {
  readBlob: (raw) => (raw instanceof Uint8Array ? raw : undefined),
  readTimestamp: (raw) => {
    if (raw instanceof Date) return raw;
    return typeof raw === 'number' ? fromEpochSeconds(raw) : undefined;
  },
  writeBlob: (bytes) => bytes,
  writeTimestamp: (date) => date,
  writeOddNumber: (value) => value,
};

const validationNamespace = 'com.amazon.coral.validate';

export const cborProtocol: Protocol = {
  id: 'rpc-v2-cbor',
  malformedCode: 'SerializationException',
  badBindingCode: 'SerializationException',
  invalidCode: 'ValidationException',
  decode({ input }, { body }) {
    if (!input) return {};
    return readDocument(cborNotation, input, body.length === 0 ? {} : decodeCbor(body));
  },
  encode(operation, output, requestId) {
    const headers = idHeaders(requestId);
    if (eventMember(operation)) {
      headers['content-type'] = 'application/vnd.amazon.eventstream';
      return { status: 200, headers, body: encodeEvents(operation, output, 'json-rpc') };
    }
    const members = operation.output?.members ?? [];
    const body = encodeCbor(writeMembers(cborNotation, members, output));
    return { status: 200, headers, body };
  },
  encodeFault(service, fault, requestId) {
    const failure = describeFailure(service, fault);
    const namespace =
      fault.code === 'ValidationException' && !failure.shape
        ? validationNamespace
        : (service?.facts.namespace ?? 'com.amazon.coral.service');
    const headers = { ...idHeaders(requestId), ...queryErrorHeader(service, failure) };
    const body = encodeCbor({
      __type: `${namespace}#${fault.code}`,
      ...failureDocument(cborNotation, failure, fault.message),
    });
    return { status: failure.status, headers, body };
  },
};

function idHeaders(requestId: string): Record<string, string> {
  return {
    'smithy-protocol': 'rpc-v2-cbor',
    'content-type': 'application/cbor',
    'x-amzn-requestid': requestId,
  };
}
