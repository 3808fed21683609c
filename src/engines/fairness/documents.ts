/**
 * The file of an analysis, `analysis.json`, which is also the baseline that later runs are held
 * against: written in the original's shape, and read from files of every spelling.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { BiasAnalysis, BiasMetric, FacetBias } from './config.ts';

/** A baseline or an analysis as a file tells it; what a file does not tell is absent. */
export interface BiasDocument {
  readonly preTraining: readonly DocumentFacet[];
  readonly postTraining: readonly DocumentFacet[];
}

export interface DocumentFacet {
  readonly facet: string;
  readonly valueOrThreshold: string;
  readonly metrics: readonly DocumentMetric[];
}

export interface DocumentMetric {
  readonly name: string;
  readonly value: number | null;
}

/**
 * Extra keys, which readers of the original ignore: `confidence_interval` per metric, `notes`, and
 * `explanations` of another analysis when given.
 */
export function formatAnalysis(
  analysis: BiasAnalysis,
  extra: { readonly explanations?: unknown } = {},
): string {
  const { preTraining, postTraining, notes } = analysis;
  const stage = (facets: readonly FacetBias[]) => ({
    label: analysis.label,
    facets: grouped(facets),
    label_value_or_threshold: analysis.labelValueOrThreshold,
  });
  const document = {
    version: '1.0',
    ...(postTraining ? { post_training_bias_metrics: stage(postTraining) } : {}),
    ...(preTraining ? { pre_training_bias_metrics: stage(preTraining) } : {}),
    ...(extra.explanations === undefined ? {} : { explanations: extra.explanations }),
    ...(notes.length > 0 ? { notes } : {}),
  };
  return JSON.stringify(document, undefined, 4);
}

/** Refuses what is no JSON object or has neither stage; skips entries it cannot read. */
export function parseAnalysis(text: string): Outcome<BiasDocument> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(withQuotedNumbers(text));
  } catch (cause) {
    return refuse(`the analysis is not JSON: ${cause instanceof Error ? cause.message : cause}`);
  }
  const document = record(parsed);
  if (document === undefined) return refuse('the analysis is not a JSON object');
  const [pre, post] = ['pre_training_bias_metrics', 'post_training_bias_metrics'].map((key) =>
    record(document[key]),
  );
  if (pre === undefined && post === undefined) {
    return refuse(
      'the analysis has neither pre_training_bias_metrics nor post_training_bias_metrics',
    );
  }
  return ok({ preTraining: facetsIn(pre), postTraining: facetsIn(post) });
}

export function documentOf(analysis: BiasAnalysis): BiasDocument {
  const { preTraining = [], postTraining = [] } = analysis;
  return { preTraining, postTraining };
}

/** JSON has no infinity: the original writes the words. */
export function serialNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function grouped(facets: readonly FacetBias[]): Record<string, unknown[]> {
  const byName = new Map<string, unknown[]>();
  for (const { facet, valueOrThreshold, metrics } of facets) {
    const entries = byName.get(facet) ?? [];
    byName.set(facet, entries);
    entries.push({ value_or_threshold: valueOrThreshold, metrics: metrics.map(metricEntry) });
  }
  // Not by assignment, which a facet called __proto__ would turn into something else.
  return Object.fromEntries(byName);
}

function metricEntry({ name, description, value, error, interval }: BiasMetric): unknown {
  return {
    name,
    description,
    value: value === null ? null : serialNumber(value),
    ...(error === undefined ? {} : { error }),
    ...(interval ? { confidence_interval: interval.map(serialNumber) } : {}),
  };
}

function facetsIn(stage: Readonly<Record<string, unknown>> | undefined): readonly DocumentFacet[] {
  const facets = Object.entries(record(stage?.['facets']) ?? {});
  return facets.flatMap(([facet, entries]) =>
    (Array.isArray(entries) ? entries : [entries]).flatMap((entry: unknown) => {
      const one = record(entry);
      if (one === undefined) return [];
      const metrics = Array.isArray(one['metrics']) ? one['metrics'] : [];
      const valueOrThreshold = String(one['value_or_threshold'] ?? '');
      return [{ facet, valueOrThreshold, metrics: metrics.flatMap(metricIn) }];
    }),
  );
}

function metricIn(entry: unknown): readonly DocumentMetric[] {
  const one = record(entry);
  const name = one?.['name'];
  if (one === undefined || typeof name !== 'string') return [];
  const raw = one['value'];
  const value = typeof raw === 'string' && raw !== '' ? Number(raw) : raw;
  const isValue = typeof value === 'number' && !Number.isNaN(value);
  return [{ name, value: isValue ? value : null }];
}

/** Python writes bare words where numbers are not finite. */
function withQuotedNumbers(text: string): string {
  return text.replace(/"(?:\\.|[^"\\])*"|-?Infinity|NaN/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Readonly<Record<string, unknown>>) : undefined;
}
