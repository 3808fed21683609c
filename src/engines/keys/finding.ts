/**
 * Finding a key by what clients call it: its id, its ARN, an alias or an alias's ARN. Whether the
 * caller may know of it is not decided here.
 */
import { formatArn, parseArn, type Scope } from '../../kernel/arn.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import type { KeyAnswer } from './keys.ts';
import { aliasRows, type KeyRow, keyed, keyRows } from './rows.ts';

/** What a reference means: a key or an alias of one account. */
export interface Meant {
  readonly kind: 'key' | 'alias';
  /** The key's id, or the alias with its prefix. */
  readonly name: string;
  /** Of the account and the region that the reference names; else of the request. */
  readonly scope: Scope;
}

export const aliasPrefix = 'alias/';
const keyPrefix = 'key/';
const idPattern = /^(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Undefined for what is neither; whether there is such a key is not looked at. */
export function meantBy(reference: string, scope: Scope): Meant | undefined {
  if (!isArn(reference)) return named(reference, scope);
  const parsed = parseArn(reference);
  if (!parsed.ok || parsed.value.service !== 'kms') return undefined;
  const { partition, region, account, resource } = parsed.value;
  const bare = resource.startsWith(keyPrefix) ? resource.slice(keyPrefix.length) : resource;
  const meant = named(bare, { partition, region, account });
  // An ARN says of itself whether it is a key's or an alias's.
  return meant && resource.startsWith(`${meant.kind}/`) ? meant : undefined;
}

function named(name: string, scope: Scope): Meant | undefined {
  if (name.startsWith(aliasPrefix)) return { kind: 'alias', name, scope };
  return idPattern.test(name) ? { kind: 'key', name, scope } : undefined;
}

/** The alias in a reference, for `kms:RequestAlias`; undefined when it is to a key. */
export function aliasMeant(reference: string, scope: Scope): string | undefined {
  const meant = meantBy(reference, scope);
  return meant?.kind === 'alias' ? meant.name : undefined;
}

/** The ARN to ask permission for when there is no such key: by what it is called. */
export function arnMeant(reference: string, scope: Scope): string {
  const meant = meantBy(reference, scope);
  if (!meant) return formatArn(scope, 'kms', `${keyPrefix}${reference.split(':').join('')}`);
  return arnOf(meant);
}

function arnOf({ kind, name, scope }: Meant): string {
  return formatArn(scope, 'kms', kind === 'alias' ? name : `${keyPrefix}${name}`);
}

/** By key id, key ARN, alias name or alias ARN. */
export async function findKey(
  reader: Reader,
  reference: string,
  scope: Scope,
): Promise<KeyAnswer<KeyRow>> {
  const meant = meantBy(reference, scope);
  if (!meant) {
    const reason = isArn(reference) ? `Invalid arn ${reference}` : notAnId(reference);
    return { ok: false, problem: 'notFound', reason };
  }
  const { partition, region } = meant.scope;
  if (partition !== scope.partition || region !== scope.region) {
    return { ok: false, problem: 'notFound', reason: `Invalid arn ${region}` };
  }
  const id = meant.kind === 'alias' ? await targetOf(reader, meant) : meant.name;
  const row = id === undefined ? undefined : await reader.get(keyRows, keyed(meant.scope, id));
  if (row) return { ok: true, value: row };
  const arn = arnOf(meant);
  const reason =
    meant.kind === 'alias' ? `Alias ${arn} is not found.` : `Key '${arn}' does not exist`;
  return { ok: false, problem: 'notFound', reason };
}

function notAnId(reference: string): string {
  return `Invalid keyId '${reference}'`;
}

async function targetOf(reader: Reader, { name, scope }: Meant): Promise<string | undefined> {
  return (await reader.get(aliasRows, keyed(scope, name)))?.keyId;
}

/** An id or an alias name has at most the colons of a path, and no six parts. */
function isArn(reference: string): boolean {
  return parseArn(reference).ok;
}
