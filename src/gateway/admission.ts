/** Reads an invocation off the wire, finds out who sent it, and what they need permission for. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { hostedArn } from '../engines/hosting/names.ts';
import { type Tag, tagsOf } from '../engines/hosting/tags.ts';
import { parseArn, type Scope } from '../kernel/arn.ts';
import type { Caller } from '../kernel/caller.ts';
import type { Check, RequestFacts } from '../kernel/check.ts';
import type { Clock } from '../kernel/clock.ts';
import type { MetadataStore } from '../ports/metadata-store.ts';
import { connectionOf } from '../wire/listener.ts';
import type { TlsFacts } from '../wire/operation.ts';
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
  { endpointName, action }: Target,
  parts: Omit<AdmissionParts, 'authorize'>,
): Promise<Identified> {
  const headers = headersOf(req);
  const body = await bodyOf(req);
  const nowMs = parts.wallClock.nowMs();
  const verified = await verifySignature(
    {
      method: req.method ?? '',
      url: req.url ?? '',
      headers,
      bodySha256: () => createHash('sha256').update(body).digest('hex'),
    },
    { findSecret: parts.findSecret, nowMs, services: ['sagemaker'] },
  );
  if (!verified) throw faults.missingToken();
  const { caller, region = '' } = verified;
  const scope = { partition: partitionOf(caller), region, account: caller.account };
  const resource = hostedArn(scope, 'endpoint', endpointName);
  const connection = connectionOf(req);
  const asked = {
    caller,
    check: {
      action: `sagemaker:${action}`,
      resource,
      ...keysOf(headers),
      resourceTags: async () => tagRecord(await tagsOf(parts.store, resource)),
    },
    facts: factsOf(connection, { headers, region, nowMs }),
  };
  return { scope, headers, body, asked, tls: connection.tls };
}

/** Condition keys of an invocation, by the headers that set them. */
const conditionKeys = [
  ['x-amzn-sagemaker-target-model', 'sagemaker:targetmodel'],
  ['x-amzn-sagemaker-target-container-hostname', 'sagemaker:targetcontainerhostname'],
] as const;

type Headers = Readonly<Record<string, string>>;

/** No object is made for the many that set none. */
function keysOf(headers: Headers): Pick<Check, 'keys'> | undefined {
  let keys: Record<string, string> | undefined;
  for (const [header, key] of conditionKeys) {
    const value = headers[header];
    if (value === undefined) continue;
    keys ??= {};
    keys[key] = value;
  }
  return keys && { keys };
}

function tagRecord(tags: readonly Tag[]): Readonly<Record<string, string>> {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}

function factsOf(
  { sourceAddress, tls }: ReturnType<typeof connectionOf>,
  { headers, region, nowMs }: Pick<RequestFacts, 'region' | 'nowMs'> & { headers: Headers },
): RequestFacts {
  const { 'user-agent': userAgent, referer } = headers;
  return {
    nowMs,
    region,
    ...(sourceAddress === undefined ? {} : { sourceAddress }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(referer === undefined ? {} : { referer }),
    secure: tls !== undefined,
  };
}

function partitionOf({ arn }: Caller): string {
  const parsed = parseArn(arn);
  return parsed.ok ? parsed.value.partition : 'aws';
}

function headersOf({ rawHeaders }: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const value = rawHeaders[at + 1] ?? '';
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before},${value}`;
  }
  return headers;
}

/** Listeners instead of an async iterator: this is the busiest loop of the server. */
function bodyOf(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    req.on('data', (part: Buffer) => {
      sizeBytes += part.length;
      if (sizeBytes <= maxBodyBytes) return void parts.push(part);
      parts.length = 0;
      if (sizeBytes > maxDiscardBytes) req.destroy();
    });
    req.on('end', () => {
      if (sizeBytes > maxBodyBytes) reject(faults.tooLarge(maxBodyBytes));
      else resolve(Buffer.concat(parts, sizeBytes));
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
