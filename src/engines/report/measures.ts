/** The measures of a column as rows for a reader: a name, a figure, and what is behind it. */
import type { FeatureComparison } from './compare.ts';

export interface MeasureRow {
  readonly name: string;
  readonly value: string;
  /** Probability, limit or reason; empty where there is nothing to say. */
  readonly note: string;
}

export function measureRows({ measures = {}, unmeasured = {} }: FeatureComparison): MeasureRow[] {
  const { ks, cvm, chi2 } = measures;
  const plain = [
    ['Wasserstein, in deviations', measures.wasserstein],
    ['Population stability index', measures.psi],
    ['Jensen-Shannon distance', measures.js],
    ['Hellinger distance', measures.hellinger],
    ['Total variation', measures.totalVariation],
    ['Largest share difference', measures.lInfinity],
    ['Kullback-Leibler divergence', measures.kl],
    ['Energy distance', measures.energy],
  ] as const;
  return [
    ...(ks ? [row('Kolmogorov-Smirnov distance', ks.distance, chance(ks.pValue))] : []),
    ...plain.flatMap(([name, value]) => (value === undefined ? [] : [row(name, value)])),
    ...(cvm ? [row('Cramér-von Mises statistic', cvm.statistic, chance(cvm.pValue))] : []),
    ...(chi2
      ? [
          row('Cramér’s V', chi2.cramersV),
          row('Chi-squared statistic', chi2.statistic, chance(chi2.pValue)),
        ]
      : []),
    ...Object.entries(unmeasured).map(([name, note]) => ({ name, value: '–', note })),
  ];
}

function row(name: string, value: number, note = ''): MeasureRow {
  return { name, value: shortFigure(value), note };
}

function shortFigure(value: number): string {
  return Math.abs(value) < 10 ? value.toFixed(4) : value.toPrecision(6);
}

function chance(pValue: number): string {
  return pValue < 1e-4 ? 'p < 0.0001' : `p = ${pValue.toFixed(4)}`;
}
