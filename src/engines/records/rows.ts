/**
 * Captured lines as rows. Each side of a record is decoded by its own encoding, requests of many
 * rows are taken apart, and nested JSON becomes columns with dotted names. Reading files, and what
 * is made of the rows, is the business of the jobs.
 */
import { jsonText } from '../../kernel/json.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { parseCsvText } from './csv-text.ts';
import { type JsonText, Literal, parseJsonTexts } from './json-text.ts';

export interface CaptureFormat {
  /** Sides to take: `endpointInput`, `endpointOutput`, `batchTransformOutput`. */
  readonly captureIndexNames: readonly string[];
  /** Where the columns of the output stand. */
  readonly outputColumnsPosition: 'START' | 'END';
  /** A body of several CSV rows stays one cell, as the original analyzer has it. */
  readonly collapse?: boolean;
  /** Half open; records of other times are left out. Compared with their `inferenceTime`. */
  readonly between?: { readonly startMs: number; readonly endMs: number };
}

export const defaultCaptureFormat: CaptureFormat = {
  captureIndexNames: ['endpointInput', 'endpointOutput'],
  outputColumnsPosition: 'START',
};

/** Names and cells side by side; an undefined cell is missing. */
export interface Row {
  readonly names: readonly string[];
  readonly cells: readonly (string | undefined)[];
}

export interface CapturedRows {
  readonly rows: readonly Row[];
  /** True when a side was JSON, where 3 and 3.0 are the same number. */
  readonly json: boolean;
}

/** One row of one side; a cell without a name is known by its place. */
export interface SideRow {
  readonly names: readonly string[] | undefined;
  readonly cells: readonly (string | undefined)[];
}

interface Side {
  readonly name: string;
  readonly rows: readonly SideRow[];
  readonly json: boolean;
}

/**
 * The rows of one captured line: none when a shadow variant answered, or at another time.
 * Refused, with the side and the value, when a side cannot be decoded or the sides have different
 * numbers of rows.
 */
export function rowsOfCapture(line: string, format: CaptureFormat): Outcome<CapturedRows> {
  const record = recordOf(line);
  if (!record.ok) return record;
  const { captureData, eventMetadata } = record.value;
  const isShadow = eventMetadata?.['invocationSource'] === 'ShadowExperiment';
  if (isShadow || !isWithin(eventMetadata?.['inferenceTime'], format)) {
    return ok({ rows: [], json: false });
  }
  const sides: Side[] = [];
  for (const name of inOrder(format)) {
    const captured = captureData[name];
    if (captured === undefined || captured === null) continue;
    const rows = decode(captured as Captured, format.collapse ?? false);
    if (!rows.ok) return refuse(`${name}: ${rows.reason}`);
    sides.push({ name, ...rows.value });
  }
  if (sides.length === 0) return refuse(`has no ${format.captureIndexNames.join(' and no ')}`);
  return zip(sides);
}

/** A record that does not say its time is taken: it lies in the folder of one of the hours. */
export function isWithin(time: unknown, { between }: Pick<CaptureFormat, 'between'>): boolean {
  const ms = between && typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return !between || Number.isNaN(ms) || (ms >= between.startMs && ms < between.endMs);
}

export interface CaptureRecord {
  readonly captureData: Readonly<Record<string, unknown>>;
  readonly eventMetadata: Readonly<Record<string, unknown>> | undefined;
  /** The label's side, in merged records. */
  readonly groundTruthData?: unknown;
}

/** The parts of a captured or merged line that matter here. */
export function recordOf(line: string): Outcome<CaptureRecord> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return refuse(
      `not JSON: ${error instanceof Error ? error.message : String(error)}: ${shown(line)}`,
    );
  }
  const { captureData, eventMetadata, groundTruthData } = (value ?? {}) as Partial<CaptureRecord>;
  if (typeof captureData !== 'object' || captureData === null) {
    return refuse(`has no captureData: ${shown(line)}`);
  }
  return ok({ captureData, eventMetadata, groundTruthData });
}

