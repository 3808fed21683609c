/** Queues: made, found, listed, described, changed, emptied, removed. */
import type * as sqs from '@aws-sdk/client-sqs';
import type { Queue } from '../../engines/queues/queues.ts';
import {
  parseQueueArn,
  type QueueAddress,
  type QueueSettings,
  queueArn,
} from '../../engines/queues/rows.ts';
import {
  asObject,
  changed,
  firstDifference,
  type Texts,
  textsOf,
  usualSettings,
} from './attributes.ts';
import { addressIn, addressOf, type Ctx, found, queueAt, urlOf } from './context.ts';
import { faults } from './faults.ts';
import { checkTags } from './queue-tags.ts';

/** Without MaxResults a list ends here, and says nothing of the rest. */
const listLimit = 1_000;

export async function createQueue(
  input: sqs.CreateQueueRequest,
  ctx: Ctx,
): Promise<sqs.CreateQueueResult> {
  const name = input.QueueName ?? '';
  const { FifoQueue: fifoText, ...texts } = known(input.Attributes);
  const fifo = fifoText === 'true';
  if (fifoText !== undefined && !fifo) throw faults.unknownAttribute('FifoQueue');
  checkName(name, fifo);
  const at = addressOf(name, ctx);
  const settings = changed(usualSettings(fifo), texts);
  const tags = checkTags({}, input.tags ?? {});
  const existing = await ctx.queues.find(at);
  if (!existing) await checkDeadLetter(at, settings, ctx);
  const { queue, made } = await ctx.queues.create(at, { settings, tags });
  if (!made) {
    const attribute = firstDifference(queue.settings, texts);
    if (attribute !== undefined) throw faults.queueExists(attribute);
  }
  return { QueueUrl: urlOf(at, ctx) };
}

function checkName(name: string, fifo: boolean): void {
  if (fifo || name.endsWith('.fifo')) {
    if (fifo && name.length <= 80 && /^[A-Za-z0-9_-]+\.fifo$/.test(name)) return;
    const rule =
      'The name of a FIFO queue can only include alphanumeric characters, hyphens, or ' +
      'underscores, must end with .fifo suffix and be 1 to 80 in length.';
    throw faults.invalid(rule);
  }
  if (/^[A-Za-z0-9_-]{1,80}$/.test(name)) return;
  throw faults.invalid(
    'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
  );
}

export async function getQueueUrl(
  input: sqs.GetQueueUrlRequest,
  ctx: Ctx,
): Promise<sqs.GetQueueUrlResult> {
  const owner = input.QueueOwnerAWSAccountId ?? ctx.scope.account;
  if (owner !== ctx.scope.account) throw faults.noSuchQueue();
  const queue = await queueAt(addressOf(input.QueueName ?? '', ctx), ctx);
  return { QueueUrl: urlOf(queue.address, ctx) };
}

export async function listQueues(
  input: sqs.ListQueuesRequest,
  ctx: Ctx,
): Promise<sqs.ListQueuesResult> {
  const prefix = input.QueueNamePrefix ?? '';
  const page = pageOf(input);
  const queues = await ctx.queues.list(ctx.scope, { prefix, ...page });
  const urls = queues.map(({ address }) => urlOf(address, ctx));
  return { ...(urls.length > 0 ? { QueueUrls: urls } : {}), ...nextToken(queues, page, input) };
}

export async function listDeadLetterSourceQueues(
  input: sqs.ListDeadLetterSourceQueuesRequest,
  ctx: Ctx,
): Promise<sqs.ListDeadLetterSourceQueuesResult> {
  const { address } = await queueAt(addressIn(input.QueueUrl, ctx), ctx);
  const { after, limit } = pageOf(input);
  const queues = await ctx.queues.sources(queueArn(address), {
    limit,
    ...(after === undefined ? {} : { after: `${address.account}/${address.region}/${after}` }),
  });
  const queueUrls = queues.map((queue) => urlOf(queue.address, ctx));
  return { queueUrls, ...nextToken(queues, { limit }, input) };
}

