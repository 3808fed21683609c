/**
 * The operations of the topic service that exist; the wire answers NotImplemented for the rest.
 * ConfirmSubscription and Unsubscribe may be called without a signature: subscribers hold a secret.
 */
import type { OperationTable } from '../../wire/operation.ts';
import type { Ctx } from './context.ts';
import { addPermission, removePermission } from './policy.ts';
import { publish, publishBatch } from './publish.ts';
import {
  confirmSubscription,
  getSubscriptionAttributes,
  listSubscriptions,
  listSubscriptionsByTopic,
  setSubscriptionAttributes,
  subscribe,
  unsubscribe,
} from './subscription.ts';
import {
  createTopic,
  deleteTopic,
  getTopicAttributes,
  listTagsForResource,
  listTopics,
  setTopicAttributes,
  tagResource,
  untagResource,
} from './topic.ts';

export { snsPermissions } from './permissions.ts';

export const sns = {
  AddPermission: addPermission,
  CreateTopic: createTopic,
  DeleteTopic: deleteTopic,
  ListTopics: listTopics,
  GetTopicAttributes: getTopicAttributes,
  SetTopicAttributes: setTopicAttributes,
  Subscribe: subscribe,
  ConfirmSubscription: confirmSubscription,
  Unsubscribe: unsubscribe,
  ListSubscriptions: listSubscriptions,
  ListSubscriptionsByTopic: listSubscriptionsByTopic,
  GetSubscriptionAttributes: getSubscriptionAttributes,
  SetSubscriptionAttributes: setSubscriptionAttributes,
  Publish: publish,
  PublishBatch: publishBatch,
  RemovePermission: removePermission,
  TagResource: tagResource,
  UntagResource: untagResource,
  ListTagsForResource: listTagsForResource,
} satisfies OperationTable<Ctx>;
