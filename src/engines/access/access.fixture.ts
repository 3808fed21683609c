/** Users, roles and policies in memory, and an access over them, for the tests of this folder. */
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import type { Caller, Session } from '../../kernel/caller.ts';
import type { Check } from '../../kernel/check.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Collection, MetadataStore } from '../../ports/metadata-store.ts';
import {
  type GroupRow,
  groups,
  type ManagedPolicyRow,
  managedPolicies,
  nameKey,
  type RoleRow,
  roles,
  type UserRow,
  users,
} from '../identity/rows.ts';
import { type IdentitySpace, makeIdentitySpace } from '../identity/space.ts';
import type { AccessRefusal } from './access.ts';
import { makeAccess, type PreparedAccess } from './authorizer.ts';

export const account = '111122223333';
export const nowMs = Date.UTC(2026, 4, 5, 12);
const arnOf = (what: string) => `arn:aws:iam::${account}:${what}`;

type Statement = Readonly<Record<string, unknown>>;

/** A document of the statements. */
export function policy(...statements: readonly Statement[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

export function allow(action: string, resource = '*', more: Statement = {}): Statement {
  return { Effect: 'Allow', Action: action, Resource: resource, ...more };
}

export function deny(action: string, resource = '*', more: Statement = {}): Statement {
  return { Effect: 'Deny', Action: action, Resource: resource, ...more };
}

export interface Bench {
  readonly access: PreparedAccess;
  readonly space: IdentitySpace;
  readonly clock: VirtualClock;
  readonly logged: unknown[];
  /** Rows that were read so far. */
  reads(): number;
  user(name: string, over?: Partial<UserRow>): Promise<Caller>;
  group(name: string, over?: Partial<GroupRow>): Promise<void>;
  role(name: string, over?: Partial<RoleRow>): Promise<RoleRow>;
  /** Answers its ARN. */
  managed(name: string, document: string): Promise<string>;
  ask(caller: Caller, check: Partial<Check>): Promise<AccessRefusal | undefined>;
}

export function bench(): Bench {
  const clock = new VirtualClock(nowMs);
  const logged: unknown[] = [];
  const log: Logger = {
    info: () => {},
    warn: (message, fields) => void logged.push([message, fields]),
    error: (message, _cause, fields) => void logged.push([message, fields]),
  };
  let reads = 0;
  const store = counted(memoryMetadataStore(), () => {
    reads += 1;
  });
  const space = makeIdentitySpace(store);
  const access = makeAccess({ partition: 'aws', space, clock, log });
  const put = <Row>(into: Collection<Row>, key: string, row: Row) =>
    space.write((tx) => tx.put(into, key, row));
  const entity = (name: string, prefix: string) => ({
    ...{ account, name, path: '/', id: `${prefix}${name.toUpperCase()}`, createdAtMs: 0 },
    ...{ inline: {}, attached: [] },
  });
  return {
    access,
    space,
    clock,
    logged,
    reads: () => reads,
    async user(name, over = {}) {
      const arn = arnOf(`user/${name}`);
      const row = { ...entity(name, 'AIDA'), arn, tags: {}, groups: [], ...over };
      await put(users, nameKey(account, name), row);
      return { accessKeyId: 'AKIA', arn, userId: row.id, account };
    },
    group: (name, over = {}) =>
      put(groups, nameKey(account, name), {
        ...{ ...entity(name, 'AGPA'), arn: arnOf(`group/${name}`) },
        ...over,
      }),
    async role(name, over = {}) {
      const row: RoleRow = {
        ...{ ...entity(name, 'AROA'), arn: arnOf(`role/${name}`), tags: {} },
        ...{ maxSessionSeconds: 3_600, trustPolicy: trusting({}), trustedIds: {} },
        ...over,
      };
      await put(roles, nameKey(account, name), row);
      return row;
    },
    async managed(name, document) {
      const arn = arnOf(`policy/${name}`);
      const version = { document, createdAtMs: 0 };
      const row: ManagedPolicyRow = {
        ...{ account, name, path: '/', id: `ANPA${name}`, arn, createdAtMs: 0, updatedAtMs: 0 },
        ...{ defaultVersion: 'v1', nextVersion: 2, versions: { v1: version }, tags: {} },
      };
      await put(managedPolicies, arn, row);
      return arn;
    },
    ask(caller, check) {
      const whole = { action: 's3:GetObject', resource: 'arn:aws:s3:::data/a', ...check };
      const facts = { nowMs, region: 'eu-west-1', secure: false, sourceAddress: '192.0.2.7' };
      return access.refusalOf(whole, { caller, facts });
    },
  };
}

/** A trust policy that lets the training service in. */
export function trusting(more: Statement): string {
  const Principal = { Service: 'sagemaker.amazonaws.com' };
  return policy({ Effect: 'Allow', Action: 'sts:AssumeRole', Principal, ...more });
}

export function sessionOfRole(row: RoleRow, over: Partial<Session> = {}): Caller {
  const arn = `arn:aws:sts::${account}:assumed-role/${row.name}/s`;
  const issuer = { kind: 'role', issuerArn: row.arn, issuerId: row.id, name: 's' } as const;
  const session = { ...emptySession, ...issuer, ...over };
  return { accessKeyId: 'ASIA', arn, userId: `${row.id}:s`, account, session };
}

/** What GetSessionToken and GetFederationToken make of a user. */
export function sessionOfUser(user: Caller, over: Partial<Session> = {}): Caller {
  const issuer = { kind: 'user', issuerArn: user.arn, issuerId: user.userId, name: '' } as const;
  const session = { ...emptySession, ...issuer, ...over };
  if (session.kind === 'user') return { ...user, accessKeyId: 'ASIA', session };
  const arn = `arn:aws:sts::${account}:federated-user/${session.name}`;
  return { accessKeyId: 'ASIA', arn, userId: `${account}:${session.name}`, account, session };
}

const emptySession = {
  ...{ issuedAtMs: nowMs - 60_000, expiresAtMs: nowMs + 3_600_000 },
  ...{ tags: {}, transitiveTagKeys: [], policies: [], policyArns: [] },
};

function counted(store: MetadataStore, count: () => void): MetadataStore {
  return {
    get: (from, key) => (count(), store.get(from, key)),
    list: (from, range) => (count(), store.list(from, range)),
    listBy: (from, range) => (count(), store.listBy(from, range)),
    write: (work, options) => store.write(work, options),
    close: () => store.close(),
  };
}
