/** The Security Token Service, as a table: what the wire may call, and who answers. */
import { getCallerIdentity } from './caller-identity.ts';

export const sts = {
  GetCallerIdentity: getCallerIdentity,
};
