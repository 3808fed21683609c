/**
 * Where requests meet the rules of access: each check of a call is decided, and a refusal is worded
 * as the service would. What a call needs is declared by the services; who may is decided by the
 * engine.
 */
import type { Access, AccessRefusal, Asking } from '../engines/access/access.ts';
import { sessionLimits } from '../engines/identity/session-limits.ts';
import type { InvokeRequest } from '../gateway/admission.ts';
import type { Caller } from '../kernel/caller.ts';
import type { Check, RequestFacts } from '../kernel/check.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Asked, Authorize } from '../wire/chain.ts';
import { factsById } from '../wire/model/facts.ts';
import { type Call, Fault } from '../wire/operation.ts';

export interface AuthorizeParts {
  readonly access: Access;
  /** The clock by which clients sign. */
  readonly clock: Clock;
  /** Makes the details of a refusal fit for the client to carry: opaque, of header characters. */
  readonly seal?: (details: string) => string;
  readonly noteUse?: NoteUse;
}

/** Told of each call, allowed or not; `service` is the signing name. */
export type NoteUse = (
  caller: Caller,
  at: { readonly service: string; readonly region: string },
) => void;

/** What DecodeAuthorizationMessage takes. */
export const messageHeader = 'x-modelkeep-authorization-message';

const nothingRefused: ReadonlyMap<string, string> = new Map();

/** For the chain of operations: the first refusal that is not about one item of many ends it. */
export function makeAuthorize({ access, clock, seal, noteUse }: AuthorizeParts): Authorize {
  async function refusedOf({ call, service, checks }: Asked) {
    const asking: Asking = { caller: call.caller, facts: factsOf(call, clock.nowMs()) };
    let refused: Map<string, string> | undefined;
    for (const check of checks) {
      const refusal = await access.refusalOf(check, asking);
      if (!refusal) continue;
      const { item } = check;
      if (item === undefined) throw refusalFault({ call, service, check, refusal, seal });
      refused ??= new Map();
      refused.set(item, refusal.message);
    }
    return refused ?? nothingRefused;
  }

  return (asked) => {
    const { call, service, operation, checks } = asked;
    const { caller } = call;
    noteUse?.(caller, { service: signingName(service), region: call.scope.region });
    const limit = sessionLimits(caller, service, operation);
    if (limit !== undefined) throw faultOf(service, limit);
    const mayAll = checks.every((check) => access.mayAlready?.(check, caller) === true);
    return mayAll ? nothingRefused : refusedOf(asked);
  };
}

/** For the gateway. Throws the `Fault` of a refusal. */
export type InvokeAuthorize = (request: InvokeRequest) => Promise<void>;

export function makeInvokeAuthorize({
  access,
  seal,
  noteUse,
}: Omit<AuthorizeParts, 'clock'>): InvokeAuthorize {
  return async ({ caller, check, facts }) => {
    noteUse?.(caller, { service: 'sagemaker', region: facts.region });
    if (access.mayAlready?.(check, caller)) return;
    const refusal = await access.refusalOf(check, { caller, facts });
    if (!refusal) return;
    const headers = headersOf(refusal, seal);
    throw new Fault('AccessDeniedException', refusal.message, { status: 403, headers });
  };
}

function signingName(service: string): string {
  return factsById.get(service)?.signingNames[0] ?? service;
}

interface Refusing {
  readonly call: Asked['call'];
  readonly service: string;
  readonly check: Check;
  readonly refusal: AccessRefusal;
  readonly seal: AuthorizeParts['seal'];
}

function refusalFault({ call, service, check, refusal, seal }: Refusing): Fault {
  const headers = headersOf(refusal, seal);
  return faultOf(service, wordsFor(call, service, { check, refusal }), headers);
}

function wordsFor(
  { caller }: Call,
  service: string,
  { check, refusal }: Pick<Refusing, 'check' | 'refusal'>,
): string {
  if (caller.arn !== '' || caller.service !== undefined) return refusal.message;
  // Who has not said who they are is told nothing.
  if (service === 's3') return 'Access Denied';
  return service === 'sts' ? `Not authorized to perform ${check.action}` : refusal.message;
}

function headersOf(
  { details }: AccessRefusal,
  seal: AuthorizeParts['seal'],
): Readonly<Record<string, string>> {
  return seal ? { [messageHeader]: seal(details) } : {};
}

interface Code {
  readonly code: string;
  /** Left out where the service's model says it. */
  readonly status?: number;
}

const accessDenied: Code = { code: 'AccessDenied', status: 403 };
const ofJsonServices: Code = { code: 'AccessDeniedException', status: 400 };
/** By service; of those that are not here, `ofJsonServices`. */
const codes: Readonly<Record<string, Code>> = {
  s3: accessDenied,
  iam: accessDenied,
  sts: accessDenied,
  sqs: accessDenied,
  cloudwatch: accessDenied,
  sns: { code: 'AuthorizationErrorException' },
};

function faultOf(
  service: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Fault {
  const { code, ...status } = codes[service] ?? ofJsonServices;
  return new Fault(code, message, { ...status, headers });
}

function factsOf({ scope, headers, sourceAddress, endpointUrl }: Call, nowMs: number) {
  const { 'user-agent': userAgent, referer } = headers;
  const facts: RequestFacts = {
    nowMs,
    region: scope.region,
    ...(sourceAddress === undefined ? {} : { sourceAddress }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(referer === undefined ? {} : { referer }),
    secure: endpointUrl.startsWith('https:'),
  };
  return facts;
}
