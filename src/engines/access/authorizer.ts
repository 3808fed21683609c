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
import type { CompiledPolicy, PrincipalFacts, SourcedPolicy } from '../policy/types.ts';
import type { Access, AccessRefusal, Asking, ServiceRole } from './access.ts';
import { type Documents, makeDocuments } from './documents.ts';
import { keysOf, looksAtResourceTags } from './keys.ts';
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
   * Reads ahead what is read once for all: the public policies that somebody has, which are the
   * longest there are. For when the server has started; nothing depends on it.
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
    const refused = await decided({ check, asking, principal, documents, log });
    if (refused || answer === undefined) return refused;
    if (answers.size >= mostAnswers) answers.clear();
    answers.add(answer);
    return undefined;
  }

  return {
    refusalOf: refusal,
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
 * Names a question whose answer depends on nothing else: the policies look at no condition key, and
 * the resource has no policy. A principal that was read again has another serial.
 */
function answerKey(check: Check, principal: Principal, caller: Caller): string | undefined {
  const { closed, keys, serial } = principal;
  if (closed !== undefined || keys.size > 0 || check.resourcePolicy || check.rule) return undefined;
  return `${serial} ${check.action} ${check.owner ?? caller.account} ${check.resource}`;
}

interface Deciding {
  readonly check: Check;
  readonly asking: Asking;
  readonly principal: Principal;
  readonly documents: Documents;
  readonly log: Logger;
}

async function decided(deciding: Deciding): Promise<AccessRefusal | undefined> {
  const { check, principal } = deciding;
  const { caller, facts: request } = deciding.asking;
  const { closed, identity, boundary, session } = principal;
  if (closed !== undefined) return closedTo(caller, check);
  const onResource = await resourcePolicy(deciding);
  if (onResource === 'unreadable') return closedTo(caller, check);
  const owner = check.owner ?? caller.account;
  const wantsTags = anyTag(principal.keys) || anyTag(onResource?.compiled.keys ?? none);
  const resourceTags = wantsTags ? await check.resourceTags?.() : undefined;
  const key = keysOf({ check, caller, principal, request, owner, resourceTags });
  const { action, resource } = check;
  const decision = decide(
    { action, resource, principal: principalFacts(principal, check), key },
    {
      identity,
      ...(boundary ? { boundary } : {}),
      ...(session ? { session } : {}),
      ...(onResource ? { resource: onResource } : {}),
      owner,
      rule: check.rule ?? 'beside',
    },
  );
  const { effect, failure } = decision;
  if (failure !== undefined) {
    const fields = { principal: caller.arn, action, resource, failure };
    deciding.log.error('a decision failed, which refuses', undefined, fields);
  }
  return effect === 'allowed' ? undefined : refusalOf({ caller, check, decision, key });
}

const none: ReadonlySet<string> = new Set();
const tagged = new WeakMap<CompiledPolicy['keys'], boolean>();

/** Asked for each decision about sets that never change. */
function anyTag(keys: ReadonlySet<string>): boolean {
  if (keys.size === 0) return false;
  const known = tagged.get(keys);
  if (known !== undefined) return known;
  const found = [...keys].some(looksAtResourceTags);
  tagged.set(keys, found);
  return found;
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
