/** The permissions of every operation of the service, as one table beside `sagemaker`. */
import type { Permissions } from '../../wire/operation.ts';
import { hostingPermissions } from './hosting-permissions.ts';
import type { SagemakerCtx, sagemaker } from './index.ts';
import { monitoringPermissions } from './monitoring-permissions.ts';
import { tagPermissions } from './tag-permissions.ts';
import { transformPermissions } from './transform-permissions.ts';

export const sagemakerPermissions: Permissions<typeof sagemaker, SagemakerCtx> = {
  ...hostingPermissions,
  ...tagPermissions,
  ...monitoringPermissions,
  ...transformPermissions,
};
