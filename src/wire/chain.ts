/**
 * The way of every request, one step a line: limits, route, authenticate, decode, validate,
 * authorize, operate, encode. Sockets and the last word on failures are the listener's.
 */
import type { Scope } from '../kernel/arn.ts';
import type { Hold } from '../kernel/byte-budget.ts';
import type { ByteStream } from '../kernel/bytes.ts';
import type { Check } from '../kernel/check.ts';
import type { Clock } from '../kernel/clock.ts';
import { isPromise, type Soon } from '../kernel/soon.ts';
import { type Opening, WireCall } from './call.ts';
import { faults } from './faults.ts';
import type { OperationModel } from './model/types.ts';
import type { Call, Caller, Fault, Mounted, TlsFacts } from './operation.ts';
import { protocols } from './protocols/index.ts';
import { Malformed } from './protocols/malformed.ts';
import type { Protocol, WireRequest, WireResponse } from './protocols/protocol.ts';
import { gatherBody, type RequestHead, unpackedBody } from './request.ts';
import { guessProtocol, type Routing, route, type Target } from './route.ts';
import {
  type FindSecret,
  type SignedRequest,
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
export type Authorize = (asked: Asked) => Soon<ReadonlyMap<string, string>>;

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

/** Who keeps the trail. A failure of either fails the call, as one that cannot be told of. */
export interface Audit {
  /** Asked of an authorized call before it runs: false when its record could not be kept. */
  canRecord(asked: Asked): Soon<boolean>;
  /** Awaited before the answer is sent. */
  record(finished: Finished): Soon<void>;
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
  wholeBody?(): Promise<Buffer>;
  readonly requestId: string;
  readonly endpointUrl: string;
  readonly signal: AbortSignal;
  readonly sourceAddress?: string;
  readonly tls?: TlsFacts;
  /** What is kept of the body counts here; whoever made it releases it. */
  readonly hold?: Hold;
  /** Told as soon as it is known, so that failures are worded right. */
  onTarget(target: Target): void;
}

export type Chain = (arrival: Arrival) => Promise<WireResponse>;

export function makeChain(parts: ChainParts): Chain {
  const stations = new Map(parts.services.map((mounted) => [mounted.service, stationOf(mounted)]));
  return async (arrival) => {
    const { head } = arrival;
    const guess = guessProtocol(head);
    // Bodies are held in memory within a bound; those of objects are streamed instead.
    const body = guess === 'rest-xml' ? nothingHeld : await limit(arrival);
    const target = find(arrival, { guess, body: body.plain, objectDomains: parts.objectDomains });
    const verified = await verifySignature(signedOf(head, target, body.raw), {
      findSecret: parts.findSecret,
      nowMs: parts.clock.nowMs(),
      services: target.service.facts.signingNames,
    });
    const signer = verified ? signerOf(verified, parts) : anonymousSigner(target, parts);
    const station = builtStation(stations, target);
    const call = open(arrival, { station, signer, parts });
    const running: Running = { station, target, call, input: {}, checks: [] };
    const request = requestOf(arrival, { target, plain: body.plain, signer, call });
    const whole = isPromise(request) ? await request : request;
    const output = await audited(running, parts, whole);
    return protocols[target.protocol].encode(target.operation, output, arrival.requestId);
  };
}

/** A service that is mounted. */
interface Station {
  readonly mounted: Mounted;
  readonly built: ReadonlySet<string>;
}

function stationOf(mounted: Mounted): Station {
  return { mounted, built: new Set(mounted.operations) };
}

interface HeldBody {
  /** As it was signed; absent when it is streamed. */
  readonly raw: Buffer | undefined;
  readonly plain: Buffer;
}

const nothingHeld: HeldBody = { raw: undefined, plain: Buffer.alloc(0) };

async function limit(arrival: Arrival): Promise<HeldBody> {
  const { head, hold } = arrival;
  const raw = await (arrival.wholeBody?.() ?? gatherBody(arrival.body, hold));
  const packed = head.headers['content-encoding'] !== undefined;
  if (!packed) return { raw, plain: raw };
  const plain = await unpackedBody(head.headers, raw);
  if (hold?.add(plain.length) === false) throw faults.tooBusy();
  return { raw, plain };
}

type Found = Target & { readonly operation: OperationModel };

function find(arrival: Arrival, routing: Routing): Found {
  const { head } = arrival;
  const target = refusing(protocols[routing.guess], () => route(head, routing));
  arrival.onTarget(target);
  if (isFound(target)) return target;
  const { protocol, asked } = target;
  if (protocol === 'rest-xml') throw faults.methodNotAllowed(head.method);
  if (protocol !== 'query' && protocol !== 'ec2')
    throw faults.unknownOperation(asked.slice(0, 128));
  throw faults.invalidAction(asked.slice(0, 128), target.service.facts.version);
}

function isFound(target: Target): target is Found {
  return target.operation !== undefined;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

function signedOf(
  { method, url, headers }: RequestHead,
  { hostBucket }: Found,
  raw: Buffer | undefined,
): SignedRequest {
  const signed: Mutable<SignedRequest> = { method, url, headers };
  if (raw) signed.bodySha256 = () => sha256Hex(raw);
  if (hostBucket !== undefined) signed.hostBucket = hostBucket;
  return signed;
}

interface Signer {
  readonly caller: Caller;
  readonly scope: Scope;
  readonly verified: Verified | undefined;
}

function signerOf(verified: Verified, parts: ChainParts): Signer {
  const { caller, region = parts.scope.region } = verified;
  const scope = { partition: parts.scope.partition, region, account: caller.account };
  return { caller, scope, verified };
}

function anonymousSigner(target: Found, { anonymous, scope }: ChainParts): Signer {
  const { id } = target.service.facts;
  const names = [id, `${id}.${target.operation.name}`];
  if (!names.some((name) => anonymous?.has(name))) {
    throw target.protocol === 'rest-xml' ? faults.accessDenied() : faults.missingToken();
  }
  const caller = { accessKeyId: '', arn: '', userId: 'anonymous', account: scope.account };
  return { caller, scope, verified: undefined };
}

/** Before the input is looked at: what is not built says so, whatever it was sent. */
function builtStation(stations: ReadonlyMap<string, Station>, target: Found): Station {
  const { service, operation } = target;
  const station = stations.get(service.facts.id);
  if (station?.built.has(operation.name)) return station;
  throw faults.notImplemented(service.facts.id, operation.name);
}

interface Opened {
  readonly station: Station;
  readonly signer: Signer;
  readonly parts: ChainParts;
}

/** The call as the operation will see it. */
function open(arrival: Arrival, { station, signer }: Opened): WireCall {
  const { head, requestId, endpointUrl, sourceAddress, tls } = arrival;
  const opening: Mutable<Opening> = {
    scope: signer.scope,
    caller: signer.caller,
    requestId,
    endpointUrl,
    headers: head.headers,
    url: head.url,
    checksums: {},
  };
  if (sourceAddress !== undefined) opening.sourceAddress = sourceAddress;
  if (tls) opening.tls = tls;
  return station.mounted.open?.(opening, arrival) ?? new WireCall(opening, arrival);
}

interface Carried {
  readonly target: Found;
  readonly plain: Buffer;
  readonly signer: Signer;
  /** Gets the checksums of the body, once it was read. */
  readonly call: Call;
}

/** The body as the protocol will read it. */
function requestOf(arrival: Arrival, { target, plain, signer, call }: Carried): Soon<WireRequest> {
  const { headers, query } = arrival.head;
  const { labels, form } = target;
  const request: Mutable<WireRequest> = { query, headers, labels, body: plain };
  if (form) request.form = form;
  if (target.protocol !== 'rest-xml') return request;
  const described = bodyHeaders(target.operation, headers);
  const stream = verifiedBody(arrival.body, described, signer.verified, call.checksums);
  if (streams(target.operation)) return { ...request, stream };
  return gatherBody(stream, arrival.hold).then((whole) => ({ ...request, body: whole }));
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

/** A call on its way, and what it has turned out to be so far. */
interface Running {
  readonly station: Station;
  readonly target: Found;
  readonly call: WireCall;
  input: object;
  checks: readonly Check[];
}

/** Refusals and failures are told to the trail too: denied calls are what it is read for. */
async function audited(running: Running, parts: ChainParts, request: WireRequest): Promise<object> {
  const { audit } = parts;
  let output: object;
  try {
    output = await operate(running, parts, request);
  } catch (error) {
    await audit?.record(finished(running, { fault: faultOf(error) }));
    throw error;
  }
  await audit?.record(finished(running, { output }));
  return output;
}

/** Member by member: joining objects costs as much as all the rest of this. */
function finished(
  { target, call, input, checks }: Running,
  { output, fault }: Pick<Finished, 'output' | 'fault'>,
): Finished {
  const told: Mutable<Finished> = {
    service: target.service.facts.id,
    operation: target.operation.name,
    call,
    input,
    checks,
  };
  if (output) told.output = output;
  if (fault) told.fault = fault;
  return told;
}

async function operate(running: Running, parts: ChainParts, request: WireRequest): Promise<object> {
  const { station, target, call } = running;
  const input = decode(target, request);
  running.input = input;
  validate(target, input, parts);
  const asking = asked(running);
  const asks = isPromise(asking) ? await asking : asking;
  running.checks = asks.checks;
  const refusing = parts.authorize(asks);
  const refused = isPromise(refusing) ? await refusing : refusing;
  if (parts.audit) {
    const recording = parts.audit.canRecord(asks);
    const canRecord = isPromise(recording) ? await recording : recording;
    if (!canRecord) throw faults.unaudited();
  }
  if (refused.size > 0) call.refused = refused;
  const output = station.mounted.call(target.operation.name, input, call);
  if (!output) throw faults.notImplemented(target.service.facts.id, target.operation.name);
  return output;
}

/** An operation that is built and says nothing of what it needs is a bug: `needs` throws. */
function asked({ station, target, call, input }: Running): Soon<Asked> {
  const service = target.service.facts.id;
  const operation = target.operation.name;
  // Open operations are asked about too: temporary credentials may not call all of them.
  const asking = (needs: readonly Check[] | 'open') => ({
    call,
    service,
    operation,
    checks: needs === 'open' ? [] : needs,
  });
  const needs = station.mounted.needs(operation, input, call);
  return isPromise(needs) ? needs.then(asking) : asking(needs);
}
