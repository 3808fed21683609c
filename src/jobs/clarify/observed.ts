/**
 * Captured or merged records of a window as a data set: features under the names of the
 * configuration's headers, the label that was uploaded, and what the model answered.
 */
import { type BiasColumn, columnOfCells } from '../../engines/fairness/column.ts';
import {
  type Observation,
  type ObservationFormat,
  observationsOf,
} from '../../engines/records/observations.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { UnreadableData } from '../../ports/analytics.ts';
import type { JsonQuery } from '../../ports/json-query.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import { linesOf } from '../data-quality/lines.ts';
import type { InputFile } from '../processing/analysis.ts';
import type { ClarifyConfig } from './config.ts';
import type { Dataset } from './dataset.ts';
import { columnName, keptFeatures, labelNameOf, observedNames } from './names.ts';
import { outsideNote } from './scores.ts';

/** Of a window; more is refused, for a window's records are all in memory. */
const mostCells = 50_000_000;
/** What the columns are called that no header names. */
export const predictedColumn = 'predicted_label';
export const scoreColumn = 'score';

/** Keys of the job's environment that say where things are in a record. */
export interface Attributes {
  readonly features: string | undefined;
  readonly inference: string | undefined;
  readonly probability: string | undefined;
  readonly groundTruth: string | undefined;
  /** Names or places of features to leave out. */
  readonly excluded: readonly string[];
  readonly probabilityThreshold: number | undefined;
}

export interface ObservedRequest {
  readonly files: readonly InputFile[];
  readonly config: ClarifyConfig;
  readonly attributes: Attributes;
  readonly window: { readonly startMs: number; readonly endMs: number };
  /** A bias analysis needs labels. */
  readonly needsLabels: boolean;
}

export interface Observed extends Dataset {
  /** The name of the column of scores, where the records have scores and no labels. */
  readonly score: string | undefined;
}

/** Refused with the file, the line and the event of a record that does not fit. */
export async function readObserved(
  query: JsonQuery,
  request: ObservedRequest,
  options: Abortable,
): Promise<Outcome<Observed>> {
  const { attributes, config, window } = request;
  const isJson = config.datasetType.includes('json');
  const features = attributes.features ?? (isJson ? config.features : undefined);
  const format: ObservationFormat = {
    ...(features === undefined ? {} : { featuresAttribute: features }),
    ...(attributes.inference === undefined ? {} : { inferenceAttribute: attributes.inference }),
    ...(attributes.probability === undefined
      ? {}
      : { probabilityAttribute: attributes.probability }),
    ...(attributes.groundTruth === undefined
      ? {}
      : { groundTruthAttribute: attributes.groundTruth }),
    between: window,
  };
  const table = new ObservedTable();
  for (const file of request.files) {
    const read = await readFile(file, { table, format, query, options });
    if (!read.ok) return read;
  }
  return table.finish(request);
}

interface Reading {
  readonly table: ObservedTable;
  readonly format: ObservationFormat;
  readonly query: JsonQuery;
  readonly options: Abortable;
}

async function readFile(
  { path, uri }: InputFile,
  { table, format, query, options }: Reading,
): Promise<Outcome<void>> {
  try {
    for await (const { number, text } of linesOf(path, options)) {
      const found = observationsOf(text, format, query);
      if (!found.ok) return refuse(`${uri}: line ${number}: ${found.reason}`);
      for (const observation of found.value) {
        const added = table.add(observation);
        if (!added.ok) return refuse(`${uri}: line ${number}: ${added.reason}`);
      }
    }
    return ok(undefined);
  } catch (cause) {
    if (cause instanceof UnreadableData) return refuse(cause.message.replaceAll(path, uri));
    throw cause;
  }
}

type Cell = string | undefined;

/** Cells column by column; the first record says which features there are. */
class ObservedTable {
  #names: readonly string[] | undefined;
  #cells: Cell[][] = [];
  readonly #labels: Cell[] = [];
  readonly #inferences: Cell[] = [];
  readonly #probabilities: (readonly string[] | undefined)[] = [];

