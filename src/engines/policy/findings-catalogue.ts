/**
 * What is known of actions: which there are, what resources they act on, which condition keys their
 * requests have. Generated data (`tools/policies`), read when first asked for. No judgement.
 */
import { readFileSync } from 'node:fs';
import { mayBothMatch } from './findings-globs.ts';

export type KeyType =
  | 'String'
  | 'Numeric'
  | 'Date'
  | 'Bool'
  | 'IPAddress'
  | 'Binary'
  | 'ARN'
  | 'ArrayOfString'
  | 'ArrayOfARN';

export interface ActionFacts {
  /** `s3:GetObject`. */
  readonly action: string;
  /**
   * Patterns of the resources it acts on, without what comes before the service:
   * `sqs:*:*:*`. Empty for actions that are about `*` only; undefined when it is not known.
   */
  readonly resources: readonly string[] | undefined;
  /** Lower-case names of the service's own keys; undefined when they are not known. */
  readonly keys: ReadonlySet<string> | undefined;
}

interface ServiceFile {
  readonly resources?: readonly string[];
  readonly keys?: readonly (readonly [string, KeyType])[];
  readonly actions: Readonly<Record<string, 0 | readonly [readonly number[], readonly number[]]>>;
}

interface CatalogueFile {
  readonly prefixes: string;
  readonly services: Readonly<Record<string, ServiceFile>>;
}

export interface Catalogue {
  /** Whether there is a service of this prefix at all. */
  hasService(prefix: string): boolean;
  /** Undefined when the service's actions are not known. */
  actionsOf(prefix: string): readonly ActionFacts[] | undefined;
  /** `s3:GetObject`, without regard to case and without wildcards. */
  action(name: string): ActionFacts | undefined;
  /** Of a service's own keys by lower-case name, the part after a slash left out. */
  keyType(name: string): KeyType | undefined;
  /** Whether the keys of this prefix are known. */
  knowsKeysOf(prefix: string): boolean;
}

let read: Catalogue | undefined;

export function catalogue(): Catalogue {
  read ??= make(
    JSON.parse(readFileSync(new URL('./findings-catalogue.json', import.meta.url), 'utf8')),
  );
  return read;
}

function make(file: CatalogueFile): Catalogue {
  const prefixes = new Set(file.prefixes.split(' '));
  const services = new Map<string, readonly ActionFacts[]>();
  const types = new Map<string, KeyType>();
  const keyed = new Set<string>();
  const byName = new Map<string, ActionFacts>();
  for (const [prefix, service] of Object.entries(file.services)) {
    const actions = actionsIn(prefix, service);
    services.set(prefix, actions);
    for (const facts of actions) byName.set(facts.action.toLowerCase(), facts);
    if (service.keys) keyed.add(prefix);
    for (const [name, type] of service.keys ?? []) types.set(name.toLowerCase(), type);
  }
  return {
    hasService: (prefix) => prefixes.has(prefix.toLowerCase()),
    actionsOf: (prefix) => services.get(prefix.toLowerCase()),
    action: (name) => byName.get(name.toLowerCase()),
    keyType: (name) => types.get(name) ?? types.get(stemOf(name)),
    knowsKeysOf: (prefix) => keyed.has(prefix.toLowerCase()),
  };
}

/** `kms:encryptioncontext:` and `s3:existingobjecttag/` are completed by names of the user's. */
export function stemOf(name: string): string {
  const context = /^kms:encryptioncontext:/.exec(name)?.[0];
  return context ?? `${name.split('/')[0]}/`;
}

function actionsIn(prefix: string, service: ServiceFile): readonly ActionFacts[] {
  const names = (service.keys ?? []).map(([name]) => name.toLowerCase());
  const at = (list: readonly string[], indexes: readonly number[]) =>
    indexes.flatMap((index) => list[index] ?? []);
  return Object.entries(service.actions).map(([name, facts]) => ({
    action: `${prefix}:${name}`,
    resources: facts === 0 ? undefined : at(service.resources ?? [], facts[0]),
    keys: facts === 0 ? undefined : new Set(at(names, facts[1])),
  }));
}

/** The known actions that a pattern matches; undefined when the service is not catalogued. */
export function actionsMatching(pattern: string): readonly ActionFacts[] | undefined {
  const [prefix = '', name = ''] = pattern.split(':');
  const actions = catalogue().actionsOf(prefix);
  const wanted = name.toLowerCase();
  if (actions && !/[*?]/.test(name)) {
    const found = catalogue().action(pattern);
    return found ? [found] : [];
  }
  return actions?.filter(({ action }) =>
    mayBothMatch(wanted, action.slice(prefix.length + 1).toLowerCase()),
  );
}
