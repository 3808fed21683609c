/**
 * What is told of queues that do not let their topic in: once a subscription, for each message
 * would say the same.
 */
import { type SubscriptionRow, subscriptionArn } from '../../engines/topics/rows.ts';
import type { Logger } from '../../kernel/log.ts';
import { type Attempt, accessDenied } from './attempt.ts';

/** So many are remembered; a subscription that is forgotten is told about again. */
const mostClosed = 10_000;

/** Queues that do not let their topic in: told once a subscription, until they do. */
export interface Closed {
  note(subscription: SubscriptionRow, attempts: readonly Attempt[]): void;
  tell(subscription: SubscriptionRow, queue: string, reason: string): void;
}

export function makeClosed(log: Logger): Closed {
  const told = new Set<string>();
  const nameOf = (row: SubscriptionRow, queue: string) => `${subscriptionArn(row)} ${queue}`;
  const tell: Closed['tell'] = (subscription, queue, reason) => {
    const name = nameOf(subscription, queue);
    if (told.has(name)) return;
    if (told.size >= mostClosed) told.clear();
    told.add(name);
    const fields = { subscription: subscriptionArn(subscription), queue, reason };
    log.warn('a queue does not let its topic in: what is published does not reach it', fields);
  };
  return {
    tell,
    note(subscription, attempts) {
      const { endpoint } = subscription;
      for (const attempt of attempts) {
        if (attempt.kind === 'delivered') told.delete(nameOf(subscription, endpoint));
        else if (attempt.code === accessDenied) tell(subscription, endpoint, attempt.reason);
      }
    },
  };
}
