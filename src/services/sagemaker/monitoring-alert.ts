/** Monitoring alerts: each schedule has one; it can be tuned, not made or deleted. */
import type {
  ListMonitoringAlertHistoryRequest,
  ListMonitoringAlertHistoryResponse,
  ListMonitoringAlertsRequest,
  ListMonitoringAlertsResponse,
  UpdateMonitoringAlertRequest,
  UpdateMonitoringAlertResponse,
} from '@aws-sdk/client-sagemaker';
import { alertHistory, schedules, scoped } from '../../engines/monitoring/rows.ts';
import { faults } from './faults.ts';
import { pageOf, rowsIn } from './listing.ts';
import type { MonitoringCtx } from './monitoring-context.ts';
import { changeSchedule, scheduleNotFound } from './monitoring-schedule.ts';

export async function listMonitoringAlerts(
  input: ListMonitoringAlertsRequest,
  ctx: MonitoringCtx,
): Promise<ListMonitoringAlertsResponse> {
  const name = input.MonitoringScheduleName;
  const row = await ctx.store.get(schedules, scoped(ctx.scope, name ?? ''));
  if (!row) throw scheduleNotFound(name, ctx);
  const { alert } = row;
  return {
    MonitoringAlertSummaries: [
      {
        MonitoringAlertName: alert.name,
        CreationTime: new Date(alert.createdAtMs),
        LastModifiedTime: new Date(alert.modifiedAtMs),
        AlertStatus: alert.status,
        DatapointsToAlert: alert.datapointsToAlert,
        EvaluationPeriod: alert.evaluationPeriod,
        Actions: { ModelDashboardIndicator: { Enabled: true } },
      },
    ],
  };
}

export async function listMonitoringAlertHistory(
  input: ListMonitoringAlertHistoryRequest,
  ctx: MonitoringCtx,
): Promise<ListMonitoringAlertHistoryResponse> {
  const { MonitoringScheduleName: schedule, MonitoringAlertName: alert } = input;
  if (schedule !== undefined && !(await ctx.store.get(schedules, scoped(ctx.scope, schedule)))) {
    throw scheduleNotFound(schedule, ctx);
  }
  const rows = await rowsIn(ctx.store, alertHistory, ctx.scope);
  const wanted = rows
    .filter(
      (row) =>
        (schedule === undefined || row.scheduleName === schedule) &&
        (alert === undefined || row.alertName === alert),
    )
    .map((row) => ({
      ...row,
      name: `${row.scheduleName}/${row.alertName}`,
      createdAtMs: row.atMs,
    }));
  const page = pageOf(wanted, input);
  return {
    MonitoringAlertHistory: page.rows.map((row) => ({
      MonitoringScheduleName: row.scheduleName,
      MonitoringAlertName: row.alertName,
      CreationTime: new Date(row.atMs),
      AlertStatus: row.status,
    })),
    ...(page.nextToken === undefined ? {} : { NextToken: page.nextToken }),
  };
}

export async function updateMonitoringAlert(
  input: UpdateMonitoringAlertRequest,
  ctx: MonitoringCtx,
): Promise<UpdateMonitoringAlertResponse> {
  const { DatapointsToAlert = 1, EvaluationPeriod = 1, MonitoringAlertName = '' } = input;
  if (DatapointsToAlert > EvaluationPeriod) {
    throw faults.badMember(
      'datapointsToAlert',
      'Member must be less than or equal to evaluationPeriod',
    );
  }
  const modifiedAtMs = ctx.clock.nowMs();
  const row = await changeSchedule(input.MonitoringScheduleName, ctx, async (old) => {
    if (old.alert.name !== MonitoringAlertName) {
      throw faults.resourceNotFound('Monitoring alert', MonitoringAlertName);
    }
    const tuned = { datapointsToAlert: DatapointsToAlert, evaluationPeriod: EvaluationPeriod };
    return { ...old, alert: { ...old.alert, ...tuned, modifiedAtMs } };
  });
  return { MonitoringScheduleArn: row.arn, MonitoringAlertName };
}
