/**
 * Providers of web identities (OpenID Connect) that the account trusts. Their keys are fetched when
 * a token is checked, not here: thumbprints are kept and shown, as the original does for providers
 * whose certificates a public authority vouches for.
 */
import type * as sdk from '@aws-sdk/client-iam';
import { type OidcProviderRow, oidcProviders } from '../../engines/identity/rows.ts';
import { formatArn } from '../../kernel/arn.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';
import { policyLimits } from './policy-limits.ts';
import { assertRoom } from './quota.ts';
import { mergedTags, tagMember, tagPage, tagsOf, withoutTags } from './tags.ts';

export async function createOpenIDConnectProvider(
  input: sdk.CreateOpenIDConnectProviderRequest,
  ctx: IamCtx,
): Promise<sdk.CreateOpenIDConnectProviderResponse> {
  const url = checkedUrl(input.Url ?? '');
  const { account } = ctx.scope;
  const row: OidcProviderRow = {
    account,
    arn: oidcArnOf(ctx, url),
    url,
    clientIds: checkedClientIds(input.ClientIDList ?? []),
    thumbprints: checkedThumbprints(input.ThumbprintList ?? []),
    createdAtMs: ctx.clock.nowMs(),
    tags: mergedTags({}, input.Tags),
  };
  await ctx.identity.write(async (tx) => {
    if (!(await tx.insert(oidcProviders, row.arn, row))) {
      throw faults.alreadyExists(`Provider with url ${url} already exists.`);
    }
    await assertRoom(tx, oidcProviders, {
      prefix: oidcArnOf(ctx, ''),
      what: 'OpenIdConnectProvidersPerAccount',
      most: policyLimits.oidcProvidersPerAccount,
    });
  });
  return { OpenIDConnectProviderArn: row.arn, Tags: tagsOf(row.tags) };
}

/** The ARN that a provider of the URL has. */
export function oidcArnOf(ctx: IamCtx, url: string): string {
  const host = url.replace(/^https?:\/\//, '').replace(/\/$/, '');
  return formatArn({ ...ctx.scope, region: '' }, 'iam', `oidc-provider/${host}`);
}

function checkedUrl(text: string): string {
  const invalid = () => faults.validation('Invalid Open ID Connect Provider URL');
  if (!/^https:\/\//i.test(text) || /[\s?#@]/.test(text)) throw invalid();
  if (!URL.canParse(text)) throw invalid();
  // A port the original refuses: providers on machines of one's own have one.
  if (!/^[a-z0-9.-]+$/.test(new URL(text).hostname)) throw invalid();
  return text.replace(/\/$/, '');
}

function checkedClientIds(ids: readonly string[]): readonly string[] {
  const most = policyLimits.clientIdsPerProvider;
  const unique = [...new Set(ids)];
  if (unique.length > most) throw faults.limit('ClientIdsPerOpenIdConnectProvider', most);
  return unique;
}

function checkedThumbprints(thumbprints: readonly string[]): readonly string[] {
  const most = policyLimits.thumbprintsPerProvider;
  if (thumbprints.length > most) {
    throw faults.invalidInput(`Thumbprint list must contain fewer than ${most + 1} entries.`);
  }
  const wrong = thumbprints.find((one) => !/^[0-9a-fA-F]{40}$/.test(one));
  if (wrong !== undefined) {
    throw faults.validation(`Thumbprint ${wrong} must be 40 hexadecimal digits.`);
  }
  return thumbprints;
}

export async function getOpenIDConnectProvider(
  { OpenIDConnectProviderArn: arn = '' }: sdk.GetOpenIDConnectProviderRequest,
  ctx: IamCtx,
): Promise<sdk.GetOpenIDConnectProviderResponse> {
  const { url, clientIds, thumbprints, createdAtMs, tags } = await providerAt(ctx, arn);
  return {
    Url: url.replace(/^https:\/\//i, ''),
    ClientIDList: [...clientIds],
    ThumbprintList: [...thumbprints],
    CreateDate: new Date(createdAtMs),
    ...tagMember(tags),
  };
}

/** Of what is not there too: the original does not mind. */
export async function deleteOpenIDConnectProvider(
  { OpenIDConnectProviderArn: arn = '' }: sdk.DeleteOpenIDConnectProviderRequest,
  ctx: IamCtx,
): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const row = await tx.get(oidcProviders, arn);
    if (row?.account === ctx.scope.account) await tx.delete(oidcProviders, arn);
  });
}

