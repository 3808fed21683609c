/**
 * Partial dependence (Friedman, 2001): the model's mean output when one feature is set to a value
 * in every row. Numbers are taken at the middle of equally wide buckets, categories as they occur.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type KernelShap, labelNames } from './aggregate.ts';
import { askAll, type Batch, nothingAsked } from './calls.ts';
import { numbersOf } from './synthetic.ts';
import { type Calling, type Cell, defaults, limits, type Row, type Scores } from './types.ts';

export interface PdpRequest extends Calling {
  readonly rows: readonly Row[];
  readonly featureNames: readonly string[];
  /** Names, or places from 0; without them the first `topKFeatures` of `shap`. */
  readonly features?: readonly (string | number)[];
  readonly topKFeatures?: number;
  readonly shap?: KernelShap;
  /** Buckets of a number, by default 15. */
  readonly gridResolution?: number;
  readonly labelHeaders?: readonly string[];
  readonly maxPredictions?: number;
}

/** As in the document, with its names. */
export interface PdpPart {
  readonly feature_name: string;
  readonly data_type: 'numerical' | 'categorical';
  readonly feature_values: readonly Cell[];
  /** A list for each label, a mean for each value. */
  readonly model_predictions: readonly (readonly number[])[];
  /** Share of the rows in each bucket or category. */
  readonly data_distribution: readonly number[];
  readonly label_headers: readonly string[];
}

export const defaultTopFeatures = 10;
export const defaultGridResolution = 15;
const maxGridResolution = 1_000;
/** Of a feature with more categories the most frequent are shown. */
export const maxCategories = 100;

export async function partialDependence(request: PdpRequest): Promise<Outcome<readonly PdpPart[]>> {
  const { rows, featureNames, gridResolution = defaultGridResolution } = request;
  if (rows.length === 0) return refuse('there are no rows');
  const odd = rows.findIndex((row) => row.length !== featureNames.length);
  if (odd !== -1) {
    return refuse(
      `row ${odd + 1} has ${rows[odd]?.length} cells for ${featureNames.length} features`,
    );
  }
  if (
    !Number.isInteger(gridResolution) ||
    gridResolution < 1 ||
    gridResolution > maxGridResolution
  ) {
    return refuse(`grid_resolution must be a whole number from 1 to ${maxGridResolution}`);
  }
  const chosen = chosenFeatures(request);
  if (!chosen.ok) return chosen;
  const grids = chosen.value.map((feature) => gridOf(rows, feature, gridResolution));
  const values = grids.reduce((sum, { cells }) => sum + cells.length, 0);
  const most = request.maxPredictions ?? limits.predictions;
  if (values * rows.length > most) {
    return refuse(
      `it would take ${values * rows.length} predictions, more than the limit of ${most}`,
    );
  }
  const sums = sumsOf(values);
  const parts = { calling: request, asked: nothingAsked() };
  const asked = await askAll(batchesOf(request, grids), sums, parts);
  if (!asked.ok) return asked;
  const headers = labelNames(sums.labels(), request.labelHeaders);
  let before = 0;
  return ok(
    grids.map((grid) => {
      const from = before;
      before += grid.cells.length;
      return {
        feature_name: featureNames[grid.feature] ?? '',
        data_type: grid.type,
        feature_values: grid.cells,
        model_predictions: headers.map((_, label) =>
          grid.cells.map((__, at) => sums.sum(from + at, label) / rows.length),
        ),
        data_distribution: grid.shares,
        label_headers: headers,
      };
    }),
  );
}

function chosenFeatures(request: PdpRequest): Outcome<readonly number[]> {
  const { featureNames, features, shap, topKFeatures = defaultTopFeatures } = request;
  const wanted = features ?? (shap && ranked(shap).slice(0, topKFeatures));
  if (!wanted) return refuse('features must be named for pdp when shap is not computed');
  const found: number[] = [];
  for (const feature of wanted) {
    const at = typeof feature === 'number' ? feature : featureNames.indexOf(feature);
    if (featureNames[at] === undefined) return refuse(`there is no feature ${feature}`);
    if (!found.includes(at)) found.push(at);
  }
  return ok(found);
}

/** Features by what they add in all labels together, the most first. */
function ranked(shap: KernelShap): string[] {
  const totals = new Map<string, number>();
  for (const { global_shap_values: values } of Object.values(shap)) {
    for (const [name, value] of Object.entries(values)) {
      totals.set(name, (totals.get(name) ?? 0) + Math.abs(value));
    }
  }
  return [...totals].sort(([, a], [, b]) => b - a).map(([name]) => name);
}

interface Grid {
  readonly feature: number;
  readonly type: 'numerical' | 'categorical';
  readonly cells: readonly Cell[];
  readonly shares: readonly number[];
}

