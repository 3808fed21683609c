/** The operations of the key service that exist; the wire refuses the rest. */
import type { OperationTable, Permissions } from '../../wire/operation.ts';
import { withOwnTokens } from '../../wire/page-tokens.ts';
import type { KmsCtx } from './context.ts';
import { cryptoOperations } from './crypto-operations.ts';
import { cryptoPermissions } from './crypto-permissions.ts';
import { faults } from './faults.ts';
import { lifecycleOperations } from './lifecycle-operations.ts';
import { lifecyclePermissions } from './lifecycle-permissions.ts';

export const kms = withOwnTokens(
  { ...lifecycleOperations, ...cryptoOperations } satisfies OperationTable<KmsCtx>,
  { taken: 'Marker', given: 'NextMarker', refusal: faults.invalidMarker },
);

export const kmsPermissions: Permissions<typeof kms, KmsCtx> = {
  ...lifecyclePermissions,
  ...cryptoPermissions,
};
