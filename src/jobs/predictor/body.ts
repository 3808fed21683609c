/**
 * Rows as request bodies: CSV, JSON Lines, or a JSON document by templates. A missing cell is an
 * empty cell of CSV and null in JSON.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { PredictorPlan } from './plan.ts';

/** NaN and the empty text are missing cells. */
export type Cell = string | number;
export type Row = readonly Cell[];

/** The original asks for templates; without them, what our own model servers read. */
const defaultLine = '{"features":$features}';
const defaultDocument = '{"instances":$records}';
const defaultRecord = '{"features":$features}';

/** Cells as the texts that stand in a body. */
export type EncodedRow = readonly string[];

export interface BodyWriter {
  /** 1 where a request holds one record. */
  readonly maxRows: number;
  /** Refused with the row and the column of a cell that the format cannot say. */
  encode(rows: readonly Row[]): Outcome<readonly EncodedRow[]>;
  /** What stands for one row in a body; rows of the same cells have the same. */
  record(row: EncodedRow): string;
  body(records: readonly string[]): string;
}

/** Refused, naming the key, when a template does not make JSON or names no feature. */
export function bodyWriter(
  plan: PredictorPlan,
  featureNames: readonly string[],
): Outcome<BodyWriter> {
  if (plan.contentType === 'text/csv') return ok(csvWriter);
  const isLines = plan.contentType === 'application/jsonlines';
  const line = isLines ? plan.contentTemplate : plan.recordTemplate;
  const record = recordMaker(line ?? (isLines ? defaultLine : defaultRecord), featureNames);
  if (!record.ok) {
    return refuse(`predictor.${isLines ? 'content' : 'record'}_template ${record.reason}`);
  }
  const encode = (rows: readonly Row[]) => jsonRows(rows, featureNames);
  if (!isLines) {
    const document = documentMaker(record.value, plan.contentTemplate, featureNames);
    return document.ok ? ok({ ...document.value, record: record.value, encode }) : document;
  }
  return ok({
    maxRows: Number.POSITIVE_INFINITY,
    encode,
    record: record.value,
    body: (records) => `${records.join('\n')}\n`,
  });
}

const csvWriter: BodyWriter = {
  maxRows: Number.POSITIVE_INFINITY,
  encode: (rows) => ok(rows.map((row) => row.map(csvCell))),
  record: (row) => row.join(','),
  body: (records) => `${records.join('\n')}\n`,
};

function csvCell(cell: Cell): string {
  if (typeof cell === 'number') return Number.isNaN(cell) ? '' : String(cell);
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Cells as JSON texts to one record. */
type RecordMaker = (cells: EncodedRow) => string;

function documentMaker(
  record: RecordMaker,
  template: string | undefined,
  names: readonly string[],
): Outcome<Pick<BodyWriter, 'maxRows' | 'body'>> {
  const whole = template ?? defaultDocument;
  const single = /\$record(?!\w)/.test(whole);
  const body = (records: readonly string[]) =>
    replaced(whole, (placeholder) => {
      if (placeholder === 'record') return records[0] ?? 'null';
      if (placeholder === 'records') return `[${records.join(',')}]`;
      return placeholder === 'feature_names' ? JSON.stringify(names) : undefined;
    });
  if (!isJson(body([record(names.map(() => '0'))]))) {
    return refuse('predictor.content_template does not make JSON when it is filled in');
  }
  return ok({ maxRows: single ? 1 : Number.POSITIVE_INFINITY, body });
}

function jsonRows(rows: readonly Row[], names: readonly string[]): Outcome<readonly EncodedRow[]> {
  const encoded: EncodedRow[] = [];
  for (const [at, row] of rows.entries()) {
    const infinite = row.findIndex((cell) => cell === Infinity || cell === -Infinity);
    if (infinite >= 0) {
      return refuse(
        `row ${at + 1}, column ${names[infinite]}: ${row[infinite]} cannot be said in JSON`,
      );
    }
    encoded.push(row.map(jsonCell));
  }
  return ok(encoded);
}

function jsonCell(cell: Cell): string {
  return cell === '' || Number.isNaN(cell) ? 'null' : JSON.stringify(cell);
}

/** `$features`, `$features_kvp`, `$feature_names`, and `"${name}"` with its quotes. */
function recordMaker(template: string, names: readonly string[]): Outcome<RecordMaker> {
  const places = new Map(names.map((name, at) => [name, at]));
  const keys = names.map((name) => JSON.stringify(name));
  for (const [, name = ''] of template.matchAll(/"\$\{([^}]*)\}"/g)) {
    if (!places.has(name)) return refuse(`has "\${${name}}", which is no feature`);
  }
  const make: RecordMaker = (cells) =>
    replaced(template, (placeholder) => {
      if (placeholder === 'features') return `[${cells.join(',')}]`;
      if (placeholder === 'feature_names') return `[${keys.join(',')}]`;
      if (placeholder === 'features_kvp') {
        return `{${keys.map((key, at) => `${key}:${cells[at] ?? 'null'}`).join(',')}}`;
      }
      const [, name = ''] = /^\{(.*)\}$/.exec(placeholder) ?? [];
      const place = places.get(name);
      return place === undefined ? undefined : cells[place];
    });
  return isJson(make(names.map(() => '0')))
    ? ok(make)
    : refuse('does not make JSON when it is filled in');
}

const placeholders = /"\$(\{[^}]*\})"|\$(records?|features_kvp|feature_names|features)(?!\w)/g;

/** What `fill` does not know is left as it is. */
function replaced(template: string, fill: (placeholder: string) => string | undefined): string {
  return template.replace(
    placeholders,
    (whole, named: string | undefined, plain: string | undefined) =>
      fill(named ?? plain ?? '') ?? whole,
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // Only whether it parses was asked.
    return false;
  }
}
