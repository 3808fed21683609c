/** GetSessionToken: a user's own rights for a while, with or without a code of their device. */
import type { GetSessionTokenRequest, GetSessionTokenResponse } from '@aws-sdk/client-sts';
import type { StsCtx } from './context.ts';
import { faults } from './faults.ts';
import { spendMfa } from './mfa.ts';
import { defaultSessionSeconds, grant, shortSessionSeconds } from './session.ts';

export async function getSessionToken(
  input: GetSessionTokenRequest,
  ctx: StsCtx,
): Promise<GetSessionTokenResponse> {
  refuseSessions(ctx, 'GetSessionToken');
  const { caller } = ctx;
  const mfaAtMs = await spendMfa(input, ctx);
  const { Credentials } = await grant(ctx, {
    account: caller.account,
    session: {
      ...{ kind: 'user', issuerArn: caller.arn, issuerId: caller.userId, name: '' },
      ...{ tags: {}, transitiveTagKeys: [], policies: [], policyArns: [] },
      ...(mfaAtMs === undefined ? {} : { mfaAtMs }),
    },
    durationSeconds: userSessionSeconds(ctx, input.DurationSeconds),
  });
  return { Credentials };
}

export function refuseSessions({ caller }: StsCtx, operation: string): void {
  if (!caller.session) return;
  throw faults.accessDenied(`Cannot call ${operation} with session credentials`);
}

/** The root user gets an hour, whatever it asks for. */
export function userSessionSeconds({ caller }: StsCtx, asked: number | undefined): number {
  const seconds = asked ?? defaultSessionSeconds;
  return caller.arn.endsWith(':root') ? Math.min(seconds, shortSessionSeconds) : seconds;
}
