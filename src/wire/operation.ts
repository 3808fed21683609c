/** What the wire layer hands an operation, and what an operation may throw. */
import type { Scope } from '../kernel/arn.ts';
import type { Caller } from '../kernel/caller.ts';
import type { Check } from '../kernel/check.ts';
import { isPromise, type Soon } from '../kernel/soon.ts';
import { contextsOf, type Gone, type Opening, type WireCall } from './call.ts';

export type { Caller };

/**
 * A refusal the client sees. `code` is the name of an error shape of the service, or a bare code
 * for errors no model has. Anything else that escapes is a bug and answers InternalFailure.
 */
export class Fault extends Error {
  readonly code: string;
  readonly status: number | undefined;
  /** Further members of the error shape (S3's Key, ModelError's OriginalStatusCode, …). */
  readonly members: Readonly<Record<string, unknown>>;
  /** Response headers beside the error (S3's ETag on 304, Allow on 405), lower-case names. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: string, message: string, options: FaultOptions = {}) {
    super(message);
    this.name = 'Fault';
    this.code = code;
    this.status = options.status;
    this.members = options.members ?? {};
    this.headers = options.headers ?? {};
  }
}

export interface FaultOptions {
  /** Needed only for codes that the service's model does not have, or has another status for. */
  readonly status?: number;
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TlsFacts {
  /** `TLSv1.3` */
  readonly version: string;
  /** As the registry of cipher suites names it. */
  readonly cipher: string;
}

/** One authenticated, decoded, shape-checked call. */
export interface Call {
  readonly scope: Scope;
  readonly caller: Caller;
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** `http://host:port` as the client reached us, for URLs that answers carry. */
  readonly endpointUrl: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The operation's path and query as received, for the few operations that need them. */
  readonly url: string;
  /** Checksums of the body as verified while it was read, complete once the stream has ended:
   *  header name (`x-amz-checksum-crc32`, `content-md5`) to base64. */
  readonly checksums: Readonly<Record<string, string>>;
  /** The client's address as the socket says. */
  readonly sourceAddress?: string;
  /** What protects the connection; absent on one in clear. */
  readonly tls?: TlsFacts;
  /** Items the caller may not touch (`Check.item`), each with the refusal's words. */
  readonly refused?: ReadonlyMap<string, string>;
}

export type Operation<In, Out, Ctx extends Call> = (input: In, ctx: Ctx) => Promise<Out>;

/**
 * The operations a service has built, by name; the wire answers NotImplemented for the rest.
 * `never` admits operations of any input: the wire layer has checked the input against the model.
 */
export type OperationTable<Ctx extends Call> = Readonly<
  Record<string, (input: never, ctx: Ctx) => Promise<object | void>>
>;

/**
 * What an operation needs permission for, told from its input before it runs. `open` is for the
 * few that policies cannot refuse, each with its reason beside it.
 */
export type Permission<In, Ctx> = ((input: In, ctx: Ctx) => Needs | Promise<Needs>) | 'open';

export type Needs = Check | readonly Check[];

/** A permission for each operation of a table: a table that lacks one does not compile. */
export type Permissions<Table, Ctx> = string extends keyof Table
  ? never
  : {
      readonly [Name in keyof Table]: Permission<
        Table[Name] extends (input: infer In, ctx: never) => unknown ? In : never,
        Ctx
      >;
    };

/** A service as the composition root mounts it: its model's id, its table, what it is given. */
export interface Mounted {
  /** `s3`, `sagemaker`, `cloudwatch`, … as in `wire/model/`. */
  readonly service: string;
  /** The operations that are built. */
  readonly operations: readonly string[];
  /** The call as its operations will have it, which saves making it twice. */
  open?(opening: Opening, gone: Gone): WireCall;
  /** What the call needs; `open` needs nothing. An operation without a declaration is a bug. */
  needs(operation: string, input: object, call: Call): Soon<readonly Check[] | 'open'>;
  call(operation: string, input: object, call: Call): Promise<object> | undefined;
}

/** An operation table with its permissions, as a service exports it. */
export interface Guarded<Table, Ctx> {
  readonly operations: Table;
  readonly permissions: Permissions<Table, Ctx>;
}

/** Joins a guarded table with the parts its context needs beyond the call itself. */
export function mount<Parts extends object, Table extends OperationTable<Call & Parts>>(
  service: string,
  { operations, permissions }: Guarded<Table, Call & Parts>,
  parts: Parts,
): Mounted {
  const declared: Readonly<Record<string, Permission<never, Call & Parts>>> = permissions;
  const table: OperationTable<Call & Parts> = operations;
  const Context = contextsOf(parts);
  /** Of calls that were opened elsewhere. A call first needs leave and then runs. */
  const contexts = new WeakMap<Call, Call & Parts>();
  const contextOf = (call: Call): Call & Parts => {
    if (call instanceof Context) return call;
    const known = contexts.get(call);
    if (known) return known;
    const made = Object.assign({}, parts, call);
    contexts.set(call, made);
    return made;
  };
  return {
    service,
    operations: Object.keys(table),
    open: (opening, gone) => new Context(opening, gone),
    needs(operation, input, call) {
      const permission = Object.hasOwn(declared, operation) ? declared[operation] : undefined;
      if (!permission) throw new Error(`${service}.${operation} declares no permission`);
      if (permission === 'open') return 'open';
      const needs = permission(input as never, contextOf(call));
      return isPromise(needs) ? needs.then(listed) : listed(needs);
    },
    call(operation, input, call) {
      const run = Object.hasOwn(table, operation) ? table[operation] : undefined;
      if (!run) return undefined;
      return run(input as never, contextOf(call)).then((output) => output ?? {});
    },
  };
}

function listed(needs: Needs): readonly Check[] {
  return Array.isArray(needs) ? needs : [needs as Check];
}