  add(observation: Observation): Outcome<void> {
    const { features, eventId } = observation;
    if (features.names.length === 0) return refuse(`event ${eventId}: has no input features`);
    this.#names ??= features.names;
    if (this.#cells.length === 0) this.#cells = features.names.map(() => []);
    if (features.names.length !== this.#names.length) {
      return refuse(
        `event ${eventId}: has ${features.names.length} features, ` +
          `and the first record has ${this.#names.length}`,
      );
    }
    const sameOrder = features.names.every((name, at) => name === this.#names?.[at]);
    const byName = new Map(features.names.map((name, at) => [name, at]));
    for (const [at, column] of this.#cells.entries()) {
      const place = sameOrder ? at : byName.get(this.#names[at] ?? '');
      if (place === undefined) {
        return refuse(
          `event ${eventId}: has no feature ${this.#names[at]} as the first record has`,
        );
      }
      column.push(features.cells[place]);
    }
    this.#labels.push(observation.groundTruth);
    this.#inferences.push(observation.inference);
    this.#probabilities.push(observation.probabilities);
    if (this.#labels.length * this.#cells.length <= mostCells) return ok(undefined);
    return refuse(`the window has more than ${mostCells} cells: choose a shorter one`);
  }

  finish({ config, attributes, needsLabels }: ObservedRequest): Outcome<Observed> {
    const own = this.#names;
    if (!own) return refuse('no record of the window is left to be analyzed');
    const named = observedNames(own, config);
    if (!named.ok) return named;
    const columns = new Map<string, BiasColumn>();
    named.value.forEach((name, at) => {
      columns.set(name, columnOfCells(this.#cells[at] ?? []));
    });
    const features = keptFeatures(named.value, columns, [
      ...attributes.excluded,
      ...config.excludedColumns,
    ]);
    if (!features.ok) return features;
    const label = labelNameOf(config, named.value);
    const hasLabels = this.#labels.some((cell) => cell !== undefined);
    if (needsLabels && !hasLabels) {
      return refuse('no record of the window has a label: bias compares labels with predictions');
    }
    if (hasLabels) columns.set(label, columnOfCells(this.#labels));
    const answered = this.#answers(columns, config);
    if (!answered.ok) return answered;
    const facets = config.facets.map(({ column }) => columnName(column, columns, config));
    const group = config.groupVariable;
    return ok({
      rows: this.#labels.length,
      columns,
      label: hasLabels ? label : undefined,
      ...answered.value,
      features: features.value,
      facets,
      group: group === undefined ? undefined : columnName(group, columns, config),
      joinColumn: undefined,
    });
  }

  /** Adds the column of predictions. */
  #answers(
    columns: Map<string, BiasColumn>,
    config: ClarifyConfig,
  ): Outcome<Pick<Observed, 'predictedLabel' | 'score' | 'notes'>> {
    const none = { predictedLabel: undefined, score: undefined, notes: [] };
    if (this.#inferences.some((cell) => cell !== undefined)) {
      const column = columnOfCells(this.#inferences);
      const isScore = looksLikeScores(column);
      columns.set(isScore ? scoreColumn : predictedColumn, column);
      const notes = isScore
        ? ['The captured inference is a number between 0 and 1: it is compared with the threshold.']
        : [];
      return ok(
        isScore
          ? { ...none, score: scoreColumn, notes }
          : { ...none, predictedLabel: predictedColumn },
      );
    }
    const widest = Math.max(...this.#probabilities.map((scores) => scores?.length ?? 0));
    if (widest === 0) return ok(none);
    if (widest === 1) {
      const column = columnOfCells(this.#probabilities.map((scores) => scores?.[0]));
      columns.set(scoreColumn, column);
      const note = column.kind === 'numbers' ? outsideNote(column.values) : undefined;
      return ok({ ...none, score: scoreColumn, notes: note === undefined ? [] : [note] });
    }
    const headers = config.predictor?.labelHeaders?.map(String);
    if (headers && headers.length !== widest) {
      return refuse(`predictor.label_headers names ${headers.length} classes of ${widest}`);
    }
    const notes = headers
      ? []
      : ['Of several probabilities the place of the largest is the label.'];
    const labels = this.#probabilities.map((scores) => mostLikely(scores, headers));
    columns.set(predictedColumn, columnOfCells(labels));
    return ok({ ...none, predictedLabel: predictedColumn, notes });
  }
}

function mostLikely(
  scores: readonly string[] | undefined,
  headers: readonly string[] | undefined,
): Cell {
  if (!scores || scores.length === 0) return undefined;
  const numbers = scores.map(Number);
  const best = numbers.indexOf(Math.max(...numbers));
  return headers ? headers[best] : String(best);
}

/** Numbers from 0 to 1 of which one at least is neither. */
function looksLikeScores(column: BiasColumn): boolean {
  if (column.kind !== 'numbers' || column.integral) return false;
  const within = column.values.every((value) => Number.isNaN(value) || (value >= 0 && value <= 1));
  return within && column.values.some((value) => value > 0 && value < 1);
}
