/** Putting one object: bytes first, then the record that makes them one. */
import { defined } from '../../kernel/assert.ts';
import type { ByteStream } from '../../kernel/bytes.ts';
import { type Answer, noBucket } from './answer.ts';
import { hold, type TakeOptions } from './blobs.ts';
import { requestFor, type SealWish } from './key-choice.ts';
import { commitTaken, type Kit } from './kit.ts';
import {
  type BucketRow,
  bucketRows,
  type Checksum,
  type Description,
  type ObjectFacts,
  type StoredVersion,
  type VersionRow,
} from './rows.ts';
import type { Seal } from './seals.ts';
import type { ObjectAddress, ObjectSummary, PutOptions } from './space.ts';
import { checkPrecondition, type Precondition, place } from './versions.ts';

export interface PutRequest extends PutOptions, TakeOptions {
  /** Goes before `contentType` and `metadata`. */
  readonly description?: Description;
  readonly precondition?: Precondition;
  /** As it was just looked up. */
  readonly bucket?: BucketRow;
  /** Goes before `keyId`; absent, both: as the bucket has it. */
  readonly encryption?: SealWish;
  /** What the request proved, asked for when the content has ended; a throw ends the put. */
  readonly checksum?: () => Checksum | undefined;
}

export interface PutResult extends ObjectSummary {
  readonly version: StoredVersion;
}

export function summaryOf({ key, modifiedAtMs, object }: StoredVersion): ObjectSummary {
  return { key, modifiedAtMs, sizeBytes: object.sizeBytes, etag: object.etag };
}

export function resultOf(row: VersionRow): PutResult {
  const version = { ...row, object: defined(row.object, 'the object just put') };
  return { ...summaryOf(version), version };
}

export async function put(
  kit: Kit,
  at: ObjectAddress,
  { content, request }: { readonly content: ByteStream; readonly request: PutRequest },
): Promise<Answer<PutResult>> {
  const { precondition = {} } = request;
  // Decided again in the transaction; refusing here saves the client from sending the bytes.
  const bucket = request.bucket ?? (await kit.store.get(bucketRows, at.bucket));
  if (!bucket) return noBucket(at.bucket);
  const early = await checkPrecondition(kit.store, at, precondition);
  if (!early.ok) return early;
  const seal = await kit.keeper.begin(at, bucket, requestFor(bucket, wishOf(request)));
  if (!seal.ok) return seal;
  try {
    return await putSealed(kit, at, { content, request, seal: seal.value });
  } finally {
    seal.value.end();
  }
}

function wishOf({ encryption, keyId }: PutRequest): SealWish | undefined {
  if (encryption || keyId === undefined) return encryption;
  return { kind: 'key', reference: keyId };
}

interface Putting {
  readonly content: ByteStream;
  readonly request: PutRequest;
  readonly seal: Seal;
}

async function putSealed(
  kit: Kit,
  at: ObjectAddress,
  { content, request, seal }: Putting,
): Promise<Answer<PutResult>> {
  const { precondition = {}, digest: algorithm, signal } = request;
  const taken = await kit.blobs.take(content, {
    ...{ seal, mayBeInRow: true },
    ...(request.anyEtag ? { anyEtag: () => anyEtag(kit) } : {}),
    ...(algorithm ? { digest: algorithm } : {}),
    ...(signal ? { signal } : {}),
  });
  if (!taken.ok) return taken;
  const { blob, sizeBytes, etag, digest } = taken.value;
  const computed: Checksum | undefined = request.digest && {
    algorithm: request.digest,
    value: defined(digest, 'the digest asked for'),
    type: 'FULL_OBJECT',
  };
  return commitTaken(kit, blob, async (tx, change) => {
    const checksum = request.checksum?.() ?? computed;
    const object: ObjectFacts = {
      ...(request.description ?? describe(request)),
      sizeBytes,
      etag,
      content: { kind: 'blob', blob },
      encryption: seal.encryption,
      ...(checksum ? { checksum } : {}),
    };
    const bucket = await tx.get(bucketRows, at.bucket);
    if (!bucket) return noBucket(at.bucket);
    const allowed = await checkPrecondition(tx, at, precondition);
    if (!allowed.ok) return allowed;
    await hold(tx, taken.value);
    const row = await place(tx, bucket, { key: at.key, object }, change);
    return { ok: true, value: resultOf(row) };
  });
}

/** Of the form that tells clients not to take it for an MD5: of an object in one part. */
function anyEtag({ random }: Kit): string {
  return `${Buffer.from(random.bytes(etagBytes)).toString('hex')}-1`;
}

const etagBytes = 16;

function describe({ contentType, metadata = {} }: PutOptions): Description {
  return { headers: contentType === undefined ? {} : { contentType }, metadata, tags: [] };
}
