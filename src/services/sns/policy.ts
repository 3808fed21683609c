/** Access policies of topics, as texts that clients set whole or by the statement. */
import type * as sns from '@aws-sdk/client-sns';
import { parsePolicy } from '../../engines/policy/parse.ts';
import { policyOf } from '../../engines/topics/access.ts';
import { topicArn } from '../../engines/topics/rows.ts';
import { formatArn } from '../../kernel/arn.ts';
import { addressIn, type Ctx, topicAt } from './context.ts';
import { faults } from './faults.ts';

export const maxPolicyBytes = 30 * 1_024;

/** What is wrong with a policy, undefined when nothing is. */
export function policyMistake(text: string): string | undefined {
  if (Buffer.byteLength(text) > maxPolicyBytes) {
    return `Policy Error: must not be longer than ${maxPolicyBytes} bytes`;
  }
  const parsed = parsePolicy(text, 'resource');
  if (!parsed.ok) return `Policy Error: ${parsed.reason}`;
  const actions = parsed.value.statements.flatMap((one) => one.actions ?? one.notActions ?? []);
  if (actions.every((action) => /^sns:/i.test(action))) return undefined;
  return 'Policy statement action out of service scope!';
}

/** What may be allowed by the statement, as clients name it: no prefix, no wildcard. */
const grantable = new Set([
  'AddPermission',
  'DeleteTopic',
  'GetDataProtectionPolicy',
  'GetTopicAttributes',
  'ListSubscriptionsByTopic',
  'ListTagsForResource',
  'Publish',
  'PutDataProtectionPolicy',
  'RemovePermission',
  'SetTopicAttributes',
  'Subscribe',
]);

interface Stored {
  readonly Statement: readonly { readonly Sid?: string }[];
}

export async function addPermission(input: sns.AddPermissionInput, ctx: Ctx): Promise<void> {
  const at = addressIn(input.TopicArn, ctx);
  await topicAt(at, ctx);
  const { Label: label = '', AWSAccountId: accounts = [], ActionName: actions = [] } = input;
  if (!/^[A-Za-z0-9_-]{1,80}$/.test(label)) throw faults.invalid('Label');
  if (accounts.length === 0 || !accounts.every((id) => /^\d{12}$/.test(id))) {
    throw faults.invalid('AWSAccountId');
  }
  if (actions.length === 0 || !actions.every((name) => grantable.has(name))) {
    throw faults.invalid('Policy statement action out of service scope!');
  }
  const principals = accounts.map((account) =>
    formatArn({ ...ctx.scope, region: '', account }, 'iam', 'root'),
  );
  const statement = {
    Sid: label,
    Effect: 'Allow',
    Principal: { AWS: principals },
    Action: actions.map((name) => `SNS:${name}`),
    Resource: topicArn(at),
  };
  await changePolicy(input.TopicArn, ctx, (statements) => {
    if (statements.some(({ Sid }) => Sid === label))
      throw faults.invalid('Statement already exists');
    return [...statements, statement];
  });
}

/** A label that no statement has is passed over, as the original does. */
export async function removePermission(input: sns.RemovePermissionInput, ctx: Ctx): Promise<void> {
  await changePolicy(input.TopicArn, ctx, (statements) =>
    statements.filter(({ Sid }) => Sid !== input.Label),
  );
}

type Statements = Stored['Statement'];

/** A policy without statements is none: the usual one counts again. */
async function changePolicy(
  arn: string | undefined,
  ctx: Ctx,
  change: (statements: Statements) => Statements,
): Promise<void> {
  const changed = await ctx.topics.update(addressIn(arn, ctx), (topic) => {
    const policy = JSON.parse(policyOf(topic)) as Stored;
    const Statement = change([policy.Statement].flat());
    const { Policy: _, ...others } = topic.attributes;
    if (Statement.length === 0) return { attributes: others };
    const text = JSON.stringify({ ...policy, Statement });
    const mistake = policyMistake(text);
    if (mistake !== undefined) throw faults.invalid(mistake);
    return { attributes: { ...others, Policy: text } };
  });
  if (!changed) throw faults.noSuchTopic();
}
