/** The operations of the key service that exist; the wire refuses the rest. */
import type { OperationTable, Permissions } from '../../wire/operation.ts';
import type { KmsCtx } from './context.ts';
import { cryptoOperations } from './crypto-operations.ts';
import { cryptoPermissions } from './crypto-permissions.ts';
import { lifecycleOperations } from './lifecycle-operations.ts';
import { lifecyclePermissions } from './lifecycle-permissions.ts';

export const kms = {
  ...lifecycleOperations,
  ...cryptoOperations,
} satisfies OperationTable<KmsCtx>;

export const kmsPermissions: Permissions<typeof kms, KmsCtx> = {
  ...lifecyclePermissions,
  ...cryptoPermissions,
};
