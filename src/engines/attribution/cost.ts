/** What an explanation asks of the model, told before it starts. */
import { coalitionCount } from './coalitions.ts';
import { defaultSamples, defaults } from './types.ts';

export interface CostInput {
  readonly rows: number;
  readonly features: number;
  readonly background: number;
  readonly numSamples?: number;
  readonly batchRows?: number;
}

export interface Cost {
  /** Coalitions asked for each row. */
  readonly coalitions: number;
  readonly exact: boolean;
  /** Rows the model is asked for. */
  readonly predictions: number;
  /** Calls of the model, when batches are bounded by rows alone. */
  readonly calls: number;
}

/**
 * An upper bound: features that equal the background, and background rows that agree in all absent
 * features, need not be asked for.
 */
export function planCost(input: CostInput): Cost {
  const { rows, features, background, batchRows = defaults.batchRows } = input;
  const coalitions = coalitionCount(features, input.numSamples ?? defaultSamples(features));
  const explained = rows * (1 + coalitions * background);
  return {
    coalitions,
    exact: features <= 30 && (features < 2 || coalitions === 2 ** features - 2),
    predictions: background + explained,
    calls: Math.ceil(background / batchRows) + Math.ceil(explained / batchRows),
  };
}
