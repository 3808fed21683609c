/**
 * How a bucket's objects are encrypted when requests do not say, and whether clients may bring keys
 * of their own. Of what is put from then on: objects that are there stay as they are.
 */
import type {
  DeleteBucketEncryptionRequest,
  GetBucketEncryptionOutput,
  GetBucketEncryptionRequest,
  PutBucketEncryptionRequest,
  ServerSideEncryptionByDefault,
  ServerSideEncryptionRule,
} from '@aws-sdk/client-s3';
import type { BucketEncryption } from '../../engines/objects/rows.ts';
import type { S3Ctx } from './context.ts';
import { faults } from './faults.ts';
import { bucketOf, valueOf } from './ground.ts';

/** The key's existence is not looked at, as in the original: writes say what is wrong with it. */
export async function putBucketEncryption(
  input: PutBucketEncryptionRequest,
  ctx: S3Ctx,
): Promise<void> {
  const { name } = await bucketOf(input, ctx);
  const rules = input.ServerSideEncryptionConfiguration?.Rules ?? [];
  const [rule] = rules;
  if (!rule || rules.length > 1) throw faults.malformedXml();
  const encryption = encryptionOf(rule);
  valueOf(await ctx.objects.buckets.setEncryption(name, encryption), { bucket: name, key: '' });
}

function encryptionOf(rule: ServerSideEncryptionRule): BucketEncryption {
  return {
    ...defaultOf(rule.ApplyServerSideEncryptionByDefault ?? plain),
    bucketKey: rule.BucketKeyEnabled ?? false,
    ...(blocksCustomerKeys(rule) ? { blocksCustomerKeys: true } : {}),
  };
}

/** An algorithm to its kind, and whether it encrypts twice. */
const algorithms: Readonly<Record<string, Pick<BucketEncryption, 'kind' | 'twice'>>> = {
  AES256: { kind: 'own' },
  'aws:kms': { kind: 'key' },
  'aws:kms:dsse': { kind: 'key', twice: true },
};

const plain = { SSEAlgorithm: 'AES256' as const };

function defaultOf({ SSEAlgorithm, KMSMasterKeyID: key }: DefaultRule) {
  const algorithm = SSEAlgorithm ?? '';
  const known = Object.hasOwn(algorithms, algorithm) ? algorithms[algorithm] : undefined;
  if (!known) throw faults.malformedXml();
  if (key === undefined) return known;
  if (known.kind === 'key' && key !== '') return { ...known, key };
  const message =
    known.kind === 'key'
      ? 'The KMSMasterKeyID is empty'
      : 'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or' +
        ' aws:kms:dsse';
  throw faults.invalidArgument('KMSMasterKeyID', key, message);
}

type DefaultRule = Partial<ServerSideEncryptionByDefault>;

function blocksCustomerKeys({ BlockedEncryptionTypes: blocked }: ServerSideEncryptionRule) {
  const types: readonly string[] = blocked?.EncryptionType ?? [];
  const known = types.every((type) => type === 'NONE' || type === 'SSE-C');
  if (!known || types.length > 1) throw faults.malformedXml();
  return types[0] === 'SSE-C';
}

/** Always answers: there is no bucket whose objects are not encrypted. */
export async function getBucketEncryption(
  input: GetBucketEncryptionRequest,
  ctx: S3Ctx,
): Promise<GetBucketEncryptionOutput> {
  const { encryption = { kind: 'own', bucketKey: false } } = await bucketOf(input, ctx);
  const { kind, twice, key, bucketKey, blocksCustomerKeys: blocks } = encryption;
  const managed = twice ? 'aws:kms:dsse' : 'aws:kms';
  const rule: ServerSideEncryptionRule = {
    ApplyServerSideEncryptionByDefault: {
      SSEAlgorithm: kind === 'own' ? 'AES256' : managed,
      KMSMasterKeyID: key,
    },
    BucketKeyEnabled: bucketKey,
    ...(blocks ? { BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] } } : {}),
  };
  return { ServerSideEncryptionConfiguration: { Rules: [rule] } };
}

/** Back to what buckets have when they are made. */
export async function deleteBucketEncryption(
  input: DeleteBucketEncryptionRequest,
  ctx: S3Ctx,
): Promise<void> {
  const { name } = await bucketOf(input, ctx);
  valueOf(await ctx.objects.buckets.setEncryption(name, undefined), { bucket: name, key: '' });
}
