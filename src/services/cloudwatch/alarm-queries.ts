/** Reading alarms: by name, by state, by action, by metric. Only metric alarms exist here. */
import type {
  DescribeAlarmsForMetricInput,
  DescribeAlarmsForMetricOutput,
  DescribeAlarmsInput,
  DescribeAlarmsOutput,
} from '@aws-sdk/client-cloudwatch';
import {
  type AlarmRow,
  alarmKey,
  alarms,
  metricIndex,
  scopePrefix,
} from '../../engines/alarms/rows.ts';
import { compareUtf8 } from '../../kernel/bytes.ts';
import { alarmView } from './alarm-view.ts';
import type { CloudWatchCtx } from './context.ts';
import { faults } from './faults.ts';
import { dimensionsOf } from './names.ts';
import { encodeToken, textIn } from './tokens.ts';

const maxNames = 100;
const maxRecords = 100;
const defaultRecords = 50;
const scanRows = 200;
/** Bound of the alarms of one metric in one answer, which has no pages. */
const maxOfMetric = 1_000;
const tokenName = 'alarms';

export async function describeAlarms(
  input: DescribeAlarmsInput,
  ctx: CloudWatchCtx,
): Promise<DescribeAlarmsOutput> {
  const { AlarmNames: names, AlarmNamePrefix: prefix, AlarmTypes: types } = input;
  for (const member of ['ChildrenOfAlarmName', 'ParentsOfAlarmName'] as const) {
    if (input[member] !== undefined) throw faults.notBuilt(`The filter ${member}`);
  }
  if (names?.length && prefix !== undefined)
    throw faults.exclusive('AlarmNames', 'AlarmNamePrefix');
  if (names && names.length > maxNames) throw faults.tooMany('AlarmNames', maxNames);
  const empty = { MetricAlarms: [], CompositeAlarms: [], LogAlarms: [] };
  if (types?.length && !types.includes('MetricAlarm')) return empty;

  const limit = input.MaxRecords ?? defaultRecords;
  if (limit < 1 || limit > maxRecords) throw faults.badValue(limit, 'MaxRecords');
  const after = textIn(input.NextToken, tokenName);
  const page = names?.length
    ? await namedPage(names, { input, ctx, limit, after })
    : await scannedPage({ input, ctx, limit, after });
  return {
    ...empty,
    MetricAlarms: page.rows.map(alarmView),
    ...(page.next === undefined ? {} : { NextToken: encodeToken(tokenName, page.next) }),
  };
}

interface Asked {
  readonly input: DescribeAlarmsInput;
  readonly ctx: CloudWatchCtx;
  readonly limit: number;
  /** The name after which the page starts. */
  readonly after: string | undefined;
}

interface Page {
  readonly rows: readonly AlarmRow[];
  readonly next: string | undefined;
}

async function namedPage(names: readonly string[], asked: Asked): Promise<Page> {
  const { input, ctx, limit, after } = asked;
  const rows: AlarmRow[] = [];
  for (const name of [...new Set(names)].sort()) {
    if (after !== undefined && name <= after) continue;
    const row = await ctx.store.get(alarms, alarmKey(ctx.scope, name));
    if (!row || !matches(row, input)) continue;
    if (rows.length === limit) return { rows, next: rows.at(-1)?.config.name };
    rows.push(row);
  }
  return { rows, next: undefined };
}

async function scannedPage({ input, ctx, limit, after }: Asked): Promise<Page> {
  const prefix = alarmKey(ctx.scope, input.AlarmNamePrefix ?? '');
  const rows: AlarmRow[] = [];
  let from = after === undefined ? undefined : alarmKey(ctx.scope, after);
  for (;;) {
    const range = { prefix, limit: scanRows, ...(from === undefined ? {} : { after: from }) };
    const scanned = await ctx.store.list(alarms, range);
    for (const { row } of scanned) {
      if (!matches(row, input)) continue;
      if (rows.length === limit) return { rows, next: rows.at(-1)?.config.name };
      rows.push(row);
    }
    from = scanned.at(-1)?.key;
    if (scanned.length < scanRows) return { rows, next: undefined };
  }
}

function matches({ config, state }: AlarmRow, input: DescribeAlarmsInput): boolean {
  const { StateValue: value, ActionPrefix: prefix } = input;
  if (value !== undefined && state.value !== value) return false;
  if (prefix === undefined) return true;
  const actions = [config.okActions, config.alarmActions, config.insufficientDataActions].flat();
  return actions.some((action) => action.startsWith(prefix));
}

export async function describeAlarmsForMetric(
  input: DescribeAlarmsForMetricInput,
  ctx: CloudWatchCtx,
): Promise<DescribeAlarmsForMetricOutput> {
  const { Namespace: namespace = '', MetricName: metric = '' } = input;
  const wanted = setOf(dimensionsOf(input.Dimensions, 'Dimensions'));
  const equals = metricIndex(ctx.scope, { namespace, metric });
  const found = await ctx.store.listBy(alarms, { index: 'metric', equals, limit: maxOfMetric });
  const rows = found.filter(({ key, row: { config } }) => {
    if (!key.startsWith(scopePrefix(ctx.scope)) || setOf(config.dimensions) !== wanted)
      return false;
    if (input.Statistic !== undefined && config.statistic !== input.Statistic) return false;
    const { ExtendedStatistic: extended, Period: period, Unit: unit } = input;
    if (extended !== undefined && config.extendedStatistic !== extended) return false;
    if (period !== undefined && config.periodSeconds !== period) return false;
    return unit === undefined || config.unit === unit;
  });
  return { MetricAlarms: rows.map(({ row }) => alarmView(row)) };
}

/** Equal for the same dimensions in any order. */
function setOf(dimensions: readonly { readonly name: string; readonly value: string }[]): string {
  const pairs = dimensions.map(({ name, value }) => JSON.stringify([name, value]));
  return pairs.toSorted(compareUtf8).join();
}
