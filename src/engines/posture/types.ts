/** What an audit reads and what it says, as plain data. No rules: those are in the tables. */
import type {
  AccessKeyRow,
  AccountRow,
  GroupRow,
  KeyUseRow,
  LoginRow,
  ManagedPolicyRow,
  RoleRow,
  UserRow,
} from '../identity/rows.ts';

/** `high` decides whether an audit is passed; `info` is for knowing, not for acting. */
export const severities = ['high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof severities)[number];

export interface Evidence {
  /** An ARN, or the id of an access key. */
  readonly resource: string;
  /** What of it: a sentence without its full stop, or several. */
  readonly detail: string;
}

/** One line of the checklist. */
export interface CheckRow {
  readonly id: string;
  /** What should be so. */
  readonly title: string;
  readonly severity: Severity;
  /** `unknown`: nothing was found in what was read, and not everything was read. */
  readonly status: 'passed' | 'failed' | 'unknown';
  /** What fails it, or what a list is of; the first `mostResources`, in order. */
  readonly resources: readonly Evidence[];
  /** Of how many `resources` shows the first. */
  readonly count: number;
  readonly advice: string;
}

/** What can have a policy of its own: a bucket, a queue, a topic. */
export interface SharedResource {
  readonly arn: string;
  readonly account: string;
  /** JSON text as its owner gave it. */
  readonly policy?: string;
  /** Of buckets alone. */
  readonly publicAccess?: {
    /** What of it is not blocked, as its owner would write it; empty when everything is. */
    readonly open: readonly string[];
    /** A public policy lets in the owner's own only. */
    readonly restricted: boolean;
  };
}

/** Everything that an audit looks at, read at about one time. */
export interface Snapshot {
  /** By `nameKey`. */
  readonly users: ReadonlyMap<string, UserRow>;
  readonly groups: ReadonlyMap<string, GroupRow>;
  readonly roles: ReadonlyMap<string, RoleRow>;
  /** By ARN. */
  readonly policies: ReadonlyMap<string, ManagedPolicyRow>;
  /** By id. */
  readonly accessKeys: ReadonlyMap<string, AccessKeyRow>;
  readonly keyUses: ReadonlyMap<string, KeyUseRow>;
  /** By `nameKey` of the user. */
  readonly logins: ReadonlyMap<string, LoginRow>;
  /** `nameKey`s of users with a second factor. */
  readonly withDevice: ReadonlySet<string>;
  readonly accounts: ReadonlyMap<string, AccountRow>;
  /** What the first start made. */
  readonly firstStart?: { readonly userId: string; readonly accessKeyId: string };
  readonly shared: readonly SharedResource[];
  /** Collections that have more than was read. */
  readonly cut: readonly string[];
}
