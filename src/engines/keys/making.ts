/** New keys: their ids, rows and first bytes. Who may make them is not decided here. */
import { formatArn, type Scope } from '../../kernel/arn.ts';
import { assert } from '../../kernel/assert.ts';
import { type Clock, dayMs } from '../../kernel/clock.ts';
import { uuid } from '../../kernel/ids.ts';
import type { Random } from '../../kernel/random.ts';
import type { Transaction } from '../../ports/metadata-store.ts';
import { materialKey } from './crypto/material.ts';
import type { Lifecycle } from './lifecycle.ts';
import { type KeyRow, keyed, keyRows, type MaterialRow, materialRows } from './rows.ts';

export interface MakingParts {
  readonly newMaterial: Lifecycle['newMaterial'];
  readonly random: Random;
  readonly clock: Clock;
}

export interface NewKey
  extends Pick<KeyRow, 'spec' | 'usage' | 'origin' | 'manager' | 'description' | 'multiRegion'>,
    Pick<KeyRow, 'tags' | 'trustedIds'> {
  readonly scope: Scope;
  /** Of the default one when left out. */
  readonly policy?: string;
  /** Rotated by itself, every so many days. */
  readonly rotationDays?: number;
}

export interface MadeKey {
  readonly key: KeyRow;
  /** None while its bytes are to be imported. */
  readonly material?: MaterialRow;
}

/** Nothing is written yet: pairs of keys take long to make. */
export async function newKey(parts: MakingParts, wanted: NewKey): Promise<MadeKey> {
  const { scope, policy, rotationDays, ...given } = wanted;
  const { account, region } = scope;
  const bare = uuid(parts.random);
  const id = given.multiRegion ? `mrk-${bare.replaceAll('-', '')}` : bare;
  const arn = formatArn(scope, 'kms', `key/${id}`);
  const isOwn = given.origin === 'AWS_KMS';
  const material = isOwn ? await parts.newMaterial(given.spec, arn) : undefined;
  const nowMs = parts.clock.nowMs();
  const key: KeyRow = {
    ...given,
    ...{ id, arn, account, region, createdAtMs: nowMs, demandedRotations: 0 },
    policy: policy ?? defaultPolicy(scope),
    state: isOwn ? 'Enabled' : 'PendingImport',
    ...(rotationDays === undefined ? {} : { rotation: rotationOf(rotationDays, nowMs) }),
    ...(material ? { material: material.id } : {}),
  };
  return material ? { key, material } : { key };
}

export async function insertKey(tx: Transaction, { key, material }: MadeKey): Promise<void> {
  const inserted = await tx.insert(keyRows, keyed(key, key.id), key);
  assert(inserted, `a second key of the id ${key.id}`);
  if (material) await tx.put(materialRows, materialKey(key, material.id), material);
}

export function rotationOf(periodDays: number, fromMs: number): KeyRow['rotation'] & object {
  return { periodDays, nextAtMs: fromMs + periodDays * dayMs };
}

/** Leaves it to the account's own policies who may do what with the key. */
export function defaultPolicy(scope: Scope): string {
  const root = formatArn({ ...scope, region: '' }, 'iam', 'root');
  return pretty({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: root },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });
}

export function pretty(document: object): string {
  return JSON.stringify(document, undefined, 2);
}
