/**
 * Every refusal of this service, with the original's codes and, where they are known, its texts.
 */
import { Fault } from '../../wire/operation.ts';

const invalid = (message: string) => new Fault('InvalidParameterException', message);
const notFound = (message: string) => new Fault('ResourceNotFoundException', message);

export const faults = {
  invalid,
  noGroup: () => notFound('The specified log group does not exist.'),
  noStream: () => notFound('The specified log stream does not exist.'),
  exclusive: (a: string, b: string) => invalid(`${a} and ${b} are mutually exclusive.`),
  noGroupNamed: () => invalid('One of logGroupName and logGroupIdentifier is required.'),
  invalidToken: () => invalid('The specified nextToken is invalid.'),
  notBuilt: (what: string) =>
    new Fault('NotImplemented', `${what} is not implemented by this server.`, { status: 501 }),
};
