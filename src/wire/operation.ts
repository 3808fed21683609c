/** What the wire layer hands an operation, and what an operation may throw. */
import type { Scope } from '../kernel/arn.ts';

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
  /** Needed only for codes the service's model does not have. */
  readonly status?: number;
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Who signed the request. */
export interface Caller {
  readonly accessKeyId: string;
  /** The principal's ARN. */
  readonly arn: string;
  /** The principal's unique id (`AIDA…`, or the account for the root user). */
  readonly userId: string;
  readonly account: string;
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
}

export type Operation<In, Out, Ctx extends Call> = (input: In, ctx: Ctx) => Promise<Out>;

/**
 * The operations a service has built, by name; the wire answers NotImplemented for the rest.
 * `never` admits operations of any input: the wire layer has checked the input against the model.
 */
export type OperationTable<Ctx extends Call> = Readonly<
  Record<string, (input: never, ctx: Ctx) => Promise<object | void>>
>;

/** A service as the composition root mounts it: its model's id, its table, what it is given. */
export interface Mounted {
  /** `s3`, `sagemaker`, `cloudwatch`, … as in `wire/model/`. */
  readonly service: string;
  /** Whether the operation is built; without it, `call` alone says. */
  has?(operation: string): boolean;
  call(operation: string, input: object, call: Call): Promise<object> | undefined;
}

/** Joins an operation table with the parts its context needs beyond the call itself. */
export function mount<Parts extends object>(
  service: string,
  table: OperationTable<Call & Parts>,
  parts: Parts,
): Mounted {
  return {
    service,
    has: (operation) => Object.hasOwn(table, operation),
    call(operation, input, call) {
      const run = Object.hasOwn(table, operation) ? table[operation] : undefined;
      if (!run) return undefined;
      return run(input as never, { ...parts, ...call }).then((output) => output ?? {});
    },
  };
}
