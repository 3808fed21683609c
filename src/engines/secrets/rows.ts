/** What the secrets engine records: plain JSON rows and their collections. Values only sealed. */
import { formatArn, parseArn, type Scope } from '../../kernel/arn.ts';
import { type Collection, type Reader, sortable } from '../../ports/metadata-store.ts';
import type { RotationRules } from './schedule.ts';

export const labels = {
  current: 'AWSCURRENT',
  previous: 'AWSPREVIOUS',
  pending: 'AWSPENDING',
} as const;

export interface SecretTag {
  readonly key: string;
  readonly value: string;
}

export interface SecretRow {
  readonly name: string;
  /** With its six random characters: a name that is used anew gets another. */
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly description?: string;
  /** As the client named the key; absent: the service's own. */
  readonly keyId?: string;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  /** The start of the day (UTC) a value was last read on. */
  readonly accessedDayMs?: number;
  readonly tags: readonly SecretTag[];
  /** JSON text. */
  readonly policy?: string;
  /** Only of secrets that wait for their end. */
  readonly deleteAtMs?: number;
  /** Stays, disabled, when rotation is turned off. */
  readonly rotation?: RotationConfig;
}

export interface RotationConfig {
  readonly enabled: boolean;
  readonly functionArn: string;
  /** Absent: only on demand. */
  readonly rules?: RotationRules;
  readonly rotatedAtMs?: number;
  /** The window of the next rotation; absent while rotation is off or on demand. */
  readonly next?: { readonly startMs: number; readonly endMs: number };
}

export interface VersionRow {
  readonly secret: string;
  /** The client's token. */
  readonly id: string;
  readonly labels: readonly string[];
  readonly createdAtMs: number;
  readonly accessedDayMs?: number;
  /** The key that sealed the value; absent of a version that waits for its value. */
  readonly keyArn?: string;
}

export interface ValueRow {
  readonly form: 'text' | 'bytes';
  /** The data key as the managed key sealed it, base64. */
  readonly sealedKey: string;
  /** The value under the data key, base64. */
  readonly sealed: string;
}

export const rotationSteps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
export type RotationStep = (typeof rotationSteps)[number];

/** A rotation that is due, runs, or waits to be tried again. */
export interface RotationRow {
  readonly secret: string;
  /** The version that is to become the current one. */
  readonly token: string;
  /** `test`: the configuration is tried out, and nothing is changed. */
  readonly kind: 'rotate' | 'test';
  readonly step: RotationStep;
  /** Whether the function has been called for the step and has not been seen to answer. */
  readonly running: boolean;
  /** How often it was begun from the first step. */
  readonly attempts: number;
  readonly dueAtMs: number;
  readonly startedAtMs: number;
  /** The end of the window; no attempt begins after it. */
  readonly endsAtMs?: number;
  /** SHA-256 of the token that the function's own calls carry, hex. */
  readonly rotationToken?: string;
}

/** `account/region/name` */
export function secretKey({ account, region }: Omit<Scope, 'partition'>, name: string): string {
  return `${account}/${region}/${name}`;
}

export const secretRows: Collection<SecretRow> = {
  name: 'secrets/secret',
  indexes: {
    arn: (row) => row.arn,
    deletion: (row) => (row.deleteAtMs === undefined ? undefined : sortable(row.deleteAtMs)),
    rotation: ({ rotation, deleteAtMs }) =>
      rotation?.enabled && rotation.next && deleteAtMs === undefined
        ? sortable(rotation.next.startMs)
        : undefined,
  },
};

/** By `versionKey`. */
export const versionRows: Collection<VersionRow> = { name: 'secrets/version' };

/** By `versionKey`. */
export const valueRows: Collection<ValueRow> = { name: 'secrets/value' };

/** By the ARN of the secret: one at a time. */
export const rotationRows: Collection<RotationRow> = {
  name: 'secrets/rotation',
  indexes: { due: (row) => sortable(row.dueAtMs) },
};

/** Names have no `|`: no secret's versions begin as another's do. */
export function versionKey(secretArn: string, id: string): string {
  return `${secretArn}|${id}`;
}

export function secretArn(scope: Scope, nameAndSuffix: string): string {
  return formatArn(scope, 'secretsmanager', `secret:${nameAndSuffix}`);
}

/** By name, ARN, or ARN without the six characters; of the region only. */
export async function findSecret(
  reader: Reader,
  reference: string,
  scope: Scope,
): Promise<SecretRow | undefined> {
  const { account, region, name, whole } = readReference(reference, scope);
  if (region !== scope.region) return undefined;
  if (whole) {
    const [found] = await reader.listBy(secretRows, { index: 'arn', equals: reference, limit: 1 });
    if (found) return found.row;
  }
  return await reader.get(secretRows, secretKey({ account, region }, name));
}

/** What a reference says about the secret, whether there is one or not. */
export function readReference(reference: string, scope: Scope) {
  const arn = parseArn(reference);
  const named = arn.ok && arn.value.service === 'secretsmanager' ? arn.value : undefined;
  const prefix = 'secret:';
  if (!named?.resource.startsWith(prefix)) {
    return { account: scope.account, region: scope.region, name: reference, whole: false };
  }
  const { account, region, resource } = named;
  return { account, region, name: resource.slice(prefix.length), whole: true };
}
