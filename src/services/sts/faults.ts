/** Every refusal of this service; codes and words are the original's. */
import { Fault } from '../../wire/operation.ts';

export const faults = {
  accessDenied: (message: string) => new Fault('AccessDenied', message, { status: 403 }),
  notAuthorized: (caller: string, action: string, resource: string) =>
    faults.accessDenied(
      `User: ${caller} is not authorized to perform: ${action} on resource: ${resource}`,
    ),
  validation: (message: string) => new Fault('ValidationError', message, { status: 400 }),
  invalidParameter: (message: string) =>
    new Fault('InvalidParameterValue', message, { status: 400 }),
  malformedPolicy: (message: string) => new Fault('MalformedPolicyDocumentException', message),
  packedPolicyTooLarge: (percent: number) =>
    new Fault(
      'PackedPolicyTooLargeException',
      'The total packed size of the session policies and session tags combined was too large: ' +
        `${percent}% of what a session has room for.`,
    ),
  invalidIdentityToken: (message: string) => new Fault('InvalidIdentityTokenException', message),
  expiredToken: (message: string) => new Fault('ExpiredTokenException', message),
  rejectedClaim: (message: string) => new Fault('IDPRejectedClaimException', message),
  providerUnreachable: (message: string) => new Fault('IDPCommunicationErrorException', message),
  invalidAuthorizationMessage: () =>
    new Fault('InvalidAuthorizationMessageException', 'Invalid encoded authorization message'),
};
