/**
 * The parts of a report on bias: what was found, the course of the measures, tables and bars. The
 * shapes are those that every monitor's report takes; they are met by structure and not imported.
 */
import type { BiasAnalysis, BiasMetric, FacetBias } from './config.ts';
import { type BiasDocument, type DocumentFacet, documentOf } from './documents.ts';
import { type BiasViolation, counterparts, type DriftOptions, uncompared } from './drift.ts';
import { measureNamed } from './measures.ts';

export interface BiasReportInput {
  readonly analysis: BiasAnalysis;
  readonly baseline?: BiasDocument;
  readonly violations?: readonly BiasViolation[];
  readonly options?: DriftOptions;
}

interface Finding {
  readonly subject: string;
  readonly check: string;
  readonly description: string;
  readonly advice: { readonly action: string; readonly evidence: readonly string[] };
}

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly deviation?: number;
  readonly threshold?: number;
  readonly badIs?: 'above' | 'below';
}

interface Table {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

interface Bars {
  readonly kind: 'bars';
  readonly title: string;
  readonly series: readonly string[];
  readonly items: readonly { readonly label: string; readonly values: readonly number[] }[];
}

/** A whole body; `comparisons` is for a caller who has profiles of the columns. */
export interface BiasReportParts {
  readonly monitor: 'Bias';
  readonly summary: string;
  readonly rows: number;
  readonly findings: readonly Finding[];
  readonly figures: readonly Figure[];
  readonly comparisons: readonly never[];
  readonly tables: readonly Table[];
  readonly charts: readonly Bars[];
  readonly notes: readonly string[];
}

/** Half the width of a 95 % interval in standard deviations. */
const DEVIATIONS_OF_HALF_INTERVAL = 1.96;
/** Fewer rows on a side make any share of it a guess. */
const FEW_ROWS = 100;

export function biasReport(input: BiasReportInput): BiasReportParts {
  const { analysis, baseline, violations = [] } = input;
  const groups = facetGroups(analysis);
  return {
    monitor: 'Bias',
    summary: summaryOf(input, groups.length),
    rows: analysis.rows - analysis.withoutLabel,
    findings: violations.map((violation) => findingOf(violation, analysis)),
    figures: groups.flatMap((group) => figuresOf(group, input)),
    comparisons: [],
    tables: groups.map((group) => tableOf(group, input)),
    charts: groups.map((group) => barsOf(group, baseline)).filter(({ items }) => items.length > 0),
    notes: [
      ...analysis.notes,
      ...groups.flatMap(fewRowsNote),
      ...(baseline ? uncompared(documentOf(analysis), baseline) : []),
      'Intervals are from resampling the rows; a violation is judged on the value alone.',
    ],
  };
}

/** Both stages of one value of one facet. */
interface FacetGroup {
  readonly title: string;
  readonly stages: readonly FacetBias[];
}

function facetGroups({ preTraining, postTraining }: BiasAnalysis): readonly FacetGroup[] {
  const first = preTraining ?? postTraining ?? [];
  return first.map((facet, at) => {
    const second = preTraining ? postTraining?.[at] : undefined;
    const title = titleOf(facet);
    return { title, stages: second ? [facet, second] : [facet] };
  });
}

/** Without the end of an interval, which every run sees anew: figures keep their names. */
function titleOf({ facet, valueOrThreshold }: DocumentFacet): string {
  const [, from] = /^\((\S+), \S+\]$/.exec(valueOrThreshold) ?? [];
  return from === undefined ? `${facet} = ${valueOrThreshold}` : `${facet} over ${from}`;
}

function summaryOf(
  { analysis, baseline, violations = [] }: BiasReportInput,
  groups: number,
): string {
  const rows = analysis.rows - analysis.withoutLabel;
  const looked = `${rows} rows were looked at for ${groups} ${groups === 1 ? 'group' : 'groups'}`;
  if (baseline === undefined) return `${looked}; there is no baseline to compare with.`;
  if (violations.length === 0) return `${looked}; no measure of bias is beyond its baseline.`;
  const many =
    violations.length === 1 ? '1 measure of bias is' : `${violations.length} measures of bias are`;
  return `${looked}; ${many} beyond the baseline.`;
}

function findingOf(violation: BiasViolation, analysis: BiasAnalysis): Finding {
  const { facet, facetValue, metricName, description } = violation;
  const facets = [...(analysis.preTraining ?? []), ...(analysis.postTraining ?? [])];
  const found = facets.find(
    (one) =>
      one.facet === facet &&
      one.valueOrThreshold === facetValue &&
      one.metrics.some((metric) => metric.name === metricName),
  );
  const metric = found?.metrics.find((one) => one.name === metricName);
  const stage = measureNamed(metricName)?.stage ?? 'post_training';
  return {
    subject: `${facet} = ${facetValue}: ${metricName}`,
    check: 'bias_drift_check',
    description,
    advice: {
      action: actionFor(stage, isWithin(violation, metric)),
      evidence: evidenceOf(found, violation),
    },
  };
}

function actionFor(stage: string, withinChance: boolean): string {
  if (withinChance) {
    return 'Wait for more rows before acting: the baseline lies within the interval of this value.';
  }
  return stage === 'pre_training'
    ? 'Compare how the labels of both groups were gathered, then rebalance the training data.'
    : 'Compare the errors of both groups, then retrain with recent labels or adjust the threshold.';
}

function isWithin({ baseline }: BiasViolation, metric: BiasMetric | undefined): boolean {
  const interval = metric?.interval;
  return interval !== undefined && interval[0] <= baseline && baseline <= interval[1];
}

function evidenceOf(facet: FacetBias | undefined, violation: BiasViolation): readonly string[] {
  const metric = facet?.metrics.find((one) => one.name === violation.metricName);
  const evidence = [
    `${metric?.description ?? violation.metricName} is ${short(violation.observed)}; ` +
      `the baseline is ${short(violation.baseline)}.`,
  ];
  if (facet) {
    evidence.push(`${facet.disadvantaged} rows are in the group and ${facet.advantaged} are not.`);
  }
  if (metric?.interval) {
    const [low, high] = metric.interval;
    evidence.push(`Resampling puts the value between ${short(low)} and ${short(high)}.`);
  }
  return evidence;
}

function figuresOf(group: FacetGroup, input: BiasReportInput): readonly Figure[] {
  return group.stages.flatMap((facet) =>
    facet.metrics.flatMap(({ name, value, interval }) => {
      if (value === null || !Number.isFinite(value)) return [];
      const width = interval ? interval[1] - interval[0] : Number.NaN;
      const before = baselineValue(facet, name, input.baseline);
      const deviation = width / 2 / DEVIATIONS_OF_HALF_INTERVAL;
      return [
        {
          name: `${name} (${group.title})`,
          value,
          ...(Number.isFinite(deviation) ? { deviation } : {}),
          ...(before === undefined ? {} : limitOf(name, { value, before }, input.options)),
        },
      ];
    }),
  );
}

/** The end of the allowed range on the side of the value. */
function limitOf(
  name: string,
  { value, before }: { value: number; before: number },
  options: DriftOptions = {},
): { threshold: number; badIs: 'above' | 'below' } {
  const parity = options.distanceFromParity ? (measureNamed(name)?.parity ?? 0) : 0;
  const reach = Math.abs(before - parity);
  return value >= parity
    ? { threshold: parity + reach, badIs: 'above' }
    : { threshold: parity - reach, badIs: 'below' };
}

function tableOf(group: FacetGroup, { baseline, violations = [] }: BiasReportInput): Table {
  const rows = group.stages.flatMap((facet) =>
    facet.metrics.map(({ name, description, value, error, interval }) => {
      const before = baselineValue(facet, name, baseline);
      const isBeyond = violations.some(
        (one) =>
          one.facet === facet.facet &&
          one.facetValue === facet.valueOrThreshold &&
          one.metricName === name,
      );
      return [
        description,
        value === null ? (error ?? 'no value') : finite(value),
        interval ? `${short(interval[0])} to ${short(interval[1])}` : '',
        before === undefined ? '' : finite(before),
        isBeyond ? 'beyond baseline' : '',
      ];
    }),
  );
  const caption = `${group.title}: ${sizes(group)}`;
  return { caption, columns: ['Measure', 'Value', 'Interval', 'Baseline', ''], rows };
}

function barsOf(group: FacetGroup, baseline: BiasDocument | undefined): Bars {
  const items = group.stages.flatMap((facet) =>
    facet.metrics.flatMap(({ name, value }) => {
      if (value === null || !Number.isFinite(value)) return [];
      const before = baselineValue(facet, name, baseline);
      if (baseline === undefined) return [{ label: name, values: [value] }];
      if (before === undefined || !Number.isFinite(before)) return [];
      return [{ label: name, values: [before, value] }];
    }),
  );
  const series = baseline === undefined ? ['current'] : ['baseline', 'current'];
  return { kind: 'bars', title: `Bias of ${group.title}`, series, items };
}

function baselineValue(
  facet: DocumentFacet,
  name: string,
  baseline: BiasDocument | undefined,
): number | undefined {
  if (baseline === undefined) return undefined;
  const among = [...baseline.preTraining, ...baseline.postTraining];
  for (const one of counterparts(facet, among)) {
    const metric = one.metrics.find((known) => known.name === name);
    if (metric) return metric.value ?? undefined;
  }
  return undefined;
}

function fewRowsNote(group: FacetGroup): readonly string[] {
  const few = group.stages.some((one) => Math.min(one.advantaged, one.disadvantaged) < FEW_ROWS);
  return few
    ? [`${group.title} has few rows on one side (${sizes(group)}): values are unsteady.`]
    : [];
}

function sizes({ stages: [first] }: FacetGroup): string {
  return `${first?.disadvantaged ?? 0} rows in the group, ${first?.advantaged ?? 0} others`;
}

function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value);
}
