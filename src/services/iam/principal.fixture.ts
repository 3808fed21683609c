/** Users, groups and credentials over memory and a virtual clock, called without a wire. */
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import type { SecretVault } from '../../engines/identity/identity.ts';
import { administratorPolicyArn } from '../../engines/identity/public-policies.ts';
import {
  type AttachmentRow,
  attachmentKey,
  attachments,
  groups,
  nameKey,
  users,
} from '../../engines/identity/rows.ts';
import { makeIdentitySpace } from '../../engines/identity/space.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { PasswordHasher } from '../../ports/password-hasher.ts';
import { type Call, type Caller, mount } from '../../wire/operation.ts';
import type { IamParts } from './context.ts';
import { principalOperations } from './principal-operations.ts';
import { principalPermissions } from './principal-permissions.ts';

export const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
export const arnOf = (resource: string) => `arn:aws:iam::${scope.account}:${resource}`;
export const startMs = Date.UTC(2026, 0, 2, 3, 4, 5);
export const administratorAccess = administratorPolicyArn('aws');

/** Hides nothing, but is bound to its context. */
export const toyVault: SecretVault = {
  seal: (text, context) => `sealed:${JSON.stringify([text, context])}`,
  open: (sealed, context) => {
    const [text, madeFor] = JSON.parse(sealed.slice('sealed:'.length)) as [string, object];
    return JSON.stringify(madeFor) === JSON.stringify(context) ? ok(text) : refuse('another one');
  },
};

/** Slow in nothing, and told apart from the password by its first letters. */
export const toyHasher: PasswordHasher = {
  hash: async (password) => `hash:${[...password].reverse().join('')}`,
  verify: async (password, hash) => hash === `hash:${[...password].reverse().join('')}`,
};

export const root: Caller = {
  ...{ accessKeyId: 'AKIDROOT', arn: arnOf('root'), userId: scope.account },
  account: scope.account,
};

export const roleSession: Caller = {
  accessKeyId: 'ASIA',
  arn: `arn:aws:sts::${scope.account}:assumed-role/worker/run`,
  userId: 'AROAWORKER:run',
  account: scope.account,
  session: {
    ...{ kind: 'role', issuerArn: arnOf('role/worker'), issuerId: 'AROAWORKER', name: 'run' },
    ...{ issuedAtMs: 0, expiresAtMs: 1, tags: {}, transitiveTagKeys: [] },
    ...{ policies: [], policyArns: [] },
  },
};

export function callBy(caller: Caller): Call {
  return {
    ...{ scope, caller, requestId: 'r', signal: new AbortController().signal },
    ...{ endpointUrl: 'http://127.0.0.1:4566', headers: {}, url: '/', checksums: {} },
  };
}

export function setup() {
  const store = memoryMetadataStore();
  const clock = new VirtualClock(startMs);
  const identity = makeIdentitySpace(store);
  const parts: IamParts = {
    ...{ identity, clock, vault: toyVault, random: seededRandom(7), passwords: toyHasher },
    qr: { png: (text) => Buffer.from(`picture of ${text}`) },
    access: {
      refusalOf: async () => undefined,
      assumedBy: async () => refuse('no roles here'),
    },
  };
  const tables = { operations: principalOperations, permissions: principalPermissions };
  const service = mount('iam', tables, parts);

  /** The answer, whose shape the test knows. */
  async function run<Out = Record<string, unknown>>(
    operation: keyof typeof principalOperations,
    input: object = {},
    caller: Caller = root,
  ): Promise<Out> {
    const answer = service.call(operation, input, callBy(caller));
    if (!answer) throw new Error(`${operation} is not built`);
    return (await answer) as Out;
  }

  /** A new user as a caller. */
  async function userCaller(UserName: string, more: object = {}): Promise<Caller> {
    const { User } = await run<{ User: { UserId: string; Arn: string } }>('CreateUser', {
      UserName,
      ...more,
    });
    const { account } = scope;
    return { accessKeyId: 'AKID', arn: User.Arn, userId: User.UserId, account };
  }

  /** Gives AdministratorAccess; the operation that does it belongs to policies. */
  async function promote(kind: 'user' | 'group', name: string): Promise<void> {
    await identity.write(async (tx) => {
      const key = nameKey(scope.account, name);
      const from = kind === 'user' ? users : groups;
      const row = await tx.get<{ id: string; attached: readonly string[] }>(from as never, key);
      if (!row) throw new Error(`no ${kind} ${name}`);
      await tx.put(from as never, key, { ...row, attached: [administratorAccess] } as never);
      const { id } = row;
      const policyArn = administratorAccess;
      const attachment: AttachmentRow = { policyArn, as: 'policy', kind, name, id };
      await tx.put(attachments, attachmentKey(attachment), attachment);
    });
  }

  const needs = (operation: string, input: object, caller: Caller = root) =>
    service.needs(operation, input, callBy(caller));

  return { store, clock, identity, parts, service, run, needs, userCaller, promote };
}
