/**
 * What processes of the data plane may read of the metadata: who calls, what they may do, where
 * endpoints are. The rest, secrets of other services among it, is refused to them.
 */

import { endpoints } from '../../engines/hosting/rows.ts';
import { tagRows } from '../../engines/hosting/tags.ts';
import { marks } from '../../engines/identity/high-water.ts';
import {
  accessKeys,
  attachments,
  groups,
  managedPolicies,
  roles,
  users,
} from '../../engines/identity/rows.ts';
import { cutoffs, revoked } from '../../engines/identity/sessions.ts';
import { trailRows } from '../../engines/trail/digests/rows.ts';
import type { Collection, Reader } from '../../ports/metadata-store.ts';
import type { Read, Reading } from './messages.ts';

// Rows are handed on as they are; only their collection has to know what they hold.
type AnyCollection = Collection<never>;

const identities: readonly AnyCollection[] = [
  ...[users, groups, roles, managedPolicies, attachments, accessKeys],
  ...[revoked, cutoffs],
];
const readable: ReadonlyMap<string, AnyCollection> = new Map(
  [...identities, marks, endpoints, tagRows, trailRows].map((one) => [one.name, one]),
);
const decisive: ReadonlySet<string> = new Set(identities.map(({ name }) => name));

export async function answerReading(reader: Reader, reading: Reading): Promise<Read> {
  const found = readable.get(reading.collection);
  if (!found) throw new Error(`${reading.collection} is not for the data plane`);
  const collection = found as Collection<unknown>;
  switch (reading.kind) {
    case 'get':
      return reader.get(collection, reading.key);
    case 'list':
      return reader.list(collection, reading.range);
    default:
      return reader.listBy(collection, reading.range);
  }
}

/** Whether what processes keep of identities may be out of date after a write to these. */
export function decides(collections: ReadonlySet<string>): boolean {
  return [...collections].some((name) => decisive.has(name));
}

/** Whether other data events may be wanted after a write to these. */
export function selects(collections: ReadonlySet<string>): boolean {
  return collections.has(trailRows.name);
}
