/** What the key engine records: plain JSON rows and their collections. Key bytes only sealed. */
import type { Scope } from '../../kernel/arn.ts';
import { type Collection, sortable } from '../../ports/metadata-store.ts';

export type KeyUsage = 'ENCRYPT_DECRYPT' | 'SIGN_VERIFY' | 'GENERATE_VERIFY_MAC' | 'KEY_AGREEMENT';

export type KeySpec =
  | 'SYMMETRIC_DEFAULT'
  | 'RSA_2048'
  | 'RSA_3072'
  | 'RSA_4096'
  | 'ECC_NIST_P256'
  | 'ECC_NIST_P384'
  | 'ECC_NIST_P521'
  | 'ECC_SECG_P256K1'
  | 'ECC_NIST_EDWARDS25519'
  | 'HMAC_224'
  | 'HMAC_256'
  | 'HMAC_384'
  | 'HMAC_512';

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport';

export interface KeyTag {
  readonly key: string;
  readonly value: string;
}

export interface KeyRow {
  /** A UUID; of a multi-Region key `mrk-` and 32 hex digits. */
  readonly id: string;
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly createdAtMs: number;
  /** `service`: made at the first use of `alias/aws/…`; its policy is not the user's to change. */
  readonly manager: 'customer' | 'service';
  readonly description: string;
  readonly spec: KeySpec;
  readonly usage: KeyUsage;
  readonly origin: 'AWS_KMS' | 'EXTERNAL';
  readonly state: KeyState;
  readonly multiRegion: boolean;
  /** JSON text. */
  readonly policy: string;
  /** Users and roles that the policy names, by ARN: the unique ids they had when it was written. */
  readonly trustedIds?: Readonly<Record<string, string>>;
  /** Names of its aliases, kept with the alias rows. */
  readonly aliases?: readonly string[];
  /** How many grants there are: without any none need be looked for. */
  readonly grants?: number;
  readonly tags: readonly KeyTag[];
  /** Absent: not rotated by itself. */
  readonly rotation?: { readonly periodDays: number; readonly nextAtMs: number };
  /** How often it was rotated on demand; bounded. */
  readonly demandedRotations: number;
  /** Only while pending deletion. */
  readonly deleteAtMs?: number;
  readonly deletionWindowDays?: number;
  /** The material that seals now; absent while an import is pending. */
  readonly material?: string;
  /** Imported material that expires: when it does. */
  readonly validToMs?: number;
}

/** The bytes of one version of a key. Old ones stay, to open what they sealed. */
export interface MaterialRow {
  readonly key: string;
  /** 64 hex digits. */
  readonly id: string;
  readonly createdAtMs: number;
  readonly origin: 'AWS_KMS' | 'EXTERNAL';
  /**
   * Symmetric and HMAC keys: the bytes. RSA and ECC: the private key, PKCS#8 DER. Sealed by the
   * vault with the context of `materialContext`.
   */
  readonly sealed: string;
  /** RSA and ECC: SPKI DER, base64. */
  readonly publicKey?: string;
  readonly rotatedBy?: 'AUTOMATIC' | 'ON_DEMAND';
  readonly rotatedAtMs?: number;
  readonly expiresAtMs?: number;
  /** Imported material: what its user calls it. */
  readonly description?: string;
}

export interface AliasRow {
  /** `alias/…` */
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly keyId: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface GrantRow {
  /** 64 hex digits. */
  readonly id: string;
  readonly keyId: string;
  readonly keyArn: string;
  readonly name?: string;
  readonly createdAtMs: number;
  /** A principal's ARN, or a service's name. */
  readonly grantee: string;
  /** The unique id that the grantee had when the grant was made, of users and roles. */
  readonly granteeId?: string;
  readonly retiring?: string;
  readonly retiringId?: string;
  readonly operations: readonly string[];
  readonly contextSubset?: Readonly<Record<string, string>>;
  readonly contextEquals?: Readonly<Record<string, string>>;
  /** What it is used for must be this: `aws:SourceArn`. */
  readonly sourceArn?: string;
  /** The account that made it. */
  readonly issuer: string;
}

/** `account/region/id` */
export function keyed({ account, region }: Omit<Scope, 'partition'>, id: string): string {
  return `${account}/${region}/${id}`;
}

/** By `keyed(scope, id)`; `due` is when something of the key is due by itself. */
export const keyRows: Collection<KeyRow> = {
  name: 'keys/key',
  indexes: {
    due(row) {
      const dueMs = dueAtMs(row);
      return dueMs === Number.POSITIVE_INFINITY ? undefined : sortable(dueMs);
    },
  },
};

/**
 * When the key is due to be deleted or rotated, or its imported bytes to expire. A key that is not
 * enabled is not rotated: it is as soon as it is enabled again.
 */
export function dueAtMs({ state, deleteAtMs, rotation, validToMs }: KeyRow): number {
  return Math.min(
    deleteAtMs ?? Number.POSITIVE_INFINITY,
    validToMs ?? Number.POSITIVE_INFINITY,
    (state === 'Enabled' ? rotation?.nextAtMs : undefined) ?? Number.POSITIVE_INFINITY,
  );
}

/** By `keyed(scope, keyId)`, `/` and material id. */
export const materialRows: Collection<MaterialRow> = { name: 'keys/material' };

/** By `keyed(scope, name)`. */
export const aliasRows: Collection<AliasRow> = {
  name: 'keys/alias',
  indexes: { key: (row) => keyed(row, row.keyId) },
};

/** By `keyed(scope, keyId)`, `/` and grant id. */
export const grantRows: Collection<GrantRow> = {
  name: 'keys/grant',
  indexes: {
    retiring: (row) => row.retiring,
    grantee: (row) => granteeOf(row.keyArn, row.granteeId ?? row.grantee),
  },
};

/** What the index `grantee` has. */
export function granteeOf(keyArn: string, grantee: string): string {
  return `${keyArn} ${grantee}`;
}

export function materialContext(keyArn: string, material: string): Record<string, string> {
  return { purpose: 'key-material', key: keyArn, material };
}