function inOrder({ captureIndexNames, outputColumnsPosition }: CaptureFormat): readonly string[] {
  const isOutput = (name: string) => name.endsWith('Output');
  const outputs = captureIndexNames.filter(isOutput);
  const inputs = captureIndexNames.filter((name) => !isOutput(name));
  return outputColumnsPosition === 'START' ? [...outputs, ...inputs] : [...inputs, ...outputs];
}

/** One side of a record, as it was captured. */
export interface Captured {
  readonly data?: unknown;
  readonly encoding?: unknown;
  readonly observedContentType?: unknown;
}

type Decoded = Pick<Side, 'rows' | 'json'>;

const base64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/;

function decode(captured: Captured, collapse: boolean): Outcome<Decoded> {
  const side = textOfSide(captured);
  if (!side.ok) return side;
  const { text, json } = side.value;
  return json ? decodeJson(text) : decodeCsv(text, collapse);
}

/** The rows of one side that is known to be JSON (one document, or JSON Lines) or CSV. */
export function rowsOfSide({ text, json }: SideText): Outcome<readonly SideRow[]> {
  const decoded = json ? decodeJson(text) : decodeCsv(text, false);
  return decoded.ok ? ok(decoded.value.rows) : decoded;
}

export interface SideText {
  readonly text: string;
  /** CSV otherwise. */
  readonly json: boolean;
}

