/** The operations of the queue service that exist; the wire answers NotImplemented for the rest. */
import type { OperationTable } from '../../wire/operation.ts';
import { withOwnTokens } from '../../wire/page-tokens.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';
import { changeMessageVisibility, deleteMessage, receiveMessage, sendMessage } from './message.ts';
import {
  changeMessageVisibilityBatch,
  deleteMessageBatch,
  sendMessageBatch,
} from './message-batch.ts';
import { addPermission, removePermission } from './policy.ts';
import {
  createQueue,
  deleteQueue,
  getQueueAttributes,
  getQueueUrl,
  listDeadLetterSourceQueues,
  listQueues,
  purgeQueue,
  setQueueAttributes,
} from './queue.ts';
import { listQueueTags, tagQueue, untagQueue } from './queue-tags.ts';

export { sqsPermissions } from './permissions.ts';

const operations = {
  AddPermission: addPermission,
  RemovePermission: removePermission,
  CreateQueue: createQueue,
  GetQueueUrl: getQueueUrl,
  ListQueues: listQueues,
  GetQueueAttributes: getQueueAttributes,
  SetQueueAttributes: setQueueAttributes,
  DeleteQueue: deleteQueue,
  PurgeQueue: purgeQueue,
  ListDeadLetterSourceQueues: listDeadLetterSourceQueues,
  SendMessage: sendMessage,
  SendMessageBatch: sendMessageBatch,
  ReceiveMessage: receiveMessage,
  DeleteMessage: deleteMessage,
  DeleteMessageBatch: deleteMessageBatch,
  ChangeMessageVisibility: changeMessageVisibility,
  ChangeMessageVisibilityBatch: changeMessageVisibilityBatch,
  TagQueue: tagQueue,
  UntagQueue: untagQueue,
  ListQueueTags: listQueueTags,
} satisfies OperationTable<Ctx>;

export const sqs = withOwnTokens(operations, {
  taken: 'NextToken',
  given: 'NextToken',
  refusal: (token) =>
    faults.invalidValue(token.slice(0, 100), 'NextToken', 'It was not given by this operation.'),
});
