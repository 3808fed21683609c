/** Buckets: making, finding, listing and deleting them. */
import type {
  BucketLocationConstraint,
  CreateBucketOutput,
  CreateBucketRequest,
  DeleteBucketRequest,
  GetBucketLocationOutput,
  GetBucketLocationRequest,
  HeadBucketOutput,
  HeadBucketRequest,
  ListBucketsOutput,
  ListBucketsRequest,
} from '@aws-sdk/client-s3';
import type { BucketRow } from '../../engines/objects/rows.ts';
import type { Scope } from '../../kernel/arn.ts';
import { defined } from '../../kernel/assert.ts';
import { Fault } from '../../wire/operation.ts';
import { isBucketName } from './bucket-name.ts';
import type { S3Ctx } from './context.ts';
import { faults } from './faults.ts';
import { bucketArn, bucketOf, ownerOf, valueOf } from './ground.ts';
import { readToken, writeToken } from './paging.ts';
import { bucketTags } from './tags.ts';
import { refuseUnbuilt } from './unbuilt.ts';

/** Where a bucket is when nobody says where; its location is told as empty. */
const defaultRegion = 'us-east-1';

export async function createBucket(
  input: CreateBucketRequest,
  ctx: S3Ctx,
): Promise<CreateBucketOutput> {
  const name = defined(input.Bucket, 'Bucket');
  if (!isBucketName(name)) throw faults.invalidBucketName(name);
  refuseUnbuilt(input);
  const { ObjectOwnership: ownership, CreateBucketConfiguration: settings } = input;
  if (ownership !== undefined && ownership !== 'BucketOwnerEnforced') {
    throw faults.notImplemented('x-amz-object-ownership');
  }
  if (settings?.Bucket !== undefined || settings?.Location !== undefined) {
    throw faults.notImplemented('CreateBucketConfiguration.Bucket');
  }
  const region = regionOf(settings?.LocationConstraint, ctx.scope);
  const tags = bucketTags(settings?.Tags);
  const owner = ctx.caller.account;
  const made = await ctx.objects.buckets.create({ name, owner, region, tags });
  if (!made.ok && made.detail?.['owner'] !== owner) throw faults.bucketExists(name);
  // The default region alone takes a second creation by the owner for a success.
  const again = made.ok || (region === defaultRegion && made.detail?.['region'] === region);
  if (!again) throw faults.bucketOwned(name);
  return { Location: `/${name}`, BucketArn: bucketArn(name, ctx.scope) };
}

/** Each region's endpoint makes buckets in that region, and the default region's in any. */
function regionOf(constraint: BucketLocationConstraint | undefined, { region }: Scope): string {
  const wanted: string | undefined = constraint === 'EU' ? 'eu-west-1' : constraint;
  if (wanted === undefined || wanted === '') {
    if (region !== defaultRegion) throw faults.badLocation(undefined);
    return defaultRegion;
  }
  if (wanted === defaultRegion || !/^[a-z]{2}(-[a-z]+)+-\d$/.test(wanted)) {
    throw faults.unknownLocation(wanted);
  }
  if (region !== defaultRegion && wanted !== region) throw faults.badLocation(wanted);
  return wanted;
}

export async function headBucket(input: HeadBucketRequest, ctx: S3Ctx): Promise<HeadBucketOutput> {
  try {
    const { region } = await bucketOf(input, ctx);
    return { BucketRegion: region, AccessPointAlias: false };
  } catch (error) {
    if (error instanceof Fault && error.code === 'NoSuchBucket') throw faults.notFound();
    throw error;
  }
}

export async function getBucketLocation(
  input: GetBucketLocationRequest,
  ctx: S3Ctx,
): Promise<GetBucketLocationOutput> {
  const { region } = await bucketOf(input, ctx);
  if (region === defaultRegion) return {};
  return { LocationConstraint: region as BucketLocationConstraint };
}

export async function deleteBucket(input: DeleteBucketRequest, ctx: S3Ctx): Promise<void> {
  const { name, versioning } = await bucketOf(input, ctx);
  const removed = await ctx.objects.buckets.remove(name);
  if (!removed.ok && removed.why === 'bucketNotEmpty') {
    throw faults.bucketNotEmpty(name, versioning !== 'off');
  }
  valueOf(removed, { bucket: name, key: '' });
}

const maxBuckets = 10_000;

export async function listBuckets(
  input: ListBucketsRequest,
  ctx: S3Ctx,
): Promise<ListBucketsOutput> {
  const { MaxBuckets = maxBuckets, Prefix, BucketRegion } = input;
  if (MaxBuckets < 1 || MaxBuckets > maxBuckets) {
    const message = `Argument max-buckets must be an integer between 1 and ${maxBuckets}`;
    throw faults.invalidArgument('max-buckets', MaxBuckets, message);
  }
  const account = ctx.caller.account;
  const found: BucketRow[] = [];
  let after =
    input.ContinuationToken === undefined
      ? undefined
      : readToken('ListBuckets', input.ContinuationToken);
  const limit = MaxBuckets + 1;
  while (found.length < limit) {
    const query = { prefix: Prefix ?? '', limit, ...(after === undefined ? {} : { after }) };
    const page = await ctx.objects.buckets.list(account, query);
    found.push(...page.filter((row) => BucketRegion === undefined || row.region === BucketRegion));
    after = page.at(-1)?.name;
    if (page.length < limit) break;
  }
  const shown = found.slice(0, MaxBuckets);
  const last = shown.at(-1);
  return {
    Buckets: shown.map(({ name, region, createdAtMs }) => ({
      Name: name,
      CreationDate: new Date(createdAtMs),
      BucketRegion: region,
      BucketArn: bucketArn(name, ctx.scope),
    })),
    Owner: ownerOf(account),
    Prefix,
    ContinuationToken:
      found.length > MaxBuckets && last ? writeToken('ListBuckets', last.name) : undefined,
  };
}