/** Numerical when every cell is a number; NaN is in no bucket. */
function gridOf(rows: readonly Row[], feature: number, resolution: number): Grid {
  const cells = rows.map((row) => row[feature] ?? '');
  const numbers = cells.filter((cell) => typeof cell === 'number' && Number.isFinite(cell));
  const isNumerical = cells.every((cell) => typeof cell === 'number') && numbers.length > 0;
  if (!isNumerical) return categoriesOf(cells, feature);
  const finite = numbers.map(Number);
  const [low, high] = finite.reduce(
    ([min, max], value) => [Math.min(min, value), Math.max(max, value)] as const,
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const,
  );
  const buckets = high > low ? resolution : 1;
  const width = (high - low) / buckets;
  const counts = new Float64Array(buckets);
  for (const value of finite) {
    const at = width > 0 ? Math.min(buckets - 1, Math.floor((value - low) / width)) : 0;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return {
    feature,
    type: 'numerical',
    cells: Array.from(counts, (_, at) => low + (at + 0.5) * width),
    shares: Array.from(counts, (count) => count / rows.length),
  };
}

/** In the order in which they first occur. */
function categoriesOf(cells: readonly Cell[], feature: number): Grid {
  const counts = new Map<Cell, number>();
  for (const cell of cells) counts.set(cell, (counts.get(cell) ?? 0) + 1);
  const kept = new Set(
    [...counts]
      .sort(([, a], [, b]) => b - a)
      .slice(0, maxCategories)
      .map(([cell]) => cell),
  );
  const shown = [...counts].filter(([cell]) => kept.has(cell));
  return {
    feature,
    type: 'categorical',
    cells: shown.map(([cell]) => cell),
    shares: shown.map(([, count]) => count / cells.length),
  };
}

interface PdpBatch extends Batch {
  /** The place of the value among all grids' values. */
  readonly value: number;
}

/** Each batch is of one value, so that its scores are one sum. */
function* batchesOf(request: PdpRequest, grids: readonly Grid[]): Generator<PdpBatch> {
  const { rows, batch } = request;
  const { maxBytes = Number.POSITIVE_INFINITY, bytesOf = () => 0 } = batch ?? {};
  const maxRows = Math.min(batch?.maxRows ?? defaults.batchRows, limits.batchRows);
  let value = 0;
  for (const { feature, cells } of grids) {
    for (const cell of cells) {
      for (let from = 0; from < rows.length; ) {
        let to = from;
        let sizeBytes = 0;
        while (to < rows.length && to - from < maxRows) {
          sizeBytes += bytesOf(replaced(rows[to] ?? [], feature, cell));
          if (sizeBytes > maxBytes && to > from) break;
          to += 1;
        }
        yield batchOf(rows.slice(from, to), { first: from, feature, cell, value });
        from = to;
      }
      value += 1;
    }
  }
}

interface Replacement {
  /** The first row's place among all, from 0. */
  readonly first: number;
  readonly feature: number;
  readonly cell: Cell;
  readonly value: number;
}

function batchOf(rows: readonly Row[], { first, feature, cell, value }: Replacement): PdpBatch {
  const made = (from: number, to: number) =>
    rows.slice(from, to).map((row) => replaced(row, feature, cell));
  return {
    value,
    size: rows.length,
    rows: made,
    matrix(from, to, element) {
      const columns = rows[0]?.length ?? 0;
      const numbers = numbersOf(made(from, to), 'row');
      // Cells of text become NaN: the model's refusal or its NaN names the row.
      const data = numbers.ok
        ? numbers.value
        : Float64Array.from(made(from, to).flat(), (of) =>
            typeof of === 'number' ? of : Number.NaN,
          );
      return {
        data: element === 'float32' ? Float32Array.from(data) : data,
        rows: to - from,
        columns,
      };
    },
    describe: (at) => `row ${first + at + 1} with column ${feature + 1} set to ${cell}`,
  };
}

function replaced(row: Row, feature: number, cell: Cell): Row {
  return row.with(feature, cell);
}

interface PdpSums {
  take(batch: PdpBatch, scores: Scores): Outcome<void>;
  labels(): number;
  sum(value: number, label: number): number;
}

function sumsOf(values: number): PdpSums {
  let labels = 0;
  let sums = new Float64Array(0);
  return {
    take(batch, scores) {
      if (labels === 0) {
        labels = scores.labels;
        sums = new Float64Array(values * labels);
      }
      for (let at = 0; at < batch.size * labels; at += 1) {
        const score = Number(scores.values[at]);
        const label = at % labels;
        if (!Number.isFinite(score)) {
          const what = batch.describe(Math.floor(at / labels));
          return refuse(
            `the model gave ${score} in output column ${label + 1} for ${what}, which is not a ` +
              'finite number',
          );
        }
        const slot = batch.value * labels + label;
        sums[slot] = (sums[slot] ?? 0) + score;
      }
      return ok(undefined);
    },
    labels: () => labels,
    sum: (value, label) => sums[value * labels + label] ?? 0,
  };
}
