/** Every refusal of this service, with the original's codes and texts. */
import { Fault } from '../../wire/operation.ts';

export const faults = {
  invalid: (what: string) => new Fault('InvalidParameterException', `Invalid parameter: ${what}`),
  /** Of message attributes; the text stands alone. */
  invalidValue: (message: string) => new Fault('InvalidParameterValueException', message),
  missingType: (path: string) =>
    new Fault(
      'ValidationError',
      `1 validation error detected: Value null at '${path}' failed to satisfy constraint: ` +
        'Member must not be null',
      { status: 400 },
    ),
  noSuchTopic: () => new Fault('NotFoundException', 'Topic does not exist'),
  noSuchSubscription: () => new Fault('NotFoundException', 'Subscription does not exist'),
  noSuchResource: () => new Fault('ResourceNotFoundException', 'Resource does not exist'),
  notAuthorized: (resource: string) =>
    new Fault(
      'AuthorizationErrorException',
      `User is not authorized to perform this action on resource: ${resource.slice(0, 300)}`,
    ),
  notBuilt: (what: string) =>
    new Fault('NotImplemented', `${what} is not implemented.`, { status: 501 }),
  tooManyPolicies: () =>
    new Fault('FilterPolicyLimitExceededException', 'Filter policy limit exceeded.'),
  tooManyTags: (limit: number) =>
    new Fault(
      'TagLimitExceededException',
      `Could not complete request: tag quota of per resource exceeded (${limit}).`,
    ),
  emptyBatch: () =>
    new Fault('EmptyBatchRequestException', "The batch request doesn't contain any entries."),
  tooManyEntries: () =>
    new Fault(
      'TooManyEntriesInBatchRequestException',
      'The batch request contains more entries than permissible.',
    ),
  repeatedId: () =>
    new Fault(
      'BatchEntryIdsNotDistinctException',
      'Two or more batch entries in the request have the same Id.',
    ),
  invalidId: () =>
    new Fault(
      'InvalidBatchEntryIdException',
      "The Id of a batch entry in a batch request doesn't abide by the specification.",
    ),
  batchTooLong: () =>
    new Fault(
      'BatchRequestTooLongException',
      'The length of all the messages put together is more than the limit.',
    ),
};
