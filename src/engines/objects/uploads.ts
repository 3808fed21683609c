/**
 * Uploads in parts. Each part is a blob of its own; completing an upload makes an object that
 * names them in order, and copies nothing.
 */
import type { ByteStream } from '../../kernel/bytes.ts';
import type { Reader, Transaction } from '../../ports/metadata-store.ts';
import { type Answer, no, noBucket } from './answer.ts';
import { hold, letGo, type TakeOptions } from './blobs.ts';
import { type Completion, complete } from './completion.ts';
import { requestFor, type SealWish } from './key-choice.ts';
import { maxPartNumber, partKey, type UploadAddress, uploadKey } from './keys.ts';
import { commit, commitTaken, type Kit, newUploadId } from './kit.ts';
import { type ListQuery, type Page, rowsOf, startAfter, walk } from './listing.ts';
import {
  bucketRows,
  type Checksum,
  type Part,
  partRows,
  type StoredVersion,
  type UploadRow,
  uploadRows,
} from './rows.ts';
import type { Seal, Unlocking } from './seals.ts';

export interface NewUpload extends Omit<UploadRow, 'uploadId' | 'initiatedAtMs' | 'encryption'> {
  /** Of every part and of the object; as the bucket has it when absent. */
  readonly encryption?: SealWish;
}

/** Opened with the same key of the client's as the upload was begun with. */
export interface PartRequest extends TakeOptions, Unlocking {
  readonly number: number;
  /** What the request proved, asked for when the content has ended; a throw ends the put. */
  readonly checksum?: () => Checksum | undefined;
}

export interface UploadQuery extends ListQuery {
  /** With `after`: the upload of that key to continue after. */
  readonly afterUploadId?: string;
}

/** All refuse `noUpload` where there is none, the bucket or the key being another included. */
export interface Uploads {
  /** Refuses `noBucket`; as `Keeper.begin`. */
  begin(upload: NewUpload): Promise<Answer<UploadRow>>;
  get(at: UploadAddress): Promise<Answer<UploadRow>>;
  /** Replaces a part of the same number. Refuses `tooLarge`; as `Keeper.open`. */
  putPart(at: UploadAddress, content: ByteStream, part: PartRequest): Promise<Answer<Part>>;
  /** In order of numbers. */
  parts(
    at: UploadAddress,
    page: { readonly after: number; readonly limit: number },
  ): Promise<Answer<readonly Part[]>>;
  /** In order of keys, then of beginnings. */
  list(query: UploadQuery): Promise<Page<UploadRow>>;
  /**
   * Makes the object. Refuses `badPart`, `partOrder`, `partTooSmall`, `partChecksumMissing`,
   * `badChecksum`, `badSize`, `precondition`, `noObject`; as `Keeper.open`. Done twice, it answers
   * the same again as long as the object is the key's newest version.
   */
  complete(at: UploadAddress, completion: Completion): Promise<Answer<StoredVersion>>;
  abort(at: UploadAddress): Promise<Answer<undefined>>;
}

export function makeUploads(kit: Kit): Uploads {
  return {
    begin: (upload) => begin(kit, upload),
    get: (at) => find(kit.store, at),
    putPart: (at, content, part) => putPart(kit, at, { content, part }),
    parts: (at, page) => listParts(kit.store, at, page),
    list: (query) => listUploads(kit.store, query),
    async complete(at, completion) {
      const usable = await keyUsable(kit, at, completion);
      if (!usable.ok) return usable;
      return commit(kit, (tx, change) => complete(tx, at, { completion, change }));
    },
    abort: (at) =>
      commit(kit, async (tx, { freed }) => {
        const found = await find(tx, at);
        if (!found.ok) return found;
        await discardUpload(tx, found.value, freed);
        return { ok: true, value: undefined };
      }),
  };
}

async function begin(
  kit: Kit,
  { encryption: asked, ...upload }: NewUpload,
): Promise<Answer<UploadRow>> {
  const uploadId = newUploadId(kit);
  const bucket = await kit.store.get(bucketRows, upload.bucket);
  if (!bucket) return noBucket(upload.bucket);
  const seal = await kit.keeper.begin(upload, bucket, requestFor(bucket, asked));
  if (!seal.ok) return seal;
  const { encryption } = seal.value;
  seal.value.end();
  return commit(kit, async (tx, { nowMs }) => {
    if (!(await tx.get(bucketRows, upload.bucket))) return noBucket(upload.bucket);
    const row = { ...upload, uploadId, initiatedAtMs: nowMs, encryption };
    await tx.put(uploadRows, uploadKey(row), row);
    return { ok: true, value: row };
  });
}

