/** What users, groups and roles have alike: policies inside them and policies attached to them. */
import {
  type EntityKind,
  type EntityRow,
  groups,
  nameKey,
  roles,
  users,
} from '../../engines/identity/rows.ts';
import type { Reader, Transaction } from '../../ports/metadata-store.ts';
import type { IamCtx } from './context.ts';
import { groupNamed, keepGroup, keepRole, keepUser, roleNamed, userNamed } from './entities.ts';
import { sparingAdministrator } from './last-administrator.ts';
import { changeableRole } from './role.ts';

/** Throws NoSuchEntity. */
export function holderNamed(
  reader: Reader,
  kind: EntityKind,
  { account, name }: { readonly account: string; readonly name: string },
): Promise<EntityRow> {
  if (kind === 'user') return userNamed(reader, account, name);
  return kind === 'group' ? groupNamed(reader, account, name) : roleNamed(reader, account, name);
}

/** Undefined when there is none. */
export function findHolder(
  reader: Reader,
  kind: EntityKind,
  { account, name }: { readonly account: string; readonly name: string },
): Promise<EntityRow | undefined> {
  const key = nameKey(account, name);
  if (kind === 'user') return reader.get(users, key);
  return kind === 'group' ? reader.get(groups, key) : reader.get(roles, key);
}

export type HolderChange = Partial<Pick<EntityRow, 'inline' | 'attached'>>;

/**
 * Reads, changes and keeps a holder in one transaction. Throws NoSuchEntity, and UnmodifiableEntity
 * for service-linked roles and when no administrator would be left.
 */
export function changeHolder(
  ctx: IamCtx,
  { kind, name }: { readonly kind: EntityKind; readonly name: string },
  change: (row: EntityRow, tx: Transaction) => Promise<HolderChange>,
): Promise<void> {
  const { account } = ctx.scope;
  return ctx.identity.write(async (tx) => {
    if (kind === 'role') {
      const role = await changeableRole(tx, account, name);
      return keepRole(tx, { ...role, ...(await change(role, tx)) });
    }
    return sparingAdministrator(tx, ctx.scope, async () => {
      if (kind === 'user') {
        const user = await userNamed(tx, account, name);
        return keepUser(tx, { ...user, ...(await change(user, tx)) });
      }
      const group = await groupNamed(tx, account, name);
      return keepGroup(tx, { ...group, ...(await change(group, tx)) });
    });
  });
}
