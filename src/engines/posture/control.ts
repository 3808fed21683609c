/** What the checks of an audit share: the facts, gathered once, and the shape of a check. */
import { formatArn } from '../../kernel/arn.ts';
import { type EntityRow, nameKey, type UserRow } from '../identity/rows.ts';
import type { Documents } from './documents.ts';
import type { Holder } from './holders.ts';
import type { Escalation } from './rights.ts';
import type { Evidence, Severity, Snapshot } from './types.ts';

export interface Facts {
  readonly snapshot: Snapshot;
  readonly documents: Documents;
  readonly nowMs: number;
  /** The account of the server; others are known by who is in them. */
  readonly account: string;
  readonly holders: readonly Holder[];
  readonly administrators: ReadonlySet<Holder>;
  readonly escalations: readonly Escalation[];
}

/** One check: a table's line. */
export interface Control {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly advice: string;
  /** What is not as it should be; in any order. */
  readonly find: (facts: Facts) => readonly Evidence[];
  /** What `find` gives is a list to look through: it is nothing that would be wrong with it. */
  readonly lists?: true;
}

/** `what`, told of an entity. */
export function of({ arn: resource }: Pick<EntityRow, 'arn'>, detail: string): Evidence {
  return { resource, detail };
}

/** The ARN of the user that a key or a password belongs to. */
export function ownerArn(
  { users }: Snapshot,
  { account, userName }: { readonly account: string; readonly userName: string },
): string {
  const row: UserRow | undefined = users.get(nameKey(account, userName));
  if (row) return row.arn;
  const resource = userName === '' ? 'root' : `user/${userName}`;
  return formatArn({ partition: 'aws', region: '', account }, 'iam', resource);
}
