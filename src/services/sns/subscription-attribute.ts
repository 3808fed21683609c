/** Which attributes a subscription may have, and what they may say. */
import { compileFilterPolicy } from '../../engines/patterns/filter-policy.ts';
import { parseQueueArn } from '../../engines/queues/rows.ts';
import { checkDeliveryPolicy } from '../../engines/topics/retry.ts';

export type Texts = Readonly<Record<string, string>>;

export interface Endpoint {
  readonly account: string;
  readonly protocol: string;
  readonly fifoTopic: boolean;
}

const names = new Set([
  'DeliveryPolicy',
  'FilterPolicy',
  'FilterPolicyScope',
  'RawMessageDelivery',
  'RedrivePolicy',
]);

/**
 * The attributes with those changed, as they are kept, or what is wrong with them. An empty text
 * takes a policy away.
 */
export function changedAttributes(
  present: Texts,
  changes: Texts,
  endpoint: Endpoint,
): { readonly attributes: Texts } | { readonly mistake: string } {
  for (const [name, text] of Object.entries(changes)) {
    const mistake = checkOne(name, text, endpoint);
    if (mistake !== undefined) return { mistake };
  }
  const merged = { ...present, ...changes };
  if (changes.RawMessageDelivery !== undefined) {
    merged.RawMessageDelivery = changes.RawMessageDelivery.toLowerCase();
  }
  const kept = Object.entries(merged).filter(([, text]) => text !== '' && text !== '{}');
  const attributes: Texts = Object.fromEntries(kept);
  const mistake = filterMistake(attributes);
  return mistake === undefined ? { attributes } : { mistake };
}

function checkOne(name: string, text: string, endpoint: Endpoint): string | undefined {
  if (!names.has(name)) return 'AttributeName';
  switch (name) {
    case 'RawMessageDelivery':
      if (/^(true|false)$/i.test(text)) return undefined;
      return `RawMessageDelivery: Invalid value [${text}]. Must be true or false.`;
    case 'FilterPolicyScope':
      if (text === 'MessageAttributes' || text === 'MessageBody') return undefined;
      return (
        `FilterPolicyScope: Invalid value [${text}]. ` +
        'Please use either MessageBody or MessageAttributes'
      );
    case 'DeliveryPolicy':
      return deliveryMistake(text, endpoint);
    case 'RedrivePolicy':
      return text === '' ? undefined : redriveMistake(text, endpoint);
    default:
      return undefined;
  }
}

function deliveryMistake(text: string, { protocol }: Endpoint): string | undefined {
  if (text !== '' && protocol === 'sqs') return 'DeliveryPolicy is only for HTTP/S endpoints';
  const checked = checkDeliveryPolicy(text, 'subscription');
  return checked.ok ? undefined : checked.reason;
}

function redriveMistake(text: string, { account, fifoTopic }: Endpoint): string | undefined {
  const policy = parse(text);
  if (policy === undefined) return 'RedrivePolicy: failed to parse JSON.';
  const target = (policy as { deadLetterTargetArn?: unknown } | null)?.deadLetterTargetArn;
  const at = typeof target === 'string' ? parseQueueArn(target) : undefined;
  if (at?.account !== account) return 'RedrivePolicy: deadLetterTargetArn is an invalid arn';
  if (fifoTopic === at.name.endsWith('.fifo')) return undefined;
  return fifoTopic
    ? 'RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.'
    : 'RedrivePolicy: must use a standard queue as DLQ for a subscription to a standard topic.';
}

function filterMistake({ FilterPolicy: text, FilterPolicyScope: scope }: Texts) {
  if (text === undefined) return undefined;
  const policy = compileFilterPolicy(text, scope === 'MessageBody' ? 'body' : 'attributes');
  if (policy.ok) return undefined;
  // This one text carries no name in the original.
  const bare = policy.reason.startsWith('Filter policy scope');
  return bare ? policy.reason : `FilterPolicy: ${policy.reason}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}
