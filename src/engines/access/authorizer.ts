/**
 * Decides checks: finds every policy that has a say, asks the rules of policies, and words the
 * refusal. It fails closed: who or what cannot be read is refused.
 */
import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Check } from '../../kernel/check.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { nameKey, type RoleRow, roles } from '../identity/rows.ts';
import type { IdentitySpace } from '../identity/space.ts';
import { effectiveTrust } from '../identity/trust.ts';
import { decide } from '../policy/decide.ts';
import type { Decision, PrincipalFacts, SourcedPolicy } from '../policy/types.ts';
import type { Access, AccessRefusal, Asking, ServiceRole } from './access.ts';
import { type Documents, makeDocuments } from './documents.ts';
import { type KeyFacts, keysOf, type WatchedKeys } from './keys.ts';
import { makePrincipals, type Principal } from './principals.ts';
import { closedTo, refusalOf } from './words.ts';

export interface AccessParts {
  readonly partition: string;
  readonly space: IdentitySpace;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Answers that are kept, those of principals since read again included; then all are dropped. */
const mostAnswers = 20_000;

export interface PreparedAccess extends Access {
  /**
   * Does ahead what is done once for all: reads the public policies that somebody has, which are
   * the longest there are, and goes the way of a first user. For when the server has started;
   * nothing depends on it.
   */
  prepare(): Promise<void>;
}

export function makeAccess({ partition, space, clock, log }: AccessParts): PreparedAccess {
  const documents = makeDocuments(log);
  const principals = makePrincipals({ partition, space, documents, log });
  const answers = new Set<string>();

  async function refusal(check: Check, asking: Asking): Promise<AccessRefusal | undefined> {
    const { caller } = asking;
    const principal = principals.known(caller) ?? (await principals.load(caller));
    const answer = answerKey(check, principal, caller);
    if (answer !== undefined && answers.has(answer)) return undefined;
    const { refused, forAllKeys } = await decided({ check, asking, principal, documents, log });
    if (refused || answer === undefined || !forAllKeys) return refused;
    if (answers.size >= mostAnswers) answers.clear();
    answers.add(answer);
    return undefined;
  }

  return {
    refusalOf: refusal,
    mayAlready(check, caller) {
      const principal = principals.known(caller);
      const answer = principal && answerKey(check, principal, caller);
      return answer !== undefined && answers.has(answer);
    },
    prepare: () => principals.prepare(),
    async assumedBy(wanted) {
      const row = await roleOf(space, wanted.roleArn);
      if (!row || row.account !== wanted.account) {
        return refuse(`the role ${wanted.roleArn} does not exist`);
      }
      const refused = await refusal(trustCheck(wanted, row), serviceAsking(wanted, clock.nowMs()));
      if (!refused) return ok(sessionOf(row, wanted, clock.nowMs()));
      return refuse(`the role ${row.arn} does not let ${wanted.service} assume it`);
    },
  };
}

/**
 * Names a question as far as it is not about condition keys. Undefined when more than the caller's
 * policies has a say. A principal that was read again has another serial.
 */
function answerKey(check: Check, principal: Principal, caller: Caller): string | undefined {
  const { closed, serial } = principal;
  if (closed !== undefined || check.resourcePolicy || check.rule) return undefined;
  return `${serial} ${check.action} ${check.owner ?? caller.account} ${check.resource}`;
}

interface Deciding {
  readonly check: Check;
  readonly asking: Asking;
  readonly principal: Principal;
  readonly documents: Documents;
  readonly log: Logger;
}

interface Decided {
  readonly refused: AccessRefusal | undefined;
  /** No condition key was asked for: the same question has the same answer whatever they are. */
  readonly forAllKeys: boolean;
}

async function decided(deciding: Deciding): Promise<Decided> {
  const { check, principal } = deciding;
  const { caller } = deciding.asking;
  const closed = () => ({ refused: closedTo(caller, check), forAllKeys: false });
  if (principal.closed !== undefined) return closed();
  const onResource = await resourcePolicy(deciding);
  if (onResource === 'unreadable') return closed();
  const first = answered(deciding, { onResource });
  // Few questions come down to tags, and they have to be read: the first time without them.
  const again = first.keys.missedTags() && check.resourceTags;
  const resourceTags = again ? await again() : undefined;
  const { decision, keys } = resourceTags
    ? answered(deciding, { onResource, resourceTags })
    : first;
  const { effect, failure } = decision;
  if (failure !== undefined) {
    const { action, resource } = check;
    const fields = { principal: caller.arn, action, resource, failure };
    deciding.log.error('a decision failed, which refuses', undefined, fields);
  }
  const allowed = effect === 'allowed';
  const refused = allowed ? undefined : refusalOf({ caller, check, decision, key: keys.key });
  return { refused, forAllKeys: !keys.asked() };
}

interface Known {
  readonly onResource: SourcedPolicy | undefined;
  readonly resourceTags?: KeyFacts['resourceTags'];
}

interface Answered {
  readonly decision: Decision;
  readonly keys: WatchedKeys;
}

function answered(
  { check, principal, asking }: Deciding,
  { onResource, resourceTags }: Known,
): Answered {
  const { caller, facts: request } = asking;
  const { identity, boundary, session } = principal;
  const { action, resource, owner = caller.account } = check;
  const keys = keysOf({ check, caller, principal, request, owner, resourceTags });
  const decision = decide(
    { action, resource, principal: principalFacts(principal, check), key: keys.key },
    {
      identity,
      ...(boundary ? { boundary } : {}),
      ...(session ? { session } : {}),
      ...(onResource ? { resource: onResource } : {}),
      owner,
      rule: check.rule ?? 'beside',
    },
  );
  return { decision, keys };
}

async function resourcePolicy({
  check,
  documents,
}: Deciding): Promise<SourcedPolicy | undefined | 'unreadable'> {
  const text = await check.resourcePolicy?.();
  if (text === undefined) return undefined;
  const use = check.rule === 'trust' ? 'trust' : 'resource';
  const made = documents.compiled(text, use, check.resource);
  if (!made.ok) return 'unreadable';
  return { id: check.resource, type: 'resource', compiled: made.value };
}

/** Who comes with a web identity has no credentials yet: the operation says who vouches. */
function principalFacts({ facts }: Principal, { keys }: Check): PrincipalFacts {
  const federatedProvider = facts.kind === 'anonymous' && keys?.['aws:federatedprovider'];
  return typeof federatedProvider === 'string' ? { ...facts, federatedProvider } : facts;
}

async function roleOf(space: IdentitySpace, roleArn: string): Promise<RoleRow | undefined> {
  const parsed = parseArn(roleArn);
  if (!parsed.ok || parsed.value.service !== 'iam') return undefined;
  const { account, resource } = parsed.value;
  const name = resource.slice(resource.lastIndexOf('/') + 1);
  const row = await space.reader.get(roles, nameKey(account, name));
  return row?.arn === roleArn ? row : undefined;
}

function trustCheck({ account, sourceArn, sessionName }: ServiceRole, row: RoleRow): Check {
  return {
    action: 'sts:AssumeRole',
    resource: row.arn,
    owner: row.account,
    rule: 'trust',
    resourcePolicy: async () => effectiveTrust(row),
    resourceTags: async () => row.tags,
    keys: {
      'aws:sourceaccount': account,
      ...(sourceArn === undefined ? {} : { 'aws:sourcearn': sourceArn }),
      'sts:rolesessionname': sessionName,
    },
  };
}

function serviceAsking({ account, service }: ServiceRole, nowMs: number): Asking {
  const caller = { accessKeyId: '', arn: '', userId: service, account, service };
  return { caller, facts: { nowMs, region: '', secure: true } };
}

/** It lasts as long as what it was taken for; a deleted role ends it. */
function sessionOf(row: RoleRow, { sessionName }: ServiceRole, nowMs: number): Caller {
  const { account, arn, id, name } = row;
  const parsed = parseArn(arn);
  const partition = parsed.ok ? parsed.value.partition : 'aws';
  const scope = { partition, region: '', account };
  return {
    accessKeyId: '',
    arn: formatArn(scope, 'sts', `assumed-role/${name}/${sessionName}`),
    userId: `${id}:${sessionName}`,
    account,
    session: {
      ...{ kind: 'role', issuerArn: arn, issuerId: id, name: sessionName },
      issuedAtMs: nowMs,
      expiresAtMs: Number.MAX_SAFE_INTEGER,
      ...{ tags: {}, transitiveTagKeys: [], policies: [], policyArns: [] },
    },
  };
}
