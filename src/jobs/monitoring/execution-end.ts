/**
 * What follows from the end of an execution, however it ended: the schedule's alert is judged anew,
 * and the end is told as an event. The execution's own row is written by the caller.
 */
import type { EventBus } from '../../engines/events/bus.ts';
import { alertStatus } from '../../engines/monitoring/alerts.ts';
import {
  type Alert,
  alertHistory,
  type ExecutionRow,
  executions,
  type ScheduleRow,
  scoped,
} from '../../engines/monitoring/rows.ts';
import type { ProcessingJobRow } from '../../engines/processing/rows.ts';
import { sortable, type Transaction } from '../../ports/metadata-store.ts';

/** The alert as the schedule's last executions make it; a turn is kept in the history. */
export async function judgedAlert(
  tx: Transaction,
  schedule: ScheduleRow,
  nowMs: number,
): Promise<Alert> {
  const key = scoped(schedule.scope, schedule.name);
  const { alert } = schedule;
  const newest = await tx.list(executions, {
    prefix: `${key}/`,
    limit: alert.evaluationPeriod,
    descending: true,
  });
  // Executions outlive their schedule: those of an earlier one of this name do not count.
  const own = newest.filter(({ row }) => row.createdAtMs >= schedule.createdAtMs);
  const status = alertStatus(
    alert,
    own.map(({ row }) => row.status),
  );
  if (status === alert.status) return alert;
  await tx.put(alertHistory, `${key}/${sortable(nowMs)}/${status}`, {
    scope: schedule.scope,
    scheduleName: schedule.name,
    alertName: alert.name,
    status,
    atMs: nowMs,
  });
  return { ...alert, status, modifiedAtMs: nowMs };
}

/**
 * The original has no such event; its users build one from the job's exit message. An execution
 * that failed before it could start has no job.
 */
export async function publishExecutionState(
  execution: ExecutionRow,
  job: ProcessingJobRow | undefined,
  events: EventBus,
): Promise<void> {
  await events.publish({
    source: 'aws.sagemaker',
    detailType: 'SageMaker Monitoring Execution State Change',
    resources: [execution.scheduleArn, ...(job ? [job.arn] : [])],
    scope: execution.scope,
    detail: {
      MonitoringScheduleName: execution.scheduleName,
      MonitoringType: execution.type,
      MonitoringExecutionStatus: execution.status,
      EndpointName: execution.endpointName,
      ScheduledTime: execution.scheduledAtMs,
      ProcessingJobArn: job?.arn,
      ExitMessage: job?.exitMessage,
      FailureReason: execution.failureReason,
      ReportUri: job?.plan.outputs[0]?.uri,
    },
  });
}
