/**
 * The reading half of CloudWatch Logs, over what programs and analyses print. Nothing is written
 * here, and no group is made: the rest of the service is NotImplemented.
 */
import type { OperationTable } from '../../wire/operation.ts';
import type { LogsCtx } from './context.ts';
import { filterLogEvents } from './filter-log-events.ts';
import { getLogEvents } from './log-event.ts';
import { describeLogGroups } from './log-group.ts';
import { describeLogStreams } from './log-stream.ts';

export { logsPermissions } from './permissions.ts';

export const logs = {
  DescribeLogGroups: describeLogGroups,
  DescribeLogStreams: describeLogStreams,
  GetLogEvents: getLogEvents,
  FilterLogEvents: filterLogEvents,
} satisfies OperationTable<LogsCtx>;
