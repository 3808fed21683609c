/** Log groups: one for each kind of job and one for each endpoint, once something was printed. */
import type {
  DescribeLogGroupsRequest,
  DescribeLogGroupsResponse,
  LogGroup as WireGroup,
} from '@aws-sdk/client-cloudwatch-logs';
import type { LogsCtx } from './context.ts';
import { faults } from './faults.ts';
import { existingGroups, groupArn, type LogGroup } from './groups.ts';
import { encodeToken, textIn } from './tokens.ts';

const defaultPage = 50;
const listing = 'groups';

export async function describeLogGroups(
  input: DescribeLogGroupsRequest,
  ctx: LogsCtx,
): Promise<DescribeLogGroupsResponse> {
  check(input);
  const { logGroupNamePrefix, logGroupNamePattern, logGroupClass, limit = defaultPage } = input;
  const after = textIn(input.nextToken, listing);
  const short = logGroupNamePattern !== undefined;
  const all = logGroupClass === undefined || logGroupClass === 'STANDARD';
  const found = (all ? await existingGroups(ctx) : []).filter(
    ({ name }) =>
      name.startsWith(logGroupNamePrefix ?? '') &&
      name.includes(logGroupNamePattern ?? '') &&
      (after === undefined || name > after),
  );
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    logGroups: await Promise.all(page.map((group) => (short ? brief : view)(group, ctx))),
    ...(last && found.length > limit ? { nextToken: encodeToken(listing, [last.name]) } : {}),
  };
}

function check(input: DescribeLogGroupsRequest): void {
  if (input.logGroupNamePrefix !== undefined && input.logGroupNamePattern !== undefined) {
    throw faults.exclusive('logGroupNamePrefix', 'logGroupNamePattern');
  }
  for (const member of ['accountIdentifiers', 'logGroupIdentifiers'] as const) {
    if (input[member]?.length) throw faults.notBuilt(`DescribeLogGroups with ${member}`);
  }
  if (input.includeLinkedAccounts) {
    throw faults.notBuilt('DescribeLogGroups with includeLinkedAccounts');
  }
}

/** All that is told of groups that were looked for by a pattern. */
async function brief({ name, prefix }: LogGroup, ctx: LogsCtx): Promise<WireGroup> {
  const madeAtMs = await ctx.programLogs.madeAtMs(prefix.slice(0, -1));
  return {
    logGroupName: name,
    ...(madeAtMs === undefined ? {} : { creationTime: madeAtMs }),
    arn: `${groupArn(ctx.scope, name)}:*`,
  };
}

async function view(group: LogGroup, ctx: LogsCtx): Promise<WireGroup> {
  return {
    ...(await brief(group, ctx)),
    metricFilterCount: 0,
    storedBytes: 0,
    logGroupClass: 'STANDARD',
    logGroupArn: groupArn(ctx.scope, group.name),
  };
}
