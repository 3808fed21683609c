/**
 * The way of every request, one step a line: limits, route, authenticate, decode, validate,
 * authorize, operate, encode. Sockets and the last word on failures are the listener's.
 */
import type { Scope } from '../kernel/arn.ts';
import { defined } from '../kernel/assert.ts';
import type { Hold } from '../kernel/byte-budget.ts';
import type { ByteStream } from '../kernel/bytes.ts';
import type { Check } from '../kernel/check.ts';
import type { Clock } from '../kernel/clock.ts';
import { faults } from './faults.ts';
import type { OperationModel } from './model/types.ts';
import type { Call, Caller, Fault, Mounted, TlsFacts } from './operation.ts';
import { protocols } from './protocols/index.ts';
import { Malformed } from './protocols/malformed.ts';
import type { Protocol, WireRequest, WireResponse } from './protocols/protocol.ts';
import { gatherBody, type RequestHead, unpackedBody } from './request.ts';
import { guessProtocol, route, type Target } from './route.ts';
import {
  type FindSecret,
  sha256Hex,
  type Verified,
  verifiedBody,
  verifySignature,
} from './signature/index.ts';
import { faultOf } from './unforeseen.ts';
import { refusalOf } from './validate/index.ts';

/** A call that is about to run, and what it needs. */
export interface Asked {
  readonly call: Call;
  /** `s3`, `sagemaker`, … */
  readonly service: string;
  readonly operation: string;
  readonly checks: readonly Check[];
}

/** Throws a `Fault` to refuse; answers the refused items (`Check.item`) with the reason of each. */
export type Authorize = (asked: Asked) => Promise<ReadonlyMap<string, string>>;

/** What became of a call that reached an operation; for the trail of who did what. */
export interface Finished {
  readonly service: string;
  readonly operation: string;
  readonly call: Call;
  /** Empty when it could not be read. */
  readonly input: object;
  /** What it needed permission for; empty when it was refused before that was known. */
  readonly checks: readonly Check[];
  /** One of the two. */
  readonly output?: object;
  readonly fault?: Fault;
}

/** Who keeps the trail. A rejection of either fails the call, as one that cannot be told of. */
export interface Audit {
  /** Asked of an authorized call before it runs: false when its record could not be kept. */
  canRecord(asked: Asked): Promise<boolean>;
  /** Awaited before the answer is sent. */
  record(finished: Finished): Promise<void>;
}

export interface ChainParts {
  readonly services: readonly Mounted[];
  readonly findSecret: FindSecret;
  readonly clock: Clock;
  /** `account` and `region` are those of anonymous calls; the rest take their signer's. */
  readonly scope: Scope;
  /** Host names under which `bucket.name` means a bucket. */
  readonly objectDomains: readonly string[];
  /** Services, and `service.Operation` names, that may be called without a signature. */
  readonly anonymous?: ReadonlySet<string>;
  readonly authorize: Authorize;
  /** For tests that send random values: what is required is checked, patterns and sizes are not. */
  readonly requiredOnly?: boolean;
  readonly audit?: Audit;
}

/** A request as the listener received it. */
export interface Arrival {
  readonly head: RequestHead;
  readonly body: ByteStream;
  /** The whole body, within the bound of those that are held; `body` is then not read. */
  readonly wholeBody?: () => Promise<Buffer>;
  readonly requestId: string;
  readonly endpointUrl: string;
  readonly signal: AbortSignal;
  readonly sourceAddress?: string;
  readonly tls?: TlsFacts;
  /** What is kept of the body counts here; whoever made it releases it. */
  readonly hold?: Hold;
  /** Told as soon as it is known, so that failures are worded right. */
  readonly onTarget: (target: Target) => void;
}

export type Chain = (arrival: Arrival) => Promise<WireResponse>;

