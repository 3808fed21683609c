/** Trails as they are shown: one, those that are named, all names. */
import type {
  DescribeTrailsRequest,
  DescribeTrailsResponse,
  GetTrailRequest,
  GetTrailResponse,
  ListTrailsRequest,
  ListTrailsResponse,
  Trail,
} from '@aws-sdk/client-cloudtrail';
import { type TrailRow, trailKey, trailRows } from '../../engines/trail/digests/rows.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';
import { findTrail, namedTrail } from './names.ts';

/** What CreateTrail and UpdateTrail answer. */
export function settingsView(row: TrailRow) {
  return {
    Name: row.name,
    S3BucketName: row.bucket,
    ...(row.prefix === undefined ? {} : { S3KeyPrefix: row.prefix }),
    ...(row.topicName === undefined ? {} : { SnsTopicName: row.topicName }),
    ...(row.topicArn === undefined ? {} : { SnsTopicARN: row.topicArn }),
    IncludeGlobalServiceEvents: row.includeGlobal,
    IsMultiRegionTrail: row.multiRegion,
    TrailARN: row.arn,
    LogFileValidationEnabled: row.validation,
    ...(row.keyArn === undefined ? {} : { KmsKeyId: row.keyArn }),
    IsOrganizationTrail: false,
  };
}

function trailView(row: TrailRow): Trail {
  return {
    ...settingsView(row),
    HomeRegion: row.region,
    HasCustomEventSelectors: row.selectors !== undefined,
    HasInsightSelectors: false,
  };
}

export async function getTrail(
  { Name = '' }: GetTrailRequest,
  ctx: Ctx,
): Promise<GetTrailResponse> {
  return { Trail: trailView(await findTrail(Name, ctx)) };
}

/** A trail of several regions is seen from each of them, unless shadows are not wanted. */
function isSeen(row: TrailRow, { scope }: Ctx, shadows: boolean): boolean {
  return row.region === scope.region || (shadows && row.multiRegion);
}

/** Names that are not there are left out, as the original does. */
export async function describeTrails(
  { trailNameList: names = [], includeShadowTrails: shadows = true }: DescribeTrailsRequest,
  ctx: Ctx,
): Promise<DescribeTrailsResponse> {
  if (names.length === 0) {
    const all = await trailsOf(ctx);
    return { trailList: all.filter((row) => isSeen(row, ctx, shadows)).map(trailView) };
  }
  const found: TrailRow[] = [];
  for (const name of names) {
    const row = await visible(name, ctx, shadows);
    if (row && !found.some(({ arn }) => arn === row.arn)) found.push(row);
  }
  return { trailList: found.map(trailView) };
}

async function visible(name: string, ctx: Ctx, shadows: boolean): Promise<TrailRow | undefined> {
  const at = namedTrail(name, ctx);
  if (at.account !== ctx.scope.account) return undefined;
  const own = await ctx.store.get(trailRows, trailKey(at, at.name));
  if (own) return isSeen(own, ctx, shadows) ? own : undefined;
  if (!shadows || name !== at.name) return undefined;
  return (await trailsOf(ctx)).find((row) => row.name === name && row.multiRegion);
}

/** Of all regions. */
export async function listTrails(
  { NextToken: token }: ListTrailsRequest,
  ctx: Ctx,
): Promise<ListTrailsResponse> {
  // Everything fits into the first page.
  if (token !== undefined) throw faults.invalid('The token is not one that ListTrails answered.');
  const rows = await trailsOf(ctx);
  return {
    Trails: rows.map(({ arn, name, region }) => ({
      TrailARN: arn,
      Name: name,
      HomeRegion: region,
    })),
  };
}

/** Five in each of some dozen regions. */
const mostTrails = 1_000;

export async function trailsOf({ store, scope }: Ctx): Promise<readonly TrailRow[]> {
  const entries = await store.list(trailRows, { prefix: `${scope.account}/`, limit: mostTrails });
  return entries.map(({ row }) => row);
}
