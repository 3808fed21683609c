/**
 * The alert each schedule has: InAlert when enough of the last executions were bad, even before
 * that many have run; OK as soon as they are fewer.
 */
import type { Alert, ExecutionStatus } from './rows.ts';

/** `recent` runs from the newest ended execution to the oldest. */
export function alertStatus(
  alert: Pick<Alert, 'datapointsToAlert' | 'evaluationPeriod'>,
  recent: readonly ExecutionStatus[],
): Alert['status'] {
  const judged = recent.slice(0, alert.evaluationPeriod);
  const bad = judged.filter((status) => status === 'CompletedWithViolations').length;
  return bad >= alert.datapointsToAlert ? 'InAlert' : 'OK';
}
