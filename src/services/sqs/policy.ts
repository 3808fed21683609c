/** Access policies of queues, as texts that clients set whole or by the statement. */
import type * as sqs from '@aws-sdk/client-sqs';
import { parsePolicy } from '../../engines/policy/parse.ts';
import type { Queue } from '../../engines/queues/queues.ts';
import { queueArn } from '../../engines/queues/rows.ts';
import { formatArn } from '../../kernel/arn.ts';
import { addressIn, type Ctx, found, queueAt } from './context.ts';
import { faults } from './faults.ts';

export const maxPolicyBytes = 8_192;
const mostActions = 7;

/** Whether it can be the policy of a queue. */
export function isQueuePolicy(text: string): boolean {
  if (Buffer.byteLength(text) > maxPolicyBytes) return false;
  const parsed = parsePolicy(text, 'resource');
  if (!parsed.ok) return false;
  const actions = parsed.value.statements.flatMap((one) => one.actions ?? one.notActions ?? []);
  return actions.every((action) => /^(\*$|sqs:)/i.test(action));
}

/** What may be allowed by the statement, as clients name it: no prefix. */
const grantable = new Set([
  '*',
  'ChangeMessageVisibility',
  'DeleteMessage',
  'GetQueueAttributes',
  'GetQueueUrl',
  'ListDeadLetterSourceQueues',
  'PurgeQueue',
  'ReceiveMessage',
  'SendMessage',
]);

interface Stored {
  readonly Statement: readonly { readonly Sid?: string }[];
}

export async function addPermission(input: sqs.AddPermissionRequest, ctx: Ctx): Promise<void> {
  const at = addressIn(input.QueueUrl, ctx);
  await queueAt(at, ctx);
  const { Label: label = '', AWSAccountIds: accounts = [], Actions: actions = [] } = input;
  checkGrant(label, { accounts, actions });
  const principals = accounts.map((account) =>
    formatArn({ ...ctx.scope, region: '', account }, 'iam', 'root'),
  );
  const statement = {
    Sid: label,
    Effect: 'Allow',
    Principal: { AWS: principals },
    Action: actions.map((name) => `SQS:${name}`),
    Resource: queueArn(at),
  };
  await changePolicy(input.QueueUrl, ctx, ({ Statement, ...policy }) => {
    const present = [Statement].flat();
    if (present.some(({ Sid }) => Sid === label)) {
      throw faults.invalidValue(label, 'Label', 'Already exists.');
    }
    return { ...policy, Statement: [...present, statement] };
  });
}

interface Grant {
  readonly accounts: readonly string[];
  readonly actions: readonly string[];
}

function checkGrant(label: string, { accounts, actions }: Grant): void {
  if (!/^[A-Za-z0-9_-]{1,80}$/.test(label)) {
    const rule = 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 long.';
    throw faults.invalidValue(label, 'Label', rule);
  }
  if (accounts.length === 0) throw faults.missingParameter('AWSAccountIds');
  if (actions.length === 0) throw faults.missingParameter('Actions');
  const stranger = accounts.find((id) => !/^\d{12}$/.test(id));
  if (stranger !== undefined) {
    throw faults.invalidValue(stranger, 'PrincipalId', 'Unable to verify.');
  }
  const unknown = actions.find((name) => !grantable.has(name));
  if (unknown !== undefined) {
    const rule = 'Only the queue owner is allowed to invoke this action.';
    throw faults.invalidValue(`SQS:${unknown}`, 'ActionName', rule);
  }
  if (actions.length > mostActions) {
    throw faults.tooManyActions(actions.length, mostActions);
  }
}

export async function removePermission(
  input: sqs.RemovePermissionRequest,
  ctx: Ctx,
): Promise<void> {
  const { Label: label = '' } = input;
  await changePolicy(input.QueueUrl, ctx, ({ Statement, ...policy }) => {
    const present = [Statement].flat();
    const left = present.filter(({ Sid }) => Sid !== label);
    if (left.length === present.length) {
      throw faults.invalidValue(label, 'Label', "can't find label on existing policy");
    }
    return { ...policy, Statement: left };
  });
}

/** A policy without statements is none. */
async function changePolicy(
  url: string | undefined,
  ctx: Ctx,
  change: (policy: Stored) => Stored,
): Promise<void> {
  const at = addressIn(url, ctx);
  const empty = { Version: '2012-10-17', Id: `${queueArn(at)}/SQSDefaultPolicy`, Statement: [] };
  const changed = ({ settings }: Queue) => {
    const { Policy: text, ...others } = settings.further;
    const policy = change(text === undefined ? empty : (JSON.parse(text) as Stored));
    if (policy.Statement.length === 0) return { settings: { ...settings, further: others } };
    const Policy = JSON.stringify(policy);
    if (!isQueuePolicy(Policy)) throw faults.invalidAttribute('Policy');
    return { settings: { ...settings, further: { ...others, Policy } } };
  };
  found(await ctx.queues.update(at, changed));
}
