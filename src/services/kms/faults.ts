/** Every refusal of this service; codes and words are the original's. */
import type { KeyProblem } from '../../engines/keys/keys.ts';
import { Fault } from '../../wire/operation.ts';

/** The original answers 400 to all of these, whatever other status its model has for some. */
function refused(code: string, message: string): Fault {
  return new Fault(code, message, { status: 400 });
}

export const faults = {
  notFound: (message: string) => refused('NotFoundException', message),
  keyNotFound: (arn: string) => refused('NotFoundException', `Key '${arn}' does not exist`),
  aliasNotFound: (arn: string) => refused('NotFoundException', `Alias ${arn} is not found.`),
  disabled: (arn: string) => refused('DisabledException', `${arn} is disabled.`),
  pendingDeletion: (arn: string) =>
    refused('KMSInvalidStateException', `${arn} is pending deletion.`),
  pendingImport: (arn: string) => refused('KMSInvalidStateException', `${arn} is pending import.`),
  notPendingDeletion: (arn: string) =>
    refused('KMSInvalidStateException', `${arn} is not pending deletion.`),
  /** Keys of a service are not their users' to change. */
  unmanageable: (arn: string) =>
    refused('AccessDeniedException', `${arn} is managed by a service: it cannot be changed.`),
  invalidState: (message: string) => refused('KMSInvalidStateException', message),
  invalidUsage: (message: string) => refused('InvalidKeyUsageException', message),
  invalidArn: (message: string) => refused('InvalidArnException', message),
  invalidAlias: (message: string) => refused('InvalidAliasNameException', message),
  aliasExists: (arn: string) =>
    refused('AlreadyExistsException', `An alias with the name ${arn} already exists`),
  invalidCiphertext: () => refused('InvalidCiphertextException', ''),
  incorrectKey: () =>
    refused(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    ),
  incorrectMaterial: (message: string) => refused('IncorrectKeyMaterialException', message),
  expiredToken: () => refused('ExpiredImportTokenException', 'The import token has expired.'),
  invalidToken: (message: string) => refused('InvalidImportTokenException', message),
  invalidMac: () => refused('KMSInvalidMacException', ''),
  invalidSignature: () => refused('KMSInvalidSignatureException', ''),
  invalidGrantToken: () => refused('InvalidGrantTokenException', 'The grant token is not valid.'),
  invalidGrantId: (id: string) => refused('InvalidGrantIdException', `Invalid GrantId ${id}`),
  grantNotFound: (id: string) => refused('NotFoundException', `Grant ID ${id} not found`),
  invalidMarker: () => refused('InvalidMarkerException', 'The marker is not valid.'),
  malformedPolicy: (message: string) => refused('MalformedPolicyDocumentException', message),
  unsupported: (message: string) => refused('UnsupportedOperationException', message),
  tag: (message: string) => refused('TagException', message),
  limit: (message: string) => refused('LimitExceededException', message),
  conflict: (message: string) => refused('ConflictException', message),
  keyUnavailable: (message: string) => new Fault('KeyUnavailableException', message),
  dryRun: () =>
    refused('DryRunOperationException', 'The request would have succeeded, but DryRun is set.'),
  accessDenied: (message: string) => refused('AccessDeniedException', message),
  notAuthorized: (message: string) => refused('NotAuthorizedException', message),
  throttled: (message: string) => refused('ThrottlingException', message),
  validation: (message: string) => refused('ValidationException', message),
};

const codes: Readonly<Record<KeyProblem, string>> = {
  notFound: 'NotFoundException',
  disabled: 'DisabledException',
  invalidState: 'KMSInvalidStateException',
  invalidUsage: 'InvalidKeyUsageException',
  invalidCiphertext: 'InvalidCiphertextException',
  incorrectKey: 'IncorrectKeyException',
};

/** A refusal of the engine as this service answers it. */
export function faultOf({ problem, reason }: { problem: KeyProblem; reason: string }): Fault {
  return refused(codes[problem], reason);
}
