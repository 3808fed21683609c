/** What can be wrong with a statement's resources: no ARNs, or none that its actions act on. */
import { parseArn } from '../../kernel/arn.ts';
import { actionsMatching } from './findings-catalogue.ts';
import { mayBothMatch } from './findings-globs.ts';
import { type Draft, hasVariable, named, type Rule } from './findings-types.ts';
import type { Statement } from './types.ts';

export const resourceRules: readonly Rule[] = [badArns, unusedResources];

const listed = ({ resources, notResources }: Statement) => resources ?? notResources ?? [];

function* badArns(statement: Statement): Iterable<Draft> {
  for (const resource of listed(statement)) {
    if (resource === '*') continue;
    const parsed = parseArn(resource);
    if (!parsed.ok) {
      yield error('INVALID_ARN', `${resource} is not an ARN.`);
      continue;
    }
    const { region, account } = parsed.value;
    if (!/^[a-z0-9-]*$|[*?$]/.test(region)) yield badPart('REGION', region, resource);
    if (!/^(\d{12}|aws|)$|[*?$]/.test(account)) yield badPart('ACCOUNT', account, resource);
  }
}

function badPart(part: string, value: string, resource: string): Draft {
  const what = part.toLowerCase();
  return error(`INVALID_ARN_${part}`, `${value} is no ${what}, in the ARN ${resource}.`);
}

interface Use {
  readonly action: string;
  readonly patterns: readonly string[];
}

/** Only when every action of the statement is known: what is not known may use anything. */
function usesOf({ actions }: Statement): readonly Use[] | undefined {
  const uses: Use[] = [];
  for (const pattern of actions ?? []) {
    const found = actionsMatching(pattern);
    if (!found || found.length === 0) return undefined;
    for (const { action, resources } of found) {
      if (!resources) return undefined;
      uses.push({ action, patterns: resources });
    }
  }
  return uses.length === 0 ? undefined : uses;
}

function* unusedResources(statement: Statement): Iterable<Draft> {
  const { resources } = statement;
  const uses = resources ? usesOf(statement) : undefined;
  if (!resources || !uses || resources.includes('*')) return;
  const patterns = [...new Set(uses.flatMap((use) => use.patterns))];
  const needed = new Set<string>();
  for (const resource of resources) {
    const of = patterns.filter((pattern) => isOf(pattern, resource));
    for (const pattern of of) needed.add(pattern);
    const parsed = parseArn(resource);
    // `…:*` is another way to write that there is no single resource.
    if (of.length === 0 && parsed.ok && parsed.value.resource !== '*') yield unused(resource, uses);
  }
  const idle = uses.filter(({ patterns: own }) => !own.some((pattern) => needed.has(pattern)));
  if (idle.length === 0 || idle.length === uses.length) return;
  const star = idle.filter(({ patterns: own }) => own.length === 0);
  const other = idle.filter(({ patterns: own }) => own.length > 0);
  if (star.length > 0 && !isWild(statement)) yield needsStar(star);
  if (other.length > 0 && !isWild(statement)) yield idleActions(other);
}

/** `s3:*` is written to have whatever there is: what cannot be used of it is no mistake. */
function isWild({ actions }: Statement): boolean {
  return (actions ?? []).some((action) => /[*?]/.test(action));
}

function unused(resource: string, uses: readonly Use[]): Draft {
  const isBucket = /^[^:]*:[^:]*:s3:::[^/]*$/.test(resource) && !resource.endsWith('*');
  const isObject = /^[^:]*:[^:]*:s3:::[^/]+\//.test(resource);
  const actions = named(uses.map(({ action }) => action));
  if (isBucket) {
    const message = `${actions} acts on objects, and ${resource} is a bucket: add /*.`;
    return error('BUCKET_FOR_OBJECT_ACTION', message);
  }
  if (isObject) {
    const message = `${actions} acts on buckets, and ${resource} names objects: leave out the key.`;
    return error('OBJECT_FOR_BUCKET_ACTION', message);
  }
  const message = `No action of the statement acts on ${resource}.`;
  return { severity: 'warning', code: 'UNSUPPORTED_RESOURCE', message };
}

function needsStar(actions: readonly Use[]): Draft {
  const list = named(actions.map(({ action }) => action));
  const message = `${list} acts on no single resource: use *.`;
  return { severity: 'warning', code: 'UNSUPPORTED_RESOURCE_FOR_ACTION', message };
}

function idleActions(actions: readonly Use[]): Draft {
  const list = named(actions.map(({ action }) => action));
  return {
    severity: 'warning',
    code: 'ACTION_WITHOUT_RESOURCE',
    message: `No resource of the statement is one that ${list} acts on.`,
  };
}

const isObjectPattern = (pattern: string) => pattern === 's3:::*/*';
const isBucketPattern = (pattern: string) => pattern === 's3:::*';

/** `pattern` is without `arn:` and the partition; variables stand for any text. */
function isOf(pattern: string, resource: string): boolean {
  const text = resource
    .split(':')
    .slice(2)
    .join(':')
    .replaceAll(/\$\{[^}]*\}/g, '*');
  if (isBucketPattern(pattern) && text.startsWith('s3:::')) return !text.slice(5).includes('/');
  if (isObjectPattern(pattern) && text.startsWith('s3:::')) {
    return text.includes('/') || text.endsWith('*');
  }
  const wanted = fieldsOf(pattern);
  return fieldsOf(text).every((field, at) => mayBothMatch(wanted[at] ?? '', field));
}

/** Service, region, account, and the rest: wildcards do not reach from one to the next. */
function fieldsOf(text: string): readonly string[] {
  const [service = '', region = '', account = '', ...rest] = text.split(':');
  return [service, region, account, rest.join(':')];
}

export function variablesInside(statement: Statement): boolean {
  return (
    listed(statement).some(hasVariable) ||
    statement.conditions.some(({ values }) => values.some(hasVariable))
  );
}

function error(code: string, message: string): Draft {
  return { severity: 'error', code, message };
}
