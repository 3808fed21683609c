/** The operations of the identity service that exist; the wire refuses the rest. */
import type { OperationTable, Permissions } from '../../wire/operation.ts';
import type { IamCtx } from './context.ts';
import { policyOperations } from './policy-operations.ts';
import { policyPermissions } from './policy-permissions.ts';
import { principalOperations } from './principal-operations.ts';
import { principalPermissions } from './principal-permissions.ts';

export const iam = {
  ...principalOperations,
  ...policyOperations,
} satisfies OperationTable<IamCtx>;

export const iamPermissions: Permissions<typeof iam, IamCtx> = {
  ...principalPermissions,
  ...policyPermissions,
};
