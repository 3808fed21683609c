/**
 * Queue attributes: from the texts clients send to the settings of the engine, and back.
 * A table of one line per attribute; nothing here reads or writes the store.
 */

import { queueLimits } from '../../engines/queues/limits.ts';
import type { QueueSettings } from '../../engines/queues/rows.ts';
import { faults } from './faults.ts';
import { isQueuePolicy } from './policy.ts';

export type Texts = Readonly<Record<string, string>>;

const deadLetterReason = {
  json: 'Redrive policy is not a valid JSON map.',
  target: 'Redrive policy does not contain mandatory attribute: deadLetterTargetArn.',
  count: 'Redrive policy does not contain mandatory attribute: maxReceiveCount.',
};

type Change = Partial<QueueSettings>;
type Parse = (text: string, name: string) => Change;

interface NumberRule {
  readonly least: number;
  readonly most: number;
}

function number(rule: NumberRule, change: (value: number) => Change): Parse {
  return (text, name) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= rule.least && value <= rule.most)) throw faults.invalidAttribute(name);
    return change(value);
  };
}

function choice(values: readonly string[], change: (value: string) => Change): Parse {
  return (text, name) => {
    const value = text.toLowerCase();
    const known = values.find((candidate) => candidate.toLowerCase() === value);
    if (known === undefined) throw faults.invalidAttribute(name);
    return change(known);
  };
}

/** Encryption at rest is not built: only its absence can be asked for. */
const unencrypted: Parse = (text, name) => {
  if (text !== '' && text !== 'false') throw faults.notBuilt(name);
  return {};
};
const keptJson: Parse = (text, name) => {
  if (text !== '' && !isJsonObject(text)) throw faults.invalidAttribute(name);
  return { further: { [name]: text } };
};

const accessPolicy: Parse = (text, name) => {
  if (text !== '' && !isQueuePolicy(text)) throw faults.invalidAttribute(name);
  return { further: { [name]: text } };
};

const truth = ['true', 'false'];

const anyQueue: Readonly<Record<string, Parse>> = {
  DelaySeconds: number(queueLimits.delaySeconds, (delaySeconds) => ({ delaySeconds })),
  MaximumMessageSize: number(queueLimits.messageBytes, (maximumMessageBytes) => ({
    maximumMessageBytes,
  })),
  MessageRetentionPeriod: number(queueLimits.retentionSeconds, (retentionSeconds) => ({
    retentionSeconds,
  })),
  ReceiveMessageWaitTimeSeconds: number(queueLimits.waitSeconds, (waitSeconds) => ({
    waitSeconds,
  })),
  VisibilityTimeout: number(queueLimits.visibilitySeconds, (visibilitySeconds) => ({
    visibilitySeconds,
  })),
  Policy: accessPolicy,
  RedrivePolicy: keptJson,
  RedriveAllowPolicy: keptJson,
  KmsMasterKeyId: unencrypted,
  KmsDataKeyReusePeriodSeconds: unencrypted,
  SqsManagedSseEnabled: unencrypted,
};

const fifoQueue: Readonly<Record<string, Parse>> = {
  ContentBasedDeduplication: choice(truth, (value) => ({
    contentDeduplication: value === 'true',
  })),
  DeduplicationScope: choice(['messageGroup', 'queue'], (value) => ({
    deduplicationScope: value === 'queue' ? 'queue' : 'group',
  })),
  FifoThroughputLimit: choice(['perQueue', 'perMessageGroupId'], (value) => ({
    further: { FifoThroughputLimit: value },
  })),
};

export function usualSettings(fifo: boolean): QueueSettings {
  return {
    delaySeconds: queueLimits.delaySeconds.usual,
    maximumMessageBytes: queueLimits.messageBytes.usual,
    retentionSeconds: queueLimits.retentionSeconds.usual,
    waitSeconds: queueLimits.waitSeconds.usual,
    visibilitySeconds: queueLimits.visibilitySeconds.usual,
    fifo,
    contentDeduplication: false,
    deduplicationScope: 'queue',
    further: {},
  };
}

/** The settings with what the texts change; an empty text takes a policy or a key away. */
export function changed(settings: QueueSettings, texts: Texts): QueueSettings {
  let next = settings;
  for (const [name, text] of Object.entries(texts)) {
    const parse = own(anyQueue, name) ?? (settings.fifo ? own(fifoQueue, name) : undefined);
    if (!parse) throw faults.unknownAttribute(name);
    const { further, ...change } = parse(text, name);
    next = { ...next, ...change, further: { ...next.further, ...further } };
  }
  const further = Object.fromEntries(Object.entries(next.further).filter(([, text]) => text));
  const { deadLetter: _, ...rest } = next;
  const policy = further.RedrivePolicy;
  return policy === undefined
    ? { ...rest, further }
    : { ...rest, further, deadLetter: deadLetterOf(policy) };
}

function own(table: Readonly<Record<string, Parse>>, name: string): Parse | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function deadLetterOf(text: string): NonNullable<QueueSettings['deadLetter']> {
  const refuse = (reason: string) => faults.invalidValue(text, 'RedrivePolicy', reason);
  const policy = asObject(text);
  if (!policy) throw refuse(deadLetterReason.json);
  const { deadLetterTargetArn: targetArn, maxReceiveCount } = policy;
  if (typeof targetArn !== 'string') throw refuse(deadLetterReason.target);
  if (maxReceiveCount === undefined) throw refuse(deadLetterReason.count);
  const maximumReceives = Number(maxReceiveCount);
  const { least, most } = queueLimits.receivesBeforeDeadLetter;
  const whole = Number.isInteger(maximumReceives);
  if (!whole || maximumReceives < least || maximumReceives > most) {
    const range = `valid values are from ${least} to ${most} both inclusive.`;
    throw refuse(`Invalid value for maxReceiveCount: ${JSON.stringify(maxReceiveCount)}, ${range}`);
  }
  return { targetArn, maximumReceives };
}

/** Every attribute that can be set, as clients read it. */
export function textsOf(settings: QueueSettings): Record<string, string> {
  const fifo = {
    FifoQueue: 'true',
    ContentBasedDeduplication: String(settings.contentDeduplication),
    DeduplicationScope: settings.deduplicationScope === 'queue' ? 'queue' : 'messageGroup',
    FifoThroughputLimit: 'perQueue',
  };
  return {
    DelaySeconds: String(settings.delaySeconds),
    MaximumMessageSize: String(settings.maximumMessageBytes),
    MessageRetentionPeriod: String(settings.retentionSeconds),
    ReceiveMessageWaitTimeSeconds: String(settings.waitSeconds),
    VisibilityTimeout: String(settings.visibilitySeconds),
    SqsManagedSseEnabled: 'false',
    ...(settings.fifo ? fifo : {}),
    ...settings.further,
  };
}

/** The first attribute the texts would give another value. */
export function firstDifference(settings: QueueSettings, texts: Texts): string | undefined {
  const actual = textsOf(settings);
  const wanted = textsOf(changed(settings, texts));
  return Object.keys(texts).find((name) => !sameText(actual[name], wanted[name]));
}

function sameText(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  const [x, y] = [asObject(a ?? ''), asObject(b ?? '')];
  return x !== undefined && y !== undefined && canonical(x) === canonical(y);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

export function asObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}

function isJsonObject(text: string): boolean {
  return asObject(text) !== undefined;
}
