/** What operations of this service are given besides their input, and how they find a queue. */

import type { Queue, Queues } from '../../engines/queues/queues.ts';
import type { QueueAddress } from '../../engines/queues/rows.ts';
import type { Outcome } from '../../kernel/outcome.ts';
import type { Call } from '../../wire/operation.ts';
import { faults } from './faults.ts';

export interface SqsParts {
  readonly queues: Queues;
}

export type Ctx = Call & SqsParts;

export function addressOf(name: string, ctx: Call): QueueAddress {
  return { ...ctx.scope, name };
}

export function urlOf(at: QueueAddress, ctx: Call): string {
  return `${ctx.endpointUrl}/${at.account}/${at.name}`;
}

/** The queue a URL names by its last two parts, whatever the host; of any account. */
export function namedBy(url: string | undefined, ctx: Call): QueueAddress | undefined {
  const match = /(?:^|\/)(\d{12})\/([^/?#]+)\/?$/.exec(url ?? '');
  if (!match) return undefined;
  const [, account = '', name = ''] = match;
  return { ...addressOf(name, ctx), account };
}

/** The same, for queues of the caller's account only. */
export function addressIn(url: string | undefined, ctx: Call): QueueAddress {
  if (!url) throw faults.missingParameter('QueueUrl');
  const at = namedBy(url, ctx);
  if (!at) throw faults.invalidAddress(url);
  if (at.account !== ctx.scope.account) throw faults.accessDenied(url);
  return at;
}

export function found<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw faults.noSuchQueue();
  return outcome.value;
}

export async function queueAt(at: QueueAddress, ctx: Ctx): Promise<Queue> {
  const queue = await ctx.queues.find(at);
  if (!queue) throw faults.noSuchQueue();
  return queue;
}
