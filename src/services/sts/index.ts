/** The Security Token Service, as a table: what the wire may call, and who answers. */
import type { OperationTable } from '../../wire/operation.ts';
import { getAccessKeyInfo } from './access-key-info.ts';
import { assumeRole } from './assume-role.ts';
import { decodeAuthorizationMessage } from './authorization-message.ts';
import { getCallerIdentity } from './caller-identity.ts';
import type { StsCtx } from './context.ts';
import { getFederationToken } from './federation.ts';
import { getSessionToken } from './user-session.ts';
import { assumeRoleWithWebIdentity } from './web-identity.ts';

export const sts = {
  AssumeRole: assumeRole,
  AssumeRoleWithWebIdentity: assumeRoleWithWebIdentity,
  DecodeAuthorizationMessage: decodeAuthorizationMessage,
  GetAccessKeyInfo: getAccessKeyInfo,
  GetCallerIdentity: getCallerIdentity,
  GetFederationToken: getFederationToken,
  GetSessionToken: getSessionToken,
} satisfies OperationTable<StsCtx>;
