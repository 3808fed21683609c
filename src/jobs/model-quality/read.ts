/** Reads labelled predictions one by one: rows of a table, or records merged with labels. */
import { type ObservationFormat, observationsOf } from '../../engines/records/observations.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import {
  type Analytics,
  CellKind,
  type ColumnBatch,
  type RowBatch,
  type TabularFormat,
  UnreadableData,
} from '../../ports/analytics.ts';
import type { JsonQuery } from '../../ports/json-query.ts';
import type { ScriptOptions, ScriptSource, Scripts } from '../../ports/scripts.ts';
import { linesOf } from '../data-quality/lines.ts';
import { ScriptFailed } from '../scripts/preprocess.ts';
import { readPreprocessed } from './preprocessed.ts';
import { noAnswerAttribute, type Settings } from './settings.ts';

export interface NamedFile {
  readonly path: string;
  /** What messages call it. */
  readonly name: string;
}

/** What one row says, as it was written; undefined where there is nothing. */
export interface AnswerRow {
  readonly label: string | undefined;
  readonly inference: string | undefined;
  readonly probabilities: readonly string[] | undefined;
  /** For messages. */
  where(): string;
}

export interface ReadParts {
  readonly analytics: Analytics;
  readonly query: JsonQuery;
  /** Without it, inputs with a preprocessor are refused. */
  readonly scripts?: Scripts;
}

export interface ReadRequest {
  readonly files: readonly NamedFile[];
  readonly settings: Settings;
  readonly between?: { readonly startMs: number; readonly endMs: number };
  /** Makes the rows of each record; the attributes then name what it returns. */
  readonly preprocessor?: ScriptSource;
}

/** A request, and what takes its rows. */
export type Reading = ReadRequest & { add(row: AnswerRow): Outcome<void> };

/** Ends at the first row that `add` refuses, with its reason. */
export async function readAnswers(
  parts: ReadParts,
  request: Reading,
  options: ScriptOptions = {},
): Promise<Outcome<void>> {
  const { files, settings, preprocessor } = request;
  if (files.length === 0) return ok(undefined);
  try {
    if (preprocessor) return await readPreprocessed(parts, { ...request, preprocessor }, options);
    if (settings.format === 'records') return await readRecords(parts, request, options);
    const format = settings.format;
    return await readTable(parts, { ...request, format }, options);
  } catch (error) {
    if (!(error instanceof UnreadableData || error instanceof ScriptFailed)) throw error;
    const named = files.reduce(
      (text, { path, name }) => text.replaceAll(path, name),
      error.message,
    );
    return refuse(named);
  }
}

async function readRecords(
  { query }: ReadParts,
  { files, settings, between, add }: Reading,
  options: ScriptOptions,
): Promise<Outcome<void>> {
  const { inference, probability, groundTruth } = settings;
  const format: ObservationFormat = {
    ...(inference === undefined ? {} : { inferenceAttribute: inference }),
    ...(probability === undefined ? {} : { probabilityAttribute: probability }),
    ...(groundTruth === undefined ? {} : { groundTruthAttribute: groundTruth }),
    ...(between ? { between } : {}),
  };
  for (const { path, name } of files) {
    for await (const { number, text } of linesOf(path, options)) {
      const found = observationsOf(text, format, query);
      const where = () => `${name}:${number}`;
      if (!found.ok) return refuse(`${where()}: ${found.reason}`);
      for (const one of found.value) {
        const row = { inference: one.inference, probabilities: one.probabilities, where };
        const added = add({ ...row, label: one.groundTruth });
        if (!added.ok) return added;
      }
    }
  }
  return ok(undefined);
}

async function readTable(
  { analytics }: ReadParts,
  { files, settings, format, add }: Reading & { readonly format: TabularFormat },
  options: ScriptOptions,
): Promise<Outcome<void>> {
  if (settings.groundTruth === undefined) return refuse('ground_truth_attribute is not set');
  if (settings.inference === undefined && settings.probability === undefined) {
    return refuse(noAnswerAttribute);
  }
  let before = 0;
  const paths = files.map(({ path }) => path);
  for await (const batch of analytics.scan({ paths, format }, options)) {
    const columns = columnsOf(batch, settings);
    if (!columns.ok) return columns;
    const { label, inference, probability } = columns.value;
    for (let i = 0; i < batch.rows; i += 1) {
      const row = before + i + 1;
      const score = textAt(probability, i);
      const added = add({
        label: textAt(label, i),
        inference: textAt(inference, i),
        probabilities: score === undefined ? undefined : [score],
        where: () => `row ${row}`,
      });
      if (!added.ok) return added;
    }
    before += batch.rows;
  }
  return ok(undefined);
}

interface Columns {
  readonly label: ColumnBatch | undefined;
  readonly inference: ColumnBatch | undefined;
  readonly probability: ColumnBatch | undefined;
}

function columnsOf({ columns }: RowBatch, settings: Settings): Outcome<Columns> {
  const find = (key: string, attribute: string | undefined): Outcome<ColumnBatch | undefined> => {
    if (attribute === undefined) return ok(undefined);
    const named = columns.find(({ name }) => name === attribute);
    const found = named ?? (/^\d+$/.test(attribute) ? columns[Number(attribute)] : undefined);
    if (found) return ok(found);
    const known = columns.map(({ name }) => name).slice(0, 20);
    return refuse(`${key}: there is no column ${attribute}; there are ${known.join(', ')}`);
  };
  const label = find('ground_truth_attribute', settings.groundTruth);
  const inference = find('inference_attribute', settings.inference);
  const probability = find('probability_attribute', settings.probability);
  if (!label.ok) return label;
  if (!inference.ok) return inference;
  if (!probability.ok) return probability;
  return ok({ label: label.value, inference: inference.value, probability: probability.value });
}

function textAt(column: ColumnBatch | undefined, row: number): string | undefined {
  const kind = column?.kinds[row];
  if (column === undefined || kind === CellKind.missing) return undefined;
  const isNumber = kind === CellKind.integral || kind === CellKind.fractional;
  return isNumber ? String(column.numbers[row]) : column.texts[row];
}
