/** AssumeRole: the rights of a role, for a while, for whoever its trust policy lets in. */
import type { AssumeRoleRequest, AssumeRoleResponse } from '@aws-sdk/client-sts';
import type { RoleRow } from '../../engines/identity/rows.ts';
import { formatArn } from '../../kernel/arn.ts';
import type { Session } from '../../kernel/caller.ts';
import type { StsCtx } from './context.ts';
import { faults } from './faults.ts';
import { spendMfa } from './mfa.ts';
import { roleOf } from './roles.ts';
import {
  assertFits,
  grant,
  inheritedTags,
  sessionPolicies,
  sessionTags,
  shortSessionSeconds,
} from './session.ts';

export async function assumeRole(
  input: AssumeRoleRequest,
  ctx: StsCtx,
): Promise<AssumeRoleResponse> {
  const { RoleArn = '', RoleSessionName = '' } = input;
  const { caller } = ctx;
  if (caller.arn.endsWith(':root')) {
    throw faults.accessDenied('Roles may not be assumed by root accounts.');
  }
  const role = await roleOf(ctx, RoleArn);
  if (!role) throw faults.notAuthorized(caller.arn, 'sts:AssumeRole', RoleArn);
  const chained = caller.session?.kind === 'role';
  const durationSeconds = durationOf(input.DurationSeconds, { role, chained });
  const sourceIdentity = sourceIdentityOf(input, caller.session);
  const session = {
    ...roleSession(role, RoleSessionName),
    ...sessionTags(input, inheritedTags(caller.session)),
    ...(await sessionPolicies(input, { account: role.account, ctx })),
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    ...(chained ? { chained } : {}),
  };
  assertFits(session);
  const mfaAtMs = await spendMfa(input, ctx);
  const granted = await grant(ctx, {
    account: role.account,
    session: { ...session, ...(mfaAtMs === undefined ? {} : { mfaAtMs }) },
    durationSeconds,
  });
  return {
    ...granted,
    AssumedRoleUser: assumedRoleUser(ctx, role, RoleSessionName),
    ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
  };
}

export function roleSession(
  role: RoleRow,
  name: string,
): Pick<Session, 'kind' | 'issuerArn' | 'issuerId' | 'name'> {
  return { kind: 'role', issuerArn: role.arn, issuerId: role.id, name };
}

export function assumedRoleUser({ scope }: StsCtx, role: RoleRow, sessionName: string) {
  const global = { partition: scope.partition, region: '', account: role.account };
  return {
    AssumedRoleId: `${role.id}:${sessionName}`,
    Arn: formatArn(global, 'sts', `assumed-role/${role.name}/${sessionName}`),
  };
}

export function durationOf(
  asked: number | undefined,
  { role, chained }: { readonly role: RoleRow; readonly chained: boolean },
): number {
  if (asked !== undefined && asked > role.maxSessionSeconds) {
    throw faults.validation(
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }
  if (asked !== undefined && chained && asked > shortSessionSeconds) {
    throw faults.validation(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by ' +
        'role chaining.',
    );
  }
  return asked ?? shortSessionSeconds;
}

/** Once said, it stays through every further role. */
export function sourceIdentityOf(
  { SourceIdentity }: Pick<AssumeRoleRequest, 'SourceIdentity'>,
  session: Session | undefined,
): string | undefined {
  const kept = session?.sourceIdentity;
  if (kept !== undefined && SourceIdentity !== undefined && SourceIdentity !== kept) {
    throw faults.accessDenied('The source identity of a session cannot be changed.');
  }
  return SourceIdentity ?? kept;
}
