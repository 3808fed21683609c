/** What operations of this service are given besides their input, and how they find a topic. */
import type { TopicAddress } from '../../engines/topics/rows.ts';
import { parseTopicArn } from '../../engines/topics/rows.ts';
import type { Topic, Topics } from '../../engines/topics/topics.ts';
import type { Call } from '../../wire/operation.ts';
import { faults } from './faults.ts';

export interface SnsParts {
  readonly topics: Topics;
}

export type Ctx = Call & SnsParts;

export function isAnonymous(ctx: Call): boolean {
  return ctx.caller.accessKeyId === '';
}

/** The address an ARN names; a topic of the caller's account and region. */
export function addressIn(arn: string | undefined, ctx: Call): TopicAddress {
  const elements = (arn ?? '').split(':').length;
  if (elements < 6) {
    const reason = `An ARN must have at least 6 elements, not ${elements}`;
    throw faults.invalid(`TopicArn Reason: ${reason}`);
  }
  const at = parseTopicArn(arn ?? '');
  if (!at || at.region !== ctx.scope.region) throw faults.invalid('TopicArn');
  if (at.account !== ctx.scope.account) throw faults.notAuthorized(arn ?? '');
  return at;
}

export async function topicAt(at: TopicAddress, ctx: Ctx): Promise<Topic> {
  const topic = await ctx.topics.find(at);
  if (!topic) throw faults.noSuchTopic();
  return topic;
}

/** Tokens of pages: the last key, so that a page starts after it. */
export const pageTokens = {
  of: (key: string) => Buffer.from(key).toString('base64url'),
  key(token: string | undefined): { readonly after?: string } {
    return token === undefined ? {} : { after: Buffer.from(token, 'base64url').toString() };
  },
};
