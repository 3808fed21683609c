/**
 * Delivers the trail into buckets: every few minutes the log files of each trail that logs, every
 * hour and at the end of logging their signed digests. What was delivered is recorded after it was
 * put, under names that do not depend on when: after a crash it is put again, never twice.
 */
import type { Access } from '../../engines/access/access.ts';
import type { Keys } from '../../engines/keys/keys.ts';
import type { BucketAccess } from '../../engines/objects/objects.ts';
import type { Anchor } from '../../engines/trail/digests/anchor.ts';
import type { SigningKeys } from '../../engines/trail/digests/signing-keys.ts';
import type { Trail } from '../../engines/trail/trail.ts';
import { type Clock, hourMs, minuteMs, secondMs } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Loop } from '../../kernel/loop.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { makeTrailAdmission } from './admission.ts';
import { makeDeliver } from './deliver.ts';
import { earliestEndMs, startOf, writeDigests } from './digests.ts';
import type { NoticeParts } from './notices.ts';
import { makePutFile, NotDelivered, type PutParts } from './put.ts';
import { change, type Delivery, deliveryAt, failed, keyOf, openDeliveries } from './state.ts';

export interface TrailDeliveryParts {
  readonly store: MetadataStore;
  readonly trail: Trail;
  readonly objects: PutParts['objects'] & {
    policyOf(bucket: string): Promise<BucketAccess | undefined>;
  };
  readonly keys: Pick<Keys, 'find' | 'policyOf'>;
  readonly topics: NoticeParts['topics'];
  /** Decides whether buckets, keys and topics let trails in. */
  readonly access: Access;
  readonly signingKeys: SigningKeys;
  readonly clock: Clock;
  readonly log: Logger;
  readonly anchor?: Anchor | undefined;
  /** 5 minutes unless given. */
  readonly deliveryMs?: number;
  /** An hour unless given. */
  readonly digestMs?: number;
}

export const trailDeliveryLoop = 'trail/delivery';

const usualDeliveryMs = 5 * minuteMs;
/** By then the record of the call that stopped a trail has been kept. */
const settleMs = secondMs;
const never = Number.POSITIVE_INFINITY;

export function makeTrailDelivery(parts: TrailDeliveryParts): Loop {
  const { store, trail, deliveryMs = usualDeliveryMs, digestMs = hourMs } = parts;
  const serve = makeServer(parts);
  /** At once after a start, to deliver what was left over. */
  let dueAtMs: number | undefined = 0;
  /** Trails that failed out of turn are tried again with the others. */
  const failing = new Set<string>();

  const digestDueMs = (delivery: Delivery) =>
    delivery.trail.validation
      ? Math.max(startOf(delivery) + digestMs, earliestEndMs(delivery))
      : never;
  const nextMs = (delivery: Delivery): number => {
    const { trail: of, run } = delivery;
    if (failing.has(of.arn)) return never;
    const { stoppedAtMs } = run;
    if (stoppedAtMs === undefined) return digestDueMs(delivery);
    const settledMs = stoppedAtMs + settleMs;
    return of.validation ? Math.max(settledMs, earliestEndMs(delivery)) : settledMs;
  };

  return {
    name: trailDeliveryLoop,
    async tick(nowMs, { signal }) {
      const open = await openDeliveries(store);
      if (open.length === 0) {
        dueAtMs = undefined;
        return never;
      }
      dueAtMs ??= nowMs + deliveryMs;
      const isDue = nowMs >= dueAtMs;
      const work = open.filter((delivery) => isDue || nextMs(delivery) <= nowMs);
      if (work.length > 0) await trail.seal();
      for (const delivery of work) {
        signal.throwIfAborted();
        failing.delete(delivery.trail.arn);
        const done = await serve(delivery, { nowMs, dueMs: nextMs });
        if (!done) failing.add(delivery.trail.arn);
      }
      if (isDue) dueAtMs = nowMs + deliveryMs;
      const left = await openDeliveries(store);
      return Math.min(left.length > 0 ? dueAtMs : never, ...left.map(nextMs));
    },
  };
}

interface Turn {
  readonly nowMs: number;
  /** When its hour is over, or its run. */
  readonly dueMs: (delivery: Delivery) => number;
}

/** Answers false when it is to be tried again. */
function makeServer(parts: TrailDeliveryParts) {
  const { store, log } = parts;
  const admission = makeTrailAdmission(parts);
  const put = makePutFile({ ...parts, admission });
  const deliverAll = makeDeliver({ ...parts, admission, put });

  const digests = (delivery: Delivery, nowMs: number) =>
    writeDigests(parts, delivery, { nowMs, put });

  return async function serve(delivery: Delivery, turn: Turn): Promise<boolean> {
    const { nowMs, dueMs } = turn;
    // Digests that were begun list what they list: nothing is added before they are written.
    const isBegun = delivery.row.pendingEndMs !== undefined && delivery.trail.validation;
    if (isBegun && !(await attempt(delivery, 'digest', nowMs, () => digests(delivery, nowMs)))) {
      return false;
    }
    const delivered = await attempt(delivery, 'delivery', nowMs, () => deliverAll(delivery, nowMs));
    if (!delivered) return false;
    const now = await deliveryAt(store, keyOf(delivery));
    if (!now || dueMs(now) > nowMs) return true;
    if (now.trail.validation) {
      const isWritten = await attempt(now, 'digest', nowMs, () => digests(now, nowMs));
      if (!isWritten) return false;
    }
    if (delivery.run.stoppedAtMs !== undefined) await endRun(now);
    return true;
  };

  async function attempt(
    delivery: Delivery,
    what: 'delivery' | 'digest',
    nowMs: number,
    run: () => Promise<void>,
  ): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (cause) {
      const code = cause instanceof NotDelivered ? cause.code : 'InternalError';
      const fields = { trail: delivery.trail.arn, what };
      if (cause instanceof NotDelivered) {
        log.warn('a trail cannot be delivered', { ...fields, reason: cause.message });
      } else log.error('a trail was not delivered', cause, fields);
      await change(store, delivery, (row) => ({ ...row, [what]: failed(row[what], nowMs, code) }));
      return false;
    }
  }

  /** The chains end with it: the digests of the next run begin new ones. */
  async function endRun(delivery: Delivery): Promise<void> {
    await change(store, delivery, ({ periodStartMs: _, pendingEndMs: __, ...row }) => ({
      ...row,
      chains: [],
      runs: row.runs.slice(1),
    }));
  }
}