interface Paged {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

function pageOf(input: Paged): { readonly limit: number; readonly after?: string } {
  const { MaxResults: limit = listLimit, NextToken: token } = input;
  if (!(limit >= 1 && limit <= listLimit)) {
    throw faults.invalidValue(limit, 'MaxResults', 'MaxResults must be an integer 1 to 1000.');
  }
  if (token === undefined) return { limit };
  return { limit, after: Buffer.from(token, 'base64url').toString() };
}

function nextToken(queues: readonly Queue[], page: { readonly limit: number }, input: Paged) {
  const last = queues.at(-1);
  if (input.MaxResults === undefined || queues.length < page.limit || !last) return {};
  return { NextToken: Buffer.from(last.address.name).toString('base64url') };
}

const countNames = {
  ApproximateNumberOfMessages: 'visible',
  ApproximateNumberOfMessagesNotVisible: 'inFlight',
  ApproximateNumberOfMessagesDelayed: 'delayed',
} as const;

/** Attributes that may be asked for although a queue does not have them. */
const optionalNames = new Set([
  'Policy',
  'RedrivePolicy',
  'RedriveAllowPolicy',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
  'FifoQueue',
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'FifoThroughputLimit',
]);

export async function getQueueAttributes(
  input: sqs.GetQueueAttributesRequest,
  ctx: Ctx,
): Promise<sqs.GetQueueAttributesResult> {
  const at = addressIn(input.QueueUrl, ctx);
  const queue = await queueAt(at, ctx);
  const names: readonly string[] = input.AttributeNames ?? [];
  const all: Record<string, string> = {
    ...textsOf(queue.settings),
    QueueArn: queueArn(at),
    CreatedTimestamp: seconds(queue.createdAtMs),
    LastModifiedTimestamp: seconds(queue.modifiedAtMs),
  };
  const wanted = (name: string) => names.includes('All') || names.includes(name);
  if (Object.keys(countNames).some(wanted)) {
    const counts = found(await ctx.queues.counts(at));
    for (const [name, kind] of Object.entries(countNames)) all[name] = String(counts[kind]);
  }
  const isKnown = (name: string) =>
    name === 'All' || name in countNames || optionalNames.has(name) || Object.hasOwn(all, name);
  const unknown = names.find((name) => !isKnown(name));
  if (unknown !== undefined) throw faults.unknownAttribute(unknown);
  const chosen = Object.entries(all).filter(([name]) => wanted(name));
  return chosen.length === 0 ? {} : { Attributes: Object.fromEntries(chosen) };
}

export async function setQueueAttributes(
  input: sqs.SetQueueAttributesRequest,
  ctx: Ctx,
): Promise<void> {
  const at = addressIn(input.QueueUrl, ctx);
  const texts = known(input.Attributes);
  const queue = await queueAt(at, ctx);
  await checkDeadLetter(at, changed(queue.settings, texts), ctx);
  found(await ctx.queues.update(at, (now) => ({ settings: changed(now.settings, texts) })));
}

export async function deleteQueue(input: sqs.DeleteQueueRequest, ctx: Ctx): Promise<void> {
  found(await ctx.queues.remove(addressIn(input.QueueUrl, ctx)));
}

export async function purgeQueue(input: sqs.PurgeQueueRequest, ctx: Ctx): Promise<void> {
  found(await ctx.queues.purge(addressIn(input.QueueUrl, ctx)));
}

/** A dead-letter queue must be there, be of the same kind and admit this source. */
async function checkDeadLetter(at: QueueAddress, settings: QueueSettings, ctx: Ctx) {
  const { deadLetter, further, fifo } = settings;
  if (!deadLetter) return;
  const refuse = (reason: string) =>
    faults.invalidValue(further.RedrivePolicy, 'RedrivePolicy', reason);
  const target = parseQueueArn(deadLetter.targetArn);
  const queue = target && (await ctx.queues.find(target));
  if (!queue || target.account !== at.account || target.region !== at.region) {
    throw refuse('Dead letter target does not exist.');
  }
  if (queue.settings.fifo !== fifo) {
    throw refuse('Dead-letter queue must be same type of queue as the source.');
  }
  const allow = asObject(queue.settings.further.RedriveAllowPolicy ?? '{}');
  const permission = allow?.redrivePermission ?? 'allowAll';
  const sources = allow?.sourceQueueArns;
  const named = Array.isArray(sources) && sources.includes(queueArn(at));
  if (permission === 'allowAll' || (permission === 'byQueue' && named)) return;
  throw refuse('The dead-letter queue does not allow this source queue.');
}

function known(attributes: Readonly<Record<string, string | undefined>> | undefined): Texts {
  const entries = Object.entries(attributes ?? {});
  return Object.fromEntries(entries.map(([name, text]) => [name, text ?? '']));
}

function seconds(ms: number): string {
  return String(Math.floor(ms / 1_000));
}
