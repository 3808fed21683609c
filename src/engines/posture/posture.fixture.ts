/** A snapshot for tests that grows line by line, around one administrator who is as should be. */
import { formatArn } from '../../kernel/arn.ts';
import { dayMs } from '../../kernel/clock.ts';
import { administratorPolicyArn } from '../identity/public-policies.ts';
import {
  type AccessKeyRow,
  type AccountRow,
  type GroupRow,
  type KeyUseRow,
  type LoginRow,
  type ManagedPolicyRow,
  nameKey,
  type RoleRow,
  type UserRow,
} from '../identity/rows.ts';
import type { SharedResource, Snapshot } from './types.ts';

export const account = '111122223333';
export const stranger = '999988887777';
export const nowMs = Date.UTC(2026, 5, 1);
export const region = 'eu-west-1';
const global = { partition: 'aws', region: '', account };

export const arnOf = (resource: string): string => formatArn(global, 'iam', resource);

type Statement = Readonly<Record<string, unknown>>;

export function policy(...statements: readonly Statement[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

export const allow = (
  action: string | readonly string[],
  resource: string | readonly string[] = '*',
  more: Statement = {},
): Statement => ({ Effect: 'Allow', Action: action, Resource: resource, ...more });

export const trusting = (principal: unknown, more: Statement = {}): string =>
  policy({ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole', ...more });

export const goodPasswords = {
  minimumLength: 14,
  requireSymbols: true,
  requireNumbers: true,
  requireUppercase: true,
  requireLowercase: true,
  allowUsersToChange: true,
  reusePrevention: 24,
};

const serviceTrust = trusting(
  { Service: 'sagemaker.amazonaws.com' },
  { Condition: { StringEquals: { 'aws:SourceAccount': account } } },
);

export class Made {
  readonly users = new Map<string, UserRow>();
  readonly groups = new Map<string, GroupRow>();
  readonly roles = new Map<string, RoleRow>();
  readonly policies = new Map<string, ManagedPolicyRow>();
  readonly accessKeys = new Map<string, AccessKeyRow>();
  readonly keyUses = new Map<string, KeyUseRow>();
  readonly logins = new Map<string, LoginRow>();
  readonly withDevice = new Set<string>();
  readonly accounts = new Map<string, AccountRow>([[account, { passwordPolicy: goodPasswords }]]);
  readonly shared: SharedResource[] = [];
  readonly cut: string[] = [];
  firstStart: NonNullable<Snapshot['firstStart']> = { userId: 'AIDAfirst', accessKeyId: 'GONE' };

  constructor() {
    const admins = this.group('admins', { attached: [administratorPolicyArn('aws')] });
    this.user('boss', { groups: [admins.name] });
    this.key('AKIABOSS', 'boss');
  }

  user(name: string, more: Partial<UserRow> = {}): UserRow {
    const row = { ...this.#entity('user', name), tags: {}, groups: [], ...more };
    this.users.set(nameKey(account, name), row);
    return row;
  }

  group(name: string, more: Partial<GroupRow> = {}): GroupRow {
    const row = { ...this.#entity('group', name), ...more };
    this.groups.set(nameKey(account, name), row);
    return row;
  }

  role(name: string, more: Partial<RoleRow> = {}): RoleRow {
    const row = {
      ...{ ...this.#entity('role', name), tags: {}, maxSessionSeconds: 3_600, trustedIds: {} },
      trustPolicy: serviceTrust,
      ...more,
    };
    this.roles.set(nameKey(account, name), row);
    return row;
  }

  managed(name: string, document: string): string {
    const arn = arnOf(`policy/${name}`);
    const version = { document, createdAtMs: nowMs };
    this.policies.set(arn, {
      ...{ account, name, path: '/', id: `ANPA${name}`, arn, tags: {}, nextVersion: 2 },
      ...{ createdAtMs: nowMs, updatedAtMs: nowMs, defaultVersion: 'v1' },
      versions: { v1: version },
    });
    return arn;
  }

  /** Days ago; `used` below zero: never. */
  key(accessKeyId: string, userName: string, ages: { made?: number; used?: number } = {}): void {
    const { made = 1, used = 1 } = ages;
    const times = { status: 'Active', createdAtMs: nowMs - made * dayMs } as const;
    const row = { accessKeyId, account, userName, sealedSecret: '', ...times };
    this.accessKeys.set(accessKeyId, row);
    if (used < 0) return;
    const use = { atMs: nowMs - used * dayMs, service: 's3', region };
    this.keyUses.set(accessKeyId, use);
  }

  login(userName: string, options: { device: boolean }): void {
    const times = { createdAtMs: nowMs, changedAtMs: nowMs };
    const row = { account, userName, hash: '', ...times, mustChange: false, earlier: [] };
    this.logins.set(nameKey(account, userName), row);
    if (options.device) this.withDevice.add(nameKey(account, userName));
  }

  bucket(name: string, more: Partial<SharedResource> = {}): void {
    const arn = formatArn({ ...global, account: '' }, 's3', name);
    this.shared.push({ arn, account, publicAccess: { open: [], restricted: true }, ...more });
  }

  #entity(kind: 'user' | 'group' | 'role', name: string) {
    return {
      ...{ account, name, path: '/', id: `${kind}-${name}`, arn: arnOf(`${kind}/${name}`) },
      ...{ createdAtMs: nowMs, inline: {}, attached: [] },
    };
  }
}
