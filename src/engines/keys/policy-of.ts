/**
 * A key's policy and its grants as one policy document, so that one decision weighs both: each
 * grant is a statement that allows its grantee its operations.
 */
import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import { contextPairKey } from './permission.ts';
import { type GrantRow, granteeOf, grantRows, type KeyRow, keyed } from './rows.ts';

/** Grants of one grantee on one key. */
export const grantsPerGrantee = 200;
/** Grants that are weighed when the caller is not known. */
const mostGrants = 200;
/** A longer document is not read at all. Grants beyond it are left out, which allows less. */
const mostCharacters = 120_000;

/** With a caller only the grants that name it. */
export async function policyOf(reader: Reader, key: KeyRow, caller?: Caller): Promise<string> {
  if (!key.grants) return policyWith(key, []);
  return policyWith(key, caller ? await grantsTo(reader, key, caller) : await all(reader, key));
}

/** The document that is decided on. */
export function policyWith(key: KeyRow, grants: readonly GrantRow[]): string {
  const ids = key.trustedIds ?? {};
  const renamed = Object.keys(ids).length > 0;
  if (grants.length === 0 && !renamed) return key.policy;
  const document = JSON.parse(key.policy, renamed ? replacing(ids) : undefined) as Document;
  const statements = [document.Statement].flat();
  const variables = document.Version === '2012-10-17';
  const granted: object[] = [];
  let left = mostCharacters - key.policy.length;
  for (const statement of grants.flatMap((grant) => statementsOf(grant, variables))) {
    left -= JSON.stringify(statement).length + 1;
    if (left > 0) granted.push(statement);
  }
  return JSON.stringify({ ...document, Statement: [...statements, ...granted] });
}

/** The same with leave for those whom the grant itself lets retire it, and no other grant. */
export function withRetiring(policy: string, grant: GrantRow): string {
  const { retiring, retiringId, operations } = grant;
  const principals: object[] = [];
  if (retiring !== undefined) {
    principals.push(
      principalOf({ grantee: retiring, ...(retiringId && { granteeId: retiringId }) }),
    );
  }
  if (operations.includes('RetireGrant')) principals.push(principalOf(grant));
  if (principals.length === 0) return policy;
  const document = JSON.parse(policy) as Document;
  const Action = 'kms:RetireGrant';
  const allows = principals.map((Principal) => ({
    ...{ Effect: 'Allow', Principal, Action, Resource: '*' },
  }));
  return JSON.stringify({ ...document, Statement: [...[document.Statement].flat(), ...allows] });
}

interface Document {
  readonly Version?: string;
  readonly Statement: object | readonly object[];
}

/** Principals that were named by ARN stand under the unique ids they had then. */
function replacing(ids: Readonly<Record<string, string>>) {
  const idOf = (value: unknown) =>
    typeof value === 'string' && Object.hasOwn(ids, value) ? ids[value] : value;
  return (name: string, value: unknown): unknown => {
    if (name !== 'AWS') return value;
    return Array.isArray(value) ? value.map(idOf) : idOf(value);
  };
}

async function all(reader: Reader, { account, region, id }: KeyRow): Promise<readonly GrantRow[]> {
  const prefix = `${keyed({ account, region }, id)}/`;
  const entries = await reader.list(grantRows, { prefix, limit: mostGrants });
  return entries.map(({ row }) => row);
}

async function grantsTo(reader: Reader, key: KeyRow, caller: Caller): Promise<GrantRow[]> {
  const found = await Promise.all(
    namesOf(key, caller).map((name) =>
      reader.listBy(grantRows, {
        index: 'grantee',
        equals: granteeOf(key.arn, name),
        limit: grantsPerGrantee,
      }),
    ),
  );
  return found.flat().map(({ row }) => row);
}

/** Everything that a grant may call the caller. */
function namesOf(key: KeyRow, caller: Caller): readonly string[] {
  const { arn, userId, account, session, service } = caller;
  if (service !== undefined) return [service];
  const parsed = parseArn(key.arn);
  const partition = parsed.ok ? parsed.value.partition : '';
  const root = formatArn({ partition, region: '', account }, 'iam', 'root');
  const names = [arn, userId, root, session?.issuerArn, session?.issuerId];
  return [...new Set(names)].filter((name) => name !== undefined && name !== '') as string[];
}

/** Constraints of a context are for the operations that take one. */
const withoutContext = 'DescribeKey';
/** Made from a grant and about a grant: with rules of their own. */
const aboutGrants = new Set(['CreateGrant', 'RetireGrant']);

/** `variables`: the document's version has `${…}`, which a context's values must not become. */
function statementsOf(grant: GrantRow, variables: boolean): readonly object[] {
  const text = (value: string) => (variables ? value.replaceAll('${', '${$}{') : value);
  const condition = contextCondition(grant, text);
  const isBound = Object.keys(condition).length > 0;
  const allow = (operations: readonly string[], Condition: object): readonly object[] => {
    if (operations.length === 0) return [];
    const Action = operations.map((operation) => `kms:${operation}`);
    const about = { Effect: 'Allow', Principal: principalOf(grant), Action, Resource: '*' };
    const source = sourceArn === undefined ? {} : { ArnEquals: { 'aws:SourceArn': sourceArn } };
    const all = { ...Condition, ...source };
    return [Object.keys(all).length > 0 ? { ...about, Condition: all } : about];
  };
  const { operations, sourceArn } = grant;
  const free = operations.filter((name) => isBound && name === withoutContext);
  const rest = operations.filter((name) => !free.includes(name) && !aboutGrants.has(name));
  const creating = operations.filter((name) => name === 'CreateGrant');
  return [
    ...allow(free, {}),
    ...allow(rest, condition),
    ...allow(creating, childCondition(grant, condition)),
  ];
}

type Block = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

function contextCondition(grant: GrantRow, text: (value: string) => string): Block {
  const { contextSubset, contextEquals } = grant;
  const pairs = Object.entries({ ...contextSubset, ...contextEquals });
  if (pairs.length === 0) return {};
  const equal = pairs.map(([name, value]) => [contextPairKey(name), text(value)]);
  const block = { StringEquals: Object.fromEntries(equal) as Record<string, string> };
  if (!contextEquals) return block;
  const names = Object.keys(contextEquals).map(text);
  return { ...block, 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': names } };
}

/** A grant that its grantee makes from it gives no more than it has itself. */
function childCondition({ operations, contextEquals }: GrantRow, condition: Block): Block {
  const type = contextEquals ? { 'kms:GrantConstraintType': 'EncryptionContextEquals' } : {};
  const equal = { ...condition['StringEquals'], ...type };
  return {
    ...(Object.keys(equal).length > 0 ? { StringEquals: equal } : {}),
    'ForAllValues:StringEquals': {
      ...condition['ForAllValues:StringEquals'],
      'kms:GrantOperations': operations,
    },
  };
}

const serviceName = /^[a-z0-9.-]+\.amazonaws\.com$/;

function principalOf({ grantee, granteeId }: Pick<GrantRow, 'grantee' | 'granteeId'>): object {
  return serviceName.test(grantee) ? { Service: grantee } : { AWS: granteeId ?? grantee };
}
