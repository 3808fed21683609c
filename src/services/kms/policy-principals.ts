/**
 * Principals that key policies and grants name: they must exist, and are kept under their unique
 * ids, so that a deleted and made-again name does not get the key back.
 */
import { nameKey, roles, users } from '../../engines/identity/rows.ts';
import type { PolicyDocument } from '../../engines/policy/types.ts';
import { type ArnParts, parseArn } from '../../kernel/arn.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import { faults } from './faults.ts';

const accountId = /^\d{12}$/;
const uniqueId = /^A(?:IDA|ROA)[A-Z0-9]{12,124}$/;
const serviceName = /^[a-z0-9][a-z0-9.-]*\.amazonaws\.com(?:\.cn)?$/;

/** What a name of a principal stands for; `id` of users and roles only. */
export interface NamedPrincipal {
  readonly id?: string;
}

/** The unique ids of users and roles in the policy, by ARN. Throws MalformedPolicyDocument. */
export async function trustedIdsOf(
  reader: Reader,
  { statements }: PolicyDocument,
): Promise<Readonly<Record<string, string>>> {
  const ids: Record<string, string> = {};
  for (const { principals } of statements) {
    for (const [kind, values] of Object.entries(principals?.byKind ?? {})) {
      for (const value of values) {
        const named = await principalNamed(reader, kind, value);
        if (!named) throw faults.malformedPolicy(invalidPrincipals);
        if (named.id !== undefined) ids[value] = named.id;
      }
    }
  }
  return ids;
}

const invalidPrincipals = 'Policy contains a statement with one or more invalid principals.';

/** Undefined when there is none of that name. `kind` is as in policies. */
export async function principalNamed(
  reader: Reader,
  kind: string,
  value: string,
): Promise<NamedPrincipal | undefined> {
  if (kind === 'Service') return serviceName.test(value) ? {} : undefined;
  if (kind !== 'AWS') return undefined;
  if (value === '*' || accountId.test(value)) return {};
  if (uniqueId.test(value)) return (await hasId(reader, value)) ? {} : undefined;
  const parsed = parseArn(value);
  if (!parsed.ok || !isPrincipal(parsed.value)) return undefined;
  const { service, resource } = parsed.value;
  if (service === 'sts') return isSession(resource) ? {} : undefined;
  if (resource === 'root') return {};
  const id = await idOf(reader, parsed.value, value);
  return id === undefined ? undefined : { id };
}

export function isService(name: string): boolean {
  return serviceName.test(name);
}

function isPrincipal({ service, region, account }: ArnParts): boolean {
  return (service === 'iam' || service === 'sts') && region === '' && accountId.test(account);
}

/** Sessions come and go: only their form is looked at. */
function isSession(resource: string): boolean {
  return /^assumed-role\/[\w+=,.@-]+\/[\w+=,.@-]+$|^federated-user\/[\w+=,.@-]+$/.test(resource);
}

async function idOf(
  reader: Reader,
  { account, resource }: ArnParts,
  value: string,
): Promise<string | undefined> {
  const [kind, ...rest] = resource.split('/');
  const key = nameKey(account, rest.at(-1) ?? '');
  if (kind !== 'user' && kind !== 'role') return undefined;
  const entity = kind === 'user' ? await reader.get(users, key) : await reader.get(roles, key);
  return entity?.arn === value ? entity.id : undefined;
}

async function hasId(reader: Reader, id: string): Promise<boolean> {
  const range = { index: 'id', equals: id, limit: 1 };
  const isUser = id.startsWith('AIDA');
  const found = isUser ? await reader.listBy(users, range) : await reader.listBy(roles, range);
  return found.length > 0;
}

/** The policy as it is shown: principals that are gone stand under their unique ids. */
export async function shownIds(
  reader: Reader,
  ids: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const gone: Record<string, string> = {};
  for (const [arn, id] of Object.entries(ids)) {
    const named = await principalNamed(reader, 'AWS', arn);
    if (named?.id !== id) gone[arn] = id;
  }
  return gone;
}
