/** The operations of the queue service that exist; the wire answers NotImplemented for the rest. */
import { type Mounted, mount, type OperationTable } from '../../wire/operation.ts';
import type { Ctx, SqsParts } from './context.ts';
import { changeMessageVisibility, deleteMessage, receiveMessage, sendMessage } from './message.ts';
import {
  changeMessageVisibilityBatch,
  deleteMessageBatch,
  sendMessageBatch,
} from './message-batch.ts';
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

export const sqs: OperationTable<Ctx> = {
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
};

export function makeSqs(parts: SqsParts): Mounted {
  return mount('sqs', sqs, parts);
}
