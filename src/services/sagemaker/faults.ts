/** Every way SageMaker says no. Codes the service model does not have carry their status. */
import { Fault } from '../../wire/operation.ts';

/** SageMaker's word for most refusals; a common error, which no operation's model lists. */
const invalid = (message: string) => new Fault('ValidationException', message, { status: 400 });

export const faults = {
  /** A member that breaks a rule, in the form of the service's own validator. */
  badMember: (member: string, rule: string) =>
    invalid(
      `1 validation error detected: Value at '${member}' failed to satisfy constraint: ${rule}`,
    ),
  invalid,
  notAssumable: (roleArn: string) =>
    invalid(
      `Could not assume role ${roleArn}. Please ensure that the role exists and allows ` +
        "principal 'sagemaker.amazonaws.com' to assume the role.",
    ),
  noExecutionRole: (modelArn: string, what: string) =>
    invalid(
      `The model "${modelArn}" has no ExecutionRoleArn: ${what} reads and writes objects with it.`,
    ),
  notFound: (kind: string, arn: string) => invalid(`Could not find ${kind} "${arn}".`),
  alreadyExists: (kind: string, arn: string) =>
    invalid(`Cannot create already existing ${kind} "${arn}".`),
  inProgress: (arn: string) => invalid(`Cannot update in-progress endpoint "${arn}".`),
  /** Something that exists at Amazon's and is not built here: never a fake success. */
  notImplemented: (member: string) =>
    new Fault('NotImplemented', `${member} is not supported by this server.`, { status: 501 }),
  /** Modelled, for the monitoring operations: they name their misses so. */
  resourceNotFound: (kind: string, name: string) =>
    new Fault('ResourceNotFound', `${kind} ${name} not found`),
  /** Modelled: a name that is taken. */
  inUse: (kind: string, name: string) =>
    new Fault('ResourceInUse', `${kind} ${name} already exists`),
  jobNameTaken: (arn: string) =>
    new Fault(
      'ResourceInUse',
      'Job name must be unique within an AWS account and region, ' +
        `and a job with this name already exists (${arn})`,
    ),
};
