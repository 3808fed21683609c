/** Which attributes a topic may have, and what they may say. */
import { checkDeliveryPolicy } from '../../engines/topics/retry.ts';
import { faults } from './faults.ts';
import { policyMistake } from './policy.ts';

/** Answers what is wrong with a text, undefined when nothing is. */
type Check = (text: string) => string | undefined;

/** Encryption at rest is not built: only its absence can be asked for. */
const unencrypted: Check = (text) => {
  if (text !== '') throw faults.notBuilt('KmsMasterKeyId');
  return undefined;
};

function oneOf(name: string, values: readonly string[]): Check {
  return (text) => (values.includes(text) ? undefined : name);
}

const anyTopic: Readonly<Record<string, Check>> = {
  DeliveryPolicy(text) {
    const checked = checkDeliveryPolicy(text, 'topic');
    return checked.ok ? undefined : checked.reason;
  },
  DisplayName: (text) => (text.length <= 100 ? undefined : 'DisplayName'),
  Policy: (text) => (text === '' ? undefined : policyMistake(text)),
  KmsMasterKeyId: unencrypted,
  TracingConfig: oneOf('TracingConfig', ['PassThrough', 'Active']),
  SignatureVersion: oneOf('SignatureVersion', ['1', '2']),
};

const fifoTopic: Readonly<Record<string, Check>> = {
  ContentBasedDeduplication: oneOf('ContentBasedDeduplication', ['true', 'false']),
  FifoThroughputScope: oneOf('FifoThroughputScope', ['Topic', 'MessageGroup']),
};

/** Kept for the client; deliveries are logged by this server itself. */
const feedback =
  /^(HTTP|Firehose|Lambda|SQS|Application)(Success|Failure)Feedback(RoleArn|SampleRate)$/;

export function checkTopicAttribute(name: string, text: string, fifo: boolean) {
  if (feedback.test(name)) return undefined;
  const table = fifo ? { ...anyTopic, ...fifoTopic } : anyTopic;
  const check = Object.hasOwn(table, name) ? table[name] : undefined;
  return check ? check(text) : 'AttributeName';
}
