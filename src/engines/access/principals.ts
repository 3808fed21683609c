/**
 * Callers with everything that is said about them: their policies, compiled, their boundary and
 * their tags. What was read is kept until the next write to identities and no longer.
 */
import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { Caller, Session } from '../../kernel/caller.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import { publicAccount } from '../identity/public-policies.ts';
import { attachments, users } from '../identity/rows.ts';
import type { IdentitySpace } from '../identity/space.ts';
import type { PrincipalFacts, SourcedPolicy } from '../policy/types.ts';
import type { Documents } from './documents.ts';
import { type Entities, type Entity, makeEntities } from './entities.ts';
import { type Found, makeSources, type Sources, unreadable } from './sources.ts';

export interface Principal {
  readonly facts: PrincipalFacts;
  readonly identity: readonly SourcedPolicy[];
  readonly boundary?: SourcedPolicy;
  readonly session?: readonly SourcedPolicy[];
  /** Of users alone, and of their own sessions. */
  readonly userName?: string;
  /** The principal's tags under those of the session. */
  readonly tags: Tags;
  /** Says why nothing may be allowed: there is no such principal, or a policy cannot be read. */
  readonly closed?: string;
  /** Different for each principal that was read; never used again. */
  readonly serial: number;
}

export interface Principals {
  /** Without reading anything; undefined when it has to be read. */
  known(caller: Caller): Principal | undefined;
  load(caller: Caller): Promise<Principal>;
  /** Reads the public policies that are attached to anybody, and what a first user costs. */
  prepare(): Promise<void>;
}

export interface PrincipalParts {
  readonly partition: string;
  readonly space: IdentitySpace;
  readonly documents: Documents;
  readonly log: Logger;
}

type Tags = Readonly<Record<string, string>>;
type Loaded = Omit<Principal, 'serial'>;

interface Kept {
  readonly generation: number;
  readonly principal: Principal;
}

const allowAll = JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: '*', Resource: '*' },
});
const noTags: Tags = {};

export function makePrincipals(parts: PrincipalParts): Principals {
  const { partition, space, documents, log } = parts;
  const sources = makeSources(space, documents);
  const entities = makeEntities(space, sources);
  /** By identity: the same credentials give the same object until something is written. */
  const kept = new WeakMap<Caller, Kept>();
  let serial = 0;

  return {
    async prepare() {
      await sources.managed(await attachedPublic(space.reader, partition), 'managed');
      // One user, whoever it is: the code that reads users is compiled when it first runs.
      const [first] = await space.reader.list(users, { limit: 1 });
      if (first) await entities.byId('user', first.row.id);
    },
    known(caller) {
      const found = kept.get(caller);
      return found?.generation === space.generation() ? found.principal : undefined;
    },
    async load(caller) {
      // Taken before reading: what is written meanwhile makes what was read out of date.
      const generation = space.generation();
      const loaded = await read(caller, { sources, entities });
      if (loaded.closed !== undefined) {
        const fields = { principal: caller.arn, reason: loaded.closed };
        log.warn('a principal is refused everything', fields);
      }
      serial += 1;
      const principal = { ...loaded, serial };
      kept.set(caller, { generation, principal });
      return principal;
    },
  };
}

interface Readers {
  readonly sources: Sources;
  readonly entities: Entities;
}

async function read(caller: Caller, { sources, entities }: Readers): Promise<Loaded> {
  const bare = withoutPolicies(caller);
  if (bare) return bare;
  const { session } = caller;
  if (session && isRoot(session.issuerArn)) return rootSession(caller, session, sources);
  const entity = await entities.byId(kindOf(caller), session?.issuerId ?? caller.userId);
  if (!entity) return closed(caller, `there is no such principal: ${caller.userId}`);
  const ceiling = await ceilingOf(session, sources);
  const reason = entity.closed ?? unreadable(ceiling);
  const { identity, boundary } = entity;
  return {
    facts: factsOf(caller, entity),
    identity,
    ...(boundary ? { boundary } : {}),
    ...(ceiling ? { session: ceiling.policies } : {}),
    ...(session?.kind === 'federated' || entity.kind === 'role' ? {} : { userName: entity.name }),
    tags: session ? overlaid(entity.tags, session.tags) : entity.tags,
    ...(reason === undefined ? {} : { closed: reason }),
  };
}

