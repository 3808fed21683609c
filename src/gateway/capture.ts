/**
 * Records what an endpoint was asked and what it answered, before the answer leaves. Recording
 * never changes or refuses an answer: what cannot be kept is logged.
 */
import { type CapturedSide, type CaptureEvent, captureRecord } from '../engines/capture/record.ts';
import type { Spool } from '../engines/capture/spool.ts';
import type { LiveEndpoint } from '../engines/hosting/fleet.ts';
import type { CapturePlan } from '../engines/hosting/rows.ts';
import type { Logger } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import { customAttributes, inferenceIdHeader } from './headers.ts';
import { laneOf } from './lane.ts';

export interface CaptureParts {
  readonly spool: Spool;
  readonly random: Random;
  /** Makes a UUID. */
  readonly newId: () => string;
  readonly log: Logger;
}

export interface Exchange {
  readonly live: LiveEndpoint;
  readonly variantName: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody: Buffer;
  readonly answerType: string | undefined;
  /** Undefined when it was too large to be kept whole. */
  readonly answerBody: Buffer | undefined;
  readonly answerSizeBytes: number;
  readonly inferenceTimeMs: number;
  readonly shadow: boolean;
}

/** Decided once for each request, independently of every other. */
export function isSampled(plan: CapturePlan | undefined, random: Random): boolean {
  if (!plan?.enabled || plan.samplingPercent <= 0) return false;
  return plan.samplingPercent >= 100 || random.next01() * 100 < plan.samplingPercent;
}

/** Resolves once the record would survive the process. */
export async function capture(exchange: Exchange, parts: CaptureParts): Promise<void> {
  const { live, variantName, inferenceTimeMs } = exchange;
  const plan = live.capture;
  const { target } = laneOf(live, variantName);
  if (!plan || !target) return;
  const line = captureRecord(eventOf(exchange, plan, parts.newId()), plan);
  try {
    const kept = await parts.spool.append(target, inferenceTimeMs, line);
    if (!kept) parts.log.warn('capture is full: a record was not kept', { endpoint: live.key });
  } catch (cause) {
    parts.log.error('a captured record could not be kept', cause, { endpoint: live.key });
  }
}

function eventOf(exchange: Exchange, plan: CapturePlan, eventId: string): CaptureEvent {
  const { requestHeaders, requestBody, answerBody, answerSizeBytes } = exchange;
  const input: CapturedSide = {
    contentType: requestHeaders['content-type'],
    body: requestBody,
    sizeBytes: requestBody.length,
  };
  const output: CapturedSide = {
    contentType: exchange.answerType,
    body: answerBody,
    sizeBytes: answerSizeBytes,
  };
  const inferenceId = requestHeaders[inferenceIdHeader];
  const attributes = requestHeaders[customAttributes];
  const event: Mutable<CaptureEvent> = {
    eventId,
    inferenceTimeMs: exchange.inferenceTimeMs,
    shadow: exchange.shadow,
  };
  if (inferenceId !== undefined) event.inferenceId = inferenceId;
  if (attributes !== undefined) event.customAttributes = attributes;
  if (plan.input) event.input = input;
  if (plan.output) event.output = output;
  return event;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };
