/** What trails and their delivery record: plain JSON rows and their collections. */
import type { Scope } from '../../../kernel/arn.ts';
import type { Collection } from '../../../ports/metadata-store.ts';

export type ReadWrite = 'ReadOnly' | 'WriteOnly' | 'All';

export interface DataResource {
  /** `AWS::S3::Object`, … */
  readonly type: string;
  /** Beginnings of ARNs. */
  readonly values: readonly string[];
}

export interface BasicSelector {
  readonly readWrite: ReadWrite;
  readonly management: boolean;
  readonly dataResources: readonly DataResource[];
  /** `kms.amazonaws.com`, … */
  readonly excludedSources: readonly string[];
}

/** Every condition that is given must hold. */
export interface FieldSelector {
  readonly field: string;
  readonly equals?: readonly string[];
  readonly startsWith?: readonly string[];
  readonly endsWith?: readonly string[];
  readonly notEquals?: readonly string[];
  readonly notStartsWith?: readonly string[];
  readonly notEndsWith?: readonly string[];
}

/** All fields must hold; of several selectors one suffices. */
export interface AdvancedSelector {
  readonly name?: string;
  readonly fields: readonly FieldSelector[];
}

export type Selectors =
  | { readonly kind: 'basic'; readonly each: readonly BasicSelector[] }
  | { readonly kind: 'advanced'; readonly each: readonly AdvancedSelector[] };

export interface TrailTag {
  readonly key: string;
  readonly value?: string;
}

export interface TrailRow {
  readonly name: string;
  readonly arn: string;
  readonly account: string;
  /** Its home: where it was made. */
  readonly region: string;
  readonly createdAtMs: number;
  readonly bucket: string;
  /** Without a slash at its end. */
  readonly prefix?: string;
  readonly topicName?: string;
  readonly topicArn?: string;
  readonly keyArn?: string;
  readonly includeGlobal: boolean;
  readonly multiRegion: boolean;
  /** Whether digests are written. */
  readonly validation: boolean;
  /** Absent: all management events. */
  readonly selectors?: Selectors;
  readonly tags: readonly TrailTag[];
  readonly logging: boolean;
  readonly startedAtMs?: number;
  readonly stoppedAtMs?: number;
}

/** From a start of logging to its stop. */
export interface Run {
  readonly startedAtMs: number;
  readonly stoppedAtMs?: number;
  /** The stretch that was delivered last, or that ended before the start. */
  readonly after?: string;
}

export interface LogFile {
  readonly bucket: string;
  readonly key: string;
  /** Of the uncompressed bytes, hex. */
  readonly sha256: string;
  /** Seconds, ISO 8601. */
  readonly newest: string;
  readonly oldest: string;
}

export interface PreviousDigest {
  readonly bucket: string;
  readonly key: string;
  readonly sha256: string;
  readonly signature: string;
}

/** The digests of one region in one run. */
export interface Chain {
  readonly region: string;
  readonly previous?: PreviousDigest;
  /** Delivered since the last digest. */
  readonly files: readonly LogFile[];
}

export interface DeliveryRow {
  /** Of the trail, so that a trail that is made again does not go on where another ended. */
  readonly createdAtMs: number;
  /** Oldest first: the first is being delivered. */
  readonly runs: readonly Run[];
  /** Of the first run. */
  readonly chains: readonly Chain[];
  /** Since when files belong to the next digest. */
  readonly periodStartMs?: number;
  /** The end of the digests that are being written: until they are, they stay as they are. */
  readonly pendingEndMs?: number;
  /** Digests that were ever written, by region. */
  readonly written: Readonly<Record<string, number>>;
  readonly lastDigestEndMs?: number;
  readonly delivery?: Attempts;
  readonly digest?: Attempts;
  readonly notification?: Attempts;
}

/** How it went. `error` is that of the latest attempt, absent when it succeeded. */
export interface Attempts {
  readonly attemptedAtMs: number;
  readonly succeededAtMs?: number;
  readonly error?: string;
}

export interface SigningKeyRow {
  readonly region: string;
  /** When it began to sign. */
  readonly validFromMs: number;
  /** Until when what it signed may be dated. */
  readonly validToMs: number;
  /** PKCS#1 DER, base64. */
  readonly publicKey: string;
  /** MD5 of the DER, hex. */
  readonly fingerprint: string;
  /** PKCS#8 DER, sealed; absent when the key signs no more. */
  readonly sealed?: string;
}

/** `account/region/name` */
export function trailKey({ account, region }: Omit<Scope, 'partition'>, name: string): string {
  return `${account}/${region}/${name}`;
}

export const trailRows: Collection<TrailRow> = {
  name: 'trail/trail',
  indexes: { logging: (row) => (row.logging ? 'yes' : undefined) },
};

/** By the key of the trail. */
export const deliveryRows: Collection<DeliveryRow> = { name: 'trail/delivery' };

/** By region, `/` and the sortable instant from which the key is valid. */
export const signingKeyRows: Collection<SigningKeyRow> = { name: 'trail/signing-key' };

export const defaultSelector: BasicSelector = {
  readWrite: 'All',
  management: true,
  dataResources: [],
  excludedSources: [],
};
