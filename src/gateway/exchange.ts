/** One request to one model server: sent, tried again where nothing was sent, counted. */
import { setTimeout as pause } from 'node:timers/promises';
import type { RequestCounters } from '../engines/hosting/counters.ts';
import type { LiveEndpoint, RunningVariant } from '../engines/hosting/fleet.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Answer, Forwarder, ForwardFailure, OpenAnswer } from '../ports/forwarder.ts';
import type { Fault } from '../wire/operation.ts';
import { faults, type Subject } from './faults.ts';
import { laneOf } from './lane.ts';

export interface ExchangeParts {
  readonly forwarder: Forwarder;
  readonly counters: RequestCounters;
  readonly clock: Clock;
  /** Called when something was counted and nothing had been since the counters were taken. */
  readonly onCounted?: () => void;
}

/** The server is being started again by its launcher: it has no address right now. */
export interface NotReady {
  readonly kind: 'notReady';
  readonly latencyUs: number;
}

/** Amazon's bound on a model's answer. */
export const modelTimeoutMs = 60_000;
/** Before each attempt to connect; a server that was just started again is caught by the last. */
const waitsMs = [0, 100, 400];

/** What a container is sent. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

type Attempt<T> = (request: Parameters<Forwarder['forward']>[0]) => Promise<T>;

/** Tries again only where no connection came about, so that no request arrives twice. */
export async function exchange<T extends Answer | OpenAnswer>(
  { instance }: RunningVariant,
  { headers, body }: Message,
  attempt: Attempt<T | ForwardFailure>,
): Promise<T | ForwardFailure | NotReady> {
  let last: ForwardFailure | NotReady = { kind: 'notReady', latencyUs: 0 };
  for (const waitMs of waitsMs) {
    if (waitMs > 0) await pause(waitMs);
    const url: URL | undefined = instance.server.invocationsUrl;
    if (!url) continue;
    const result = await attempt({ url, headers, body, timeoutMs: modelTimeoutMs });
    if (result.kind !== 'unreachable') return result;
    last = result;
  }
  return last;
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** What the client is told when the model gave no answer that can be passed on. */
export function failureFault(failure: ForwardFailure | NotReady, subject: Subject): Fault {
  switch (failure.kind) {
    case 'notReady':
      return faults.modelNotReady(subject);
    case 'unreachable':
      return faults.unavailable(
        `The model server of endpoint ${subject.endpointName} cannot be reached: ${failure.reason}`,
      );
    case 'timeout':
      return faults.modelTimedOut(subject);
    default:
      return faults.modelBroke(subject, failure.reason);
  }
}

export interface Ended {
  readonly live: LiveEndpoint;
  readonly running: RunningVariant;
  /** 0 for no answer. */
  readonly modelStatus: number;
  readonly modelLatencyUs: number;
  readonly totalUs: number;
}

export function count(ended: Ended, { counters, clock, onCounted }: ExchangeParts): void {
  const { live, running, modelStatus, modelLatencyUs, totalUs } = ended;
  const overheadLatencyUs = totalUs - modelLatencyUs;
  const instances = running.variant.instanceCount;
  const request = { instances, modelStatus, modelLatencyUs, overheadLatencyUs };
  const first = counters.empty;
  counters.count(laneOf(live, running.variant.name).counted, request, clock.nowMs());
  if (first) onCounted?.();
}
