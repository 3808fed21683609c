/** Every refusal of this service; codes and words are the original's. */
import { Fault } from '../../wire/operation.ts';

export const faults = {
  noSuchUser: (name: string) => noSuch(`The user with name ${name} cannot be found.`),
  noSuchGroup: (name: string) => noSuch(`The group with name ${name} cannot be found.`),
  noSuchRole: (name: string) => noSuch(`The role with name ${name} cannot be found.`),
  noSuchPolicy: (arn: string) => noSuch(`Policy ${arn} does not exist or is not attachable.`),
  noSuchInstanceProfile: (name: string) => noSuch(`Instance Profile ${name} cannot be found.`),
  noSuchAccessKey: (id: string) => noSuch(`The Access Key with id ${id} cannot be found.`),
  noSuchDevice: (serial: string) =>
    noSuch(`VirtualMFADevice with serial number ${serial} doesn't exist.`),
  noPasswordPolicy: (account: string) =>
    noSuch(`The Password Policy with domain name ${account} cannot be found.`),
  noSuch,
  exists: (what: string, name: string) =>
    new Fault('EntityAlreadyExistsException', `${what} with name ${name} already exists.`),
  alreadyExists: (message: string) => new Fault('EntityAlreadyExistsException', message),
  limit: (what: string, most: number) =>
    new Fault('LimitExceededException', `Cannot exceed quota for ${what}: ${most}`),
  limitWords: (message: string) => new Fault('LimitExceededException', message),
  deleteConflict: (message: string) => new Fault('DeleteConflictException', message),
  malformedPolicy: (message: string) => new Fault('MalformedPolicyDocumentException', message),
  invalidInput: (message: string) => new Fault('InvalidInputException', message),
  unmodifiable: (message: string) => new Fault('UnmodifiableEntityException', message),
  loginExists: (name: string) =>
    new Fault('EntityAlreadyExistsException', `Login Profile for user ${name} already exists.`),
  busyLogin: (name: string) =>
    new Fault(
      'EntityTemporarilyUnmodifiableException',
      `Login Profile for User ${name} cannot be modified while it is being changed.`,
    ),
  invalidUserType: (message: string) => new Fault('InvalidUserTypeException', message),
  wrongPassword: () =>
    new Fault('AccessDenied', 'The old password was incorrect.', { status: 403 }),
  tooManyTries: () =>
    new Fault('Throttling', 'Too many wrong passwords: try again later.', { status: 400 }),
  invalidCode: () =>
    new Fault('InvalidAuthenticationCodeException', 'Authentication code for device is not valid.'),
  noReport: () =>
    new Fault(
      'CredentialReportNotPresentException',
      'No report exists. Use GenerateCredentialReport to make one.',
    ),
  expiredReport: () =>
    new Fault(
      'CredentialReportExpiredException',
      'The report is older than four hours. Use GenerateCredentialReport to make a new one.',
    ),
  passwordPolicy: (message: string) => new Fault('PasswordPolicyViolationException', message),
  notAttachable: (message: string) => new Fault('PolicyNotAttachableException', message),
  publicPolicy: (arn: string) =>
    new Fault('AccessDenied', `Policy ${arn} is not one of this account: it cannot be changed.`, {
      status: 403,
    }),
  evaluation: (message: string) => new Fault('PolicyEvaluationException', message),
  protectedRole: (name: string) =>
    new Fault(
      'UnmodifiableEntityException',
      `Cannot perform the operation on the protected role '${name}' - ` +
        'this role is only modifiable by AWS',
    ),
  validation: (message: string) => new Fault('ValidationError', message, { status: 400 }),
};

function noSuch(message: string): Fault {
  return new Fault('NoSuchEntityException', message);
}
