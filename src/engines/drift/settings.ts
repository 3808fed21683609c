/** From where on a difference is called drift, and how sure that is. */

/** Measures a verdict may rest on; all others inform. */
export type Decisive = 'ks' | 'wasserstein' | 'psi' | 'lInfinity' | 'js';

export interface Band {
  readonly moderate: number;
  readonly large: number;
}

export interface DriftSettings {
  readonly bands: Readonly<Record<Decisive, Band>>;
  /** Values needed on both sides of a column. */
  readonly minimumSampleSize: number;
  /**
   * Chance that a window without drift shows any; shared out over the columns and their measures
   * (Bonferroni), so that more columns do not ring more often.
   */
  readonly falseAlarms01: number;
  /** Share of the compared columns from which the whole data set is called drifted. */
  readonly driftedShare01: number;
  /** Change of the share of missing cells. */
  readonly missingShift01: number;
  /** Share of values in categories the baseline does not have. */
  readonly newShare01: number;
}

/** The usual bands: 0.1 for distances, 0.1 and 0.25 for the stability index. */
export const defaultDriftSettings: DriftSettings = {
  bands: {
    ks: { moderate: 0.1, large: 0.2 },
    wasserstein: { moderate: 0.1, large: 0.5 },
    psi: { moderate: 0.1, large: 0.25 },
    lInfinity: { moderate: 0.1, large: 0.2 },
    js: { moderate: 0.1, large: 0.3 },
  },
  minimumSampleSize: 30,
  falseAlarms01: 0.005,
  driftedShare01: 0.3,
  missingShift01: 0.05,
  newShare01: 0.01,
};

/** Two or three distances, missing cells, new categories. */
const judgementsPerColumn = 5;

/** What is left of the chance of a false alarm for one measure of one of `columns`. */
export function alphaOf({ falseAlarms01 }: DriftSettings, columns: number): number {
  return falseAlarms01 / (judgementsPerColumn * Math.max(1, columns));
}