/** The text of one side, and which of the two it is; BASE64 by its type, or by its looks. */
export function textOfSide({ data, encoding, observedContentType }: Captured): Outcome<SideText> {
  if (typeof data !== 'string') return refuse(`data must be a string, and is ${shown(data)}`);
  if (encoding === 'CSV') return ok({ text: data, json: false });
  if (encoding === 'JSON') return ok({ text: data, json: true });
  if (encoding !== 'BASE64') {
    return refuse(`encoding must be CSV, JSON or BASE64, and is ${shown(encoding)}`);
  }
  if (!base64.test(data)) return refuse(`data must be BASE64, and is ${shown(data)}`);
  const bytes = Buffer.from(data, 'base64');
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) return refuse('BASE64 of bytes that are no text');
  const type = JSON.stringify(observedContentType ?? '');
  const json = /json/i.test(type) || (!/csv/i.test(type) && /^\s*[[{]/.test(text));
  return ok({ text, json });
}

function decodeCsv(text: string, collapse: boolean): Outcome<Decoded> {
  const records = parseCsvText(text);
  if (!records.ok) return refuse(`not CSV: ${records.reason}`);
  if (collapse && records.value.length > 1) {
    return ok({ rows: [{ names: undefined, cells: [text] }], json: false });
  }
  return ok({ rows: records.value.map((cells) => ({ names: undefined, cells })), json: false });
}

/** One document, or JSON Lines. */
function decodeJson(text: string): Outcome<Decoded> {
  const values = parseJsonTexts(text);
  if (!values.ok) return refuse(`not JSON: ${values.reason}: ${shown(text)}`);
  const rows = values.value.flatMap(explode);
  return ok({ rows, json: true });
}

/** Containers whose items are rows; what else stands beside them is about the request. */
export const containers = ['instances', 'predictions'];

function explode(value: JsonText): readonly SideRow[] {
  if (value instanceof Map) {
    const joined = value.get('SageMakerOutput');
    if (joined !== undefined) return explodeJoined(joined, value);
    const items = containers.map((key) => value.get(key)).find(Array.isArray);
    return items ? items.map(flatten) : [flatten(value)];
  }
  if (!Array.isArray(value)) return [flatten(value)];
  const nested =
    value.length > 0 && value.every((item) => item instanceof Map || Array.isArray(item));
  return nested ? value.map(flatten) : [flatten(value)];
}

/** Batch output that was joined with its input: the output's columns come first. */
function explodeJoined(output: JsonText, whole: ReadonlyMap<string, JsonText>): readonly SideRow[] {
  const outputs = explode(output);
  const inputs = explode(new Map([...whole].filter(([key]) => key !== 'SageMakerOutput')));
  if (outputs.length !== inputs.length) return [flatten(whole)];
  return outputs.map((row, i) =>
    joinRows([
      { name: 'SageMakerOutput', row },
      { name: 'instances', row: inputs[i] ?? row },
    ]),
  );
}

/** A list has places, an object dotted names: `a.b` and, for lists inside, `a.0`. */
export function flatten(value: JsonText): SideRow {
  if (Array.isArray(value) && !value.some((item) => item instanceof Map || Array.isArray(item))) {
    return { names: undefined, cells: value.map(textOf) };
  }
  if (!(value instanceof Map) && !Array.isArray(value)) {
    return { names: undefined, cells: [textOf(value)] };
  }
  const names: string[] = [];
  const cells: (string | undefined)[] = [];
  const visit = (name: string, item: JsonText): void => {
    const members = item instanceof Map || Array.isArray(item) ? item.entries() : undefined;
    if (!members) {
      names.push(name);
      cells.push(textOf(item));
      return;
    }
    for (const [key, member] of members) visit(name === '' ? `${key}` : `${name}.${key}`, member);
  };
  visit('', value);
  return { names, cells };
}

function textOf(value: JsonText): string | undefined {
  return value instanceof Literal ? value.text : (value as string | undefined);
}

function zip(sides: readonly Side[]): Outcome<CapturedRows> {
  const count = Math.max(...sides.map(({ rows }) => rows.length));
  const level = sides.map((side) => ({ ...side, rows: stretched(side.rows, count) }));
  if (level.some(({ rows }) => rows.length !== count)) {
    const counts = sides.map(({ name, rows }) => `${name} has ${rows.length}`).join(', ');
    return refuse(`the sides have different numbers of rows: ${counts}`);
  }
  const rows: Row[] = [];
  for (let i = 0; i < count; i += 1) {
    const parts: Part[] = [];
    for (const { name, rows: of } of level) {
      const row = of[i];
      if (row) parts.push({ name, row });
    }
    rows.push(named(joinRows(parts)));
  }
  return ok({ rows, json: sides.some(({ json }) => json) });
}

/** Some servers answer a batch with one line, `0.1,0.9,0.4`: a value for each row. */
function stretched(rows: readonly SideRow[], count: number): readonly SideRow[] {
  const [only] = rows;
  if (rows.length !== 1 || count === 1 || !only || only.names) return rows;
  if (only.cells.length !== count) return rows;
  return only.cells.map((cell) => ({ names: undefined, cells: [cell] }));
}

interface Part {
  /** What a name that is taken already is put after. */
  readonly name: string;
  readonly row: SideRow;
}

function joinRows(parts: readonly Part[]): SideRow {
  const [first] = parts;
  if (first && parts.length === 1) return first.row;
  const cells: (string | undefined)[] = [];
  for (const { row } of parts) for (const cell of row.cells) cells.push(cell);
  if (parts.every(({ row }) => !row.names)) return { names: undefined, cells };
  const names: string[] = [];
  const taken = new Set<string>();
  let unnamed = 0;
  for (const { name: side, row } of parts) {
    row.cells.forEach((_, i) => {
      const own = row.names?.[i] ?? `_c${unnamed++}`;
      const name = taken.has(own) ? `${side}.${own}` : own;
      taken.add(name);
      names.push(name);
    });
  }
  return { names, cells };
}

const numbered = new Map<number, readonly string[]>();
const numberedLimit = 10_000;

/** The same list for the same count, so that batches see at once that the columns are the same. */
export function placeNames(count: number): readonly string[] {
  const known = numbered.get(count);
  if (known) return known;
  const names = Array.from({ length: count }, (_, i) => `_c${i}`);
  if (numbered.size < numberedLimit) numbered.set(count, names);
  return names;
}

function named({ names, cells }: SideRow): Row {
  return { names: names ?? placeNames(cells.length), cells };
}

const shownCharacters = 120;

/** A value for a message, cut when it is long. */
export function shown(value: unknown): string {
  const text = jsonText(value);
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}
