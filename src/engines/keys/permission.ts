/**
 * What to ask before a key is used: the check with everything that policies may look at. It only
 * asks; the rules of policies answer.
 */
import type { Caller } from '../../kernel/caller.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { EncryptionContext } from './keys.ts';
import type { KeyRow } from './rows.ts';

export interface KeyUse {
  /** `kms:Decrypt`, … */
  readonly action: string;
  readonly caller: Pick<Caller, 'account'>;
  readonly context?: EncryptionContext;
  /** `s3`, `secretsmanager`, …: the service that uses the key for the caller. */
  readonly viaService?: string;
  /** `alias/…`, when the key was named so. */
  readonly alias?: string;
  /** The key's policy and grants: `keys.policyOf(key, caller)`. */
  readonly policy: () => Promise<string>;
  /** Further condition keys, lower-case names. */
  readonly keys?: Readonly<Record<string, KeyValue>>;
}

export function keyCheck(key: KeyRow, use: KeyUse): Check {
  const { action, caller, context, viaService, alias, policy } = use;
  return {
    action,
    resource: key.arn,
    owner: key.account,
    rule: 'key',
    resourcePolicy: policy,
    resourceTags: async () => Object.fromEntries(key.tags.map((tag) => [tag.key, tag.value])),
    keys: {
      'kms:calleraccount': caller.account,
      'kms:keyspec': key.spec,
      'kms:keyusage': key.usage,
      'kms:keyorigin': key.origin,
      'kms:multiregion': key.multiRegion,
      ...(key.multiRegion ? { 'kms:multiregionkeytype': 'PRIMARY' } : {}),
      ...(key.aliases && key.aliases.length > 0 ? { 'kms:resourcealiases': key.aliases } : {}),
      ...(alias === undefined ? {} : { 'kms:requestalias': alias }),
      ...(viaService === undefined ? {} : { 'kms:viaservice': via(viaService, key.region) }),
      ...contextKeys(context ?? {}),
      ...use.keys,
    },
  };
}

/** `kms:ViaService` as policies write it. */
export function via(service: string, region: string): string {
  return `${service}.${region}.amazonaws.com`;
}

/**
 * Under which a pair of the context is told besides, for grants, which bind its name as it is
 * written: names of condition keys have no case, so this one has the name in hex digits.
 */
export function contextPairKey(name: string): string {
  return `kms:encryptioncontextpair:${Buffer.from(name, 'utf8').toString('hex')}`;
}

/** Names of condition keys have no case; `kms:EncryptionContextKeys` tells the very names. */
function contextKeys(context: EncryptionContext): Readonly<Record<string, KeyValue>> {
  const names = Object.keys(context);
  if (names.length === 0) return {};
  const keys: Record<string, KeyValue> = { 'kms:encryptioncontextkeys': names };
  for (const name of names) {
    const key = `kms:encryptioncontext:${name.toLowerCase()}`;
    const value = context[name] ?? '';
    const before = keys[key];
    keys[key] = typeof before === 'string' ? [before, value] : value;
    keys[contextPairKey(name)] = value;
  }
  return keys;
}
