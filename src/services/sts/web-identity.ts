/** AssumeRoleWithWebIdentity: a role for whoever an OpenID Connect provider vouches for. */
import type {
  AssumeRoleWithWebIdentityRequest,
  AssumeRoleWithWebIdentityResponse,
} from '@aws-sdk/client-sts';
import { type OidcProviderRow, oidcProviders } from '../../engines/identity/rows.ts';
import { formatArn } from '../../kernel/arn.ts';
import type { WebIdentity, WebIdentityRefusal } from '../../ports/web-identities.ts';
import { assumedRoleUser, durationOf, roleSession } from './assume-role.ts';
import type { StsCtx } from './context.ts';
import { faults } from './faults.ts';
import { accountOfRole, roleOf } from './roles.ts';
import { grant, sessionPolicies } from './session.ts';

/** A token that held, and the provider of the role's account that vouches for it. */
export interface Vouched {
  readonly identity: WebIdentity;
  readonly provider: OidcProviderRow;
  /** The audience of the token that the provider lists. */
  readonly audience: string;
  /** `HOST/PATH:sub`, `:aud`, `:amr`, …: lower-case names. */
  readonly keys: Readonly<Record<string, string>>;
  readonly sourceIdentity?: string;
}

const sourceIdentityClaim = 'https://aws.amazon.com/source_identity';
const sourceIdentityPattern = /^[\w+=,.@-]{2,64}$/;
/** By input: a token is verified once for its authorization and its operation. */
const vouched = new WeakMap<object, Promise<Vouched>>();

export function vouchedFor(input: AssumeRoleWithWebIdentityRequest, ctx: StsCtx): Promise<Vouched> {
  const known = vouched.get(input) ?? verify(input, ctx);
  vouched.set(input, known);
  return known;
}

export async function assumeRoleWithWebIdentity(
  input: AssumeRoleWithWebIdentityRequest,
  ctx: StsCtx,
): Promise<AssumeRoleWithWebIdentityResponse> {
  const { RoleArn = '', RoleSessionName = '', DurationSeconds } = input;
  const { identity, provider, audience, keys, sourceIdentity } = await vouchedFor(input, ctx);
  const role = await roleOf(ctx, RoleArn);
  if (!role) {
    throw faults.accessDenied('Not authorized to perform sts:AssumeRoleWithWebIdentity');
  }
  const durationSeconds = durationOf(DurationSeconds, { role, chained: false });
  const granted = await grant(ctx, {
    account: role.account,
    session: {
      ...roleSession(role, RoleSessionName),
      ...{ tags: {}, transitiveTagKeys: [], federatedProvider: provider.arn, providerKeys: keys },
      ...(await sessionPolicies(input, { account: role.account, ctx })),
      ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    },
    durationSeconds,
  });
  return {
    ...granted,
    AssumedRoleUser: assumedRoleUser(ctx, role, RoleSessionName),
    SubjectFromWebIdentityToken: identity.subject,
    Audience: audience,
    Provider: provider.arn,
    ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
  };
}

async function verify(
  { RoleArn = '', WebIdentityToken = '', ProviderId }: AssumeRoleWithWebIdentityRequest,
  ctx: StsCtx,
): Promise<Vouched> {
  if (ProviderId !== undefined) {
    throw faults.validation('ProviderId is for OAuth 2.0 access tokens, which are not taken.');
  }
  const account = accountOfRole(RoleArn);
  const find = (issuer: string) => providerOf(ctx, account, issuer);
  const verified = await ctx.webIdentities.verify(
    WebIdentityToken,
    async (issuer) => (await find(issuer)) !== undefined,
  );
  if (!verified.ok) throw refusalOf(verified);
  const identity = verified.value;
  const provider = await find(identity.issuer);
  if (!provider) throw faults.invalidIdentityToken('No OpenIDConnect provider found');
  const audience = audienceOf(identity, provider);
  if (audience === undefined) throw faults.invalidIdentityToken('Incorrect token audience');
  const sourceIdentity = identity.claims[sourceIdentityClaim];
  if (sourceIdentity !== undefined && !sourceIdentityPattern.test(sourceIdentity)) {
    throw faults.invalidIdentityToken(`The claim ${sourceIdentityClaim} is malformed`);
  }
  return {
    ...{ identity, provider, audience, keys: keysOf(identity, audience) },
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  };
}

function refusalOf({ kind, reason }: WebIdentityRefusal): Error {
  if (kind === 'expired') return faults.expiredToken(`Token expired: ${reason}`);
  if (kind === 'unreachable') return faults.providerUnreachable(reason);
  return faults.invalidIdentityToken(reason);
}

const withoutSlash = (url: string) => url.replace(/\/$/, '');

/** The provider of the account whose URL is this issuer, its scheme included. */
async function providerOf(
  { space, scope }: StsCtx,
  account: string,
  issuer: string,
): Promise<OidcProviderRow | undefined> {
  const path = withoutSlash(issuer.replace(/^https?:\/\//, ''));
  const global = { partition: scope.partition, region: '', account };
  const arn = formatArn(global, 'iam', `oidc-provider/${path}`);
  const row = await space.reader.get(oidcProviders, arn);
  return row && withoutSlash(row.url) === withoutSlash(issuer) ? row : undefined;
}

/** A token for several says by `azp` which of them asked for it. */
function audienceOf(
  { audiences, authorizedParty }: WebIdentity,
  { clientIds }: OidcProviderRow,
): string | undefined {
  const named = authorizedParty === undefined ? audiences : [authorizedParty];
  return named.find((audience) => clientIds.includes(audience));
}

/** As the original names them: `aud` is who asked for the token, `oaud` whom else it is for. */
function keysOf(
  { issuer, subject, audiences, claims, methods = [], authorizedParty }: WebIdentity,
  audience: string,
): Readonly<Record<string, string>> {
  const prefix = withoutSlash(issuer.replace(/^https?:\/\//, '')).toLowerCase();
  const named = {
    sub: subject,
    aud: audience,
    amr: methods[0],
    oaud: authorizedParty === undefined ? undefined : audiences[0],
    email: claims.email,
  };
  const known = Object.entries(named).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([name, value = '']) => [`${prefix}:${name}`, value]));
}
