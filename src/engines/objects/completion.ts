/** Completing an upload: what the client lists is checked against what is there, then joined. */
import type { Transaction } from '../../ports/metadata-store.ts';
import { type Answer, no, noBucket } from './answer.ts';
import { letGo } from './blobs.ts';
import { checksumOfParts, multipartEtag } from './digest.ts';
import { locatorOf, maxPartNumber, partKey, type UploadAddress, uploadKey } from './keys.ts';
import {
  bucketRows,
  type Checksum,
  liveRows,
  manifestRows,
  type ObjectFacts,
  type Part,
  partRows,
  type StoredVersion,
  type UploadRow,
  uploadRows,
} from './rows.ts';
import type { Unlocking } from './seals.ts';
import { type Change, checkPrecondition, type Precondition, place } from './versions.ts';

/** Every part but the last. */
export const minPartBytes = 5 * 1024 ** 2;

export interface CompletedPart {
  readonly number: number;
  /** Hex, without quotes. */
  readonly etag: string;
  readonly checksum?: Pick<Checksum, 'algorithm' | 'value'>;
}

export interface Completion extends Unlocking {
  /** At least one. */
  readonly parts: readonly CompletedPart[];
  readonly precondition: Precondition;
  /** What the client says of the whole, to be compared. */
  readonly checksum?: Pick<Checksum, 'algorithm' | 'value'>;
  readonly sizeBytes?: number;
}

interface Completing {
  readonly completion: Completion;
  readonly change: Change;
}

export async function complete(
  tx: Transaction,
  at: UploadAddress,
  { completion, change }: Completing,
): Promise<Answer<StoredVersion>> {
  const upload = await tx.get(uploadRows, uploadKey(at));
  if (!upload) return completedBefore(tx, at);
  const bucket = await tx.get(bucketRows, at.bucket);
  if (!bucket) return noBucket(at.bucket);
  const parts = await chosenParts(tx, upload, completion);
  if (!parts.ok) return parts;
  const object = joined(upload, parts.value, completion);
  if (!object.ok) return object;
  const allowed = await checkPrecondition(tx, at, completion.precondition);
  if (!allowed.ok) return allowed;

  await tx.put(manifestRows, at.uploadId, { parts: parts.value });
  await forgetUpload(tx, upload, { parts: parts.value, freed: change.freed });
  const row = await place(tx, bucket, { key: at.key, object: object.value }, change);
  return { ok: true, value: { ...row, object: object.value } };
}

/** A client that never got the answer asks again: the object it made is still the answer. */
async function completedBefore(tx: Transaction, at: UploadAddress): Promise<Answer<StoredVersion>> {
  const live = await tx.get(liveRows, locatorOf(at.bucket, at.key));
  if (live?.object.uploadId === at.uploadId) return { ok: true, value: live };
  return no('noUpload', `there is no upload ${at.uploadId}`);
}

async function chosenParts(
  tx: Transaction,
  upload: UploadRow,
  { parts: wanted }: Completion,
): Promise<Answer<readonly Part[]>> {
  // The order is wrong whatever parts there are, so it is looked at first.
  const isOrdered = wanted.every(({ number }, at) => number > (wanted[at - 1]?.number ?? 0));
  if (!isOrdered) return no('partOrder', 'parts are not in ascending order');
  const chosen: Part[] = [];
  for (const want of wanted) {
    const part = await tx.get(partRows, partKey(upload.uploadId, want.number));
    const refusal = part ? refusalOf(upload, part, want) : badPart(want.number);
    if (!part || refusal) return refusal ?? badPart(want.number);
    chosen.push(part);
  }
  const small = chosen.slice(0, -1).find((part) => part.sizeBytes < minPartBytes);
  if (!small) return { ok: true, value: chosen };
  const { number, etag, sizeBytes } = small;
  return no('partTooSmall', `part ${number} is too small`, { number, etag, sizeBytes });
}

const badPart = (number: number) => no('badPart', `part ${number} is not as listed`, { number });

function refusalOf(upload: UploadRow, part: Part, want: CompletedPart) {
  if (want.etag !== part.etag) return badPart(part.number);
  if (want.checksum) {
    const same =
      want.checksum.algorithm === part.checksum?.algorithm &&
      want.checksum.value === part.checksum.value;
    return same ? undefined : badPart(part.number);
  }
  if (upload.checksum?.type !== 'COMPOSITE') return undefined;
  return no('partChecksumMissing', `part ${part.number} has no checksum`, { number: part.number });
}

function joined(
  upload: UploadRow,
  parts: readonly Part[],
  { checksum: expected, sizeBytes: expectedBytes }: Completion,
): Answer<ObjectFacts> {
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  if (expectedBytes !== undefined && expectedBytes !== sizeBytes) {
    return no('badSize', `the object has ${sizeBytes} bytes`, { sizeBytes });
  }
  const wanted = upload.checksum ?? (expected && { ...expected, type: 'FULL_OBJECT' as const });
  const checksum = wanted && checksumOfParts(wanted, parts);
  if (expected && !(checksum && agrees(expected, checksum))) {
    return no('badChecksum', 'the checksum is another', { algorithm: expected.algorithm });
  }
  const { headers, metadata, tags, storageClass, encryption } = upload;
  const object: ObjectFacts = {
    headers,
    metadata,
    tags,
    ...(storageClass === undefined ? {} : { storageClass }),
    sizeBytes,
    etag: multipartEtag(parts.map((part) => part.etag)),
    content: { kind: 'parts', manifest: upload.uploadId, count: parts.length },
    ...(encryption ? { encryption } : {}),
    ...(checksum ? { checksum } : {}),
    uploadId: upload.uploadId,
  };
  return { ok: true, value: object };
}

/** A composite value may be given without its count. */
function agrees(expected: Pick<Checksum, 'algorithm' | 'value'>, actual: Checksum): boolean {
  if (expected.algorithm !== actual.algorithm) return false;
  return expected.value === actual.value || actual.value.startsWith(`${expected.value}-`);
}

/** Rows of the upload go; blobs of parts the object does not name are freed. */
async function forgetUpload(
  tx: Transaction,
  upload: UploadRow,
  { parts, freed }: { readonly parts: readonly Part[]; readonly freed: string[] },
): Promise<void> {
  const kept = new Set(parts.map((part) => part.blob));
  const range = { prefix: `${upload.uploadId}/`, limit: maxPartNumber };
  for (const { key, row } of await tx.list(partRows, range)) {
    await tx.delete(partRows, key);
    if (!kept.has(row.blob)) await letGo(tx, row.blob, freed);
  }
  await tx.delete(uploadRows, uploadKey(upload));
}
