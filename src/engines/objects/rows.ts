/**
 * What the object engine records: plain JSON rows and their collections. Not how they change.
 *
 * INVARIANT: a key's newest version is in `liveRows` unless it is a delete marker; every other
 * version, and every delete marker, is in `pastRows`. So reading and listing what exists touches
 * one row an object, however many versions lie behind it.
 */
import type { Collection } from '../../ports/metadata-store.ts';
import { locatorOf } from './keys.ts';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export type Versioning = 'off' | 'enabled' | 'suspended';

export interface BucketRow {
  readonly name: string;
  /** The account. */
  readonly owner: string;
  readonly region: string;
  readonly createdAtMs: number;
  readonly versioning: Versioning;
  readonly tags: readonly Tag[];
  /** The access policy as it was given, JSON text. */
  readonly policy?: string;
  /** Absent: everything is blocked, as for a new bucket. `none` once that was taken away. */
  readonly publicAccess?: PublicAccessBlock | 'none';
  /** Absent: the store's own key for what does not say otherwise. */
  readonly encryption?: BucketEncryption;
}

/** How what is put into a bucket is encrypted when the request does not say. */
export interface BucketEncryption {
  readonly kind: 'own' | 'key';
  /** Of `key`: as it was given, looked up at each write. Absent: the service's own managed key. */
  readonly key?: string;
  readonly twice?: true;
  /** Of `key`: one data key serves many objects for a while. */
  readonly bucketKey: boolean;
  /** New objects may not be encrypted with keys of the client's. */
  readonly blocksCustomerKeys?: true;
}

/** What an object's bytes are encrypted under, all its blobs alike. */
export type Encryption =
  /** The store's own key. */
  | { readonly kind: 'own' }
  | {
      readonly kind: 'key';
      /** The managed key that sealed the data key. */
      readonly keyArn: string;
      /** The data key, sealed; base64. */
      readonly sealedKey: string;
      readonly bucketKey: boolean;
      /** What the client added to the encryption context. */
      readonly context?: Readonly<Record<string, string>>;
      /** Once more under the store's own key. */
      readonly twice?: true;
    }
  /** The client's key, which is not kept: a salt and the HMAC-SHA256 of it, base64. */
  | { readonly kind: 'customer'; readonly keyCheck: string };

/** What of public access a bucket's owner keeps out, whatever policies and lists say. */
export interface PublicAccessBlock {
  readonly blockAcls: boolean;
  readonly ignoreAcls: boolean;
  /** Policies that would make the bucket public are refused. */
  readonly blockPolicy: boolean;
  /** A public policy lets in the owner's account and services only. */
  readonly restrictBuckets: boolean;
}

/** Algorithms as clients name them. */
export type ChecksumAlgorithm =
  | 'CRC32'
  | 'CRC32C'
  | 'CRC64NVME'
  | 'SHA1'
  | 'SHA256'
  | 'SHA512'
  | 'MD5';

export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; a composite one ends in `-<parts>`. */
  readonly value: string;
  readonly type: ChecksumType;
}

export interface ContentHeaders {
  readonly contentType?: string;
  readonly cacheControl?: string;
  readonly contentDisposition?: string;
  readonly contentEncoding?: string;
  readonly contentLanguage?: string;
  readonly expiresAtMs?: number;
}

/** What a client says about an object beside its bytes. */
export interface Description {
  readonly headers: ContentHeaders;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
  /** A label; every object is kept alike. */
  readonly storageClass?: string;
}

/** One blob, or the parts a manifest names. */
export type Content =
  | { readonly kind: 'blob'; readonly blob: string }
  | { readonly kind: 'parts'; readonly manifest: string; readonly count: number };

export interface ObjectFacts extends Description {
  readonly sizeBytes: number;
  /** Hex, without quotes. */
  readonly etag: string;
  readonly content: Content;
  /** Absent: `own`. */
  readonly encryption?: Encryption;
  readonly checksum?: Checksum;
  /** The upload it was completed from. */
  readonly uploadId?: string;
}

/** The id of versions made while a bucket's versioning is off or suspended. */
export const nullVersion = 'null';

export interface VersionRow {
  readonly bucket: string;
  readonly key: string;
  readonly id: string;
  /** Grows with every version of a key; about the time in milliseconds. */
  readonly seq: number;
  readonly modifiedAtMs: number;
  /** Absent: a delete marker. */
  readonly object?: ObjectFacts;
}

export interface StoredVersion extends VersionRow {
  readonly object: ObjectFacts;
}

export interface Part {
  readonly number: number;
  readonly blob: string;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly modifiedAtMs: number;
  readonly checksum?: Checksum;
}

export interface UploadRow extends Description {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly initiatedAtMs: number;
  /** The principal's ARN. */
  readonly initiator: string;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType };
  /** Of every part and of the object; absent: `own`. */
  readonly encryption?: Encryption;
}

/** By name. */
export const bucketRows: Collection<BucketRow> = {
  name: 'objects/bucket',
  indexes: { owner: (row) => row.owner },
};

/** By locator. */
export const liveRows: Collection<StoredVersion> = { name: 'objects/live' };

/** By locator and order of versions. */
export const pastRows: Collection<VersionRow> = {
  name: 'objects/past',
  indexes: { version: (row) => versionIndex(row.bucket, row.key, row.id) },
};

export function versionIndex(bucket: string, key: string, id: string): string {
  return locatorOf(bucket, key) + id;
}

/** The parts of an object made of parts, by an id that only the version of the object names. */
export const manifestRows: Collection<{ readonly parts: readonly Part[] }> = {
  name: 'objects/manifest',
};

/** By locator and upload id; ids sort by the time the upload began. */
export const uploadRows: Collection<UploadRow> = { name: 'objects/upload' };

/** By upload id and part number of five digits. */
export const partRows: Collection<Part> = { name: 'objects/part' };

export interface BlobRow {
  /** How many rows name it. */
  readonly refs: number;
  /** Base64: all there is of it, sealed as a blob is. Absent: it is in the store of blobs. */
  readonly sealed?: string;
}

/** Every blob that rows name, by its id. */
export const blobRows: Collection<BlobRow> = { name: 'objects/blob' };

/** Blobs no row named when a sweep saw them, by id, with the time of the first such sweep. */
export const orphanRows: Collection<{ readonly seenAtMs: number }> = { name: 'objects/orphan' };
