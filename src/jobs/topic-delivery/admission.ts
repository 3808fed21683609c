/**
 * Whether a queue lets a topic in. Topics deliver as the service that they are: the queue's own
 * policy must allow it, and a queue without a policy gets nothing. Which topic sends is told to the
 * policy, so that a queue that is open to one topic is not open to all.
 */
import type { Access, AccessRefusal } from '../../engines/access/access.ts';
import type { Queue } from '../../engines/queues/queues.ts';
import { queueArn } from '../../engines/queues/rows.ts';
import { type TopicAddress, topicArn } from '../../engines/topics/rows.ts';
import type { Clock } from '../../kernel/clock.ts';

const service = 'sns.amazonaws.com';

/** Undefined when the topic may send. */
export type MayDeliver = (topic: TopicAddress, queue: Queue) => Promise<AccessRefusal | undefined>;

export interface AdmissionParts {
  readonly access: Access;
  readonly clock: Clock;
}

export function makeAdmission({ access, clock }: AdmissionParts): MayDeliver {
  return (topic, { address, settings }) =>
    access.refusalOf(
      {
        action: 'sqs:SendMessage',
        resource: queueArn(address),
        owner: address.account,
        resourcePolicy: async () => settings.further.Policy,
        keys: { 'aws:sourcearn': topicArn(topic), 'aws:sourceaccount': topic.account },
      },
      {
        caller: { accessKeyId: '', arn: '', userId: service, account: topic.account, service },
        facts: { nowMs: clock.nowMs(), region: topic.region, secure: true },
      },
    );
}
