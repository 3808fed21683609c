/**
 * The internal event bus: state changes and violations, in the shape of EventBridge's envelope.
 * Listeners run in order of subscription; one that throws is logged and does not stop the others.
 */
import type { Scope } from '../../kernel/arn.ts';
import type { Clock } from '../../kernel/clock.ts';
import { uuid } from '../../kernel/ids.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Random } from '../../kernel/random.ts';

export interface NewEvent {
  /** `aws.sagemaker`, `aws.cloudwatch`, … */
  readonly source: string;
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
  readonly scope: Scope;
}

/** The envelope as rules and targets see it. */
export interface Event {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** Second precision, `Z`. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

export type EventListener = (event: Event) => Promise<void>;

export interface EventBus {
  /** Resolves when every listener has taken the event. */
  publish(event: NewEvent): Promise<void>;
  /** Answers a function that ends the subscription. */
  subscribe(listener: EventListener): () => void;
}

export interface EventBusParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export function makeEventBus({ clock, random, log }: EventBusParts): EventBus {
  const listeners = new Set<EventListener>();
  return {
    async publish({ source, detailType, resources, detail, scope }) {
      // Each call that changes something is told: mostly to nobody.
      if (listeners.size === 0) return;
      const event: Event = {
        version: '0',
        id: uuid(random),
        'detail-type': detailType,
        source,
        account: scope.account,
        time: new Date(clock.nowMs()).toISOString().replace(/\.\d{3}Z$/, 'Z'),
        region: scope.region,
        resources,
        detail,
      };
      for (const listener of listeners) {
        await listener(event).catch((cause: unknown) =>
          log.error('an event listener failed', cause, { detailType, id: event.id }),
        );
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
