/** Operations of the REST protocols by method, path, query and headers. */
import type { OperationModel, ServiceModel } from './model/types.ts';
import type { RequestHead } from './request.ts';

/** S3 only: what an operation acts on. Its URI templates do not name the bucket. */
export type RouteLevel = 'service' | 'bucket' | 'object';

export interface RouteMatch {
  readonly operation: OperationModel;
  /** Decoded labels by member name. */
  readonly labels: Record<string, string>;
}

interface Route {
  readonly operation: OperationModel;
  readonly method: string;
  readonly path: RegExp;
  readonly labels: readonly string[];
  /** Fixed parameters of the URI template; an empty value matches any. */
  readonly query: readonly (readonly [string, string])[];
  readonly requiredQuery: readonly string[];
  /** Every parameter that the route knows what to do with. */
  readonly knownQuery: ReadonlySet<string>;
  readonly requiredHeaders: readonly string[];
  readonly level: RouteLevel;
  /** The more a route asks for, the earlier it is tried. */
  readonly weight: number;
}

interface RouteTable {
  readonly routes: readonly Route[];
  /** Parameters without a value that some route has: they name what is acted on, not how. */
  readonly subresources: ReadonlySet<string>;
}

const tables = new WeakMap<ServiceModel, RouteTable>();

/** Names the operation in a query, sent by some clients only. */
const hint = 'x-id';

/**
 * The first operation that fits. `path` and `level` narrow S3's requests, whose bucket has been
 * taken off. Throws `URIError` for a label that is not valid percent-encoding.
 */
export function matchRoute(
  service: ServiceModel,
  head: RequestHead,
  { path = head.path, level }: { readonly path?: string; readonly level?: RouteLevel } = {},
): RouteMatch | undefined {
  const query = new Map(head.query);
  const { routes, subresources } = tableOf(service);
  // `DELETE /bucket?analytics` is about analytics, whatever else it lacks: never about the bucket.
  const named = head.query.flatMap(([name]) => (subresources.has(name) ? [name] : []));
  for (const route of routes) {
    if (route.method !== head.method || (level && route.level !== level)) continue;
    if (!fits(route, query, head.headers)) continue;
    if (!named.every((name) => route.knownQuery.has(name))) continue;
    const match = route.path.exec(path);
    if (!match) continue;
    const labels = route.labels.map(
      (name, i) => [name, decodeURIComponent(match[i + 1] ?? '')] as const,
    );
    return { operation: route.operation, labels: Object.fromEntries(labels) };
  }
  return undefined;
}

function fits(
  { query, requiredQuery, requiredHeaders }: Route,
  sent: ReadonlyMap<string, string>,
  headers: Readonly<Record<string, string>>,
): boolean {
  const fixed = query.every(([name, value]) => {
    const text = sent.get(name);
    if (name === hint) return !text || text === value;
    return text !== undefined && (value === '' || text === value);
  });
  if (!fixed || !requiredQuery.every((name) => sent.has(name))) return false;
  return requiredHeaders.every((name) => Object.hasOwn(headers, name));
}

function tableOf(service: ServiceModel): RouteTable {
  const known = tables.get(service);
  if (known) return known;
  const routes: Route[] = [];
  for (const operation of service.operations.values()) {
    if (operation.http) routes.push(routeOf(operation, operation.http));
  }
  routes.sort((a, b) => b.weight - a.weight);
  const fixed = routes.flatMap(({ query }) => query);
  const subresources = new Set(fixed.flatMap(([name, value]) => (value === '' ? [name] : [])));
  const made = { routes, subresources };
  tables.set(service, made);
  return made;
}

function routeOf(
  operation: OperationModel,
  [method, uri]: readonly [string, string, number],
): Route {
  const [path = '', queryText = ''] = uri.split('?');
  const labels = [...path.matchAll(/\{(\w+)\+?\}/g)].map(([, name = '']) => name);
  const source = path
    .replace(/[.*^$()|[\]\\]/g, '\\$&')
    .replace(/\{\w+\+\}/g, '(.+)')
    .replace(/\{\w+\}/g, '([^/]+)');
  const query = [...new URLSearchParams(queryText)];
  const members = operation.input?.members ?? [];
  const required = members.filter((member) => member.required);
  const requiredQuery = required.flatMap(({ query: name }) => name ?? []);
  const requiredHeaders = required.flatMap(({ header }) => header?.toLowerCase() ?? []);
  const literals = path.split('/').filter((part) => part && !part.startsWith('{')).length;
  const fixed = query.filter(([name]) => name !== hint).length;
  return {
    operation,
    method,
    path: new RegExp(`^${source}/?$`, 's'),
    labels,
    query,
    requiredQuery,
    knownQuery: new Set([
      ...query.map(([name]) => name),
      ...members.flatMap(({ query: name }) => name ?? []),
    ]),
    requiredHeaders,
    level: levelOf(operation, labels),
    weight: 100 * literals + 10 * fixed + requiredQuery.length + requiredHeaders.length,
  };
}

function levelOf(operation: OperationModel, labels: readonly string[]): RouteLevel {
  const ofBucket = operation.input?.members.some((m) => m.name === 'Bucket' && m.label);
  if (!ofBucket) return 'service';
  return labels.includes('Key') ? 'object' : 'bucket';
}
