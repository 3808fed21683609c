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

export interface BodyWriter {
  /** 1 where a request holds one record. */
  readonly maxRows: number;
  /** Refused with the row and the column of a cell that the format cannot say. */
  write(rows: readonly Row[]): Outcome<string>;
}

/** Refused, naming the key, when a template does not make JSON or names no feature. */
export function bodyWriter(
  plan: PredictorPlan,
  featureNames: readonly string[],
): Outcome<BodyWriter> {
  if (plan.contentType === 'text/csv') {
    return ok({ maxRows: Number.POSITIVE_INFINITY, write: (rows) => ok(csvOf(rows)) });
  }
  const isLines = plan.contentType === 'application/jsonlines';
  const line = isLines ? plan.contentTemplate : plan.recordTemplate;
  const record = recordMaker(line ?? (isLines ? defaultLine : defaultRecord), featureNames);
  if (!record.ok) {
    return refuse(`predictor.${isLines ? 'content' : 'record'}_template ${record.reason}`);
  }
  if (isLines) return ok(lineWriter(record.value, featureNames));
  return documentWriter(record.value, plan.contentTemplate ?? defaultDocument, featureNames);
}

function csvOf(rows: readonly Row[]): string {
  return `${rows.map((row) => row.map(csvCell).join(',')).join('\n')}\n`;
}

function csvCell(cell: Cell): string {
  if (typeof cell === 'number') return Number.isNaN(cell) ? '' : String(cell);
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Cells as JSON texts to one record. */
type RecordMaker = (cells: readonly string[]) => string;

function lineWriter(record: RecordMaker, names: readonly string[]): BodyWriter {
  return {
    maxRows: Number.POSITIVE_INFINITY,
    write(rows) {
      const records = recordsOf(rows, record, names);
      return records.ok ? ok(`${records.value.join('\n')}\n`) : records;
    },
  };
}

function documentWriter(
  record: RecordMaker,
  template: string,
  names: readonly string[],
): Outcome<BodyWriter> {
  const single = /\$record(?!\w)/.test(template);
  const fill = (records: readonly string[]) =>
    replaced(template, (placeholder) => {
      if (placeholder === 'record') return records[0] ?? 'null';
      if (placeholder === 'records') return `[${records.join(',')}]`;
      return placeholder === 'feature_names' ? JSON.stringify(names) : undefined;
    });
  if (!isJson(fill([record(names.map(() => '0'))]))) {
    return refuse('predictor.content_template does not make JSON when it is filled in');
  }
  return ok({
    maxRows: single ? 1 : Number.POSITIVE_INFINITY,
    write(rows) {
      const records = recordsOf(rows, record, names);
      return records.ok ? ok(fill(records.value)) : records;
    },
  });
}

function recordsOf(
  rows: readonly Row[],
  record: RecordMaker,
  names: readonly string[],
): Outcome<readonly string[]> {
  const records: string[] = [];
  for (const [at, row] of rows.entries()) {
    const infinite = row.findIndex((cell) => cell === Infinity || cell === -Infinity);
    if (infinite >= 0) {
      return refuse(
        `row ${at + 1}, column ${names[infinite]}: ${row[infinite]} cannot be said in JSON`,
      );
    }
    records.push(record(row.map(jsonCell)));
  }
  return ok(records);
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
