/** CloudWatch, as a table: what the wire may call, and who answers. The rest is NotImplemented. */
import type { OperationTable } from '../../wire/operation.ts';
import {
  deleteAlarms,
  disableAlarmActions,
  enableAlarmActions,
  putMetricAlarm,
  setAlarmState,
} from './alarm.ts';
import { describeAlarmHistory } from './alarm-history.ts';
import { describeAlarms, describeAlarmsForMetric } from './alarm-queries.ts';
import { listTagsForResource, tagResource, untagResource } from './alarm-tags.ts';
import type { CloudWatchCtx } from './context.ts';
import { putMetricData } from './metric-data.ts';
import { getMetricData } from './metric-queries.ts';
import { getMetricStatistics } from './metric-statistics.ts';
import { listMetrics } from './metrics.ts';

export { cloudwatchPermissions } from './permissions.ts';

export const cloudwatch = {
  PutMetricData: putMetricData,
  GetMetricData: getMetricData,
  GetMetricStatistics: getMetricStatistics,
  ListMetrics: listMetrics,
  PutMetricAlarm: putMetricAlarm,
  DescribeAlarms: describeAlarms,
  DescribeAlarmsForMetric: describeAlarmsForMetric,
  DescribeAlarmHistory: describeAlarmHistory,
  SetAlarmState: setAlarmState,
  EnableAlarmActions: enableAlarmActions,
  DisableAlarmActions: disableAlarmActions,
  DeleteAlarms: deleteAlarms,
  TagResource: tagResource,
  UntagResource: untagResource,
  ListTagsForResource: listTagsForResource,
} satisfies OperationTable<CloudWatchCtx>;
