/** What belongs to a user and is kept apart from the user's row: keys, login, devices. */
import {
  type AccessKeyRow,
  accessKeys,
  type LoginRow,
  logins,
  type MfaDeviceRow,
  mfaDevices,
  nameKey,
} from '../../engines/identity/rows.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import { wholeList } from './limits.ts';

export interface Owner {
  readonly account: string;
  readonly name: string;
}

export async function keysOf(reader: Reader, user: Owner): Promise<readonly AccessKeyRow[]> {
  const found = await reader.listBy(accessKeys, indexRange(user));
  return found.map(({ row }) => row).sort((a, b) => a.createdAtMs - b.createdAtMs);
}

export async function devicesOf(reader: Reader, user: Owner): Promise<readonly MfaDeviceRow[]> {
  const found = await reader.listBy(mfaDevices, indexRange(user));
  return found.map(({ row }) => row);
}

export function loginOf(reader: Reader, { account, name }: Owner): Promise<LoginRow | undefined> {
  return reader.get(logins, nameKey(account, name));
}

function indexRange({ account, name }: Owner) {
  return { index: 'user', equals: nameKey(account, name), limit: wholeList };
}
