/**
 * Whether a measure of bias has moved away from what its baseline allows, and the file that says
 * so. The rule is the original's, settled by recomputing its recorded runs.
 */

import type { Scale } from './column.ts';
import type { BiasDocument, DocumentFacet } from './documents.ts';
import { measureNamed } from './measures.ts';
import { pythonNumber } from './select.ts';

export interface BiasViolation {
  readonly facet: string;
  readonly facetValue: string;
  readonly metricName: string;
  readonly description: string;
  readonly observed: number;
  readonly baseline: number;
}

export interface DriftOptions {
  /**
   * Default false: every measure is compared by its distance from 0, as the original does. True: a
   * ratio is compared by its distance from 1, where both groups are treated alike.
   */
  readonly distanceFromParity?: boolean;
}

/**
 * A violation is |observed| > |baseline|, strictly; infinity is larger than any number. A measure
 * that is null or absent on either side is skipped. Pre-training measures come first, each stage
 * in the order of the analysis.
 */
export function biasViolations(
  observed: BiasDocument,
  baseline: BiasDocument,
  options: DriftOptions = {},
): readonly BiasViolation[] {
  return [
    ...violationsOf(observed.preTraining, baseline.preTraining, options),
    ...violationsOf(observed.postTraining, baseline.postTraining, options),
  ];
}

/** What could not be compared, a sentence each: silence would look like agreement. */
export function uncompared(observed: BiasDocument, baseline: BiasDocument): readonly string[] {
  const said: string[] = [];
  for (const stage of ['preTraining', 'postTraining'] as const) {
    for (const facet of observed[stage]) {
      const [before] = counterparts(facet, baseline[stage]);
      const where = `${facet.facet} = ${facet.valueOrThreshold}`;
      if (before === undefined)
        said.push(`The baseline has no ${stageName[stage]} facet ${where}.`);
      for (const { name, value } of before ? facet.metrics : []) {
        const known = before?.metrics.find((metric) => metric.name === name)?.value ?? null;
        if (value !== null && known !== null) continue;
        const side = value === null ? 'this run' : 'the baseline';
        said.push(`${name} of ${where} was not compared: ${side} has no value.`);
      }
    }
  }
  return said;
}

/** `constraint_violations.json`. */
export function formatBiasViolations(violations: readonly BiasViolation[]): string {
  const entries = violations.map(({ facet, facetValue, metricName, description }) => ({
    facet,
    facet_value: facetValue,
    metric_name: metricName,
    constraint_check_type: 'bias_drift_check',
    description,
  }));
  return JSON.stringify({ version: '1.0', violations: entries }, undefined, 4);
}

/** How far a value lies from equal treatment, by the rule chosen. */
export function distance(name: string, value: number, options: DriftOptions): number {
  const parity = options.distanceFromParity ? (measureNamed(name)?.parity ?? 0) : 0;
  return Math.abs(value - parity);
}

/** The last digits of a logarithm differ between libraries: such differences are no drift. */
const ROUNDING_RELATIVE = 1e-12;
const ROUNDING_ABSOLUTE = 1e-15;

const stageName = { preTraining: 'pre-training', postTraining: 'post-training' } as const;

function violationsOf(
  observed: readonly DocumentFacet[],
  baseline: readonly DocumentFacet[],
  options: DriftOptions,
): readonly BiasViolation[] {
  return observed.flatMap((facet) => {
    const [before] = counterparts(facet, baseline);
    const allowed = new Map(before?.metrics.map((metric) => [metric.name, metric.value]));
    return facet.metrics.flatMap(({ name, value }) => {
      const limit = allowed.get(name) ?? null;
      if (value === null || limit === null) return [];
      const allowedDistance = distance(name, limit, options);
      const slack = ROUNDING_ABSOLUTE + ROUNDING_RELATIVE * allowedDistance;
      if (!(distance(name, value, options) > allowedDistance + slack)) return [];
      const description =
        `Metric value ${printed(value)} doesn't meet the baseline constraint requirement ` +
        printed(limit);
      const { facet: name_, valueOrThreshold } = facet;
      return [
        {
          ...{ facet: name_, facetValue: valueOrThreshold, metricName: name },
          ...{ description, observed: value, baseline: limit },
        },
      ];
    });
  });
}

/**
 * The same facet and value; a threshold's interval ends in the largest value seen, which every run
 * sees anew, so intervals are the same when they begin alike.
 */
export function counterparts(
  facet: DocumentFacet,
  among: readonly DocumentFacet[],
): readonly DocumentFacet[] {
  const named = among.filter((one) => one.facet === facet.facet);
  const exact = named.filter((one) => one.valueOrThreshold === facet.valueOrThreshold);
  const start = intervalStarts(facet.valueOrThreshold);
  if (exact.length > 0 || start === undefined) return exact;
  return named.filter((one) => intervalStarts(one.valueOrThreshold) === start);
}

/**
 * How the facets of a baseline were read. Whole numbers are categories where few of them differ,
 * which depends on the number of rows: a run that looks at fewer must follow its baseline.
 */
export function scalesOf(baseline: BiasDocument): ReadonlyMap<string, Scale> {
  const facets = [...baseline.preTraining, ...baseline.postTraining];
  return new Map(
    facets.map(({ facet, valueOrThreshold }) => [
      facet,
      /^\(\S+, \S+\]$/.test(valueOrThreshold) ? 'continuous' : 'categorical',
    ]),
  );
}

const INTERVAL = /\((-?[\d.]+(?:e[+-]?\d+)?), (?:-?[\d.]+(?:e[+-]?\d+)?|-?inf)\]/g;

/** `"(0.5, 0.99] & a"` becomes `"(0.5] & a"`, numbers in one spelling. */
function intervalStarts(text: string): string | undefined {
  const starts = text.replace(INTERVAL, (_, from: string) => `(${Number(from)}]`);
  return starts === text ? undefined : starts;
}

function printed(value: number): string {
  return Number.isFinite(value) ? pythonNumber(value, false) : String(value);
}
