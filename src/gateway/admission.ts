/** Reads an invocation off the wire, finds out who sent it, and what they need permission for. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { hostedArn } from '../engines/hosting/names.ts';
import { type Tag, tagsOf } from '../engines/hosting/tags.ts';
import { parseArn, type Scope } from '../kernel/arn.ts';
import type { Hold } from '../kernel/byte-budget.ts';
import type { Caller } from '../kernel/caller.ts';
import type { Check, RequestFacts } from '../kernel/check.ts';
import type { Clock } from '../kernel/clock.ts';
import type { MetadataStore } from '../ports/metadata-store.ts';
import { connectionOf } from '../wire/listener.ts';
import type { TlsFacts } from '../wire/operation.ts';
import { sha256Hex } from '../wire/signature/canonical.ts';
import { type FindSecret, verifySignature } from '../wire/signature/index.ts';
import { faults } from './faults.ts';

export type InvokeAction = 'InvokeEndpoint' | 'InvokeEndpointWithResponseStream';

export interface InvokeRequest {
  readonly caller: Caller;
  readonly check: Check;
  readonly facts: RequestFacts;
}

export interface AdmissionParts {
  readonly findSecret: FindSecret;
  /** Throws the `Fault` of a refusal. */
  readonly authorize: (request: InvokeRequest) => Promise<void>;
  /** Endpoints' tags, for policies that look at them. */
  readonly store: MetadataStore;
  /** The machine's own time, by which clients sign, even where records carry a virtual one. */
  readonly wallClock: Clock;
}

export interface Target {
  readonly endpointName: string;
  readonly action: InvokeAction;
}

export interface Arrived {
  readonly target: Target;
  /** What is kept of the body counts here; whoever made it releases it. */
  readonly hold?: Hold | undefined;
}

export interface Identified {
  readonly scope: Scope;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** What to ask before it runs. */
  readonly asked: InvokeRequest;
  readonly tls: TlsFacts | undefined;
}

/** The service model's limit of a body. */
export const maxBodyBytes = 6_291_456;
/** A body past the limit is read on so far, so that the client gets to read the refusal. */
const maxDiscardBytes = 4 * maxBodyBytes;

const pathPattern = /^\/endpoints\/([^/?]+)\/(invocations|invocations-response-stream)(?:\?|$)/;
/** An object in a bucket called `endpoints` is not an endpoint. */
const objectScope = /Credential=[^,]*\/s3(?:express)?\/aws4_request/;

export function targetOf(req: IncomingMessage): Target | undefined {
  if (req.method !== 'POST') return undefined;
  const [, name, kind] = pathPattern.exec(req.url ?? '') ?? [];
  if (!name || objectScope.test(req.headers.authorization ?? '')) return undefined;
  const action = kind === 'invocations' ? 'InvokeEndpoint' : 'InvokeEndpointWithResponseStream';
  return { endpointName: decoded(name), action };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // Not percent-encoding: no endpoint has such a name, and the refusal shows it as it came.
    return name;
  }
}

/** Throws `Fault` for a body past the limit and a signature that does not hold. */
export async function identify(
  req: IncomingMessage,
  { target: { endpointName, action }, hold }: Arrived,
  parts: Omit<AdmissionParts, 'authorize'>,
): Promise<Identified> {
  const headers = headersOf(req);
  const body = await bodyOf(req, hold);
  const nowMs = parts.wallClock.nowMs();
  const verified = await verifySignature(
    {
      method: req.method ?? '',
      url: req.url ?? '',
      headers,
      bodySha256: () => sha256Hex(body),
    },
    { findSecret: parts.findSecret, nowMs, services: ['sagemaker'] },
  );
  if (!verified) throw faults.missingToken();
  const { caller, region = '' } = verified;
  const scope = { partition: partitionOf(caller), region, account: caller.account };
  const resource = hostedArn(scope, 'endpoint', endpointName);
  const connection = knownConnection(req);
  const check: Mutable<Check> = {
    action: `sagemaker:${action}`,
    resource,
    resourceTags: async () => tagRecord(await tagsOf(parts.store, resource)),
  };
  const keys = keysOf(headers);
  if (keys) check.keys = keys;
  const asked = { caller, check, facts: factsOf(connection, { headers, region, nowMs }) };
  return { scope, headers, body, asked, tls: connection.tls };
}

