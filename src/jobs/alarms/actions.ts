/**
 * Sends what alarms have decided: events to the bus, notifications to topics. Each is taken from
 * the outbox once it has been sent, so after a crash it may be sent twice but is never lost. An
 * action that cannot be carried out is recorded as failed; it does not hold up the others.
 */
import type { Access } from '../../engines/access/access.ts';
import { rawJson, toJson } from '../../engines/alarms/java.ts';
import { addHistory, type HistoryRow, type OutboxRow, outbox } from '../../engines/alarms/rows.ts';
import type { EventBus } from '../../engines/events/bus.ts';
import { policyOf } from '../../engines/topics/access.ts';
import type { TopicPublisher } from '../../engines/topics/publisher.ts';
import { parseTopicArn } from '../../engines/topics/rows.ts';
import type { Topic, Topics } from '../../engines/topics/topics.ts';
import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';

export interface SendingParts {
  readonly store: MetadataStore;
  readonly topics: TopicPublisher & Pick<Topics, 'find'>;
  /** Decides whether topics let alarms in. */
  readonly access: Access;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
}

type Action = Extract<OutboxRow, { kind: 'action' }>;
type StateEvent = Extract<OutboxRow, { kind: 'event' }>;

/** Sent before they are taken out together; so many may be sent twice after a crash. */
const pageRows = 25;
/** Bound of the recorded data, of the API. */
const maxDataChars = 4_095;
const eventSource = 'aws.cloudwatch';

/** Empties the outbox, oldest first. */
export async function sendAll(parts: SendingParts, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const page = await parts.store.list(outbox, { limit: pageRows });
    const done: HistoryRow[] = [];
    for (const { row } of page) {
      if (row.kind === 'event') await publish(parts, row);
      else done.push(actionHistory(row, await act(parts, row), parts.clock.nowMs()));
    }
    if (page.length > 0) {
      await parts.store.write(async (tx) => {
        for (const { key } of page) await tx.delete(outbox, key);
        for (const row of done) await addHistory(tx, row);
      });
    }
    if (page.length < pageRows) return;
  }
}

async function publish({ events }: SendingParts, row: StateEvent): Promise<void> {
  const { scope, detailType, resources, detail } = row;
  await events.publish({ source: eventSource, detailType, resources, detail, scope });
}

function actionHistory(row: Action, result: Outcome<void>, atMs: number): HistoryRow {
  return {
    scope: row.scope,
    alarm: row.alarm,
    type: 'Action',
    atMs,
    summary: result.ok
      ? `Successfully executed action ${row.action}`
      : `Failed to execute action ${row.action}. Received error: "${result.reason}"`,
    data: actionData(row, result),
  };
}

async function act(parts: SendingParts, row: Action): Promise<Outcome<void>> {
  const { topics, log } = parts;
  const arn = parseArn(row.action);
  if (!arn.ok) return arn;
  if (arn.value.service !== 'sns') {
    return refuse(`actions of the service ${arn.value.service} are not built into this server`);
  }
  try {
    const { subject, message } = row;
    const at = parseTopicArn(row.action);
    const topic = at && (await topics.find(at));
    if (topic && !(await mayPublish(parts, row, topic))) return refuse(unauthorized(row));
    const sent = await topics.publish(row.action, { subject, message });
    return sent.ok ? ok(undefined) : sent;
  } catch (cause) {
    log.error('an alarm could not notify', cause, { alarm: row.alarm, action: row.action });
    return refuse(cause instanceof Error ? cause.message : String(cause));
  }
}

const service = 'cloudwatch.amazonaws.com';

/**
 * Alarms publish as the service that they are, so that the topic's own policy must let them in. A
 * topic that was given none lets in what acts for its own account.
 */
async function mayPublish(
  { access, clock }: SendingParts,
  { scope, alarm, action }: Action,
  topic: Topic,
): Promise<boolean> {
  const { account, region } = scope;
  const refusal = await access.refusalOf(
    {
      action: 'sns:Publish',
      resource: action,
      owner: topic.address.account,
      resourcePolicy: async () => policyOf(topic),
      keys: {
        'aws:sourcearn': formatArn(scope, 'cloudwatch', `alarm:${alarm}`),
        'aws:sourceaccount': account,
        'aws:sourceowner': account,
      },
    },
    {
      caller: { accessKeyId: '', arn: '', userId: service, account, service },
      facts: { nowMs: clock.nowMs(), region, secure: true },
    },
  );
  return refusal === undefined;
}

function unauthorized({ action }: Action): string {
  return (
    `CloudWatch Alarms is not authorized to perform: SNS:Publish on resource: ${action} ` +
    'because no resource-based policy allows the SNS:Publish action'
  );
}

function actionData(row: Action, result: Outcome<void>): string {
  const write = (publishedMessage: string | null) =>
    toJson({
      actionState: result.ok ? 'Succeeded' : 'Failed',
      stateUpdateTimestamp: row.stateUpdatedAtMs,
      notificationResource: row.action,
      publishedMessage: publishedMessage ?? rawJson('null'),
      error: result.ok ? null : result.reason,
    });
  const whole = write(JSON.stringify({ default: row.message }));
  return whole.length <= maxDataChars ? whole : write(null);
}
