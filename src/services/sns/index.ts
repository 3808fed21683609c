/**
 * The operations of the topic service that exist; the wire answers NotImplemented for the rest.
 * ConfirmSubscription and Unsubscribe may be called without a signature: subscribers hold a secret.
 */
import type { OperationTable } from '../../wire/operation.ts';
import { withOwnTokens } from '../../wire/page-tokens.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';
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

const operations = {
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

export const sns = withOwnTokens(operations, {
  taken: 'NextToken',
  given: 'NextToken',
  refusal: () => faults.invalid('NextToken'),
});