export async function listOpenIDConnectProviders(
  _: sdk.ListOpenIDConnectProvidersRequest,
  ctx: IamCtx,
): Promise<sdk.ListOpenIDConnectProvidersResponse> {
  const rows = await ofAccount(ctx.identity.reader, ctx);
  return { OpenIDConnectProviderList: rows.map(({ arn }) => ({ Arn: arn })) };
}

/** A client that is there already stays. */
export async function addClientIDToOpenIDConnectProvider(
  {
    OpenIDConnectProviderArn: arn,
    ClientID: id = '',
  }: sdk.AddClientIDToOpenIDConnectProviderRequest,
  ctx: IamCtx,
): Promise<void> {
  await changeProvider(ctx, arn, ({ clientIds }) => ({
    clientIds: checkedClientIds([...clientIds, id]),
  }));
}

export async function removeClientIDFromOpenIDConnectProvider(
  input: sdk.RemoveClientIDFromOpenIDConnectProviderRequest,
  ctx: IamCtx,
): Promise<void> {
  const { OpenIDConnectProviderArn: arn, ClientID: id } = input;
  await changeProvider(ctx, arn, ({ clientIds }) => ({
    clientIds: clientIds.filter((one) => one !== id),
  }));
}

export async function updateOpenIDConnectProviderThumbprint(
  input: sdk.UpdateOpenIDConnectProviderThumbprintRequest,
  ctx: IamCtx,
): Promise<void> {
  const thumbprints = checkedThumbprints(input.ThumbprintList ?? []);
  await changeProvider(ctx, input.OpenIDConnectProviderArn, () => ({ thumbprints }));
}

export async function tagOpenIDConnectProvider(
  { OpenIDConnectProviderArn: arn, Tags: given }: sdk.TagOpenIDConnectProviderRequest,
  ctx: IamCtx,
): Promise<void> {
  await changeProvider(ctx, arn, ({ tags }) => ({ tags: mergedTags(tags, given) }));
}

export async function untagOpenIDConnectProvider(
  { OpenIDConnectProviderArn: arn, TagKeys: keys }: sdk.UntagOpenIDConnectProviderRequest,
  ctx: IamCtx,
): Promise<void> {
  await changeProvider(ctx, arn, ({ tags }) => ({ tags: withoutTags(tags, keys) }));
}

export async function listOpenIDConnectProviderTags(
  input: sdk.ListOpenIDConnectProviderTagsRequest,
  ctx: IamCtx,
): Promise<sdk.ListOpenIDConnectProviderTagsResponse> {
  return tagPage(input, (await providerAt(ctx, input.OpenIDConnectProviderArn ?? '')).tags);
}

async function ofAccount(reader: Reader, ctx: IamCtx): Promise<readonly OidcProviderRow[]> {
  const prefix = oidcArnOf(ctx, '');
  const limit = policyLimits.oidcProvidersPerAccount;
  return (await reader.list(oidcProviders, { prefix, limit })).map(({ row }) => row);
}

async function providerAt(
  ctx: IamCtx,
  arn: string,
  reader: Reader = ctx.identity.reader,
): Promise<OidcProviderRow> {
  const row = await reader.get(oidcProviders, arn);
  if (row?.account !== ctx.scope.account) {
    throw faults.noSuch(`OpenIDConnect Provider not found for arn ${arn}`);
  }
  return row;
}

async function changeProvider(
  ctx: IamCtx,
  arn: string | undefined,
  change: (row: OidcProviderRow) => Partial<OidcProviderRow>,
): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const row = await providerAt(ctx, arn ?? '', tx);
    await tx.put(oidcProviders, row.arn, { ...row, ...change(row) });
  });
}
