/** Who may use a topic: its own access policy, or the one that a topic has without its own. */
import { type TopicAddress, type TopicRow, topicArn } from './rows.ts';

/** What statements of the usual policy and those that are added allow, without the service. */
const usualActions = [
  'GetTopicAttributes',
  'SetTopicAttributes',
  'AddPermission',
  'RemovePermission',
  'DeleteTopic',
  'Subscribe',
  'ListSubscriptionsByTopic',
  'Publish',
] as const;

/**
 * As the original words it: what acts for the owner's account may do everything. Callers with
 * credentials have no source owner; their own policies let them in.
 */
export function usualPolicy(address: TopicAddress): string {
  const statement = {
    Sid: '__default_statement_ID',
    Effect: 'Allow',
    Principal: { AWS: '*' },
    Action: usualActions.map((action) => `SNS:${action}`),
    Resource: topicArn(address),
    Condition: { StringEquals: { 'AWS:SourceOwner': address.account } },
  };
  const policy = { Version: '2008-10-17', Id: '__default_policy_ID', Statement: [statement] };
  return JSON.stringify(policy);
}

/** JSON text. */
export function policyOf({ address, attributes }: TopicRow): string {
  return attributes.Policy || usualPolicy(address);
}
