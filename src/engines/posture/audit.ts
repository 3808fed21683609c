/**
 * The security checklist: every check put to a snapshot. The same snapshot at the same time gives
 * the same rows. Time grows with who there is and what they have, not with its square.
 */
import { type Control, type Facts } from './control.ts';
import { makeDocuments } from './documents.ts';
import { holdersOf } from './holders.ts';
import { identityControls } from './identity-controls.ts';
import { policyControls } from './policy-controls.ts';
import { escalationsOf, isAdministrator } from './rights.ts';
import { type CheckRow, type Evidence, type Snapshot, severities } from './types.ts';

/** What one row shows. */
export const mostResources = 1_000;

export const controls: readonly Control[] = severities.flatMap((severity) =>
  [...identityControls, ...policyControls].filter((control) => control.severity === severity),
);

export interface AuditOptions {
  readonly nowMs: number;
  /** Of the server. */
  readonly account: string;
  readonly region: string;
}

/** The most severe first; in the order of the tables within. */
export function auditOf(snapshot: Snapshot, options: AuditOptions): readonly CheckRow[] {
  const facts = factsOf(snapshot, options);
  return controls.map((control) => rowOf(control, facts));
}

/** Whether nothing of severity high failed. */
export function isPassed(rows: readonly CheckRow[]): boolean {
  return !rows.some(({ severity, status }) => severity === 'high' && status === 'failed');
}

function factsOf(snapshot: Snapshot, { nowMs, account, region }: AuditOptions): Facts {
  const documents = makeDocuments(snapshot);
  const holders = holdersOf({ snapshot, documents, nowMs, region });
  const administrators = new Set(holders.filter(isAdministrator));
  const groupArns = [...snapshot.groups.values()].map(({ arn }) => arn);
  const escalations = escalationsOf(holders, administrators, groupArns);
  return { snapshot, documents, nowMs, account, holders, administrators, escalations };
}

function rowOf({ find, lists, ...about }: Control, facts: Facts): CheckRow {
  const found = [...find(facts)].sort(byResource);
  const { id, title, severity, advice } = about;
  return {
    ...{ id, title, severity },
    status: statusOf(found.length > 0, lists === true, facts.snapshot),
    resources: found.slice(0, mostResources),
    count: found.length,
    advice,
  };
}

/** A list is wrong when it is empty: nobody could put the account right again. */
function statusOf(any: boolean, lists: boolean, { cut }: Snapshot): CheckRow['status'] {
  if (any !== lists) return lists && cut.length > 0 ? 'unknown' : 'failed';
  if (lists) return 'passed';
  return cut.length > 0 ? 'unknown' : 'passed';
}

function byResource(a: Evidence, b: Evidence): number {
  if (a.resource !== b.resource) return a.resource < b.resource ? -1 : 1;
  return a.detail < b.detail ? -1 : Number(a.detail > b.detail);
}
