/**
 * Captured or merged lines as observations: features, inference, probabilities and label, one per
 * row of the request. Each side is decoded by its own encoding. What an observation is worth, and
 * reading files, is the business of others.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { JsonQuery } from '../../ports/json-query.ts';
import { featureRow, featuresOf, Picked } from './features.ts';
import { parseJsonTexts } from './json-text.ts';
import { type CaptureRecord, flatten, isWithin, type Row, recordOf, shown } from './rows.ts';
import { type Column, columnOf, Line, type Side, sideOf } from './sides.ts';

/**
 * Where things stand. For a CSV side a 0-based column index (`featuresAttribute`: several, as in
 * `0,2-4`), for a JSON side an expression of `JsonQuery` over the whole document or over each of
 * its rows, or an index into the row.
 */
export interface ObservationFormat {
  /** Absent: the whole input row; of joined batch output, the columns nothing else names. */
  readonly featuresAttribute?: string;
  /** Absent: the output's only cell, unless a probability is named. */
  readonly inferenceAttribute?: string;
  readonly probabilityAttribute?: string;
  /** Absent: the label's only cell. */
  readonly groundTruthAttribute?: string;
  /** Names, or places where the input has no names. */
  readonly excludeFeatures?: readonly string[];
  /** Half open; lines of other times are none. Compared with their `inferenceTime`. */
  readonly between?: { readonly startMs: number; readonly endMs: number };
}

export interface Observation {
  /** No columns when the input was not captured. */
  readonly features: Row;
  /** Undefined when null, not captured, or one of several output cells and nothing says which. */
  readonly inference?: string;
  /** One value, or one for each class. */
  readonly probabilities?: readonly string[];
  readonly groundTruth?: string;
  /** The caller's inference id, else the event's own id; empty when the line has neither. */
  readonly eventId: string;
  readonly timeMs?: number;
}

/**
 * The observations of one line: none when a shadow variant answered, or at another time. Refused,
 * with the event's id, when a side cannot be decoded, an attribute picks nothing, or the sides
 * have different numbers of rows.
 */
export function observationsOf(
  line: string,
  format: ObservationFormat,
  query: JsonQuery,
): Outcome<readonly Observation[]> {
  const record = recordOf(line);
  if (!record.ok) return record;
  const { eventMetadata } = record.value;
  const time = eventMetadata?.['inferenceTime'];
  const isShadow = eventMetadata?.['invocationSource'] === 'ShadowExperiment';
  if (isShadow || !isWithin(time, format)) return ok([]);
  const eventId = idOf(eventMetadata);
  const about = (reason: string) => refuse(`event ${eventId || 'without an id'}: ${reason}`);
  const columns = columnsOf(record.value, format, query);
  if (!columns.ok) return about(columns.reason);
  const timeMs = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  const common = { eventId, ...(Number.isNaN(timeMs) ? {} : { timeMs }) };
  const found = observationsOfColumns(columns.value, common, new Set(format.excludeFeatures));
  return found.ok ? found : about(found.reason);
}

/** What labels are joined by. */
export function idOf(eventMetadata: Readonly<Record<string, unknown>> | undefined): string {
  const id = eventMetadata?.['inferenceId'] ?? eventMetadata?.['eventId'];
  return typeof id === 'string' ? id : '';
}

interface Columns {
  /** Values are `SideRow`s, or what an expression picked. */
  readonly features?: Column;
  readonly inference?: Column;
  readonly probability?: Column;
  readonly label?: Column;
}

function columnsOf(
  record: CaptureRecord,
  format: ObservationFormat,
  query: JsonQuery,
): Outcome<Columns> {
  const { captureData } = record;
  const joined = sideOf('batchTransformOutput', captureData['batchTransformOutput']);
  const input = sideOf('endpointInput', captureData['endpointInput']);
  const output = sideOf('endpointOutput', captureData['endpointOutput']);
  const truth = sideOf('groundTruthData', record.groundTruthData);
  for (const side of [joined, input, output, truth]) if (!side.ok) return side;
  if (!joined.ok || !input.ok || !output.ok || !truth.ok) return refuse('cannot be decoded');
  const answers = output.value ?? joined.value;
  if (!answers && !input.value) {
    return refuse('has no endpointInput, no endpointOutput and no batchTransformOutput');
  }
  const columns: { -readonly [Key in keyof Columns]: Columns[Key] } = {};
  const wanted = [
    ['inference', answers, format.inferenceAttribute],
    ['probability', answers, format.probabilityAttribute],
    ['label', truth.value, format.groundTruthAttribute],
  ] as const;
  for (const [key, side, attribute] of wanted) {
    if (!side) continue;
    if (key === 'probability' && attribute === undefined) continue;
    if (key === 'inference' && attribute === undefined && format.probabilityAttribute) continue;
    const column = attribute === undefined ? onlyCells(side) : columnOf(side, attribute, query);
    if (!column.ok) return refuse(`${side.name}: the ${key} attribute ${column.reason}`);
    if (column.value) columns[key] = column.value;
  }
  const features = featuresOf({ input: input.value, joined: joined.value }, format, query);
  if (!features.ok) return features;
  if (features.value) columns.features = features.value;
  return ok(columns);
}

