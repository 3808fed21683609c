/**
 * What operations need permission for, in the few forms that all of them have: to list, to act on
 * what is there, to make something new, to pass a role on. Which of them an operation is, its
 * permissions say.
 */
import { type HostedKind, hostedArn } from '../../engines/hosting/names.ts';
import { tagsOf } from '../../engines/hosting/tags.ts';
import { formatArn, parseArn, type Scope } from '../../kernel/arn.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import { servicePrincipal } from './assumable.ts';

export type Keys = Readonly<Record<string, KeyValue>>;

/** What every context of the service has. */
export interface CheckCtx {
  readonly scope: Scope;
  readonly store: Reader;
}

/** Lists are about no single resource: policies name them with `*`. */
export function listing(operation: string) {
  return (): Check => ({ action: actionOf(operation), resource: '*' });
}

/** An operation on something that is there, or is thought to be. */
export function actingOn(operation: string, arn: string, ctx: CheckCtx): Check {
  return {
    action: actionOf(operation),
    resource: arn,
    resourceTags: async () => {
      const tags = await tagsOf(ctx.store, arn);
      return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
    },
  };
}

export interface Creation {
  readonly operation: string;
  readonly arn: string;
  readonly tags?: readonly ClientTag[] | undefined;
  /** The service's own condition keys. */
  readonly keys?: Keys;
  readonly roleArn?: string | undefined;
}

export interface ClientTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** To make something: the thing itself, the tags that it is made with, and the role it is given. */
export function creating({ operation, arn, tags, keys, roleArn }: Creation): readonly Check[] {
  const tagging = tagKeys(tags);
  const made = {
    action: actionOf(operation),
    resource: arn,
    keys: { ...tagging, ...keys },
  };
  const tagged = {
    action: actionOf('AddTags'),
    resource: arn,
    keys: { ...tagging, 'sagemaker:taggingaction': operation },
  };
  return [made, ...(tags?.length ? [tagged] : []), ...passing(roleArn)];
}

/** Nothing without a role. A role of another account takes that account's leave as well. */
export function passing(roleArn: string | undefined): readonly Check[] {
  if (!roleArn) return [];
  const parsed = parseArn(roleArn);
  const owner = parsed.ok ? { owner: parsed.value.account } : {};
  const keys = { 'iam:passedtoservice': servicePrincipal };
  return [{ action: 'iam:PassRole', resource: roleArn, keys, ...owner }];
}

/** Tags that a request brings; no key without them. */
export function tagKeys(tags: readonly ClientTag[] | undefined): Keys {
  if (!tags?.length) return {};
  const given = tags.map(({ Key = '', Value = '' }) => [`aws:requesttag/${Key}`, Value] as const);
  return { ...Object.fromEntries(given), 'aws:tagkeys': tags.map(({ Key = '' }) => Key) };
}

/** Where a member takes a name and an ARN, it may be either; names of resources are lower case. */
export function hostedArnOf(scope: Scope, kind: HostedKind, given: string | undefined): string {
  const parsed = parseArn(given ?? '');
  return parsed.ok ? (given ?? '').toLowerCase() : hostedArn(scope, kind, given ?? '');
}

export function resourceArn(scope: Scope, kind: string, name: string | undefined): string {
  return formatArn(scope, 'sagemaker', `${kind}/${(name ?? '').toLowerCase()}`);
}

function actionOf(operation: string): string {
  return `sagemaker:${operation}`;
}
