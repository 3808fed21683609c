/** GetFederationToken: a part of a user's rights under another name, said by session policies. */
import type { GetFederationTokenRequest, GetFederationTokenResponse } from '@aws-sdk/client-sts';
import { formatArn } from '../../kernel/arn.ts';
import type { StsCtx } from './context.ts';
import { grant, sessionPolicies, sessionTags } from './session.ts';
import { refuseSessions, userSessionSeconds } from './user-session.ts';

export async function getFederationToken(
  input: GetFederationTokenRequest,
  ctx: StsCtx,
): Promise<GetFederationTokenResponse> {
  refuseSessions(ctx, 'GetFederationToken');
  const { caller } = ctx;
  const { Name = '' } = input;
  const { account } = caller;
  const granted = await grant(ctx, {
    account,
    session: {
      ...{ kind: 'federated', issuerArn: caller.arn, issuerId: caller.userId, name: Name },
      ...sessionTags(input),
      ...(await sessionPolicies(input, { account, ctx })),
    },
    durationSeconds: userSessionSeconds(ctx, input.DurationSeconds),
  });
  const FederatedUser = { FederatedUserId: `${account}:${Name}`, Arn: federatedArn(ctx, Name) };
  return { ...granted, FederatedUser };
}

export function federatedArn({ scope, caller }: StsCtx, name: string): string {
  const global = { partition: scope.partition, region: '', account: caller.account };
  return formatArn(global, 'sts', `federated-user/${name}`);
}