export function makeChain(parts: ChainParts): Chain {
  const services = new Map(parts.services.map((mounted) => [mounted.service, mounted]));
  return async (arrival) => {
    const body = await limit(arrival);
    const target = find(arrival, body.plain, parts);
    const signer = await authenticate(arrival, { target, raw: body.raw, parts });
    assertBuilt(services, target);
    const { call, request } = await open(arrival, { target, plain: body.plain, signer, parts });
    const output = await audited({ target, call, audit: parts.audit }, async (seen) => {
      const input = decode(target, request);
      seen.input = input;
      validate(target, input, parts);
      const asked = await asking(services, { target, input, call });
      seen.checks = asked.checks;
      const refused = await parts.authorize(asked);
      if (parts.audit && !(await parts.audit.canRecord(asked))) throw faults.unaudited();
      const running = refused.size === 0 ? call : { ...call, refused };
      return operate(services, { target, input, call: running });
    });
    return protocols[target.protocol].encode(target.operation, output, arrival.requestId);
  };
}

interface HeldBody {
  /** As it was signed; absent when it is streamed. */
  readonly raw: Buffer | undefined;
  readonly plain: Buffer;
}

const noBody = Buffer.alloc(0);

/** Bodies are held in memory within a bound; those of objects are streamed instead. */
async function limit({ head, body, wholeBody, hold }: Arrival): Promise<HeldBody> {
  if (guessProtocol(head) === 'rest-xml') return { raw: undefined, plain: noBody };
  const raw = await (wholeBody ? wholeBody() : gatherBody(body, hold));
  const packed = head.headers['content-encoding'] !== undefined;
  if (!packed) return { raw, plain: raw };
  const plain = await unpackedBody(head.headers, raw);
  if (hold?.add(plain.length) === false) throw faults.tooBusy();
  return { raw, plain };
}

type Found = Target & { readonly operation: OperationModel };

function find(arrival: Arrival, body: Buffer, { objectDomains }: ChainParts): Found {
  const { head } = arrival;
  const target = refusing(guessed(head), () => route(head, { body, objectDomains }));
  arrival.onTarget(target);
  const { operation, protocol, asked } = target;
  if (operation) return { ...target, operation };
  if (protocol === 'rest-xml') throw faults.methodNotAllowed(head.method);
  if (protocol !== 'query' && protocol !== 'ec2')
    throw faults.unknownOperation(asked.slice(0, 128));
  throw faults.invalidAction(asked.slice(0, 128), target.service.facts.version);
}

function guessed(head: RequestHead): Protocol {
  return protocols[guessProtocol(head)];
}

interface Signer {
  readonly caller: Caller;
  readonly region: string;
  readonly verified: Verified | undefined;
}

async function authenticate(
  { head }: Arrival,
  { target, raw, parts }: { target: Found; raw: Buffer | undefined; parts: ChainParts },
): Promise<Signer> {
  const { method, url, headers } = head;
  const { facts } = target.service;
  const verified = await verifySignature(
    {
      method,
      url,
      headers,
      ...(raw ? { bodySha256: () => sha256Hex(raw) } : {}),
      ...(target.hostBucket === undefined ? {} : { hostBucket: target.hostBucket }),
    },
    {
      findSecret: parts.findSecret,
      nowMs: parts.clock.nowMs(),
      services: facts.signingNames,
    },
  );
  const { account, region } = parts.scope;
  if (verified) return { caller: verified.caller, region: verified.region ?? region, verified };
  const names = [facts.id, `${facts.id}.${target.operation.name}`];
  if (!names.some((name) => parts.anonymous?.has(name))) {
    throw target.protocol === 'rest-xml' ? faults.accessDenied() : faults.missingToken();
  }
  const caller = { accessKeyId: '', arn: '', userId: 'anonymous', account };
  return { caller, region, verified: undefined };
}