async function find(reader: Reader, at: UploadAddress): Promise<Answer<UploadRow>> {
  const value = await reader.get(uploadRows, uploadKey(at));
  return value ? { ok: true, value } : no('noUpload', `there is no upload ${at.uploadId}`);
}

/** An upload that is gone is for `complete` to judge. */
async function keyUsable(
  kit: Kit,
  at: UploadAddress,
  { customerKey }: Completion,
): Promise<Answer<undefined>> {
  const upload = await find(kit.store, at);
  const fine = { ok: true, value: undefined } as const;
  if (!upload.ok) return fine;
  const { encryption } = upload.value;
  // Completing reads no bytes: a key of the client's may be left out.
  if (encryption?.kind === 'customer' && !customerKey) return fine;
  const seal = await kit.keeper.open({ at, encryption }, customerKey ? { customerKey } : {});
  if (!seal.ok) return seal;
  seal.value.end();
  return fine;
}

interface PuttingPart {
  readonly content: ByteStream;
  readonly part: PartRequest;
}

async function putPart(kit: Kit, at: UploadAddress, putting: PuttingPart): Promise<Answer<Part>> {
  const upload = await find(kit.store, at);
  if (!upload.ok) return upload;
  const { encryption } = upload.value;
  const seal = await kit.keeper.open({ at, encryption }, putting.part);
  if (!seal.ok) return seal;
  try {
    return await putSealed(kit, at, { ...putting, seal: seal.value });
  } finally {
    seal.value.end();
  }
}

async function putSealed(
  kit: Kit,
  at: UploadAddress,
  { content, part, seal }: PuttingPart & { readonly seal: Seal },
): Promise<Answer<Part>> {
  const taken = await kit.blobs.take(content, {
    seal,
    ...(part.digest ? { digest: part.digest } : {}),
    ...(part.signal ? { signal: part.signal } : {}),
  });
  if (!taken.ok) return taken;
  const { blob, sizeBytes, etag, digest } = taken.value;
  const computed: Checksum | undefined = part.digest && {
    algorithm: part.digest,
    value: digest ?? '',
    type: 'FULL_OBJECT',
  };
  return commitTaken(kit, blob, async (tx, { nowMs, freed }) => {
    const upload = await find(tx, at);
    if (!upload.ok) return upload;
    const checksum = part.checksum?.() ?? computed;
    const key = partKey(at.uploadId, part.number);
    const before = await tx.get(partRows, key);
    const facts = { number: part.number, blob, sizeBytes, etag, modifiedAtMs: nowMs };
    const row: Part = checksum ? { ...facts, checksum } : facts;
    await hold(tx, taken.value);
    await tx.put(partRows, key, row);
    if (before) await letGo(tx, before.blob, freed);
    return { ok: true, value: row };
  });
}

async function listParts(
  reader: Reader,
  at: UploadAddress,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<Answer<readonly Part[]>> {
  const upload = await find(reader, at);
  if (!upload.ok) return upload;
  const prefix = `${at.uploadId}/`;
  const entries = await reader.list(partRows, {
    prefix,
    limit,
    ...(after > 0 ? { after: partKey(at.uploadId, Math.min(after, maxPartNumber)) } : {}),
  });
  return { ok: true, value: entries.map((entry) => entry.row) };
}

function listUploads(reader: Reader, query: UploadQuery): Promise<Page<UploadRow>> {
  const { bucket, after: key, afterUploadId: uploadId } = query;
  const start =
    key === undefined || uploadId === undefined
      ? startAfter(query)
      : { after: uploadKey({ bucket, key, uploadId }) };
  return walk(rowsOf(reader, uploadRows), query, start);
}

/** In a transaction: forgets the upload and frees its parts. */
export async function discardUpload(
  tx: Transaction,
  upload: UploadRow,
  freed: string[],
): Promise<void> {
  const parts = await tx.list(partRows, { prefix: `${upload.uploadId}/`, limit: maxPartNumber });
  for (const { key, row } of parts) {
    await tx.delete(partRows, key);
    await letGo(tx, row.blob, freed);
  }
  await tx.delete(uploadRows, uploadKey(upload));
}
