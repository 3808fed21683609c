/**
 * What to ask before a secret is used: the check with everything that policies may look at. It only
 * asks; the rules of policies answer.
 */
import type { Scope } from '../../kernel/arn.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { Keys } from '../keys/keys.ts';
import { keyCheck } from '../keys/permission.ts';
import type { KeyRow } from '../keys/rows.ts';
import { readReference, type SecretRow, secretArn } from './rows.ts';
import { keyService, valueContext } from './values.ts';

type ConditionKeys = Readonly<Record<string, KeyValue>>;

export interface SecretUse {
  /** `secretsmanager:GetSecretValue`, … */
  readonly action: string;
  /** As the client named it, whether there is one or not. */
  readonly reference: string;
  readonly secret: SecretRow | undefined;
  readonly scope: Scope;
  /** Further condition keys, lower-case names. */
  readonly keys?: ConditionKeys;
  readonly item?: string;
}

export function secretCheck({ action, reference, secret, scope, keys, item }: SecretUse): Check {
  const { account } = readReference(reference, scope);
  const policy = secret?.policy;
  const resource = secret?.arn ?? absentArn(reference, scope);
  return {
    action,
    resource,
    owner: secret?.account ?? account,
    keys: {
      'secretsmanager:secretid': resource,
      ...(secret ? ownKeys(secret) : {}),
      ...keys,
    },
    ...(item === undefined ? {} : { item }),
    ...(policy === undefined ? {} : { resourcePolicy: async () => policy }),
    resourceTags: async () => tagsOf(secret),
  };
}

/** The six characters that nobody knows yet are matched as any are. */
export function absentArn(reference: string, scope: Scope): string {
  const { account, region, name, whole } = readReference(reference, scope);
  return whole ? reference : secretArn({ ...scope, account, region }, `${name}-??????`);
}

function ownKeys(secret: SecretRow): ConditionKeys {
  const { region, rotation, tags } = secret;
  const functionArn = rotation?.functionArn;
  return {
    'secretsmanager:secretprimaryregion': region,
    ...(functionArn === undefined
      ? {}
      : { 'secretsmanager:resource/allowrotationlambdaarn': functionArn }),
    ...Object.fromEntries(
      tags.map(({ key, value }) => [`secretsmanager:resourcetag/${key}`, value] as const),
    ),
  };
}

function tagsOf(secret: SecretRow | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((secret?.tags ?? []).map(({ key, value }) => [key, value]));
}

export interface ValueKeyUse {
  /** `kms:Decrypt`, `kms:GenerateDataKey` */
  readonly actions: readonly string[];
  readonly secret: Pick<SecretRow, 'arn' | 'keyId' | 'account' | 'region'>;
  readonly version?: string;
  readonly caller: Caller;
  readonly scope: Scope;
  readonly item?: string;
}

/**
 * The checks on the key of a customer's own. None for the service's key, which serves everybody who
 * may use the secret, nor for one that is gone, which the operation will refuse.
 */
export async function valueKeyChecks(
  keys: Keys,
  { actions, secret, version, caller, scope, item }: ValueKeyUse,
): Promise<readonly Check[]> {
  if (secret.keyId === undefined) return [];
  const { account, region } = secret;
  const found = await keys.find(secret.keyId, { ...scope, account, region });
  if (!found.ok || found.value.manager === 'service') return [];
  const key: KeyRow = found.value;
  const context = version === undefined ? {} : { context: valueContext(secret.arn, version) };
  const about = item === undefined ? {} : { item };
  const policy = () => keys.policyOf(key, caller);
  const use = { caller, viaService: keyService, policy, ...context };
  return actions.map((action) => ({ ...keyCheck(key, { ...use, action }), ...about }));
}
