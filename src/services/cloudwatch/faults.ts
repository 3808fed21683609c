/**
 * Every refusal of this service, with the original's codes and, where they are known, its texts.
 */
import { Fault } from '../../wire/operation.ts';

const invalidValue = (message: string) => new Fault('InvalidParameterValueException', message);
const combination = (message: string) => new Fault('InvalidParameterCombinationException', message);

export const faults = {
  invalidValue,
  combination,
  validation: (message: string) => new Fault('ValidationException', message),
  /** A value that cannot be, at its place in the request. */
  badValue: (value: string | number, parameter: string) =>
    invalidValue(`The value ${value} for parameter ${parameter} is invalid.`),
  unsupported: (value: string, parameter: string) =>
    invalidValue(`The value ${value} for parameter ${parameter} is not supported.`),
  tooMany: (parameter: string, limit: number) =>
    invalidValue(`The collection ${parameter} must not have a size greater than ${limit}.`),
  exclusive: (a: string, b: string) =>
    combination(`The parameters ${a} and ${b} are mutually exclusive and you have specified both.`),
  missing: (parameter: string) =>
    new Fault('MissingRequiredParameterException', `The parameter ${parameter} is required.`),
  noneOf: (parameters: readonly string[]) =>
    new Fault(
      'MissingRequiredParameterException',
      `At least one of the parameters ${parameters.join(', ')} must be specified.`,
    ),
  invalidToken: () => new Fault('InvalidNextToken', 'The next token specified is invalid.'),
  invalidFormat: (message: string) => new Fault('InvalidFormatFault', message),
  noAlarm: (name: string) => new Fault('ResourceNotFound', `There is no alarm named ${name}.`),
  noResource: (arn: string) =>
    new Fault('ResourceNotFoundException', `Resource not found: ${arn}`, {
      members: { ResourceType: 'alarm', ResourceId: arn },
    }),
  tooManyTags: (limit: number) =>
    invalidValue(`The number of tags on a resource must not exceed ${limit}.`),
  notBuilt: (what: string) =>
    new Fault('NotImplemented', `${what} is not implemented by this server.`, { status: 501 }),
};
