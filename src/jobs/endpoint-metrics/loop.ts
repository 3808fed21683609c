/** Hands what the gateway counted, and how busy the model servers are, to the metric recorder. */
import type { RequestCounters, Tally } from '../../engines/hosting/counters.ts';
import type { Fleet, LiveEndpoint, RunningVariant } from '../../engines/hosting/fleet.ts';
import type { Datum, Dimension, MetricRecorder } from '../../engines/series/recorder.ts';
import { single } from '../../engines/series/recorder.ts';
import type { Scope } from '../../kernel/arn.ts';
import { minuteMs, secondMs } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Loop } from '../../kernel/loop.ts';

export interface EndpointMetricsParts {
  readonly counters: RequestCounters;
  readonly fleet: Fleet;
  readonly recorder: MetricRecorder;
  readonly log: Logger;
}

/** Values in one datum; CloudWatch's own limit. */
const mostValues = 150;

/**
 * Hands on at most once a second, as long as something is counted; has to be woken by the first
 * count. Servers are measured each minute. Timestamps are the minute's.
 */
export function makeEndpointMetricsLoop(parts: EndpointMetricsParts): Loop {
  let measuredMs = -Infinity;
  let handedOnMs = -Infinity;
  return {
    name: 'endpoint-metrics',
    async tick(nowMs) {
      const due = !parts.counters.empty && handedOnMs + secondMs <= nowMs;
      if (due) handedOnMs = nowMs;
      if (due) await handOn(parts);
      const minute = Math.floor(nowMs / minuteMs) * minuteMs;
      if (minute > measuredMs) {
        measuredMs = minute;
        for (const live of parts.fleet.all()) await measure(live, minute, parts);
      }
      return parts.counters.empty ? minute + minuteMs : handedOnMs + secondMs;
    },
  };
}

async function handOn({ counters, recorder }: EndpointMetricsParts): Promise<void> {
  const left = byScope(counters.take());
  for (const [key, tallies] of left) {
    const [first] = tallies;
    if (!first) continue;
    try {
      await recorder.record(first.scope, tallies.flatMap(dataOf));
      left.delete(key);
    } catch (cause) {
      counters.restore([...left.values()].flat());
      throw cause;
    }
  }
}

function byScope(tallies: readonly Tally[]): Map<string, Tally[]> {
  const groups = new Map<string, Tally[]>();
  for (const tally of tallies) {
    const key = `${tally.scope.account}/${tally.scope.region}`;
    const group = groups.get(key);
    if (group) group.push(tally);
    else groups.set(key, [tally]);
  }
  return groups;
}

function dataOf(tally: Tally): readonly Datum[] {
  const data: Datum[] = [];
  for (let at = 0; at < tally.values.length; at += mostValues) {
    data.push({
      namespace: 'AWS/SageMaker',
      metric: tally.metric,
      dimensions: dimensionsOf(tally.endpoint, tally.variant),
      timestampMs: tally.timestampMs,
      unit: tally.unit,
      sample: {
        kind: 'values',
        values: tally.values.slice(at, at + mostValues),
        counts: tally.counts.slice(at, at + mostValues),
      },
    });
  }
  return data;
}

function dimensionsOf(endpoint: string, variant: string): readonly Dimension[] {
  return [
    { name: 'EndpointName', value: endpoint },
    { name: 'VariantName', value: variant },
  ];
}

async function measure(live: LiveEndpoint, minute: number, parts: EndpointMetricsParts) {
  for (const running of [...live.variants, ...live.shadows]) {
    try {
      await measureOne(live.scope, { live, running, minute }, parts);
    } catch (cause) {
      // One server that cannot be measured must not hide the others.
      parts.log.error('a model server could not be measured', cause, { endpoint: live.key });
    }
  }
}

interface Measured {
  readonly live: LiveEndpoint;
  readonly running: RunningVariant;
  readonly minute: number;
}

async function measureOne(
  scope: Scope,
  { live, running, minute }: Measured,
  { recorder }: EndpointMetricsParts,
): Promise<void> {
  const usage = await running.instance.server.usage();
  if (!usage) return;
  const datum = (metric: string, value: number): Datum => ({
    namespace: '/aws/sagemaker/Endpoints',
    metric,
    dimensions: dimensionsOf(live.name, running.variant.name),
    timestampMs: minute,
    unit: 'Percent',
    sample: single(value),
  });
  await recorder.record(scope, [
    datum('CPUUtilization', usage.cpuPercent),
    datum('MemoryUtilization', usage.memoryPercent),
    datum('DiskUtilization', usage.diskPercent),
  ]);
}
