/**
 * Local values into what is published: global values of each feature and label, the document's
 * `kernel_shap` part, and lines of comma-separated local values.
 */
import type { Explanation } from './types.ts';

/** Means of |φ| and of φ², and the median of φ with its sign: it alone can be negative. */
export const aggregations = ['mean_abs', 'median', 'mean_sq'] as const;
export type Aggregation = (typeof aggregations)[number];

/** Of one label; features keep their order. */
export interface LabelShap {
  readonly global_shap_values: Readonly<Record<string, number>>;
  readonly expected_value: number;
}

/** By label: `label0`, `label1`… or the headers given. */
export type KernelShap = Readonly<Record<string, LabelShap>>;

/** Headers, filled up with `label0`, `label1`… where there are none. */
export function labelNames(labels: number, headers: readonly string[] = []): string[] {
  return Array.from({ length: labels }, (_, at) => headers[at] ?? `label${at}`);
}

export function kernelShapOf(
  explanation: Explanation,
  options: { readonly aggregation?: Aggregation; readonly labelHeaders?: readonly string[] } = {},
): KernelShap {
  const { featureNames, labels, expected } = explanation;
  const names = labelNames(labels, options.labelHeaders);
  return Object.fromEntries(
    names.map((name, label) => {
      const values = featureNames.map((feature, at) => [
        feature,
        aggregate(valuesOf(explanation, label, at), options.aggregation ?? 'mean_abs'),
      ]);
      const shap: LabelShap = {
        global_shap_values: Object.fromEntries(values),
        expected_value: expected[label] ?? 0,
      };
      return [name, shap];
    }),
  );
}

/** φ of every row. */
function valuesOf(explanation: Explanation, label: number, feature: number): Float64Array {
  const { rows, labels, featureNames, values } = explanation;
  const width = featureNames.length;
  return Float64Array.from(
    { length: rows },
    (_, row) => values[(row * labels + label) * width + feature] ?? 0,
  );
}

export function aggregate(values: Float64Array, aggregation: Aggregation): number {
  if (aggregation === 'median') return medianOf(values);
  const power = aggregation === 'mean_sq' ? 2 : 1;
  return values.reduce((sum, value) => sum + Math.abs(value) ** power, 0) / values.length;
}

function medianOf(values: Float64Array): number {
  const sorted = values.toSorted();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

export interface LocalOptions {
  readonly labelHeaders?: readonly string[];
  /** Also what the model said, in a last column for each label that begins with this. */
  readonly predictionHeader?: string;
  /** A last column that tells whose row it is, a text for each row. */
  readonly key?: { readonly header: string; readonly cells: readonly string[] };
}

/**
 * A header and a line for each row, without line ends: φ as `feature_label`, all features of the
 * first label before those of the second. Numbers are the shortest that read back.
 */
export function* localLines(
  explanation: Explanation,
  options: LocalOptions = {},
): Generator<string> {
  const { featureNames, labels, rows, values, predictions } = explanation;
  const { predictionHeader, key } = options;
  const names = labelNames(labels, options.labelHeaders);
  const header = names.flatMap((name) => featureNames.map((feature) => `${feature}_${name}`));
  if (predictionHeader) header.push(...names.map((name) => `${predictionHeader}_${name}`));
  if (key) header.push(key.header);
  yield header.map(quoted).join(',');
  const width = featureNames.length * labels;
  for (let row = 0; row < rows; row += 1) {
    const cells: (string | number)[] = Array.from(values.subarray(row * width, (row + 1) * width));
    if (predictionHeader) cells.push(...predictions.subarray(row * labels, (row + 1) * labels));
    if (key) cells.push(quoted(key.cells[row] ?? ''));
    yield cells.join(',');
  }
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
