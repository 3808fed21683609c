/** Every refusal of this service; codes and words are the original's where it has them. */
import type { SecretProblem, SecretRefusal } from '../../engines/secrets/answer.ts';
import { Fault } from '../../wire/operation.ts';

const codes: Readonly<Record<SecretProblem, string>> = {
  notFound: 'ResourceNotFoundException',
  exists: 'ResourceExistsException',
  invalidRequest: 'InvalidRequestException',
  invalidParameter: 'InvalidParameterException',
  limit: 'LimitExceededException',
  encryption: 'EncryptionFailure',
  decryption: 'DecryptionFailure',
};

export function faultOf({ problem, reason }: Omit<SecretRefusal, 'ok'>): Fault {
  return new Fault(codes[problem], reason);
}

export const faults = {
  noSecret: () =>
    new Fault('ResourceNotFoundException', "Secrets Manager can't find the specified secret."),
  invalidParameter: (message: string) => new Fault('InvalidParameterException', message),
  invalidRequest: (message: string) => new Fault('InvalidRequestException', message),
  invalidName: () =>
    new Fault(
      'ValidationException',
      'Invalid name. Must be a valid name containing alphanumeric characters, or any of the ' +
        'following: -/_+=.@!',
      { status: 400 },
    ),
  oneRegion: (what: string) =>
    new Fault(
      'InvalidParameterException',
      `${what} is not possible: this server keeps secrets in one Region and replicates none.`,
    ),
  notAReplica: () =>
    new Fault(
      'InvalidRequestException',
      'The secret is not a replica: this server keeps secrets in one Region and replicates none.',
    ),
  malformedPolicy: (reason: string) => new Fault('MalformedPolicyDocumentException', reason),
  publicPolicy: () =>
    new Fault(
      'PublicPolicyException',
      "You can't attach a resource policy that allows broad access to the secret while " +
        'BlockPublicPolicy is true.',
    ),
  badToken: () => new Fault('InvalidNextTokenException', 'The NextToken value is invalid.'),
  accessDenied: (message: string) => new Fault('AccessDeniedException', message, { status: 400 }),
  uninvokable: (name: string) =>
    new Fault(
      'AccessDeniedException',
      'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function ' +
        'policy grants access to the principal secretsmanager.amazonaws.com. No function named ' +
        `'${name}' is configured on this server.`,
      { status: 400 },
    ),
  foreignDefaultKey: () =>
    new Fault(
      'InvalidRequestException',
      "You can't access a secret from a different AWS account if you encrypt the secret with the " +
        'default KMS service key.',
    ),
};
