/** Every refusal of this service, with the original's codes and texts. */
import { Fault } from '../../wire/operation.ts';

/** Codes no model has; clients of every protocol see them as they are. */
const bare = { status: 400 };

export const faults = {
  notBuilt: (what: string) =>
    new Fault('NotImplemented', `${what} is not implemented.`, { status: 501 }),
  noSuchQueue: () => new Fault('QueueDoesNotExist', 'The specified queue does not exist.'),
  queueExists: (attribute: string) =>
    new Fault(
      'QueueNameExists',
      'A queue already exists with the same name and a different value for attribute ' + attribute,
    ),
  invalidAddress: (url: string) =>
    new Fault('InvalidAddress', `The address ${url} is not valid for this endpoint.`),
  accessDenied: (url: string) =>
    new Fault('AccessDenied', `Access to the resource ${url} is denied.`, { status: 403 }),
  missingParameter: (name: string) =>
    new Fault('MissingParameter', `The request must contain the parameter ${name}.`, bare),
  invalidValue: (value: unknown, parameter: string, reason: string) =>
    new Fault(
      'InvalidParameterValue',
      `Value ${String(value)} for parameter ${parameter} is invalid. Reason: ${reason}`,
      bare,
    ),
  invalid: (message: string) => new Fault('InvalidParameterValue', message, bare),
  unknownAttribute: (name: string) =>
    new Fault('InvalidAttributeName', `Unknown Attribute ${name}.`),
  invalidAttribute: (name: string) =>
    new Fault('InvalidAttributeValue', `Invalid value for the parameter ${name}.`),
  invalidHandle: (handle: string) =>
    new Fault(
      'ReceiptHandleIsInvalid',
      `The input receipt handle "${handle}" is not a valid receipt handle.`,
    ),
  invalidContents: () =>
    new Fault(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | ' +
        '#x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
    ),
  emptyBatch: (entry: string) =>
    new Fault('EmptyBatchRequest', `There should be at least one ${entry} in the request.`),
  tooManyEntries: (limit: number, count: number) =>
    new Fault(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${limit}. You have sent ${count}.`,
    ),
  repeatedId: (id: string) => new Fault('BatchEntryIdsNotDistinct', `Id ${id} repeated.`),
  invalidId: () =>
    new Fault(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. ' +
        'It can be at most 80 letters long.',
    ),
  batchTooLong: (limitBytes: number, sizeBytes: number) =>
    new Fault(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${limitBytes} bytes. ` +
        `You have sent ${sizeBytes} bytes.`,
    ),
  tooManyActions: (count: number, limit: number) =>
    new Fault('OverLimit', `${count} Actions were found, maximum allowed is ${limit}.`),
  overLimit: (limit: number) =>
    new Fault(
      'OverLimit',
      `Too many messages in flight: the limit of a queue is ${limit}. ` +
        'Delete messages after processing them.',
    ),
};
