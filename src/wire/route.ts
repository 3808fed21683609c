/**
 * Which service, operation and protocol a request means. Looks at nothing but the request; whether
 * the operation is built, and who asks, is decided later.
 */
import { faults } from './faults.ts';
import { factsByTarget, factsByVersion, restFactsBySigningName } from './model/facts.ts';
import { loadModel } from './model/load.ts';
import type { OperationModel, ServiceFacts, ServiceModel } from './model/types.ts';
import { type FormNode, formPairs, formTree } from './protocols/form.ts';
import type { ProtocolId } from './protocols/protocol.ts';
import type { RequestHead } from './request.ts';
import { matchRoute, type RouteMatch } from './routes.ts';
import { claimedScope } from './signature/index.ts';

export interface Target {
  readonly service: ServiceModel;
  readonly protocol: ProtocolId;
  /** Absent when the service has no such operation. */
  readonly operation: OperationModel | undefined;
  /** What the client called it, for the message when there is none. */
  readonly asked: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly form?: FormNode;
  /** The bucket, when the Host header named it. */
  readonly hostBucket?: string;
}

const cborPath = /^\/service\/([^/]+)\/operation\/([^/]+)$/;
const formType = 'application/x-www-form-urlencoded';

/**
 * The protocol a request looks like, known before anything can fail. Decides whether the body is
 * held in memory: all but rest-xml are.
 */
export function guessProtocol({ method, url, query, headers }: RequestHead): ProtocolId {
  const contentType = headers['content-type'] ?? '';
  if (headers['smithy-protocol'] === 'rpc-v2-cbor') return 'rpc-v2-cbor';
  if (headers['x-amz-target'] !== undefined) {
    return contentType.startsWith('application/x-amz-json-1.0') ? 'json-1.0' : 'json-1.1';
  }
  // A presigned PUT from curl carries a form's content type: the claimed scope decides first.
  const scope = claimedScope(headers, url);
  const claimed = restFactsBySigningName.get(scope?.service ?? '');
  if (claimed?.rest === 'rest-xml') return 'rest-xml';
  const isForm = method === 'POST' && contentType.startsWith(formType);
  if (isForm || query.some(([name]) => name === 'Action')) return 'query';
  if (claimed?.rest) return claimed.rest;
  return scope ? 'rest-json' : 'rest-xml';
}

export interface Routing {
  /** What `guessProtocol` says. */
  readonly guess: ProtocolId;
  /** The body when it is held, which the guess decides. */
  readonly body: Buffer;
  /** The names under which a bucket may stand in the Host header. */
  readonly objectDomains: readonly string[];
}

/** Throws a `Fault` when no service is meant. */
export function route(head: RequestHead, { guess, body, objectDomains }: Routing): Target {
  switch (guess) {
    case 'rpc-v2-cbor': {
      const [, service = '', operation = ''] = cborPath.exec(head.path) ?? [];
      return named(factsByTarget.get(service), guess, operation);
    }
    case 'json-1.0':
    case 'json-1.1':
      return routeTarget(head.headers['x-amz-target'] ?? '', guess);
    case 'query':
    case 'ec2':
      return routeForm(head, body);
    default:
      return routeRest(head, objectDomains);
  }
}

/** Of operations that there are, by protocol and target as clients spell it. */
const byTarget = new Map<string, Target>();
/** Each target may be spelt in many ways. */
const mostTargets = 10_000;
const mostTargetCharacters = 256;

function routeTarget(text: string, protocol: ProtocolId): Target {
  const name = `${protocol} ${text}`;
  const known = byTarget.get(name);
  if (known) return known;
  // Some clients prefix the namespace, dots included: the last two parts are what matters.
  const parts = text.split('.');
  const target = named(factsByTarget.get(parts.at(-2) ?? ''), protocol, parts.at(-1) ?? '');
  if (target.operation && text.length <= mostTargetCharacters) {
    if (byTarget.size >= mostTargets) byTarget.clear();
    byTarget.set(name, target);
  }
  return target;
}

function named(facts: ServiceFacts | undefined, protocol: ProtocolId, asked: string): Target {
  if (!facts) throw faults.unknownService(asked.slice(0, 128) || 'this request');
  const service = loadModel(facts.id);
  const operation = service.operations.get(asked);
  return { service, protocol, operation, asked, labels: {} };
}

function routeForm(head: RequestHead, body: Buffer): Target {
  const inUrl = head.query.some(([name]) => name === 'Action');
  const pairs = inUrl ? head.query : formPairs(body.toString('utf8'));
  const form = formTree(pairs);
  const action = form.children.get('Action')?.value ?? '';
  const version = form.children.get('Version')?.value ?? '';
  const facts = factsByVersion.get(version);
  if (!facts) throw faults.invalidAction(action.slice(0, 128), version.slice(0, 32));
  return { ...named(facts, facts.query ?? 'query', action), form };
}

function routeRest(head: RequestHead, objectDomains: readonly string[]): Target {
  const scope = claimedScope(head.headers, head.url);
  const facts = restFactsBySigningName.get(scope?.service ?? 's3');
  if (!facts?.rest) throw faults.unknownService(`the signing name ${scope?.service}`);
  const service = loadModel(facts.id);
  const asked = `${head.method} ${head.path.slice(0, 128)}`;
  const found = { service, protocol: facts.rest, asked };
  try {
    if (facts.rest === 'rest-xml')
      return { ...found, ...routeObject(service, head, objectDomains) };
    const match = matchRoute(service, head);
    return { ...found, operation: match?.operation, labels: match?.labels ?? {} };
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw faults.invalid('InvalidURI', "Couldn't parse the specified URI.");
  }
}

interface ObjectTarget {
  readonly operation: OperationModel | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly hostBucket?: string;
}

/** The bucket is in the Host header or the first segment of the path; the rest is the key. */
function routeObject(
  service: ServiceModel,
  head: RequestHead,
  objectDomains: readonly string[],
): ObjectTarget {
  const hostBucket = bucketOfHost(head.headers.host ?? '', objectDomains);
  const path = head.path.slice(1);
  const cut = hostBucket === undefined ? path.indexOf('/') : -1;
  const inPath = cut < 0 ? path : path.slice(0, cut);
  const bucket = hostBucket ?? decodeURIComponent(inPath);
  const key = hostBucket === undefined ? (cut < 0 ? '' : path.slice(cut + 1)) : path;
  const level = key ? 'object' : bucket ? 'bucket' : 'service';
  const match: RouteMatch | undefined = matchRoute(service, head, { path: `/${key}`, level });
  return {
    operation: match?.operation,
    labels: { ...match?.labels, ...(bucket ? { Bucket: bucket } : {}) },
    ...(hostBucket === undefined ? {} : { hostBucket }),
  };
}

function bucketOfHost(host: string, domains: readonly string[]): string | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (/^\d+(\.\d+){3}$/.test(name) || domains.includes(name)) return undefined;
  // The longest wins: below `s3.example.com`, `example.com` must not make a bucket of `a.s3`.
  const [domain] = domains
    .filter((d) => name.endsWith(`.${d}`))
    .sort((a, b) => b.length - a.length);
  return domain === undefined ? undefined : name.slice(0, -domain.length - 1);
}
