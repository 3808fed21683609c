/** Tokens of grants: they name a grant without telling which, and cannot be made up. */
import type { Vault } from '../../engines/envelope/vault.ts';
import { type GrantRow, grantRows } from '../../engines/keys/rows.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import { faults } from './faults.ts';

const context = { purpose: 'grant-token' };
const grantIdPattern = /^[0-9a-f]{64}$/;

export const grantToken = {
  of: ({ vault }: { readonly vault: Vault }, { keyArn, id }: GrantRow): string =>
    vault.seal(JSON.stringify({ keyArn, id }), context),
  /** Undefined for what is none. */
  read({ vault }: { readonly vault: Vault }, token: string): Meant | undefined {
    const opened = vault.open(token, context);
    return opened.ok ? (JSON.parse(opened.value) as Meant) : undefined;
  },
  /** Throws InvalidGrantToken for what is none. */
  meant(parts: { readonly vault: Vault }, token: string): Meant {
    const read = grantToken.read(parts, token);
    if (!read) throw faults.invalidGrantToken();
    return read;
  },
};

export interface Meant {
  readonly keyArn: string;
  readonly id: string;
}

/** Throws InvalidGrantId for what is no id, NotFound where there is none. */
export async function grantById(reader: Reader, at: string, id: string): Promise<GrantRow> {
  if (!grantIdPattern.test(id)) throw faults.invalidGrantId(id);
  const row = await reader.get(grantRows, at);
  if (!row) throw faults.grantNotFound(id);
  return row;
}
