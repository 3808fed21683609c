/**
 * Copying an object. One with a single blob under the store's own key shares it; all else is read
 * and put again: what is made of parts, since its copy is an object in one piece with the MD5 of
 * the whole, and what is or will be under another key.
 */
import type { Abortable } from '../../ports/metadata-store.ts';
import { type Answer, no, noBucket } from './answer.ts';
import { giveUp } from './blobs.ts';
import { digestOf } from './digest.ts';
import { requestFor, type SealWish } from './key-choice.ts';
import { commit, type Kit } from './kit.ts';
import { type PutResult, put, resultOf } from './putting.ts';
import { openVersion } from './reading.ts';
import {
  bucketRows,
  type Checksum,
  type ChecksumAlgorithm,
  type Description,
  type ObjectFacts,
  type StoredVersion,
} from './rows.ts';
import { ownSeal } from './seals.ts';
import type { ObjectAddress } from './space.ts';
import { checkPrecondition, type Precondition, place, share } from './versions.ts';

export interface CopyRequest extends Abortable {
  readonly description: Description;
  readonly precondition: Precondition;
  /** Of the copy; the source's when absent. */
  readonly algorithm?: ChecksumAlgorithm;
  /** Of the copy; as the target's bucket has it when absent. Nothing of the source's. */
  readonly encryption?: SealWish;
  /** Opens the source. */
  readonly sourceKey?: Uint8Array;
}

export interface Copying {
  readonly source: StoredVersion;
  readonly to: ObjectAddress;
  readonly request: CopyRequest;
}

export async function copy(kit: Kit, copying: Copying): Promise<Answer<PutResult>> {
  const { source, to, request } = copying;
  const { description, precondition, signal, encryption, sourceKey } = request;
  const { content } = source.object;
  const bucket = await kit.store.get(bucketRows, to.bucket);
  if (!bucket) return noBucket(to.bucket);
  const wanted = requestFor(bucket, encryption);
  const kinds = [wanted.kind, (source.object.encryption ?? ownSeal.encryption).kind];
  if (content.kind === 'blob' && !sourceKey && kinds.every((kind) => kind === 'own')) {
    return shareBlob(kit, content.blob, copying);
  }
  const bytes = await openVersion(kit, source, {
    ...(signal ? { signal } : {}),
    ...(sourceKey ? { customerKey: sourceKey } : {}),
  });
  if (!bytes.ok) return bytes;
  const digest = request.algorithm ?? source.object.checksum?.algorithm;
  const putRequest = {
    description,
    precondition,
    encryption: wanted,
    ...(digest ? { digest } : {}),
    ...(signal ? { signal } : {}),
  };
  try {
    return await put(kit, to, { content: bytes.value, request: putRequest });
  } finally {
    // A put refused before it reads never starts the stream, which would keep its blobs pinned.
    await giveUp(bytes.value);
  }
}

async function shareBlob(
  kit: Kit,
  blob: string,
  { source, to, request }: Copying,
): Promise<Answer<PutResult>> {
  const checksum = await checksumOfCopy(kit, source, request);
  if (!checksum.ok) return checksum;
  const { sizeBytes, etag, content } = source.object;
  const object: ObjectFacts = {
    ...request.description,
    sizeBytes,
    etag,
    content,
    encryption: ownSeal.encryption,
    ...(checksum.value ? { checksum: checksum.value } : {}),
  };
  return commit(kit, async (tx, change) => {
    const bucket = await tx.get(bucketRows, to.bucket);
    if (!bucket) return noBucket(to.bucket);
    const allowed = await checkPrecondition(tx, to, request.precondition);
    if (!allowed.ok) return allowed;
    if (!(await share(tx, blob))) return no('changed', 'the source was deleted meanwhile');
    const row = await place(tx, bucket, { key: to.key, object }, change);
    return { ok: true, value: resultOf(row) };
  });
}

async function checksumOfCopy(
  kit: Kit,
  source: StoredVersion,
  { algorithm, signal }: CopyRequest,
): Promise<Answer<Checksum | undefined>> {
  const { checksum } = source.object;
  if (!algorithm || checksum?.algorithm === algorithm) return { ok: true, value: checksum };
  const bytes = await openVersion(kit, source, signal ? { signal } : {});
  if (!bytes.ok) return bytes;
  const value = await digestOf(algorithm, bytes.value);
  return { ok: true, value: { algorithm, value, type: 'FULL_OBJECT' } };
}
