/**
 * What each operation needs permission for, by the service's authorization reference. A group as a
 * whole is asked for as its streams, none of them named: policies name it `log-group:NAME:*`.
 */
import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { Check } from '../../kernel/check.ts';
import type { Permissions } from '../../wire/operation.ts';
import type { LogsCtx } from './context.ts';
import { type GroupNamed, groupResource, streamArn } from './groups.ts';
import type { logs } from './index.ts';

/** The scope is that of the ARN when the group is named by one. */
function onStream(action: string, input: GroupNamed, stream: string, ctx: LogsCtx): Check {
  const identifier = input.logGroupName ?? input.logGroupIdentifier ?? '';
  const arn = parseArn(identifier);
  if (!arn.ok) return { action, resource: streamArn(ctx.scope, identifier, stream) };
  const { service, resource: named, ...scope } = arn.value;
  const isGroup = service === 'logs' && named.startsWith(groupResource);
  const group = named.slice(groupResource.length).replace(/:\*$/, '');
  const resource = isGroup ? streamArn(scope, group, stream) : identifier;
  return { action, resource, owner: scope.account || ctx.scope.account };
}

function onGroup(action: string) {
  return (input: GroupNamed, ctx: LogsCtx) => onStream(action, input, '', ctx);
}

export const logsPermissions: Permissions<typeof logs, LogsCtx> = {
  // As the original words what it refuses: a group and a stream without names.
  DescribeLogGroups: (_, { scope }) => ({
    action: 'logs:DescribeLogGroups',
    resource: formatArn(scope, 'logs', `${groupResource}:log-stream:`),
  }),
  DescribeLogStreams: onGroup('logs:DescribeLogStreams'),
  FilterLogEvents: onGroup('logs:FilterLogEvents'),
  GetLogEvents: (input, ctx) =>
    onStream('logs:GetLogEvents', input, input.logStreamName ?? '', ctx),
};
