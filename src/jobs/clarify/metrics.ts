/** Numbers of an analysis for the metric recorder, by the names and dimensions of the original. */
import type { KernelShap } from '../../engines/attribution/aggregate.ts';
import type { BiasAnalysis, FacetBias } from '../../engines/fairness/config.ts';
import type { Dimension } from '../../engines/series/recorder.ts';
import type { AnalysisMetric } from '../processing/analysis.ts';

/** What the original publishes for an infinite measure. */
const infinite = 2.348543e108;

/** Measures without a value are not published. */
export function biasMetrics(analysis: BiasAnalysis): readonly AnalysisMetric[] {
  const ofStage = (stage: string, facets: readonly FacetBias[] = []) =>
    facets.flatMap(({ facet, valueOrThreshold, metrics }) =>
      metrics.flatMap(({ name, value }): AnalysisMetric[] => {
        if (value === null) return [];
        const dimensions = named({
          BiasStage: stage,
          Label: analysis.label,
          LabelValue: analysis.labelValueOrThreshold,
          Facet: facet,
          FacetValue: valueOrThreshold,
        });
        const finite = Math.max(-infinite, Math.min(infinite, value));
        return [{ metric: `bias_metric_${name}`, dimensions, value: finite }];
      }),
    );
  return [
    ...ofStage('Pre-training', analysis.preTraining),
    ...ofStage('Post-Training', analysis.postTraining),
  ];
}

export function shapMetrics(kernelShap: KernelShap): readonly AnalysisMetric[] {
  return Object.entries(kernelShap).flatMap(([label, shap]) => {
    const dimensions = (valueType: string) =>
      named({ ExplainabilityMethod: 'KernelShap', Label: label, ValueType: valueType });
    const features = Object.entries(shap.global_shap_values).map(([feature, value]) => ({
      metric: `feature_${feature}`,
      dimensions: dimensions('GlobalShapValues'),
      value,
    }));
    const expected = {
      metric: 'ExpectedValue',
      dimensions: dimensions('ExpectedValue'),
      value: shap.expected_value,
    };
    return [...features, expected];
  });
}

function named(values: Readonly<Record<string, string>>): readonly Dimension[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}
