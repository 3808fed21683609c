/** Permissions boundaries of users: the ceiling over whatever policies they have. */
import type * as sdk from '@aws-sdk/client-iam';
import { attachmentKey, attachments, type UserRow } from '../../engines/identity/rows.ts';
import type { Transaction } from '../../ports/metadata-store.ts';
import type { IamCtx } from './context.ts';
import { keepUser, userNamed } from './entities.ts';
import { faults } from './faults.ts';
import { sparingAdministrator } from './last-administrator.ts';
import { boundaryAt } from './policy-lookup.ts';

export async function putUserPermissionsBoundary(
  { UserName: name = '', PermissionsBoundary: arn = '' }: sdk.PutUserPermissionsBoundaryRequest,
  { scope, identity }: IamCtx,
): Promise<void> {
  await identity.write((tx) =>
    sparingAdministrator(tx, scope, async () => {
      const row = await userNamed(tx, scope.account, name);
      await boundaryAt(tx, scope.account, arn);
      await takeBoundary(tx, row);
      await keepBoundary(tx, row, arn);
      await keepUser(tx, { ...row, boundaryArn: arn });
    }),
  );
}

export async function deleteUserPermissionsBoundary(
  { UserName: name = '' }: sdk.DeleteUserPermissionsBoundaryRequest,
  { scope, identity }: IamCtx,
): Promise<void> {
  await identity.write(async (tx) => {
    const row = await userNamed(tx, scope.account, name);
    if (row.boundaryArn === undefined) {
      throw faults.noSuch(`User ${row.name} does not have a permissions boundary.`);
    }
    await takeBoundary(tx, row);
    const { boundaryArn: _, ...free } = row;
    await keepUser(tx, free);
  });
}

/** Notes that the policy bounds the user. */
export function keepBoundary(tx: Transaction, row: UserRow, policyArn: string): Promise<void> {
  const attachment = attachmentOf(row, policyArn);
  return tx.put(attachments, attachmentKey(attachment), attachment);
}

/** Forgets what bounds the user, if anything does. */
export async function takeBoundary(tx: Transaction, row: UserRow): Promise<void> {
  if (row.boundaryArn === undefined) return;
  await tx.delete(attachments, attachmentKey(attachmentOf(row, row.boundaryArn)));
}

function attachmentOf({ name, id }: UserRow, policyArn: string) {
  return { policyArn, as: 'boundary', kind: 'user', name, id } as const;
}
