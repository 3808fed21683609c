/** What a run's results become in the metric recorder: namespaces, dimensions, values. */
import type { MonitoringType } from '../../engines/monitoring/rows.ts';
import type { ProcessingJobRow } from '../../engines/processing/rows.ts';
import { type Datum, type Dimension, type Sample, single } from '../../engines/series/recorder.ts';
import type { Ending } from './run.ts';

/** Folders of the original: metrics of endpoints, and of batches. */
const families = { endpoint: 'aws/sagemaker/Endpoints', batch: 'aws/sagemaker/ModelMonitoring' };
const namespaces: Readonly<Record<MonitoringType, string>> = {
  DataQuality: 'data-metrics',
  ModelQuality: 'model-metrics',
  ModelBias: 'bias-metrics',
  ModelExplainability: 'explainability-metrics',
};
/** More lines than this in a program's metrics file are not published. */
const mostLines = 10_000;

/** Empty unless the run was asked to publish. */
export function metricsOf(job: ProcessingJobRow, ending: Ending, nowMs: number): readonly Datum[] {
  const { monitoring, plan } = job;
  if (!monitoring || plan.environment['publish_cloudwatch_metrics'] !== 'Enabled') return [];
  const { type, endpointName, scheduleName } = monitoring;
  const ofRun = [
    ...(endpointName === undefined ? [] : [{ name: 'Endpoint', value: endpointName }]),
    { name: 'MonitoringSchedule', value: scheduleName },
  ];
  const family = endpointName === undefined ? families.batch : families.endpoint;
  const common = { namespace: `${family}/${namespaces[type]}`, timestampMs: nowMs, unit: 'None' };
  const own = ending.metrics.flatMap((one): Datum[] => {
    const { metric, dimensions = [], value, statistics } = one;
    const sample: Sample | undefined = statistics
      ? { kind: 'statistics', ...statistics }
      : value !== undefined && Number.isFinite(value)
        ? single(value)
        : undefined;
    return sample ? [{ ...common, metric, dimensions: [...ofRun, ...dimensions], sample }] : [];
  });
  const lines = ending.metricLines.slice(0, mostLines).flatMap((line): Datum[] => {
    const parsed = parseLine(line);
    return parsed ? [{ ...common, dimensions: ofRun, ...parsed }] : [];
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