/** Condition keys of an invocation, by the headers that set them. */
const conditionKeys = [
  ['x-amzn-sagemaker-target-model', 'sagemaker:targetmodel'],
  ['x-amzn-sagemaker-target-container-hostname', 'sagemaker:targetcontainerhostname'],
] as const;

type Headers = Readonly<Record<string, string>>;

/** No object is made for the many that set none. */
function keysOf(headers: Headers): Check['keys'] {
  let keys: Record<string, string> | undefined;
  for (const [header, key] of conditionKeys) {
    const value = headers[header];
    if (value === undefined) continue;
    keys ??= {};
    keys[key] = value;
  }
  return keys;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

function tagRecord(tags: readonly Tag[]): Readonly<Record<string, string>> {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}

function factsOf(
  { sourceAddress, tls }: ReturnType<typeof connectionOf>,
  { headers, region, nowMs }: Pick<RequestFacts, 'region' | 'nowMs'> & { headers: Headers },
): RequestFacts {
  const { 'user-agent': userAgent, referer } = headers;
  const facts: Mutable<RequestFacts> = { nowMs, region, secure: tls !== undefined };
  if (sourceAddress !== undefined) facts.sourceAddress = sourceAddress;
  if (userAgent !== undefined) facts.userAgent = userAgent;
  if (referer !== undefined) facts.referer = referer;
  return facts;
}

/** Sockets carry many requests, and say the same of each. */
const connections = new WeakMap<Socket, ReturnType<typeof connectionOf>>();

function knownConnection(req: IncomingMessage): ReturnType<typeof connectionOf> {
  const known = connections.get(req.socket);
  if (known) return known;
  const connection = connectionOf(req);
  connections.set(req.socket, connection);
  return connection;
}

const partitions = new WeakMap<Caller, string>();

function partitionOf(caller: Caller): string {
  const known = partitions.get(caller);
  if (known !== undefined) return known;
  const parsed = parseArn(caller.arn);
  const partition = parsed.ok ? parsed.value.partition : 'aws';
  partitions.set(caller, partition);
  return partition;
}

/**
 * Objects without inherited members. Not `Object.create(null)`, which makes dictionaries: asking
 * those for what they do not have is slow, and most headers that are asked for are not there.
 */
const Bare = function Bare() {} as unknown as new () => Record<string, string>;
Bare.prototype = Object.create(null);

function headersOf({ rawHeaders }: IncomingMessage): Record<string, string> {
  const headers = new Bare();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const value = rawHeaders[at + 1] ?? '';
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before},${value}`;
  }
  return headers;
}

/** Listeners instead of an async iterator: this is the busiest loop of the server. */
function bodyOf(req: IncomingMessage, hold: Hold | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    let refused = false;
    req.on('data', (part: Buffer) => {
      sizeBytes += part.length;
      // Read on, so that a client that sends before it reads gets to the refusal.
      if (refused) return void (sizeBytes > maxDiscardBytes && req.destroy());
      const hasRoom = hold?.add(part.length) ?? true;
      if (hasRoom && sizeBytes <= maxBodyBytes) return void parts.push(part);
      refused = true;
      parts.length = 0;
      reject(hasRoom ? faults.tooLarge(maxBodyBytes) : faults.tooBusy());
    });
    req.on('end', () => {
      if (refused) return;
      resolve(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts, sizeBytes));
    });
    req.on('error', (cause) => reject(new ClientGone(cause)));
    // Every request closes in the end; an error made for each would cost more than its signature.
    req.on('close', () => {
      if (!req.complete) reject(new ClientGone());
    });
  });
}

/** The client ended the connection before its request was whole: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';

  constructor(cause?: unknown) {
    super('the client ended the connection', { cause });
  }
}
