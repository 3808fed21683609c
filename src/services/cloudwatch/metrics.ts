/** ListMetrics: metrics with data in the last two weeks. */
import type { ListMetricsInput, ListMetricsOutput } from '@aws-sdk/client-cloudwatch';
import type { MetricId } from '../../engines/series/metrics.ts';
import type { CloudWatchCtx } from './context.ts';
import { faults } from './faults.ts';
import { encodeToken, textIn } from './tokens.ts';

const pageMetrics = 500;
const maxFilters = 10;
const tokenName = 'metrics';

export async function listMetrics(
  input: ListMetricsInput,
  ctx: CloudWatchCtx,
): Promise<ListMetricsOutput> {
  const { Namespace: namespace, MetricName: metric, Dimensions: filters = [] } = input;
  if (filters.length > maxFilters) throw faults.tooMany('Dimensions', maxFilters);
  const after = textIn(input.NextToken, tokenName);
  // A token starts where one of this account and region ended; any other would list another's.
  if (after !== undefined && !after.startsWith(`${ctx.scope.account}/${ctx.scope.region}/`)) {
    throw faults.invalidToken();
  }
  const page = await ctx.series.list({
    scope: ctx.scope,
    ...(namespace === undefined ? {} : { namespace }),
    ...(metric === undefined ? {} : { metric }),
    dimensions: filters.map(({ Name: name = '', Value: value }) => {
      return { name, ...(value === undefined ? {} : { value }) };
    }),
    recent: input.RecentlyActive === 'PT3H',
    ...(after === undefined ? {} : { after }),
    limit: pageMetrics,
  });
  return {
    Metrics: page.metrics.map(viewOf),
    ...(page.next === undefined ? {} : { NextToken: encodeToken(tokenName, page.next) }),
  };
}

function viewOf({ namespace, metric, dimensions }: MetricId) {
  const list = dimensions.map(({ name, value }) => ({ Name: name, Value: value }));
  return { Namespace: namespace, MetricName: metric, Dimensions: list };
}
