/** Groups and streams as clients name them, and the names under which the logs are kept. */
import { logFolders, logScope } from '../../engines/logs/names.ts';
import { type Arn, formatArn, parseArn, type Scope } from '../../kernel/arn.ts';
import type { LogsCtx } from './context.ts';
import { faults } from './faults.ts';

const jobGroups: readonly (readonly [group: string, folder: string])[] = [
  ['/aws/sagemaker/ProcessingJobs', logFolders.processing],
  ['/aws/sagemaker/TransformJobs', logFolders.transform],
];
/** A group for each name below them. */
const groupsByName: readonly (readonly [beginning: string, folder: string])[] = [
  ['/aws/lambda/', logFolders.functions],
  ['/aws/sagemaker/Endpoints/', logFolders.endpoints],
];
export const groupResource = 'log-group:';

export interface LogGroup {
  readonly name: string;
  /** What the names of its logs begin with; the rest of each is a stream's name. */
  readonly prefix: string;
}

/** The group that a name stands for, whether there is a log in it or not. */
export function groupOf(name: string, scope: Scope): LogGroup | undefined {
  const [, folder] = jobGroups.find(([group]) => group === name) ?? [];
  if (folder !== undefined) return { name, prefix: `${logScope(scope)}${folder}/` };
  for (const [beginning, within] of groupsByName) {
    const owner = name.startsWith(beginning) ? name.slice(beginning.length) : '';
    if (owner !== '' && !owner.includes('/')) {
      return { name, prefix: `${logScope(scope)}${within}/${owner}/` };
    }
  }
  return undefined;
}

/** The groups that exist, in the order of their names. */
export async function existingGroups({ programLogs, scope }: LogsCtx): Promise<LogGroup[]> {
  const names: string[] = [];
  for (const [group, folder] of jobGroups) {
    const prefix = `${logScope(scope)}${folder}/`;
    for await (const _log of programLogs.names({ prefix })) {
      names.push(group);
      break;
    }
  }
  for (const [beginning, folder] of groupsByName) {
    const prefix = `${logScope(scope)}${folder}/`;
    for await (const log of programLogs.names({ prefix })) {
      const [owner = ''] = log.slice(prefix.length).split('/');
      const name = `${beginning}${owner}`;
      if (names.at(-1) !== name) names.push(name);
    }
  }
  return [...new Set(names)].sort().flatMap((name) => groupOf(name, scope) ?? []);
}

export interface GroupNamed {
  readonly logGroupName?: string | undefined;
  /** A name or an ARN. */
  readonly logGroupIdentifier?: string | undefined;
}

/** The group that a request names. Refused when there is none. */
export async function groupNamed(input: GroupNamed, ctx: LogsCtx): Promise<LogGroup> {
  const { logGroupName, logGroupIdentifier } = input;
  if (logGroupName !== undefined && logGroupIdentifier !== undefined) {
    throw faults.exclusive('logGroupName', 'logGroupIdentifier');
  }
  const name = logGroupName ?? nameIn(logGroupIdentifier, ctx.scope);
  const group = groupOf(name, ctx.scope);
  if (!group) throw faults.noGroup();
  for await (const _log of ctx.programLogs.names({ prefix: group.prefix })) return group;
  throw faults.noGroup();
}

function nameIn(identifier: string | undefined, scope: Scope): string {
  if (identifier === undefined) throw faults.noGroupNamed();
  const arn = parseArn(identifier);
  if (!arn.ok) return identifier;
  const { service, region, account, resource } = arn.value;
  const isOurs = service === 'logs' && region === scope.region && account === scope.account;
  if (!isOurs || !resource.startsWith(groupResource)) throw faults.noGroup();
  return resource.slice(groupResource.length).replace(/:\*$/, '');
}

export function groupArn(scope: Scope, name: string): Arn {
  return formatArn(scope, 'logs', `${groupResource}${name}`);
}

export function streamArn(scope: Scope, group: string, stream: string): Arn {
  return formatArn(scope, 'logs', `${groupResource}${group}:log-stream:${stream}`);
}
