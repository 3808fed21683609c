/** What a run's results become in the metric recorder: namespaces, dimensions, values. */
import type { ProcessingJobRow } from '../../engines/processing/rows.ts';
import { type Datum, type Dimension, type Sample, single } from '../../engines/series/recorder.ts';
import type { Ending } from './run.ts';

const namespaces = {
  DATA_QUALITY: 'aws/sagemaker/Endpoints/data-metrics',
  MODEL_QUALITY: 'aws/sagemaker/Endpoints/model-metrics',
} as const;
/** More lines than this in a program's metrics file are not published. */
const mostLines = 10_000;

/** Empty unless the run was asked to publish. */
export function metricsOf(job: ProcessingJobRow, ending: Ending, nowMs: number): readonly Datum[] {
  const { monitoring, plan } = job;
  if (!monitoring || plan.environment['publish_cloudwatch_metrics'] !== 'Enabled') return [];
  const dimensions = [
    { name: 'Endpoint', value: monitoring.endpointName },
    { name: 'MonitoringSchedule', value: monitoring.scheduleName },
  ];
  const namespace =
    plan.environment['analysis_type'] === 'MODEL_QUALITY'
      ? namespaces.MODEL_QUALITY
      : namespaces.DATA_QUALITY;
  const common = { namespace, timestampMs: nowMs, unit: 'None' };
  const own = ending.metrics.flatMap(({ metric, feature, value, statistics }): Datum[] => {
    const sample: Sample | undefined = statistics
      ? { kind: 'statistics', ...statistics }
      : value !== undefined && Number.isFinite(value)
        ? single(value)
        : undefined;
    if (!sample) return [];
    // Dashboards of the original's SDK ask for a third dimension and the name without a suffix.
    const byFeature = [...dimensions, { name: 'Feature', value: feature }];
    return [
      { ...common, metric, dimensions, sample },
      { ...common, metric: metric.slice(0, -feature.length - 1), dimensions: byFeature, sample },
    ];
  });
  const lines = ending.metricLines.slice(0, mostLines).flatMap((line): Datum[] => {
    const parsed = parseLine(line);
    return parsed ? [{ ...common, dimensions, ...parsed }] : [];
  });
  return [...own, ...lines];
}

/** A line `{"MetricName", "Dimensions", "Value" | "StatisticValues"}`; undefined when it is not. */
function parseLine(line: string): Pick<Datum, 'metric' | 'sample'> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { MetricName, Value, StatisticValues, Dimensions } = value as Record<string, unknown>;
  const sample = sampleOf(Value, StatisticValues);
  if (typeof MetricName !== 'string' || !sample) return undefined;
  const dimensions = dimensionsOf(Dimensions);
  return { metric: MetricName, sample, ...(dimensions ? { dimensions } : {}) };
}

function sampleOf(value: unknown, set: unknown): Sample | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return single(value);
  if (typeof set !== 'object' || set === null) return undefined;
  const { SampleCount, Sum, Minimum, Maximum } = set as Record<string, unknown>;
  const numbers = [SampleCount, Sum, Minimum, Maximum];
  if (!numbers.every((n) => typeof n === 'number' && Number.isFinite(n))) return undefined;
  const [sampleCount = 0, sum = 0, minimum = 0, maximum = 0] = numbers as number[];
  return { kind: 'statistics', sampleCount, sum, minimum, maximum };
}

function dimensionsOf(value: unknown): readonly Dimension[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const dimensions = value.map((one: unknown) => {
    const { Name, Value } = (one ?? {}) as Record<string, unknown>;
    return { name: String(Name), value: String(Value) };
  });
  return dimensions.length > 0 ? dimensions : undefined;
}