/** The cells of a side that has one in each row; else undefined, for nothing says which. */
function onlyCells({ name, json, rows }: Side): Outcome<Column | undefined> {
  const [first] = rows;
  if (rows.length === 1 && first && first.cells.length > 1) {
    // A line of answers to a batch, or several columns: the other sides tell.
    const isLabel = name === 'groundTruthData';
    if (first.names !== undefined && !(json && isLabel)) return ok(undefined);
    return ok({ name, values: [new Line(first.cells, isLabel ? first.cells : undefined)] });
  }
  if (rows.some(({ cells }) => cells.length !== 1)) return ok(undefined);
  return ok({ name, values: rows.map(({ cells }) => cells[0]) });
}

interface Common {
  readonly eventId: string;
  readonly timeMs?: number;
}

function observationsOfColumns(
  columns: Columns,
  common: Common,
  excluded: ReadonlySet<string>,
): Outcome<readonly Observation[]> {
  const present = Object.values(columns) as Column[];
  const count = Math.max(1, ...present.map(({ values }) => values.length));
  const level = (column: Column | undefined) => column && stretched(column, count);
  const features = level(columns.features);
  const inference = level(columns.inference);
  const probability = level(columns.probability);
  const label = level(columns.label);
  const uneven = [features, inference, probability, label].some(
    (values) => values !== undefined && values.length !== count,
  );
  if (uneven) return refuse(unevenly(present));
  const observations: Observation[] = [];
  for (let i = 0; i < count; i += 1) {
    const texts = textsOf(inference?.[i], probability?.[i], label?.[i]);
    if (!texts.ok) return texts;
    const row = features ? featureRow(features[i], excluded) : noFeatures;
    observations.push(Object.assign(texts.value, common, { features: row }));
  }
  return ok(observations);
}

const noFeatures: Row = { names: [], cells: [] };

/** Some servers answer a batch with one list: a value for each row. */
function stretched({ values }: Column, count: number): readonly unknown[] {
  const [only] = values;
  if (values.length !== 1) return values;
  const list = only instanceof Line ? only.cells : only instanceof Picked ? only.value : only;
  const isColumn = count > 1 && Array.isArray(list) && list.length === count;
  if (!isColumn) return only instanceof Line ? [only.alone] : values;
  return only instanceof Picked ? list.map((value) => new Picked(value)) : list;
}

function unevenly(columns: readonly Column[]): string {
  const counts = new Map(columns.map(({ name, values }) => [name, values.length]));
  const empty = [...counts].find(([, count]) => count === 0);
  if (empty) return `${empty[0]} has no rows`;
  const each = [...counts].map(([name, count]) => `${name} has ${count}`).join(', ');
  return `the sides have different numbers of rows: ${each}`;
}

interface Texts {
  inference?: string;
  probabilities?: readonly string[];
  groundTruth?: string;
}

function textsOf(inference: unknown, probability: unknown, label: unknown): Outcome<Texts> {
  const predicted = textOf(inference, 'the inference');
  if (!predicted.ok) return predicted;
  const scores = scoresOf(probability);
  if (!scores.ok) return scores;
  const actual = textOf(label, 'the label');
  if (!actual.ok) return actual;
  const texts: Texts = {};
  if (predicted.value !== undefined) texts.inference = predicted.value;
  if (scores.value !== undefined) texts.probabilities = scores.value;
  if (actual.value !== undefined) texts.groundTruth = actual.value;
  return ok(texts);
}

function textOf(value: unknown, what: string): Outcome<string | undefined> {
  const one = Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value;
  if (one === undefined || one === null) return ok(undefined);
  if (typeof one !== 'object') return ok(String(one));
  return refuse(`${what} must be one value, and is ${shown(one)}`);
}

/** A number, a list of them, or a list as text: `"[0.2, 0.8]"`. */
function scoresOf(value: unknown): Outcome<readonly string[] | undefined> {
  if (value === undefined || value === null) return ok(undefined);
  if (typeof value === 'string' && value.trim().startsWith('[')) {
    const parsed = parseJsonTexts(value);
    const row = parsed.ok ? flatten(parsed.value[0]) : undefined;
    const cells = row?.cells.filter((cell) => cell !== undefined);
    return cells ? ok(cells) : refuse(`the probabilities ${shown(value)} are no JSON list`);
  }
  const scores: string[] = [];
  for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
    const text = textOf(one, 'a probability');
    if (!text.ok) return text;
    if (text.value !== undefined) scores.push(text.value);
  }
  return ok(scores);
}
