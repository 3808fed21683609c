/** Insights are not computed here, and nobody is told that they were. */
import type {
  GetInsightSelectorsRequest,
  GetInsightSelectorsResponse,
  PutInsightSelectorsRequest,
  PutInsightSelectorsResponse,
} from '@aws-sdk/client-cloudtrail';
import type { TrailRow } from '../../engines/trail/digests/rows.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';
import { findHomeTrail, findTrail } from './names.ts';

interface Target {
  readonly TrailName?: string | undefined;
  readonly EventDataStore?: string | undefined;
}

async function trailOf(
  { TrailName: name, EventDataStore: eventStore }: Target,
  find: (name: string) => Promise<TrailRow>,
): Promise<TrailRow> {
  if (name !== undefined && eventStore !== undefined) {
    throw faults.combination('TrailName and EventDataStore cannot be given together.');
  }
  if (eventStore !== undefined) throw faults.storesUnsupported();
  if (name === undefined) throw faults.invalid('TrailName or EventDataStore is required.');
  return find(name);
}

/** No selector at all is what every trail has, and can be asked for. */
export async function putInsightSelectors(
  input: PutInsightSelectorsRequest,
  ctx: Ctx,
): Promise<PutInsightSelectorsResponse> {
  const row = await trailOf(input, (name) => findHomeTrail(name, ctx));
  if ((input.InsightSelectors ?? []).length > 0) throw faults.insightsUnsupported();
  return { TrailARN: row.arn, InsightSelectors: [] };
}

export async function getInsightSelectors(
  input: GetInsightSelectorsRequest,
  ctx: Ctx,
): Promise<GetInsightSelectorsResponse> {
  const row = await trailOf(input, (name) => findTrail(name, ctx));
  throw faults.noInsights(row.arn);
}
