/** Reads who there is, a page at a time and within a bound. Nothing is judged here. */
import type { Collection, Reader } from '../../ports/metadata-store.ts';
import { everyEntry } from '../identity/every.ts';
import { firstStartOf } from '../identity/first-start.ts';
import {
  accessKeys,
  accounts,
  groups,
  keyUses,
  logins,
  managedPolicies,
  mfaDevices,
  nameKey,
  roles,
  users,
} from '../identity/rows.ts';
import type { SharedResource, Snapshot } from './types.ts';

/** Rows of one collection that are read. */
export const mostRows = 100_000;

/** The rows of several collections, by their keys, and which of them had more. */
export interface BoundedReader {
  all<Row>(from: Collection<Row>): Promise<ReadonlyMap<string, Row>>;
  readonly cut: readonly string[];
}

export function boundedReader(reader: Reader, most = mostRows): BoundedReader {
  const cut: string[] = [];
  return {
    cut,
    async all(from) {
      const found = new Map();
      for await (const { key, row } of everyEntry(reader, from, '')) {
        if (found.size >= most) {
          cut.push(from.name);
          break;
        }
        found.set(key, row);
      }
      return found;
    },
  };
}

/** `shared` is read by whoever knows buckets, queues and topics, through the same reader. */
export async function readSnapshot(
  reader: Reader,
  bounded: BoundedReader,
  shared: readonly SharedResource[],
): Promise<Snapshot> {
  const devices = await bounded.all(mfaDevices);
  const withDevice = new Set<string>();
  for (const { account, userName } of devices.values()) {
    if (userName !== undefined) withDevice.add(nameKey(account, userName));
  }
  const firstStart = await firstStartOf(reader);
  return {
    users: await bounded.all(users),
    groups: await bounded.all(groups),
    roles: await bounded.all(roles),
    policies: await bounded.all(managedPolicies),
    accessKeys: await bounded.all(accessKeys),
    keyUses: await bounded.all(keyUses),
    logins: await bounded.all(logins),
    accounts: await bounded.all(accounts),
    withDevice,
    ...(firstStart ? { firstStart } : {}),
    shared,
    cut: bounded.cut,
  };
}
