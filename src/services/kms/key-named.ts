/** The key that an operation is about, in a state in which it may. Throws `Fault`. */
import { findKey, meantBy } from '../../engines/keys/finding.ts';
import type { KeyRow, KeyState } from '../../engines/keys/rows.ts';
import type { Scope } from '../../kernel/arn.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import type { Fault } from '../../wire/operation.ts';
import { faultOf, faults } from './faults.ts';

/** By key id, key ARN, alias name or alias ARN. Throws NotFound. */
export async function keyNamed(reader: Reader, reference: string, scope: Scope): Promise<KeyRow> {
  const found = await findKey(reader, reference, scope);
  if (!found.ok) throw faultOf(found);
  return found.value;
}

/** By key id or key ARN: the operations that manage keys take no alias. */
export async function keyById(reader: Reader, reference: string, scope: Scope): Promise<KeyRow> {
  if (meantBy(reference, scope)?.kind === 'alias') {
    throw faults.invalidArn(`Invalid keyId '${reference}': an alias does not identify it here`);
  }
  return keyNamed(reader, reference, scope);
}

/** As `keyById`, of the caller's account: what manages keys does not reach into others. */
export async function ownKey(reader: Reader, reference: string, scope: Scope): Promise<KeyRow> {
  const row = await keyById(reader, reference, scope);
  if (row.account !== scope.account) throw faults.keyNotFound(row.arn);
  return row;
}

/** As `ownKey`, of one that its users manage themselves. */
export async function managedKey(reader: Reader, reference: string, scope: Scope): Promise<KeyRow> {
  const row = await ownKey(reader, reference, scope);
  if (row.manager === 'service') throw faults.unmanageable(row.arn);
  return row;
}

/** Throws for a key in another state than these. */
export function assertState(row: KeyRow, ...states: readonly KeyState[]): void {
  if (!states.includes(row.state)) throw stateFault(row);
}

/** What the key's state refuses with. */
export function stateFault({ arn, state }: Pick<KeyRow, 'arn' | 'state'>): Fault {
  switch (state) {
    case 'Disabled':
      return faults.disabled(arn);
    case 'PendingDeletion':
      return faults.pendingDeletion(arn);
    case 'PendingImport':
      return faults.pendingImport(arn);
    case 'Enabled':
      return faults.invalidState(`${arn} is enabled.`);
  }
}
