/** DescribeAlarmHistory: two weeks of what happened to alarms, those deleted since included. */
import type {
  AlarmHistoryItem,
  DescribeAlarmHistoryInput,
  DescribeAlarmHistoryOutput,
} from '@aws-sdk/client-cloudwatch';
import {
  alarmKey,
  type HistoryRow,
  history,
  historyKeepMs,
  scopePrefix,
} from '../../engines/alarms/rows.ts';
import { sortable } from '../../ports/metadata-store.ts';
import type { CloudWatchCtx } from './context.ts';
import { faults } from './faults.ts';
import { encodeToken, textIn } from './tokens.ts';

const maxRecords = 100;
const scanRows = 200;
const tokenName = 'history';

export async function describeAlarmHistory(
  input: DescribeAlarmHistoryInput,
  ctx: CloudWatchCtx,
): Promise<DescribeAlarmHistoryOutput> {
  const { AlarmTypes: types, MaxRecords: limit = maxRecords } = input;
  if (limit < 1 || limit > maxRecords) throw faults.badValue(limit, 'MaxRecords');
  if (input.AlarmContributorId !== undefined) throw faults.notBuilt('AlarmContributorId');
  if (types?.length && !types.includes('MetricAlarm')) return { AlarmHistoryItems: [] };
  const span = spanOf(input, ctx);
  if (span.fromMs > span.toMs) return { AlarmHistoryItems: [] };

  const found: HistoryRow[] = [];
  let after = startOf(input, span, ctx);
  for (;;) {
    const rows = await readRows(input, after, ctx);
    for (const { key, row } of rows) {
      if (row.atMs < span.fromMs || row.atMs > span.toMs)
        return { AlarmHistoryItems: found.map(view) };
      if (input.HistoryItemType === undefined || row.type === input.HistoryItemType) {
        if (found.length === limit) {
          return { AlarmHistoryItems: found.map(view), NextToken: encodeToken(tokenName, after) };
        }
        found.push(row);
      }
      after = key;
    }
    if (rows.length < scanRows) return { AlarmHistoryItems: found.map(view) };
  }
}

interface Span {
  /** Both inclusive. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Nothing older than what is kept is shown, whether or not it has been cleared away yet. */
function spanOf({ StartDate, EndDate }: DescribeAlarmHistoryInput, ctx: CloudWatchCtx): Span {
  const keptMs = ctx.clock.nowMs() - historyKeepMs;
  const fromMs = Math.max(0, keptMs, StartDate?.getTime() ?? 0);
  return { fromMs, toMs: EndDate?.getTime() ?? ctx.clock.nowMs() };
}

function isAscending({ ScanBy }: DescribeAlarmHistoryInput): boolean {
  return ScanBy === 'TimestampAscending';
}

/** The key from which to read on: the token's, or the edge of the span. */
function startOf(input: DescribeAlarmHistoryInput, span: Span, ctx: CloudWatchCtx): string {
  const prefix = scopePrefix(ctx.scope);
  const after = textIn(input.NextToken, tokenName);
  if (after !== undefined && !after.startsWith(prefix)) throw faults.invalidToken();
  const edgeMs = isAscending(input) ? span.fromMs : span.toMs + 1;
  return after ?? `${prefix}${sortable(Math.max(0, edgeMs))}`;
}

function readRows(
  input: DescribeAlarmHistoryInput,
  after: string,
  { scope, store }: CloudWatchCtx,
) {
  const descending = !isAscending(input);
  const range = { limit: scanRows, descending };
  const { AlarmName: name } = input;
  if (name === undefined) {
    return store.list(history, { ...range, prefix: scopePrefix(scope), after });
  }
  const value = alarmKey(scope, name);
  const from = { value, key: after };
  return store.listBy(history, { ...range, index: 'alarm', equals: value, after: from });
}

function view({ alarm, type, atMs, summary, data }: HistoryRow): AlarmHistoryItem {
  return {
    AlarmName: alarm,
    AlarmType: 'MetricAlarm',
    Timestamp: new Date(atMs),
    HistoryItemType: type,
    HistorySummary: summary,
    HistoryData: data,
  };
}
