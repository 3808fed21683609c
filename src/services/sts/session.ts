/** What all operations that give temporary credentials have in common. */
import type { Credentials, PolicyDescriptorType, Tag } from '@aws-sdk/client-sts';
import { publicPolicy } from '../../engines/identity/public-policies.ts';
import { managedPolicies } from '../../engines/identity/rows.ts';
import { packedPercent } from '../../engines/identity/session-token.ts';
import type { SessionRequest } from '../../engines/identity/sessions.ts';
import { parsePolicy } from '../../engines/policy/parse.ts';
import type { Session } from '../../kernel/caller.ts';
import type { StsCtx } from './context.ts';
import { faults } from './faults.ts';

const maxPolicyChars = 2_048;
const maxPolicyArns = 10;
const maxTags = 50;
export const defaultSessionSeconds = 43_200;
/** Of the root user, and of a role that a role session assumes. */
export const shortSessionSeconds = 3_600;

export interface PoliciesInput {
  readonly Policy?: string | undefined;
  readonly PolicyArns?: readonly PolicyDescriptorType[] | undefined;
}

/** The session policies, checked; those with ARNs must exist in the account. */
export async function sessionPolicies(
  { Policy, PolicyArns = [] }: PoliciesInput,
  { account, ctx }: { readonly account: string; readonly ctx: StsCtx },
): Promise<Pick<Session, 'policies' | 'policyArns'>> {
  if (Policy !== undefined) checkPolicy(Policy);
  if (PolicyArns.length > maxPolicyArns) {
    throw faults.validation(`PolicyArns can have at most ${maxPolicyArns} ARNs.`);
  }
  const policyArns = PolicyArns.map(({ arn }) => {
    if (arn === undefined) throw faults.validation('An ARN in PolicyArns is missing.');
    return arn;
  });
  for (const arn of policyArns) {
    const row = await ctx.space.reader.get(managedPolicies, arn);
    if (row?.account !== account && !publicPolicy(arn)) {
      throw faults.validation(`The policy ${arn} in PolicyArns does not exist.`);
    }
  }
  return { policies: Policy === undefined ? [] : [Policy], policyArns };
}

function checkPolicy(text: string): void {
  if (text.length > maxPolicyChars) {
    throw faults.validation(
      "1 validation error detected: Value at 'policy' failed to satisfy constraint: " +
        `Member must have length less than or equal to ${maxPolicyChars}`,
    );
  }
  const parsed = parsePolicy(text, 'identity');
  if (!parsed.ok) throw faults.malformedPolicy(parsed.reason);
}

type Tagging = Pick<Session, 'tags' | 'transitiveTagKeys'>;

/** Tags that the caller's session hands on, which the next one cannot change. */
export function inheritedTags(session: Session | undefined): Tagging {
  const transitiveTagKeys = session?.transitiveTagKeys ?? [];
  const tags = Object.fromEntries(
    transitiveTagKeys.map((key) => [key, session?.tags[key] ?? ''] as const),
  );
  return { tags, transitiveTagKeys };
}

export interface TagsInput {
  readonly Tags?: readonly Tag[] | undefined;
  readonly TransitiveTagKeys?: readonly string[] | undefined;
}

/** The session's tags: those given beside those inherited. Keys differ without regard to case. */
export function sessionTags(
  { Tags = [], TransitiveTagKeys = [] }: TagsInput,
  inherited: Tagging = { tags: {}, transitiveTagKeys: [] },
): Tagging {
  const lower = (text: string) => text.toLowerCase();
  const given = Tags.map(({ Key = '', Value = '' }) => [Key, Value] as const);
  const keys = new Set(given.map(([key]) => lower(key)));
  if (keys.size < given.length) {
    throw faults.invalidParameter(
      'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    );
  }
  if ([...keys].some((key) => key.startsWith('aws:'))) {
    throw faults.invalidParameter('Tag keys that begin with "aws:" are reserved.');
  }
  if (TransitiveTagKeys.some((key) => !keys.has(lower(key)))) {
    throw faults.invalidParameter(
      'The specified transitive tag key must be included in the requested tags.',
    );
  }
  if (inherited.transitiveTagKeys.some((key) => keys.has(lower(key)))) {
    throw faults.invalidParameter(
      "One of the specified transitive tag keys can't be set because it conflicts with a " +
        'transitive tag key from the calling session.',
    );
  }
  const tags = { ...inherited.tags, ...Object.fromEntries(given) };
  if (Object.keys(tags).length > maxTags) {
    throw faults.invalidParameter(`A session can have at most ${maxTags} tags.`);
  }
  const handedOn = new Set(TransitiveTagKeys.map(lower));
  const own = given.map(([key]) => key).filter((key) => handedOn.has(lower(key)));
  return { tags, transitiveTagKeys: [...inherited.transitiveTagKeys, ...own] };
}

export interface Grant {
  readonly Credentials: Credentials;
  /** Left out of answers for sessions without policies and tags, as in the original. */
  readonly PackedPolicySize?: number;
}

export async function grant({ identity }: StsCtx, request: SessionRequest): Promise<Grant> {
  assertFits(request.session);
  const percent = packedPercent(request.session);
  const issued = await identity.sessions.issue(request);
  const { accessKeyId, secretAccessKey, sessionToken, expiresAtMs } = issued;
  return {
    Credentials: {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: sessionToken,
      Expiration: new Date(expiresAtMs),
    },
    ...(percent === 0 ? {} : { PackedPolicySize: percent }),
  };
}

/** To be asked before anything is used up: `grant` takes no session that does not fit. */
export function assertFits(session: SessionRequest['session']): void {
  const percent = packedPercent(session);
  if (percent > 100) throw faults.packedPolicyTooLarge(percent);
}