/** The call as the operation will see it, and its body as the protocol will read it. */
async function open(
  { head, body, requestId, endpointUrl, signal, sourceAddress, tls, hold }: Arrival,
  opened: { target: Found; plain: Buffer; signer: Signer; parts: ChainParts },
): Promise<{ readonly call: Call; readonly request: WireRequest }> {
  const { target, plain, signer, parts } = opened;
  const { headers, url, query } = head;
  const { caller, region, verified } = signer;
  const { partition } = parts.scope;
  const checksums: Record<string, string> = {};
  const scope = { partition, region, account: caller.account };
  const call = {
    ...{ scope, caller, requestId, signal, endpointUrl, headers, url, checksums },
    ...(sourceAddress === undefined ? {} : { sourceAddress }),
    ...(tls === undefined ? {} : { tls }),
  };
  const { labels, form } = target;
  const request = { query, headers, labels, body: plain, ...(form ? { form } : {}) };
  if (target.protocol !== 'rest-xml') return { call, request };
  const stream = verifiedBody(body, bodyHeaders(target.operation, headers), verified, checksums);
  if (streams(target.operation)) return { call, request: { ...request, stream } };
  return { call, request: { ...request, body: await gatherBody(stream, hold) } };
}

function streams({ input }: OperationModel): boolean {
  return (
    input?.members.some((m) => m.payload && m.type.kind === 'blob' && m.type.streaming) ?? false
  );
}

/** Of CompleteMultipartUpload the checksum headers are about the object, not about this body. */
function bodyHeaders(
  { name }: OperationModel,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (name !== 'CompleteMultipartUpload') return headers;
  const kept = Object.entries(headers).filter(([key]) => !key.startsWith('x-amz-checksum-'));
  return Object.fromEntries(kept);
}

function decode({ protocol: id, operation }: Found, request: WireRequest): object {
  const protocol = protocols[id];
  return refusing(protocol, () => protocol.decode(operation, request));
}

/** Gives what cannot be read the code of the protocol. */
function refusing<T>(protocol: Protocol, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const code = error.inBody ? protocol.malformedCode : protocol.badBindingCode;
    if (code === 'MalformedXML') throw faults.malformedXml(error.message);
    throw faults.malformed(code, error.message);
  }
}

function validate({ protocol, operation }: Found, input: object, parts: ChainParts): void {
  const { requiredOnly } = parts;
  const refusal = refusalOf(operation, input, { protocol: protocols[protocol], requiredOnly });
  if (refusal) throw refusal;
}

interface Running {
  readonly target: Found;
  readonly input: object;
  readonly call: Call;
}

/** Before the input is looked at: what is not built says so, whatever it was sent. */
function assertBuilt(services: ReadonlyMap<string, Mounted>, target: Found): void {
  const { service, operation } = target;
  const mounted = services.get(service.facts.id);
  if (mounted?.operations.includes(operation.name)) return;
  throw faults.notImplemented(service.facts.id, operation.name);
}

/** An operation that is built and says nothing of what it needs is a bug: `needs` throws. */
async function asking(
  services: ReadonlyMap<string, Mounted>,
  { target, input, call }: Running,
): Promise<Asked> {
  const service = target.service.facts.id;
  const operation = target.operation.name;
  const needs = await defined(services.get(service), service).needs(operation, input, call);
  // Open operations are asked about too: temporary credentials may not call all of them.
  return { call, service, operation, checks: needs === 'open' ? [] : needs };
}

async function operate(
  services: ReadonlyMap<string, Mounted>,
  { target, input, call }: Running,
): Promise<object> {
  const service = target.service.facts.id;
  const running = services.get(service)?.call(target.operation.name, input, call);
  if (!running) throw faults.notImplemented(service, target.operation.name);
  return running;
}

interface Audited {
  readonly target: Found;
  readonly call: Call;
  readonly audit: Audit | undefined;
}

/** What a call turned out to be, as far as it got. */
interface Seen {
  input: object;
  checks: readonly Check[];
}

/** Refusals and failures are told to the trail too: denied calls are what it is read for. */
async function audited(
  { target, call, audit }: Audited,
  run: (seen: Seen) => Promise<object>,
): Promise<object> {
  const seen: Seen = { input: {}, checks: [] };
  const record = async (outcome: Pick<Finished, 'output' | 'fault'>) => {
    if (!audit) return;
    const about = { service: target.service.facts.id, operation: target.operation.name, call };
    await audit.record({ ...about, ...seen, ...outcome });
  };
  let output: object;
  try {
    output = await run(seen);
  } catch (error) {
    await record({ fault: faultOf(error) });
    throw error;
  }
  await record({ output });
  return output;
}
