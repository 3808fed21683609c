/** The operations of the identity service that exist; the wire refuses the rest. */
import type { OperationTable, Permissions } from '../../wire/operation.ts';
import { withOwnTokens } from '../../wire/page-tokens.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';
import { policyOperations } from './policy-operations.ts';
import { policyPermissions } from './policy-permissions.ts';
import { principalOperations } from './principal-operations.ts';
import { principalPermissions } from './principal-permissions.ts';

export const iam = withOwnTokens(
  { ...principalOperations, ...policyOperations } satisfies OperationTable<IamCtx>,
  { taken: 'Marker', given: 'Marker', refusal: () => faults.validation('Invalid Marker.') },
);

export const iamPermissions: Permissions<typeof iam, IamCtx> = {
  ...principalPermissions,
  ...policyPermissions,
};
