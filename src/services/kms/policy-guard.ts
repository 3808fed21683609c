/**
 * Key policies as they may be written: readable, not too long, naming principals that exist, and
 * not shutting out the one who writes them, who could then never change them again.
 */
import { keysOf } from '../../engines/access/keys.ts';
import { compilePolicy } from '../../engines/policy/compile.ts';
import { decide } from '../../engines/policy/decide.ts';
import { parsePolicy } from '../../engines/policy/parse.ts';
import type { PolicyDocument, PrincipalFacts, SourcedPolicy } from '../../engines/policy/types.ts';
import { type Caller, isRootUser } from '../../kernel/caller.ts';
import type { KmsCtx } from './context.ts';
import { faults } from './faults.ts';
import { trustedIdsOf } from './policy-principals.ts';

export const policyLimitBytes = 32_768;

export interface CheckedPolicy {
  readonly policy: string;
  readonly trustedIds: Readonly<Record<string, string>>;
}

export interface Given {
  readonly policy: string;
  /** Of the key that it is for; `*` before there is one. */
  readonly keyArn: string;
  readonly bypass: boolean | undefined;
}

/** Throws MalformedPolicyDocument, or LimitExceeded for one that is too long. */
export async function checkedPolicy(
  ctx: KmsCtx,
  { policy, keyArn, bypass }: Given,
): Promise<CheckedPolicy> {
  if (Buffer.byteLength(policy) > policyLimitBytes) {
    throw faults.limit(`A key policy may have ${policyLimitBytes} bytes`);
  }
  const parsed = parsePolicy(policy, 'resource');
  if (!parsed.ok) throw faults.malformedPolicy(parsed.reason);
  const trustedIds = await trustedIdsOf(ctx.store, parsed.value);
  if (!bypass && !letsWrite(ctx, parsed.value, keyArn)) {
    throw faults.malformedPolicy(
      'The new key policy will not allow you to update the key policy in the future.',
    );
  }
  return { policy, trustedIds };
}

const everything: SourcedPolicy = {
  id: 'the account',
  type: 'user',
  compiled: compilePolicy({
    version: '2012-10-17',
    statements: [
      {
        ...{ index: 0, effect: 'Allow', actions: ['*'], resources: ['*'], conditions: [] },
        ...{ start: { line: 1, column: 1 }, end: { line: 1, column: 1 } },
      },
    ],
  }),
};

/**
 * Whether the policy lets the caller write it again. Where it leaves that to the account, the
 * account is taken to allow it: its own policies are no matter of the key's.
 */
function letsWrite(ctx: KmsCtx, document: PolicyDocument, keyArn: string): boolean {
  const { caller, clock, scope } = ctx;
  const action = 'kms:PutKeyPolicy';
  const resource: SourcedPolicy = {
    id: keyArn,
    type: 'resource',
    compiled: compilePolicy(document),
  };
  const facts = factsOf(caller);
  const { key } = keysOf({
    check: { action, resource: keyArn, keys: { 'kms:calleraccount': caller.account } },
    ...{ caller, owner: scope.account, resourceTags: undefined },
    principal: { facts, identity: [], tags: caller.session?.tags ?? {}, serial: 0 },
    request: {
      nowMs: clock.nowMs(),
      region: scope.region,
      secure: ctx.endpointUrl.startsWith('https:'),
      ...(ctx.sourceAddress === undefined ? {} : { sourceAddress: ctx.sourceAddress }),
    },
  });
  const question = { action, resource: keyArn, principal: facts, key };
  const sets = { identity: [everything], resource, owner: scope.account, rule: 'key' } as const;
  return decide(question, sets).effect === 'allowed';
}

function factsOf(caller: Caller): PrincipalFacts {
  const { account, arn, userId, session, service } = caller;
  if (service !== undefined) return { kind: 'service', account, arn: '', service };
  if (isRootUser(caller)) return { kind: 'root', account, arn };
  if (!session) return { kind: 'user', account, arn, uniqueId: userId };
  const { kind, issuerArn, issuerId: uniqueId } = session;
  if (kind === 'user') return { kind: 'user', account, arn, issuerArn, uniqueId };
  return { kind, account, arn, issuerArn, uniqueId };
}
