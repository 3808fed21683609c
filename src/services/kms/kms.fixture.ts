/** The key service over memory and a virtual clock, with users and roles, asked as by the wire. */
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { makeAccess } from '../../engines/access/authorizer.ts';
import { keyringOf } from '../../engines/envelope/keyring.ts';
import { makeVault } from '../../engines/envelope/vault.ts';
import { nameKey, type RoleRow, roles, type UserRow, users } from '../../engines/identity/rows.ts';
import { type IdentitySpace, makeIdentitySpace } from '../../engines/identity/space.ts';
import { makeLifecycle } from '../../engines/keys/lifecycle.ts';
import { makeKeys } from '../../engines/keys/make-keys.ts';
import { aliasRows, grantRows, keyRows, materialRows } from '../../engines/keys/rows.ts';
import { makeKeyUpkeepLoop } from '../../jobs/key-upkeep/loop.ts';
import { dayMs, VirtualClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/log.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Collection } from '../../ports/metadata-store.ts';
import { type Call, type Caller, Fault, mount } from '../../wire/operation.ts';
import type { KmsParts } from './context.ts';
import { kms, kmsPermissions } from './index.ts';
import { keyNeeds, type Need } from './key-needs.ts';

export const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
export const startMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const iamArn = (what: string) => `arn:aws:iam::${scope.account}:${what}`;
export const rootArn = iamArn('root');
export const kmsArn = (what: string) => `arn:aws:kms:${scope.region}:${scope.account}:${what}`;

export const root: Caller = {
  ...{ accessKeyId: 'AKIDROOT', arn: rootArn, userId: scope.account, account: scope.account },
};

/** Of another account, which has no users here. */
export const stranger: Caller = {
  ...{ accessKeyId: 'AKIDOTHER', arn: 'arn:aws:iam::999988887777:root', userId: '999988887777' },
  account: '999988887777',
};

export function callBy(caller: Caller): Call {
  return {
    ...{ scope: { ...scope, account: caller.account }, caller, requestId: 'r' },
    ...{ endpointUrl: 'https://127.0.0.1:4566', headers: {}, url: '/', checksums: {} },
    signal: new AbortController().signal,
  };
}

