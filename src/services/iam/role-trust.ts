/**
 * Trust policies: whom they name is looked up when they are written, and shown by what the ones
 * named are called now. Whom they let in is decided by the engine.
 */
import { idPrefixes } from '../../engines/identity/ids.ts';
import { nameKey, type RoleRow, roles, users } from '../../engines/identity/rows.ts';
import { effectiveTrust } from '../../engines/identity/trust.ts';
import { type ArnParts, parseArn } from '../../kernel/arn.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import { faults } from './faults.ts';
import { assertShort, checkedDocument } from './policy-document.ts';
import { policyLimits } from './policy-limits.ts';

/** What rows keep of a trust policy. */
export type Trust = Pick<RoleRow, 'trustPolicy' | 'trustedIds'>;

const accountId = /^\d{12}$/;
const uniqueId = /^A(?:IDA|ROA)[A-Z0-9]{12,124}$/;
const serviceName = /^[a-z0-9][a-z0-9.-]*\.(?:amazonaws\.com(?:\.cn)?|amazon\.com|aws\.internal)$/;
/** Identity providers that need no resource in the account. */
const publicProviders = new Set([
  'accounts.google.com',
  'cognito-identity.amazonaws.com',
  'graph.facebook.com',
  'www.amazon.com',
]);

/** Throws MalformedPolicyDocument, for principals that do not exist too, or LimitExceeded. */
export async function checkedTrust(
  reader: Reader,
  partition: string,
  trustPolicy: string,
): Promise<Trust> {
  const document = checkedDocument(trustPolicy, 'trust');
  assertShort(trustPolicy, 'ACLSizePerRole', policyLimits.trustSize);
  const trustedIds: Record<string, string> = {};
  for (const { principals } of document.statements) {
    for (const [kind, values] of Object.entries(principals?.byKind ?? {})) {
      for (const value of values) {
        const id = await resolved(reader, { partition, kind, value });
        if (id !== undefined) trustedIds[value] = id;
      }
    }
  }
  return { trustPolicy, trustedIds };
}

interface Principal {
  readonly partition: string;
  readonly kind: string;
  readonly value: string;
}

/** The unique id that stands for the principal; undefined for those that stand for themselves. */
async function resolved(reader: Reader, principal: Principal): Promise<string | undefined> {
  const { partition, kind, value } = principal;
  const invalid = () =>
    faults.malformedPolicy(
      `Invalid principal in policy: "${kind === 'AWS' ? kind : kind.toUpperCase()}":"${value}"`,
    );
  if (kind === 'Service') {
    if (!serviceName.test(value)) throw invalid();
    return undefined;
  }
  const arn = arnIn(partition, value);
  if (kind === 'Federated') {
    const isProvider = /^(?:oidc|saml)-provider\/./.test(arn?.resource ?? '');
    if (!isProvider && !publicProviders.has(value)) throw invalid();
    return undefined;
  }
  if (kind !== 'AWS') throw invalid();
  if (value === '*' || accountId.test(value)) return undefined;
  if (!arn) {
    if (!uniqueId.test(value) || !(await nameOfId(reader, value))) throw invalid();
    return undefined;
  }
  if (isAccountOrSession(arn)) return undefined;
  const id = await idOf(reader, arn, value);
  if (id === undefined) throw invalid();
  return id;
}

function arnIn(partition: string, value: string): ArnParts | undefined {
  const parsed = parseArn(value);
  if (!parsed.ok || value.includes('*')) return undefined;
  const { service, region, account } = parsed.value;
  const known = (service === 'iam' || service === 'sts') && region === '';
  return known && accountId.test(account) && parsed.value.partition === partition
    ? parsed.value
    : undefined;
}

/** Sessions come and go: only their form is looked at. */
function isAccountOrSession({ service, resource }: ArnParts): boolean {
  if (service === 'iam') return resource === 'root';
  return /^assumed-role\/[\w+=,.@-]+\/[\w+=,.@-]+$|^federated-user\/[\w+=,.@-]+$/.test(resource);
}

async function idOf(reader: Reader, arn: ArnParts, value: string): Promise<string | undefined> {
  if (arn.service !== 'iam') return undefined;
  const [kind, ...rest] = arn.resource.split('/');
  const key = nameKey(arn.account, rest.at(-1) ?? '');
  const entity =
    kind === 'user'
      ? await reader.get(users, key)
      : kind === 'role' && (await reader.get(roles, key));
  return entity && entity.arn === value ? entity.id : undefined;
}

/** The ARN of the user or role that has the unique id now. */
async function nameOfId(reader: Reader, id: string): Promise<string | undefined> {
  const range = { index: 'id', equals: id, limit: 1 };
  const isUser = id.startsWith(idPrefixes.user);
  const [found] = await (isUser ? reader.listBy(users, range) : reader.listBy(roles, range));
  return found?.row.arn;
}

/**
 * The trust policy as the original shows it: principals that are gone stand under their unique ids,
 * those that were renamed under their new ARNs.
 */
export async function shownTrust(reader: Reader, row: Trust): Promise<string> {
  const changed: Record<string, string> = {};
  for (const [arn, id] of Object.entries(row.trustedIds)) {
    const now = await nameOfId(reader, id);
    if (now !== arn) changed[arn] = now ?? id;
  }
  return effectiveTrust({ trustPolicy: row.trustPolicy, trustedIds: changed });
}
