/** Starting and stopping what trails log, and how delivery goes. */
import type {
  GetTrailStatusRequest,
  GetTrailStatusResponse,
  StartLoggingRequest,
  StartLoggingResponse,
  StopLoggingRequest,
  StopLoggingResponse,
} from '@aws-sdk/client-cloudtrail';
import { isoSeconds } from '../../engines/trail/digests/names.ts';
import {
  type Attempts,
  deliveryRows,
  type TrailRow,
  trailKey,
  trailRows,
} from '../../engines/trail/digests/rows.ts';
import { chooseDataEvents } from '../../jobs/trail-delivery/choice.ts';
import { trailDeliveryLoop } from '../../jobs/trail-delivery/loop.ts';
import { beginRun, endRun, newestStretch } from '../../jobs/trail-delivery/state.ts';
import type { Transaction } from '../../ports/metadata-store.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';
import { findHomeTrail, findTrail } from './names.ts';

/** Starts and stops that are not delivered yet. */
const mostRuns = 100;

export async function startLogging(
  { Name = '' }: StartLoggingRequest,
  ctx: Ctx,
): Promise<StartLoggingResponse> {
  const after = await newestStretch(ctx.trail);
  await change(ctx, Name, async (tx, row, nowMs) => {
    if (row.logging) return undefined;
    const open = await tx.get(deliveryRows, trailKey(row, row.name));
    if ((open?.runs.length ?? 0) >= mostRuns) throw faults.undelivered();
    await beginRun(tx, row, { nowMs, after });
    return { ...row, logging: true, startedAtMs: nowMs };
  });
  return {};
}

export async function stopLogging(
  { Name = '' }: StopLoggingRequest,
  ctx: Ctx,
): Promise<StopLoggingResponse> {
  await change(ctx, Name, async (tx, row, nowMs) => {
    if (!row.logging) return undefined;
    await endRun(tx, row, nowMs);
    return { ...row, logging: false, stoppedAtMs: nowMs };
  });
  return {};
}

async function change(
  ctx: Ctx,
  name: string,
  next: (tx: Transaction, row: TrailRow, nowMs: number) => Promise<TrailRow | undefined>,
): Promise<void> {
  await ctx.store.write(async (tx) => {
    const row = await findHomeTrail(name, ctx, tx);
    const changed = await next(tx, row, ctx.clock.nowMs());
    if (changed) await tx.put(trailRows, trailKey(row, row.name), changed);
  });
  await chooseDataEvents(ctx);
  ctx.wake(trailDeliveryLoop);
}

export async function getTrailStatus(
  { Name = '' }: GetTrailStatusRequest,
  ctx: Ctx,
): Promise<GetTrailStatusResponse> {
  const row = await findTrail(Name, ctx);
  const found = await ctx.store.get(deliveryRows, trailKey(row, row.name));
  const { delivery, digest, notification } = found ?? {};
  const { startedAtMs, stoppedAtMs, logging } = row;
  const date = (name: string, atMs: number | undefined) =>
    atMs === undefined ? {} : { [name]: new Date(atMs) };
  const iso = (atMs: number | undefined) => (atMs === undefined ? '' : isoSeconds(atMs));
  const error = (name: string, attempts: Attempts | undefined) =>
    attempts?.error === undefined ? {} : { [name]: attempts.error };
  // The stop that a start ended is not shown any more.
  const isStopped = !logging && stoppedAtMs !== undefined;
  return {
    IsLogging: logging,
    ...error('LatestDeliveryError', delivery),
    ...error('LatestNotificationError', notification),
    ...error('LatestDigestDeliveryError', digest),
    ...date('LatestDeliveryTime', delivery?.succeededAtMs),
    ...date('LatestNotificationTime', notification?.succeededAtMs),
    ...date('LatestDigestDeliveryTime', digest?.succeededAtMs),
    ...date('StartLoggingTime', startedAtMs),
    ...date('StopLoggingTime', isStopped ? stoppedAtMs : undefined),
    LatestDeliveryAttemptTime: iso(delivery?.attemptedAtMs),
    LatestNotificationAttemptTime: iso(notification?.attemptedAtMs),
    LatestNotificationAttemptSucceeded: iso(notification?.succeededAtMs),
    LatestDeliveryAttemptSucceeded: iso(delivery?.succeededAtMs),
    TimeLoggingStarted: iso(startedAtMs),
    TimeLoggingStopped: isStopped ? iso(stoppedAtMs) : '',
  };
}