export function policy(...Statement: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

export function allow(Action: string | readonly string[], more: object = {}) {
  return { Effect: 'Allow', Action, Resource: '*', ...more };
}

/** Leaves everything to the account. */
export const toAccount = allow('kms:*', { Principal: { AWS: rootArn } });

type Rows = Record<string, unknown>;

export function setup() {
  const store = memoryMetadataStore();
  const clock = new VirtualClock(startMs);
  const random = seededRandom(7);
  const vault = makeVault({ keyring: keyringOf([random.bytes(32)]), random });
  const identity = makeIdentitySpace(store);
  const access = makeAccess({ partition: 'aws', space: identity, clock, log: silentLogger });
  const keys = makeKeys({ store, vault, random, clock });
  const woken: string[] = [];
  const wake = (name: string) => void woken.push(name);
  const lifecycle = makeLifecycle({ keys, wake, vault, random, clock });
  const parts: KmsParts = { store, vault, random, clock, keys, lifecycle, access };
  const loop = makeKeyUpkeepLoop({ store, lifecycle });
  const asking = asked(parts);

  async function create(more: object = {}, caller: Caller = root) {
    const made = await asking.run<{ KeyMetadata: { KeyId: string; Arn: string } & Rows }>(
      'CreateKey',
      more,
      caller,
    );
    return made.KeyMetadata;
  }

  const describe = async (KeyId: string) =>
    (await asking.run<{ KeyMetadata: Rows }>('DescribeKey', { KeyId })).KeyMetadata;

  /** Everything that is kept of keys. */
  async function rows(): Promise<readonly unknown[]> {
    const limit = 10_000;
    return [
      ...(await store.list(keyRows, { limit })),
      ...(await store.list(materialRows, { limit })),
      ...(await store.list(aliasRows, { limit })),
      ...(await store.list(grantRows, { limit })),
    ];
  }

  /** Moves the clock and does what has become due. */
  async function pass(days: number): Promise<number> {
    clock.moveTo(clock.nowMs() + days * dayMs);
    return loop.tick(clock.nowMs(), { signal: new AbortController().signal });
  }

  return {
    ...{ store, clock, parts, loop, woken, create, describe, rows, pass },
    ...asking,
    ...people(identity),
  };
}

/** Calls as the wire makes them. */
function asked(parts: KmsParts) {
  const { access, clock } = parts;
  const service = mount('kms', { operations: kms, permissions: kmsPermissions }, parts);
  const facts = () => ({ nowMs: clock.nowMs(), region: scope.region, secure: true });

  /** Asks, refuses, runs. */
  async function run<Out = Rows>(
    operation: keyof typeof kms,
    input: object = {},
    caller: Caller = root,
  ): Promise<Out> {
    const call = callBy(caller);
    const checks = await service.needs(operation, input, call);
    for (const check of checks === 'open' ? [] : checks) {
      const refused = await access.refusalOf(check, { caller, facts: facts() });
      if (refused) throw new Fault('AccessDeniedException', refused.message, { status: 400 });
    }
    const answer = service.call(operation, input, call);
    if (!answer) throw new Error(`${operation} is not built`);
    return (await answer) as Out;
  }

  const needs = (operation: keyof typeof kms, input: object, caller: Caller = root) =>
    service.needs(operation, input, callBy(caller));

  /** Whether the caller may use the key so, whatever operation asks. */
  async function may(caller: Caller, KeyId: string, need: Need): Promise<boolean> {
    const check = await keyNeeds({ ...parts, ...callBy(caller) }, KeyId, need);
    return (await access.refusalOf(check, { caller, facts: facts() })) === undefined;
  }

  return { service, run, needs, may };
}

/** Users and roles with one policy of the given statements each; with none without any. */
function people(identity: IdentitySpace) {
  const { account } = scope;
  const put = <Row>(into: Collection<Row>, name: string, row: Row) =>
    identity.write((tx) => tx.put(into, nameKey(account, name), row));
  const entity = (name: string, id: string, statements: readonly object[]) => ({
    ...{ account, name, path: '/', id, createdAtMs: 0, tags: {}, attached: [] },
    inline: (statements.length > 0 ? { own: policy(...statements) } : {}) as Record<string, string>,
  });

  /** The user of the name from now on, with that id: another person than before. */
  async function remake(name: string, id: string, ...statements: object[]): Promise<Caller> {
    const arn = iamArn(`user/${name}`);
    const row: UserRow = { ...entity(name, id, statements), arn, groups: [] };
    await put(users, name, row);
    return { accessKeyId: 'AKID', arn, userId: id, account };
  }

  const user = (name: string, ...statements: readonly object[]) =>
    remake(name, `AIDA${name.toUpperCase()}000000000000`, ...statements);

  async function role(name: string, ...statements: readonly object[]): Promise<Caller> {
    const id = `AROA${name.toUpperCase()}000000000000`;
    const row: RoleRow = {
      ...entity(name, id, statements),
      ...{ arn: iamArn(`role/${name}`), maxSessionSeconds: 3_600 },
      ...{ trustPolicy: policy(), trustedIds: {} },
    };
    await put(roles, name, row);
    return {
      ...{ accessKeyId: 'ASIA', userId: `${id}:run`, account },
      arn: `arn:aws:sts::${account}:assumed-role/${name}/run`,
      session: {
        ...{ kind: 'role', issuerArn: row.arn, issuerId: id, name: 'run', tags: {} },
        ...{ issuedAtMs: 0, expiresAtMs: 1, transitiveTagKeys: [], policies: [], policyArns: [] },
      },
    };
  }

  const forgetUser = (name: string) =>
    identity.write((tx) => tx.delete(users, nameKey(account, name)));

  return { user, remake, role, forgetUser };
}

/** The refusal that it ends with; anything else is thrown. */
export async function refusal(promise: Promise<unknown>): Promise<Fault> {
  const caught = await promise.then(
    (value) => new Error(`answered ${JSON.stringify(value)}`),
    (cause: unknown) => cause,
  );
  if (caught instanceof Fault) return caught;
  throw caught;
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await refusal(promise)).code;
}