/** The case of a tag's key does not make it another one. */
function overlaid(under: Tags, over: Tags): Tags {
  const replaced = new Set(Object.keys(over).map((key) => key.toLowerCase()));
  const kept = Object.entries(under).filter(([key]) => !replaced.has(key.toLowerCase()));
  return { ...Object.fromEntries(kept), ...over };
}

/** Undefined where the session sets none; a federated session is always under one. */
async function ceilingOf(
  session: Session | undefined,
  sources: Sources,
): Promise<Found | undefined> {
  if (!session || session.kind === 'user') return undefined;
  const none = session.policies.length + session.policyArns.length === 0;
  if (none && session.kind === 'role') return undefined;
  const inline = Object.fromEntries(session.policies.map((text, at) => [`session-${at}`, text]));
  return sources.gathered([
    sources.inline(inline, 'session'),
    await sources.managed(session.policyArns, 'session'),
  ]);
}

/** What the root user may do is limited by the session alone. */
async function rootSession(caller: Caller, session: Session, sources: Sources): Promise<Loaded> {
  if (session.kind !== 'federated') return rootUser(caller);
  const { policies } = sources.inline({ root: allowAll }, 'user');
  const ceiling = await ceilingOf(session, sources);
  const reason = unreadable(ceiling);
  const { account, arn } = caller;
  const facts = { kind: 'federated', account, arn, issuerArn: session.issuerArn } as const;
  return {
    ...{ facts, identity: policies, tags: session.tags, session: ceiling?.policies ?? [] },
    ...(reason === undefined ? {} : { closed: reason }),
  };
}

/** Their ARNs, each once: from one to the next over all that have it. */
async function attachedPublic(reader: Reader, partition: string): Promise<readonly string[]> {
  const prefix = formatArn({ partition, region: '', account: publicAccount }, 'iam', 'policy/');
  const arns: string[] = [];
  let after: string | undefined;
  for (;;) {
    const range = { prefix, limit: 1, ...(after === undefined ? {} : { after }) };
    const [entry] = await reader.list(attachments, range);
    if (!entry) return arns;
    const { policyArn } = entry.row;
    arns.push(policyArn);
    // No key of one ARN is beyond this: after the bar stands a word in lower case.
    after = `${policyArn}|~`;
  }
}

function kindOf({ session }: Caller): 'user' | 'role' {
  return session?.kind === 'role' ? 'role' : 'user';
}

function isRoot(arn: string): boolean {
  const parsed = parseArn(arn);
  return parsed.ok && parsed.value.service === 'iam' && parsed.value.resource === 'root';
}

/** Services and callers without a signature have no policies of their own. */
function withoutPolicies(caller: Caller): Loaded | undefined {
  const { account, arn, service, session } = caller;
  const none = { identity: [], tags: noTags };
  if (service !== undefined) {
    return { facts: { kind: 'service', account, arn: '', service }, ...none };
  }
  if (arn === '') return { facts: { kind: 'anonymous', account: '', arn: '' }, ...none };
  return isRoot(arn) && !session ? rootUser(caller) : undefined;
}

function rootUser({ account, arn }: Caller): Loaded {
  return { facts: { kind: 'root', account, arn }, identity: [], tags: noTags };
}

function closed(caller: Caller, reason: string): Loaded {
  const { account, arn } = caller;
  const facts = { kind: kindOf(caller), account, arn };
  return { facts, identity: [], tags: noTags, closed: reason };
}

function factsOf({ account, arn, session }: Caller, entity: Entity): PrincipalFacts {
  const about = { account, uniqueId: entity.id };
  if (!session) return { kind: 'user', arn: entity.arn, ...about };
  const issued = { ...about, issuerArn: entity.arn };
  if (session.kind === 'user') return { kind: 'user', arn: entity.arn, ...issued };
  const { federatedProvider } = session;
  const provider = federatedProvider === undefined ? {} : { federatedProvider };
  return { kind: session.kind, arn, ...issued, ...provider };
}
