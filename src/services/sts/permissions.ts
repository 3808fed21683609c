/** What each operation of this service needs permission for. */
import type {
  AssumeRoleRequest,
  AssumeRoleWithWebIdentityRequest,
  GetFederationTokenRequest,
  Tag,
} from '@aws-sdk/client-sts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { Permissions } from '../../wire/operation.ts';
import type { StsCtx } from './context.ts';
import { federatedArn } from './federation.ts';
import type { sts } from './index.ts';
import { proveMfa } from './mfa.ts';
import { trustChecks } from './roles.ts';
import { vouchedFor } from './web-identity.ts';

export const stsPermissions: Permissions<typeof sts, StsCtx> = {
  AssumeRole: assumeRoleChecks,
  AssumeRoleWithWebIdentity: webIdentityChecks,
  DecodeAuthorizationMessage: () => ({ action: 'sts:DecodeAuthorizationMessage', resource: '*' }),
  GetAccessKeyInfo: () => ({ action: 'sts:GetAccessKeyInfo', resource: '*' }),
  // Everybody who signs may ask who they are; not even an explicit denial says no.
  GetCallerIdentity: 'open',
  GetFederationToken: federationChecks,
  // Policies cannot refuse it: it gives no right that its caller does not have.
  GetSessionToken: 'open',
};

/** The code of a device is proven here, and throws when it is wrong: policies look at it. */
async function assumeRoleChecks(input: AssumeRoleRequest, ctx: StsCtx): Promise<readonly Check[]> {
  const { RoleArn = '', ExternalId, RoleSessionName = '', TransitiveTagKeys = [] } = input;
  const { session } = ctx.caller;
  const sourceIdentity = input.SourceIdentity ?? session?.sourceIdentity;
  const tagged = (input.Tags?.length ?? 0) + (session?.transitiveTagKeys.length ?? 0) > 0;
  const hasCode = await proveMfa(input, ctx);
  const keys = {
    'sts:rolesessionname': RoleSessionName,
    ...(ExternalId === undefined ? {} : { 'sts:externalid': ExternalId }),
    ...(sourceIdentity === undefined ? {} : { 'sts:sourceidentity': sourceIdentity }),
    ...(TransitiveTagKeys.length === 0 ? {} : { 'sts:transitivetagkeys': TransitiveTagKeys }),
    ...(hasCode ? { 'aws:multifactorauthpresent': true, 'aws:multifactorauthage': 0 } : {}),
    ...tagKeys(input.Tags),
  };
  const actions = [
    'sts:AssumeRole',
    ...(tagged ? ['sts:TagSession'] : []),
    ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ];
  return trustChecks(ctx, { roleArn: RoleArn, actions, keys });
}

/** The caller has no signature: the token is verified here, and throws when it does not hold. */
async function webIdentityChecks(
  input: AssumeRoleWithWebIdentityRequest,
  ctx: StsCtx,
): Promise<readonly Check[]> {
  const { RoleArn = '', RoleSessionName = '' } = input;
  const { provider, keys, sourceIdentity } = await vouchedFor(input, ctx);
  const actions = ['sts:AssumeRoleWithWebIdentity'];
  if (sourceIdentity !== undefined) actions.push('sts:SetSourceIdentity');
  return trustChecks(ctx, {
    roleArn: RoleArn,
    actions,
    keys: {
      ...keys,
      'aws:federatedprovider': provider.arn,
      'sts:rolesessionname': RoleSessionName,
      ...(sourceIdentity === undefined ? {} : { 'sts:sourceidentity': sourceIdentity }),
    },
  });
}

function federationChecks(input: GetFederationTokenRequest, ctx: StsCtx): readonly Check[] {
  const { Name = '', Tags = [] } = input;
  const about = { resource: federatedArn(ctx, Name), keys: tagKeys(Tags) };
  const check = { action: 'sts:GetFederationToken', ...about };
  return Tags.length === 0 ? [check] : [check, { action: 'sts:TagSession', ...about }];
}

function tagKeys(tags: readonly Tag[] | undefined): Record<string, KeyValue> {
  if (!tags || tags.length === 0) return {};
  const keys = tags.map(({ Key = '' }) => Key);
  const values = tags.map(({ Key = '', Value = '' }) => [`aws:requesttag/${Key}`, Value] as const);
  return { ...Object.fromEntries(values), 'aws:tagkeys': keys };
}
