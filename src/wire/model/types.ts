/** The shapes of a service as the wire layer sees them. Generated data; see `tools/models`. */

export type TimestampFormat = 'date-time' | 'http-date' | 'epoch-seconds';

interface Sized {
  /** Fewest characters, bytes, items or entries; for numbers the smallest value. */
  readonly min?: number;
  readonly max?: number;
}

export interface StringType extends Sized {
  readonly kind: 'string';
  readonly enum?: readonly string[];
  /** As Amazon words it, for messages. */
  readonly pattern?: string;
  /** The same for JavaScript with the flag `u`, where it differs. Matches whole texts. */
  readonly source?: string;
  readonly sensitive?: true;
}

export interface NumberType extends Sized {
  /** `number`: the model does not say whether it is whole. */
  readonly kind: 'integer' | 'long' | 'double' | 'number';
}

export interface BlobType extends Sized {
  readonly kind: 'blob';
  readonly streaming?: true;
  readonly sensitive?: true;
}

export interface TimestampType {
  readonly kind: 'timestamp';
  /** Overrides the protocol's own format. */
  readonly format?: TimestampFormat;
}

export interface PlainType {
  readonly kind: 'boolean' | 'document';
}

export interface XmlNaming {
  readonly xmlName?: string;
  /** Prefix (or null) and URI. */
  readonly xmlNamespace?: readonly [string | null, string] | string;
}

/** An item of a list, a key or a value of a map. */
export interface Slot extends XmlNaming {
  readonly type: Type;
}

export interface ListType extends Sized {
  readonly kind: 'list';
  readonly item: Slot;
  readonly xmlFlattened?: true;
  readonly sensitive?: true;
}

export interface MapType extends Sized {
  readonly kind: 'map';
  readonly key: Slot;
  readonly value: Slot;
  readonly xmlFlattened?: true;
}

export interface Member extends XmlNaming {
  readonly name: string;
  readonly type: Type;
  readonly required?: true;
  // Where HTTP carries it; a member with none of these is in the body.
  readonly label?: true;
  readonly header?: string;
  readonly prefixHeaders?: string;
  readonly query?: string;
  readonly queryParams?: true;
  readonly payload?: true;
  readonly status?: true;
  readonly xmlAttribute?: true;
  readonly xmlFlattened?: true;
  readonly eventPayload?: true;
  readonly eventHeader?: true;
  readonly ec2Name?: string;
}

export interface ErrorTraits {
  readonly fault: 'client' | 'server';
  readonly status?: number;
  /** The code of the query protocol, and its status, where the service has or had that protocol. */
  readonly query?: { readonly code: string; readonly status: number };
}

export interface StructureType extends XmlNaming {
  /** Of a union exactly one member is set. */
  readonly kind: 'structure' | 'union';
  readonly name: string;
  readonly members: readonly Member[];
  readonly error?: ErrorTraits;
  /** A union of the events of an event stream. */
  readonly streaming?: true;
}

export type Type =
  | StringType
  | NumberType
  | BlobType
  | TimestampType
  | PlainType
  | ListType
  | MapType
  | StructureType;

export interface OperationModel {
  readonly name: string;
  readonly service: ServiceModel;
  /** Absent when the operation takes nothing. */
  readonly input: StructureType | undefined;
  readonly output: StructureType | undefined;
  /** Method, URI template and status of success; REST protocols only. */
  readonly http: readonly [string, string, number] | undefined;
  /** Names of error shapes. */
  readonly errors: readonly string[];
}

export interface ServiceModel {
  readonly facts: ServiceFacts;
  readonly operations: ReadonlyMap<string, OperationModel>;
  readonly errors: ReadonlyMap<string, StructureType>;
}

/** What must be known of a service before its model is read. */
export interface ServiceFacts {
  readonly id: string;
  /** Names in a credential scope that mean this service. */
  readonly signingNames: readonly string[];
  /**
   * The part of `X-Amz-Target` before the operation, and the service in paths of rpc-v2-cbor; empty
   * for services without.
   */
  readonly target: string;
  readonly version: string;
  readonly xmlns: string;
  readonly rest?: 'rest-json' | 'rest-xml';
  /** Reached by `Action` and `Version`. */
  readonly query?: 'query' | 'ec2';
  /** Once spoke the query protocol: errors carry the old code in a header. */
  readonly queryCompatible?: true;
  /** Namespace of error types in rpc-v2-cbor. */
  readonly namespace: string;
}
