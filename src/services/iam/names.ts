/**
 * Names of what an account has, and the ARNs made of them. Whether a thing exists is not known
 * here.
 */
import { formatArn, parseArn, type Scope } from '../../kernel/arn.ts';

export type ResourceKind = 'user' | 'group' | 'role' | 'policy' | 'instance-profile' | 'mfa';

export interface Named {
  readonly name: string;
  /** `/`, or `/some/path/`; `/` when left out. */
  readonly path?: string | undefined;
}

export const rootPath = '/';

/** Identities belong to no region: only partition and account of `scope` are used. */
export function arnOf(scope: Scope, kind: ResourceKind, { name, path = rootPath }: Named): string {
  return formatArn({ ...scope, region: '' }, 'iam', `${kind}${path}${name}`);
}

/** The ARN that a list with a path prefix is asked about: `…:user/prefix`. */
export function listArnOf(scope: Scope, kind: ResourceKind, pathPrefix = rootPath): string {
  return formatArn({ ...scope, region: '' }, 'iam', `${kind}${pathPrefix}`);
}

/** The ARN of the account's root user. */
export function rootArnOf(scope: Scope): string {
  return formatArn({ ...scope, region: '' }, 'iam', 'root');
}

/** The last part of an ARN's resource: the name without kind and path; undefined for no ARN. */
export function nameIn(arn: string): string | undefined {
  const parsed = parseArn(arn);
  return parsed.ok ? parsed.value.resource.split('/').at(-1) : undefined;
}
