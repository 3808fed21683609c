/** What a protocol does: bytes to typed input, typed output or fault to bytes. No I/O. */
import type { ByteStream } from '../../kernel/bytes.ts';
import type { OperationModel, ServiceModel } from '../model/types.ts';
import type { Fault } from '../operation.ts';
import type { FormNode } from './form.ts';

export type ProtocolId =
  | 'json-1.0'
  | 'json-1.1'
  | 'query'
  | 'ec2'
  | 'rest-json'
  | 'rest-xml'
  | 'rpc-v2-cbor';

/** A request whose operation is known. */
export interface WireRequest {
  /** Decoded, in order of appearance. */
  readonly query: readonly (readonly [string, string])[];
  /** Lower-case names; repeated headers are joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty when the body is streamed to the operation. */
  readonly body: Uint8Array;
  readonly stream?: ByteStream;
  /** Decoded labels of the URI, by member name. */
  readonly labels: Readonly<Record<string, string>>;
  /** Parameters of the query protocols. */
  readonly form?: FormNode;
}

export interface WireResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | string | ByteStream;
}

export interface Protocol {
  readonly id: ProtocolId;
  /** The code for a body that cannot be read. */
  readonly malformedCode: string;
  /** The code for a header, label or query parameter that cannot be read. */
  readonly badBindingCode: string;
  /** The code for values that break a constraint of the model. */
  readonly invalidCode: string;
  /** Throws `Malformed`. The answer has the model's types; constraints are not checked. */
  decode(operation: OperationModel, request: WireRequest): object;
  encode(operation: OperationModel, output: object, requestId: string): WireResponse;
  /** `service` is absent when the request did not get as far as one. */
  encodeFault(service: ServiceModel | undefined, fault: Fault, requestId: string): WireResponse;
}
